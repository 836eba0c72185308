"""What the measurement of the desk rests on: a caseworker who goes all the way, and nobody who waits for another."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections import OrderedDict
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from api.desk.presentazioni import CHANNELS
from api.once import once
from api.rules import read_rules
from api.store.contract import Put
from api.store.editions import EDITION, READ, keep, rulebook_of
from api.store.keys import MASTER, new_master
from bench import desk
from bench.caseworker import KINDS, Browser, Caseworker, Watch, kind_of
from bench.requests import running
from engine.answers import Answers
from engine.evaluation import evaluate
from engine.situation import Memory
from engine.tipo import show_day
from tests.memory_store import MemoryStore
from tests.source import ROOT


class Slow:
    """Counts how often its value is computed; waits, if it is told to."""

    def __init__(self, begun: threading.Event | None = None, go: threading.Event | None = None) -> None:
        self.begun, self.go, self.times = begun, go, 0

    @once
    def value(self) -> int:
        """A value."""
        self.times += 1
        if self.begun and self.go:
            self.begun.set()
            self.go.wait(10)
        return 7


def test_once_is_once_for_each_object() -> None:
    first, second = Slow(), Slow()
    assert (first.value, first.value, second.value) == (7, 7, 7)
    assert (first.times, second.times) == (1, 1)
    assert Slow.value.__doc__ == "A value."


def test_nobody_waits_for_what_another_computes() -> None:
    begun, go = threading.Event(), threading.Event()
    waiting = threading.Thread(target=lambda: Slow(begun, go).value)
    waiting.start()
    assert begun.wait(10)
    seen: list[int] = []
    other = threading.Thread(target=lambda: seen.append(Slow().value))
    other.start()
    other.join(5)
    go.set()
    waiting.join()
    assert seen == [7]


def test_the_rules_of_a_kept_edition_are_read_once_and_only_from_where_they_are_kept() -> None:
    store = MemoryStore()
    impronte = [keep(store, {"forms/prova.nt": str(number).encode()}) for number in range(READ + 2)]
    books = [rulebook_of(store, impronta) for impronta in impronte]
    assert rulebook_of(store, impronte[-1]) is books[-1]
    assert rulebook_of(store, impronte[0]) is not books[0]  # so many are not remembered
    with pytest.raises(KeyError):
        rulebook_of(MemoryStore(), impronte[-1])
    with pytest.raises(KeyError):
        rulebook_of(store, "0" * 64)


def test_what_was_changed_is_not_read() -> None:
    store = MemoryStore()
    impronta = keep(store, {"forms/altra.nt": b"prima"})
    record = store.get(EDITION, impronta)
    assert record
    store.commit([Put(EDITION, impronta, record.revision, {"file": {}})])
    with pytest.raises(KeyError):
        rulebook_of(store, impronta)


class Forgetful(OrderedDict[Any, Any]):
    """Forgets what it gives, as if another thread had just made room."""

    def get(self, key: Any, default: Any = None) -> Any:
        found = super().get(key, default)
        self.pop(key, None)
        return found


def test_what_another_thread_forgets_meanwhile_is_recalled_all_the_same() -> None:
    servizio, memory, on = read_rules(ROOT).rulebook.servizi["tirocinio"][-1], Memory(), date(2026, 11, 22)
    memory._kept = Forgetful()
    answers = Answers({"comune_residenza": "G273"})
    first, again = (memory.evaluate(servizio, answers, on) for _ in range(2))
    assert memory.hits
    assert first.possible == again.possible == evaluate(servizio, answers, on).possible


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", "/pratiche?salvata=1", "elenco"),
        ("POST", "/pratiche/ABCD-2345/domande/3", "domande, salvate"),
        ("GET", "/pratiche/ABCD-2345/procedimenti/tirocinio/spedite/ricevuta.1", "lettera spedita, PDF"),
        ("DELETE", "/pratiche", "altro"),
        ("GET", "/pratiche/ABCD-2345/altrove", "altro"),
    ],
)
def test_what_a_request_is_called(method: str, path: str, kind: str) -> None:
    assert kind_of(method, path) == kind


def test_a_caseworker_goes_all_the_way_with_a_family(tmp_path: Path) -> None:
    address, rules, master, watch = str(tmp_path / "a.db"), read_rules(ROOT), new_master(), Watch()
    entered = desk.filled(address, 60, rules, master)
    where, secrets = next(iter(entered.desks.items()))
    command = [sys.executable, "-m", "api", "--archivio", address, "--porta"]
    with running(command, {MASTER: master}) as (port, process):
        browser, until = Browser(port, secrets[0], "127.0.0.1", watch), time.monotonic() + 60
        today = show_day(rules.now().date())
        work = Caseworker(browser, rules.rulebook, where, today, CHANNELS[0], random.Random(1), 0.0, until)
        work.family()
        browser.close()
        assert desk.processor(process) > 0
        stranger = Browser(port, "", "127.0.0.1", watch)
        assert stranger.open("/agenda").path == "/accesso"
        stranger.close()
    assert watch.errors == []
    assert {name for _, _, name in KINDS} - {"cabina di regia"} <= watch.seconds.keys()
