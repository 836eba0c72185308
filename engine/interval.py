"""Sets of rational numbers: finite unions of intervals, open or closed at each end."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

Real = Fraction | float
#: A point between numbers: (v, -1) lies just below v and (v, 1) just above it.
Cut = tuple[Real, int]
BOTTOM: Cut = (-math.inf, 0)
TOP: Cut = (math.inf, 0)


@dataclass(frozen=True, slots=True)
class Reals:
    """A set of numbers as sorted, disjoint spans between two cuts."""

    spans: tuple[tuple[Cut, Cut], ...]

    def __contains__(self, value: Real) -> bool:
        return any(low < (value, 0) < high for low, high in self.spans)

    def complement(self) -> Reals:
        """Return the numbers that are not in this set."""
        edges = [BOTTOM, *(cut for span in self.spans for cut in span), TOP]
        pairs = zip(edges[::2], edges[1::2], strict=True)
        return Reals(tuple((low, high) for low, high in pairs if low < high))

    def __or__(self, other: Reals) -> Reals:
        spans: list[tuple[Cut, Cut]] = []
        for low, high in sorted(self.spans + other.spans):
            if spans and low <= spans[-1][1]:
                spans[-1] = (spans[-1][0], max(spans[-1][1], high))
            else:
                spans.append((low, high))
        return Reals(tuple(spans))

    def __and__(self, other: Reals) -> Reals:
        return (self.complement() | other.complement()).complement()

    def meets(self, low: Real, high: Real) -> bool:
        """Whether some number between `low` and `high`, ends included, is in the set."""
        return any(start < (high, 0) and (low, 0) < end for start, end in self.spans)

    def covers(self, low: Real, high: Real) -> bool:
        """Whether every number between `low` and `high`, ends included, is in the set."""
        return any(
            (start == BOTTOM or start < (low, 0)) and (end == TOP or (high, 0) < end) for start, end in self.spans
        )

    def on_grid(self, quantum: Fraction) -> tuple[tuple[int | None, int | None], ...]:
        """Return the whole numbers n for which n times `quantum` is in the set, as closed ranges."""
        ranges = ((_first(low, quantum), _last(high, quantum)) for low, high in self.spans)
        return tuple((a, b) for a, b in ranges if a is None or b is None or a <= b)


EVERYTHING = Reals(((BOTTOM, TOP),))


def only(value: Real) -> Reals:
    """The set of one number."""
    return Reals((((value, -1), (value, 1)),))


def between(low: Real, high: Real) -> Reals:
    """The numbers from `low` to `high`, ends included; none when they are in the wrong order."""
    return Reals((((low, -1), (high, 1)),)) if low <= high else Reals(())


def below(value: Real, *, included: bool) -> Reals:
    """The numbers up to `value`."""
    return Reals(((BOTTOM, (value, 1 if included else -1)),))


def above(value: Real, *, included: bool) -> Reals:
    """The numbers from `value` on."""
    return Reals((((value, -1 if included else 1), TOP),))


def compared(comparator: str, values: tuple[Fraction, ...]) -> Reals:
    """Return the numbers that a comparator of the language accepts."""
    match comparator:
        case "al massimo" | "non dopo il":
            return below(values[0], included=True)
        case "meno di" | "prima del":
            return below(values[0], included=False)
        case "almeno" | "non prima del":
            return above(values[0], included=True)
        case "più di" | "dopo il":
            return above(values[0], included=False)
        case "tra":
            return between(*values)
    accepted = Reals(())
    for value in values:
        accepted |= only(value)
    return accepted.complement() if comparator.startswith("non ") else accepted


def _first(cut: Cut, quantum: Fraction) -> int | None:
    if cut == BOTTOM:
        return None
    steps = Fraction(cut[0]) / quantum
    return math.floor(steps) + 1 if cut[1] > 0 else math.ceil(steps)


def _last(cut: Cut, quantum: Fraction) -> int | None:
    if cut == TOP:
        return None
    steps = Fraction(cut[0]) / quantum
    return math.floor(steps) if cut[1] > 0 else math.ceil(steps) - 1
