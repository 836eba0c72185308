"""Tables: no family without a row, no family with two, no row that nobody can reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from engine.case import Case
from engine.checks.cases import anyone, cases, patiently, satisfiable, witness
from engine.checks.whole import Version, Whole
from engine.clause import Table
from engine.formula import Formula
from engine.problem import Problem, problem
from engine.servizio import Servizio
from engine.tabella import Tabella


@dataclass(frozen=True, slots=True)
class _Lookup:
    """A table, how it is written, of whose members it speaks, when it is looked up, and what a gap is called."""

    name: str
    table: Table
    tabella: Tabella
    elenco: str
    cases: tuple[Case, ...]
    gap: str

    def rows(self, case: Case) -> list[Formula]:
        return [case.row(self.table, row, anyone(self.elenco)) for row in self.table.rows]


def check_tables(whole: Whole) -> list[Problem]:
    """Return the gaps and overlaps of every table that a version uses."""
    found: dict[tuple[str, object], list[Problem]] = {}
    for version, servizio in whole.sound():
        for lookup in _lookups(version, servizio):
            key = (lookup.name, lookup.tabella.place)
            if lookup.cases and key not in found:
                found[key] = patiently(chain(_overlaps(lookup), _gaps(lookup), _unreached(lookup)))
    return [problem for problems in found.values() for problem in problems]


def _lookups(version: Version, servizio: Servizio) -> Iterator[_Lookup]:
    on_days, gap = tuple(cases(servizio)), "sportelli.gap" if version.routing else "tables.gap"
    for calcolo in servizio.calcoli.values():
        tabella = version.draft.calcoli[calcolo.name].tabella
        if calcolo.table is not None and tabella is not None:
            yield _Lookup(calcolo.name, calcolo.table, tabella, calcolo.elenco, on_days, gap)
    for (name, since), table in servizio.tables.items():
        days = tuple(case for case in on_days if case.period(name).since == since)
        period = next(period for period in servizio.parametri[name].periods if period.since == since)
        assert period.tabella is not None
        yield _Lookup(name, table, period.tabella, "", days, "tables.gap")


def _overlaps(lookup: _Lookup) -> Iterator[Problem]:
    """Yield, for each row of a table `unica`, the first row above that a family may match too."""
    if lookup.table.policy != "unica":
        return
    for second in range(len(lookup.table.rows)):
        for first in range(second):
            example = _both(lookup, first, second)
            if example:
                one, two = lookup.tabella.rows[first].place, lookup.tabella.rows[second].place
                yield problem("tables.overlap", two, one, line=one.line, example=example)
                break


def _both(lookup: _Lookup, first: int, second: int) -> str:
    for case in lookup.cases:
        rows = lookup.rows(case)
        example = witness(case, case.formulas.both([rows[first], rows[second]]))
        if example:
            return example
    return ""


def _gaps(lookup: _Lookup) -> Iterator[Problem]:
    """Yield the families that no row covers."""
    if lookup.table.policy == "somma":
        return
    for case in lookup.cases:
        example = witness(case, case.formulas.negate(case.formulas.either(lookup.rows(case))))
        if example:
            yield problem(lookup.gap, lookup.tabella.place, name=lookup.name, example=example)
            return


def _unreached(lookup: _Lookup) -> Iterator[Problem]:
    """Yield the rows that match nobody, or nobody whom a row above has not already matched."""
    for index, row in enumerate(lookup.tabella.rows):
        reached = alone = False
        for case in lookup.cases:
            rows = lookup.rows(case)
            before = rows[:index] if lookup.table.policy == "prima" else []
            alone = alone or satisfiable(case, rows[index])
            left = case.formulas.both([rows[index], *map(case.formulas.negate, before)])
            reached = reached or satisfiable(case, left)
        if not reached:
            yield problem("tables.covered" if alone else "tables.never", row.place)
