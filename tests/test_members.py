"""How many members an elenco may have: one limit for the API, the command, the rule files and the pages."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator

from api.app import make_app
from api.rules import read_rules
from api.typed import read_typed
from api.visit import Visit
from engine.__main__ import PROBLEMS, main
from engine.answers import MEMBERS, WrongAnswers, most_members, read_answers, read_example
from engine.document import read
from engine.evaluation import evaluate
from engine.problem import Problem
from engine.schema import schema
from tests.source import ROOT
from tests.test_schema import vocabolario

RULES = read_rules(ROOT)
BOOK = RULES.rulebook
DAY = date(2026, 3, 2)
CLIENT = TestClient(make_app(RULES, lambda: DAY))
LISTED = {"tipo": "elenco", "voce": "voce", "campi": {"lavora": {"tipo": "sì/no"}}}
CAMPI = vocabolario({"tanti": LISTED, "troppi": {**LISTED, "voce": "altro", "massimo": "500"}}).campi
FEW = vocabolario({"pochi": {**LISTED, "minimo": "1", "massimo": "2"}}).campi


def members(count: int) -> list[dict[str, object]]:
    return [{"id": str(number)} for number in range(count)]


def test_no_elenco_may_have_more_than_can_be_decided_on() -> None:
    assert {name: most_members(campo) for name, campo in {**CAMPI, **FEW}.items()} == {
        "tanti": MEMBERS,
        "troppi": MEMBERS,
        "pochi": 2,
    }


@pytest.mark.parametrize("name", CAMPI)
@pytest.mark.parametrize("complete", [True, False])
def test_too_many_answers_are_refused_with_a_sentence(name: str, complete: bool) -> None:
    most = {name: {"completo": complete, "membri": members(MEMBERS)}}
    assert len(read_answers(most, CAMPI).values[name].members) == MEMBERS  # type: ignore[union-attr]
    for count in (MEMBERS + 1, 1000):
        with pytest.raises(WrongAnswers) as wrong:
            read_answers({name: {"completo": complete, "membri": members(count)}}, CAMPI)
        (mistake,) = wrong.value.errors
        assert (mistake.pointer, mistake.sentence) == (
            f"/{name}",
            f"Le voci sono {count}, al massimo ne sono ammesse 30.",
        )


def test_as_many_as_may_be_are_decided_on_by_every_service() -> None:
    """An elenco that is still open is the longest to decide on."""
    for versions in BOOK.servizi.values():
        servizio = versions[-1]
        answers = read_answers({"componenti": members(MEMBERS)}, servizio.campi)
        assert evaluate(servizio, answers, DAY).possible


def test_every_schema_says_how_many() -> None:
    """So a program that obeys the schema of one service is not refused."""
    for versions in BOOK.servizi.values():
        found: Any = schema(versions[-1])
        elenchi = [campo for campo in found["properties"].values() if campo["x-tipo"] == "elenco"]
        for elenco in elenchi:
            assert all(part["maxItems"] <= MEMBERS for part in elenco["anyOf"] if part["type"] == "array")
        oracle = Draft202012Validator(found)
        if "componenti" in found["properties"]:
            assert oracle.is_valid({"componenti": members(9)})
            assert not oracle.is_valid({"componenti": members(MEMBERS + 1)})
            assert not oracle.is_valid({"componenti": {"membri": members(MEMBERS + 1)}})


def test_the_command_says_it(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    path = tmp_path / "risposte.json"
    path.write_text(json.dumps({"componenti": members(1000)}), "utf-8")
    arguments = ["decide", "contributo-autonomia", "--risposte", str(path), "--al", "2026-03-02"]
    assert main(arguments) == PROBLEMS
    assert "/componenti: Le voci sono 1000, al massimo ne sono ammesse 30." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("count", "complete", "said"),
    [
        (1, "sì", []),
        (2, "no", []),
        (3, "no", ["Le voci sono 3, al massimo ne sono ammesse 2."]),
        (0, "sì", ["Le voci sono 0, ne serve almeno 1."]),
        (0, "no", []),
    ],
)
def test_the_esempi_of_the_rules_obey_too(count: int, complete: str, said: list[str]) -> None:
    text = f"pochi:\n  completo: {complete}\n"
    if count:
        text += "  membri:\n" + "".join(f"    voce {n}:\n      lavora: sì\n" for n in range(count))
    document, _ = read("prova.nt", text.encode())
    assert document is not None
    problems = list[Problem]()
    read_example(document.root, FEW, problems)
    assert [found.message for found in problems] == said


# In the pages

FULL = "Qui si possono scrivere al massimo 30 voci. Se nella realtà sono di più, lascia l'elenco come non completo."
OVER = "Le voci sono 31, al massimo ne sono ammesse 30."
ADD = 'value="aggiungi:componenti"'


def sent(count: int, **more: str) -> dict[str, Any]:
    """Return what the page of the members sends, with that many of them."""
    start: dict[str, Any] = {"al": "01/03/2026", "servizi": ["contributo-autonomia"], "informativa": "sì"}
    sheets = Visit(BOOK, {**{key: [text] for key, text in start.items()}, "servizi": start["servizi"]}, DAY).sheets
    key = next(sheet.key for sheet in sheets if "componenti" in sheet.campi)
    rows = " ".join(str(number) for number in range(1, count + 1))
    return {**start, "pagina": key, "componenti.righe": rows, **more}


def shown(**typed: Any) -> tuple[int, str, int]:
    """Send a page; return the status, the page and how many members it shows."""
    response = CLIENT.post("/verifica", data=typed)
    return response.status_code, response.text.replace("&#39;", "'"), response.text.count('class="voce"')


def test_the_last_member_is_added_and_then_it_is_said_that_there_is_no_more_room() -> None:
    status, page, rows = shown(**sent(MEMBERS - 2, azione="aggiungi:componenti"))
    assert (status, rows, ADD in page, FULL in page) == (200, MEMBERS - 1, True, False)
    status, page, rows = shown(**sent(MEMBERS - 1, azione="aggiungi:componenti"))
    assert (status, rows, ADD in page, page.count(FULL)) == (200, MEMBERS, False, 1)
    status, page, rows = shown(**sent(MEMBERS, azione="aggiungi:componenti"))
    assert (status, rows, ADD in page, page.count(FULL)) == (200, MEMBERS, False, 2)
    assert f'role="status" tabindex="-1" autofocus><p>{FULL}</p>' in page


def test_a_member_taken_away_makes_room() -> None:
    status, page, rows = shown(**sent(MEMBERS, azione="togli:componenti:7"))
    assert (status, rows, ADD in page, FULL in page) == (200, MEMBERS - 1, True, False)


@pytest.mark.parametrize("action", ["avanti", "riepilogo", "esito"])
@pytest.mark.parametrize("complete", ["", "sì"])
def test_more_members_than_may_be_are_an_error_beside_the_list_and_none_is_lost(action: str, complete: str) -> None:
    status, page, rows = shown(**sent(MEMBERS + 1, azione=action, **{"componenti.completo": complete}))
    assert (status, rows) == (422, MEMBERS)
    assert f'id="componenti-completo-errore">{OVER}</p>' in page
    assert re.search(r'name="componenti.righe" value="[0-9 ]+ 31"', page)


def test_a_page_of_thousands_of_members_is_answered() -> None:
    status, page, rows = shown(**sent(40_000, azione="esito"))
    assert (status, rows) == (422, MEMBERS)
    assert "Le voci sono 40000, al massimo ne sono ammesse 30." in page


def test_a_family_that_is_too_large_is_not_decided_on() -> None:
    reading = read_typed({"componenti.righe": [" ".join(map(str, range(31)))]}, BOOK.law.campi)
    assert "componenti" not in reading.answers.values
    assert reading.errors == {"componenti.completo": OVER}
