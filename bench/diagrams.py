"""Diagrams: how many nodes and how long, for the real services and for random rules of growing size."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date

from bench.timing import once
from engine.answers import Answers
from engine.case import Case
from engine.diagram import BUDGET, Diagram, TooLarge, build
from engine.formula import TRUE, Formula, Formulas, Steps
from engine.servizio import Servizio
from engine.tipo import Tipo

SIZES = ((15, 8, 3), (25, 12, 3), (40, 20, 4), (60, 30, 4))
SEEDS = 8


@dataclass(frozen=True, slots=True)
class Size:
    """The nodes of a diagram (None beyond the budget) and the seconds to build it."""

    nodes: int | None
    seconds: float


def days(servizio: Servizio) -> list[date]:
    """Return a day in each stretch in which the parametri of a service do not change."""
    starts = {period.since for parametro in servizio.parametri.values() for period in parametro.periods}
    first = max((p.periods[0].since for p in servizio.parametri.values() if p.periods), default=servizio.since)
    first = max(first, servizio.since)
    return sorted({first, *(day for day in starts if day > first and servizio.in_force(day))})


def real(servizio: Servizio, on: date) -> Size:
    """Build the diagram of a service on a day, with nothing answered."""

    def make() -> Diagram:
        case = Case(servizio, on, Answers())
        return build(case.formulas, case.esiti())

    return _size(make)


def random_rules(campi: int, requisiti: int, esiti: int) -> list[Size]:
    """Build the diagrams of random rules: cells, leaves and shapes as in the first feasibility study."""
    return [_random(random.Random(seed), campi, requisiti, esiti) for seed in range(SEEDS)]


def _random(chance: random.Random, campi: int, requisiti: int, esiti: int) -> Size:
    formulas = Formulas()
    cells = [chance.choice([2, 2, 2, 3, 4, 8]) for _ in range(campi)]
    for number, count in enumerate(cells):
        formulas.variable(f"campo_{number}", Tipo("numero"), low=0, high=count - 1)
    rules = [_requisito(formulas, cells, chance) for _ in range(requisiti)]
    decisions: list[tuple[str | None, Formula]] = [
        (f"esito_{n}", formulas.both(chance.sample(rules, chance.randint(2, requisiti - 2)))) for n in range(esiti)
    ]
    return _size(lambda: build(formulas, [*decisions, ("altrimenti", TRUE)]))


def _requisito(formulas: Formulas, cells: list[int], chance: random.Random) -> Formula:
    def leaf() -> Formula:
        number = chance.randrange(len(cells))
        cut = chance.randint(1, cells[number] - 1)
        inside = (0, cut - 1) if chance.random() < 0.5 else (cut, cells[number] - 1)
        return formulas.test(formulas.variables[number], Steps((inside,)))

    draw, leaves = chance.random(), [leaf() for _ in range(chance.randint(1, 5))]
    if draw < 0.35:
        return formulas.both(leaves)
    if draw < 0.7:
        return formulas.either(leaves)
    return formulas.either([leaf(), formulas.both([leaf(), leaf()]), leaf()])


def _size(make: object) -> Size:
    found: list[int | None] = []

    def run() -> None:
        try:
            found.append(make().size)  # type: ignore[operator]
        except TooLarge:
            found.append(None)

    seconds = once(run)
    return Size(found[0], seconds)


__all__ = ["BUDGET", "SEEDS", "SIZES", "Size", "days", "random_rules", "real"]
