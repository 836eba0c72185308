"""Properties of what the decisions are made of: sets of numbers, days, terms and tipi."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.it import codicefiscale

from engine.comune import _register
from engine.days import add_months, full_months, full_years
from engine.interval import EVERYTHING, Reals, above, below, between, only
from engine.servizio import Rounding
from engine.term import Applied, Term, Unknown, apply, bounds, solve, variables
from engine.tipo import MONEY, Tipo, Value
from tests.world import rounded

NUMBERS = st.integers(-12, 12).map(lambda n: Fraction(n, 2))
SETS = st.recursive(
    st.one_of(
        NUMBERS.map(only),
        st.builds(between, NUMBERS, NUMBERS),
        st.builds(lambda v, *, i: below(v, included=i), NUMBERS, i=st.booleans()),
        st.builds(lambda v, *, i: above(v, included=i), NUMBERS, i=st.booleans()),
        st.just(EVERYTHING),
        st.just(Reals(())),
    ),
    lambda sets: st.one_of(
        st.builds(Reals.__or__, sets, sets),
        st.builds(Reals.__and__, sets, sets),
        st.builds(Reals.complement, sets),
    ),
)
POINTS = [Fraction(n, 4) for n in range(-26, 27)]


def inside(reals: Reals) -> list[bool]:
    """Return which of the points are in a set."""
    return [point in reals for point in POINTS]


@given(SETS, SETS)
def test_sets_of_reals_are_a_boolean_algebra(one: Reals, two: Reals) -> None:
    assert inside(one | two) == [a or b for a, b in zip(inside(one), inside(two), strict=True)]
    assert inside(one & two) == [a and b for a, b in zip(inside(one), inside(two), strict=True)]
    assert inside(one.complement()) == [not a for a in inside(one)]
    assert one.complement().complement() == one
    assert (one | two).complement() == one.complement() & two.complement()
    assert one | one.complement() == EVERYTHING
    assert list(one.spans) == sorted(one.spans)


@given(SETS, NUMBERS, NUMBERS, st.sampled_from([Fraction(1, 4), Fraction(1), Fraction(3, 2)]))
def test_sets_of_reals_meet_cover_and_fall_on_a_grid(
    reals: Reals, one: Fraction, two: Fraction, step: Fraction
) -> None:
    low, high = min(one, two), max(one, two)
    within = [point in reals for point in POINTS if low <= point <= high]
    assert reals.covers(low, high) == all(within)
    assert reals.meets(low, high) == any(within)
    ranges = reals.on_grid(step)
    for n in range(-30, 31):
        found = any((a is None or a <= n) and (b is None or n <= b) for a, b in ranges)
        assert found == (n * step in reals)


DAYS = st.integers(700_000, 760_000)
MONTHS = st.integers(-600, 600)


@given(DAYS, DAYS, MONTHS)
def test_months_and_days(one: int, two: int, months: int) -> None:
    start, end = min(one, two), max(one, two)
    full = full_months(start, end)
    assert add_months(start, full) <= end < add_months(start, full + 1)
    assert full_months(end, start) == -full
    assert full_years(start, end) == full // 12
    assert add_months(one, 0) == one
    assert add_months(start, months) <= add_months(end, months)
    assert add_months(one, months) <= add_months(one, months + 1)
    assert abs(add_months(add_months(one, months), -months) - one) <= 3


STEP = Fraction(1, 2)
ROUNDINGS = [Rounding(Fraction(1), way, way) for way in ("vicino", "difetto", "eccesso")]


def terms(numbers: list[int]) -> st.SearchStrategy[Term]:
    """Return terms over the variables with those numbers."""
    leaves: st.SearchStrategy[Term] = st.one_of(
        NUMBERS, st.sampled_from(numbers).map(lambda n: Unknown(n, STEP)), st.sampled_from([Unknown(0, STEP)])
    )

    def combined(parts: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
        pairs_of = st.builds(
            lambda o, a, b: apply(o, (a, b)), st.sampled_from(["+", "-", "*", "min", "max"]), parts, parts
        )
        halved = st.builds(lambda a, b: apply("/", (a, b)), parts, NUMBERS.filter(bool))
        return st.one_of(pairs_of, halved, st.builds(rounded_term, parts, st.sampled_from(ROUNDINGS)))

    return st.recursive(leaves, combined, max_leaves=6)


def rounded_term(term: Term, rounding: Rounding) -> Term:
    """Return the term rounded."""
    return apply("arrotonda", (term,), rounding)


def value_at(term: Term, steps: dict[int, int]) -> Fraction:
    """Return the value of a term at a point, computed without bounds."""
    match term:
        case Unknown(variable, quantum):
            return steps[variable] * quantum
        case Applied(operator, parts, rounding):
            values = [value_at(part, steps) for part in parts]
            if rounding is not None:
                return rounded(values[0], rounding)
            one, two = values
            ways = {
                "+": Fraction.__add__,
                "-": Fraction.__sub__,
                "*": Fraction.__mul__,
                "/": Fraction.__truediv__,
            }
            return ways[operator](one, two) if operator in ways else min(values) if operator == "min" else max(values)
    return term


@given(terms([0, 1]), st.lists(st.integers(-6, 6), min_size=4, max_size=4))
def test_the_bounds_of_a_term_contain_its_values(term: Term, ends: list[int]) -> None:
    boxes = {0: sorted(ends[:2]), 1: sorted(ends[2:])}
    low, high = bounds(term, {n: (a * STEP, b * STEP) for n, (a, b) in boxes.items()})
    for x in range(boxes[0][0], boxes[0][1] + 1):
        for y in range(boxes[1][0], boxes[1][1] + 1):
            assert low <= value_at(term, {0: x, 1: y}) <= high


@given(st.lists(st.integers(-6, 6), min_size=4, max_size=4))
def test_the_bounds_of_a_quotient_contain_its_values(ends: list[int]) -> None:
    boxes = {0: sorted(ends[:2]), 1: sorted(ends[2:])}
    quotient = apply("/", (Unknown(0, STEP), Unknown(1, STEP)))
    low, high = bounds(quotient, {n: (a * STEP, b * STEP) for n, (a, b) in boxes.items()})
    may_be_zero = boxes[1][0] <= 0 <= boxes[1][1]
    values = [Fraction(x, y) for x in boxes[0] for y in boxes[1] if y]
    assert all(low <= value <= high for value in values)
    assert (low, high) == ((-math.inf, math.inf) if may_be_zero else (min(values), max(values)))


@given(terms([0]), SETS, st.integers(-8, 0), st.integers(0, 8))
def test_solving_for_a_variable_is_trying_every_value(term: Term, reals: Reals, low: int, high: int) -> None:
    if not set(variables(term)):
        return
    ranges = solve(term, 0, (low, high), reals, STEP)
    if ranges is None:
        return
    for n in range(low, high + 1):
        found = any((a is None or a <= n) and (b is None or n <= b) for a, b in ranges)
        assert found == (value_at(term, {0: n}) in reals)


@st.composite
def codici_fiscali(draw: st.DrawFn) -> str:
    """Make the code of a person: surname, name, a day of birth (40 more for a woman), a place, the control letter."""
    letters, born = draw(st.text("BCDFGLMNPRSTVZ", min_size=6, max_size=6)), draw(st.dates())
    day = born.day + draw(st.sampled_from([0, 40]))
    code = f"{letters}{born.year % 100:02}{'ABCDEHLMPRST'[born.month - 1]}{day:02}G273"
    return code + codicefiscale.calc_check_digit(code)


OPTIONS = ("alto", "basso", "medio alto")
VALUES: list[tuple[Tipo, st.SearchStrategy[Value]]] = [
    (Tipo("sì/no"), st.booleans()),
    (Tipo("scelta", options=OPTIONS), st.sampled_from(OPTIONS)),
    (Tipo("più scelte", options=OPTIONS), st.frozensets(st.sampled_from(OPTIONS))),
    *((Tipo(name), st.integers(-(10**9), 10**9)) for name in (*MONEY, "percentuale", "numero")),
    *((Tipo("numero", decimals=decimals), st.integers(-(10**9), 10**9)) for decimals in (1, 2, 6)),
    (Tipo("data"), st.integers(364_878, 3_652_059)),
    *((Tipo("durata", unit=unit), st.integers(0, 10**6)) for unit in ("giorni", "mesi", "anni")),
    (Tipo("testo"), st.sampled_from(["Palermo", "via dei Mille, 3"])),
    (Tipo("comune"), st.sampled_from(sorted(_register().codes))),
    (Tipo("codice fiscale"), codici_fiscali()),
]


@pytest.mark.parametrize(("tipo", "values"), VALUES, ids=[f"{t.name} {t.unit or t.decimals}" for t, _ in VALUES])
def test_what_a_tipo_writes_it_reads(tipo: Tipo, values: st.SearchStrategy[Value]) -> None:
    @settings(database=None)
    @given(values)
    def check(value: Value) -> None:
        assert tipo.parse(tipo.show(value)) == value
        assert tipo.from_json(tipo.to_json(value)) == value

    check()
