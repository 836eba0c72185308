"""What is sent to the API: types of content, strange bodies, answers at the limits and beyond them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.chance import tenths
from tests.test_api import ALL, BOOK, CLIENT, ONE, post

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
    {"risposte": {"annualita_gia_avute": 2.0}},
    {"risposte": {"isee": "9" * 15, "canone_mensile": "9" * 15 + ".99", "contratto_affitto": True}},
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


HUGE = "9" * 300
BEYOND: dict[str, tuple[dict[str, object], str]] = {
    "a number": (
        {"annualita_gia_avute": 2**63 - 1},
        "ha troppe cifre: prima del punto ce ne possono stare al massimo 15",
    ),
    "an amount": ({"isee": HUGE}, "ha troppe cifre"),
    "a rent": ({"canone_mensile": HUGE + ".99", "contratto_affitto": True}, "ha troppe cifre"),
    "a comune": ({"comune_residenza": "\u0000\u202e<script>"}, "non è un comune italiano né uno Stato estero"),
    "many members": (
        {"componenti": [{"id": str(n)} for n in range(600)]},
        "Le voci sono 600, al massimo ne sono ammesse 30.",
    ),
}


@pytest.mark.parametrize("name", BEYOND)
def test_answers_beyond_the_limits_are_refused_with_one_sentence(name: str) -> None:
    answers, said = BEYOND[name]
    for path in (ALL, ONE):
        response = CLIENT.post(path, json={"risposte": answers})
        assert response.status_code == 422
        (error,) = response.json()["errori"]
        assert said in error["messaggio"]
        assert len(error["messaggio"]) < 500


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


@settings(max_examples=tenths(150))
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
