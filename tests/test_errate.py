"""Wrong files: all that is wrong is said in Italian, at once, at its place."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import nestedtext
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.messages import SENTENCES
from engine.problem import Problem
from engine.rulebook import read_rulebook
from tests.source import ROOT

HERE = Path(__file__).parent / "errate"
DATA = ("regolamento", "rules", "forms")
ELSEWHERE = (
    "esempi.different",
    *("accesso.", "agenda.", "api.", "archivio.", "avvenuto.", "chiavi."),
    *("comandi.", "decidere.", "disegno.", "document.", "eventi.", "interoperabilita."),
    *("json.", "lettere.", "oauth.", "pagine.", "passi.", "prosa."),
    *("rapporto.", "scadenze.", "schema.", "shape.", "smistamento.", "spiega."),
    *("stampa.",),
)
ENCODINGS = ("utf-8-sig", "utf-16", "cp1252")


def folder(path: Path, root: Path) -> dict[str, bytes]:
    """Read a data folder, by path from its root."""
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}


BASE = folder(HERE / "base", HERE / "base")
FILES: dict[str, dict[str, Any]] = {
    path.name: nestedtext.loads(path.read_text("utf-8"), top="dict")  # type: ignore[misc]
    for path in sorted(HERE.glob("*.nt"))
}
CASES = {f"{name}: {title}": case for name, cases in FILES.items() for title, case in cases.items()}


def edited(edits: list[dict[str, str]]) -> dict[str, bytes]:
    """Return the files of the base with those edits."""
    files = dict(BASE)
    for edit in edits:
        name = edit["file"]
        if "byte" in edit:
            files[name] = ast.literal_eval(f'b"""{edit["byte"]}"""')
        elif "tutto" in edit:
            files[name] = edit["tutto"].encode()
        elif "copia di" in edit:
            files[name] = files[edit["copia di"]]
        elif "si scrive" in edit:
            old = edit["al posto di"].encode()
            assert files[name].count(old) == 1, f"{name} has {files[name].count(old)} of {old.decode()}"
            new = re.sub(r"\\u([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), edit["si scrive"])
            files[name] = files[name].replace(old, new.encode())
        else:
            del files[name]
    return files


@cache
def problems(name: str) -> list[Problem]:
    """Return all that is wrong in a case."""
    return read_rulebook(edited(CASES[name]["modifiche"]))[1]


def test_the_base_has_no_problem() -> None:
    assert not read_rulebook(BASE)[1]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_files_saved_by_windows_are_read(encoding: str) -> None:
    saved = {name: content.decode().replace("\n", "\r\n").encode(encoding) for name, content in BASE.items()}
    articles = {name: content for name, content in BASE.items() if name.endswith(".md")}
    assert not read_rulebook({**saved, **articles})[1]


@pytest.mark.parametrize("name", CASES)
def test_wrong_file(name: str) -> None:
    case = CASES[name]
    found = problems(name)
    assert found
    assert all("Traceback" not in str(one) for one in found)
    said = "\n".join(map(str, found))
    assert said == case["problemi"]
    assert len(found) == int(case.get("quanti", len(found)))


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 85


def test_every_sentence_is_pinned() -> None:
    codes = {found.code for name in CASES for found in problems(name)}
    expected = {code for code in SENTENCES if not code.startswith(ELSEWHERE)}
    assert not expected - codes, " ".join(sorted(expected - codes))


def rewrite() -> None:
    """Write the pinned texts anew, to be reviewed by diff: python -m tests.test_errate."""
    for name, case in CASES.items():
        case["problemi"] = "\n".join(map(str, problems(name)))
    for name, cases in FILES.items():
        (HERE / name).write_text(nestedtext.dumps(cases, indent=2) + "\n", "utf-8")


REAL = {name: content for part in DATA for name, content in folder(ROOT / part, ROOT).items()}
STAFF = sorted(name for name in REAL if name.endswith(".nt") and "glossario" not in name)
WORDS = sorted({word for name in STAFF for word in re.split(r"\s+", REAL[name].decode()) if word})
SHARED = {name for name in REAL if not re.match("rules/.*/|forms/", name)}
#: The files of each service alone, with those that all share: a third of the time to read them, and the same checks.
SERVICES = [
    {n: content for n, content in REAL.items() if n.startswith((f"rules/{name}/", f"forms/{name}.")) or n in SHARED}
    for name in sorted({n.split("/")[1] for n in STAFF if re.match("rules/.*/", n)})
]
SIGNS = st.sampled_from([*"abz0189.,;:|-><#{}()%€èì' \t\n", "\u00a0", "\u200b", "’"])


def test_the_real_files_have_no_problem() -> None:
    assert not [str(found) for found in read_rulebook(REAL)[1]]


@st.composite
def slips(draw: st.DrawFn) -> dict[str, bytes]:
    """Make what a tired hand may do to one of the real files."""
    files = draw(st.sampled_from([*SERVICES, REAL]))
    name = draw(st.sampled_from([name for name in STAFF if name in files]))
    lines = REAL[name].decode().split("\n")
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        other = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["delete", "double", "swap", "move", "sign", "word"])):
            case "delete" if len(lines) > 1:
                del lines[at]
            case "double":
                lines.insert(at, lines[at])
            case "swap":
                lines[at], lines[other] = lines[other], lines[at]
            case "move":
                lines[at] = draw(st.sampled_from(["  ", ""])) + lines[at].removeprefix("  ")
            case "sign":
                column = draw(st.integers(0, len(lines[at])))
                lines[at] = lines[at][:column] + draw(SIGNS) + lines[at][column + draw(st.integers(0, 2)) :]
            case _:
                words = lines[at].split(" ")
                words[draw(st.integers(0, len(words) - 1))] = draw(st.sampled_from(WORDS))
                lines[at] = " ".join(words)
    return {**files, name: "\n".join(lines).encode()}


@settings(suppress_health_check=list(HealthCheck))
@given(slips())
def test_a_slip_in_a_real_file_never_fails_and_is_said_inside_a_file(files: dict[str, bytes]) -> None:
    for found in read_rulebook(files)[1]:
        for place in (found.place, *found.also):
            assert 1 <= place.line <= max(1, len(place.source.lines))
            assert 1 <= place.column <= len(place.text) + 1
        assert str(found)


if __name__ == "__main__":
    rewrite()
