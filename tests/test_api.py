"""The API for other systems: what it answers, and what it refuses, in which words."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import nestedtext
import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

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
OTHERS = ("unknown_property", "no_risposte", "unreadable", "reading_failed", "still_serving", "reloaded")
ELSEWHERE = {"key_busy", "key_reused", "too_many_requests", "failure", "no_rules", "unreadable_request"}


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
            ("/spiegazioni", "Serve true (sì) oppure false (no); qui c'è sì.", "sì"),
            (
                "/risposte/isee",
                'Serve un numero decimale scritto come testo, con il punto, per esempio "9360.00"; qui c\'è 9360.5.',
                9360.5,
            ),
            ("/risposte/iseee", "«iseee» non è un campo del vocabolario. Forse «isee»?", "1"),
            ("/risposte/percettore_adi", "Serve true (sì) oppure false (no); qui c'è 1.", 1),
            ("/risposte/componenti/membri/0/perdita_lavoro", "Serve true (sì) oppure false (no); qui c'è sì.", "sì"),
            (
                "/risposte/componenti/membri/1",
                "Ogni voce di un elenco è un oggetto con un «id», un testo non vuoto.",
                {"perdita_lavoro": True},
            ),
        ],
    ),
    "names that a pointer escapes": (
        '{"risposte":{"a/b~c":1}}',
        [("/risposte/a~1b~0c", "«a/b~c» non è un campo del vocabolario.", 1)],
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


def test_a_wrong_day_in_the_address_says_what_came() -> None:
    errors = CLIENT.get("/v1/parametri?al=22/11/2026").json()["errori"]
    said = 'Serve una data come "2024-03-01"; qui c\'è 22/11/2026.'
    assert errors == [{"parametro": "al", "messaggio": said, "valore": "22/11/2026"}]


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
    served = [len(question["servizi"]) for question in questions]
    assert served == sorted(served, reverse=True)
    assert served[0] == len(BOOK.servizi)


def test_a_day_before_the_rules_says_from_when_they_are() -> None:
    whole = CLIENT.post(ALL, json={"al": "2020-05-19", "risposte": {}}).json()
    assert whole["servizi"] == []
    absent = {item["servizio"]: item["dal"] for item in whole["non_in_vigore"]}
    assert absent == {name: versions[0].since.isoformat() for name, versions in BOOK.servizi.items()}


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
    assert "Palermo" in every["comuni_contributo"][0]["insieme"]
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
        "/servizi/x": "GET, OPTIONS, POST",
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


GOOD_TYPES = [
    *("application/json", "Application/JSON"),
    *("application/json; charset=utf-8", 'application/json;charset="UTF-8"'),
]
BAD_TYPES = [
    *("", "text/plain", "application/jsonx"),
    *("application/json; charset=iso-8859-1", "application/xml, application/json"),
]


@pytest.mark.parametrize("kind", GOOD_TYPES)
def test_json_is_read(kind: str) -> None:
    assert post(ALL, '{"risposte":{}}', {"Content-Type": kind}).status_code == 200


@pytest.mark.parametrize("kind", BAD_TYPES)
def test_other_types_are_not(kind: str) -> None:
    response = post(ALL, '{"risposte":{}}', {"Content-Type": kind} if kind else {})
    assert response.status_code == 415
    assert response.headers["accept-post"] == "application/json"


STRANGE = [
    b"",
    b"\xef\xbb\xbf",
    b"null",
    b'"testo"',
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"risposte":{"isee":' + b"1" * 5000 + b"}}",
    b'{"risposte":{"isee":1e400}}',
    b'{"risposte":{"isee":-Infinity}}',
    b'{"risposte":{"annualita_gia_avute":9223372036854775808}}',
    rb'{"\ud800":1,"\ud800":2}',
    rb'{"risposte":{"\udc00":1}}',
    rb'{"al":"\ud800","risposte":{}}',
    '{"al":"２０２６-01-01","risposte":{}}'.encode(),
    b'{"al":null,"risposte":{}}',
    b'{"al":"0001-01-01T00:00","risposte":{}}',
    b'{"risposte":{"componenti":{"membri":{"id":1}}}}',
    b'{"risposte":{"componenti":[{"id":"a","id2":1}]}}',
    b'{"risposte":{"isee":"9360.00\\n"}}',
    b'{"risposte":null}',
]


@pytest.mark.parametrize("content", STRANGE, ids=lambda content: content[:40].decode(errors="replace"))
@pytest.mark.parametrize("path", [ALL, ONE])
def test_strange_bodies_are_refused(path: str, content: bytes) -> None:
    response = post(path, content)
    assert response.status_code in (400, 422)
    assert response.headers["content-type"] == "application/problem+json"
    assert len(response.json()["detail"]) > 20


FRINGE = [
    {"al": "9999-12-31"},
    {
        "risposte": {
            "scadenza_permesso": "0001-01-01",
            "cittadinanza": "paese terzo",
            "permesso_soggiorno": "con scadenza",
        }
    },
    {"risposte": {"annualita_gia_avute": 2**63 - 1}},
    {"risposte": {"annualita_gia_avute": 2.0}},
    {"risposte": {"isee": "9" * 300, "canone_mensile": "9" * 300 + ".99", "contratto_affitto": True}},
    {"risposte": {"comune_residenza": "\u0000\u202e<script>"}},
    {"risposte": {"componenti": {"completo": True, "membri": [{"id": "~0~1 «»\u0000"}]}}},
    {"risposte": {"componenti": [{"id": str(number)} for number in range(30)]}},
    {"risposte": {"isee": None, "componenti": None}},
]


@pytest.mark.parametrize("body", FRINGE, ids=str)
def test_extreme_answers_are_evaluated(body: dict[str, object]) -> None:
    for path in (ALL, ONE):
        response = CLIENT.post(path, json={"risposte": {}, **body})
        assert response.status_code == 200
        assert response.json()["al"]


KEYS = st.text(max_size=5) | st.sampled_from(["id", "membri", "completo", "valore"])
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    PLAIN | st.sampled_from(["1.00", "Palermo"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(sorted(BOOK.law.campi)) | st.text(max_size=8)
BODIES = st.fixed_dictionaries(
    {"risposte": st.dictionaries(NAMES, VALUES, max_size=5) | VALUES}, optional={"al": VALUES, "spiegazioni": VALUES}
)


@settings(deadline=None, max_examples=150)
@given(
    st.binary(max_size=200)
    | VALUES.map(lambda v: json.dumps(v).encode())
    | BODIES.map(lambda v: json.dumps(v).encode())
)
def test_no_body_makes_it_fail(content: bytes) -> None:
    """Whatever is sent: an evaluation, or a problem with an Italian sentence for each mistake."""
    response = post(ONE, content)
    assert response.status_code in (200, 400, 422)
    if response.status_code != 200:
        problem = response.json()
        assert response.headers["content-type"] == "application/problem+json"
        assert problem["detail"][0].isupper()
        assert all(error["puntatore"].startswith("/") and error["messaggio"] for error in problem.get("errori", []))
