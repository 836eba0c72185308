"""Worths: what a name may be worth in a case, and when it meets a comparison."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import product

from engine.diagram import TooLarge
from engine.formula import FALSE, TRUE, Choice, Formula, Formulas, Steps, Variable
from engine.interval import compared
from engine.plain import INAPPLICABLE, NOT_DUE, Special, holds
from engine.term import Applied, Term, Unknown, apply
from engine.tipo import Tipo

#: Beyond this many the cases of a calcolo are not told apart one by one.
MOST_CASES = 2_000

#: What a name may be worth: a term, a variable that is not ordered, a known nominal value, or a Special.
Outcome = Term | Variable | bool | str | frozenset[str] | Special
#: What a name may be worth, and when; the formulas exclude each other and one always holds.
Worths = list[tuple[Formula, Outcome]]


def compare(formulas: Formulas, comparator: str, worth: Outcome, values: list[Outcome], text: str) -> Formula:
    """Return when a worth meets a comparator with those values; `text` is the line that says so."""
    if isinstance(worth, (Fraction, Unknown, Applied)):
        numbers = [value for value in values if isinstance(value, Fraction)]
        if len(numbers) == len(values):
            return formulas.compare(worth, compared(comparator, tuple(numbers)))
        return _compare_terms(formulas, comparator, worth, values)
    if any(isinstance(value, Variable) for value in values):
        return _compare_unknown(formulas, comparator, worth, values, text)
    if isinstance(worth, Variable):
        accepted = {v for value in values for v in (value if isinstance(value, frozenset) else [value])}
        known = frozenset(v for v in accepted if isinstance(v, (str, bool)))
        return formulas.test(worth, Choice(known, not comparator.startswith("non ")))
    return (
        TRUE
        if holds(comparator, worth, tuple(v for v in values if not isinstance(v, (Variable, Unknown, Applied))))
        else FALSE
    )


def _compare_terms(formulas: Formulas, comparator: str, worth: Term, values: list[Outcome]) -> Formula:
    """Compare with terms through the sign of the difference."""
    terms = [value for value in values if isinstance(value, (Fraction, Unknown, Applied))]
    differences = [apply("-", (worth, term)) for term in terms]
    zero = (Fraction(0),)
    if comparator == "tra":
        ends = zip(differences, ("almeno", "al massimo"), strict=True)
        return formulas.both(formulas.compare(d, compared(c, zero)) for d, c in ends)
    if comparator.endswith("uno di"):
        each = formulas.either(formulas.compare(d, compared("è", zero)) for d in differences)
        return formulas.negate(each) if comparator.startswith("non ") else each
    if len(differences) < len(values):
        return TRUE if comparator == "non è" else FALSE
    return formulas.compare(differences[0], compared(comparator, zero))


def _compare_unknown(formulas: Formulas, comparator: str, worth: Outcome, values: list[Outcome], text: str) -> Formula:
    """Compare with nominal values of which the law leaves some unknown."""
    found = []
    for value in values:
        if not isinstance(value, Variable):
            found.append(compare(formulas, "è", worth, [value], text))
        elif not isinstance(worth, Variable):
            found.append(formulas.test(value, Choice(frozenset({worth}))) if isinstance(worth, str) else FALSE)
        elif worth.unlisted or value.unlisted:
            found.append(guess(formulas, f"{worth.path}:{text}", f"{value.path}:{text}"))
        else:
            each = [frozenset({option}) for option in worth.values]
            pairs = [(formulas.test(worth, Choice(o)), formulas.test(value, Choice(o))) for o in each]
            found.append(formulas.either(formulas.both(pair) for pair in pairs))
    equal = formulas.either(found)
    return formulas.negate(equal) if comparator.startswith("non ") else equal


def guess(formulas: Formulas, *paths: str) -> Formula:
    """Return a test that may turn out either way, and that rests on all the subjects of the paths."""
    formulas.inexact = True
    guess = FALSE
    for path in paths:
        variable = formulas.variable(path, Tipo("sì/no"), values=(False, True))
        yes = formulas.test(variable, Choice(frozenset({True})))
        no = formulas.negate(yes)
        negated = formulas.negate(guess)
        guess = formulas.either([formulas.both([guess, no]), formulas.both([negated, yes])])
    return guess


def definite(worth: object) -> Outcome:
    """Narrow what a value is worth, when it cannot be unknown."""
    assert worth is not None
    return worth  # type: ignore[return-value]


def applied(operator: str, worths: list[Outcome]) -> Outcome:
    """Apply an operator; «non si applica» rules over «non spetta», and both over numbers."""
    if INAPPLICABLE in worths or NOT_DUE in worths:
        return INAPPLICABLE if INAPPLICABLE in worths else NOT_DUE
    return apply(operator, tuple(w for w in worths if isinstance(w, (Fraction, Unknown, Applied))))


def added(total: Outcome, worth: Outcome) -> Outcome:
    """Add what a member is worth to a total; what does not apply adds nothing."""
    if worth is INAPPLICABLE:
        return total
    if NOT_DUE in (total, worth):
        return NOT_DUE
    return applied("+", [total, worth]) if worth != 0 else total


def merged(worths: Iterable[tuple[Formula, Outcome]], formulas: Formulas) -> Worths:
    """Join the cases that are worth the same, dropping those that cannot be."""
    by_worth: dict[Outcome, list[Formula]] = {}
    for when, worth in worths:
        if when is not FALSE:
            by_worth.setdefault(worth, []).append(when)
    return [(formulas.either(found), worth) for worth, found in by_worth.items()]


def alternatives(formulas: Formulas, path: str, values: Sequence[object]) -> Worths:
    """Return what a value of the law may be worth, each behind its hypothesis when they are several."""
    if len(values) == 1:
        return [(TRUE, definite(values[0]))]
    variable = formulas.variable(path, Tipo("numero"), low=0, high=len(values) - 1)
    tests = [formulas.test(variable, Steps(((i, i),))) for i in range(len(values))]
    return [(test, definite(value)) for test, value in zip(tests, values, strict=True)]


def totals(formulas: Formulas, rows: Sequence[Formula], weights: Sequence[Worths]) -> Worths:
    """Return the totals to which the rows that match may sum, each with when they do; raise TooLarge beyond reason."""
    numbers: list[tuple[Formula, Fraction]] = []
    others: list[Worths] = []
    for row, weight in zip(rows, weights, strict=True):
        parts = [(formulas.both([row, when]), worth) for when, worth in weight]
        if all(isinstance(worth, Fraction) for _, worth in parts):
            numbers += [(when, w) for when, w in parts if isinstance(w, Fraction) and when is not FALSE]
        else:
            others.append([*parts, (formulas.negate(row), Fraction(0))])
    reached = {Fraction(0)}
    for when, weight_of_row in numbers:
        reached = {total + weight_of_row for total in reached} | (set() if when is TRUE else reached)
        if len(reached) > MOST_CASES:
            raise TooLarge
    found: Worths = [(formulas.points(numbers, compared("è", (total,))), total) for total in sorted(reached)]
    for other in others:
        pairs = product(found, other)
        found = merged(((formulas.both([a, b]), added(x, y)) for (a, x), (b, y) in pairs), formulas)
    return found
