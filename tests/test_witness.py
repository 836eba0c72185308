"""Arithmetic over several unknown campi: what is possible is certified, or said to be approximate."""

from __future__ import annotations

import pytest

from engine.case import Case
from engine.diagram import build
from engine.evaluation import evaluate
from engine.witness import certified
from tests.generator import ON
from tests.oracle import MISSING
from tests.small import decide, oracle_of, small

#: Two amounts too wide to be cut at every cent, narrow enough for an oracle that tries them all.
NARROW = """
vocabolario:
  a:
    tipo: euro
    minimo: 0 €
    massimo: 0,24 €
  b:
    tipo: euro
    minimo: 0 €
    massimo: 0,24 €
  n:
    tipo: numero
    minimo: 0
    massimo: 3
  si:
    tipo: sì/no
servizio:
  calcoli:
    x:
      calcolo: FORMULA
      arrotonda: al centesimo
  requisiti:
    r:
      se:
        CLAUSE
"""
#: The same without limits above.
WIDE = NARROW.replace("    massimo: 0,24 €\n", "")


def service(text: str, formula: str, *clause: str) -> str:
    """Return the text of a service with one calcolo and one condition."""
    written = "\n        ".join(clause)
    return text.replace("FORMULA", formula).replace("se:\n        CLAUSE", f"se:\n        {written}")


EXACT = [
    ("a + b", "x al massimo 0,10 €"),
    ("a + b", "x è 0,48 €"),
    ("a + b", "x è uno di 0 €; 0,07 €"),
    ("a - b", "x almeno 0,05 €"),
    ("a - b", "x non è 0 €"),
    ("min(a; b)", "x più di 0,20 €"),
    ("a * 50% + b", "x tra 0,30 € e 0,31 €"),
    ("a * n + b", "x almeno 0,90 €"),
    ("(a + b) / 3", "x è 0,16 €"),
]


@pytest.mark.parametrize(("formula", "test"), EXACT)
@pytest.mark.parametrize("kind", ["tutte", "almeno una", "nessuna"])
def test_one_sum_of_unknown_amounts_is_exact(formula: str, test: str, kind: str) -> None:
    text = NARROW if " n " in formula else NARROW.replace("massimo: 3", "massimo: 1")  # the oracle tries them all
    servizio = small(service(text, formula, f"{kind}:", f"  - {test}", "  - si è sì"))
    for given in ({}, {"si": kind == "tutte"}, {"a": "0.12", "n": 1}, {"b": "0.00"}, {"a": "0.24", "b": "0.24"}):
        evaluation = decide(servizio, **given)
        oracle = oracle_of(evaluation)
        assert evaluation.exact, given
        assert set(evaluation.possible) == oracle.outcomes, given
        assert set(evaluation.missing) == oracle.mancano, given


UNLIMITED = [
    ("a + b", "x al massimo 10.000 €", {"b": "9999.99"}, {"b": "10000.01"}),
    ("a - b", "x almeno 5 €", {"b": "10"}, None),
    ("min(a; b)", "x al massimo 10.000 €", {"b": "10000.01"}, None),
    ("min(a; b)", "x più di 10.000 €", {"a": "10000.01"}, {"a": "10000.00"}),
    ("a * 70% + b", "x al massimo 7.000 €", {"b": "7000.00"}, {"b": "7000.01"}),
]


@pytest.mark.parametrize(("formula", "test", "still_open", "settled"), UNLIMITED)
def test_amounts_without_a_limit_are_exact_too(
    formula: str, test: str, still_open: dict[str, str], settled: dict[str, str] | None
) -> None:
    servizio = small(service(WIDE, formula, "tutte:", f"  - {test}"))
    evaluation = decide(servizio)
    assert (evaluation.exact, evaluation.possible) == (True, ("spetta", "non_spetta"))
    assert evaluation.missing == ("a", "b")
    after = decide(servizio, **still_open)
    assert (after.exact, after.esito) == (True, "da_integrare")
    assert len(after.missing) == 1
    if settled is not None:
        assert decide(servizio, **settled).esito == "non_spetta"


#: Conditions that the diagram cannot see to be of the same sum.
TWICE = [
    ("a + b", "b + a + 0,01 €", ("x al massimo 0,10 €", "y più di 0,11 €"), False),
    ("a + b", "b + a", ("x è 0,10 €", "y è 0,11 €"), False),
    ("a - b", "b - a", ("x più di 0,10 €", "y più di 0,10 €"), False),
    ("a + b", "b + a", ("x al massimo 0,10 €", "y al massimo 0,20 €"), True),
]


@pytest.mark.parametrize(("one", "two", "tests", "exact"), TWICE)
def test_two_sums_that_cannot_be_together_are_possible_and_not_exact(
    one: str, two: str, tests: tuple[str, str], exact: bool
) -> None:
    text = service(NARROW, one, "tutte:", f"  - {tests[0]}", f"  - {tests[1]}")
    added = f"    y:\n      calcolo: {two}\n      arrotonda: al centesimo\n  requisiti:"
    servizio = small(text.replace("  requisiti:", added))
    for given in ({}, {"si": True}, {"n": 1}):
        evaluation = decide(servizio, **given)
        oracle = oracle_of(evaluation)
        assert set(evaluation.possible) == {"spetta", "non_spetta"}
        assert oracle.outcomes == ({"spetta", "non_spetta"} if exact else {"non_spetta"})
        assert oracle.mancano <= set(evaluation.missing)
        assert evaluation.exact == exact
    alone = decide(servizio, a="0.01")
    assert (alone.exact, frozenset(alone.possible)) == (True, oracle_of(alone).outcomes)


def test_a_search_without_a_witness_tries_every_path_and_gives_up() -> None:
    """Two sums that exclude each other, and a campo that alone would change nothing."""
    text = service(NARROW, "a + b", "tutte:", "  - x è 0,10 €", "  - y è 0,11 €", "  - si è sì")
    text = text.replace("  requisiti:", "    y:\n      calcolo: b + a\n      arrotonda: al centesimo\n  requisiti:")
    servizio = small(text)
    evaluation = decide(servizio)
    case = Case(servizio, ON, evaluation.answers)
    diagram = build(case.formulas, case.esiti())
    assert {outcome for _, outcome in diagram.paths()} == {"spetta", "non_spetta"}
    assert not certified(diagram, case.esiti())
    assert not evaluation.exact
    assert oracle_of(evaluation).outcomes == {"non_spetta"}


POINTS = """
vocabolario:
  a:
    tipo: euro
    minimo: 0 €
    massimo: 0,20 €
  b:
    tipo: euro
    minimo: 0 €
    massimo: 0,20 €
  zona:
    tipo: scelta
    opzioni:
      - centro
      - mare
  luogo:
    tipo: comune
servizio:
  calcoli:
    x:
      calcolo: a + b
      arrotonda: al centesimo
    punti:
      fonte: prova
      colpo: somma
      tabella:
        > x                  | zona      | luogo       | punti
        > al massimo 0,10 €  | qualsiasi | qualsiasi   | 2
        > qualsiasi          | è mare    | qualsiasi   | 1
        > più di 0,30 €      | qualsiasi | è Palermo   | 3
  requisiti:
    r:
      se: punti almeno 3
"""


@pytest.mark.parametrize("given", [{}, {"zona": "mare"}, {"zona": "centro"}, {"luogo": "Palermo"}, {"a": "0.20"}])
def test_points_given_for_a_sum_are_certified(given: dict[str, object]) -> None:
    evaluation = decide(small(POINTS), **given)
    oracle = oracle_of(evaluation)
    assert evaluation.exact
    assert set(evaluation.possible) == oracle.outcomes
    assert set(evaluation.missing) == oracle.mancano


def test_an_amount_that_neither_rises_nor_falls_is_bounded_and_not_exact() -> None:
    """`max(a; b) - min(a; b)` depends on which is greater: its range may be too wide, never too narrow."""
    text = service(NARROW, "max(a; b) - min(a; b)", "tutte:", "  - si è sì")
    esiti = {"spetta": {"richiede": ["r"], "importi": ["x"], "fonte": "prova"}}
    esiti["non_spetta"] = {"altrimenti": "sì", "fonte": "prova"}
    evaluation = decide(small(text, esiti=esiti), si=True)
    amount, values = evaluation.importi["x"], oracle_of(evaluation).amounts("x", "spetta")
    assert not amount.exact
    assert all(value is not MISSING and amount.low <= value <= amount.high for value in values)  # type: ignore[operator]
    assert evaluation.missing_for_importo == ("a", "b")
    assert evaluate(evaluation.servizio, evaluation.answers, ON).importi == evaluation.importi
