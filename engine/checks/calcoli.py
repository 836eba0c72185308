"""Calcoli: no division by zero, and every amount that is given says how it is rounded."""

from __future__ import annotations

from collections.abc import Iterator

from engine.calcolo import Call, Expression, Operation
from engine.case import Case
from engine.checks.cases import anyone, cases, patiently
from engine.checks.whole import Version, Whole
from engine.formula import FALSE, domain_bounds
from engine.problem import Problem, problem
from engine.servizio import Calcolo, Servizio
from engine.term import Applied, Unknown, bounds, variables

WHOLE_NUMBERS = ("conta", "anni_compiuti", "mesi_tra")


def check_calcoli(whole: Whole) -> list[Problem]:
    """Return the divisions by what may be zero and the amounts without `arrotonda`."""
    found: list[Problem] = []
    for version, servizio in whole.resolved():
        found += _unrounded(version, servizio)
    for _, servizio in whole.sound():
        found += patiently(_by_zero(servizio))
    return found


def _by_zero(servizio: Servizio) -> Iterator[Problem]:
    for calcolo in servizio.calcoli.values():
        for division in _divisions(calcolo.expression):
            if any(_may_be_zero(case, division.right, calcolo) for case in cases(servizio)):
                yield problem("calcoli.zero", division.place)


def _unrounded(version: Version, servizio: Servizio) -> Iterator[Problem]:
    given = {word.text: word.place for esito in version.draft.esiti.values() for word in esito.importi}
    for name, place in given.items():
        calcolo = servizio.calcoli.get(name)
        if calcolo is not None and calcolo.rounding is None and _fractional(calcolo):
            yield problem("calcoli.rounding", calcolo.place, place, name=name)


def _fractional(calcolo: Calcolo) -> bool:
    """Whether a calcolo may give more decimals than people read."""
    expression = calcolo.expression
    if expression is None or calcolo.tipo.name in ("data", "durata"):
        return False
    return not (isinstance(expression, Call) and expression.function in WHOLE_NUMBERS)


def _divisions(expression: Expression | None) -> Iterator[Operation]:
    match expression:
        case Operation():
            yield from _divisions(expression.left)
            yield from _divisions(expression.right)
            if expression.symbol == "/":
                yield expression
        case Call():
            for argument in expression.arguments:
                yield from _divisions(argument)


def _may_be_zero(case: Case, divisor: Expression, calcolo: Calcolo) -> bool:
    for when, worth in case.expression(divisor, anyone(calcolo.elenco)):
        if when is not FALSE and worth == 0 and not isinstance(worth, bool):
            return True
        if isinstance(worth, (Unknown, Applied)):
            box = {number: domain_bounds(case.formulas.variables[number]) for number in variables(worth)}
            low, high = bounds(worth, box)
            if low <= 0 <= high:
                return True
    return False
