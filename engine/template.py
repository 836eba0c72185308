"""Templates: an amount as a function of the answers that enter its calculation.

Families that differ only in such answers (a rent, a number of hours) share the whole decision but for the
arithmetic: a template is made once, through the formulas of a case, and then only computes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import product
from typing import Any

from engine.answers import Answers
from engine.case import Case
from engine.diagram import Diagram, Node, TooLarge, build
from engine.formula import TRUE, Formula
from engine.importo import Importo
from engine.plain import NOT_DUE, Special, quantity, rounded
from engine.term import Applied, Term, Unknown
from engine.tipo import Tipo
from engine.worth import Outcome

#: More hypotheses of the law than this are left to the formulas.
MOST = 64
Number = Callable[..., Fraction]
#: One choice for each thing that the law leaves open: what it is about, and which of its cells.
Choices = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Template:
    """An amount: what it is worth under each choice of the law, and which pairs of choices differ in one thing."""

    name: str
    inputs: tuple[tuple[str, Tipo], ...]
    worths: tuple[Number | None, ...]
    pairs: tuple[tuple[str, int, int], ...]

    def importo(self, answers: Answers) -> Importo:
        """Return the amount for answers that hold all the inputs; None among the worths is `non spetta`."""
        values = [quantity(tipo, answers.values[name]) for name, tipo in self.inputs]  # type: ignore[arg-type]
        found = [worth(*values) if worth else None for worth in self.worths]
        numbers = [number for number in found if number is not None]
        hypotheses = frozenset(subject for subject, one, two in self.pairs if found[one] != found[two])
        low, high = min(numbers, default=Fraction(0)), max(numbers, default=Fraction(0))
        return Importo(self.name, low, high, hypotheses=hypotheses, not_due=len(numbers) < len(found))


def template(case: Case, name: str, inputs: Sequence[str]) -> Template | None:
    """Return the template of an amount for a case in which the inputs, and nothing else, were left out.

    None where the amount takes more than arithmetic on the inputs and choices of the law.
    """
    try:
        worths = case.worths(name)
        decisions: list[tuple[str | None, Formula]] = [(str(index), when) for index, (when, _) in enumerate(worths)]
        diagram = build(case.formulas, [*decisions, (None, TRUE)])
    except TooLarge:
        return None
    used = {variable.path: variable.number for variable in case.formulas.variables if variable.path in inputs}
    chosen = _choices(case, diagram)
    if case.inexact or chosen is None:
        return None
    each = [_number(worths[int(outcome)][1], [*used.values()]) for _, outcome in chosen]
    if any(found is _NONE for found in each):
        return None
    tipi = tuple((campo, case.servizio.campi[campo].tipo) for campo in used)
    return Template(name, tipi, tuple(each), tuple(_pairs([choices for choices, _ in chosen])))


def without(answers: Answers, names: Sequence[str]) -> Answers:
    """Return the answers without some."""
    return replace(answers, values={name: value for name, value in answers.values.items() if name not in names})


def _choices(case: Case, diagram: Diagram) -> list[tuple[Choices, str]] | None:
    """Return every choice of the law with the case of the amount to which it leads; None if answers matter too."""
    levels = [diagram.levels.index(level) for level in diagram.levels if set(level.variables) & diagram.support]
    known = [case.formulas.variables[diagram.levels[index].variables[0]] for index in levels]
    if diagram.derived or not all(variable.hypothesis for variable in known):
        return None
    sizes = [range(len(diagram.levels[index].cells)) for index in levels]
    found: list[tuple[Choices, str]] = []
    for cells in product(*sizes):
        at = dict(zip(levels, cells, strict=True))
        outcome = _walk(diagram.root, at)
        if outcome is None or len(found) == MOST:
            return None
        found.append((tuple((v.subject, cell) for v, cell in zip(known, cells, strict=True)), outcome))
    return found


def _walk(node: Node, at: Mapping[int, int]) -> str | None:
    while node.kids:
        node = node.kids[at[node.level]]
    return node.outcome


def _pairs(chosen: list[Choices]) -> list[tuple[str, int, int]]:
    """Return the pairs of choices that differ only in what one parametro may be."""
    found: list[tuple[str, int, int]] = []
    for one, first in enumerate(chosen):
        for two, second in enumerate(chosen[:one]):
            differ = {a[0] for a, b in zip(first, second, strict=True) if a != b}
            found += [(differ.pop(), two, one)] if len(differ) == 1 else []
    return found


class _None:
    """What no template can compute."""


_NONE = _None()


def _number(worth: Outcome, numbers: list[int]) -> Any:
    """Return the worth as a function of the inputs, None if it is not due, _NONE if it takes something else."""
    if isinstance(worth, Special):
        return None if worth is NOT_DUE else _NONE
    names: dict[str, Any] = {"min": min, "max": max, "__builtins__": {}}
    text = _code(worth, numbers, names) if isinstance(worth, (Fraction, Unknown, Applied)) else ""
    if not text:
        return _NONE
    arguments = ", ".join(f"v{number}" for number in numbers)
    return eval(f"lambda {arguments}: {text}", names)  # noqa: S307  # made here of numbers and names of our own


def _code(term: Term, numbers: list[int], names: dict[str, Any]) -> str:
    """Write a term as Python over `v<variable>`; nothing if it rests on another variable or on the calendar."""
    match term:
        case Unknown():
            return f"v{term.variable}" if term.variable in numbers else ""
        case Applied():
            parts = [_code(part, numbers, names) for part in term.parts]
            divides = term.operator == "/" and not isinstance(term.parts[1], Fraction)
            return "" if divides or not all(parts) else _applied(term, parts, names)
    name = f"k{len(names)}"
    names[name] = term
    return name


def _applied(term: Applied, parts: list[str], names: dict[str, Any]) -> str:
    if term.operator in ("+", "-", "*", "/"):
        return "(" + f" {term.operator} ".join(parts) + ")"
    if term.operator in ("min", "max"):
        return f"{term.operator}({', '.join(parts)})" if len(parts) > 1 else parts[0]
    if term.operator == "arrotonda":
        assert term.rounding is not None
        name = f"r{len(names)}"
        names[name] = partial(rounded, rounding=term.rounding)
        return f"{name}({parts[0]})"
    return ""


def templates(case: Case, names: Sequence[str], inputs: Sequence[str]) -> dict[str, Template] | None:
    """Return the templates of some amounts; None if one of them has none."""
    found = {name: template(case, name, inputs) for name in names}
    return None if None in found.values() else {name: each for name, each in found.items() if each is not None}
