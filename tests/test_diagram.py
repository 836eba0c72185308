"""Diagrams: their size, what no completion takes, and what is said when they would be too large."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest

from engine.answers import Answers
from engine.case import Case
from engine.diagram import Diagram, TooLarge, build
from engine.evaluation import Evaluation, evaluate
from engine.explanation import explain
from engine.importo import Importo
from engine.plain import NOT_DUE
from engine.report import report
from tests.generator import ON, assembled, family, service
from tests.oracle import MISSING, Oracle
from tests.small import small

PAIRS = 16
FAMILY = 60


def diagram_of(text: str) -> tuple[Case, Diagram]:
    """Return the diagram of the esiti of a small service when nothing is known."""
    case = Case(small(text), ON, Answers())
    return case, build(case.formulas, case.esiti())


def interleaved(order: list[str]) -> str:
    """Write «some pair has both», the campi of the vocabolario in that order."""
    campi = "".join(f"  {name}:\n    tipo: sì/no\n" for name in order)
    pairs = "".join(
        f"          -\n            tutte:\n              - a{i} è sì\n              - b{i} è sì\n" for i in range(PAIRS)
    )
    return f"vocabolario:\n{campi}servizio:\n  requisiti:\n    r:\n      se:\n        almeno una:\n{pairs}"


GOOD = [f"{side}{i}" for i in range(PAIRS) for side in "ab"]
BAD = [f"{side}{i}" for side in "ab" for i in range(PAIRS)]


@pytest.mark.parametrize("order", [GOOD, BAD, GOOD[::-1]], ids=["together", "apart", "reversed"])
def test_sixteen_pairs_take_the_order_of_the_rules_and_not_of_the_vocabolario(order: list[str]) -> None:
    _, diagram = diagram_of(interleaved(order))
    assert diagram.size == 2 * PAIRS
    assert len(diagram.support) == 2 * PAIRS
    assert diagram.outcomes == {"spetta", "non_spetta"}


def test_beyond_the_budget_no_diagram_is_made() -> None:
    case = Case(small(interleaved(GOOD)), ON, Answers())
    with pytest.raises(TooLarge):
        build(case.formulas, case.esiti(), 2 * PAIRS - 1)
    assert build(case.formulas, case.esiti(), 2 * PAIRS).size == 2 * PAIRS


#: How many the others are, and what they are, must go together.
TOGETHER = """
vocabolario:
  persone:
    tipo: elenco
    voce: persona
    massimo: 3
    campi:
      lavora:
        tipo: sì/no
      studia:
        tipo: sì/no
  casa:
    tipo: sì/no
servizio:
  calcoli:
    quante:
      calcolo: conta(persone)
  requisiti:
    r:
      se:
        almeno una:
          -
            tutte:
              - quante è 2
              - casa è sì
          -
            almeno un persona con: lavora è sì
    s:
      se:
        almeno una:
          - quante è 3
          -
            almeno un persona con: studia è sì
    t:
      se: quante meno di 2
  esiti:
    primo:
      richiede:
        - r
        - s
      fonte: prova
    secondo:
      richiede:
        - s
      fonte: prova
    terzo:
      richiede:
        - t
      fonte: prova
    non_spetta:
      altrimenti: sì
      fonte: prova
"""


def test_what_no_completion_can_be_is_in_no_outcome() -> None:
    """The others who fit the tests of an elenco are as many as are counted; parts that agree elsewhere are one."""
    _, diagram = diagram_of(TOGETHER)
    oracle = Oracle(small(TOGETHER), ON, Answers())
    assert diagram.outcomes == oracle.outcomes == {"primo", "secondo", "terzo", "non_spetta"}
    assert {diagram.formulas.variables[n].subject for n in diagram.support} == oracle.mancano


SPANS = """
vocabolario:
  a:
    tipo: euro
    minimo: 0 €
    massimo: 0,24 €
  b:
    tipo: euro
    minimo: 0 €
    massimo: 0,24 €
  casa:
    tipo: sì/no
  orto:
    tipo: sì/no
servizio:
  calcoli:
    x:
      calcolo: a + b
      arrotonda: al centesimo
  requisiti:
    q:
      se:
        tutte:
          - orto è sì
          - a almeno 0,22 €
    r:
      se:
        tutte:
          - x tra 0,05 € e 0,16 €
          -
            almeno una:
              - a al massimo 0,10 €
              - casa è sì
    s:
      se: x meno di 0,03 €
    t:
      se:
        tutte:
          - x più di 0,16 €
          - a al massimo 0,18 €
  esiti:
    quarto:
      richiede:
        - q
      fonte: prova
    primo:
      richiede:
        - r
      fonte: prova
    secondo:
      richiede:
        - s
      fonte: prova
    terzo:
      richiede:
        - t
      fonte: prova
    non_spetta:
      altrimenti: sì
      fonte: prova
"""


def test_a_span_that_a_sum_cannot_reach_is_in_no_outcome() -> None:
    """Once `a` is known to be much, `a + b` is not little: those parts end in None, and may agree with any other."""
    servizio = small(SPANS)
    diagram = diagram_of(SPANS)[1]
    assert any(node.outcome is None and not node.kids for node in diagram.nodes())
    assert {outcome for _, outcome in diagram.paths()} == {"primo", "secondo", "terzo", "quarto", "non_spetta"}
    for given in ({}, {"a": 12}, {"a": 20}, {"a": 3}, {"b": 24}, {"casa": True}, {"casa": False, "b": 0}):
        answers = Answers(dict(given))
        evaluation, oracle = evaluate(servizio, answers, ON), Oracle(servizio, ON, answers)
        assert evaluation.exact, given
        assert set(evaluation.possible) == oracle.outcomes, given
        assert set(evaluation.missing) == oracle.mancano, given


# Too large


def families() -> Iterator[tuple[int, Oracle]]:
    """Yield random families of random services, every campo asked."""
    for seed in range(FAMILY):
        found = assembled(service(seed))
        servizio, chance = replace(found, order=tuple(found.campi)), random.Random(seed)
        for limit in (20, 100):
            yield seed, Oracle(servizio, ON, family(servizio, chance, limit))


@pytest.mark.parametrize("budget", [0, 1])
def test_a_case_too_large_is_answered_by_the_plain_evaluator(monkeypatch: pytest.MonkeyPatch, budget: int) -> None:
    """Nothing is raised, and all that is said holds what is true: more perhaps, never less."""
    monkeypatch.setattr(build, "__defaults__", (budget,))
    too_large = 0
    for seed, oracle in families():
        evaluation = evaluate(oracle.servizio, oracle.answers, ON)
        too_large += not evaluation.exact
        contains(evaluation, oracle, seed)
        told = explain(evaluation)
        assert told.as_json()["esattezza"] == ("esatta" if evaluation.exact else "per_eccesso")
        assert ("troppo ampio" in report(told)) == (not evaluation.exact)
    assert too_large >= 10


def contains(evaluation: Evaluation, oracle: Oracle, seed: int) -> None:
    """Check that an evaluation allows all that some completion gives."""
    assert oracle.outcomes <= set(evaluation.possible), seed
    assert oracle.mancano <= set(evaluation.missing), seed
    assert oracle.da_confermare <= set(evaluation.rests_on.get("esito", ())), seed
    for name, verdict in evaluation.requisiti.items():
        wanted = oracle.requisito(name)
        assert wanted == {verdict.value} or verdict.value == "ignoto", (seed, name)
        values = [world.requisito(name) for world in oracle.worlds]
        assert oracle.depends(values, hypothesis=False) <= set(verdict.missing), (seed, name)
        assert oracle.depends(values, hypothesis=True) <= set(verdict.rests_on), (seed, name)
    for name in {n for e in oracle.servizio.esiti for n in e.importi if e.name in oracle.outcomes}:
        amount_contains(evaluation, oracle, name, seed)


def amount_contains(evaluation: Evaluation, oracle: Oracle, name: str, seed: int) -> None:
    """Check that the range of an amount holds what every completion that gives it is worth."""
    amount: Importo = evaluation.importi[name]
    giving = {esito.name for esito in oracle.servizio.esiti if name in esito.importi}
    pairs = zip(oracle.worlds, oracle.results, strict=True)
    values = [world.value(name) if result in giving else MISSING for world, result in pairs]
    numbers = [value for value in values if isinstance(value, Fraction)]
    assert all(amount.low <= number <= amount.high for number in numbers), (seed, name)
    assert amount.not_due or NOT_DUE not in values, (seed, name)
    assert oracle.depends(values, hypothesis=False) <= amount.missing, (seed, name)
    assert oracle.depends(values, hypothesis=True) <= amount.hypotheses, (seed, name)


def test_evaluations_of_random_families_contain_every_completion() -> None:
    """With the whole budget too."""
    for seed, oracle in families():
        contains(evaluate(oracle.servizio, oracle.answers, ON), oracle, seed)


UNCONFIRMED = """
vocabolario:
  isee:
    tipo: euro
    minimo: 0 €
  residente:
    tipo: sì/no
parametri:
  soglia:
    titolo: Soglia
    tipo: euro
    valori:
      dal 01/01/2020:
        valore: 100 €
        fonte: prova
        stato: da confermare
servizio:
  requisiti:
    r:
      se:
        tutte:
          - isee al massimo soglia
          - residente è sì
"""


def test_what_is_not_confirmed_may_matter_in_a_case_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    servizio = small(UNCONFIRMED)
    answers = Answers({"isee": 100})
    assert evaluate(servizio, answers, ON).rests_on == {"esito": ("soglia",)}
    monkeypatch.setattr(build, "__defaults__", (0,))
    evaluation = evaluate(servizio, answers, ON)
    assert (evaluation.exact, evaluation.rests_on) == (False, {"esito": ("soglia",)})
    assert evaluation.possible == ("spetta", "non_spetta")
    assert evaluation.missing == evaluation.next_questions == ("residente",)
    assert evaluate(servizio, Answers({"residente": False}), ON).rests_on == {}


CONTRADICTORY = """
vocabolario:
  solo:
    tipo: sì/no
  residente:
    tipo: sì/no
  canone:
    tipo: euro
    minimo: 0 €
servizio:
  requisiti:
    contraddetto:
      se:
        tutte:
          - solo è sì
          - vive_con_altri è sì
    r:
      se: residente è sì
  definizioni:
    vive_con_altri:
      se: solo è no
  calcoli:
    quota:
      calcolo: canone * 50%
      arrotonda: al centesimo
  esiti:
    ridotto:
      richiede:
        - contraddetto
      importi:
        - quota
    spetta:
      richiede:
        - r
    non_spetta:
      altrimenti: sì
"""


@pytest.mark.parametrize(
    ("budget", "possible"), [(1, ("ridotto", "spetta", "non_spetta")), (2, ("spetta", "non_spetta"))]
)
def test_the_amount_of_an_esito_that_no_completion_gives_is_not_told(
    monkeypatch: pytest.MonkeyPatch, budget: int, possible: tuple[str, ...]
) -> None:
    """Even where the case is too large to say that the esito itself is not possible."""
    monkeypatch.setattr(build, "__defaults__", (budget,))
    evaluation = evaluate(small(CONTRADICTORY), Answers(), ON)
    assert (evaluation.exact, evaluation.possible) == (budget > 1, possible)
    assert evaluation.importi == {}
