"""An office for the tests: an application with accounts and a desk, a clock that is told what time it is, browsers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from api.desk.desk import Desk
from api.identity.accounts import Account, new_account
from api.identity.install import Identity, Settings
from api.identity.keys import Wrapping
from api.identity.passwords import Passwords
from api.identity.person import AT_A_DESK, Person
from api.office import make_office
from api.rules import Rules, read_rules
from api.store.contract import Store
from api.store.keys import MASTER, Keys, new_master
from tests.memory_store import MemoryStore
from tests.source import ROOT

RULES: Rules = read_rules(ROOT)
#: As cheap as argon2 can be: what it costs for real is measured elsewhere.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "quattro gatti sul divano"


def _turned(content: bytes) -> bytes:
    return bytes(byte ^ 0x55 for byte in content)


#: A lock that anybody opens: what a real one is made of is not the matter here.
WRAPPING = Wrapping(_turned, _turned)
HTTPS = "https://comma.example.it"
_CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')


@dataclass(slots=True)
class Clock:
    """Tells the time that it was set to."""

    moment: datetime = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the time."""
        return self.moment

    def on(self, **delta: float) -> None:
        """Let time go by."""
        self.moment += timedelta(**delta)


@dataclass(slots=True)
class Office:
    """An application with its identity and its desk over a store, in memory if no other is given."""

    address: str = HTTPS
    settings: dict[str, Any] = field(default_factory=dict)
    store: Store = field(default_factory=MemoryStore)
    clock: Clock = field(default_factory=Clock)
    rules: Rules = RULES
    master: str = field(default_factory=new_master)
    app: FastAPI = field(init=False)
    identity: Identity = field(init=False)
    desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        """Assemble the application."""
        settings = Settings(self.address, WRAPPING, passwords=Passwords(CHEAP), **self.settings)
        keys = Keys.from_environment(self.store, {MASTER: self.master})
        made = make_office(self.rules, self.store, keys, settings, self.clock)
        self.app, self.identity, self.desk = made.app, made.identity, made.desk

    def account(self, username: str, ruolo: str = "operatore", sportello: str = "circoscrizione_1") -> Account:
        """Write an account that has a password."""
        desk = sportello if ruolo in AT_A_DESK else ""
        account = new_account(username, f"Persona {username}", ruolo, desk)
        secret = self.identity.accounts.create("prova", account)
        assert secret
        accepted = self.identity.accounts.accept(secret, PASSWORD)
        assert accepted
        return accepted

    def person(self, username: str) -> Person:
        """Return who an account is."""
        account = self.identity.accounts.named(username)
        assert account
        return self.identity.accounts.person(account, self.desk.today().isoformat())

    def browser(self, username: str = "") -> Browser:
        """Return a browser, where somebody has entered."""
        found = Browser(TestClient(self.app, base_url=self.address, follow_redirects=False))
        if username:
            assert found.enter(username).status_code == 303
        return found

    def actions(self) -> list[str]:
        """Return the actions of the events so far."""
        return [one.event.action for one in self.store.events()]


@dataclass(slots=True)
class Browser:
    """Sends forms as a browser does: with the cookies, and with the hidden fields of the page."""

    client: TestClient
    csrf: str = ""

    def open(self, path: str) -> Response:
        """Open a page, and remember the code of its forms."""
        response = self.client.get(path)
        found = _CSRF.search(response.text)
        self.csrf = found[1] if found else self.csrf
        return response

    def send(self, path: str, headers: dict[str, str] | None = None, /, **typed: str | list[str]) -> Response:
        """Send a form."""
        return self.client.post(path, data={"csrf": self.csrf, **typed}, headers=headers)

    def enter(self, username: str, password: str = PASSWORD, there: str = "/") -> Response:
        """Enter with a password."""
        self.open("/accesso")
        response = self.send("/accesso", username=username, password=password, dopo=there)
        if response.status_code == 303:
            self.open("/profilo")
        return response


def text(response: Response) -> str:
    """Return what a page says."""
    return unescape(response.text)


def written(store: Store) -> str:
    """Return everything that a store holds, as text."""
    with store.snapshot() as items:
        return "\n".join(map(str, items))
