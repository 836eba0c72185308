"""Witnesses: concrete completions that show that what a diagram calls possible is so.

Where an outcome rests on arithmetic over several unknown campi, the diagram may allow too much. An
outcome met by a completion is possible, and a campo matters if two completions that differ in it alone
give different outcomes: when every one has its witness, the answer is exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice

from engine.diagram import Diagram
from engine.dimension import quantum
from engine.formula import TRUE, Cell, Formula, Formulas, Variable
from engine.term import Applied, Term, Unknown, apply, bounds, solve, variables
from engine.tipo import Value

PATHS = 200
FAR = 10**12

Completion = dict[int, Value]
Decisions = Sequence[tuple[str | None, Formula]]


def certified(diagram: Diagram, decisions: Decisions) -> bool:
    """Return whether each possible outcome and each variable of the support has its witness."""
    search = _Search(diagram, decisions)
    return any(search.done() for _ in search.run())


def outcome_of(formulas: Formulas, decisions: Decisions, completion: Mapping[int, Value]) -> str | None:
    """Return the outcome of a completion, None for what no completion can be."""
    return next(outcome for outcome, formula in decisions if _holds(formulas, formula, completion))


class _Search:
    """Walks from completion to completion, noting which outcomes and which changes have been seen."""

    def __init__(self, diagram: Diagram, decisions: Decisions) -> None:
        self.diagram = diagram
        self.formulas = diagram.formulas
        self.decisions = decisions
        self.outcomes: set[str] = set()
        self.moving: set[str] = set()
        self.spans = [(level.term, span) for level in diagram.levels if level.term is not None for span in level.spans]
        self.wanted = {self.formulas.variables[number].subject for number in diagram.support}
        self.cells = {level.variables[0]: level.cells for level in diagram.levels if level.term is None}

    def done(self) -> bool:
        return self.outcomes >= self.diagram.outcomes and self.moving >= self.wanted

    def run(self) -> Iterator[None]:
        """Try completions on every path and every change of one variable; where that changes the outcome, go on."""
        for path, _ in islice(self.diagram.paths(), PATHS):
            for pick in (0, -1):
                base = {number: self.start(number, path, pick) for number in self.cells}
                for other in self.try_around(base):
                    self.try_around(other)
                yield

    def start(self, number: int, path: Mapping[int, frozenset[int]], pick: int) -> Value:
        """Return a value of a variable on the path: the least or the greatest."""
        levels = self.diagram.levels
        index = next((i for i in path if levels[i].term is None and levels[i].variables[0] == number), None)
        allowed = range(len(self.cells[number])) if index is None else sorted(path[index])
        values = list(_values(self.cells[number][allowed[pick]]))
        return values[pick]

    def try_around(self, base: Completion) -> list[Completion]:
        """Change one variable at a time; return the first completion met of each other outcome."""
        here = self.note(base)
        changed: dict[str | None, Completion] = {}
        for number in self.cells:
            subject = self.formulas.variables[number].subject
            for value in self.choices(base, number):
                other = {**base, number: value}
                there = self.note(other)
                if None not in (here, there) and here != there:
                    self.moving.add(subject)
                    changed.setdefault(there, other)
        return list(changed.values())

    def note(self, completion: Completion) -> str | None:
        outcome = outcome_of(self.formulas, self.decisions, completion)
        self.outcomes |= {outcome} if outcome is not None else set()
        return outcome

    def choices(self, base: Completion, number: int) -> Iterator[Value]:
        """Yield values of a variable to try: in each of its cells, and where each term enters each span."""
        for cell in self.cells[number]:
            yield from _values(cell)
        variable = self.formulas.variables[number]
        for term, reals in self.spans:
            if number in set(variables(term)):
                fixed = _fixed(self.formulas, term, {n: v for n, v in base.items() if n != number})
                ranges = solve(fixed, number, (variable.low, variable.high), reals, quantum(variable.tipo))
                yield from (end for found in ranges or () for end in found if end is not None)


def _values(cell: Cell) -> Iterator[Value]:
    ends = (cell.low, cell.high)
    if ends == (None, None):
        yield cell.value
        return
    low, high = ends
    yield low if low is not None else (high or 0) - FAR
    yield high if high is not None else (low or 0) + FAR


def _fixed(formulas: Formulas, term: Term, known: Mapping[int, Value]) -> Term:
    """Return a term with the known variables replaced by their quantities."""
    match term:
        case Unknown() if term.variable in known:
            value = known[term.variable]
            assert isinstance(value, int)
            return value * term.quantum
        case Applied():
            return apply(term.operator, tuple(_fixed(formulas, part, known) for part in term.parts), term.rounding)
    return term


def _holds(formulas: Formulas, formula: Formula, completion: Mapping[int, Value]) -> bool:
    match formula.kind:
        case "true" | "false":
            return formula is TRUE
        case "test":
            assert formula.accepts is not None
            return formula.accepts.accepts(completion[formula.variable])
        case "compare":
            assert formula.term is not None
            box = {n: _point(formulas.variables[n], completion[n]) for n in set(variables(formula.term))}
            return bounds(formula.term, box)[0] in formula.reals
        case "points":
            parts = zip(formula.parts, formula.weights, strict=True)
            return sum((w for part, w in parts if _holds(formulas, part, completion)), Fraction(0)) in formula.reals
        case "and":
            return all(_holds(formulas, part, completion) for part in formula.parts)
    return any(_holds(formulas, part, completion) for part in formula.parts)


def _point(variable: Variable, value: Value) -> tuple[Fraction, Fraction]:
    assert isinstance(value, int)
    at = value * quantum(variable.tipo)
    return at, at
