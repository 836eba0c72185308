"""What keeps others out and data in: headers, names, methods, files, sizes, and logs with nothing personal in them."""

from __future__ import annotations

import ast
import gzip
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import nestedtext
import pytest
from fastapi.testclient import TestClient

from api.app import make_app
from api.limits import COMPRESSED, HEADERS, hosts_of
from api.pages import FIELDS
from api.refusal import STATUSES, Refusal
from api.rules import read_rules
from tests.failing_server import MARK
from tests.serving import Answer, ask
from tests.source import ROOT, python_files, tree

RULES = read_rules(ROOT)
APP = make_app(RULES, limit=10**9)
CLIENT = TestClient(APP)
ALL, PAGE = "/v1/valutazioni", "/verifica"
JSON = {"Content-Type": "application/json"}
BODY = b'{"risposte":{}}'
PAGES: Any = nestedtext.loads((ROOT / "tests/pagine.nt").read_text("utf-8"), top="dict")


@dataclass(frozen=True, slots=True)
class Server:
    """The real command in a process of its own, with what it prints."""

    address: str
    printed: Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start the real command on a free port, and stop it."""
    printed = tmp_path_factory.mktemp("server") / "printed"
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "tests.failing_server", "--porta", str(port), "--limite", "1000000"]
    with printed.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, cwd=ROOT, env={**os.environ, "LC_ALL": "C.UTF-8"}
        )
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(600):
                with suppress(OSError):
                    if ask(address, "/status", None, {}, "GET").status == 200:
                        break
                time.sleep(0.05)
            yield Server(address, printed)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


# Headers


@pytest.mark.parametrize(
    "path", ["/", "/regole", "/niente", "/status", "/v1/servizi", "/v1/niente", "/static/comma.css"]
)
def test_every_answer_tells_the_browser_what_it_may_not_do(path: str) -> None:
    headers = CLIENT.get(path).headers
    for name, value in HEADERS.items():
        if name != "Cache-Control" or not path.startswith("/static"):
            assert headers.get_list(name) == [value]
    assert "server" not in headers
    assert "strict-transport-security" not in headers


def test_the_policy_of_content_lets_nothing_in_that_is_not_ours() -> None:
    policy = dict(part.split(" ", 1) for part in HEADERS["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert not re.search(r"unsafe|\*|https?:", HEADERS["Content-Security-Policy"])
    denied = HEADERS["Permissions-Policy"].split(", ")
    assert all(one.endswith("=()") for one in denied)
    assert {"camera", "geolocation", "microphone"} <= {one.removesuffix("=()") for one in denied}


def test_behind_tls_a_browser_is_told_to_stay_there() -> None:
    client = TestClient(make_app(RULES, address="https://comma.example.it"))
    for path in ("/", "/v1/servizi", "/static/comma.css", "/v1/niente"):
        value = client.get(path).headers["strict-transport-security"]
        age, _, more = value.partition("; ")
        assert int(age.removeprefix("max-age=")) >= 365 * 24 * 3600
        assert more == "includeSubDomains"


def test_a_proxy_that_adds_it_too_takes_ours_away() -> None:
    assert "proxy_hide_header Strict-Transport-Security;" in (ROOT / "deploy/nginx.conf").read_text()
    assert "header_down -Strict-Transport-Security" in (ROOT / "deploy/Caddyfile").read_text()


def test_the_proxy_speaks_only_recent_tls() -> None:
    assert re.findall(r"ssl_protocols (.*);", (ROOT / "deploy/nginx.conf").read_text()) == ["TLSv1.2 TLSv1.3"]
    assert "protocols" not in (ROOT / "deploy/Caddyfile").read_text()  # its own are the same two


def test_every_campo_says_how_delicate_it_is() -> None:
    """Whoever writes the register of treatments reads it from the vocabolario."""
    campi = RULES.rulebook.law.campi
    inner = [one for campo in campi.values() for one in campo.campi.values()]
    assert {campo.dato for campo in [*campi.values(), *inner]} <= {"ordinario", "personale", "particolare"}
    assert {campo.dato for campo in campi.values()} >= {"personale", "particolare"}


# Names


NAMES = {
    "comma.example.it": True,
    "COMMA.example.it:8443": True,
    "localhost:8000": True,
    "127.0.0.1": True,
    "[::1]:8000": True,
    "[::1]": True,
    "altro.example.it": False,
    "comma.example.it.altro.it": False,
    "comma.example.it@altro.it": False,
    "comma.example.it:": False,
    "[::2]": False,
    "10.0.0.7:8000": False,
}


@pytest.mark.parametrize("host", NAMES)
def test_only_our_names_are_answered(host: str) -> None:
    address = "https://comma.example.it"
    client = TestClient(make_app(RULES, address=address, hosts=hosts_of(address)))
    api = client.get("/v1/servizi", headers={"Host": host})
    page = client.get(
        "/", headers={"Host": host, "X-Forwarded-Host": "comma.example.it", "Forwarded": "host=localhost"}
    )
    assert (api.status_code == 200, page.status_code == 200) == (NAMES[host], NAMES[host])
    if not NAMES[host]:
        assert api.json()["detail"] == (
            "Comma risponde solo al nome del suo indirizzo pubblico, e la richiesta ne chiama un altro. Se il nome è "
            "giusto, chi gestisce il servizio lo scrive in --indirizzo."
        )
        assert host not in page.text


def test_the_command_answers_only_to_this_computer(server: Server) -> None:
    """A page of another site that makes its name lead here reads nothing."""
    assert ask(server.address, "/v1/servizi", None, {"Host": "localhost"}, "GET").status == 200
    refused = ask(server.address, "/v1/servizi", None, {"Host": "altro.example.it"}, "GET")
    assert json.loads(refused.content)["type"] == "urn:comma:problem:other-host"
    assert "Server" not in refused.headers


# Methods


def test_a_method_is_not_changed_by_a_header_or_a_field() -> None:
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        assert CLIENT.get(ALL, headers={name: "POST"}).status_code == 405
        assert CLIENT.post("/v1/servizi", headers={name: "GET"}).status_code == 405
        assert CLIENT.post("/v1/servizi?_method=GET", headers={name: "GET"}).status_code == 405


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND", "PUT", "DELETE", "PATCH"])
def test_a_method_that_nothing_uses_is_refused_everywhere(method: str) -> None:
    for path in ("/", PAGE, "/status", ALL, "/static/comma.css"):
        assert CLIENT.request(method, path).status_code == 405, path


# Files


TRAVERSALS = (
    "../app.py",
    "..%2fapp.py",
    "%2e%2e/app.py",
    "..%5capp.py",
    "....//app.py",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "comma.css%00",
    "",
)


@pytest.mark.parametrize("base", ["/static/", "/italia/"])
@pytest.mark.parametrize("path", TRAVERSALS)
def test_the_folders_of_the_look_give_nothing_else(base: str, path: str, server: Server) -> None:
    answer = ask(server.address, base + path, None, {}, "GET")
    assert answer.status in (400, 404), answer.content[:80]
    assert b"root:" not in answer.content
    assert b"import" not in answer.content


def routes_that_take_a_body(routes: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield method and address of every route that changes something, names filled in."""
    for route in routes:
        if (included := getattr(route, "original_router", None)) is not None:
            yield from routes_that_take_a_body(included.routes, prefix + route.include_context.prefix)
        for method in sorted(getattr(route, "methods", None) or ()):
            if method not in ("GET", "HEAD"):
                yield method, prefix + re.sub(r"{\w+(:\w+)?}", "tirocinio", route.path)


def test_a_file_is_refused_wherever_something_can_be_sent() -> None:
    places = list(routes_that_take_a_body(APP.router.routes))
    assert ("POST", PAGE) in places
    assert ("POST", ALL) in places
    files = {"documento": ("carta.pdf", b"%PDF-1.7 ROSALIA", "application/pdf")}
    for method, path in places:
        response = CLIENT.request(method, path, files=files, data={"al": "22/11/2026"})
        assert response.status_code in (400, 401, 403, 415), (method, path)
        assert "ROSALIA" not in response.text


def test_whoever_reads_a_form_takes_no_file() -> None:
    calls = [
        (path, node.value)
        for path in python_files("api")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Await) and isinstance(node.value, ast.Call)
    ]
    forms = [(path, call) for path, call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "form"]
    assert forms
    for path, call in forms:
        assert {word.arg: ast.unparse(word.value) for word in call.keywords}.get("max_files") == "0", path


def test_fields_are_limited_in_number() -> None:
    many = urlencode([(f"c{number}", "1") for number in range(FIELDS + 1)])
    response = CLIENT.post(PAGE, content=many, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert response.status_code == 400


@pytest.mark.parametrize("coding", [*sorted(code.decode() for code in COMPRESSED), "identity, GZIP"])
def test_a_compressed_body_is_not_opened(coding: str) -> None:
    bomb = gzip.compress(b" " * 1_000_000)
    response = CLIENT.post(ALL, content=bomb, headers={**JSON, "Content-Encoding": coding})
    assert (response.status_code, response.json()["type"]) == (415, "urn:comma:problem:compressed")
    page = CLIENT.post(PAGE, content=bomb, headers={"Content-Encoding": coding})
    assert page.status_code == 415
    assert PAGES["415"]["titolo"] in page.text


def test_a_body_said_to_be_as_it_is_is_read() -> None:
    assert CLIENT.post(ALL, content=BODY, headers={**JSON, "Content-Encoding": "identity"}).status_code == 200


def raw(address: str, text: bytes) -> bytes:
    """Send bytes as they are, and return what comes back."""
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(text)
        connection.settimeout(10)
        found = b""
        with suppress(TimeoutError, ConnectionResetError):
            while part := connection.recv(65536):
                found += part
        return found


SMUGGLED = {
    "two lengths": b"Content-Length: 5\r\nContent-Length: 6\r\n",
    "a length that is none": b"Content-Length: -5\r\n",
    "a length with a sign": b"Content-Length: +5\r\n",
    "a transfer coding that nobody knows": b"Transfer-Encoding: gzip\r\n",
    "headers that do not end": b"X: " + b"a" * 200_000 + b"\r\n",
    "a header with a space in its name": b"X Y: 1\r\n",
    "two hosts": b"Host: localhost\r\n",
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_a_request_whose_bounds_are_unclear_is_refused(name: str, server: Server) -> None:
    text = b"POST /v1/valutazioni HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + SMUGGLED[name] + b"\r\nciao!"
    answer = raw(server.address, text)
    assert re.match(rb"HTTP/1.1 4\d\d|HTTP/1.1 501|$", answer), answer[:100]
    assert answer.count(b"HTTP/1.1") <= 1


def test_a_length_beside_a_transfer_coding_does_not_count(server: Server) -> None:
    """One request is read, and what follows it is not taken for a second."""
    text = b"POST /v1/valutazioni HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 4\r\n"
    answer = raw(
        server.address,
        text + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /status HTTP/1.1\r\nHost: localhost\r\n\r\n",
    )
    assert answer.count(b"HTTP/1.1") == 1


# Logs


NAME, SURNAME, FISCAL, STREET = "ROSALIAINVENTATA", "MAIESISTITA", "RSLMST80A41G273X", "VIADEINESISTENTI"
PERSONAL = (NAME, SURNAME, FISCAL, STREET, "4321.09", "4.321,09", "rosaliainventata")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def requests() -> Iterator[tuple[str, str, bytes | None, dict[str, str]]]:
    """Yield requests with personal data in every place where somebody could put them, right and wrong."""
    answers = {"comune_residenza": "Palermo", "isee": "4321.09"}
    for risposte in (
        answers,
        {**answers, "codice_fiscale": FISCAL},
        {NAME: SURNAME},
        {"comune_residenza": NAME},
        {"x": MARK, NAME: FISCAL},
    ):
        yield "POST", ALL, json.dumps({"risposte": risposte}).encode(), JSON
        yield "POST", "/v1/servizi/tirocinio/valutazioni", json.dumps({"risposte": risposte}).encode(), JSON
    for body in (f'{{"risposte":{{"{NAME}', f'{{"{NAME}":1,"{NAME}":2}}', f'["{FISCAL}"]', f"\xe0{SURNAME}"):
        yield "POST", ALL, body.encode("latin-1"), JSON
    yield "POST", ALL, NAME.encode(), {"Content-Type": f"text/{NAME}"}
    yield (
        "POST",
        ALL,
        BODY,
        {**JSON, "Idempotency-Key": f"{NAME} {SURNAME}", "User-Agent": NAME, "Cookie": f"c={FISCAL}"},
    )
    yield "POST", ALL, BODY, {**JSON, "Authorization": f"Bearer {NAME}", "Digest": f"sha-256={NAME}"}
    for path in (f"/{NAME}", f"/v1/{NAME}", f"/v1/servizi/{NAME}", f"/v1/articoli/{NAME}/{FISCAL}", f"/regole/{NAME}"):
        yield "GET", path, None, {"Referer": f"https://x/{FISCAL}"}
        yield "DELETE", path, None, {}
    yield "GET", f"/v1/parametri?al={NAME}", None, {}
    yield "GET", f"/verifica?servizio={NAME}&nome={SURNAME}", None, {}
    yield "GET", f"/static/{quote(chr(10) + '2026-11-22 INFO finto ' + NAME)}", None, {}
    for typed in (
        {"al": "22/11/2026", "isee": "4.321,09", "nome": NAME},
        {"al": SURNAME},
        {"azione": MARK, "nome": FISCAL},
    ):
        yield "POST", PAGE, urlencode(typed).encode(), FORM
    yield "POST", PAGE, f"--x\r\n{NAME}".encode(), {"Content-Type": f"multipart/form-data; boundary={NAME}"}
    yield "POST", PAGE, (STREET * 20_000).encode(), FORM


def test_nothing_personal_is_in_the_logs(server: Server) -> None:
    found: list[Answer] = []
    for method, path, body, headers in requests():
        with suppress(http.client.HTTPException):
            found.append(ask(server.address, path, body, headers, method))
    for text in (f"{NAME} / HTTP/1.1\r\n\r\n", f"GET /{FISCAL} HTTP/9\r\n\r\n", f"GET / HTTP/1.1\r\n{SURNAME}\r\n\r\n"):
        raw(server.address, text.encode())
    statuses = {answer.status for answer in found}
    assert {200, 400, 404, 405, 413, 415, 422, 500} <= statuses
    printed = server.printed.read_text("utf-8")
    assert len(re.findall("^RuntimeError$", printed, re.MULTILINE)) == 2, (
        "the failures that were asked for are there, without what they said"
    )
    assert "failing_sent" in printed
    assert "failing_evaluate" in printed
    assert [word for word in PERSONAL if word.casefold() in printed.casefold()] == []
    assert "finto" not in printed


def test_an_answer_to_a_failure_says_nothing_of_the_program(server: Server) -> None:
    answer = ask(server.address, ALL, json.dumps({"risposte": {"x": MARK, NAME: FISCAL}}).encode(), JSON)
    said = answer.content.decode()
    assert answer.status == STATUSES["failure"]
    assert json.loads(said)["detail"] == Refusal("failure").detail
    assert not re.search(r"Traceback|RuntimeError|\.py|line \d", said)
    assert NAME not in said
