"""Steps: whoever follows them, answer by answer, arrives where the rules decide; every sentence of theirs is said."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import islice

import pytest

from engine import steps as module
from engine.evaluation import NotInForce, evaluate
from engine.messages import SENTENCES, sentence
from engine.rulebook import read_rulebook
from engine.servizio import Servizio
from engine.steps import Decision, steps_of
from tests.chance import tenths
from tests.generator import ON, assembled, family, service
from tests.oracle import Oracle
from tests.small import small
from tests.test_data import VERSIONS
from tests.test_diagram import GOOD, SPANS, interleaved
from tests.test_lingua import FILES, rulebook_files
from tests.walker import Walker

SEEDS = tenths(150)
#: So many random services are needed to say everything.
ENOUGH = 150
FAMILIES = 25


def decisions(seeds: int = SEEDS) -> Iterator[tuple[int, Decision]]:
    """Yield the steps of random services."""
    for seed in range(seeds):
        decision = steps_of(assembled(service(seed)), ON)
        if decision is not None:
            yield seed, decision


def test_the_steps_decide_what_the_rules_decide() -> None:
    """Of every completion of random families of random services, what the law leaves open included."""
    exact = walked = 0
    for seed, decision in decisions():
        chance = random.Random(seed)
        oracle = Oracle(decision.servizio, ON, family(decision.servizio, chance, FAMILIES))
        if not oracle.complete:
            continue
        for world in islice(oracle.worlds, FAMILIES):
            found = Walker(decision, world, law_open=False).reached()
            walked += 1
            exact += len(found) == 1
            assert world.outcome() in found, seed
    assert walked >= 6 * SEEDS
    assert exact / walked > 0.85


def test_with_the_law_left_open_the_steps_reach_what_an_evaluation_calls_possible() -> None:
    compared = 0
    for seed, decision in decisions():
        oracle = Oracle(decision.servizio, ON, family(decision.servizio, random.Random(seed), FAMILIES))
        for world in islice(oracle.worlds, 4):
            evaluation = evaluate(decision.servizio, world.answers, ON)
            walker = Walker(decision, world, law_open=True)
            found = walker.reached()
            assert set(evaluation.possible) <= found, seed
            if evaluation.exact and decision.exact and not walker.freer:
                compared += 1
                assert set(evaluation.possible) == found, seed
    assert compared >= SEEDS


REAL = [pytest.param(version, day, id=f"{version.name} {day}") for version in VERSIONS for day in (
    version.since, *(p.since for parametro in version.parametri.values() for p in parametro.periods[1:])
) if version.in_force(day)]  # fmt: skip


@pytest.mark.parametrize(("version", "day"), REAL)
def test_the_esempi_of_the_real_rules_follow_the_steps(version: Servizio, day: date) -> None:
    """A complete esempio ends where its outcome is; one that is not ends at least there."""
    decision = steps_of(version, day)
    assert decision is not None
    shape(decision)
    assert set(decision.outcomes) == {answer.esito for step in decision.steps for answer in step.answers} - {""}


def shape(decision: Decision) -> None:
    """Check that steps only lead on, say different things, and lose no cell but those that nobody is in."""
    numbers = [step.number for step in decision.steps]
    assert numbers == list(range(1, len(numbers) + 1))
    led = {answer.step for step in decision.steps for answer in step.answers}
    assert led - {0} == set(numbers[1:])
    for step in decision.steps:
        assert step.question
        words = [answer.words for answer in step.answers]
        assert all(words)
        assert len(set(words)) == len(words), step
        assert all(answer.step > step.number or answer.esito for answer in step.answers)
        cells = [index for answer in step.answers for index in answer.cells]
        assert len(set(cells)) == len(cells)


def test_random_steps_lead_on_and_say_different_things() -> None:
    for _, decision in decisions():
        shape(decision)
        ends = {answer.esito for step in decision.steps for answer in step.answers} - {""}
        assert set(decision.outcomes) == (ends or {decision.start})
        assert [item["numero"] for item in decision.as_json()] == [step.number for step in decision.steps]


def test_a_day_on_which_a_version_does_not_govern_has_no_steps() -> None:
    with pytest.raises(NotInForce):
        steps_of(VERSIONS[0], date(1999, 1, 1))


def test_a_decision_that_nobody_could_follow_has_no_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    servizio = small(interleaved(GOOD))
    decision = steps_of(servizio, ON)
    assert decision is not None
    assert len(decision.steps) == len(GOOD)
    monkeypatch.setattr(module, "MOST", len(GOOD) - 1)
    assert steps_of(servizio, ON) is None


def test_what_no_family_can_be_is_no_answer() -> None:
    decision = steps_of(small(SPANS), ON)
    assert decision is not None
    shape(decision)
    cells = {s.number: len(decision.diagram.levels[s.level].cells or decision.diagram.levels[s.level].spans)
             for s in decision.steps}  # fmt: skip
    assert any(sum(len(a.cells) for a in step.answers) < cells[step.number] for step in decision.steps)


WORDS = """
vocabolario:
  persone:
    domanda: Chi vive in casa?
    tipo: elenco
    voce: persona
    campi:
      bisogni:
        domanda: Di che cosa ha bisogno?
        tipo: più scelte
        opzioni:
          - cura
          - scuola
      eta:
        domanda: Quanti anni ha?
        tipo: numero
        minimo: 0
      paese:
        domanda: Dove abita?
        tipo: comune
  firma:
    domanda: Quando ha firmato?
    tipo: data
  isee:
    domanda: Qual è l'ISEE?
    tipo: euro
    minimo: 0 €
  altro:
    domanda: Quanto altro c'è?
    tipo: euro
    minimo: 0 €
  aiuti:
    domanda: Quali aiuti servono?
    tipo: più scelte
    opzioni:
      - casa
      - lavoro
parametri:
  limite:
    titolo: Limite
    tipo: euro
    valori:
      dal 01/01/2020:
        valore: ignoto
        fonte: prova
  quota:
    titolo: Quota
    tipo: percentuale
    valori:
      dal 01/01/2020:
        tabella:
          > isee             | quota
          > al massimo 10 €  | 50% oppure non spetta
          > più di 10 €      | 20%
        fonte: prova
servizio:
  calcoli:
    totale:
      titolo: Totale dei due
      calcolo: isee + altro
      arrotonda: al centesimo
  requisiti:
    r:
      se:
        tutte:
          - quota è 50%
          -
            almeno un persona con:
              - bisogni contiene cura
              - eta tra 3 e 5
              - paese non è Palermo
          - firma tra 01/01/2020 e 31/01/2020
          - aiuti contiene casa
    s:
      se:
        tutte:
          - totale al massimo 20 €
          - totale più di limite
  esiti:
    spetta:
      richiede:
        - r
        - s
      fonte: prova
    non_spetta:
      altrimenti: sì
      fonte: prova
"""


QUESTION = (
    "Nell'elenco «Chi vive in casa?» c'è almeno una voce (persona) con queste risposte? «Di che cosa ha bisogno? "
    "La risposta comprende «cura»?» sì e «Quanti anni ha?» da 3 a 5 e «Dove abita?» non «Palermo»"
)


def test_the_words_of_the_steps() -> None:
    decision = steps_of(small(WORDS), ON)
    assert decision is not None
    said = [[s.question, *(f"{a.words} > {decision.title(a.target)}" for a in s.answers)] for s in decision.steps]
    assert said == [
        ["Qual è l'ISEE?", "fino a 10,00 € > passo 2", "oltre 10,00 € > non spetta"],
        [
            "Da confermare: quanto vale «Quota» quando «Qual è l'ISEE?» al massimo 10,00 €?",
            "50% > passo 3",
            "non spetta > non spetta",
        ],
        [
            QUESTION,
            "no > non spetta",
            "sì > passo 4",
        ],
        [
            "Quando ha firmato?",
            "fino al 31/12/2019 oppure dal 01/02/2020 in poi > non spetta",
            "dal 01/01/2020 al 31/01/2020 > passo 5",
        ],
        ["Quali aiuti servono? La risposta comprende «casa»?", "no > non spetta", "sì > passo 6"],
        ["Quanto fa «Totale dei due»?", "al massimo 20,00 € > passo 7", "più di 20,00 € > non spetta"],
        [
            "Quanto fa il conto fra «Qual è l'ISEE?» e «Quanto altro c'è?» e «Limite»?",
            "più di 0,00 > spetta",
            "al massimo 0,00 > non spetta",
        ],
    ]


def test_everyone_with_the_same_outcome_takes_no_step() -> None:
    text = (
        "vocabolario:\n  a:\n    tipo: numero\n    minimo: 0\nservizio:\n  requisiti:\n    r:\n      se: a almeno 0\n"
    )
    decision = steps_of(small(text), ON)
    assert decision is not None
    assert (decision.steps, decision.start, decision.outcomes) == ((), "spetta", ("spetta",))


def test_every_sentence_of_the_steps_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the services of tests/lingua and the random ones, which use the whole language."""
    said: set[str] = set()

    def noted(code: str, data: Mapping[str, str]) -> str:
        said.add(code)
        return sentence(code, data)

    monkeypatch.setattr(module, "sentence", noted)
    for path in FILES:
        for version in read_rulebook(rulebook_files(path))[0].servizi["prova"]:
            decision = steps_of(version, version.since)
            assert decision is not None
            decision.as_json()
    for _, decision in decisions(ENOUGH):
        decision.as_json()
    assert {code for code in SENTENCES if code.startswith("passi.")} - said == set()
