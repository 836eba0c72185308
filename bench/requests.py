"""Requests per second of the API beside those of an empty FastAPI endpoint: real servers, in turn, on this machine."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any

from api.examples import family_json
from engine.answers import Elenco, WrongAnswers, read_example
from engine.document import Section
from engine.rulebook import Rulebook
from engine.tipo import MONEY
from engine.validation import Validation, validation_of

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 7
#: A round of one contender lasts this long, in seconds.
SECONDS = 1.0
#: Requests under way together when the requests per second are counted.
CONNECTIONS = 4
#: A server in use has seen many families: with complete data it is measured in its first second, and after these.
WARM = 30.0
#: More than are sent: no family is ever sent twice.
FAMILIES = 100_000
DAY = "2026-11-22"
EMPTY, FIRST, COMPLETE, INCOMPLETE, REASONS = "vuoto", "avvio", "complete", "incomplete", "ragioni"
TITLES = {
    EMPTY: "indirizzo vuoto",
    FIRST: "valutazioni, dati completi, nel primo secondo dall'avvio",
    COMPLETE: "valutazioni, dati completi, a regime",
    INCOMPLETE: "valutazioni, quattro risposte su dieci mancanti",
    REASONS: "valutazioni con le spiegazioni, dati completi",
}
Json = dict[str, Any]


@dataclass
class Requests:
    """The requests per second of each round, and the seconds of each request when there is one at a time."""

    rates: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """The middle one."""
        return median(self.rates)

    def ratio(self, other: Requests) -> float:
        """Return the middle one of the ratios, round by round."""
        pairs = zip(self.rates, other.rates, strict=len(self.rates) > 1)
        return median(one / two for one, two in pairs)


def families(rulebook: Rulebook, count: int = FAMILIES) -> list[Json]:
    """Return families of which all is known and that all differ: the esempi put together, with amounts of their own."""
    chance, known = random.Random(20261122), _esempi(rulebook)
    campi = rulebook.law.campi
    asked = validation_of(campi, rulebook.law.guards, "", "urn:comma:bench")
    found = []
    pool: dict[str, list[Any]] = {}
    for name, value in (pair for each in known.values() for family in each for pair in family.items()):
        pool.setdefault(name, []).append(value)
    for number in range(count):
        family: Json = {}
        for each in known.values():
            family |= chance.choice(each)
        family |= {name: chance.choice(values) for name, values in pool.items() if name not in family}
        for name in family:
            if campi[name].tipo.name in MONEY:
                family[name] = f"{chance.randrange(30_000 if name == 'isee' else 1_500)}.{number % 100:02}"
        family["isee"] = f"{number * 7919 % 3_000_000 / 100:.2f}"
        found.append(_concerned(family, asked))
    return found


def incomplete(rulebook: Rulebook, complete: list[Json]) -> list[Json]:
    """Take four answers out of ten away from each family."""
    chance = random.Random(20261123)
    asked = validation_of(rulebook.law.campi, rulebook.law.guards, "", "urn:comma:bench")
    kept = ({name: value for name, value in family.items() if chance.random() >= 0.4} for family in complete)
    return [_concerned(family, asked) for family in kept]


def _esempi(rulebook: Rulebook) -> dict[str, list[Json]]:
    """Return the families of the esempi of each service, those that say most."""
    found: dict[str, list[Json]] = {}
    for version in (version for versions in rulebook.servizi.values() for version in versions):
        sections = [dati for esempio in version.esempi if isinstance(dati := esempio.node.get("dati"), Section)]
        answers = [read_example(dati, version.campi, []) for dati in sections]
        known = [one for one in answers if not _open(one.values.values())]
        most = max((len(one.values) for one in known), default=0)
        found.setdefault(version.name, []).extend(
            family_json(one, version.campi) for one in known if len(one.values) * 3 >= most * 2
        )
    return found


def _concerned(family: Json, asked: Validation) -> Json:
    """Leave out what does not concern the family: the API would refuse it."""
    while True:
        try:
            asked.read(family)
        except WrongAnswers as wrong:
            for mistake in wrong.errors:
                family.pop(mistake.pointer.split("/")[1], None)
        else:
            return family


def _open(values: Any) -> bool:
    return any(isinstance(value, Elenco) and not value.complete for value in values)


def measure(rulebook: Rulebook) -> dict[str, Requests]:
    """Measure the empty endpoint and ours in turn, round after round."""
    complete = families(rulebook)
    less = incomplete(rulebook, complete)
    found = {name: Requests() for name in (EMPTY, FIRST, COMPLETE, INCOMPLETE, REASONS)}
    ours = [sys.executable, "-m", "api", "--limite", "1000000000", "--porta"]
    theirs = [sys.executable, "-m", "uvicorn", "bench.empty:app", "--log-level", "warning", "--no-access-log", "--port"]
    with server(theirs) as empty, server(ours) as api:
        contenders = {
            EMPTY: (empty, cycle(_posts("/vuoto", complete))),
            COMPLETE: (api, cycle(_posts("/v1/valutazioni", complete))),
            INCOMPLETE: (api, cycle(_posts("/v1/valutazioni", less))),
            REASONS: (api, cycle(_posts("/v1/valutazioni", complete, spiegazioni=True))),
        }
        for name, (port, posts) in contenders.items():
            if name == COMPLETE:
                found[FIRST].rates.append(_throughput(port, posts, SECONDS))
                found[FIRST].seconds += _latencies(port, posts, SECONDS / 2)
            _throughput(port, posts, WARM if name == COMPLETE else SECONDS)
        for _ in range(ROUNDS):
            for name, (port, posts) in contenders.items():
                found[name].rates.append(_throughput(port, posts, SECONDS))
            for name, (port, posts) in contenders.items():
                found[name].seconds += _latencies(port, posts, SECONDS / 2)
    return found


@contextmanager
def server(command: list[str]) -> Iterator[int]:
    """Start a server on a free port, wait until it answers, stop it at the end."""
    with running(command) as (port, _):
        yield port


@contextmanager
def running(command: list[str], environment: Mapping[str, str] | None = None) -> Iterator[tuple[int, int]]:
    """Start a server on a free port and return the port and its process; stop it at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    process = subprocess.Popen([*command, str(port)], cwd=ROOT, env={**os.environ, **(environment or {})})  # noqa: S603
    try:
        _wait(port)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def _wait(port: int) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError


def _posts(path: str, bodies: list[Json], **more: object) -> list[bytes]:
    """Return whole requests, ready to be sent."""
    found = []
    for body in bodies:
        content = json.dumps({"al": DAY, "risposte": body, **more}).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        found.append(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
    return found


def _throughput(port: int, posts: Iterator[bytes], seconds: float) -> float:
    """Return the requests per second, with several always under way."""
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
    start = time.perf_counter()
    for connection in connections:
        connection.sendall(next(posts))
    done = 0
    while (spent := time.perf_counter() - start) < seconds:
        connection = connections[done % CONNECTIONS]
        _receive(connection)
        connection.sendall(next(posts))
        done += 1
    for connection in connections:
        connection.close()
    return done / spent


def _latencies(port: int, posts: Iterator[bytes], seconds: float) -> list[float]:
    """Return the seconds of each request, one at a time."""
    found = []
    with socket.create_connection(("127.0.0.1", port)) as connection:
        start = time.perf_counter()
        while time.perf_counter() - start < seconds:
            began = time.perf_counter()
            connection.sendall(next(posts))
            _receive(connection)
            found.append(time.perf_counter() - began)
    return found


def _receive(connection: socket.socket) -> None:
    """Read one response whole; it must be a good one."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), received
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    left = int(length.partition(b":")[2]) - len(body)
    while left > 0:
        left -= len(connection.recv(min(left, 65536)))
