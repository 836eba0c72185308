"""The pages of the rulebook: what they show, where their links lead, and how they look in a browser."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page

from api import rulebook_pages
from api.app import make_app
from api.markdown import rendered
from api.rulebook_pages import RulebookPages
from api.rules import read_rules
from engine import drawing
from engine.esempi import Outcome, run_esempi
from engine.problem import problem
from engine.schema import asked
from engine.servizio import Servizio
from tests.serving import serving

ROOT = Path(__file__).parents[1]
DAY = date(2026, 11, 22)
RULES = read_rules(ROOT)
NAMES = sorted(RULES.rulebook.servizi)
SERVICES = [f"/regole/{name}" for name in NAMES]
ARTICLES = [f"/regole/articoli/{atto}/{number}" for atto, number in sorted(RULES.rulebook.law.articles)]
PAGES = ["/regole", "/regole/parametri", *SERVICES, *ARTICLES]


@pytest.fixture(scope="module")
def client() -> TestClient:
    """Return a client of the application, on a day of ours."""
    return TestClient(make_app(RULES, lambda: DAY))


class Reading(HTMLParser):
    """What a page is made of: its elements in order, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, name: str) -> list[str]:
        """Return the values of an attribute."""
        return [value for _, attributes in self.elements if (value := attributes.get(name)) is not None]


@cache
def read(client: TestClient, address: str, status: int = 200) -> Reading:
    """Ask for a page, once: many others lead to it."""
    response = client.get(address)
    assert response.status_code == status, address
    return Reading(response.text)


@cache
def reached(client: TestClient, address: str) -> bool:
    """Whether there is something at an address of ours."""
    return client.get(address).status_code == 200


@pytest.mark.parametrize("address", PAGES)
def test_a_page_is_in_order(client: TestClient, address: str) -> None:
    """One h1, no level skipped, ids once, every anchor and every link of ours leads somewhere, nothing inline."""
    page = read(client, address)
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    ids = page.values("id")
    assert len(set(ids)) == len(ids), address
    for target in page.values("href"):
        path, _, anchor = target.partition("#")
        assert "questioni.md" not in target
        if not path:
            assert anchor in ids, target
        elif anchor and path.startswith("/regole"):
            assert anchor in read(client, path).values("id"), target
        else:
            assert reached(client, path), target
    assert page.values("style") == []
    assert not [tag for tag, _ in page.elements if tag in ("script", "style")]
    for name in ("aria-labelledby", "aria-describedby"):
        assert {part for value in page.values(name) for part in value.split()} <= set(ids)


@pytest.mark.parametrize("address", PAGES)
def test_tables_have_a_caption_scopes_and_scroll_with_the_keyboard(client: TestClient, address: str) -> None:
    page = read(client, address)
    tags = [tag for tag, _ in page.elements]
    assert tags.count("caption") == tags.count("table")
    assert all("scope" in attributes for tag, attributes in page.elements if tag == "th")
    scrolling = [a for _, a in page.elements if re.search("regola-(scorre|disegno)", a.get("class") or "")]
    assert all(a.get("tabindex") == "0" and a.get("role") == "region" and a.get("aria-label") for a in scrolling)


@pytest.mark.parametrize("name", NAMES)
def test_a_service_shows_all_its_rules(client: TestClient, name: str) -> None:
    page = read(client, f"/regole/{name}")
    text = " ".join(page.text.split())
    servizio = RULES.rulebook.at(name, DAY)
    assert servizio is not None
    titles = [requisito.titolo for requisito in servizio.requisiti.values()]
    titles += [definizione.titolo for definizione in servizio.definizioni.values()]
    titles += [servizio.campi[campo].domanda for campo in RULES.rulebook.forms[name].campi if campo in asked(servizio)]
    titles += [esempio.titolo for esempio in servizio.esempi]
    titles += [parametro.titolo for parametro in servizio.parametri.values()]
    assert not [title for title in titles if title not in text]
    assert not [value for value in page.values("class") if "regola-diverso" in value]


def test_a_day_picks_the_version_and_the_values(client: TestClient) -> None:
    now = read(client, "/regole/tirocinio").text
    assert "al massimo 9.360,00 € oppure 10.140,00 €" in now
    for typed in ("01/03/2024", "2024-03-01"):
        then = read(client, f"/regole/tirocinio?al={typed}").text
        assert "Le regole al 01/03/2024." in then
        assert "al massimo 9.360,00 € oppure" not in then
    assert now == read(client, "/regole/tirocinio?al=").text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("31/02/2024", "Il giorno «31/02/2024» non esiste sul calendario."),
        ("ieri", "«ieri» non è una data."),
        ("<b>", "«<b>» non è una data."),
        ("01/01/1990", "In quel giorno queste regole non c'erano ancora: la prima versione è del 01/01/2024."),
        ("9" * 400, "non è una data"),
    ],
)
def test_a_day_that_is_none_is_said_and_the_rules_are_shown(client: TestClient, typed: str, said: str) -> None:
    response = client.get("/regole/tirocinio", params={"al": typed})
    page = Reading(response.text)
    assert response.status_code == 422
    assert said in page.text
    assert page.text.strip().startswith("Errore: ")
    assert "Residenza in un comune" in page.text
    assert typed in page.values("value")
    assert "true" in page.values("aria-invalid")
    assert "<b>" not in response.text


@pytest.mark.parametrize(
    "address",
    [
        "/regole/nessuno",
        "/regole/articoli/reg-12-2020/999",
        "/regole/articoli/nessuno/1",
        "/regole/articoli/reg-12-2020",
        "/regole/tirocinio/altro",
        "/regole/..%2Fatti",
    ],
)
def test_what_is_not_there_is_said(client: TestClient, address: str) -> None:
    assert "Pagina non trovata" in read(client, address, 404).text


def test_an_article_says_who_cites_it(client: TestClient) -> None:
    page = read(client, "/regole/articoli/reg-12-2020/19")
    assert "Il testo di questo articolo non è acquisito." in page.text
    assert "/regole/tirocinio#esito-ammissibile" in page.values("href")
    assert "Nessuna regola in vigore cita questo articolo." in read(client, "/regole/articoli/legge-241-1990/18").text
    comma = read(client, "/regole/articoli/legge-241-1990/2")
    assert "art-legge-241-1990-2-c-9-quinquies" in comma.values("id")


def test_a_fonte_leads_to_its_comma_in_the_same_page(client: TestClient) -> None:
    page = read(client, "/regole/tirocinio")
    assert "#art-legge-241-1990-10-bis-c-1" in page.values("href")
    assert "#art-reg-12-2020-19" in page.values("href")


def test_the_decision_is_drawn_and_told(client: TestClient) -> None:
    page = read(client, "/regole/tirocinio")
    assert [a["role"] for tag, a in page.elements if tag == "svg" and "role" in a] == ["img"]
    steps = [value for value in page.values("id") if value.startswith("passo-")]
    assert steps == [f"passo-{number}" for number in range(1, len(steps) + 1)]
    assert len(steps) >= 8


def test_a_decision_too_large_for_a_picture_is_told_first(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "MOST", 4)
    pages = RulebookPages(RULES, lambda: DAY)
    response = pages.service("tirocinio", "")
    assert response is not None
    text = bytes(response.body).decode()
    assert text.index("passo-10") < text.index('role="img"')
    assert "Il disegno mostra i primi 4 passi." in text
    monkeypatch.setattr(rulebook_pages, "steps_of", lambda *_: None)
    response = RulebookPages(RULES, lambda: DAY).service("tirocinio", "")
    assert response is not None
    assert "troppi passi" in bytes(response.body).decode()


def test_an_esempio_that_comes_out_otherwise_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    def otherwise(servizio: Servizio) -> Iterator[Outcome]:
        first = next(run_esempi(servizio))
        found = problem("esempi.different", first.esempio.place, what="esito", written="uno", found="due")
        yield replace(first, differences=(found,))

    monkeypatch.setattr(rulebook_pages, "run_esempi", otherwise)
    response = RulebookPages(RULES, lambda: DAY).service("tirocinio", "")
    assert response is not None
    page = Reading(bytes(response.body).decode())
    assert [value for value in page.values("class") if "regola-diverso" in value]
    assert "Per «esito» l'esempio dice «uno», le regole danno «due»." in page.text


def test_pages_are_made_once_for_the_same_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    class Live:
        rulebook = RULES.rulebook
        problems: tuple[Any, ...] = ()

    rules: Any = Live()
    pages = RulebookPages(rules, lambda: DAY)
    first = pages.service("tirocinio", "")
    assert pages.service("tirocinio", "22/11/2026") is first
    assert pages.service("tirocinio", "21/11/2026") is not first
    wrong = pages.service("tirocinio", "mai")
    assert wrong is not first
    assert pages.service("tirocinio", "mai") is not wrong
    rules.rulebook = replace(RULES.rulebook)
    assert pages.service("tirocinio", "") is not first
    monkeypatch.setattr(rulebook_pages, "KEPT", 2)
    for day in ("01/01/2025", "02/01/2025", "03/01/2025"):
        pages.service("tirocinio", day)
    assert len(pages._kept) == 2


def test_rules_that_could_not_be_read_leave_the_pages_standing() -> None:
    book = replace(RULES.rulebook, servizi={"tirocinio": ()})
    rules = read_rules(ROOT)
    assert rules.edition
    rules.edition = replace(rules.edition, rulebook=book)
    client = TestClient(make_app(rules, lambda: DAY))
    assert client.get("/regole").status_code == 200
    assert client.get("/regole/parametri").status_code == 200
    assert client.get("/regole/tirocinio").status_code == 404
    assert client.get("/regole/articoli/reg-12-2020/19").status_code == 200


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**sì** e _no_", "<p><strong>sì</strong> e <em>no</em></p>\n"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
        ("a <b onclick=x>b</b>", "<p>a &lt;b onclick=x&gt;b&lt;/b&gt;</p>\n"),
        ("[qui](javascript:alert(1))", "<p>[qui](javascript:alert(1))</p>\n"),
        ("[questioni](../questioni.md)", "<p>questioni</p>\n"),
        (
            "[*a*](b) e [c](https://www.normattiva.it)",
            '<p><em>a</em> e <a href="https://www.normattiva.it">c</a></p>\n',
        ),
        ("![x](https://altrove.it/x.png)", '<p>!<a href="https://altrove.it/x.png">x</a></p>\n'),
        ("## Uno", "<h4>Uno</h4>\n"),
        ("###### Sei", "<h6>Sei</h6>\n"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
        ("", ""),
    ],
)
def test_markdown_is_safe(text: str, html: str) -> None:
    assert rendered(text, 3) == html


# In a browser


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Serve the application on this machine and return its address."""
    with serving(make_app(RULES, lambda: DAY)) as found:
        yield found


@pytest.fixture(scope="module")
def opened(browser: Browser) -> Iterator[Page]:
    """Open a page with JavaScript, for all that is looked at."""
    page = browser.new_context(java_script_enabled=True, viewport={"width": 1280, "height": 900}).new_page()
    yield page
    page.context.close()


@pytest.mark.parametrize("path", ["/regole", "/regole/parametri", *SERVICES, ARTICLES[0], "/regole/tirocinio?al=mai"])
def test_no_page_scrolls_sideways(opened: Page, address: str, path: str) -> None:
    opened.goto(address + path)
    for width in (320, 768, 1280):
        opened.set_viewport_size({"width": width, "height": 900})
        wide = opened.evaluate("[innerWidth, document.documentElement.scrollWidth]")
        assert wide == [width, width], path


#: The texts of the picture that pass over the rectangle they are written in, as the browser measures them.
OVER = """() => {
  const boxes = [...document.querySelectorAll('.regola-disegno rect')].map(e => e.getBBox());
  const inside = (t, b) => b.x <= t.x + .5 && t.x + t.width <= b.x + b.width + .5
    && b.y <= t.y + 1 && t.y + t.height <= b.y + b.height + 1;
  return [...document.querySelectorAll('.regola-disegno text')]
    .filter(e => { const t = e.getBBox(); return !boxes.some(b => inside(t, b)); }).map(e => e.textContent);
}"""


@pytest.mark.parametrize("path", SERVICES)
def test_the_words_of_the_picture_stay_in_their_boxes(opened: Page, address: str, path: str) -> None:
    opened.goto(address + path)
    assert opened.locator(".regola-disegno text").count() > 10
    assert opened.evaluate(OVER) == []
