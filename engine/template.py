"""Templates: an amount as a function of the answers that enter its calculation.

Families that differ only in such answers (a rent, a number of hours) share the whole decision but for the
arithmetic: a template is made once, through the formulas of a case, and then only computes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from itertools import product
from operator import floordiv
from typing import Any

from engine.answers import Answers
from engine.case import Case
from engine.diagram import Diagram, Node, TooLarge, build
from engine.evaluation import Decided
from engine.formula import FALSE, TRUE, Formula
from engine.importo import ELSEWHERE, Importo
from engine.plain import NOT_DUE
from engine.servizio import Rounding, Servizio
from engine.term import Applied, Term, Unknown
from engine.term import variables as mentioned
from engine.worth import Outcome

#: More choices than this are left to the formulas.
MOST = 64
#: One cell for each thing that is not known: a campo, or what the law leaves open (`?` first).
Choices = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Template:
    """An amount: what it may be worth, and which of these worths differ by one thing that is not known.

    Worths are whole numbers, of which `unit` make one of the quantity; None is `non spetta`.
    """

    name: str
    inputs: tuple[str, ...]
    worths: Callable[..., tuple[int | None, ...]]
    unit: int
    pairs: tuple[tuple[str, int, int], ...]

    def importo(self, answers: Answers) -> Importo:
        """Return the amount for answers that hold all the inputs."""
        found = self.worths(*[answers.values[name] for name in self.inputs])
        numbers = [number for number in found if number is not None]
        subjects = {subject for subject, one, two in self.pairs if found[one] != found[two]}
        hypotheses = frozenset([subject[1:] for subject in subjects if subject[0] == "?"])
        missing = frozenset([subject for subject in subjects if subject[0] != "?"])
        low, high = min(numbers, default=0), max(numbers, default=0)
        ends = Fraction(low, self.unit), Fraction(high, self.unit)
        return Importo(self.name, *ends, missing, hypotheses, not_due=len(numbers) < len(found))


def templates(
    servizio: Servizio, on: date, answers: Answers, inputs: Collection[str], decided: Decided
) -> dict[str, Template | Importo] | None:
    """Return the amounts of the possible esiti: templates, as functions of the inputs, where they rest on any.

    None where one of them takes more than arithmetic on the inputs and a few choices: of the law, and of what the
    outcome lacks.
    """
    case = Case(servizio, on, without(answers, inputs))
    whole = Case(servizio, on, answers, formulas=case.formulas)
    among: dict[str, list[str]] = {}
    for esito in servizio.esiti:
        for name in esito.importi if esito.name in decided.possible else ():
            among.setdefault(name, []).append(esito.name)
    found: dict[str, Template | Importo] = {}
    try:
        for name, esiti in among.items():
            elsewhere = FALSE if len(decided.possible) == 1 else _elsewhere(whole, esiti)
            each = _template(case, name, inputs, elsewhere, family=bool(decided.missing))
            if each is None:
                return None
            found[name] = each if each.inputs else each.importo(answers)
    except TooLarge:
        return None
    return found


def _elsewhere(case: Case, esiti: Collection[str]) -> Formula:
    """Return when the outcome is none of some."""
    firsts = case.firsts()
    return case.formulas.negate(case.formulas.either(firsts[name] for name in esiti))


def _template(case: Case, name: str, inputs: Collection[str], elsewhere: Formula, *, family: bool) -> Template | None:
    """Return the template of an amount for a case in which the inputs were left out.

    Unless `family`, it may not depend on anything else that the family has not answered.
    """
    worths = case.worths(name)
    decisions: list[tuple[str | None, Formula]] = [(str(index), when) for index, (when, _) in enumerate(worths)]
    diagram = build(case.formulas, [(ELSEWHERE, elsewhere), *decisions, (None, TRUE)])
    variables = case.formulas.variables
    free = [variable for variable in variables if variable.number in diagram.support]
    if not all(variable.hypothesis or (family and variable.path not in inputs) for variable in free):
        return None
    if case.inexact or diagram.derived or any("/+" in variable.path for variable in variables):
        return None  # members that nobody has named count in two cases, each with names of its own
    chosen = _choices(diagram)
    terms = [worths[int(outcome)][1] for _, outcome in chosen]
    counted = {n for term in terms if isinstance(term, Unknown | Applied) for n in mentioned(term)}
    used = {number: variables[number].path for number in sorted(counted) if variables[number].path in inputs}
    codes = [_worth(term, used) for term in terms]
    written = [code for code in codes if code is not None]
    if not chosen or len(written) < len(codes):
        return None
    each = list(dict.fromkeys(written))
    pairs = _pairs([choices for choices, _ in chosen], [each.index(code) for code in written])
    computed, unit = _function(each, used)
    return Template(name, tuple(used.values()), computed, unit, tuple(pairs))


def without(answers: Answers, names: Collection[str]) -> Answers:
    """Return the answers without some."""
    return replace(answers, values={name: value for name, value in answers.values.items() if name not in names})


def _choices(diagram: Diagram) -> list[tuple[Choices, str]]:
    """Return every choice with the case of the amount to which it leads, if it does; nothing if they are too many."""
    levels = [index for index, level in enumerate(diagram.levels) if set(level.variables) & diagram.support]
    known = [diagram.formulas.variables[diagram.levels[index].variables[0]] for index in levels]
    subjects = ["?" + variable.subject if variable.hypothesis else variable.subject for variable in known]
    sizes = [len(diagram.levels[index].cells) for index in levels]
    found: list[tuple[Choices, str]] = []
    for cells in product(*map(range, sizes)) if math.prod(sizes) <= MOST else ():
        outcome = _walk(diagram.root, dict(zip(levels, cells, strict=True)))
        found += [] if outcome == ELSEWHERE else [(tuple(zip(subjects, cells, strict=True)), outcome)]
    return found


def _walk(node: Node, at: Mapping[int, int]) -> str:
    while node.kids:
        node = node.kids[at[node.level]]
    assert node.outcome is not None
    return node.outcome


def _pairs(chosen: Sequence[Choices], worths: Sequence[int]) -> dict[tuple[str, int, int], None]:
    """Return the pairs of worths to which choices lead that differ in one thing only."""
    found: dict[tuple[str, int, int], None] = {}
    for one, first in enumerate(chosen):
        for two, second in enumerate(chosen[:one]):
            differ = {a[0] for a, b in zip(first, second, strict=True) if a != b}
            if len(differ) == 1 and worths[one] != worths[two]:
                found[differ.pop(), worths[two], worths[one]] = None
    return found


#: A term as Python over `v<variable>`: a whole number, and how many of it make one of the quantity.
Code = tuple[str, int]


def _function(codes: Sequence[Code], used: Mapping[int, str]) -> tuple[Callable[..., Any], int]:
    """Return the function of the inputs that computes all the worths, and the unit that they share."""
    texts, unit = _alike(codes)
    arguments = ", ".join(f"v{number}" for number in used)
    names = {"min": min, "max": max, "__builtins__": {}, **_WAYS}
    return eval(f"lambda {arguments}: ({''.join(f'{text}, ' for text in texts)})", names), unit  # noqa: S307  # made here


def _worth(worth: Outcome, used: Collection[int]) -> Code | None:
    """Write what an amount is worth; None if that takes more than arithmetic on the inputs."""
    if isinstance(worth, (Fraction, Unknown, Applied)):
        return _code(worth, used)
    return ("None", 0) if worth is NOT_DUE else None


def _code(term: Term, used: Collection[int]) -> Code | None:
    """Write a term; None if it rests on another variable, on the calendar, or divides by what is not known."""
    match term:
        case Unknown(variable, quantum):
            return (f"v{variable} * {quantum.numerator}", quantum.denominator) if variable in used else None
        case Applied():
            codes = [code for part in term.parts if (code := _code(part, used)) is not None]
            return _applied(term, codes) if len(codes) == len(term.parts) else None
    return str(term.numerator), term.denominator


def _applied(term: Applied, codes: Sequence[Code]) -> Code | None:
    match term:
        case Applied("*"):
            return _product(*codes)
        case Applied("/", (_, Fraction() as divisor)) if divisor:
            return _product(codes[0], (str((1 / divisor).numerator), (1 / divisor).denominator))
        case Applied("arrotonda", _, Rounding(step, way)):
            ((text, unit),) = codes
            return f"{way}(({text}) * {step.denominator}, {unit * step.numerator}) * {step.numerator}", step.denominator
        case Applied("+" | "-"):
            texts, unit = _alike(codes)
            return f" {term.operator} ".join(texts), unit
        case Applied("min" | "max"):
            texts, unit = _alike(codes)
            return f"{term.operator}(({', '.join(texts)},))", unit
    return None


def _product(one: Code, two: Code) -> Code:
    return f"({one[0]}) * ({two[0]})", one[1] * two[1]


def _alike(codes: Sequence[Code]) -> tuple[list[str], int]:
    """Return what is written in one unit."""
    unit = math.lcm(*(each for _, each in codes if each))
    return [f"({text}) * {unit // each}" if each else text for text, each in codes], unit


def _nearest(number: int, step: int) -> int:
    """Return how many steps are nearest, halves away from zero."""
    return (2 * abs(number) + step) // (2 * step) * (1 if number >= 0 else -1)


#: The ways of rounding, on whole numbers.
_WAYS = {"vicino": _nearest, "difetto": floordiv, "eccesso": lambda number, step: -(-number // step)}
