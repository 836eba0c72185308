"""Diagrams: a decision as a reduced ordered multi-valued diagram, on which questions are short walks.

Every path from the root fixes a cell for each variable that matters and ends in an outcome; `None`
ends the paths that no completion takes. Two parts of the diagram that agree wherever a completion
exists are one node, so a variable that has a node is one on which the outcome depends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from engine.formula import (
    FALSE,
    TRUE,
    Cell,
    Formula,
    Formulas,
    Variable,
    cells,
    walk,
)
from engine.interval import EVERYTHING, Reals
from engine.term import Term, bounds, variables

BUDGET = 50_000


class TooLarge(Exception):
    """The diagram would have more nodes than the budget."""


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """A choice among the cells of a variable (a level of the diagram), or an outcome (`level` -1)."""

    level: int
    kids: tuple[Node, ...] = ()
    outcome: str | None = None
    holes: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """What one level of the diagram asks: a variable with its cells, or a term over several variables."""

    variables: tuple[int, ...]
    cells: tuple[Cell, ...] = ()
    term: Term | None = None
    spans: tuple[Reals, ...] = ()


Decisions = tuple[tuple[str | None, Formula], ...]


@dataclass(frozen=True, eq=False)
class Diagram:
    """The diagram of «the first outcome whose formula holds»."""

    formulas: Formulas
    levels: tuple[Level, ...]
    root: Node

    def nodes(self) -> list[Node]:
        """Return every node once, the root first."""
        seen: dict[Node, None] = {}
        stack = [self.root]
        while stack:
            node = stack.pop()
            if node not in seen:
                seen[node] = None
                stack.extend(node.kids)
        return list(seen)

    @cached_property
    def outcomes(self) -> frozenset[str]:
        """The outcomes that some completion gives."""
        return frozenset(node.outcome for node in self.nodes() if node.outcome is not None)

    @cached_property
    def support(self) -> frozenset[int]:
        """The variables on which the outcome depends."""
        return frozenset(number for node in self.nodes() if node.kids for number in self.levels[node.level].variables)

    @property
    def derived(self) -> bool:
        """Whether the outcome rests on a term over several unknown variables."""
        return any(node.kids and self.levels[node.level].term is not None for node in self.nodes())

    @property
    def size(self) -> int:
        """How many nodes ask something."""
        return sum(1 for node in self.nodes() if node.kids)

    def restricted(self, known: Mapping[int, int]) -> Diagram:
        """Return the diagram when the variables at some levels are in a known cell (by index)."""
        maker = _Maker(self.formulas, self.levels)
        done: dict[Node, Node] = {}

        def visit(node: Node) -> Node:
            if not node.kids:
                return maker.end(node.outcome)
            if node not in done:
                if node.level in known:
                    done[node] = visit(node.kids[known[node.level]])
                else:
                    done[node] = maker.make(node.level, tuple(visit(kid) for kid in node.kids))
            return done[node]

        return Diagram(self.formulas, self.levels, visit(self.root))

    def paths(self) -> Iterator[tuple[dict[int, frozenset[int]], str]]:
        """Yield every path as cells by level, with its outcome; cells that lead to the same node go together."""
        yield from self._paths(self.root, {})

    def _paths(self, node: Node, taken: dict[int, frozenset[int]]) -> Iterator[tuple[dict[int, frozenset[int]], str]]:
        if not node.kids:
            if node.outcome is not None:
                yield dict(taken), node.outcome
            return
        groups: dict[Node, list[int]] = {}
        for index, kid in enumerate(node.kids):
            groups.setdefault(kid, []).append(index)
        for kid, indexes in groups.items():
            yield from self._paths(kid, {**taken, node.level: frozenset(indexes)})


def build(formulas: Formulas, decisions: Sequence[tuple[str | None, Formula]], budget: int = BUDGET) -> Diagram:
    """Build the diagram of «the first outcome whose formula holds»; raise TooLarge beyond the budget.

    The last formula must be true. An outcome of None marks what no completion can be.
    """
    rules_first = sorted(decisions, key=lambda decision: decision[0] is None)
    nodes = walk(formula for _, formula in rules_first)
    levels = _levels(formulas, nodes)
    builder = _Builder(_Maker(formulas, levels), budget)
    return Diagram(formulas, levels, builder.build(tuple(decisions), 0))


def _levels(formulas: Formulas, nodes: list[Formula]) -> tuple[Level, ...]:
    """Order the variables as the rules first mention them, each term after its last variable."""
    order: list[int] = []
    for node in nodes:
        mentioned = [node.variable] if node.kind == "test" else variables(node.term) if node.term is not None else []
        order += [number for number in mentioned if number not in order]
    terms: dict[Term, list[Reals]] = {}
    for node in nodes:
        if node.term is not None:
            terms.setdefault(node.term, []).append(node.reals)
    levels: list[Level] = []
    waiting = dict(terms)
    for position, number in enumerate(order):
        levels.append(Level((number,), cells(formulas.variables[number], nodes)))
        for term in [t for t in waiting if set(variables(t)) <= set(order[: position + 1])]:
            levels.append(Level(tuple(sorted(set(variables(term)))), term=term, spans=_spans(waiting.pop(term))))
    return tuple(levels)


def _spans(sets: list[Reals]) -> tuple[Reals, ...]:
    """Cut the number line into the parts that no set tells apart."""
    parts = [EVERYTHING]
    for reals in dict.fromkeys(sets):
        outside = reals.complement()
        parts = [piece for part in parts for piece in (part & reals, part & outside) if piece.spans]
    return tuple(parts)


class _Maker:
    """Makes the nodes of one diagram, equal ones once."""

    def __init__(self, formulas: Formulas, levels: tuple[Level, ...]) -> None:
        self.formulas = formulas
        self.levels = levels
        self.unique: dict[tuple[object, ...], Node] = {}
        self.joined: dict[tuple[Node, Node], Node | None] = {}

    def end(self, outcome: str | None) -> Node:
        key = (-1, outcome)
        if key not in self.unique:
            self.unique[key] = Node(-1, (), outcome, outcome is None)
        return self.unique[key]

    def make(self, level: int, kids: tuple[Node, ...]) -> Node:
        if all(kid is kids[0] for kid in kids):
            return kids[0]
        if any(kid.holes for kid in kids):
            merged = self._merged(kids)
            if merged is not None:
                return merged
        key = (level, *map(id, kids))
        if key not in self.unique:
            self.unique[key] = Node(level, kids, None, any(kid.holes for kid in kids))
        return self.unique[key]

    def _merged(self, kids: tuple[Node, ...]) -> Node | None:
        merged: Node | None = kids[0]
        for kid in kids[1:]:
            merged = merged and self.join(merged, kid)
        return merged

    def join(self, one: Node, two: Node) -> Node | None:
        """Return the node that agrees with both wherever a completion exists, or None if they disagree."""
        if one is two or (not two.kids and two.outcome is None):
            return one
        if not one.kids and one.outcome is None:
            return two
        if not (one.holes or two.holes) or not (one.kids or two.kids):
            return None
        if (one, two) not in self.joined:
            self.joined[one, two] = self._join(one, two)
        return self.joined[one, two]

    def _join(self, one: Node, two: Node) -> Node | None:
        level = min(node.level for node in (one, two) if node.kids)
        first, second = self._kids(one, level, two), self._kids(two, level, one)
        kids = []
        for a, b in zip(first, second, strict=True):
            kid = self.join(a, b)
            if kid is None:
                return None
            kids.append(kid)
        return self.make(level, tuple(kids))

    @staticmethod
    def _kids(node: Node, level: int, other: Node) -> tuple[Node, ...]:
        return node.kids if node.level == level else (node,) * len(other.kids)


class _Builder:
    """Expands decisions level by level, remembering what it has already expanded."""

    def __init__(self, maker: _Maker, budget: int) -> None:
        self.maker = maker
        self.formulas = maker.formulas
        self.levels = maker.levels
        self.budget = budget
        self.memo: dict[tuple[object, ...], Node] = {}

    def build(self, decisions: Decisions, start: int) -> Node:
        decisions = _trimmed(decisions)
        if decisions[0][1] is TRUE:
            return self.maker.end(decisions[0][0])
        level = self._next_level(decisions, start)
        key = (level, *((outcome, id(formula)) for outcome, formula in decisions))
        if key not in self.memo:
            self.budget -= 1
            if self.budget < 0:
                raise TooLarge
            self.memo[key] = self._expand(decisions, level)
        return self.memo[key]

    def _next_level(self, decisions: Decisions, start: int) -> int:
        mentions = 0
        for _, formula in decisions:
            mentions |= formula.mentions
        return next(i for i in range(start, len(self.levels)) if _asked(self.levels[i], decisions, mentions))

    def _expand(self, decisions: Decisions, index: int) -> Node:
        level = self.levels[index]
        if level.term is not None:
            return self._expand_term(decisions, index)
        kids = []
        for cell in level.cells:
            memo: dict[Formula, Formula] = {}
            number = level.variables[0]
            rest = tuple((o, self.formulas.restrict(f, number, cell, memo)) for o, f in decisions)
            kids.append(self.build(rest, index + 1))
        return self.maker.make(index, tuple(kids))

    def _expand_term(self, decisions: Decisions, index: int) -> Node:
        level = self.levels[index]
        assert level.term is not None
        box = next(dict(n.box) for n in walk(f for _, f in decisions) if n.kind == "compare" and n.term == level.term)
        low, high = bounds(level.term, box)
        kids = []
        for span in level.spans:
            if not span.meets(low, high):
                kids.append(self.maker.end(None))
                continue
            memo: dict[Formula, Formula] = {}
            rest = tuple((o, self.formulas.decide(f, level.term, span, memo)) for o, f in decisions)
            kids.append(self.build(rest, index + 1))
        return self.maker.make(index, tuple(kids))


def _asked(level: Level, decisions: Decisions, mentions: int) -> bool:
    """Whether what a level asks still decides; `mentions` are the variables of the decisions."""
    if level.term is None:
        return bool(mentions >> level.variables[0] & 1)
    return any(n.term == level.term for n in walk(formula for _, formula in decisions) if n.kind == "compare")


def _trimmed(decisions: Decisions) -> Decisions:
    """Drop the outcomes that cannot be, and those after the first that must be."""
    kept = [(outcome, formula) for outcome, formula in decisions if formula is not FALSE]
    sure = next(index for index, (_, formula) in enumerate(kept) if formula is TRUE)
    return tuple(kept[: sure + 1])


def locate(variable: Variable, level: Level, value: object) -> int:
    """Return the index of the cell that holds a value."""
    for index, cell in enumerate(level.cells):
        if variable.ordered:
            assert isinstance(value, int)
            if (cell.low is None or cell.low <= value) and (cell.high is None or value <= cell.high):
                return index
        elif cell.value == value:
            return index
    return len(level.cells) - 1
