"""Others: the members of an open elenco that nobody has named yet.

Whether one of them fits a pattern is a variable, and so is how many they are; `constraint` says which
of these may be true together, since it is the same people who fit the patterns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from engine.campo import Campo
from engine.diagram import build
from engine.dimension import quantum
from engine.formula import (
    FALSE,
    OTHER,
    TRUE,
    Cell,
    Choice,
    Formula,
    Formulas,
    Steps,
    Variable,
    cells,
    domain_bounds,
    walk,
)
from engine.interval import Real
from engine.term import Applied, Term, Unknown, bounds, times, variables
from engine.tipo import Tipo
from engine.worth import Outcome, guess

#: The id that stands for any of them in the path of a variable.
HYPOTHETICAL = "*"
EXACT_PATTERNS = 5


@dataclass
class Others:
    """The unnamed members of every elenco of a case; `named` tells how many are named already."""

    formulas: Formulas
    campi: Mapping[str, Campo]
    named: Callable[[str], int]
    patterns: dict[str, dict[Formula, Formula]] = field(default_factory=dict)
    sums: dict[str, dict[Variable, None]] = field(default_factory=dict)

    def number(self, elenco: str) -> Variable:
        """Return the number of members of an open elenco that nobody has named yet."""
        campo, named = self.campi[elenco], self.named(elenco)
        high = None if campo.massimo is None else max(0, campo.massimo - named)
        return self.formulas.variable(f"{elenco}/+", Tipo("numero"), low=max(0, (campo.minimo or 0) - named), high=high)

    def fitting(self, elenco: str, pattern: Formula) -> Formula:
        """Return when a member that nobody has named yet fits the pattern."""
        others = self.number(elenco)
        if pattern is FALSE or others.high == 0:
            return FALSE
        outer = self._outer(elenco, pattern)
        if outer is not None and any(n.kind == "compare" and n.mentions >> outer.number & 1 for n in walk([pattern])):
            return self._perhaps(elenco, pattern, outer)
        if outer is not None:
            split = []
            for cell in cells(outer, walk([pattern])):
                narrowed = self.formulas.restrict(pattern, outer.number, cell, {})
                split.append(self.formulas.both([self._in_cell(outer, cell, pattern), self.fitting(elenco, narrowed)]))
            return self.formulas.either(split)
        patterns = self.patterns.setdefault(elenco, {})
        if pattern not in patterns:
            path = f"{elenco}/+/{len(patterns)}"
            variable = self.formulas.variable(path, Tipo("sì/no"), values=(False, True))
            patterns[pattern] = self.formulas.test(variable, Choice(frozenset({True})))
        return patterns[pattern]

    def _perhaps(self, elenco: str, pattern: Formula, outer: Variable) -> Formula:
        """Return a free test for a pattern that compares a member with what is not known outside of the elenco."""
        perhaps = guess(self.formulas, f"{elenco}/+/?{id(pattern)}", f"{outer.path}:{elenco}")
        return self.formulas.both([self.at_least(elenco, 1), perhaps])

    def _outer(self, elenco: str, pattern: Formula) -> Variable | None:
        """Return a variable of the pattern that is not about the member, if there is one."""
        inside = f"{elenco}/{HYPOTHETICAL}/"
        mentioned = (v for v in self.formulas.variables if pattern.mentions >> v.number & 1)
        return next((variable for variable in mentioned if not variable.path.startswith(inside)), None)

    def _in_cell(self, variable: Variable, cell: Cell, pattern: Formula) -> Formula:
        if variable.ordered:
            return self.formulas.test(variable, Steps(((cell.low, cell.high),)))
        if cell.value != OTHER:
            return self.formulas.test(variable, Choice(frozenset({cell.value})))
        named = frozenset(c.value for c in cells(variable, walk([pattern])) if c.value != OTHER)
        return self.formulas.test(variable, Choice(named, positive=False))

    def sum(self, elenco: str, what: str, tipo: Tipo, each: Sequence[Outcome], *, plain: bool) -> Term:
        """Return the sum of what they are worth, between what so many members may be worth at least and at most.

        It is exact only when they are worth a `plain` campo with no limit: otherwise it may be too free.
        """
        terms = [worth for worth in each if isinstance(worth, (Fraction, Unknown, Applied))]
        ends = [bounds(t, {n: domain_bounds(self.formulas.variables[n]) for n in variables(t)}) for t in terms]
        ends += [(Fraction(0), Fraction(0))] if len(terms) < len(each) else []
        number = self.number(elenco)
        few, many = Fraction(number.low or 0), math.inf if number.high is None else Fraction(number.high)
        least, greatest = min(low for low, _ in ends), max(high for _, high in ends)
        low = times(few if least > 0 else many, least)
        high = times(many if greatest > 0 else few, greatest)
        step = quantum(tipo)
        variable = self.formulas.variable(f"{elenco}/+/{what}", tipo, low=_grid(low, step), high=_grid(high, step))
        self.sums.setdefault(elenco, {})[variable] = None
        self.formulas.inexact |= not plain or (low, high) != (0, math.inf)
        return Unknown(variable.number, step)

    def constraint(self, decisions: Iterable[Formula]) -> Formula:
        """Return what holds of every completion: the members of an open elenco that fit patterns exist together."""
        mentioned = 0
        for formula in decisions:
            mentioned |= formula.mentions
        found = []
        for elenco in {**self.patterns, **self.sums}:
            of_elenco = [v.number for v in self.formulas.variables if v.path.startswith(f"{elenco}/+")]
            if any(mentioned >> number & 1 for number in of_elenco):
                found += [self._together(elenco), *self._sums_together(elenco)]
        return self.formulas.both(found)

    def _sums_together(self, elenco: str) -> list[Formula]:
        none = self.formulas.negate(self.at_least(elenco, 1))
        zero = Steps(((0, 0),))
        sums = self.sums.get(elenco, {})
        self.formulas.inexact |= len(sums) > 1 or bool(sums and self.patterns.get(elenco))
        return [self.formulas.either([self.formulas.negate(none), self.formulas.test(v, zero)]) for v in sums]

    def at_least(self, elenco: str, count: int) -> Formula:
        """Return when at least that many members are not named yet."""
        return self.formulas.test(self.number(elenco), Steps(((count, None),)))

    def _together(self, elenco: str) -> Formula:
        """Return which patterns may be met at once by how many members, none of whom is named yet."""
        patterns = self.patterns.get(elenco, {})
        if len(patterns) > EXACT_PATTERNS:
            self.formulas.inexact = True
            nobody = self.formulas.both(self.formulas.negate(test) for test in patterns.values())
            return self.formulas.either([self.at_least(elenco, 1), nobody])
        kinds = self._kinds(list(patterns))
        reached: list[frozenset[int]] = [frozenset({0})]
        while len(reached) < 2 or reached[-1] != reached[-2]:
            before = reached[-1] if len(reached) > 1 else frozenset({0})
            reached.append(frozenset(a | b for a in before for b in kinds))
        reached.pop()
        found = []
        for count, masks in enumerate(reached):
            last = count == len(reached) - 1
            exactly = (
                self.at_least(elenco, count)
                if last
                else self.formulas.test(self.number(elenco), Steps(((count, count),)))
            )
            met = self.formulas.either(self._exactly(list(patterns.values()), mask) for mask in masks)
            found.append(self.formulas.both([exactly, met]))
        return self.formulas.either(found)

    def _kinds(self, patterns: list[Formula]) -> frozenset[int]:
        """Return, as bit sets, which patterns one member may meet together."""
        kinds = set()
        for mask in range(1 << len(patterns)):
            formula = self._exactly(patterns, mask)
            if "sì" in build(self.formulas, [("sì", formula), ("no", TRUE)]).outcomes:
                kinds.add(mask)
        return frozenset(kinds)

    def _exactly(self, tests: list[Formula], mask: int) -> Formula:
        return self.formulas.both(t if mask >> i & 1 else self.formulas.negate(t) for i, t in enumerate(tests))


def _grid(end: Real, step: Fraction) -> int | None:
    """Return the step at an end, or the first beyond it; None where there is no end."""
    if math.isinf(end):
        return None
    return math.ceil(end / step) if end > 0 else math.floor(end / step)
