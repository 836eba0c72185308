"""Merging: two people have written in one file; what only one of them touched is kept, the rest somebody chooses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from api.desk.pratica import Texts, Values
from api.typed import ROWS


@dataclass(frozen=True, slots=True)
class Clash:
    """A control that both have changed, each otherwise."""

    control: str
    mine: Texts
    theirs: Texts


@dataclass(frozen=True, slots=True)
class Merge:
    """What is to be written over theirs, what somebody must choose, and which of their changes mine did not touch."""

    values: Values
    clashes: tuple[Clash, ...]
    theirs: tuple[str, ...]


def merge(base: Values, theirs: Values, mine: Values) -> Merge:
    """Put together what a page holds (`mine`) and what was saved since it was opened on `base` (`theirs`).

    No answer of either is lost: rows added by both under one number become two rows.
    """
    mine = _renumbered(base, theirs, mine)
    mine = {name: texts for name, texts in mine.items() if not _in_any(name, _taken_out(base, theirs, mine))}
    values = _brought_back(base, theirs, mine)
    clashes = []
    for control, texts in mine.items():
        if control in values:
            continue
        old, now = base.get(control, ()), theirs.get(control, ())
        if control.endswith(f".{ROWS}"):
            values[control] = _rows(old, now, texts, _touched(control, base, theirs, mine))
        elif texts not in (old, now) and old == now:
            values[control] = texts
        elif texts not in (old, now):
            clashes.append(Clash(control, texts, now))
    changed = {control for control in (*base, *theirs) if base.get(control, ()) != theirs.get(control, ())}
    written = {control: texts for control, texts in values.items() if texts != theirs.get(control, ())}
    return Merge(written, tuple(clashes), tuple(sorted(changed)))


def _numbers(texts: Texts) -> list[str]:
    """Return the tokens of `elenco.righe`: a number, or one that is crossed out (`-2`)."""
    return [token for token in " ".join(texts).split() if re.fullmatch("-?[0-9]{1,6}", token)]


def _taken_out(base: Values, theirs: Values, mine: Values) -> list[str]:
    """Return where the rows start that I took out and they have written in: those stay as theirs are."""
    return [
        f"{control.removesuffix(ROWS)}{row}."
        for control in mine
        if control.endswith(f".{ROWS}")
        for row in _touched(control, base, theirs, {}) & _crossed_out(base, mine, control)
    ]


def _brought_back(base: Values, theirs: Values, mine: Values) -> dict[str, Texts]:
    """Return the rows that they took out and I have written in: all that stood there, with what I wrote."""
    return {
        name: texts
        for start in _taken_out(base, mine, {**theirs, **{name: theirs.get(name, ()) for name in mine}})
        for name, texts in ({**base, **mine}).items()
        if name.startswith(start) and texts
    }


def _crossed_out(base: Values, side: Values, control: str) -> set[str]:
    before, now = ({token for token in _numbers(values.get(control, ())) if token[0] == "-"} for values in (base, side))
    return {token[1:] for token in now - before}


def _in_any(name: str, starts: list[str]) -> bool:
    return any(name.startswith(start) for start in starts)


def _touched(control: str, base: Values, theirs: Values, mine: Values) -> frozenset[str]:
    """Return the rows of an elenco in which somebody has written something since the base, and left it there."""
    start = control.removesuffix(ROWS)
    found = set()
    for side in (theirs, mine):
        for name, texts in side.items():
            if name.startswith(start) and texts and texts != base.get(name, ()) and name != control:
                found.add(name.removeprefix(start).partition(".")[0])
    return frozenset(found)


def _rows(base: Texts, theirs: Texts, mine: Texts, touched: frozenset[str]) -> Texts:
    """Return every row of both; one that somebody took out goes, unless the other has written in it."""
    sides = [_numbers(texts) for texts in (base, theirs, mine)]
    tokens = [token for side in sides for token in side]
    numbers = dict.fromkeys(token.lstrip("-") for token in tokens)
    out = {token.lstrip("-") for token in tokens if token.startswith("-")} - touched
    joined = " ".join(f"-{number}" if number in out else number for number in numbers)
    return (joined,) if joined else ()


def _renumbered(base: Values, theirs: Values, mine: Values) -> Values:
    """Return mine, where a row that I added has another number if they added one with the same."""
    changed: Mapping[str, Texts] = mine
    for control in mine:
        if not control.endswith(f".{ROWS}"):
            continue
        old, now, here = (_numbers(side.get(control, ())) for side in (base, theirs, mine))
        both = [row for row in here if row not in old and row in now]
        top = max((int(token.lstrip("-")) for token in (*old, *now, *here)), default=0)
        for row in both:
            if _row(control, row, theirs) != _row(control, row, mine):
                top += 1
                changed = _moved(changed, control, row, str(top))
    return changed


def _row(control: str, row: str, values: Values) -> dict[str, Texts]:
    start = f"{control.removesuffix(ROWS)}{row}."
    return {name: texts for name, texts in values.items() if name.startswith(start) and texts}


def _moved(values: Values, control: str, row: str, number: str) -> dict[str, Texts]:
    start = control.removesuffix(ROWS)
    tokens = " ".join(number if token == row else token for token in _numbers(values[control]))
    moved = {
        f"{start}{number}.{name.removeprefix(f'{start}{row}.')}" if name.startswith(f"{start}{row}.") else name: texts
        for name, texts in values.items()
    }
    return {**moved, control: (tokens,)}
