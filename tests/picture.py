"""Makes docs/pagina.png, the page of an outcome for an invented family: python -m tests.picture."""

from __future__ import annotations

import threading
import time
from datetime import date

import uvicorn
from playwright.sync_api import Page, sync_playwright

from api.app import make_app
from api.rules import read_rules
from tests.conftest import CHROMIUM, ROOT

PICTURE = ROOT / "docs" / "pagina.png"
DAY = date(2026, 3, 2)
FAMILY = {"In quale comune è la residenza?": "Palermo", "Qual è il valore dell'ISEE?": "9.360,01 €"}
CHOSEN = ("tirocinio", "contributo-autonomia")


def outcome(page: Page, address: str) -> None:
    """Answer what is known of the family, and go on to the outcome."""
    page.goto(f"{address}/verifica?" + "&".join(f"servizio={name}" for name in CHOSEN))
    page.get_by_label("Ho letto e compreso l'informativa").check()
    page.get_by_role("button", name="Avanti", exact=True).last.click()
    while page.locator("h1").inner_text() != "Riepilogo":
        for question, answer in FAMILY.items():
            if page.get_by_label(question, exact=True).count():
                page.get_by_label(question, exact=True).first.fill(answer)
        page.get_by_role("button", name="Avanti", exact=True).last.click()
    page.get_by_role("button", name="Invia e vedi l'esito").click()
    page.wait_for_load_state("networkidle")  # the icons come last


def main() -> None:
    """Serve the pages, reach the outcome and take its picture."""
    config = uvicorn.Config(make_app(read_rules(ROOT), lambda: DAY), port=0, log_level="error")
    server = uvicorn.Server(config)
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.01)
    address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        page = browser.new_page(viewport={"width": 1100, "height": 1150}, java_script_enabled=False)
        outcome(page, address)
        page.screenshot(path=PICTURE)
        browser.close()
    server.should_exit = True


if __name__ == "__main__":
    main()
