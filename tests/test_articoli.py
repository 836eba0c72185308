"""Articles: what of a file is a comma and what is not, and the esempi in words."""

from __future__ import annotations

import pytest

from engine.atto import parse_articolo
from engine.esempi import run_esempi, told
from tests.test_data import RULEBOOK, VERSIONS
from tests.test_rapporti import outcomes

CASES = [
    ("", "art. 2", []),
    ("# Titolo\n\n1. Uno.\n\n2. Due.\n", "Titolo", [("1", "Uno."), ("2", "Due.")]),
    ("1. Uno\nche continua.\n\n- a\n- b\n", "art. 2", [("1", "Uno\nche continua.\n\n- a\n- b")]),
    ("Prima.\n1. Uno.\n4-bis. Dopo.\n", "art. 2", [("", "Prima."), ("1", "Uno."), ("4-bis", "Dopo.")]),
    ("# T\r\n\r\n1. Uno.\r\n\r\n## Altro\r\n\r\nDopo.\r\n", "T", [("1", "Uno."), ("", "## Altro\n\nDopo.")]),
    ("1.Senza spazio.\n 2. Con un rientro.\n", "art. 2", [("", "1.Senza spazio.\n 2. Con un rientro.")]),
    ("1. \n", "art. 2", [("1", "")]),
    ("#Senza spazio\n", "art. 2", [("", "#Senza spazio")]),
]


@pytest.mark.parametrize(("text", "titolo", "paragraphs"), CASES)
def test_an_article_is_its_commas_and_what_is_around(text: str, titolo: str, paragraphs: list[tuple[str, str]]) -> None:
    found = parse_articolo("legge-1", "2", text)
    assert (found.titolo, [(p.comma, p.text) for p in found.paragraphs]) == (titolo, paragraphs)
    assert found.commas == {comma for comma, _ in paragraphs} - {""}


def test_nothing_of_the_real_articles_is_lost() -> None:
    for (atto, number), articolo in RULEBOOK.law.articles.items():
        assert (articolo.atto, articolo.number) == (atto, number)
        assert articolo.titolo != f"art. {number}"
        assert articolo.paragraphs
    commas = RULEBOOK.law.articles["legge-241-1990", "2"].commas
    assert {"1", "4-bis", "9-quinquies"} <= commas
    assert not RULEBOOK.law.articles["reg-12-2020", "19"].commas


def test_every_esempio_is_told_with_all_its_data() -> None:
    for version in VERSIONS:
        for outcome in run_esempi(version):
            found = told(outcome)
            assert found["titolo"] == outcome.esempio.titolo
            assert len(found["dati"]) >= len(outcome.evaluation.answers.values)
            assert found["diverso"] == []
            assert found["atteso"] == found["esito"]
            shown = {item["titolo"]: item["valore"] for item in found["importi"]}
            assert {item["titolo"]: item["valore"] for item in found["importi_attesi"]}.items() <= shown.items()
            assert bool(found["mancano"]) == bool(outcome.evaluation.missing)
            assert "_" not in found["esito"]


def test_the_members_of_an_elenco_are_told_one_by_one() -> None:
    found = told(outcomes("motivi.nt")["si sa tutto"])
    assert [item for item in found["dati"] if "persone" in item["domanda"] or "Domanda" in item["domanda"]] == [
        {"domanda": "persone?", "valore": "2 (elenco completo)"},
        {"domanda": "Domanda di prova? (ada)", "valore": "50,00 €"},
        {"domanda": "Domanda di prova? (ivo)", "valore": "0,00 €"},
    ]
    later = told(outcomes("motivi.nt")["nessuna soglia"])
    assert {"domanda": "persone?", "valore": "1 finora (elenco non ancora dichiarato completo)"} in later["dati"]
