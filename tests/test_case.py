"""Constructs that the random services do not write agree with the enumeration of every completion."""

from __future__ import annotations

import pytest

from tests.small import decide, oracle_of, small

#: A place beside one that nobody knows, and the others of an elenco beside a campo of the family.
PLACES = """
vocabolario:
  luogo:
    tipo: comune
  persone:
    tipo: elenco
    voce: persona
    massimo: 2
    campi:
      lavora:
        tipo: sì/no
parametri:
  sede:
    titolo: Sede
    tipo: comune
    valori:
      dal 01/01/2020:
        valore: ignoto
        fonte: prova
servizio:
  calcoli:
    dove:
      fonte: prova
      per ogni: persona
      tipo: comune
      colpo: prima
      tabella:
        > lavora | dove
        > è sì   | Palermo
        > è no   | Cefalù
  requisiti:
    r:
      se:
        CLAUSE
"""
CLAUSES = [
    ("tutte:", "  - luogo è uno di Palermo; Cefalù; sede"),
    ("nessuna:", "  - luogo è uno di Palermo; sede", "  - luogo è Cefalù"),
    ("almeno una:", "  -", "    almeno un persona con: dove è sede", "  - luogo è uno di Palermo; Cefalù"),
    ("tutte:", "  -", "    ogni persona con: dove non è sede", "  - luogo è uno di Palermo; Cefalù"),
]


@pytest.mark.parametrize("clause", CLAUSES)
@pytest.mark.parametrize("given", [{}, {"luogo": "Palermo"}, {"luogo": "Cefalù"}, {"persone": [{"id": "ada"}]}])
def test_places_agree_with_the_oracle(clause: tuple[str, ...], given: dict[str, object]) -> None:
    evaluation = decide(small(PLACES.replace("CLAUSE", "\n        ".join(clause))), **given)
    oracle = oracle_of(evaluation)
    assert oracle.outcomes <= set(evaluation.possible)
    assert oracle.mancano <= set(evaluation.missing)
    assert oracle.da_confermare <= set(evaluation.rests_on.get("esito", ()))
    if evaluation.exact:
        assert oracle.outcomes == set(evaluation.possible)
        assert oracle.mancano == set(evaluation.missing)
    assert evaluation.exact or "sede" in " ".join(clause)


POINTS = """
vocabolario:
  sfratto:
    tipo: sì/no
  figli:
    tipo: numero
    minimo: 0
    massimo: 5
parametri:
  peso:
    titolo: Peso
    tipo: numero
    valori:
      dal 01/01/2020:
        valore: VALUE
        fonte: prova
servizio:
  calcoli:
    punti:
      fonte: prova
      tipo: numero
      colpo: somma
      tabella:
        > sfratto   | figli      | punti
        > è sì      | qualsiasi  | peso
        > qualsiasi | almeno 2   | 3
        > qualsiasi | almeno 4   | peso
  requisiti:
    r:
      se: TEST
"""


@pytest.mark.parametrize("value", ["2", "2 oppure 5", "ignoto"])
@pytest.mark.parametrize("test", ["punti almeno 5", "punti è 3", "punti tra 4 e 8"])
@pytest.mark.parametrize(
    "given", [{}, {"sfratto": True}, {"sfratto": False}, {"figli": 4}, {"sfratto": True, "figli": 2}]
)
def test_points_that_the_law_leaves_open_agree_with_the_oracle(value: str, test: str, given: dict[str, object]) -> None:
    evaluation = decide(small(POINTS.replace("VALUE", value).replace("TEST", test)), **given)
    oracle = oracle_of(evaluation)
    assert evaluation.exact
    assert set(evaluation.possible) == oracle.outcomes
    assert set(evaluation.missing) == oracle.mancano
    assert set(evaluation.rests_on.get("esito", ())) == oracle.da_confermare


def test_an_amount_of_two_esiti_has_the_range_of_both() -> None:
    """What `x` is worth where one or the other is given."""
    servizio = small(
        """
vocabolario:
  figli:
    tipo: numero
    minimo: 0
    massimo: 5
servizio:
  calcoli:
    x:
      calcolo: figli * 10 €
      arrotonda: al centesimo
  requisiti:
    tanti:
      se: figli almeno 4
    alcuni:
      se: figli almeno 2
""",
        esiti={
            "pieno": {"richiede": ["tanti"], "importi": ["x"], "fonte": "prova"},
            "parziale": {"richiede": ["alcuni"], "importi": ["x"], "fonte": "prova"},
            "non_spetta": {"altrimenti": "sì", "fonte": "prova"},
        },
    )
    amount = decide(servizio).importi["x"]
    assert (amount.low, amount.high) == (20, 50)
    assert (amount.missing, amount.exact) == (frozenset({"figli"}), True)
    assert decide(servizio, figli=1).importi == {}
