"""The memory of decisions gives what evaluate gives, and families in one situation share it."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest

from engine.answers import Answers, Elenco
from engine.diagram import TooLarge
from engine.esempi import run_esempi
from engine.evaluation import NotInForce, evaluate
from engine.situation import Memory, situations
from tests.chance import tenths
from tests.generator import ON, assembled, family, service
from tests.small import small
from tests.test_compiled import random_answers
from tests.test_evaluation import rulebook, versions

#: Rare among them are a test of the other day (73) and an amount that takes something else (32).
SEEDS, FAMILIES = sorted({*range(tenths(120)), 32, 73}), 30


def test_random_services_remember_what_they_would_say() -> None:
    """Thirty families each, near the constants of the rules: the memory never tells another story."""
    shared = 0
    for seed in SEEDS:
        found = assembled(service(seed))
        servizio, chance, memory = replace(found, order=tuple(found.campi)), random.Random(seed), Memory()
        for _ in range(FAMILIES):
            answers = family(servizio, chance, chance.choice((1, 20, 100)))
            assert memory.evaluate(servizio, answers, ON) == evaluate(servizio, answers, ON), seed
        shared += memory.hits
    assert shared > len(SEEDS) * FAMILIES / 4


@pytest.mark.parametrize("name", rulebook().servizi)
def test_real_services_remember_what_they_would_say(name: str) -> None:
    servizio, memory, chance = rulebook().servizi[name][-1], Memory(), random.Random(name)
    for on in (date(2024, 12, 31), date(2025, 6, 1)):
        for _ in range(tenths(60)):
            answers = Answers(random_answers(servizio.campi, servizio, on, chance))
            assert memory.evaluate(servizio, answers, on) == evaluate(servizio, answers, on)


def test_amounts_that_no_rule_tells_apart_are_one_situation() -> None:
    servizio, memory = rulebook().servizi["tirocinio"][-1], Memory()
    on = date(2024, 3, 1)
    for isee in (500_000, 600_000, 935_999):
        memory.evaluate(servizio, Answers({"isee": isee}), on)
    assert (memory.hits, memory.asked) == (6, 9)
    memory.evaluate(servizio, Answers({"isee": 936_000}), on)
    assert memory.hits == 6


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


CALENDAR = """
vocabolario:
  nascita:
    tipo: data
  giorno_della_decisione:
    tipo: data
  casa:
    tipo: sì/no
  spesa:
    tipo: euro
    minimo: 0 €
parametri:
PARAMETRI
servizio:
  calcoli:
    anni:
      calcolo: anni_compiuti(nascita; giorno della decisione)
    giorni_prima:
      calcolo: mesi_tra(nascita; giorno della domanda)
    totale:
      calcolo: SUM
      arrotonda: al centesimo
  requisiti:
    r:
      se: casa è sì
  esiti:
    spetta:
      richiede:
        - r
      importi:
        - anni
        - giorni_prima
        - totale
      fonte: prova
    no:
      altrimenti: sì
      fonte: prova
"""
PARAMETRO = """  p{0}:
    titolo: p{0}
    tipo: numero
    valori:
      dal 01/01/2020:
        valore: 1 oppure {1}
        fonte: prova
"""


def many(count: int) -> str:
    """Return the service with that many things that the law leaves open in one amount."""
    text = CALENDAR.replace("PARAMETRI\n", "".join(PARAMETRO.format(n, n + 2) for n in range(count)))
    return text.replace("SUM", " + ".join(["spesa", *(f"spesa * p{n}" for n in range(count))]))


@pytest.mark.parametrize("count", [1, 2, 7])
def test_amounts_that_are_more_than_arithmetic_are_not_lost(count: int) -> None:
    """The calendar, and more choices of the law than a template holds, go through the formulas as ever."""
    servizio, memory = small(many(count)), Memory()
    for born, decided in ((700_000, 738_000), (700_001, 738_001), (700_001, None)):
        for spent in (12_345, 99, None):
            values = {"nascita": born, "giorno_della_decisione": decided, "spesa": spent, "casa": True}
            answers = Answers({name: value for name, value in values.items() if value is not None})
            assert memory.evaluate(servizio, answers, ON) == evaluate(servizio, answers, ON)


OPEN = """
vocabolario:
  canone:
    tipo: euro
  reddito:
    tipo: euro
    minimo: 0 €
  casa:
    tipo: sì/no
  persone:
    tipo: elenco
    voce: persona
    massimo: 3
    campi:
      lavora:
        tipo: sì/no
      paga:
        tipo: euro
parametri:
  soglia:
    titolo: soglia
    tipo: euro
    valori:
      dal 01/01/2020:
        valore: 50 € oppure 100 € oppure 200 €
        fonte: prova
  quota:
    titolo: quota
    tipo: percentuale
    valori:
      dal 01/01/2020:
        valore: 33,3% oppure 50%
        fonte: prova
  tetto:
    titolo: tetto
    tipo: euro
    valori:
      dal 01/01/2020:
        valore: ignoto
        fonte: prova
servizio:
  definizioni:
    una_lavora:
      se:
        almeno un persona con:
          - lavora è sì
  calcoli:
    annuo:
      calcolo: canone * 12 / 5
    contributo:
      calcolo: max(canone * quota - 1,5 €; 0 €)
      arrotonda: all'euro per difetto
    fisso:
      calcolo: min(50 €; 100 € * quota)
      arrotonda: all'euro per eccesso
    resto:
      calcolo: (reddito - canone + soglia) / 7
      arrotonda: al centesimo
    molto:
      CALCOLO
  requisiti:
    modesto:
      se: annuo REQUISITO soglia
    abita:
      se: casa è sì
    lavoro:
      se: una_lavora è sì
  esiti:
    spetta:
      richiede:
        - modesto
        - abita
        - lavoro
      importi:
        - contributo
        - resto
        - molto
      fonte: prova
    ridotto:
      richiede:
        - abita
      importi:
        - contributo
        - fisso
      fonte: prova
    no:
      altrimenti: sì
      fonte: prova
"""


def open_family(chance: random.Random) -> Answers:
    """Return a family near the thresholds of the service, with few things unknown."""
    values = {
        "canone": chance.choice((-305, 0, 1, 33_33, 41_66, 41_67, 83_33, 83_34, 99_999)),
        "reddito": chance.choice((0, 7, 50_00, 123_45)),
        "casa": chance.choice((True, True, True, False)),
        "persone": Elenco(
            chance.random() < 0.9,
            {
                name: {n: v for n, v in (("lavora", chance.choice((True, False, None))), ("paga", 3)) if v is not None}
                for name in chance.sample(("ada", "ivo", "pia"), chance.randrange(4))
            },
        ),
    }
    return Answers({name: value for name, value in values.items() if chance.random() < 0.95})


@pytest.mark.parametrize("comparator", ["al massimo", "più di"])
@pytest.mark.parametrize(
    "worth",
    ["canone * 2", "min(canone; tetto)", "canone / max(reddito; 1 €)", "somma(persone; paga) + canone"],
)
def test_amounts_of_several_outcomes(comparator: str, worth: str) -> None:
    """What the law leaves open, and what the family has not said, in the outcome and in its amounts."""
    text = OPEN.replace("CALCOLO", f"calcolo: {worth}\n      arrotonda: al centesimo").replace("REQUISITO", comparator)
    servizio, memory, chance = small(text), Memory(), random.Random(worth)
    for _ in range(200):
        answers = open_family(chance)
        assert memory.evaluate(servizio, answers, ON) == evaluate(servizio, answers, ON)
    assert memory.hits > memory.asked / 4


def test_an_amount_too_large_for_a_diagram_has_no_template(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_large(*_: object) -> None:
        raise TooLarge

    servizio, memory = rulebook().servizi["contributo-autonomia"][-1], Memory()
    answers = next(run_esempi(servizio)).evaluation.answers
    expected = evaluate(servizio, answers, date(2024, 3, 1))
    monkeypatch.setattr("engine.template.build", too_large)
    assert memory.evaluate(servizio, answers, date(2024, 3, 1)) == expected
