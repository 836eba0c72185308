"""The page, used as a caseworker would: real server, real browser, keyboard only and without JavaScript."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, expect, sync_playwright

from api.__main__ import main
from api.app import LIMIT, make_app
from api.rules import read_rules

ROOT = Path(__file__).parents[1]
DAY = date(2024, 3, 1)
CHROMIUM = "/usr/bin/chromium"


@pytest.fixture(scope="module")
def client() -> TestClient:
    """Return a client of the application, on a day of ours."""
    return TestClient(make_app(read_rules(ROOT), lambda: DAY))


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Serve the application on this machine and return its address."""
    server = uvicorn.Server(uvicorn.Config(make_app(read_rules(ROOT), lambda: DAY), port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Debian's Chromium."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """Open a page without JavaScript that may ask nothing of any other host."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    outside: list[str] = []
    opened.on(
        "request",
        lambda request: outside.append(request.url) if not request.url.startswith(address) else None,
    )
    yield opened
    assert outside == []
    context.close()


def test_from_the_list_to_the_outcome(page: Page, address: str) -> None:
    """The services are listed; a filled page gives the outcome, its reasons and its source."""
    page.goto(address)
    page.get_by_role("link", name="Tirocinio formativo / Borsa lavoro").click()
    page.get_by_label("In quale comune è la residenza?").fill("Palermo")
    page.get_by_label("Qual è il valore dell'ISEE?").fill("9360")
    page.get_by_role("button", name="Valuta").click()
    expect(page.get_by_text("DA INTEGRARE")).to_be_visible()
    page.get_by_label("La persona riceve l'Assegno di inclusione (ADI)?").select_option("sì")
    page.get_by_role("button", name="Valuta").click()
    expect(page.get_by_text("ESITO PROPOSTO: ammissibile.")).to_be_visible()
    assert page.get_by_label("Qual è il valore dell'ISEE?").input_value() == "9360"
    assert page.get_by_text("3.000,00 €").first.is_visible()


def test_a_wrong_answer_is_kept_and_explained(page: Page, address: str) -> None:
    """What cannot be read is told at the top and beside the control, and nothing is lost."""
    page.goto(f"{address}/servizi/tirocinio")
    page.get_by_label("In quale comune è la residenza?").fill("Monreale")
    page.get_by_label("Qual è il valore dell'ISEE?").fill("9360.50")
    page.get_by_role("button", name="Valuta").click()
    expect(page).to_have_title(re.compile("^Errore: "))
    assert page.get_by_label("In quale comune è la residenza?").input_value() == "Monreale"
    isee = page.get_by_label("Qual è il valore dell'ISEE?")
    assert isee.input_value() == "9360.50"
    assert isee.get_attribute("aria-invalid") == "true"
    summary = page.get_by_role("alert").get_by_role("link")
    assert summary.inner_text() == page.locator("#isee-errore").inner_text()
    assert "punto dei decimali all'inglese" in summary.inner_text()


def test_a_family_of_nine_by_keyboard(page: Page, address: str) -> None:
    """Members are added one page at a time, by keyboard; the list declared complete settles the amount."""
    page.goto(f"{address}/servizi/contributo-autonomia")
    for number in range(1, 10):
        tick = page.locator(f"[name='componenti.{number}.presente']")
        tick.focus()
        page.keyboard.press("Space")
        page.get_by_role("button", name="Valuta").focus()
        page.keyboard.press("Enter")
    expect(page.locator("fieldset.voce")).to_have_count(10)
    page.get_by_label("L'elenco è completo: non ci sono altre persone").check()
    with page.expect_navigation():
        page.get_by_role("button", name="Valuta").click()
    page.get_by_text("Come si calcola").first.click()
    expect(page.get_by_text("conta(componenti) = 9").first).to_be_visible()


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_nothing_overflows(browser: Browser, address: str, width: int) -> None:
    """At every width the page needs no horizontal scrolling, with an outcome and with errors."""
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    for isee in ("5000", "5,5,5"):
        page.goto(f"{address}/servizi/contributo-autonomia")
        page.get_by_label("Qual è il valore dell'ISEE?").fill(isee)
        with page.expect_navigation():
            page.get_by_role("button", name="Valuta").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


BAD_DAYS = {
    "31/02/2024": "non esiste sul calendario",
    "ieri": "non è una data",
    "01/01/2019": "la prima versione è del 01/01/2024",
}


@pytest.mark.parametrize(("day", "message"), BAD_DAYS.items())
def test_a_day_that_does_not_do(client: TestClient, day: str, message: str) -> None:
    """A wrong day, or one before the rules, is told beside its control."""
    response = client.post("/servizi/tirocinio", data={"al": day, "isee": "1"})
    assert response.status_code == 422
    assert message in response.text
    assert 'value="1"' in response.text


def test_every_kind_of_answer(client: TestClient) -> None:
    """Judgements with their motivation, members, and a list that cannot be complete."""
    given = {
        "al": "01/03/2024",
        "comune_residenza": "Palermo",
        "percettore_adi": "no",
        "pais_firmato": "no",
        "isee": "9.360,00 €",
        "presa_in_carico": "sì",
        "presa_in_carico.motivazione": "Colloquio del 20/02",
    }
    response = client.post("/servizi/tirocinio", data=given)
    assert response.status_code == 200
    assert "ESITO PROPOSTO: ammissibile." in response.text
    assert "non ha ancora la motivazione" not in response.text
    response = client.post("/servizi/contributo-autonomia", data={"componenti.completo": "sì"})
    assert response.status_code == 422
    assert "ne serve almeno 1" in response.text


def test_refusals(client: TestClient) -> None:
    """Unknown pages, wrong methods and bodies that are too large are answered in Italian."""
    assert client.get("/servizi/nessuno").status_code == 404
    assert "Pagina non trovata" in client.get("/altro").text
    assert client.delete("/").status_code == 405
    assert client.post("/servizi/tirocinio", content=b"x" * (LIMIT + 1)).status_code == 413
    head = client.get("/").headers
    assert head["cache-control"] == "no-store"
    assert "default-src 'none'" in head["content-security-policy"]


def test_the_server_refuses_rules_with_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that is not one, or with mistakes, is told before serving anything."""
    assert main(["--dati", str(tmp_path / "assente")]) == 2
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/vocabolario.nt").write_text("a\n")
    assert main(["--dati", str(tmp_path)]) == 1
    assert "Problemi trovati" in capsys.readouterr().err
