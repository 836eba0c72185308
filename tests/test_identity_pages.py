"""The pages of accounts, used as people would: real server, real browser, keyboard only and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from api.identity.accounts import StandIn
from api.identity.install import first_link
from api.identity.settings import read_settings
from tests.conftest import WIDTHS
from tests.looking import faults
from tests.office import PASSWORD, Office
from tests.serving import serving

NEW = "tre lampioni e un tram"
PROVIDER = "provider:\n  nome: Accesso del Comune\n  emittente: https://login.example.it\n  client_id: comma\n"
CLAIMS = "  claim:\n    ruolo: roles\n  ruoli:\n    a: operatore\n"


@dataclass(slots=True)
class Served:
    """An office on this machine, and its address."""

    office: Office
    address: str
    ids: dict[str, str]

    def signed_in(self, context: BrowserContext, username: str) -> None:
        """Give a browser the session of somebody, as if they had entered."""
        accounts = self.office.identity.accounts
        account = accounts.named(username)
        assert account
        secret = self.office.identity.sessions.open(account, "password")
        name = self.office.identity.gate.session_cookie
        context.add_cookies([{"name": name, "value": secret, "url": self.address}])


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """Serve an office with some people in it, marked as a demonstration."""
    known = read_settings(PROVIDER + CLAIMS)
    office = Office("http://localhost:8000", {"recognition": known, "demonstration": True})
    link = first_link(office.identity)
    assert link
    ids = {"link": link.removeprefix("http://localhost:8000")}
    for username, ruolo in (("capo", "amministratore"), ("rosa", "operatore"), ("ugo", "responsabile")):
        ids[username] = office.account(username, ruolo).id
    added = StandIn("s1", ids["ugo"], "2026-11-01", "2026-12-31")
    office.identity.accounts.stand_in("prova", ids["rosa"], added)
    ids["sistema"] = office.identity.systems.create("prova", "Portale dei servizi", ("identita",))[0].id
    office.identity.systems.keys.signing()
    with serving(office.app) as address:
        yield Served(office, address, ids)


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """Open a page without JavaScript, which may ask nothing of any other host."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    yield from _watched(context, served.address)


def _watched(context: BrowserContext, address: str) -> Iterator[Page]:
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("request", lambda asked: None if asked.url.startswith((address, "data:")) else wrong.append(asked.url))
    opened.on("console", lambda told: wrong.append(told.text) if "Content Security Policy" in told.text else None)
    yield opened
    assert wrong == []
    context.close()


def tab_to(page: Page, name: str) -> None:
    """Press Tab until a link or a button with that name has the focus."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if name in page.locator(":focus").inner_text():
            return
    raise AssertionError(name)


def enter(page: Page) -> None:
    """Press Enter, and wait for the page that follows."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def typed(page: Page, label: str, text: str) -> None:
    """Go to a field and type."""
    page.get_by_label(label, exact=True).focus()
    page.keyboard.type(text)


def test_the_first_administrator_by_keyboard(page: Page, served: Served) -> None:
    """From the link of the first start to a colleague who has been invited, without a mouse and without JavaScript."""
    page.goto(served.address + served.ids["link"])
    typed(page, "Password", "corta")
    enter(page)
    assert page.locator(":focus").get_attribute("id") == "errori"
    expect(page).to_have_title(re.compile("^Errore: "))
    typed(page, "Password", NEW)
    typed(page, "La stessa password, di nuovo", NEW)
    enter(page)
    expect(page.get_by_role("link", name="Amministratore")).to_be_visible()
    tab_to(page, "Utenti")
    enter(page)
    tab_to(page, "Nuovo utente")
    enter(page)
    typed(page, "Nome utente", "m.verdi")
    typed(page, "Nome e cognome", "Maria Verdi")
    page.get_by_label("Ruolo", exact=True).focus()
    page.keyboard.type("Operatore")
    page.get_by_label("Sportello", exact=True).focus()
    page.keyboard.type("Sportello di Mon")
    tab_to(page, "Crea l'utente")
    enter(page)
    expect(page.get_by_role("heading", name="Invito per Maria Verdi")).to_be_visible()
    invited = page.locator("code.segreto").inner_text()
    tab_to(page, "Vai all'utente")
    enter(page)
    expect(page.get_by_text("Sportello di Monreale.")).to_be_visible()
    page.get_by_role("button", name="Esci").focus()
    enter(page)
    expect(page.get_by_role("status")).to_contain_text("Sei uscito")
    page.goto(served.address + "/invito/" + invited.rpartition("/")[2])
    expect(page.get_by_text("m.verdi")).to_be_visible()


def test_entering_goes_on_to_where_one_was_going(page: Page, served: Served) -> None:
    page.goto(served.address + "/profilo")
    assert page.url == served.address + "/accesso?dopo=/profilo"
    typed(page, "Nome utente", "rosa")
    typed(page, "Password", "sbagliata")
    enter(page)
    assert page.locator(":focus").get_attribute("id") == "errori"
    assert page.get_by_label("Nome utente").input_value() == "rosa"
    assert page.get_by_label("Password").input_value() == ""
    typed(page, "Password", PASSWORD)
    enter(page)
    assert page.url == served.address + "/profilo"
    cookies = page.context.cookies()
    assert [(one["name"], one["httpOnly"], one["sameSite"]) for one in cookies] == [("comma_sessione", True, "Lax")]
    expect(page.get_by_text("(questo browser)")).to_have_count(1)


def test_a_page_of_another_role_is_gentle(page: Page, served: Served) -> None:
    served.signed_in(page.context, "rosa")
    response = page.goto(served.address + "/amministrazione/utenti")
    assert response
    assert response.status == 403
    expect(page.get_by_role("heading", level=1)).to_have_text("Questa pagina non è fra quelle del tuo ruolo")
    expect(page.get_by_text("Ruoli che possono: Amministratore degli accessi.")).to_be_visible()


def test_a_page_of_another_session_does_nothing(page: Page, served: Served) -> None:
    """A form left open before entering again is refused, and says what to do."""
    served.signed_in(page.context, "rosa")
    page.goto(served.address + "/profilo")
    served.signed_in(page.context, "rosa")
    with page.expect_navigation():
        page.get_by_role("button", name="Esci da tutti i browser").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Pagina aperta da troppo tempo")


def wrong_account(page: Page, served: Served) -> None:
    """Show everything wrong in the form of a new account."""
    page.goto(served.address + "/amministrazione/utenti/nuovo")
    page.get_by_role("button", name="Crea l'utente").click()


def wrong_stand_in(page: Page, served: Served) -> None:
    """Show everything wrong in the form of who stands in."""
    page.goto(f"{served.address}/amministrazione/utenti/{served.ids['rosa']}")
    page.get_by_role("button", name="Aggiungi la supplenza").click()


def wrong_system(page: Page, served: Served) -> None:
    """Show everything wrong in the form of a new system."""
    page.goto(served.address + "/amministrazione/sistemi/nuovo")
    page.get_by_label("Chiave pubblica del sistema, se ne ha una").fill("{")
    page.get_by_role("button", name="Crea il sistema").click()


def secret(page: Page, served: Served) -> None:
    """Show a secret."""
    page.goto(f"{served.address}/amministrazione/sistemi/{served.ids['sistema']}")
    page.get_by_role("button", name="Fai un segreto nuovo").click()


def invitation(page: Page, served: Served) -> None:
    """Show an invitation."""
    page.goto(f"{served.address}/amministrazione/utenti/{served.ids['ugo']}")
    page.get_by_role("button", name=re.compile("^(Azzera la password|Fai un altro invito)$")).click()


def at(path: str) -> Callable[[Page, Served], None]:
    """Return what opens an address, with the ids of those that are there."""

    def go(page: Page, served: Served) -> None:
        page.goto(served.address + path.format(**served.ids))

    return go


#: Who looks, and what at.
STATES: dict[str, tuple[str, Callable[[Page, Served], None]]] = {
    "entrance": ("", at("/accesso?uscita=1")),
    "an invitation that is over": ("", at("/invito/niente")),
    "first page, signed in": ("rosa", at("/")),
    "profile": ("rosa", at("/profilo?cambiata=1")),
    "refused": ("rosa", at("/amministrazione/utenti")),
    "accounts": ("capo", at("/amministrazione/utenti")),
    "an account": ("capo", at("/amministrazione/utenti/{rosa}")),
    "one's own account": ("capo", at("/amministrazione/utenti/{capo}")),
    "a new account, wrong": ("capo", wrong_account),
    "standing in, wrong": ("capo", wrong_stand_in),
    "an invitation": ("capo", invitation),
    "systems": ("capo", at("/amministrazione/sistemi")),
    "a system": ("capo", at("/amministrazione/sistemi/{sistema}")),
    "a new system, wrong": ("capo", wrong_system),
    "a secret": ("capo", secret),
}


#: What differs in shape from the others.
SHAPES = ("entrance", "accounts", "a new account, wrong")


@pytest.mark.parametrize("state", STATES)
def test_every_page_in_every_state_and_width(browser: Browser, served: Served, state: str) -> None:
    """Axe finds nothing, nothing overlaps and nothing spills over: on a telephone, and some at each width."""
    who, go = STATES[state]
    widths = (*WIDTHS, 640) if state in SHAPES else WIDTHS[:1]
    context = browser.new_context()
    if who:
        served.signed_in(context, who)
    page = context.new_page()
    found: dict[int, list[str]] = {}
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        go(page, served)
        expect(page.get_by_text("DIMOSTRAZIONE")).to_be_visible()
        found[width] = faults(page)
    context.close()
    assert not any(found.values()), found
