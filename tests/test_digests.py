"""The digests of bodies: on every answer of the API, and checked on the requests that have one."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import date
from typing import Any

import nestedtext
import pytest
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from api import routes
from api.app import make_app
from api.digests import EMPTY, digest_of
from api.limits import LIMIT, Limits
from api.rate import Rate
from api.refusal import problem_type
from api.rules import read_rules
from engine.messages import SENTENCES
from tests.serving import ask, serving
from tests.source import ROOT

RULES = read_rules(ROOT)
CASES: Any = nestedtext.loads((ROOT / "tests/impronte.nt").read_text("utf-8"), top="dict")
NAMES = ("Digest", "Content-Digest")
KINDS = {"altra": "digest_differs", "illeggibile": "digest_malformed"}
ALL = "/v1/valutazioni"
JSON = {"Content-Type": "application/json"}
BODY = b'{"al":"2026-11-22","risposte":{}}'


async def echo(request: Request) -> Response:
    """Answer with what was sent."""
    return Response(await request.body())


ECHO = TestClient(
    Limits(Starlette(routes=[Route("/v1/eco", echo, methods=["GET", "POST"])]), Rate(10**6), lambda p, r: r.response(p))
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Serve the application on this machine."""
    with serving(make_app(RULES, lambda: date(2026, 11, 22))) as found:
        yield found


@pytest.mark.parametrize("name", CASES)
def test_a_digest_in_a_request(name: str) -> None:
    case = CASES[name]
    body = case["corpo"].replace("\\n", "\n").encode()
    response = ECHO.post("/v1/eco", content=body, headers={name: case[name] for name in NAMES if name in case})
    if case["esito"] == "giusta":
        assert (response.status_code, response.content) == (200, body)
        return
    kind = KINDS[case["esito"]]
    problem = response.json()
    assert (response.status_code, problem["type"]) == (400, problem_type(kind))
    assert problem["title"] == SENTENCES[f"api.{kind}_title"]
    assert problem["detail"].startswith(SENTENCES[f"api.{kind}"].split("{header}")[0])
    assert any(
        f"L'intestazione {name}" in problem["detail"] or f"nell'intestazione {name}" in problem["detail"]
        for name in NAMES
        if name in case
    )


def test_both_lines_of_a_header_that_stands_twice_are_read() -> None:
    good, bad = b"sha-256=" + digest_of(BODY), b"sha-256=" + EMPTY
    for values, status in (([good, good], 200), ([good, bad], 400), ([bad, good], 400)):
        headers = [(b"Digest", value) for value in values]
        assert ECHO.post("/v1/eco", content=BODY, headers=headers).status_code == status


def expected(content: bytes) -> str:
    """Return the digest of some bytes, found in another way than the application finds it."""
    return base64.standard_b64encode(bytes.fromhex(hashlib.new("sha256", content).hexdigest())).decode()


REQUESTS: list[tuple[str, str, bytes | None, dict[str, str], int]] = [
    ("GET", "/status", None, {}, 200),
    ("GET", "/v1/servizi", None, {}, 200),
    ("GET", "/v1/openapi.json", None, {}, 200),
    ("POST", ALL, BODY, JSON, 200),
    ("POST", ALL, BODY, {**JSON, "Idempotency-Key": "una"}, 200),
    ("POST", ALL, BODY, {**JSON, "Idempotency-Key": "una"}, 200),
    ("GET", "/v1/niente", None, {}, 404),
    ("DELETE", "/v1/servizi", None, {}, 405),
    ("POST", ALL, b"{", JSON, 400),
    ("POST", ALL, b'{"risposte":{"isee":1}}', JSON, 422),
    ("POST", ALL, BODY, {}, 415),
    ("POST", ALL, BODY, {**JSON, "Content-Encoding": "gzip"}, 415),
    ("POST", ALL, b" " * (LIMIT + 1), JSON, 413),
    ("POST", ALL, BODY, {**JSON, "Digest": "sha-256"}, 400),
]


@pytest.mark.parametrize(("method", "path", "body", "headers", "status"), REQUESTS)
def test_every_answer_has_both_digests_of_its_body(
    address: str, method: str, path: str, body: bytes | None, headers: dict[str, str], status: int
) -> None:
    answer = ask(address, path, body, headers, method)
    assert answer.status == status
    assert answer.content
    assert answer.headers.get_all("Digest") == [f"sha-256={expected(answer.content)}"]
    assert answer.headers.get_all("Content-Digest") == [f"sha-256=:{expected(answer.content)}:"]


def test_a_replay_and_a_limit_have_them_too() -> None:
    client = TestClient(make_app(RULES, limit=2))
    first, again = (client.post(ALL, content=BODY, headers={**JSON, "Idempotency-Key": "k"}) for _ in range(2))
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["digest"] == first.headers["digest"] == f"sha-256={expected(first.content)}"
    refused = client.get("/status")
    assert (refused.status_code, refused.headers["digest"]) == (429, f"sha-256={expected(refused.content)}")


def test_a_failure_has_them_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr(routes, "evaluate_all", fails)
    response = TestClient(make_app(RULES)).post(ALL, content=BODY, headers=JSON)
    assert (response.status_code, response.headers["digest"]) == (500, f"sha-256={expected(response.content)}")


def test_head_has_the_digest_of_what_get_would_give_and_that_of_nothing(address: str) -> None:
    given, head = (ask(address, "/v1/sportelli", None, {}, method) for method in ("GET", "HEAD"))
    assert (head.status, head.content) == (200, b"")
    assert head.headers["Digest"] == given.headers["Digest"]
    assert head.headers["Content-Digest"] == "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"


def test_an_answer_without_content_has_the_digest_of_nothing(address: str) -> None:
    answer = ask(address, ALL, None, {}, "OPTIONS")
    assert (answer.status, answer.content) == (204, b"")
    assert answer.headers["Digest"] == "sha-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    assert answer.headers["Content-Digest"] == "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"


def test_a_request_without_a_body_is_checked_too(address: str) -> None:
    right = {"Digest": f"sha-256={EMPTY.decode()}"}
    assert ask(address, "/v1/servizi", None, right, "GET").status == 200
    assert ask(address, "/v1/servizi", None, {"Digest": f"sha-256={expected(BODY)}"}, "GET").status == 400


def test_a_body_in_pieces_is_checked_whole(address: str) -> None:
    pieces = [BODY[:7], BODY[7:20], BODY[20:]]
    for digest, status in ((expected(BODY), 200), (expected(BODY[:7]), 400)):
        headers = {**JSON, "Content-Digest": f"sha-256=:{digest}:"}
        assert ask(address, ALL, iter(pieces), headers).status == status
    assert ask(address, ALL, iter([b" " * LIMIT, b" "]), {**JSON, "Digest": f"sha-256={expected(BODY)}"}).status == 413


def test_an_answer_in_pieces_is_sent_whole() -> None:
    async def pieces() -> Any:
        for part in (b"a", b"", b"bc"):
            yield part

    async def answer(request: Request) -> Response:
        return StreamingResponse(pieces())

    app = Limits(Starlette(routes=[Route("/v1/a", answer)]), Rate(9), lambda p, r: r.response(p))
    response = TestClient(app).get("/v1/a")
    assert (response.content, response.headers["digest"]) == (b"abc", f"sha-256={expected(b'abc')}")


def test_the_pages_have_none_and_are_not_checked(address: str) -> None:
    answer = ask(address, "/", None, {"Digest": "sha-256=no"}, "GET")
    assert answer.status == 200
    assert not {"digest", "content-digest"} & {name.lower() for name in answer.headers}
