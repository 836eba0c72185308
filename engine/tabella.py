"""Tabelle as they are written: lines of cells between `|`, the last column is the result."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.condition import COMPARATORS, Comparison, Word, parse_comparison
from engine.document import Text
from engine.problem import Place, Problem, problem

POLICIES = ("unica", "prima", "somma")
ANY = "qualsiasi"
NOT_DUE = "non spetta"

_AND = re.compile(r" e (?=(?:" + "|".join(re.escape(c) for c in COMPARATORS) + r") )")


@dataclass(frozen=True, slots=True)
class Cell:
    """The comparisons that a column must meet; none at all for `qualsiasi`."""

    comparisons: tuple[Comparison, ...]
    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a tabella."""

    cells: tuple[Cell, ...]
    result: Word
    place: Place


@dataclass(frozen=True, slots=True)
class Tabella:
    """Columns, rows and what happens when several rows match: `unica`, `prima` or `somma`."""

    columns: tuple[Word, ...]
    result: Word
    rows: tuple[Row, ...]
    policy: str
    place: Place


def parse_table(text: Text, policy: str) -> tuple[Tabella | None, list[Problem]]:
    """Read a tabella; every wrong line gives its own Problem."""
    lines = _lines(text)
    if len(lines) < 2:
        return None, [problem("tabella.no_rows", text.place)]
    problems: list[Problem] = []
    header = lines[0]
    if len(header) < 2:
        return None, [problem("tabella.one_column", header[0].place)]
    problems += [problem("tabella.empty_column", word.place) for word in header if not word.text]
    rows = [row for line in lines[1:] if (row := _row(line, len(header), problems)) is not None]
    if problems:
        return None, problems
    return Tabella(tuple(header[:-1]), header[-1], tuple(rows), policy, text.place), []


def _lines(text: Text) -> list[list[Word]]:
    """Split a text into lines of cells, each with its place; blank lines are dropped."""
    lines, offset = [], 0
    for line in text.value.split("\n"):
        if line.strip():
            lines.append(_cells(text, line, offset))
        offset += len(line) + 1
    return lines


def _cells(text: Text, line: str, offset: int) -> list[Word]:
    inner = line.rstrip()
    if inner.lstrip().startswith("|") and inner.endswith("|"):
        offset += inner.index("|") + 1
        inner = inner[inner.index("|") + 1 : -1]
    cells = []
    for piece in inner.split("|"):
        lead = len(piece) - len(piece.lstrip())
        cells.append(Word(piece.strip(), text.at(offset + (lead if piece.strip() else 0))))
        offset += len(piece) + 1
    return cells


def _row(words: list[Word], width: int, problems: list[Problem]) -> Row | None:
    if len(words) != width:
        problems.append(problem("tabella.row_width", words[0].place, found=len(words), wanted=width))
        return None
    empty = next((word for word in words if not word.text), None)
    if empty is not None:
        problems.append(problem("tabella.empty_cell", empty.place))
        return None
    cells = [_cell(word, problems) for word in words[:-1]]
    return Row(tuple(cells), words[-1], words[0].place)


def _cell(word: Word, problems: list[Problem]) -> Cell:
    if word.text == ANY:
        return Cell((), word.text, word.place)
    comparisons, offset = [], 0
    for piece in _AND.split(word.text):
        comparison, found = parse_comparison(piece, word.place.shifted(offset))
        problems += found
        comparisons += [comparison] if comparison else []
        offset += len(piece) + 3
    return Cell(tuple(comparisons), word.text, word.place)
