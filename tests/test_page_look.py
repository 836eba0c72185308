"""How the pages look, in every state and at every width."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.looking import faults
from tests.visiting import RESIDENCE, household, opened, press, reach


def empty(page: Page, address: str) -> None:
    """Show the first page of questions, before any answer."""
    opened(page, address)


def wrong(page: Page, address: str) -> None:
    """Show errors."""
    opened(page, address)
    reach(page, RESIDENCE)
    page.get_by_label(RESIDENCE).fill("Palemo, in via dei nomi molto lunghi e senza spazi" + "o" * 60)
    press(page, "Avanti")


def informed(page: Page, address: str) -> None:
    """Show the informativa with all that may be wrong in it."""
    page.goto(f"{address}/verifica")
    for box in page.locator("[name=servizi]").all():
        box.uncheck()
    page.get_by_label("Qual è il giorno della domanda?").fill("ieri")
    press(page, "Avanti")


def nine(page: Page, address: str) -> None:
    """Show a family of nine."""
    household(page, address, 9)


def summary(page: Page, address: str) -> None:
    """Show the summary of a family of two."""
    household(page, address, 2)
    press(page, "Vai al riepilogo")


def outcome(page: Page, address: str) -> None:
    """Show the outcomes, with every detail open."""
    opened(page, address)
    reach(page, RESIDENCE)
    page.get_by_label(RESIDENCE).fill("Lampedusa e Linosa")
    press(page, "Vai al riepilogo")
    press(page, "Invia e vedi l'esito")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")


def at(path: str) -> object:
    """Return what opens an address."""

    def go(page: Page, address: str) -> None:
        page.goto(address + path)

    return go


STATES = {
    "start": at("/"),
    "information": at("/informazioni"),
    "not found": at("/niente"),
    "informativa": at("/verifica"),
    "informativa, wrong": informed,
    "empty": empty,
    "wrong": wrong,
    "nine members": nine,
    "summary": summary,
    "outcome": outcome,
    "the rules": at("/regole"),
    "a rule": at("/regole/contributo-autonomia?al=01/03/2026"),
    "a rule, wrong day": at("/regole/tirocinio?al=ieri"),
    "an article": at("/regole/articoli/legge-241-1990/10-bis"),
    "parametri": at("/regole/parametri"),
    "for other systems": at("/documentazione"),
}


@pytest.mark.parametrize("state", STATES)
def test_every_page_in_every_state_and_width(seen: Page, address: str, state: str) -> None:
    """Axe finds nothing, nothing overlaps and nothing spills over."""
    STATES[state](seen, address)  # type: ignore[operator]
    assert faults(seen) == []


def test_the_typeface_is_our_own(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.fonts.check('16px \"Titillium Web\"')")
