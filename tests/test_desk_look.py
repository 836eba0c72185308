"""How the pages of the desk look, in every state and at every width, and what each says of what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.desk_states import SAID, State, show, states, world
from tests.looking import faults
from tests.served import Served, served

#: The names of the states, before there is a family in any of them.
NAMES = tuple(states(dict.fromkeys(("vuota", "cinque", "nove", "errata", "corretta"), "X")))
#: What a page says of its mistakes: the words of each link at the top, those at the end of it, and what is marked.
MISTAKES = """() => [...document.querySelectorAll('.errori a')].map(link => {
  const there = document.getElementById(link.getAttribute('href').slice(1));
  const inner = there?.matches('[aria-invalid=true]') ? there : there?.querySelector('[aria-invalid=true]');
  const said = (inner?.getAttribute('aria-describedby') ?? '').split(' ').map(id => document.getElementById(id));
  return [link.textContent, said.some(e => e?.textContent.includes(link.textContent))];
})"""


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, dict[str, State]]]:
    """Serve an office where something has happened to every family."""
    folder: Path = tmp_path_factory.mktemp("ufficio")
    with served(folder) as office:
        yield office, states(world(office))


@pytest.fixture(scope="module")
def pages(counter: tuple[Served, dict[str, State]], browser: Browser) -> Iterator[dict[str, Page]]:
    """Return a page for each person, opened when it is first asked for, that asks nothing of any other host."""
    outside: list[str] = []
    opened = _Pages(counter[0], browser, outside)
    yield opened
    for page in opened.values():
        page.context.close()
    assert outside == []


class _Pages(dict[str, Page]):
    def __init__(self, office: Served, browser: Browser, outside: list[str]) -> None:
        self.office, self.browser, self.outside = office, browser, outside
        super().__init__()

    def __missing__(self, who: str) -> Page:
        context = (
            self.office.context(self.browser, who, script=True)
            if who
            else self.browser.new_context(base_url=self.office.address)
        )
        page = self[who] = context.new_page()
        ours = (self.office.address, "data:")
        page.on("request", lambda one: None if one.url.startswith(ours) else self.outside.append(one.url))
        page.on("console", lambda said: self.outside.append(said.text) if "Security Policy" in said.text else None)
        return page


@pytest.mark.parametrize("name", NAMES)
def test_every_page_of_the_desk(counter: tuple[Served, dict[str, State]], pages: dict[str, Page], name: str) -> None:
    """Axe finds nothing, nothing overlaps or spills over; what is wrong is said at the top, focused, and in place."""
    state = counter[1][name]
    page = pages[state.who]
    show(page, state)
    assert page.locator("h1").all_inner_texts() == [state.heading]
    assert page.title().startswith("Errore: ") == bool(state.wrong)
    marked = page.locator("[aria-invalid=true]")
    if state.wrong != SAID:
        assert marked.count() == state.wrong
        assert all(found for _, found in page.evaluate(MISTAKES)), page.evaluate(MISTAKES)
    if state.wrong:
        assert page.evaluate("document.activeElement.matches('.errori')")
        assert page.locator(".errori [role=alert]").count() == 1
    for words in (
        "Dichiarazione di accessibilità",
        "Informativa sulla privacy",
        "Segnala un problema di accessibilità",
    ):
        assert page.locator("footer").get_by_role("link", name=words).count() == 1
    assert faults(page) == []


def test_every_marked_control_says_why(counter: tuple[Served, dict[str, State]], pages: dict[str, Page]) -> None:
    """A control that is wrong points to the words that say so, and they are there."""
    for name in ("people, wrong", "proofs, wrong", "submit, wrong", "conflict, wrong", "funds, wrong", "new, wrong"):
        state = counter[1][name]
        show(pages[state.who], state)
        for control in pages[state.who].locator("[aria-invalid=true]").all():
            said = (control.get_attribute("aria-describedby") or "").split()
            texts = [pages[state.who].locator(f"[id='{one}']").inner_text() for one in said]
            assert any(text in pages[state.who].locator(".errori").inner_text() for text in texts), (name, texts)


def test_the_declaration_is_printed_without_the_rest(
    counter: tuple[Served, dict[str, State]], pages: dict[str, Page]
) -> None:
    """On paper there is only what is signed."""
    page = pages["olga"]
    show(page, counter[1]["declaration"])
    page.emulate_media(media="print")
    for what in ("header", "footer", ".briciole", ".non-stampare"):
        assert not page.locator(what).first.is_visible()
    assert page.get_by_role("heading", name="Dichiarazione sostitutiva").is_visible()
    assert page.get_by_text("Firma", exact=False).last.is_visible()
    page.emulate_media(media="screen")
