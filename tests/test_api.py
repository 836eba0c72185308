"""The API for other systems: what it answers, and what it refuses, in which words."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import nestedtext
import pytest
from fastapi.testclient import TestClient

from api.app import make_app
from api.refusal import STATUSES, problem_type
from api.rules import read_rules
from engine.answers import read_answers
from engine.evaluation import evaluate
from engine.explanation import explain
from engine.messages import SENTENCES
from tests.source import ROOT

DAY = date(2026, 11, 22)
RULES = read_rules(ROOT)
assert RULES.edition
BOOK = RULES.edition.rulebook
CLIENT = TestClient(make_app(RULES, lambda: DAY, limit=10**9))
JSON = {"Content-Type": "application/json"}
ALL, ONE = "/v1/valutazioni", "/v1/servizi/tirocinio/valutazioni"
FAMILY = {"comune_residenza": "Palermo", "isee": "9360.00", "percettore_adi": True}


def articles(atto: str) -> list[str]:
    return sorted(articolo for name, articolo in BOOK.law.articles if name == atto)


def post(path: str, content: bytes | str, headers: dict[str, str] | None = None) -> Any:
    return CLIENT.post(path, content=content, headers=JSON if headers is None else headers)


REFUSALS: Any = nestedtext.loads((ROOT / "tests/rifiuti.nt").read_text("utf-8"), top="dict")
#: Pinned where what causes them is made: limits, keys, rules that cannot be read.
OTHERS = (
    *("unknown_property", "no_risposte", "answers_title", "day_in_address"),
    *("unreadable", "reading_failed", "still_serving", "reloaded"),
    *("steps_worker", "steps_fixpoint", "steps_restarted"),
)
ELSEWHERE = {
    *("not_recognised", "not_yours", "not_ours", "store_unavailable"),
    "other_host",
    "voucher_refused",
    "evidence_refused",
    "no_keys",
    "key_busy",
    "key_reused",
    "too_many_requests",
    "failure",
    "no_rules",
    "unreadable_request",
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_refusal(kind: str) -> None:
    case = REFUSALS[kind]
    method, path = case["chiedi"].split(" ")
    content = case.get("corpo", "").replace("…", case.get("ripeti", "") * int(case.get("volte", "0")))
    body = content.encode().decode("unicode_escape").encode("latin-1")
    response = CLIENT.request(method, path, content=body, headers={**JSON, **case.get("intestazioni", {})})
    names = {"servizi": list(BOOK.servizi), "atti": list(BOOK.law.atti), "articoli": articles("lr-7-2019")}
    detail = case["dice"].format(**{key: ", ".join(each) for key, each in names.items()})
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["detail"] == detail
    assert problem["type"] == problem_type(kind)
    assert problem["title"] == SENTENCES[f"api.{kind}_title"]
    assert response.status_code == problem["status"] == STATUSES[kind]
    assert problem["instance"] == response.url.path


def test_every_kind_of_refusal_is_pinned() -> None:
    assert REFUSALS.keys() | ELSEWHERE == STATUSES.keys()
    kinds = {f"api.{kind}{end}" for kind in STATUSES for end in ("", "_title")}
    assert {code for code in SENTENCES if code.startswith("api.")} == kinds | {f"api.{name}" for name in OTHERS}


WRONG: dict[str, tuple[str, list[tuple[str, str, object]]]] = {
    "everything at once": (
        """{"al":"2026-02-30","spiegazioni":"sì","data":1,
        "risposte":{"isee":9360.5,"iseee":"1","percettore_adi":1,
        "componenti":{"membri":[{"id":"a","perdita_lavoro":"sì"},{"perdita_lavoro":true}]}}}""",
        [
            ("/data", "«data» qui non è previsto. Si può scrivere: al, risposte, spiegazioni.", 1),
            ("/al", "Il giorno «2026-02-30» non esiste sul calendario.", "2026-02-30"),
            ("/spiegazioni", '"sì" si capisce (sì), ma in JSON si scrive true.', "sì"),
            ("/risposte/isee", '9360.5 si capisce (9.360,50 €), ma in JSON si scrive "9360.50".', 9360.5),
            ("/risposte/iseee", "«iseee» non è un campo del vocabolario. Forse «isee»?", "1"),
            ("/risposte/percettore_adi", "Serve true (sì) oppure false (no); qui c'è 1.", 1),
            (
                "/risposte/componenti/membri/0/perdita_lavoro",
                '"sì" si capisce (sì), ma in JSON si scrive true.',
                "sì",
            ),
            (
                "/risposte/componenti/membri/1",
                SENTENCES["json.member_id"].format(value='{"perdita_lavoro": true}'),
                {"perdita_lavoro": True},
            ),
        ],
    ),
    "names that a pointer escapes": (
        '{"risposte":{"a/b~c":1}}',
        [("/risposte/a~1b~0c", "«a/b~c» non è un campo del vocabolario.", 1)],
    ),
    "a day written as Italians do, and reasons that are no yes": (
        '{"al":"22/11/2026","spiegazioni":[1],"risposte":{}}',
        [
            ("/al", '"22/11/2026" si capisce (22/11/2026), ma in JSON si scrive "2026-11-22".', "22/11/2026"),
            ("/spiegazioni", "Serve true (sì) oppure false (no); qui c'è [1].", [1]),
        ],
    ),
    "an answer that does not concern the family": (
        '{"risposte":{"cittadinanza":"italiana","permesso_soggiorno":"con scadenza"}}',
        [
            (
                "/risposte/permesso_soggiorno",
                SENTENCES["json.not_concerned"].format(guard="cittadinanza è paese terzo", names="«cittadinanza»"),
                "con scadenza",
            )
        ],
    ),
    "answers that are no object": (
        '{"risposte":[]}',
        [("/risposte", "Le risposte sono un oggetto JSON, con i campi per nome.", [])],
    ),
    "a near miss": (
        '{"risposta":{},"risposte":{}}',
        [
            (
                "/risposta",
                "«risposta» qui non è previsto. Forse «risposte»? Si può scrivere: al, risposte, spiegazioni.",
                {},
            )
        ],
    ),
    "too many members": (
        json.dumps({"risposte": {"componenti": [{"id": str(number)} for number in range(31)]}}),
        [
            (
                "/risposte/componenti",
                "Le voci sono 31, al massimo ne sono ammesse 30.",
                [{"id": str(number)} for number in range(31)],
            )
        ],
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_every_wrong_field_is_listed(name: str) -> None:
    body, expected = WRONG[name]
    response = post(ALL, body)
    assert response.status_code == 422
    found = [(error["puntatore"], error["messaggio"], error["valore"]) for error in response.json()["errori"]]
    assert found == expected
    assert response.json()["detail"].startswith(f"Dati da correggere: {len(expected)}.")


def test_answers_that_are_not_sent_are_asked_for() -> None:
    errors = post(ALL, "{}").json()["errori"]
    said = "Manca «risposte»: un oggetto con ciò che si sa della famiglia, anche vuoto."
    assert errors == [{"puntatore": "/risposte", "messaggio": said}]


def test_reasons_are_for_every_service_together() -> None:
    """The evaluation of one service always says why."""
    errors = post(ONE, '{"risposte":{},"spiegazioni":3}').json()["errori"]
    assert [error["puntatore"] for error in errors] == ["/spiegazioni"]


NOT_A_DAY = "«{}» qui non va bene: in un indirizzo il giorno si scrive senza virgolette, per esempio {}."
DAYS = {
    "22/11/2026": NOT_A_DAY.format("22/11/2026", "2026-11-22"),
    '"2026-11-22"': NOT_A_DAY.format('"2026-11-22"', "2024-03-01"),
    "": NOT_A_DAY.format("", "2024-03-01"),
    "x" * 500: NOT_A_DAY.format("x" * 59 + "…", "2024-03-01"),
    "2026-02-30": "Il giorno «2026-02-30» non esiste sul calendario.",
}


@pytest.mark.parametrize("day", DAYS)
def test_a_wrong_day_in_the_address_says_what_came(day: str) -> None:
    for path in ("/v1/parametri", "/v1/sportelli", "/v1/regole/tirocinio", "/v1/servizi/tirocinio/schema"):
        response = CLIENT.get(path, params={"al": day})
        assert response.status_code == 422
        assert response.json()["errori"] == [{"parametro": "al", "messaggio": DAYS[day], "valore": day}]


def test_the_schema_of_a_family_has_its_title() -> None:
    schemas = CLIENT.get("/v1/openapi.json").json()["components"]["schemas"]
    assert schemas["Risposte"]["title"] == SENTENCES["api.answers_title"] == "Le risposte di una famiglia"


@pytest.mark.parametrize("servizio", BOOK.servizi)
@pytest.mark.parametrize("answers", [{}, FAMILY], ids=["nothing", "something"])
def test_one_service_says_what_the_engine_says(servizio: str, answers: dict[str, object]) -> None:
    response = CLIENT.post(f"/v1/servizi/{servizio}/valutazioni", json={"al": "2026-11-22", "risposte": answers})
    version = BOOK.at(servizio, DAY)
    assert version
    expected = explain(evaluate(version, read_answers(answers, version.campi), DAY)).as_json()
    assert response.status_code == 200
    assert response.json() == json.loads(json.dumps(expected))


def test_today_is_the_day_when_none_is_given() -> None:
    for path in (ONE, ALL):
        assert CLIENT.post(path, json={"risposte": {}}).json()["al"] == DAY.isoformat()


def test_every_service_at_once_agrees_with_each_alone() -> None:
    whole = CLIENT.post(ALL, json={"risposte": FAMILY, "spiegazioni": True}).json()
    assert [brief["servizio"] for brief in whole["servizi"]] == list(BOOK.servizi)
    for brief in whole["servizi"]:
        alone = CLIENT.post(f"/v1/servizi/{brief['servizio']}/valutazioni", json={"risposte": FAMILY}).json()
        assert brief["spiegazione"] == alone
        for key in ("versione", "impronta", "esito", "possibili", "provvisorio", "istruttoria_completa", "avvisi"):
            assert brief[key] == alone[key]
        for key in ("mancano", "mancano_per_importo", "prossime_domande"):
            assert brief[key] == [question["campo"] for question in alone[key]]
        assert brief["da_confermare"] == [item["parametro"] for item in alone["da_confermare"]]
        for name, amount in brief["importi"].items():
            assert amount.items() <= alone["calcoli"][name].items()
        assert whole["sintesi"]["esiti"][brief["esito"]].count(brief["servizio"]) == 1


def test_each_question_is_asked_once_first_what_serves_most() -> None:
    whole = CLIENT.post(ALL, json={"risposte": {}}).json()
    questions = whole["sintesi"]["prossime_domande"]
    names = [question["campo"] for question in questions]
    assert len(names) == len(set(names))
    assert set(names) == {name for brief in whole["servizi"] for name in brief["prossime_domande"]}
    asking = {brief["servizio"]: brief["prossime_domande"] for brief in whole["servizi"]}
    for question in questions:
        assert question["servizi"] == [name for name, asked in asking.items() if question["campo"] in asked]
    served = [len(question["servizi"]) for question in questions]
    assert served == sorted(served, reverse=True)
    assert served[0] > 1


SINCE = {name: versions[0].since for name, versions in BOOK.servizi.items()}


@pytest.mark.parametrize("day", sorted({since - timedelta(days=1) for since in SINCE.values()}))
def test_a_day_before_some_rules_says_from_when_they_are(day: date) -> None:
    whole = CLIENT.post(ALL, json={"al": day.isoformat(), "risposte": {}}).json()
    assert [brief["servizio"] for brief in whole["servizi"]] == [name for name, since in SINCE.items() if since <= day]
    absent = {item["servizio"]: item["dal"] for item in whole["non_in_vigore"]}
    assert absent == {name: since.isoformat() for name, since in SINCE.items() if since > day}


def test_a_day_before_every_rule_has_no_service_and_no_desk() -> None:
    whole = CLIENT.post(ALL, json={"al": "1990-01-01", "risposte": FAMILY}).json()
    assert whole["servizi"] == []
    assert whole["sintesi"] == {"esiti": {}, "prossime_domande": []}
    assert whole["sportello"] is None
    assert len(whole["non_in_vigore"]) == len(BOOK.servizi)


#: What is known of a family, and the desk that is said with the decisions.
DESKS: list[tuple[dict[str, object], dict[str, object]]] = [
    (
        {"comune_residenza": "Palermo", "circoscrizione": "I", "seguito_uo_specialistica": False},
        {"esito": "sportello", "sportello": "circoscrizione_1", "questione": None, "mancano": []},
    ),
    (
        {"comune_residenza": "H159"},
        {"esito": "da_integrare", "sportello": None, "questione": None, "mancano": ["seguito_uo_specialistica"]},
    ),
]


@pytest.mark.parametrize(("answers", "desk"), DESKS)
def test_the_desk_is_said_with_the_decisions(answers: dict[str, object], desk: dict[str, object]) -> None:
    assert CLIENT.post(ALL, json={"risposte": answers}).json()["sportello"] == desk


def test_a_service_in_its_versions() -> None:
    found = CLIENT.get("/v1/servizi/contributo-autonomia").json()
    version = BOOK.servizi["contributo-autonomia"][0]
    shown = found["versioni"][0]
    assert (shown["dal"], shown["fino_al"]) == ("2020-05-20", None)
    assert [item["id"] for item in shown["requisiti"]] == list(version.requisiti)
    assert shown["esiti"][-1]["istruttoria_completa"] is True
    assert shown["cita"] == [{"atto": "reg-12-2020", "articolo": "12"}]
    assert shown["campi"][0]["campo"] == "comune_residenza"


def test_parametri_through_time_and_on_a_day() -> None:
    every = {p["parametro"]: p["valori"] for p in CLIENT.get("/v1/parametri").json()["parametri"]}
    then = {p["parametro"]: p["valori"] for p in CLIENT.get("/v1/parametri?al=2024-12-31").json()["parametri"]}
    before = CLIENT.get("/v1/parametri?al=1990-01-01").json()["parametri"]
    assert all(not parametro["valori"] for parametro in before)
    soglia = every["soglia_isee_tirocinio"]
    assert [value.get("alternative") or value.get("valore") for value in then["soglia_isee_tirocinio"]]
    assert soglia[0]["fino_al"] == "2024-12-31"
    assert then["soglia_isee_tirocinio"] == soglia[:1]
    assert every["quota_isee"][0]["tabella"]["righe"][0] == ["è 0 €", "100%"]
    assert every["tetto_contributo"][0]["tabella"]["colonne"] == ["numero_componenti", "tetto_contributo"]
    comuni = every["comuni_contributo"][0]
    assert "G273" in comuni["insieme"]
    assert "Palermo" in comuni["testo"].split("; ")
    assert len(comuni["insieme"]) == len(comuni["testo"].split("; "))
    assert [value["testo"] for value in every["quota_utenze"][0]["alternative"]] == ["0%", "100%"]


def test_an_article_with_who_cites_it() -> None:
    found = CLIENT.get("/v1/articoli/legge-241-1990/10-bis").json()
    assert found["testo_acquisito"] is True
    assert [p["comma"] for p in found["paragrafi"] if "comma" in p] == ["1"]
    citing = {(item["servizio"], item["id"], item["comma"]) for item in found["citato_da"]["esiti"]}
    assert ("contributo-autonomia", "motivi_ostativi", "1") in citing
    unseen = CLIENT.get("/v1/articoli/reg-12-2020/12").json()
    assert unseen["testo_acquisito"] is False
    assert any(item["id"] == "ammissibile" for item in unseen["citato_da"]["esiti"])
    assert all("comma" not in item for items in unseen["citato_da"].values() for item in items)


def test_head_and_options() -> None:
    head = CLIENT.head("/v1/servizi")
    assert head.status_code == 200
    assert int(head.headers["content-length"]) > 100
    for path, allowed in {
        ALL: "OPTIONS, POST",
        "/v1/parametri": "GET, HEAD, OPTIONS",
        "/verifica": "GET, OPTIONS, POST",
        "/": "GET, OPTIONS",
        "/regole/tirocinio": "GET, OPTIONS",
        "/static/comma.css": "GET, HEAD, OPTIONS",
    }.items():
        options = CLIENT.options(path)
        assert (options.status_code, options.headers["allow"], options.content) == (204, allowed, b"")
        assert CLIENT.put(path).headers["allow"] == allowed
    assert CLIENT.options("/v1/altro").status_code == 404


def test_pages_and_addresses_each_have_their_errors() -> None:
    assert CLIENT.get("/altro").headers["content-type"].startswith("text/html")
    assert CLIENT.put("/").headers["content-type"].startswith("text/html")
    for path in ("/v1", "/v1/", "/v1/servizi/", "/v1//servizi"):
        assert CLIENT.get(path).headers["content-type"] == "application/problem+json"
    assert CLIENT.get("/v1x").headers["content-type"].startswith("text/html")


def test_nothing_may_be_kept_by_others() -> None:
    for response in (CLIENT.get("/v1/servizi"), CLIENT.get("/v1/altro"), post(ALL, "{}"), CLIENT.get("/status")):
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
