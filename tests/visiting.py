"""What a caseworker does in a page: opens a visit, presses a button, answers a question, goes on."""

from __future__ import annotations

import re

from playwright.sync_api import Page

RESIDENCE = "In quale comune è la residenza?"
ADI = "La persona riceve l'Assegno di inclusione (ADI)?"
ISEE = "Qual è il valore dell'ISEE?"
CITIZENSHIP = "Qual è la cittadinanza di chi presenta la domanda?"


def press(page: Page, name: str) -> None:
    """Press a button that people see."""
    with page.expect_navigation():
        page.locator("button:not(.visually-hidden)", has_text=re.compile(f"^{re.escape(name)}$")).click()


def opened(page: Page, address: str, *names: str, day: str = "01/03/2024") -> None:
    """Open a visit about some services and pass the informativa."""
    page.goto(f"{address}/verifica?" + "&".join(f"servizio={name}" for name in names))
    page.get_by_label("Ho letto e compreso l'informativa").check()
    page.get_by_label("Qual è il giorno della domanda?").fill(day)
    press(page, "Avanti")


def choose(page: Page, question: str, answer: str) -> None:
    """Answer a question that has a list of answers."""
    page.get_by_role("group", name=question).first.get_by_label(answer, exact=True).check()


def heading(page: Page) -> str:
    """Return the title of the page."""
    return page.locator("h1").inner_text()


def reach(page: Page, question: str) -> None:
    """Go on, leaving the questions blank, until one is asked."""
    while not page.locator(".domande").get_by_text(question, exact=True).count():
        assert heading(page) != "Riepilogo"
        press(page, "Avanti")


def household(page: Page, address: str, members: int) -> None:
    """Open the page of the members of a family, and add as many as wanted."""
    opened(page, address, "contributo-autonomia")
    reach(page, "Quali persone compongono il nucleo?")
    for _ in range(members - 1):
        press(page, "Aggiungi componente")
