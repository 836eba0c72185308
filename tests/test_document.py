"""Reading staff files: what is typed is what is read, and every refusal helps."""

import ast
import inspect
import json
import re
from pathlib import Path

import nestedtext
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.document import _SAYINGS, Document, Items, Node, Section, Text, read
from engine.messages import SENTENCES
from engine.problem import Place
from engine.shape import plain

PROBES: dict[str, dict[str, str]] = nestedtext.load(  # type: ignore[assignment]
    Path(__file__).parent / "prove" / "prove.nt", top="dict"
)

SAMPLE = """\
# un commento
isee:
  titolo: Valore dell'ISEE
  valori:
    dal 01/01/2024:
      tabella:
        > isee          | quota

        > al massimo 3  | 90%
      note:
        - prima voce
        -
          nome: valore
        - {a: b, c: [d, {e: f}]}
        -
          {a: b, c: [d, {e: f}]}
vuoto:
"""

REFUSED = [
    # file, where, code
    ("", "1:1", "document.empty"),
    ("# solo un commento\n\n", "1:1", "document.empty"),
    ("{}", "1:1", "document.empty"),
    ("- a", "1:1", "document.top_list"),
    ("[a, b]", "1:1", "document.top_list"),
    ("> testo", "1:1", "document.top_text"),
    ("  a: b", "1:3", "document.top_indent"),
    ("{a: b}\nc: d", "2:1", "document.extra"),
    ("a:\n\tb: c", "2:1", "document.tab"),
    ("a:\n  \tb: c", "2:3", "document.tab"),
    ("a:\n\u2003b: c", "2:1", "document.indent_char"),
    ("a:\n    b: 1\n  c: 2", "3:3", "document.dedent"),
    ("a: b\n  c: d", "2:3", "document.indent"),
    ("a: b\n# nota\n\n  c: d", "4:3", "document.indent"),
    ("a: |\n\n  c: d", "1:4", "document.block_mark"),
    ("a: >-\n  c", "1:4", "document.block_mark"),
    ("a:\n  > uno\n    > due", "3:5", "document.indent_text"),
    ("a:\n  - b:\n    - c", "3:5", "document.dash_name"),
    ("---", "1:1", "document.separator"),
    ("a:\n  -b", "2:3", "document.mark_space"),
    ("a:\n  >b", "2:3", "document.mark_space"),
    ("a:b", "1:1", "document.colon_space"),
    ("a:\tb", "1:1", "document.colon_space"),
    ("a: b\n  segue qui", "2:3", "document.wrapped"),
    ("a: b\nhttps://x.it", "2:1", "document.no_colon"),
    ("solo testo", "1:1", "document.no_colon"),
    ("a: b\n- c", "2:1", "document.item_among_names"),
    ("a:\n  - b\n  c: d", "3:3", "document.name_among_items"),
    ("a: b\na : c", "2:1", "document.duplicate"),
    ("{a: b, a: c}", "1:7", "document.duplicate"),
    (": a\n  > b", "1:1", "document.multiline_key"),
    ("x:\n  : a\n  : b\n    > c", "2:3", "document.multiline_key"),
    (": a", "1:1", "document.multiline_key"),
    (": a\nb: c", "1:1", "document.multiline_key"),
    ("a:\n  [b", "2:5", "document.inline_open"),
    ("a:\n  [b] c", "2:7", "document.inline_extra"),
    ("a:\n  {b}", "2:5", "document.inline_colon"),
    ("a:\n  {b: [c] d}", "2:11", "document.inline_comma"),
    ("a:\n  [b[]]", "2:5", "document.inline_comma"),
    ("a:\n  {b: c,}", "2:9", "document.inline_value"),
    ("a:\n  [}", "2:4", "document.inline_value"),
    ("a: b\u200bc", "1:5", "document.invisible"),
    ("a: \x07", "1:4", "document.invisible"),
    ("a:\n" + "\n".join(" " * n + "b:" for n in range(1, 20)), "17:17", "document.depth"),
    ("a:\n " + "{a: " * 17 + "}" * 17, "2:2", "document.depth"),
    ("a:\n " + "[" * 5000, "2:1", "document.depth"),
]

UNREADABLE = [
    (b"a: b\0c", "1:1", "document.binary"),
    (b"PK\x03\x04\0\x81\0", "1:6", "document.binary"),
    ("a: b".encode("utf-16-le"), "1:1", "document.binary"),
    (b"a: b\nc: \x81", "2:4", "document.encoding"),
    (b"\xff\xfea\0:\0 \0b", "1:4", "document.encoding"),
]

READ = [
    ("a: città".encode(), {"a": "città"}),
    ("\ufeffa: città".encode(), {"a": "città"}),
    ("a: città".encode("utf-16"), {"a": "città"}),
    ("\ufeffa: città".encode("utf-16-be"), {"a": "città"}),
    ("a: l’1 € è “x”".encode("cp1252"), {"a": "l'1 € è “x”"}),
    (b"a: b\r\nc: d\re: f", {"a": "b", "c": "d", "e": "f"}),
    ("a:\u00a09.360\u202f€\u2009x\u2007y".encode(), {"a": "9.360 € x y"}),
    ("a: perche\u0301".encode(), {"a": "perché"}),
    (b"a:  \n  b:  c  \n", {"a": {"b": "c"}}),
    (b"a:\n  > uno\n  >\n  >  due", {"a": "uno\n\n due"}),
]


@pytest.mark.parametrize("name", PROBES)
def test_probe(name: str) -> None:
    probe = PROBES[name]
    typed = ast.literal_eval(probe["scritto"])
    if typed.startswith("- "):
        typed = "prova:\n" + "\n".join(f"  {line}" for line in typed.split("\n"))
    document, problems = read("prova.nt", typed.encode())
    if "letto" in probe:
        assert problems == []
        assert document is not None
        assert plain(document.root) == json.loads(probe["letto"])
    else:
        assert document is None
        (found,) = problems
        assert f"{found.place.line}:{found.place.column} {found.message}" == probe["problema"]


def test_there_are_79_probes() -> None:
    assert len(PROBES) == 79
    assert sum("problema" in probe for probe in PROBES.values()) == 16


@pytest.mark.parametrize(("text", "where", "code"), REFUSED)
def test_refused(text: str, where: str, code: str) -> None:
    check_refused(text.encode(), where, code)


@pytest.mark.parametrize(("content", "where", "code"), UNREADABLE)
def test_unreadable(content: bytes, where: str, code: str) -> None:
    check_refused(content, where, code)


def check_refused(content: bytes, where: str, code: str) -> None:
    document, problems = read("file.nt", content)
    assert document is None
    (found,) = problems
    assert (f"{found.place.line}:{found.place.column}", found.code) == (where, code)
    assert str(found).startswith(f"file.nt:{where}: ")


@pytest.mark.parametrize(("content", "data"), READ)
def test_read(content: bytes, data: object) -> None:
    document, problems = read("file.nt", content)
    assert problems == []
    assert document is not None
    assert plain(document.root) == data


def test_duplicate_shows_the_first_one() -> None:
    (found,) = read("f.nt", b"x:\n  a: 1\n  b: 2\n  a: 3")[1]
    assert [str(place) for place in found.also] == ["f.nt:2:3"]


def test_every_text_knows_its_place() -> None:
    document = sample()
    for text in texts(document.root):
        for offset, char in enumerate(text.value):
            place = text.at(offset)
            if char != "\n" and "{" not in place.text:
                assert place.text[place.column - 1] == char


def test_a_value_between_brackets_stands_where_they_open() -> None:
    document = read("f.nt", b"{a: b, c: [d, {e: f}]}")[0]
    assert document is not None
    assert plain(document.root) == {"a": "b", "c": ["d", {"e": "f"}]}
    assert {str(text.place) for text in texts(document.root)} == {"f.nt:1:1"}


def test_section_finds_by_name() -> None:
    root = sample().root
    isee = root.get("isee")
    assert isinstance(isee, Section)
    assert root.get("altro") is None
    assert root.key("altro") is None
    assert isee.text("titolo") == "Valore dell'ISEE"
    assert isee.text("valori") == ""
    assert str(isee.place_of("altro", "valori")) == "f.nt:4:3"
    assert isee.place_of("altro") == isee.place
    assert root.get("vuoto") == Text("", Place(root.place.source, 17, 7))


def test_every_template_of_nestedtext_is_said_in_italian() -> None:
    source = inspect.getsource(inspect.getmodule(nestedtext.loads))  # type: ignore[arg-type]
    reports = re.findall(r"(?:\breport|inline_error)\(\s*f?[\"']([^\"'{]+)", source)
    reports += re.findall(r"msg = \"([^\"]+)\"", source)
    assert len(reports) > 15
    assert [report for report in reports if not report.startswith((*_SAYINGS, "extra "))] == []


def test_every_sentence_is_used_by_a_test_above() -> None:
    codes = {code for _, _, code in REFUSED} | {code for _, _, code in UNREADABLE}
    assert codes == {code for code in SENTENCES if code.startswith("document.")}


@given(st.binary(max_size=60))
def test_any_bytes(content: bytes) -> None:
    check_sound(content)


LINES = st.lists(st.sampled_from([*SAMPLE.split("\n"), "  ", "-", ":", "> x", "{a: [", "\tb:", "x:y", "\r"]))


@given(st.one_of(st.text(max_size=40), st.text(" \n\t:->[]{},#ab|"), LINES.map("\n".join)))
def test_any_text(text: str) -> None:
    check_sound(text.encode("utf-8", "replace"))


@given(st.integers(0, len(SAMPLE)), st.integers(0, 12), st.text(" \n\t:->[]{},#ab|\u00a0’", max_size=4))
def test_any_edit(start: int, length: int, new: str) -> None:
    check_sound((SAMPLE[:start] + new + SAMPLE[start + length :]).encode())


def check_sound(content: bytes) -> None:
    document, problems = read("f.nt", content)
    assert (document is None) == (len(problems) == 1)
    places = [found.place for found in problems] + [p for found in problems for p in found.also]
    if document:
        places += [text.at(len(text.value)) for text in texts(document.root)]
    for place in places:
        assert 1 <= place.line <= len(place.source.lines)
        assert 1 <= place.column <= len(place.text) + 1
    assert all(map(str, problems))


def sample() -> Document:
    document, problems = read("f.nt", SAMPLE.encode())
    assert problems == []
    assert document is not None
    return document


def texts(node: Node) -> list[Text]:
    match node:
        case Text():
            return [node]
        case Items():
            return [text for item in node.items for text in texts(item)]
        case Section():
            return [text for key, value in node.items() for text in (key, *texts(value))]
