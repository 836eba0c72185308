"""What the tests of the desk share: an office with people at two desks, and a family that goes from page to page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from httpx2 import Response

from api.desk.pratica import Pratica
from engine.document import Section, Text
from tests.forms import form_of, send
from tests.office import Browser, Office

HERE, THERE = "circoscrizione_1", "circoscrizione_2"
#: Who works where; `bice` is at the other desk.
STAFF = {
    "olga": ("operatore", HERE),
    "ugo": ("operatore", HERE),
    "aldo": ("assistente_sociale", HERE),
    "rita": ("responsabile", HERE),
    "bice": ("operatore", THERE),
    "berta": ("responsabile", THERE),
}
#: What the page of a submission needs.
SUBMISSION = {
    "servizi": "tirocinio",
    "protocollo": "1234/2026",
    "data_protocollo": "20/11/2026",
    "canale": "allo sportello",
    "firmata": "sì",
}


def staffed(office: Office) -> Office:
    """Return an office where everybody has an account."""
    for username, (ruolo, desk) in STAFF.items():
        office.account(username, ruolo, desk)
    return office


def family(office: Office, servizio: str = "tirocinio") -> dict[str, str]:
    """Return the answers of the first esempio of a service, as they would be typed."""
    dati = office.desk.edition.rulebook.servizi[servizio][-1].esempi[0].node.get("dati")
    assert isinstance(dati, Section)
    return {key.value: value.value for key, value in dati.items() if isinstance(value, Text)}


@dataclass
class Work:
    """Somebody at work on one file."""

    office: Office
    browser: Browser
    id: str

    @property
    def path(self) -> str:
        """Where the file is."""
        return f"/pratiche/{self.id}"

    @property
    def pratica(self) -> Pratica:
        """What is kept now."""
        return self.office.desk.archive.get(self.id)

    def by(self, username: str) -> Work:
        """Return the same file in the hands of somebody else."""
        return Work(self.office, self.office.browser(username), self.id)

    def open(self, page: str = "") -> Response:
        """Open a page of the file."""
        return self.browser.open(f"{self.path}{page and '/'}{page}")

    def send(self, page: str, changes: Mapping[str, str | Sequence[str]], azione: str = "salva") -> Response:
        """Open a page and send its form with some answers changed."""
        return send(self.browser, self.open(page), azione, changes)

    def sheet_with(self, control: str) -> str:
        """Return the page of questions that asks something."""
        visit = self.office.desk.visit(self.pratica.values)
        return next(f"domande/{sheet.key}" for sheet in visit.sheets if control in sheet.campi)

    def write(self, values: Mapping[str, str]) -> None:
        """Answer on every page of questions, as long as one asks something that is not answered yet."""
        there = self.open("domande").headers["location"]
        for _ in range(40):
            if there.endswith("/riepilogo"):
                return
            form = form_of(self.browser.open(there))
            shown = form.fields["mostrate"][0].split()
            asked = {name: text for name, text in values.items() if name.partition(".")[0] in shown}
            there = send(self.browser, form, "avanti", asked).headers.get("location", there)
        raise AssertionError(there)

    def present(self, **changes: str) -> Response:
        """Submit the file."""
        return self.send("presenta", {**SUBMISSION, **changes}, "avanti")


def begun(office: Office, username: str = "olga", **values: str) -> Work:
    """Open a file as somebody would."""
    browser = office.browser(username)
    browser.open("/pratiche/nuova")
    there = browser.send("/pratiche/nuova", informativa="sì").headers["location"]
    work = Work(office, browser, there.split("/")[2])
    if values:
        archive, who = office.desk.archive, office.person(username)
        archive.save(who, work.pratica, {name.replace("__", "."): (text,) for name, text in values.items()})
    return work
