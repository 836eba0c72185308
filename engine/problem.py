"""Problem: a mistake in a staff file, as a value with a place and an Italian sentence."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.messages import sentence


@dataclass(frozen=True, slots=True)
class Source:
    """One staff file as it was read: its name and its lines."""

    name: str
    lines: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """A point of a staff file; line and column are counted from 1."""

    source: Source
    line: int
    column: int

    def shifted(self, columns: int) -> Place:
        """Return the place that many columns further on the same line."""
        return Place(self.source, self.line, self.column + columns)

    @property
    def text(self) -> str:
        """The whole source line, empty past the end of the file."""
        lines = self.source.lines
        return lines[self.line - 1] if 0 < self.line <= len(lines) else ""

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in a staff file: `code` names its sentence in the catalogue, `data` fills it."""

    code: str
    place: Place
    data: tuple[tuple[str, str], ...] = ()
    also: tuple[Place, ...] = ()

    @property
    def message(self) -> str:
        """The Italian sentence: what is wrong, and what to do."""
        return sentence(self.code, dict(self.data))

    def __str__(self) -> str:
        lines = [f"{self.place}: {self.message}", *_excerpt(self.place)]
        for place in self.also:
            lines += [f"{place}: vedi anche qui", *_excerpt(place)]
        return "\n".join(lines)


def problem(code: str, place: Place, /, *also: Place, **data: object) -> Problem:
    """Make a Problem; the keyword values fill the placeholders of its sentence."""
    return Problem(code, place, tuple((key, str(value)) for key, value in data.items()), also)


def suggestion(word: str, candidates: Iterable[str]) -> str:
    """Return « Forse «x»?» for the nearest candidate, or nothing when none is near."""
    near = difflib.get_close_matches(word, list(candidates), n=1, cutoff=0.6)
    return f" Forse «{near[0]}»?" if near else ""


def _excerpt(place: Place) -> list[str]:
    """Return the source line and the caret under the column."""
    shown = "".join(char if char.isprintable() or char == "\t" else "\ufffd" for char in place.text)
    return [f"    {shown}", f"    {' ' * (place.column - 1)}^"] if place.text else []
