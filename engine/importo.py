"""Importi: the amount of an esito, or its range over the completions that give that esito."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import Any

from engine.case import Case
from engine.diagram import Diagram, Level, Node, build
from engine.formula import TRUE, Cell, Formula, cell_bounds, domain_bounds
from engine.interval import Real
from engine.plain import NOT_DUE
from engine.term import Applied, Bounds, Term, Unknown, bounds, trend, variables

ELSEWHERE = "altro esito"
_FAR = 10**9


@dataclass(frozen=True, slots=True)
class Importo:
    """An amount between `low` and `high`, in units of its quantity, ends included; infinite where there is no limit.

    `missing` are the campi, and `hypotheses` the parametri, on which it depends; not `exact` when the
    true range may be narrower. `not_due` when the tabella of the law may give `non spetta`. `said` keeps the words
    for it, made once.
    """

    name: str
    low: Real
    high: Real
    missing: frozenset[str] = frozenset()
    hypotheses: frozenset[str] = frozenset()
    not_due: bool = False
    exact: bool = True
    said: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def known(self) -> bool:
        """Whether it is one number."""
        return self.low == self.high


def importo(case: Case, esiti: Collection[str], name: str) -> Importo | None:
    """Return the amount over the completions that give one of the esiti, None if none does; may raise TooLarge."""
    worths = case.worths(name)
    firsts = case.firsts()
    given = case.formulas.either(firsts[esito] for esito in esiti)
    decisions: list[tuple[str | None, Formula]] = [(ELSEWHERE, case.formulas.negate(given))]
    decisions += [(str(index), when) for index, (when, _) in enumerate(worths)]
    whole = case.possible([*decisions, (ELSEWHERE, TRUE)])
    diagram = build(case.formulas, [(outcome or ELSEWHERE, formula) for outcome, formula in whole])
    counted = frozenset(n for _, worth in worths if isinstance(worth, (Unknown, Applied)) for n in variables(worth))
    found = {index: boxes for index, boxes in _boxes(diagram, counted).items() if index != ELSEWHERE}
    if not found:
        return None
    terms = [(worths[int(index)][1], box) for index, boxes in found.items() for box in boxes]
    numbers = [_range(case, term, box) for term, box in terms if isinstance(term, (Fraction, Unknown, Applied))]
    amounts = {str(index): worth for index, (_, worth) in enumerate(worths)}
    depends = _Dependence(case, diagram, amounts, counted).variables()
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


def _range(case: Case, term: Term, box: Box) -> tuple[Real, Real, bool]:
    """Return the least and the greatest value of a term in a box, and whether both are attained."""
    whole = _whole(case, term, box)
    trends = {number: trend(term, number, whole) for number in whole}
    if None in trends.values():
        return (*bounds(term, whole), False)
    low = {n: (b[0], b[0]) if trends[n] != -1 else (b[1], b[1]) for n, b in whole.items()}
    high = {n: (b[1], b[1]) if trends[n] != -1 else (b[0], b[0]) for n, b in whole.items()}
    return bounds(term, low)[0], bounds(term, high)[1], True


@dataclass(frozen=True, slots=True)
class _Dependence:
    """Which variables, all else equal, lead from one amount of the esito to another.

    Two completions that differ in one campo alone walk the diagram side by side, apart only where that
    campo is asked, and carry the boxes of the variables that amounts count on.
    """

    case: Case
    diagram: Diagram
    amounts: Mapping[str, object]
    counted: frozenset[int]

    def variables(self) -> set[int]:
        """Return the variables of every campo or parametro on which the amount depends."""
        by_subject: dict[str, set[int]] = {}
        for number in {n for level in self.diagram.levels for n in level.variables} | self.counted:
            by_subject.setdefault(self.case.formulas.variables[number].subject, set()).add(number)
        asked = self.diagram.support | self.counted
        return {n for numbers in by_subject.values() if numbers & asked and self._depends(numbers) for n in numbers}

    def _depends(self, numbers: set[int]) -> bool:
        free = {index for index, level in enumerate(self.diagram.levels) if numbers & set(level.variables)}
        stack: list[tuple[Node, Node, Box, Box]] = [(self.diagram.root, self.diagram.root, (), ())]
        seen = set(stack)
        while stack:
            one, two, here, there = stack.pop()
            if not one.kids and not two.kids:
                if ELSEWHERE not in (one.outcome, two.outcome) and self._differ(one, two, here, there, numbers):
                    return True
                continue
            following = set(self._step(one, two, here, there, free)) - seen
            seen |= following
            stack.extend(following)
        return False

    def _step(
        self, one: Node, two: Node, here: Box, there: Box, free: set[int]
    ) -> Iterator[tuple[Node, Node, Box, Box]]:
        position = min(node.level for node in (one, two) if node.kids)
        level = self.diagram.levels[position]
        cells = level.cells or (None,) * len(level.spans)
        first = one.kids if one.level == position else (one,) * len(cells)
        second = two.kids if two.level == position else (two,) * len(cells)
        counts = bool(level.cells) and level.variables[0] in self.counted
        ways = list(zip(cells, first, strict=True)), list(zip(cells, second, strict=True))
        for (a, x), (b, y) in product(*ways) if position in free else zip(*ways, strict=True):
            if not counts:
                yield x, y, here, there
            else:
                yield x, y, _widened(self.diagram, level, a, here), _widened(self.diagram, level, b, there)

    def _differ(self, one: Node, two: Node, here: Box, there: Box, numbers: set[int]) -> bool:
        """Whether two completions in those boxes, equal but for those variables, have different amounts."""
        first, second = self.amounts[one.outcome or ""], self.amounts[two.outcome or ""]
        ours, theirs = (_near(_whole(self.case, term, box)) for term, box in ((first, here), (second, there)))
        others = sorted((ours.keys() | theirs.keys()) - numbers)
        for shared in product(*(_tries((ours | theirs)[n]) for n in others)):
            fixed = dict(zip(others, shared, strict=True))
            values = [_values(term, fixed, box, numbers) for term, box in ((first, ours), (second, theirs))]
            if len(values[0] | values[1]) > 1:
                return True
        return False


def _values(term: object, fixed: dict[int, Real], box: dict[int, Bounds], numbers: set[int]) -> set[object]:
    """Return the values of an amount at the corners of the box of some variables, the others fixed."""
    if not isinstance(term, (Unknown, Applied)):
        return {term}
    moving = sorted(numbers & box.keys())
    corners = (dict(zip(moving, at, strict=True)) for at in product(*(_tries(box[n]) for n in moving)))
    return {bounds(term, {n: (at, at) for n, at in {**fixed, **corner}.items()})[0] for corner in corners}


def _whole(case: Case, term: object, box: Box) -> dict[int, Bounds]:
    known = dict(box)
    counted = set(variables(term)) if isinstance(term, (Unknown, Applied)) else set()
    return {n: known.get(n) or domain_bounds(case.formulas.variables[n]) for n in counted}


def _tries(bound: Bounds) -> tuple[Real, ...]:
    return tuple(dict.fromkeys(bound))


def _near(box: dict[int, Bounds]) -> dict[int, Bounds]:
    """Return the box with numbers to try in place of infinite ends."""
    return {n: (_finite(low, high), _finite(high, low)) for n, (low, high) in box.items()}


def _finite(end: Real, other: Real) -> Real:
    if not math.isinf(end):
        return end
    return (Fraction(0) if math.isinf(other) else other) + (_FAR if end > 0 else -_FAR)
