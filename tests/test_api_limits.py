"""What stands around the API: sizes, requests per minute, repeated requests, and what fails."""

from __future__ import annotations

import html
import logging
import threading
import traceback
from collections.abc import Iterator
from datetime import date
from typing import Any

import nestedtext
import pytest
from fastapi import HTTPException
from fastapi.testclient import TestClient
from starlette.types import Receive, Scope, Send

from api import rate, routes
from api.__main__ import main
from api.app import make_app
from api.idempotency import DAY, ENTRIES, Replays, read_key
from api.limits import LIMIT, Limits, refusal_of
from api.pages import Pages, problem_page
from api.rate import Rate
from api.refusal import PROBLEM_JSON, STATUSES, Refusal, written
from api.rules import read_rules
from engine.messages import SENTENCES
from tests.serving import Answer, ask, serving
from tests.source import ROOT

RULES = read_rules(ROOT)
ALL = "/v1/valutazioni"
ONE = "/v1/servizi/tirocinio/valutazioni"
BODY = b'{"al":"2026-11-22","risposte":{}}'
JSON = {"Content-Type": "application/json"}


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def client() -> TestClient:
    """Return a client of an application of its own: nothing is counted or kept yet."""
    return TestClient(make_app(RULES, lambda: date(2026, 11, 22)))


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Serve the application on this machine."""
    with serving(make_app(RULES, lambda: date(2026, 11, 22))) as found:
        yield found


# Sizes


def chunked(address: str, path: str, sizes: list[int], kind: str = "application/json") -> Answer:
    """Send a body in pieces, without its length."""
    return ask(address, path, (b" " * size for size in sizes), {"Content-Type": kind})


@pytest.mark.parametrize("sizes", [[LIMIT + 1], [LIMIT // 2] * 3, [1024] * 300, [LIMIT, 1]])
def test_a_body_in_pieces_is_counted(address: str, sizes: list[int]) -> None:
    response = chunked(address, ALL, sizes)
    assert response.status == 413
    assert response.headers["Content-Type"] == PROBLEM_JSON
    assert "256 kB" in response.content.decode()


def test_a_body_in_pieces_under_the_limit_is_read(address: str) -> None:
    pieces = [BODY[:5], BODY[5:], b" " * (LIMIT - len(BODY))]
    assert ask(address, ALL, iter(pieces), JSON).status == 200


def test_the_pages_count_too_and_answer_with_a_page(address: str) -> None:
    response = chunked(address, "/verifica", [LIMIT, LIMIT], "application/x-www-form-urlencoded")
    assert (response.status, response.headers["Content-Type"]) == (413, "text/html; charset=utf-8")


def test_a_length_over_the_limit_is_refused_before_reading(address: str) -> None:
    assert ask(address, ALL, None, {**JSON, "Content-Length": str(LIMIT + 1)}).status == 413


def test_the_largest_body_is_read(client: TestClient) -> None:
    assert client.post(ALL, content=BODY.ljust(LIMIT), headers=JSON).status_code == 200
    assert client.post(ALL, content=BODY.ljust(LIMIT + 1), headers=JSON).status_code == 413


# Requests per minute


def test_too_many_requests_are_refused_until_the_next_window() -> None:
    client = TestClient(make_app(RULES, limit=3))
    left = [client.get("/v1/servizi").headers["x-ratelimit-remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    response = client.post(ALL, content=BODY, headers=JSON)
    seconds = int(response.headers["retry-after"])
    assert response.status_code == 429
    assert response.json()["detail"] == f"Le richieste ammesse in un minuto sono 3. Riprovate fra {seconds} secondi."
    assert 1 <= seconds <= 60
    assert response.headers["x-ratelimit-reset"] == str(seconds)
    assert (response.headers["x-ratelimit-limit"], response.headers["x-ratelimit-remaining"]) == ("3", "0")
    assert client.get("/status").status_code == 429
    assert client.get("/").status_code == 200
    assert client.get("/documentazione").status_code == 200


@pytest.mark.parametrize("path", ["/v1/servizi", "/v1/altro", "/status", "/v1/parametri?al=x", ALL])
def test_every_answer_says_how_many_are_left(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"} <= headers.keys()


def test_the_window_and_the_clients() -> None:
    clock = Clock()
    counted = Rate(2, clock)
    assert [counted.take("a").left for _ in range(3)] == [1, 0, -1]
    assert counted.take("b").left == 1
    clock.now += 59.5
    assert (counted.take("a").left, counted.take("a").reset) == (-2, 1)
    clock.now += 0.5
    again = counted.take("a")
    assert (again.left, again.reset) == (1, 60)


def test_memory_is_bounded_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate, "CLIENTS", 5)
    counted = Rate(10, Clock())
    left = [counted.take(f"10.0.0.{number}").left for number in range(9)]
    assert left == [9, 9, 9, 9, 9, 9, 8, 7, 6]
    assert len(counted._counts) == 6
    assert counted.take("10.0.0.1").left == 8


@pytest.mark.parametrize("wrong", ["0", "-3", "molte"])
def test_the_limit_of_the_command_is_a_number(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--limite", wrong])
    assert stop.value.code == 2
    assert "Il comando non è scritto bene" in capsys.readouterr().err


# Repeated requests


def keyed(client: TestClient, path: str, body: bytes, key: str = '"uno"') -> Any:
    return client.post(path, content=body, headers={**JSON, "Idempotency-Key": key})


def test_a_repeated_request_has_the_same_answer(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the rules, or the day, have changed meanwhile: what was answered is what was answered."""
    first = keyed(client, ALL, BODY)
    monkeypatch.setattr(routes, "evaluate_all", lambda *_: written({"altro": 1}))
    again, unquoted = keyed(client, ALL, BODY), keyed(client, ALL, BODY, "uno")
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == unquoted.headers["idempotency-replayed"] == "true"
    assert first.content == again.content == unquoted.content
    assert keyed(client, ALL, BODY, "due").json() == {"altro": 1}
    assert client.post(ALL, content=BODY, headers=JSON).json() == {"altro": 1}


def test_a_key_is_for_one_content_at_one_address(client: TestClient) -> None:
    assert keyed(client, ALL, BODY).status_code == 200
    reused = keyed(client, ALL, BODY + b" ")
    assert (reused.status_code, reused.json()["detail"]) == (422, SENTENCES["api.key_reused"])
    assert keyed(client, ONE, BODY).json()["servizio"] == "tirocinio"


def test_what_was_refused_is_not_kept(client: TestClient) -> None:
    assert keyed(client, ALL, b'{"risposte":{"isee":1}}').status_code == 422
    assert keyed(client, ALL, b"{").status_code == 400
    assert keyed(client, ALL, BODY).status_code == 200


KEYS = {
    '"8e03978e-40d5-43e8-bc93-6894a57f9324"': "8e03978e-40d5-43e8-bc93-6894a57f9324",
    "8e03978e-40d5-43e8-bc93-6894a57f9324": "8e03978e-40d5-43e8-bc93-6894a57f9324",
    ' "a:b" ': "a:b",
    "x" * 255: "x" * 255,
}
BAD_KEYS = [[""], ['""'], ['"a'], ["a b"], ["x" * 256], ["però"], ['"a"b'], ["a,b"], ["a;b=1"], ["a", "a"]]


@pytest.mark.parametrize("given", KEYS)
def test_a_key(given: str) -> None:
    assert read_key([given]) == KEYS[given]


@pytest.mark.parametrize("given", BAD_KEYS, ids=str)
def test_a_key_badly_written(given: list[str]) -> None:
    with pytest.raises(Refusal, match="key_malformed"):
        read_key(given)
    assert read_key([]) is None


def test_answers_are_forgotten_after_a_day() -> None:
    clock = Clock()
    replays = Replays(clock)
    assert replays.once("/", "k", b"1", lambda: b"prima") == (b"prima", False)
    clock.now += DAY - 1
    assert replays.once("/", "k", b"1", lambda: b"dopo") == (b"prima", True)
    clock.now += 1
    assert replays.once("/", "k", b"2", lambda: b"dopo") == (b"dopo", False)
    clock.now += DAY
    replays.forget()
    assert (replays.size, len(replays._entries)) == (0, 0)


def test_answers_kept_are_bounded_in_number_and_bytes() -> None:
    replays = Replays(Clock(), memory=1000)
    for number in range(30):
        replays.once("/", str(number), b"", lambda: b"x" * 100)
        assert replays.size <= 1000
    assert replays.once("/", "29", b"", lambda: b"nuova")[1]
    assert not replays.once("/", "0", b"", lambda: b"nuova")[1]
    assert replays.once("/", "troppo", b"", lambda: b"x" * 2000) == (b"x" * 2000, False)
    assert replays.size == 0
    for number in range(ENTRIES + 50):
        replays.once("/", str(number), b"", lambda: b"")
    assert len(replays._entries) == ENTRIES


def test_the_same_request_twice_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second is told to wait; when the first is done, both have its answer."""
    began, go_on = threading.Event(), threading.Event()

    def slow(*_: object) -> bytes:
        began.set()
        assert go_on.wait(20)
        return b'{"lenta":true}'

    monkeypatch.setattr(routes, "evaluate_all", slow)
    headers = {**JSON, "Idempotency-Key": "lenta"}
    with serving(make_app(RULES)) as address:
        found = list[Answer]()
        first = threading.Thread(target=lambda: found.append(ask(address, ALL, BODY, headers)))
        first.start()
        assert began.wait(20)
        found.append(ask(address, ALL, BODY, headers))
        go_on.set()
        first.join()
        found.append(ask(address, ALL, BODY, headers))
    assert [answer.status for answer in found] == [409, 200, 200]
    assert b"riprovate fra un secondo" in found[0].content
    assert found[0].headers["Retry-After"] == "1"
    assert found[1].content == found[2].content == b'{"lenta":true}'


def test_a_request_that_failed_can_be_repeated() -> None:
    replays = Replays(Clock())

    def fails() -> bytes:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        replays.once("/", "k", b"1", fails)
    assert replays.once("/", "k", b"2", lambda: b"fatta") == (b"fatta", False)


# What fails


def test_a_mistake_of_ours_tells_nothing_of_the_family(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(edition: object, content: bytes, today: date) -> bytes:
        raise RuntimeError(content.decode())

    monkeypatch.setattr(routes, "evaluate_all", fails)
    with caplog.at_level(logging.ERROR):
        response = client.post(ALL, content=b'{"risposte":{"nome":"Rosalia"}}', headers=JSON)
    assert response.status_code == 500
    assert response.json()["detail"] == SENTENCES["api.failure"]
    assert response.headers["content-type"] == PROBLEM_JSON
    assert response.headers["cache-control"] == "no-store"
    assert "x-ratelimit-limit" in response.headers
    assert "RuntimeError" in caplog.text
    assert "in fails" in caplog.text
    assert "Rosalia" not in caplog.text + response.text


def test_a_mistake_after_the_answer_has_begun_cuts_it(caplog: pytest.LogCaptureFixture) -> None:
    """Half an answer must not look like a whole one."""

    async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError(scope["query_string"].decode())

    client = TestClient(Limits(breaks, Rate(5), lambda path, refusal: refusal.response(path)))
    with pytest.raises(ConnectionAbortedError) as cut:
        client.get(f"/v1/servizi?{'ROSALIA'.lower()}")
    assert "RuntimeError" in caplog.text
    assert "rosalia" not in caplog.text + "".join(traceback.format_exception(cut.value))


def test_without_rules_everything_says_so_and_when_to_come_back(tmp_path: Any) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/vocabolario.nt").write_text("a\n")
    rules = read_rules(tmp_path)
    client = TestClient(make_app(rules))
    assert rules.problems
    for path in ("/status", "/v1/servizi", "/v1/openapi.json", "/v1/parametri"):
        response = client.get(path)
        assert response.status_code == 503
        assert response.headers["retry-after"] == "10"
        assert response.json()["detail"].startswith(
            f"Le regole non si possono usare: problemi nei file {len(rules.problems)}."
        )
    assert client.post(ALL, content=BODY, headers=JSON).status_code == 503
    page = client.get("/documentazione")
    assert page.status_code == 503
    assert PAGES["503"]["titolo"] in page.text
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(("status", "kind"), [(400, "unreadable_request"), (404, "no_address"), (405, "not_allowed")])
def test_what_the_framework_refuses_has_our_words(status: int, kind: str) -> None:
    refusal = refusal_of(HTTPException(status))
    assert (refusal.kind, refusal.status, refusal.detail) == (kind, STATUSES[kind], SENTENCES[f"api.{kind}"])


PAGES: Any = nestedtext.loads((ROOT / "tests/pagine.nt").read_text("utf-8"), top="dict")


@pytest.mark.parametrize("status", PAGES)
def test_a_page_that_cannot_be_given_says_why_and_what_to_do(status: str) -> None:
    page = problem_page(int(status))
    text = html.unescape(bytes(page.body).decode())
    assert page.status_code == int(status)
    assert f"<h1>{PAGES[status]['titolo']}</h1>" in text
    assert f">{PAGES[status]['testo']}</p>" in text


def test_every_status_of_a_page_has_words_of_its_own() -> None:
    assert {str(status) for status in STATUSES.values()} - PAGES.keys() - {"401"} == {"409", "422"}  # for systems
    said = [case["titolo"] for case in PAGES.values()]
    assert len(set(said)) == len(said)


def test_a_page_that_fails_says_so_and_tells_nothing(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(pages: object, typed: object) -> Any:
        raise RuntimeError(str(typed))

    monkeypatch.setattr(Pages, "sent", fails)
    response = client.post("/verifica", data={"isee": "ROSALIA"})
    assert response.status_code == 500
    assert PAGES["500"]["titolo"] in response.text
    assert "ROSALIA" not in caplog.text + response.text


def test_a_page_half_sent_is_told_from_one_that_is_not_there(client: TestClient) -> None:
    response = client.post("/verifica", content=b"--x\r\nnulla", headers={"Content-Type": "multipart/form-data"})
    assert response.status_code == 400
    assert PAGES["400"]["titolo"] in response.text
    assert PAGES["404"]["titolo"] in client.get("/niente").text
