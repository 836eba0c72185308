"""A person who has only a keyboard: goes through a page with Tab, answers, presses; what Tab does not reach fails."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page

from tests.office import PASSWORD

#: More steps than any page has.
STEPS = 400
FOCUSED = "e => e === document.activeElement"
WITHIN = "e => e.contains(document.activeElement)"
#: How many times Tab is worth pressing before looking again; a guess, which the focus then has to confirm.
FAR = """e => {
  const kinds = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
  const stops = [...document.querySelectorAll(kinds)].filter(x => x.tabIndex >= 0 && !x.disabled && x.checkVisibility()
    && (x.type !== 'radio' || x.checked || x === document.activeElement));
  const there = stops.findIndex(x => e === x || e.contains(x));
  const here = document.activeElement;
  const passed = stops.filter(x => here.compareDocumentPosition(x) & 2 || x === here || x.contains(here)).length;
  return here === document.body ? there : there - passed;
}"""


def tab_to(page: Page, there: Locator, within: bool = False) -> None:
    """Press Tab until the focus is on an element, or on something inside it."""
    for _ in range(max(0, there.evaluate(FAR))):
        page.keyboard.press("Tab")
    for _ in range(STEPS):
        if there.evaluate(WITHIN if within else FOCUSED):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{there} is not reached by Tab")


def write(page: Page, label: str, text: str) -> None:
    """Type in a field, instead of what is there."""
    field = page.get_by_label(label, exact=True)
    tab_to(page, field)
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.insert_text(text)
    assert field.input_value() == text


def tick(page: Page, label: str) -> None:
    """Tick a box."""
    tab_to(page, page.get_by_label(label))
    page.keyboard.press("Space")
    assert page.get_by_label(label).is_checked()


def choose(page: Page, question: str, answer: str) -> None:
    """Choose an answer of a group, with the arrows."""
    group = page.get_by_role("group", name=question, exact=True)
    wanted = group.get_by_label(answer, exact=True)
    tab_to(page, group, within=True)
    if wanted.evaluate(FOCUSED):
        page.keyboard.press("Space")
    for _ in range(12):
        if wanted.is_checked():
            return
        page.keyboard.press("ArrowUp")
    raise AssertionError(f"{question}: {answer} is not reached by the arrows")


def pick(page: Page, label: str, option: str) -> None:
    """Choose a line of a list, with the arrows."""
    field = page.get_by_label(label, exact=True)
    tab_to(page, field)
    page.keyboard.press("Home")
    for _ in range(60):
        if field.locator("option:checked").inner_text() == option:
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"{label}: there is no {option}")


def unfold(page: Page, summary: str) -> None:
    """Open what is folded under some words."""
    line = page.locator("summary", has_text=summary)
    tab_to(page, line)
    page.keyboard.press("Enter")


def press(page: Page, name: str) -> None:
    """Press a button, and wait for the page after it."""
    _enter(page, page.get_by_role("button", name=name, exact=True).first)


def follow(page: Page, name: str | re.Pattern[str]) -> None:
    """Follow a link."""
    _enter(page, page.get_by_role("link", name=name, exact=isinstance(name, str)).first)


def _enter(page: Page, there: Locator) -> None:
    tab_to(page, there)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def log_in(page: Page, username: str) -> None:
    """Enter with a password."""
    page.goto("/accesso?dopo=/pratiche")
    write(page, "Nome utente", username)
    write(page, "Password", PASSWORD)
    press(page, "Entra")
    assert page.locator("h1").inner_text() == "Pratiche"
