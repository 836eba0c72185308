"""Importi: the amount of an esito, or its range over the completions that give that esito."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from engine.case import Case
from engine.diagram import Diagram, Level, Node, build
from engine.formula import TRUE, Cell, Formula, cell_bounds, domain_bounds
from engine.interval import Real
from engine.plain import NOT_DUE, Special
from engine.term import Applied, Bounds, Term, Unknown, bounds, trend, variables

ELSEWHERE = "altro esito"
_FAR = 10**9


@dataclass(frozen=True, slots=True)
class Importo:
    """An amount between `low` and `high`, in units of its quantity, ends included; infinite where there is no limit.

    `missing` are the campi, and `hypotheses` the parametri, on which it depends; not `exact` when the
    true range may be narrower. `not_due` when the tabella of the law may give `non spetta`.
    """

    name: str
    low: Real
    high: Real
    missing: frozenset[str] = frozenset()
    hypotheses: frozenset[str] = frozenset()
    not_due: bool = False
    exact: bool = True

    @property
    def known(self) -> bool:
        """Whether it is one number."""
        return self.low == self.high


def importo(case: Case, esito: str, name: str) -> Importo | None:
    """Return the amount over the completions that give the esito, None if no completion gives it; may raise TooLarge."""
    worths = case.worths(name)
    decisions: list[tuple[str | None, Formula]] = [(ELSEWHERE, case.formulas.negate(_first(case, esito)))]
    decisions += [(str(index), when) for index, (when, _) in enumerate(worths)]
    diagram = build(case.formulas, case.possible([*decisions, (ELSEWHERE, TRUE)]))
    counted = frozenset(n for _, worth in worths if isinstance(worth, (Unknown, Applied)) for n in variables(worth))
    found = {index: boxes for index, boxes in _boxes(diagram, counted).items() if index != ELSEWHERE}
    if not found:
        return None
    terms = [(worths[int(index)][1], box) for index, boxes in found.items() for box in boxes]
    numbers = [_range(case, term, box) for term, box in terms if isinstance(term, (Fraction, Unknown, Applied))]
    depends = _differing(diagram) | {n for term, box in terms for n in _moving(case, term, box)}
    subjects = [case.formulas.variables[number] for number in depends]
    return Importo(
        name,
        min((low for low, _, _ in numbers), default=Fraction(0)),
        max((high for _, high, _ in numbers), default=Fraction(0)),
        frozenset(v.subject for v in subjects if not v.hypothesis),
        frozenset(v.subject for v in subjects if v.hypothesis),
        any(term is NOT_DUE for term, _ in terms),
        all(exact for _, _, exact in numbers) and not diagram.derived and not case.inexact,
    )


def _first(case: Case, esito: str) -> Formula:
    """Return when the esito is the first that holds."""
    before: list[Formula] = []
    for item in case.servizio.esiti:
        holds = case.formulas.both(case.holds(name) for name in item.requires)
        if item.name == esito:
            return case.formulas.both([holds, *before])
        before.append(case.formulas.negate(holds))
    raise KeyError(esito)


Box = tuple[tuple[int, Bounds], ...]


def _boxes(diagram: Diagram, counted: frozenset[int]) -> dict[str, set[Box]]:
    """Return, for each outcome, the boxes of the variables that amounts count on, for the paths that end there."""
    memo: dict[Node, frozenset[tuple[str, Box]]] = {}

    def visit(node: Node) -> frozenset[tuple[str, Box]]:
        if not node.kids:
            return frozenset() if node.outcome is None else frozenset({(node.outcome, ())})
        if node not in memo:
            level = diagram.levels[node.level]
            counts = level.term is None and level.variables[0] in counted
            ends = [visit(kid) for kid in node.kids]
            pairs = zip(level.cells, ends, strict=True) if counts else ((None, end) for end in ends)
            memo[node] = frozenset((o, _widened(diagram, level, cell, box)) for cell, end in pairs for o, box in end)
        return memo[node]

    boxes: dict[str, set[Box]] = {}
    for outcome, box in visit(diagram.root):
        boxes.setdefault(outcome, set()).add(box)
    return boxes


def _widened(diagram: Diagram, level: Level, cell: Cell | None, box: Box) -> Box:
    if cell is None:
        return box
    return (*box, (level.variables[0], cell_bounds(diagram.formulas.variables[level.variables[0]], cell)))


def _whole(case: Case, term: Term, box: Box) -> dict[int, Bounds]:
    known = dict(box)
    return {n: known.get(n) or domain_bounds(case.formulas.variables[n]) for n in set(variables(term))}


def _range(case: Case, term: Term, box: Box) -> tuple[Real, Real, bool]:
    """Return the least and the greatest value of a term in a box, and whether both are attained."""
    whole = _whole(case, term, box)
    trends = {number: trend(term, number, whole) for number in whole}
    if None in trends.values():
        return (*bounds(term, whole), False)
    low = {n: (b[0], b[0]) if trends[n] != -1 else (b[1], b[1]) for n, b in whole.items()}
    high = {n: (b[1], b[1]) if trends[n] != -1 else (b[0], b[0]) for n, b in whole.items()}
    return bounds(term, low)[0], bounds(term, high)[1], True


def _moving(case: Case, term: object, box: Box) -> set[int]:
    """Return the variables of a term that alone can change its value in the box."""
    if isinstance(term, (Fraction, Special)) or not isinstance(term, (Unknown, Applied)):
        return set()
    whole = {number: (_near(low), _near(high)) for number, (low, high) in _whole(case, term, box).items()}
    return {number for number in whole if _moves(term, number, whole)}


def _moves(term: Term, number: int, whole: dict[int, tuple[Real, Real]]) -> bool:
    others = [n for n in whole if n != number]
    corners = [(low, high, (low + high) / 2) for low, high in (whole[n] for n in others)]
    for corner in product(*corners):
        fixed = {n: (at, at) for n, at in zip(others, corner, strict=True)}
        ends = [bounds(term, {**fixed, number: (at, at)}) for at in whole[number]]
        if ends[0] != ends[1]:
            return True
    return False


def _near(value: Real) -> Real:
    """Return a number to try in place of an infinite one."""
    return value if not math.isinf(value) else Fraction(_FAR if value > 0 else -_FAR)


def _differing(diagram: Diagram) -> set[int]:
    """Return the variables that alone can lead from one amount to another, both of the esito."""
    memo: dict[tuple[Node, Node], bool] = {}

    def differ(one: Node, two: Node) -> bool:
        if one is two:
            return False
        if not one.kids and not two.kids:
            ends = (one.outcome, two.outcome)
            return None not in ends and ELSEWHERE not in ends
        if (one, two) not in memo:
            level = min(node.level for node in (one, two) if node.kids)
            first = one.kids if one.level == level else (one,) * len(two.kids)
            second = two.kids if two.level == level else (two,) * len(one.kids)
            memo[one, two] = any(differ(a, b) for a, b in zip(first, second, strict=True))
        return memo[one, two]

    found: set[int] = set()
    for node in diagram.nodes():
        numbers = set(diagram.levels[node.level].variables) if node.kids else set()
        if numbers - found and any(differ(a, b) for i, a in enumerate(node.kids) for b in node.kids[i + 1 :]):
            found |= numbers
    return found
