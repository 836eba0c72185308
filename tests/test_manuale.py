"""The manual is so: every file in it is read, every command gives what is shown, and no construct is left out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nestedtext
import pytest
from fastapi.testclient import TestClient

from api.app import make_app
from api.rules import read_rules
from engine.calcolo import DAYS, FUNCTIONS
from engine.checks.names import COMPARATORS_OF, ORDER
from engine.condition import COMPARATORS, GROUPS
from engine.procedura import STATES
from engine.tipo import TIPI
from tests.manual import CHAPTERS, CLEAN, Block, Reader, blocks, merged, written
from tests.source import ROOT

SHAPES = ROOT / "engine" / "shapes"
#: No rule compares it, so that no clean rulebook has one: the manual shows what is said of it.
UNCOMPARED = "codice fiscale"
#: What a staff file may say that its shape does not list: words inside a value.
WORDS = {
    "comparatore": COMPARATORS,
    "gruppo": (*GROUPS, "almeno un figlio con", "ogni figlio con"),
    "funzione": tuple(f"{name}(" for name in FUNCTIONS),
    "segno": (" + ", " - ", " * ", " × ", " x ", " / "),
    "giorno": DAYS,
    "valore": (" oppure ", "ignoto", "qualsiasi", "non spetta", "; ", "{{ ", "da confermare", "da integrare"),
    "esito": ("valutazione professionale", "esito: da confermare", "sportello: da integrare"),
}


@cache
def followed(chapter: Path) -> tuple[list[tuple[Block, str | None]], Reader]:
    """Follow a chapter from its first line to its last."""
    with TemporaryDirectory() as folder:
        reader = Reader(Path(folder))
        return [(block, reader.follow(block)) for block in blocks(chapter)], reader


def named(chapter: Path) -> str:
    """Return the name of a chapter, for the reports of the tests."""
    return chapter.stem


@pytest.mark.parametrize("chapter", CHAPTERS, ids=named)
def test_what_the_manual_shows_is_what_comes_out(chapter: Path) -> None:
    for block, printed in followed(chapter)[0]:
        assert printed is None or printed == block.text, f"{chapter.name}:{block.first}"


@pytest.mark.parametrize("chapter", CHAPTERS, ids=named)
def test_nothing_in_the_manual_stays_untried(chapter: Path) -> None:
    """Every block is a file, a change, or a command; every file is laid out as a change leaves it."""
    for block in blocks(chapter):
        place = f"{chapter.name}:{block.first}"
        assert block.word or block.language == "console", place
        assert block.language != "console" or list(block.commands()), place
        if block.word == "file" and block.path.endswith(".nt") and "#" not in block.text:
            assert written(nestedtext.loads(block.text)) == block.text, place


@pytest.mark.parametrize("chapter", CHAPTERS[1:], ids=named)
def test_a_mistake_is_shown_as_a_mistake_and_the_rest_is_right(chapter: Path) -> None:
    """After a wrong or unfinished file comes a command that says so; every other check is clean."""
    told = ""
    for block in blocks(chapter):
        if block.language != "console":
            told = told or (block.word if block.word in ("sbagliato", "incompleto") else "")
            continue
        said = [printed for _, printed in block.commands()]
        wrong = any("Problemi trovati" in one or "Risposte da correggere" in one or "Per «" in one for one in said)
        assert bool(told) == wrong, f"{chapter.name}:{block.first}"
        told = ""
    assert not told


def test_the_first_page_leads_to_every_chapter_in_order() -> None:
    linked = re.findall(r"^\d+\. \[.*\]\(manuale/(.*)\)$", CHAPTERS[0].read_text("utf-8"), re.MULTILINE)
    assert sorted(linked, key=lambda name: int(name.partition("-")[0])) == linked
    assert set(linked) == {chapter.name for chapter in CHAPTERS[1:]}


def test_the_folder_to_copy_is_the_one_that_the_manual_shows() -> None:
    """The first chapter prints two of its files; they are the ones in the folder."""
    first = next(chapter for chapter in CHAPTERS if chapter.stem.startswith("1-"))
    shown = [block for block in blocks(first) if block.word == "file" and block.path.endswith(".nt")]
    assert len(shown) == 2
    assert all((ROOT / "docs" / "manuale" / "mensa" / block.path).read_text("utf-8") == block.text for block in shown)


def test_the_manual_shows_enough_mistakes() -> None:
    wrong = [block for chapter in CHAPTERS for block in blocks(chapter) if block.word == "sbagliato"]
    assert len(wrong) >= 40


def indented(chapter: Path) -> Iterator[Block]:
    """Yield the blocks of a chapter with their lines without the spaces in front."""
    for block in blocks(chapter):
        yield replace(block, lines=tuple(line.strip() for line in block.lines))


def rulebooks() -> Iterator[dict[str, str]]:
    """Yield every folder that the manual checks and finds without a problem."""
    for chapter in CHAPTERS:
        yield from followed(chapter)[1].clean


def kind_of(name: str) -> str:
    """Return the name of the shape of a staff file."""
    if name.startswith("forms/lettere/"):
        return "lettera"
    kind = {"forms": "form"}.get(name.partition("/")[0], Path(name).stem)
    return "servizio" if kind.startswith("dal-") else kind


def resolved(reference: str, document: str) -> tuple[str, Any]:
    """Return where a $ref points, and what is there."""
    target, _, pointer = reference.partition("#")
    target = target or document
    found = json.loads((SHAPES / target).read_text("utf-8"))
    for part in pointer.strip("/").split("/"):
        found = found[part] if part else found
    return f"{target}#{pointer}", found


def constructs(schema: Any, at: str, seen: set[str]) -> Iterator[str]:
    """Yield every key and every listed value that a shape allows."""
    document = at.partition("#")[0]
    if "$ref" in schema:
        place, target = resolved(schema["$ref"], document)
        if place not in seen:
            seen.add(place)
            yield from constructs(target, place, seen)
    for key, inner in schema.get("properties", {}).items():
        yield f"{at} {key}"
        yield from constructs(inner, f"{at}/{key}", seen)
    yield from (f"{at.rpartition('/')[2]} = {value}" for value in schema.get("enum", ()))
    for part in ("additionalProperties", "items"):
        if isinstance(schema.get(part), dict):
            yield from constructs(schema[part], f"{at}/*", seen)


def used(schema: Any, at: str, data: Any) -> Iterator[str]:
    """Yield every key and every listed value that a file uses, named as `constructs` names them."""
    if "$ref" in schema:
        place, target = resolved(schema["$ref"], at.partition("#")[0])
        yield from used(target, place, data)
    yield from (f"{at.rpartition('/')[2]} = {data}" for value in schema.get("enum", ()) if value == data)
    rest = schema.get("additionalProperties")
    for key, value in data.items() if isinstance(data, dict) else ():
        inner = schema.get("properties", {}).get(key)
        if inner is not None:
            yield f"{at} {key}"
            yield from used(inner, f"{at}/{key}", value)
        elif isinstance(rest, dict):
            yield from used(rest, f"{at}/*", value)
    for value in data if isinstance(data, list) and "items" in schema else ():
        yield from used(schema["items"], f"{at}/*", value)


KINDS = ("atti", "ente", "parametri", "vocabolario", "servizio", "form", "lettera", "sportelli", "procedura")


def test_every_key_and_every_listed_value_stands_in_an_example() -> None:
    """Tipi, arrotondamenti, colpi, prove, chiavi: what the shapes allow, the manual uses."""
    wanted, found = set[str](), set[str]()
    for kind in KINDS:
        place, shape = resolved("#", f"{kind}.json")
        wanted |= set(constructs(shape, place, set()))
    for files in rulebooks():
        for name, text in files.items():
            if name.endswith(".nt"):
                schema = resolved("#", f"{kind_of(name)}.json")
                found |= set(used(schema[1], schema[0], nestedtext.loads(text)))
    assert {"tipo = euro al mese", "colpo = somma"} <= wanted
    assert sorted(wanted - found) == [f"tipo = {UNCOMPARED}"]


def test_every_word_of_the_rules_stands_in_an_example() -> None:
    """Comparators, groups, functions, signs and the words for what is not known."""
    whole = "\n".join(text for files in rulebooks() for name, text in files.items() if name.endswith(".nt"))
    assert not [(kind, word) for kind, words in WORDS.items() for word in words if word not in whole]
    said = set(re.findall(r"^ +tipo: (.*)$", whole, re.MULTILINE))
    assert said == set(TIPI) - {UNCOMPARED}
    assert any(f"tipo: {UNCOMPARED}" in block.lines for chapter in CHAPTERS for block in indented(chapter))


# The reference tables

README = (ROOT / "README.md").read_text("utf-8")
REFERENCE = (ROOT / "docs" / "manuale" / "11-tabelle.md").read_text("utf-8")


def table(mark: str) -> dict[str, list[str]]:
    """Return a table of the reference, by what its first cell has between backticks."""
    after = REFERENCE.split(f"<!-- tabella: {mark} -->\n", 1)[1].split("\n\n", 1)[0]
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in after.splitlines()[2:]]
    return {row[0].strip("`"): row[1:] for row in rows}


def test_the_table_of_the_comparators_is_the_one_of_the_engine() -> None:
    shown = {tipo: tuple(re.findall(r"`([^`]+)`", row[0])) for tipo, row in table("confronti").items()}
    short = {"tra … e …": "tra"}
    assert {tipo: {short.get(c, c) for c in found} for tipo, found in shown.items()} == {
        tipo: set(COMPARATORS_OF.get(tipo, ORDER)) for tipo in TIPI
    }


def test_the_table_of_the_functions_is_the_one_of_the_engine() -> None:
    shown = {name.partition("(")[0]: name for name in table("funzioni")}
    assert set(shown) == set(FUNCTIONS)
    for name, (low, _) in FUNCTIONS.items():
        assert shown[name].count(";") + 1 >= low, name


def test_the_table_of_the_states_is_the_one_of_the_engine() -> None:
    assert list(table("stati")) == list(STATES)


def test_the_table_of_the_roundings_is_the_one_of_the_engine() -> None:
    shape = json.loads((SHAPES / "servizio.json").read_text("utf-8"))
    calcolo = shape["properties"]["calcoli"]["additionalProperties"]["properties"]
    assert list(table("arrotondamenti")) == calcolo["arrotonda"]["enum"]
    assert list(table("colpi")) == calcolo["colpo"]["enum"]


def sections(kind: str) -> dict[str, Any]:
    """Return the parts of a shape that have keys of their own, by the name of the part."""
    whole = json.loads((SHAPES / f"{kind}.json").read_text("utf-8"))
    whole = whole["$defs"]["campi"] if kind == "vocabolario" else whole
    found: dict[str, Any] = {"": whole} if "properties" in whole else {"": whole["additionalProperties"]}
    parts = list(found[""]["properties"].items())
    for name, inner in parts:
        rest = inner.get("additionalProperties")
        within = rest if isinstance(rest, dict) else inner
        if "properties" in within:
            found[name] = within
            parts += [part for part in within["properties"].items() if part[0] == "sospensioni"]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_tables_of_the_keys_are_those_of_the_shapes(kind: str) -> None:
    """Each key is listed, and marked with an asterisk where it must be written."""
    for part, shape in sections(kind).items():
        rows = table(f"chiavi di {kind}" + (f", {part}" if part else ""))
        assert set(rows) == set(shape["properties"]), part
        must = {key for key, row in rows.items() if row[0] == "sì"}
        assert must == set(shape.get("required", ())), part


def test_the_example_of_the_readme_is_what_comes_out(tmp_path: Path) -> None:
    """What it shows between two … stands in what is printed, in that order."""
    typed = r"```console\n\$ echo '([^\n]*)' > famiglia.json\n\$ (make decide [^\n]*)\n"
    shown = re.search(typed + "(.*?)```", README, re.DOTALL)
    assert shown is not None
    reader = Reader(tmp_path, {"famiglia.json": shown[1]})
    printed = reader.run(shown[2].replace("famiglia.json", "../prova/famiglia.json") + f" DATI={ROOT}")
    parts = [part for part in shown[3].split("…\n") if part]
    assert len(parts) == 3
    for part in parts:
        assert part in printed
        printed = printed.partition(part)[2]


# The new service, in a browser


def test_the_service_of_the_manual_answers_in_a_page(tmp_path: Path) -> None:
    """What was written from an empty folder is served, and its questions are asked."""
    chapter = next(chapter for chapter in CHAPTERS if chapter.stem.startswith("7-"))
    for name, text in followed(chapter)[1].files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    client = TestClient(make_app(read_rules(tmp_path)))
    assert "Doposcuola di prova" in client.get("/").text
    assert client.get("/verifica?servizio=doposcuola").status_code == 200


# The reader itself

MERGES: tuple[tuple[Any, Any, Any], ...] = (
    ({"a": "1"}, {"a": "2"}, [("a", "2")]),
    ({"a": "1", "z": "9"}, {"b": "2"}, [("a", "1"), ("z", "9"), ("b", "2")]),
    ({"a": "1", "z": "9"}, {"b": "2", "z": "8"}, [("a", "1"), ("b", "2"), ("z", "8")]),
    ({"a": ["1"]}, {"a": ["2", "3"]}, [("a", ["2", "3"])]),
    ({"a": {"b": "1"}}, {"a": {"c": "2"}}, [("a", {"b": "1", "c": "2"})]),
)


@pytest.mark.parametrize(("old", "new", "result"), MERGES)
def test_a_fragment_changes_what_it_names(old: Any, new: Any, result: Any) -> None:
    assert list(merged(old, new).items()) == result


def test_a_manual_that_is_wrong_is_found_out(tmp_path: Path) -> None:
    """A command that prints something else, a line that is not there, a target that does not exist."""
    chapter = tmp_path / "x.md"
    head = "<!-- cartella: docs/manuale/mensa -->\n"
    chapter.write_text(head + "```console\n$ make check DATI=../prova\nTutto bene.\n```\n", "utf-8")
    (block,) = (block for block in blocks(chapter) if block.language)
    reader = Reader(tmp_path)
    reader.files = {"regolamento/atti.nt": "a: 1\n"}
    said = reader.follow(block)
    assert said is not None
    assert said != block.text
    assert CLEAN not in said
    absent = "<!-- sbagliato: regolamento/atti.nt, al posto di: b: 2 -->\n```text\nc: 3\n```\n"
    chapter.write_text(head + absent, "utf-8")
    with pytest.raises(AssertionError):
        reader.follow(blocks(chapter)[1])


def rewrite() -> None:
    """Write in the manual what comes out, to be reviewed by diff: python -m tests.test_manuale."""
    for chapter in CHAPTERS:
        lines = chapter.read_text("utf-8").splitlines()
        for block, printed in reversed(followed(chapter)[0]):
            if printed is not None:
                lines[block.first : block.first + len(block.lines)] = printed.splitlines()
        chapter.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    rewrite()
