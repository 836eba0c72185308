"""A desk for the tests of procedimenti: an office whose clock is told the day, families that have submitted, forms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from fastapi.testclient import TestClient
from httpx2 import Response

from api.desk.archive import PRATICA
from api.desk.install import palermo_holidays
from api.desk.presentazioni import Submission, present
from api.desk.procedimenti import Procedimenti, Procedimento
from api.identity.accounts import new_account
from api.identity.install import Settings
from api.identity.passwords import Passwords
from api.identity.person import Person
from api.office import Office, make_office
from api.rules import Rules
from api.store.contract import Record, Store
from api.store.keys import MASTER, Keys, new_master
from engine.effects import step
from tests.memory_store import MemoryStore
from tests.office import CHEAP, HTTPS, PASSWORD, RULES, WRAPPING, Browser, Clock, text

DESK = "circoscrizione_1"
SERVIZIO = "tirocinio"
#: Families of the tirocinio: the rules find no ground, one ground, two, or cannot say yet.
FINE = {"comune_residenza": "Palermo", "percettore_adi": "sì"}
ONE_GROUND = {
    "comune_residenza": "Palermo",
    "percettore_adi": "no",
    "pais_firmato": "no",
    "isee": "20.000 €",
    "presa_in_carico": "sì",
    "presa_in_carico.motivazione": "Colloquio del 20 febbraio",
}
TWO_GROUNDS = {**ONE_GROUND, "comune_residenza": "Milano"}
UNKNOWN = {"comune_residenza": "Milano"}
#: A name that stands out wherever it should not be.
NAME = {"richiedente.nome": "Zenobia", "richiedente.cognome": "Straordinari"}
PEOPLE = {"operatore": "operatore", "assistente": "assistente_sociale", "responsabile": "responsabile"}
ROLES = {**PEOPLE, "cabina": "cabina_di_regia"}


@dataclass
class Proceeding:
    """An office at a day, with an account for each role at a desk."""

    store: Store = field(default_factory=MemoryStore)
    rules: Rules = RULES
    clock: Clock = field(default_factory=lambda: Clock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC)))
    master: str = field(default_factory=new_master)
    office: Office = field(init=False)
    procedimenti: Procedimenti = field(init=False)
    browsers: dict[str, Browser] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Assemble it."""
        keys = Keys.from_environment(self.store, {MASTER: self.master})
        settings = Settings(HTTPS, WRAPPING, passwords=Passwords(CHEAP))
        self.office = make_office(self.rules, self.store, keys, settings, self.clock, limit=1_000_000)
        desk = self.office.desk
        procedure = self.rules.rulebook.procedure
        self.procedimenti = Procedimenti(desk.archive, procedure.get, step, palermo_holidays, desk.today)

    @property
    def today(self) -> date:
        """The day."""
        return self.clock().date()

    def on(self, day: date) -> None:
        """Let days go by."""
        self.clock.moment += timedelta(days=(day - self.today).days)
        self.browsers.clear()

    def who(self, username: str = "responsabile", desk: str = DESK) -> Person:
        """Return a person with a role at a desk."""
        return Person(username, f"Persona {username}", ROLES[username], desk)

    def browser(self, username: str = "responsabile", desk: str = DESK) -> Browser:
        """Return a browser where somebody of a desk has entered."""
        name = f"{username}.{desk.replace('_', '.')}"
        if self.office.identity.accounts.named(name) is None:
            sportello = desk if username in PEOPLE else ""
            account = new_account(name, f"Persona {username}", ROLES[username], sportello)
            secret = self.office.identity.accounts.create("prova", account)
            assert secret
            assert self.office.identity.accounts.accept(secret, PASSWORD)
        if name not in self.browsers:
            found = Browser(TestClient(self.office.app, base_url=HTTPS, follow_redirects=False))
            assert found.enter(name).status_code == 303
            self.browsers[name] = found
        return self.browsers[name]

    # Families

    def family(self, answers: Mapping[str, str] = FINE, desk: str = DESK, **more: str) -> str:
        """Open a file and return its id."""
        typed = {name: (value,) for name, value in {**NAME, **answers, **more}.items()}
        return self.office.desk.archive.create(self.who("operatore", desk), desk, typed).id

    def submitted(self, pratica: str, servizio: str = SERVIZIO, day: date | None = None) -> Procedimento:
        """Submit a file for a service, and return its procedimento."""
        desk = self.office.desk
        said = Submission(servizio, f"{pratica}/1", day or self.today, "allo sportello", "correzione")
        file = desk.archive.get(pratica)
        present(desk.archive, desk.edition, self.who("operatore"), file, said, self.procedimenti.opened)
        return max(self.procedimenti.of(pratica), key=lambda one: one.number)

    def asked(self, answers: Mapping[str, str] = FINE, desk: str = DESK, day: date | None = None) -> Procedimento:
        """Open a file, submit it, and return its procedimento."""
        return self.submitted(self.family(answers, desk), day=day)

    def corrected(self, found: Procedimento, **answers: str) -> Procedimento:
        """Correct what was submitted, and return the procedimento."""
        archive = self.office.desk.archive
        changes = {name: (value,) for name, value in answers.items()}
        archive.save(self.who("operatore"), archive.get(found.pratica), changes, "arrivato un documento")
        return self.submitted(found.pratica)

    def now(self, found: Procedimento) -> Procedimento:
        """Return a procedimento as it is now."""
        read = self.procedimenti.get(found.id)
        assert read
        return read

    def records(self, kind: str = PRATICA) -> list[Record]:
        """Return the records of a kind."""
        return [*self.store.find(kind, limit=10_000).records]

    # Forms

    def home(self, found: Procedimento) -> str:
        """Return the address of a procedimento."""
        return f"/pratiche/{found.pratica}/procedimenti/{found.key}"

    def send(
        self, found: Procedimento, where: str, /, by: str = "responsabile", desk: str = DESK, **typed: str
    ) -> Response:
        """Send a form of a procedimento, at the revision at which it is now."""
        browser = self.browser(by, desk)
        sent = {"revisione": str(self.now(found).revision), **typed}
        return browser.send(f"{self.home(found)}/{where}", **sent)

    def done(self, found: Procedimento, where: str, /, by: str = "responsabile", **typed: str) -> Procedimento:
        """Send a form that must be taken, and return the procedimento."""
        response = self.send(found, where, by, **typed)
        assert response.status_code == 303, said(response)
        return self.now(found)

    def read(self, path: str, by: str = "responsabile", desk: str = DESK) -> str:
        """Return what a page says."""
        response = self.browser(by, desk).open(path)
        assert response.status_code == 200, response.status_code
        return text(response)


def day(value: date) -> str:
    """Return a day as people type it."""
    return f"{value:%d/%m/%Y}"


def said(response: Response) -> str:
    """Return the sentence that a page gives beside a form."""
    found = re.search(r'role="alert"><p>(.*?)</p>', text(response), re.DOTALL)
    return found[1] if found else ""


def plain(content: str) -> str:
    """Return the words of a page, without its tags, on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", content).split())
