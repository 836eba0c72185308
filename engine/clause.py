"""Clauses: conditions and tables with every name resolved and every value read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.problem import Place
from engine.tipo import Value


@dataclass(frozen=True, slots=True)
class Constant:
    """A value written in the rule, on the grid of its tipo; None means `non spetta`."""

    value: Value | None


@dataclass(frozen=True, slots=True)
class Parameter:
    """The value of a parametro on the day of the decision."""

    name: str


@dataclass(frozen=True, slots=True)
class Today:
    """`giorno della domanda` or `giorno della decisione`."""

    text: str


Operand = Constant | Parameter | Today


@dataclass(frozen=True, slots=True)
class Test:
    """A comparator and what it compares with."""

    comparator: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Is:
    """One test of a campo, calcolo, definizione or tabella; `text` is the line as written."""

    name: str
    test: Test
    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Joined:
    """Clauses joined by `tutte`, `almeno una` or `nessuna`."""

    kind: str
    parts: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class Members:
    """A clause over the members of an elenco: `almeno un` or `ogni`."""

    kind: str
    elenco: str
    clause: Clause


Clause = Is | Joined | Members


@dataclass(frozen=True, slots=True)
class Row:
    """The tests of each column (none: any value) and the result, with its alternatives."""

    tests: tuple[tuple[Test, ...], ...]
    result: tuple[Operand, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Table:
    """A tabella ready to be looked up."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    policy: str


def atoms(clause: Clause) -> Iterator[Is]:
    """Yield every test of a clause, in the order in which it is written."""
    match clause:
        case Is():
            yield clause
        case Joined():
            for part in clause.parts:
                yield from atoms(part)
        case _:
            yield from atoms(clause.clause)
