"""A whole office that is served: a store in a folder, invented people who work there, and invented families."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from fastapi.testclient import TestClient
from httpx2 import Response
from playwright.sync_api import Browser, BrowserContext

from api.identity.accounts import Account, new_account
from api.identity.install import Settings
from api.identity.passwords import Passwords
from api.office import Office, make_office
from api.store.keys import MASTER, Keys, new_master
from api.store.tiny import TinyStore
from tests.office import CHEAP, PASSWORD, RULES, WRAPPING

#: The day of the office: late enough for everything that the families do before it.
NOW = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
HERE, THERE = "circoscrizione_1", "circoscrizione_2"
#: Who works there: username, name, role, desk.
PEOPLE = (
    ("olga", "Olga Inventata", "operatore", HERE),
    ("omar", "Omar Inventato", "operatore", HERE),
    ("aldo", "Aldo Inventato", "assistente_sociale", HERE),
    ("rita", "Rita Inventata", "responsabile", HERE),
    ("lea", "Lea Inventata", "operatore", THERE),
    ("carla", "Carla Inventata", "cabina_di_regia", ""),
    ("remo", "Remo Inventato", "revisore", ""),
    ("ada", "Ada Inventata", "amministratore", ""),
)
_CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')
_REVISION = re.compile(r'name="revisione" value="(\d+)"')


@dataclass
class Served:
    """An office, where it answers, and who has entered."""

    address: str
    office: Office
    entered: dict[str, str] = field(default_factory=dict)

    def session(self, username: str) -> str:
        """Return the secret of a session of somebody, as their browser keeps it."""
        if username not in self.entered:
            account = self.office.identity.accounts.named(username)
            assert account is not None
            self.entered[username] = self.office.identity.sessions.open(account, "password")
        return self.entered[username]

    def context(self, browser: Browser, username: str, *, script: bool = False) -> BrowserContext:
        """Return a new browser where somebody has entered already."""
        found = browser.new_context(
            java_script_enabled=script, viewport={"width": 1280, "height": 900}, base_url=self.address
        )
        found.add_cookies([{"name": "comma_sessione", "value": self.session(username), "url": self.address}])
        return found

    def hand(self, username: str) -> Hand:
        """Return what sends forms for somebody, without a browser."""
        client = TestClient(self.office.app, base_url=self.address, follow_redirects=False)
        client.cookies.set("comma_sessione", self.session(username))
        return Hand(client)

    def family(self, values: Mapping[str, str]) -> str:
        """Write a file at the first desk, and return its number."""
        account = self.office.identity.accounts.named("olga")
        assert account is not None
        who = self.office.identity.accounts.person(account, NOW.isoformat())
        return self.office.desk.archive.create(who, HERE, {name: (text,) for name, text in values.items()}).id


@dataclass(frozen=True, slots=True)
class Hand:
    """Sends forms with the hidden fields of the page that holds them."""

    client: TestClient

    def send(self, page: str, there: str = "", /, **typed: str) -> Response:
        """Open a page, and send what was typed in its form, or in one that goes elsewhere."""
        text = self.client.get(page).text
        found, revision = _CSRF.search(text), _REVISION.search(text)
        assert found, text
        hidden = {"csrf": found[1], **({"revisione": revision[1]} if revision else {})}
        names = {name.replace("__", "."): value for name, value in typed.items()}
        return self.client.post(there or page, data={**hidden, **names})


@contextmanager
def served(folder: Path, now: datetime = NOW) -> Iterator[Served]:
    """Serve an office on this machine, over an empty store."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with closing(TinyStore(folder / "archivio.db")) as store:
        keys = Keys.from_environment(store, {MASTER: new_master()})
        settings = Settings(address, WRAPPING, passwords=Passwords(CHEAP))
        office = make_office(RULES, store, keys, settings, lambda: now, limit=1_000_000)
        for person in PEOPLE:
            invited(office, *person)
        server = uvicorn.Server(uvicorn.Config(office.app, log_level="error"))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield Served(address, office)
        server.should_exit = True
        thread.join()


def invited(office: Office, username: str, nome: str, ruolo: str, sportello: str) -> Account:
    """Write an account that has a password already."""
    accounts = office.identity.accounts
    secret = accounts.create("prova", new_account(username, nome, ruolo, sportello))
    assert secret is not None
    account = accounts.accept(secret, PASSWORD)
    assert account is not None
    return account
