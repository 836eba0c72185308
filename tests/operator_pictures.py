"""Makes the pictures of the manual for operators, docs/operatori/*.png: python -m tests.operator_pictures."""

from __future__ import annotations

import random
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from playwright.sync_api import sync_playwright

from tests.conftest import CHROMIUM
from tests.desk_states import SEND, State, states, world
from tests.families import FIVE
from tests.served import served
from tests.source import ROOT

FOLDER = ROOT / "docs" / "operatori"
WIDTH = 1100
#: A family of which nothing was submitted yet.
ALONE = "people, to begin with"
#: Each picture: the state of the page that it shows, and how tall it is.
PICTURES: dict[str, tuple[str, int]] = {
    "accesso": ("accesso", 640),
    "elenco": ("list", 900),
    "nuova": ("new", 960),
    "persone": (ALONE, 1300),
    "domande": ("questions, wrong", 900),
    "quadro": ("overview", 1120),
    "conflitto": ("conflict", 760),
    "presenta": ("submit, empty", 1300),
    "motivo": ("reason", 760),
    "procedimento": ("procedimento, at its start", 1300),
    "deciso": ("procedimento, decided", 1500),
    "piano": ("plan", 1000),
    "agenda": ("agenda", 900),
    "fondi": ("funds", 1000),
}

#: What is typed in a picture instead of what tests the page.
SHOWN = {"domande": {"comune_residenza": "Palemo"}, "conflitto": {"comune_residenza": "Ficarazzi"}}


def main() -> None:
    """Serve an office, and take a picture of each page."""
    FOLDER.mkdir(exist_ok=True)
    # The same numbers of files every time.
    numbers = patch("api.desk.archive.secrets.choice", random.Random(7).choice)
    with TemporaryDirectory() as folder, served(Path(folder)) as office, sync_playwright() as playwright, numbers:
        shown = states(world(office))
        family = office.family(FIVE | {"richiedente.nome": "Iside", "richiedente.cognome": "Casaditè"})
        shown[ALONE] = State("olga", f"/pratiche/{family}/persone", "Le persone")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        for name, (state, height) in PICTURES.items():
            one = shown[state]
            context = office.context(browser, one.who) if one.who else browser.new_context(base_url=office.address)
            page = context.new_page()
            page.set_viewport_size({"width": WIDTH, "height": height})
            page.goto(one.path)
            if one.there:
                with page.expect_navigation():
                    page.evaluate(SEND, [one.there, [*(one.typed | SHOWN.get(name, {})).items()]])
            page.wait_for_load_state("networkidle")  # the icons come last
            page.screenshot(path=FOLDER / f"{name}.png")
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
