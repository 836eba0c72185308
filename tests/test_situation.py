"""The memory of decisions gives what evaluate gives, and families in one situation share it."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest

from engine.answers import Answers, Elenco
from engine.evaluation import NotInForce, evaluate
from engine.situation import Memory, situations
from tests.generator import ON, assembled, family, service
from tests.test_compiled import random_answers
from tests.test_evaluation import rulebook, versions

SERVICES, FAMILIES = 120, 30


def test_random_services_remember_what_they_would_say() -> None:
    """Thirty families each, near the constants of the rules: the memory never tells another story."""
    shared = 0
    for seed in range(SERVICES):
        found = assembled(service(seed))
        servizio, chance, memory = replace(found, order=tuple(found.campi)), random.Random(seed), Memory()  # noqa: S311
        for _ in range(FAMILIES):
            answers = family(servizio, chance, chance.choice((1, 20, 100)))
            assert memory.evaluate(servizio, answers, ON) == evaluate(servizio, answers, ON), seed
        shared += memory.hits
    assert shared > SERVICES * FAMILIES / 4


@pytest.mark.parametrize("name", rulebook().servizi)
def test_real_services_remember_what_they_would_say(name: str) -> None:
    servizio, memory, chance = rulebook().servizi[name][-1], Memory(), random.Random(name)  # noqa: S311
    for on in (date(2024, 12, 31), date(2025, 6, 1)):
        for _ in range(60):
            answers = Answers(random_answers(servizio.campi, servizio, on, chance))
            assert memory.evaluate(servizio, answers, on) == evaluate(servizio, answers, on)


def test_amounts_that_no_rule_tells_apart_are_one_situation() -> None:
    servizio, memory = rulebook().servizi["tirocinio"][-1], Memory()
    on = date(2024, 3, 1)
    for isee in (500_000, 600_000, 935_999):
        memory.evaluate(servizio, Answers({"isee": isee}), on)
    assert (memory.hits, memory.asked) == (4, 6)
    memory.evaluate(servizio, Answers({"isee": 936_000}), on)
    assert memory.hits == 4


def test_a_day_out_of_force_is_told() -> None:
    with pytest.raises(NotInForce):
        Memory().evaluate(rulebook().servizi["tirocinio"][-1], Answers(), date(2019, 1, 1))


def test_the_oldest_are_forgotten() -> None:
    servizio, memory, on = rulebook().servizi["tirocinio"][-1], Memory(size=2), date(2024, 3, 1)
    first, second = Answers({"isee": 1}), Answers({"isee": 2_000_000})
    for answers in (first, second, first):
        memory.evaluate(servizio, answers, on)
    assert memory.hits == 0


def test_every_version_has_its_cuts() -> None:
    for servizio in versions():
        found = situations(servizio, servizio.since, outcome=True, amounts=True)
        assert {name for name, _ in (*found.campi, *found.elenchi)} <= {*servizio.campi}
        assert found.of(Answers()) == found.of(Answers({"assente": 3}))
        for name, _ in found.elenchi:
            assert found.of(Answers({name: Elenco(True, {})})) != found.of(Answers({name: Elenco(False, {})}))
