"""The guide of the API: every call in it is made to a real server, and answers what the guide says."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from datetime import date

import pytest

from api.app import make_app
from api.refusal import STATUSES
from api.rules import read_rules
from tests.serving import Answer, ask, serving
from tests.source import ROOT

GUIDE = (ROOT / "docs/api.md").read_text("utf-8")
ADDRESS = "http://localhost:8000"
MORE = "…"
NUMBERS = {5: "Oggi sono cinque:", 6: "Oggi sono sei:", 7: "Oggi sono sette:"}
#: A command, which ends where a line does not continue, and what stands up to the next one.
_CALL = re.compile(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
CALLS = [call for block in re.findall(r"```console\n(.*?)```", GUIDE, re.DOTALL) for call in _CALL.findall(block)]
RULES = read_rules(ROOT)
APP = make_app(RULES, lambda: date(2026, 11, 22))
PATHS = APP.openapi()["paths"]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Serve the real rules on this machine."""
    with serving(APP) as found:
        yield found


def run(command: str, address: str) -> list[str]:
    """Make the call that a curl command makes, and return the lines that it would print, JSON indented."""
    program, *words = shlex.split(command.replace("\\\n", " "))
    assert program == "curl"
    url, body, headers, shown = "", None, dict[str, str](), False
    while words:
        match words.pop(0):
            case "-i":
                shown = True
            case "-H":
                name, _, value = words.pop(0).partition(": ")
                headers[name] = value
            case "-d":
                body = words.pop(0).encode()
            case word:
                url = word
    assert url.startswith(ADDRESS)
    answer = ask(address, url.removeprefix(ADDRESS), body, headers, "GET" if body is None else "POST")
    return [
        *(_head(answer) if shown else ()),
        *json.dumps(json.loads(answer.content), ensure_ascii=False, indent=2).split("\n"),
    ]


def _head(answer: Answer) -> list[str]:
    words = {200: "OK", 404: "Not Found"}
    lines = [f"{name}: {value}" for name, value in answer.headers.items()]
    return [f"HTTP/1.1 {answer.status} {words[answer.status]}", *lines, ""]


def differs(expected: list[str], found: list[str]) -> str:
    """Return the first lines that are not there, in order; … stands for any number of lines, or for the end of one."""
    at, free = 0, False
    runs = "\n".join(expected).split(f"\n{MORE}\n")
    for index, text in enumerate(runs):
        lines = [line for line in text.split("\n") if line != MORE]
        free = index > 0 or expected[0] == MORE
        starts = range(at, len(found) - len(lines) + 1) if free else [at]
        start = next((s for s in starts if all(map(_alike, lines, found[s:]))), None)
        if start is None:
            return text
        at = start + len(lines)
    return "" if expected[-1] == MORE or at == len(found) else f"dopo: {found[at]}"


def _alike(expected: str, found: str) -> bool:
    return found.startswith(expected.removesuffix(MORE)) if expected.endswith(MORE) else expected == found


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_the_call_answers_what_the_guide_says(number: int, address: str) -> None:
    command, output = CALLS[number]
    found = run(command, address)
    if "key-reused" in output or "idempotency-replayed" in output:  # they follow the first of their block
        first = next(index for index, call in enumerate(CALLS) if "Idempotency-Key" in call[0])
        run(CALLS[first][0], address)
        found = run(command, address)
    missing = differs(output.rstrip("\n").split("\n"), found)
    assert not missing, missing + "\n---\n" + "\n".join(found[:60])


def test_there_are_calls_to_every_kind_of_address() -> None:
    called = "".join(f"{command}\n" for command, _ in CALLS)
    assert not [path for path in PATHS if not re.search(re.sub(r"{\w+}", r"[\\w-]+", path) + r"[ '?\n]", called)]


def test_the_comparison_can_fail() -> None:
    found = ["{", '  "a": 1,', '  "b": 2,', '  "c": 3', "}"]
    assert not differs(["{", MORE, '  "b": 2,', MORE, "}"], found)
    assert not differs(["{", '  "a": …', MORE], found)
    assert not differs([MORE, '  "c": 3', "}"], found)
    for wrong in (
        ["{", MORE, '  "b": 3,', MORE, "}"],
        ["{", '  "b": 2,', MORE, "}"],
        ["{", MORE, '  "c": 3', MORE, '  "b": 2,', MORE],
        ["{", '  "a": 1,'],
        ["{", MORE, '  "b": 2,', "}"],
    ):
        assert differs(wrong, found), wrong


def test_the_guide_names_every_address_and_every_status() -> None:
    declared = {f"`{method.upper()} {path}`" for path, each in PATHS.items() for method in each}
    assert not [place for place in declared if place not in GUIDE]
    assert all(f"| {status} |" in GUIDE for status in set(STATUSES.values()))


def test_the_figures_of_the_guide_are_those_of_the_program() -> None:
    from api import app, body, idempotency, limits  # noqa: PLC0415
    from engine import answers  # noqa: PLC0415

    assert f"{limits.LIMIT // 1024} kB, o più di {body.VALUES} valori" in GUIDE
    assert f"al massimo {answers.MEMBERS}." in GUIDE
    assert f"al massimo {idempotency.ENTRIES} e {idempotency.MEMORY // 1024**2} MB" in GUIDE
    assert f"x-ratelimit-limit: {app.REQUESTS}" in GUIDE
    assert "per 24 ore" in GUIDE
    assert NUMBERS[len(RULES.rulebook.servizi)] in GUIDE
    assert idempotency.DAY == 24 * 3600
