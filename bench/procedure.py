"""Procedure: one step through the worker and through the fixpoint, and the clock of one file."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from api.procedure.steps import DURABLE_RULES, Steps
from bench.timing import Times, compare, once
from engine.__main__ import holidays_of_palermo
from engine.clock import Happening, clock
from engine.effects import step
from engine.procedura import STATES, Procedura, canonical
from engine.rulebook import Rulebook

WORKER, FIXPOINT, CLOCK = "un passo con durable-rules", "un passo con il punto fisso", "i termini di una pratica"
FILES = 200
START = date(2026, 3, 1)

Given = tuple[Procedura, frozenset[str], list[Happening]]


def files(rulebook: Rulebook) -> list[Given]:
    """Return files with some of what may happen to them, each event on its day."""
    random, found = Random(5), list[Given]()
    for _ in range(FILES):
        procedura = random.choice(list(rulebook.procedure.values()))
        names = [name for name in procedura.eventi if random.random() < 0.5]
        days = [Happening(START + timedelta(days=random.randrange(90)), name) for name in names]
        states = {canonical(state) for state in STATES if random.random() < 0.5}
        found.append((procedura, frozenset({*names, *states}), days))
    return found


def measure(rulebook: Rulebook) -> tuple[dict[str, Times], float, bool]:
    """Return the times, the seconds that a worker takes to start and answer, and whether it was the library."""
    given, follow, holidays = files(rulebook), Steps(), holidays_of_palermo()
    (procedura, facts, _), today = given[0], START + timedelta(days=60)
    started = once(lambda: follow(procedura, facts))
    assert all(follow(each, known) == step(each, known) for each, known, _ in given)
    times = compare(
        {
            WORKER: (lambda each: follow(each[0], each[1]), given),
            FIXPOINT: (lambda each: step(each[0], each[1]), given),
            CLOCK: (lambda each: clock(each[0], each[2], today, holidays), given),
        }
    )
    served = follow.engine == DURABLE_RULES and not follow.fallbacks
    follow.close()
    return times, started, served
