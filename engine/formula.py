"""Formulas: what a decision still depends on, as shared nodes over variables.

A Formula is true, false, a test of one variable, a test of a term over several variables, a test of a
sum of points, or a conjunction or disjunction. Equal formulas of one Formulas are the same object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from engine.dimension import quantum
from engine.interval import EVERYTHING, Real, Reals
from engine.term import Bounds, Ranges, Term, Unknown, bounds, solve, variables
from engine.tipo import Tipo, Value

OTHER = "\0altro"
#: Whole domains up to this many points are cut at every point when they enter arithmetic.
SMALL = 16


@dataclass(frozen=True, slots=True)
class Variable:
    """What is not known: a campo (by its path), or a hypothesis about the law (a parametro, `?` first).

    Ordered variables run from `low` to `high` (None: no limit); the others over `values`, and over
    anything else too when `unlisted`.
    """

    number: int
    path: str
    tipo: Tipo
    low: int | None = None
    high: int | None = None
    values: tuple[Value, ...] = ()
    unlisted: bool = False

    @property
    def ordered(self) -> bool:
        """Whether its values are whole numbers."""
        return not self.values and not self.unlisted

    @property
    def hypothesis(self) -> bool:
        """Whether it is about the law and not about the family."""
        return self.path.startswith("?")

    @property
    def subject(self) -> str:
        """The campo (by path: the elenco, for members not named yet) or the parametro that it is about."""
        if self.hypothesis:
            return self.path[1:].split("#")[0].split(":")[0]
        return self.path.split("/+")[0].split(":")[0]

    @property
    def small(self) -> bool:
        """Whether it has few values."""
        return self.low is not None and self.high is not None and self.high - self.low < SMALL


@dataclass(frozen=True, slots=True)
class Cell:
    """Values of a variable that no test tells apart: a range, or one value (OTHER for any not named)."""

    value: Value
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A set of nominal values, or of all the others."""

    values: frozenset[Value]
    positive: bool = True

    def accepts(self, value: Value) -> bool:
        """Whether a value is in the set."""
        return (value in self.values) == self.positive


@dataclass(frozen=True, slots=True)
class Steps:
    """A set of whole numbers, as closed ranges."""

    ranges: Ranges

    def accepts(self, value: Value) -> bool:
        """Whether a value is in the set."""
        assert isinstance(value, int)
        return any((a is None or a <= value) and (b is None or value <= b) for a, b in self.ranges)


@dataclass(frozen=True, eq=False, slots=True)
class Formula:
    """A node; `kind` is true, false, test, compare, points, and, or; `mentions` is a bit set of variables."""

    kind: str
    mentions: int = 0
    parts: tuple[Formula, ...] = ()
    variable: int = -1
    accepts: Choice | Steps | None = None
    term: Term | None = None
    reals: Reals = EVERYTHING
    box: tuple[tuple[int, Bounds], ...] = ()
    weights: tuple[Fraction, ...] = ()


TRUE, FALSE = Formula("true"), Formula("false")


@dataclass
class Formulas:
    """The maker of the formulas of one case: variables by path, nodes without repetition."""

    variables: list[Variable] = field(default_factory=list)
    by_path: dict[str, int] = field(default_factory=dict)
    nodes: dict[tuple[object, ...], Formula] = field(default_factory=dict)
    #: Whether some test is freer than what it stands for.
    inexact: bool = False

    def variable(self, path: str, tipo: Tipo, **domain: object) -> Variable:
        """Return the variable of that path, made the first time."""
        if path not in self.by_path:
            self.by_path[path] = len(self.variables)
            self.variables.append(Variable(len(self.variables), path, tipo, **domain))  # type: ignore[arg-type]
        return self.variables[self.by_path[path]]

    def test(self, variable: Variable, accepts: Choice | Steps) -> Formula:
        """Return the test that the value of a variable is in a set."""
        if isinstance(accepts, Steps):
            accepts = Steps(_clipped(accepts.ranges, variable))
            if not accepts.ranges or accepts.ranges == ((variable.low, variable.high),):
                return TRUE if accepts.ranges else FALSE
        elif not variable.unlisted:
            inside = [accepts.accepts(value) for value in variable.values]
            if all(inside) or not any(inside):
                return TRUE if all(inside) else FALSE
        key = ("test", variable.number, accepts)
        return self._node(key, "test", 1 << variable.number, variable=variable.number, accepts=accepts)

    def compare(self, term: Term, reals: Reals) -> Formula:
        """Return the test that a term is in a set, as a test of its variable when it has but one."""
        if isinstance(term, Fraction):
            return TRUE if term in reals else FALSE
        mentioned = set(variables(term))
        if len(mentioned) == 1:
            variable = self.variables[mentioned.pop()]
            if isinstance(term, Unknown):
                return self.test(variable, Steps(reals.on_grid(term.quantum)))
            ranges = solve(term, variable.number, (variable.low, variable.high), reals, quantum(variable.tipo))
            if ranges is not None:
                return self.test(variable, Steps(ranges))
        return self._compare(term, reals, ())

    def _compare(self, term: Term, reals: Reals, box: tuple[tuple[int, Bounds], ...]) -> Formula:
        low, high = bounds(term, self._whole_box(term, dict(box)))
        if reals.covers(low, high) or not reals.meets(low, high):
            return TRUE if reals.covers(low, high) else FALSE
        mentions = sum(1 << number for number in set(variables(term)))
        key = ("compare", term, reals, box)
        return self._node(key, "compare", mentions, term=term, reals=reals, box=box)

    def _whole_box(self, term: Term, box: Mapping[int, Bounds]) -> dict[int, Bounds]:
        whole = {number: domain_bounds(self.variables[number]) for number in set(variables(term))}
        return {**whole, **box}

    def points(self, parts: Iterable[tuple[Formula, Fraction]], reals: Reals) -> Formula:
        """Return the test that the points of the formulas that hold sum to a number in the set."""
        done, open_parts = Fraction(0), []
        for part, weight in parts:
            if part is TRUE:
                done += weight
            elif part is not FALSE and weight:
                open_parts.append((part, weight))
        low = done + sum(weight for _, weight in open_parts if weight < 0)
        high = done + sum(weight for _, weight in open_parts if weight > 0)
        if reals.covers(low, high) or not reals.meets(low, high):
            return TRUE if reals.covers(low, high) else FALSE
        moved = Reals(tuple(((a - done, s), (b - done, t)) for (a, s), (b, t) in reals.spans))
        formulas, weights = tuple(p for p, _ in open_parts), tuple(w for _, w in open_parts)
        mentions = _mentions(formulas)
        key = ("points", tuple(map(id, formulas)), weights, moved)
        return self._node(key, "points", mentions, parts=formulas, weights=weights, reals=moved)

    def both(self, formulas: Iterable[Formula]) -> Formula:
        """Return the conjunction."""
        return self._join(formulas, "and", FALSE, TRUE)

    def either(self, formulas: Iterable[Formula]) -> Formula:
        """Return the disjunction."""
        return self._join(formulas, "or", TRUE, FALSE)

    def negate(self, formula: Formula) -> Formula:
        """Return the negation, with no negation inside."""
        match formula.kind:
            case "true" | "false":
                return FALSE if formula is TRUE else TRUE
            case "test":
                assert formula.accepts is not None
                return self.test(self.variables[formula.variable], _complement(formula.accepts))
            case "compare":
                assert formula.term is not None
                return self._compare(formula.term, formula.reals.complement(), formula.box)
            case "points":
                return self.points(zip(formula.parts, formula.weights, strict=True), formula.reals.complement())
            case "and":
                return self.either(self.negate(part) for part in formula.parts)
        return self.both(self.negate(part) for part in formula.parts)

    def restrict(self, formula: Formula, variable: int, cell: Cell, memo: dict[Formula, Formula]) -> Formula:
        """Return the formula when a variable is in a cell."""
        if not formula.mentions >> variable & 1:
            return formula
        if formula not in memo:
            memo[formula] = self._restrict(formula, variable, cell, memo)
        return memo[formula]

    def _restrict(self, formula: Formula, variable: int, cell: Cell, memo: dict[Formula, Formula]) -> Formula:
        if formula.kind == "test":
            assert formula.accepts is not None
            return TRUE if formula.accepts.accepts(cell.value) else FALSE
        if formula.kind == "compare":
            assert formula.term is not None
            if any(number == variable for number, _ in formula.box):
                return formula
            box = (*formula.box, (variable, cell_bounds(self.variables[variable], cell)))
            return self._compare(formula.term, formula.reals, box)
        parts = [self.restrict(part, variable, cell, memo) for part in formula.parts]
        if formula.kind == "points":
            return self.points(zip(parts, formula.weights, strict=True), formula.reals)
        return self.both(parts) if formula.kind == "and" else self.either(parts)

    def decide(self, formula: Formula, term: Term, reals: Reals, memo: dict[Formula, Formula]) -> Formula:
        """Return the formula when a term is known to be in a set that no test of it cuts."""
        if not formula.parts and formula.kind != "compare":
            return formula
        if formula not in memo:
            memo[formula] = self._decide(formula, term, reals, memo)
        return memo[formula]

    def _decide(self, formula: Formula, term: Term, reals: Reals, memo: dict[Formula, Formula]) -> Formula:
        if formula.kind == "compare":
            if formula.term != term:
                return formula
            return TRUE if (formula.reals & reals).spans else FALSE
        parts = [self.decide(part, term, reals, memo) for part in formula.parts]
        if formula.kind == "points":
            return self.points(zip(parts, formula.weights, strict=True), formula.reals)
        return self.both(parts) if formula.kind == "and" else self.either(parts)

    def _join(self, formulas: Iterable[Formula], kind: str, absorbing: Formula, neutral: Formula) -> Formula:
        parts: dict[Formula, None] = {}
        for formula in formulas:
            if formula is absorbing:
                return absorbing
            if formula is not neutral:
                parts.update(dict.fromkeys(formula.parts) if formula.kind == kind else {formula: None})
        if len(parts) < 2:
            return next(iter(parts), neutral)
        ordered = tuple(parts)
        key = (kind, frozenset(map(id, ordered)))
        return self._node(key, kind, _mentions(ordered), parts=ordered)

    def _node(self, key: tuple[object, ...], kind: str, mentions: int, **rest: object) -> Formula:
        if key not in self.nodes:
            self.nodes[key] = Formula(kind, mentions, **rest)  # type: ignore[arg-type]
        return self.nodes[key]


def domain_bounds(variable: Variable) -> Bounds:
    """Return the least and the greatest quantity of an ordered variable."""
    return cell_bounds(variable, Cell(0, variable.low, variable.high))


def cell_bounds(variable: Variable, cell: Cell) -> Bounds:
    """Return the least and the greatest quantity of a cell."""
    step = quantum(variable.tipo)
    low: Real = float("-inf") if cell.low is None else cell.low * step
    high: Real = float("inf") if cell.high is None else cell.high * step
    return low, high


def walk(formulas: Iterable[Formula]) -> list[Formula]:
    """Return every node below the formulas once, parents first in the order in which rules mention them."""
    seen: dict[Formula, None] = {}
    stack = list(reversed(list(formulas)))
    while stack:
        formula = stack.pop()
        if formula not in seen:
            seen[formula] = None
            stack.extend(reversed(formula.parts))
    return list(seen)


def cells(variable: Variable, nodes: Iterable[Formula]) -> tuple[Cell, ...]:
    """Cut the domain of a variable at every test of the nodes."""
    tests = [n.accepts for n in nodes if n.kind == "test" and n.variable == variable.number]
    if not variable.ordered:
        named = {v for test in tests if isinstance(test, Choice) for v in test.values}
        values = [*variable.values, *(v for v in sorted(named, key=str) if v not in variable.values)]
        return tuple(Cell(value) for value in [*values, *([OTHER] if variable.unlisted else [])])
    edges: set[int] = set()
    for test in tests:
        for low, high in test.ranges if isinstance(test, Steps) else ():
            edges |= {low} if low is not None else set()
            edges |= {high + 1} if high is not None else set()
    if variable.small and any(n.kind == "compare" and n.mentions >> variable.number & 1 for n in nodes):
        assert variable.low is not None
        assert variable.high is not None
        edges |= set(range(variable.low, variable.high + 1))
    inside = (
        e for e in edges if (variable.low is None or e > variable.low) and (variable.high is None or e <= variable.high)
    )
    starts = [variable.low, *sorted(inside)]
    ends = [e - 1 for e in starts[1:] if e is not None] + [variable.high]
    return tuple(Cell(_middle(a, b), a, b) for a, b in zip(starts, ends, strict=True))


def _middle(low: int | None, high: int | None) -> int:
    return low if low is not None else high if high is not None else 0


def _mentions(formulas: Iterable[Formula]) -> int:
    found = 0
    for formula in formulas:
        found |= formula.mentions
    return found


def _complement(accepts: Choice | Steps) -> Choice | Steps:
    if isinstance(accepts, Choice):
        return Choice(accepts.values, not accepts.positive)
    gaps: list[tuple[int | None, int | None]] = []
    start: int | None = None
    for low, high in accepts.ranges:
        if low is not None:
            gaps.append((start, low - 1))
        if high is None:
            return Steps(tuple(gaps))
        start = high + 1
    return Steps((*gaps, (start, None)))


def _clipped(ranges: Ranges, variable: Variable) -> Ranges:
    """Cut ranges to the domain, in order, joining those that touch."""
    clipped: list[tuple[int | None, int | None]] = []
    for low, high in sorted(ranges, key=lambda r: -(10**30) if r[0] is None else r[0]):
        a = variable.low if low is None or (variable.low is not None and low < variable.low) else low
        b = variable.high if high is None or (variable.high is not None and high > variable.high) else high
        if a is not None and b is not None and a > b:
            continue
        last = clipped[-1] if clipped else None
        if last and (last[1] is None or (a is not None and last[1] + 1 >= a)):
            end = None if last[1] is None or b is None else max(last[1], b)
            clipped[-1] = (last[0], end)
        else:
            clipped.append((a, b))
    return tuple(clipped)
