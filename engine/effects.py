"""Effects: what follows from what has happened to a file: open fasi, lettere due, termini started, each with why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.procedura import FASE, LETTERA, NOT, TERMINE, Procedura

#: Given with every file: what needs nothing follows from it.
ALWAYS = "sempre:"


@dataclass(frozen=True, slots=True)
class Effects:
    """The open fasi, the lettere to send and the termini started, each with the names that it follows from.

    `closed` are the open fasi whose closing event has happened. All in the order of the file.
    """

    fasi: Mapping[str, frozenset[str]]
    lettere: Mapping[str, frozenset[str]]
    termini: Mapping[str, frozenset[str]]
    closed: tuple[str, ...]


def step(procedura: Procedura, facts: frozenset[str]) -> Effects:
    """Return what follows from the events that have happened and from the states given from outside."""
    rules, known = procedura.rules, given(procedura, facts)
    while True:
        fired = [(name, way) for name, when in rules.items() for way in when.ways if way <= known]
        new = {name for name, _ in fired} - known
        if not new:
            return effects(procedura, facts, fired)
        known |= new


def given(procedura: Procedura, facts: frozenset[str]) -> frozenset[str]:
    """Return the facts with the denials that the procedura looks at."""
    named = {name for when in procedura.rules.values() for way in when.ways for name in way}
    happened = {name for name in facts & named if ":" not in name}
    denied = {name for name in named if name.startswith(NOT) and name.removeprefix(NOT) not in facts}
    return frozenset(happened | denied | {ALWAYS})


def effects(procedura: Procedura, facts: frozenset[str], fired: Iterable[tuple[str, frozenset[str]]]) -> Effects:
    """Return the Effects of the ways that hold; a way that is said twice counts once."""
    why: dict[str, frozenset[str]] = {}
    for name, way in fired:
        why[name] = why.get(name, frozenset()) | way
    fasi = _of(why, FASE, procedura.fasi)
    due = {name: letter for name, letter in procedura.lettere.items() if letter.sent_by.text not in facts}
    closed = (f.name for f in procedura.fasi.values() if f.name in fasi and f.closed_by and f.closed_by.text in facts)
    return Effects(fasi, _of(why, LETTERA, due), _of(why, TERMINE, procedura.termini), tuple(closed))


def _of(why: Mapping[str, frozenset[str]], kind: str, names: Iterable[str]) -> dict[str, frozenset[str]]:
    return {name: why[kind + name] for name in names if kind + name in why}
