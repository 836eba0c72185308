"""Cases: a version with no answers, on each day on which its parametri change; and values that show a gap."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from itertools import islice

from engine.answers import Answers
from engine.case import Case
from engine.days import FIRST
from engine.diagram import BUDGET, Diagram, Level, TooLarge, build
from engine.formula import FALSE, OTHER, Cell, Formula, Variable
from engine.others import HYPOTHETICAL
from engine.problem import Problem
from engine.servizio import Servizio

#: Beyond this many nodes a question about a rulebook is left unanswered: no check may keep people waiting.
ADVISORY = 2_000
PATHS = 10_000


def cases(servizio: Servizio) -> list[Case]:
    """Return one case with no answers for each set of values that the parametri have under a version."""
    periods = [period for parametro in servizio.parametri.values() for period in parametro.periods]
    days = {servizio.since, *(period.since for period in periods if servizio.in_force(period.since))}
    known = (day for day in sorted(days) if all(p.at(day) for p in servizio.parametri.values()))
    return [Case(servizio, day, Answers()) for day in known]


def anyone(elenco: str) -> str:
    """Return the member of an elenco of whom nothing is known, or nothing for the family itself."""
    return f"{elenco}/{HYPOTHETICAL}" if elenco else ""


def patiently(found: Iterable[Problem]) -> list[Problem]:
    """Return the problems found before a rulebook proves too large to be looked at any further."""
    kept: list[Problem] = []
    with suppress(TooLarge):
        kept.extend(found)
    return kept


def satisfiable(case: Case, formula: Formula) -> bool:
    """Whether some family may meet a formula; when it cannot be told, it may."""
    if formula is FALSE:
        return False
    try:
        return "vero" in build(case.formulas, case.truth(formula), ADVISORY).outcomes
    except TooLarge:
        return True


def witness(case: Case, formula: Formula) -> str:
    """Return values for which a formula holds, for people; nothing when none are known for sure."""
    if formula is FALSE:
        return ""
    try:
        diagram = build(case.formulas, case.truth(formula), BUDGET)
    except TooLarge:
        return ""
    if case.inexact:
        return ""
    for path, outcome in islice(diagram.paths(), PATHS):
        if outcome == "vero" and sum(diagram.levels[index].term is not None for index in path) < 2:
            return _shown(diagram, path)
    return ""


def _shown(diagram: Diagram, path: dict[int, frozenset[int]]) -> str:
    levels = [(diagram.levels[index], chosen) for index, chosen in sorted(path.items())]
    variables = diagram.formulas.variables
    if any(level.term is not None for level, _ in levels):
        numbers = dict.fromkeys(number for level, _ in levels for number in level.variables)
        names = " e ".join(dict.fromkeys(_label(variables[number]) for number in numbers))
        return f"certi valori di {names}"
    shown = [_value(variables[level.variables[0]], _chosen(level, chosen)) for level, chosen in levels]
    return ", ".join(filter(None, shown)) or "ogni famiglia"


def _chosen(level: Level, chosen: frozenset[int]) -> Cell:
    found = [level.cells[index] for index in sorted(chosen)]
    return next((cell for cell in found if cell.low not in (None, FIRST)), found[0])


def _label(variable: Variable) -> str:
    return variable.subject.rpartition("/")[2]


def _value(variable: Variable, cell: Cell) -> str:
    """Write one value of a cell; nothing for what is not about the family."""
    if variable.hypothesis or "/+/" in variable.path:
        return ""
    name, _, option = variable.path.partition(":")
    if option:
        return f"{_label(variable)} {'con' if cell.value else 'senza'} «{option}»"
    if name.endswith("/+"):
        return f"{_label(variable)}: {cell.value}"
    if cell.value == OTHER:
        return f"{_label(variable)} = un altro valore"
    value = cell.high if cell.low == FIRST and cell.high is not None else cell.value
    return f"{_label(variable)} = {variable.tipo.show(value)}"
