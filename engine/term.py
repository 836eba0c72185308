"""Terms: arithmetic over what is not known, with exact bounds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from engine.days import FIRST, LAST, add_months, full_months, full_years
from engine.interval import Cut, Real, Reals
from engine.plain import rounded
from engine.servizio import Rounding

Bounds = tuple[Real, Real]
Ranges = tuple[tuple[int | None, int | None], ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A variable of the case, by number; one step of its grid is worth `quantum`."""

    variable: int
    quantum: Fraction


@dataclass(frozen=True, slots=True)
class Applied:
    """An operation or a function applied to terms."""

    operator: str
    parts: tuple[Term, ...]
    rounding: Rounding | None = None


Term = Fraction | Unknown | Applied


def apply(operator: str, parts: tuple[Term, ...], rounding: Rounding | None = None) -> Term:
    """Apply an operator, computing at once what is known."""
    if all(isinstance(part, Fraction) for part in parts):
        low, _ = _applied(operator, [(part, part) for part in parts if isinstance(part, Fraction)], rounding)
        assert isinstance(low, Fraction)
        return low
    return Applied(operator, parts, rounding)


def variables(term: Term) -> Iterator[int]:
    """Yield the variables of a term, each as often as it occurs."""
    match term:
        case Unknown():
            yield term.variable
        case Applied():
            for part in term.parts:
                yield from variables(part)


def bounds(term: Term, box: Mapping[int, Bounds]) -> Bounds:
    """Return the least and the greatest value of a term when each variable (a quantity) stays in its box."""
    match term:
        case Unknown():
            return box[term.variable]
        case Applied():
            return _applied(term.operator, [bounds(part, box) for part in term.parts], term.rounding)
    return term, term


def trend(term: Term, variable: int, box: Mapping[int, Bounds]) -> int | None:
    """Return 1 if the term never falls as the variable grows, -1 if it never rises, 0 if it ignores it; else None."""
    match term:
        case Unknown():
            return int(term.variable == variable)
        case Applied():
            return _trend(term, variable, box)
    return 0


def solve(
    term: Term, variable: int, domain: tuple[int | None, int | None], reals: Reals, quantum: Fraction
) -> Ranges | None:
    """Return the grid values of its only variable for which the term is in the set; None if it is not monotone."""
    low, high = domain
    ends = (-math.inf if low is None else low * quantum, math.inf if high is None else high * quantum)
    direction = trend(term, variable, {variable: ends})
    if direction is None:
        return None

    def value(step: int) -> Real:
        at = step * quantum
        return bounds(term, {variable: (at, at)})[0]

    ranges = []
    for start, end in reals.spans:
        entry, leave = (start, end) if direction >= 0 else (end, start)
        first = _first(partial(_past, value, entry, direction), domain)
        after = _first(partial(_reached, value, leave, direction), domain)
        if first == NEVER or after == ALWAYS:
            continue
        begin, finish = low if first == ALWAYS else first, high if after == NEVER else after - 1
        if begin is None or finish is None or begin <= finish:
            ranges.append((begin, finish))
    return tuple(sorted(ranges, key=lambda found: -math.inf if found[0] is None else found[0]))


NEVER, ALWAYS = 10**24, -(10**24)
_FAR = 10**16


def _past(value: Callable[[int], Real], cut: Cut, direction: int, step: int) -> bool:
    """Whether the value at that step has gone beyond the cut, in the direction in which it moves."""
    return (value(step), 0) > cut if direction >= 0 else (value(step), 0) < cut


def _reached(value: Callable[[int], Real], cut: Cut, direction: int, step: int) -> bool:
    """Whether the value at that step has come to the cut or beyond it."""
    return (value(step), 0) >= cut if direction >= 0 else (value(step), 0) <= cut


def _first(test: Callable[[int], bool], domain: tuple[int | None, int | None]) -> int:
    """Return the first step at which a test that turns from false to true is true, ALWAYS or NEVER."""
    low = -_FAR if domain[0] is None else domain[0]
    high = _FAR if domain[1] is None else domain[1]
    if test(low):
        return ALWAYS
    if not test(high):
        return NEVER
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if test(middle) else (middle, high)
    return high


def times(left: Real, right: Real) -> Real:
    """Multiply, zero by infinity being zero."""
    return Fraction(0) if left == 0 or right == 0 else left * right


def _applied(operator: str, parts: list[Bounds], rounding: Rounding | None) -> Bounds:
    lows, highs = [low for low, _ in parts], [high for _, high in parts]
    match operator:
        case "+":
            return sum(lows), sum(highs)
        case "-":
            return lows[0] - highs[1], highs[0] - lows[1]
        case "*":
            corners = [times(a, b) for a in parts[0] for b in parts[1]]
            return min(corners), max(corners)
        case "/":
            return _divided(*parts)
        case "min":
            return min(lows), min(highs)
        case "max":
            return max(lows), max(highs)
        case "arrotonda":
            assert rounding is not None
            return _round(lows[0], rounding), _round(highs[0], rounding)
        case "mesi" | "meno mesi" | "giorni" | "meno giorni":
            return _moved(parts, operator)
    whole = full_years if operator == "anni_compiuti" else full_months
    low, high = whole(_day(highs[0]), _day(lows[1])), whole(_day(lows[0]), _day(highs[1]))
    return Fraction(low), Fraction(high)


def _divided(left: Bounds, right: Bounds) -> Bounds:
    if right[0] <= 0 <= right[1]:
        return -math.inf, math.inf
    corners = [_quotient(a, b) for a in left for b in right]
    return min(corners), max(corners)


def _quotient(left: Real, right: Real) -> Real:
    if math.isinf(right):
        return Fraction(0)
    return left / right


def _round(value: Real, rounding: Rounding) -> Real:
    return rounded(value, rounding) if isinstance(value, Fraction) else value


def _moved(parts: list[Bounds], operator: str) -> Bounds:
    """Move a day by months or by days, within the calendar."""
    (start, end), (low, high) = parts
    few, many = (-high, -low) if operator.startswith("meno ") else (low, high)
    if operator.endswith("giorni"):
        return Fraction(_day(start + few)), Fraction(_day(end + many))
    return Fraction(add_months(_day(start), _months(few))), Fraction(add_months(_day(end), _months(many)))


def _day(value: Real) -> int:
    """Return a day of the calendar: the first or the last for what lies outside."""
    return math.floor(max(FIRST, min(LAST, value)))


def _months(value: Real) -> int:
    return math.floor(max(-120_000, min(120_000, value)))


def _trend(term: Applied, variable: int, box: Mapping[int, Bounds]) -> int | None:
    trends = [trend(part, variable, box) for part in term.parts]
    if all(found == 0 for found in trends):
        return 0
    signs = _signs(term, box)
    turned = {
        None if found is None or (found and sign is None) else found * (sign or 0)
        for found, sign in zip(trends, signs, strict=True)
    }
    if None in turned or {1, -1} <= turned:
        return None
    return 1 if 1 in turned else -1 if -1 in turned else 0


def _signs(term: Applied, box: Mapping[int, Bounds]) -> list[int | None]:
    """Return how the operator moves as each of its parts grows: 1, -1, or None when it depends."""
    match term.operator:
        case "-" | "meno mesi" | "meno giorni":
            return [1, -1]
        case "anni_compiuti" | "mesi_tra":
            return [-1, 1]
        case "*":
            return [_sign(bounds(term.parts[1], box)), _sign(bounds(term.parts[0], box))]
        case "/":
            above, under = _sign(bounds(term.parts[0], box)), _sign(bounds(term.parts[1], box))
            crosses = bounds(term.parts[1], box)[0] <= 0 <= bounds(term.parts[1], box)[1]
            return [None, None] if crosses else [under, None if above is None else -above]
    return [1] * len(term.parts)


def _sign(bound: Bounds) -> int | None:
    if bound[0] >= 0:
        return 1
    return -1 if bound[1] <= 0 else None
