"""How the pages look, in every state and at every width; test_page reaches the states as a caseworker does."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from api.rules import read_rules
from tests.conftest import ROOT
from tests.looking import faults

#: Sends fields as the button of a page would.
SEND = """fields => {
  const form = Object.assign(document.createElement('form'), {method: 'post', action: '/verifica'});
  for (const [name, value] of fields)
    form.append(Object.assign(document.createElement('input'), {type: 'hidden', name, value}));
  document.body.append(form);
  form.submit();
}"""
ALL = tuple(read_rules(ROOT).rulebook.servizi)
LONG = "Palemo, in via dei nomi molto lunghi e senza spazi" + "o" * 60
#: What shows each state: an address, or what is sent about all services or about one; and its heading.
STATES: dict[str, tuple[str | dict[str, str], str]] = {
    "start": ("/", "Quali aiuti può avere questa famiglia?"),
    "information": ("/informazioni", "Informazioni su queste pagine"),
    "not found": ("/niente", "Pagina non trovata"),
    "informativa": ("/verifica", "Informativa sulla privacy"),
    "informativa, wrong": ({"al": "ieri", "informativa": "", "servizi": ""}, "Informativa sulla privacy"),
    "empty": ({"azione": "avanti"}, "Residenza e cittadinanza"),
    "wrong": ({"pagina": "1", "comune_residenza": LONG, "azione": "avanti"}, "Residenza e cittadinanza"),
    "nine members": (
        {
            "servizi": "contributo-autonomia",
            "pagina": "2",
            "componenti.righe": "1 2 3 4 5 6 7 8",
            "azione": "aggiungi:componenti",
        },
        "Il nucleo",
    ),
    "summary": (
        {"servizi": "contributo-autonomia", "componenti.righe": "1 2", "azione": "riepilogo"},
        "Riepilogo",
    ),
    "outcome": ({"comune_residenza": "Lampedusa e Linosa", "azione": "esito"}, "Esito al 01/03/2024"),
    "the rules": ("/regole", "Le regole"),
    "a rule": ("/regole/contributo-autonomia?al=01/03/2026", "Contributo all'autonomia abitativa"),
    "a rule, wrong day": ("/regole/tirocinio?al=ieri", "Tirocinio formativo / Borsa lavoro"),
    "an article": (
        "/regole/articoli/legge-241-1990/10-bis",
        "L. 241/1990, art. 10-bis – Comunicazione dei motivi ostativi all'accoglimento dell'istanza",
    ),
    "parametri": ("/regole/parametri", "I parametri"),
    "for other systems": ("/documentazione", "API per altri sistemi"),
}


def show(page: Page, address: str, state: str | dict[str, str]) -> None:
    """Show a state, with every detail open."""
    page.goto(address + (state if isinstance(state, str) else "/informazioni"))
    if not isinstance(state, str):
        given = {"al": "01/03/2024", "informativa": "sì"} | state
        chosen = ALL if "servizi" not in given else tuple(given.pop("servizi").split())
        with page.expect_navigation():
            page.evaluate(SEND, [*given.items(), *(("servizi", name) for name in chosen)])
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")


@pytest.mark.parametrize("state", STATES)
def test_every_page_in_every_state_and_width(seen: Page, address: str, state: str) -> None:
    """Axe finds nothing, nothing overlaps and nothing spills over."""
    what, heading = STATES[state]
    show(seen, address, what)
    assert seen.locator("h1").inner_text() == heading
    assert bool(seen.locator("[aria-invalid=true]").count()) == ("wrong" in state)
    assert seen.locator("fieldset.voce").count() == (9 if state == "nine members" else 0)
    assert faults(seen) == []


def test_the_typeface_is_our_own(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.fonts.check('16px \"Titillium Web\"')")
