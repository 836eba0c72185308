"""How soon a page of questions is ready in a browser, and what it weighs; for the real services and for 60 campi."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, sync_playwright

from bench.requests import server
from engine.rulebook import read_rulebook
from engine.schema import schema
from engine.validation import validation

CHROMIUM = "/usr/bin/chromium"
ROUNDS = 9
CAMPI = 60
REAL, MANY = "un servizio vero", "60 campi"
READY = "performance.getEntriesByType('navigation')[0].loadEventEnd"
SCRIPTS = """performance.getEntriesByType('resource').filter(r => r.initiatorType === 'script')
    .reduce((sum, r) => sum + r.encodedBodySize, 0) + [...document.scripts].reduce((n, s) => n + s.text.length, 0)"""


@dataclass(frozen=True, slots=True)
class Ready:
    """One page: milliseconds until it is ready, its controls, its bytes of HTML and of JavaScript."""

    milliseconds: tuple[float, ...]
    controls: int
    html: int
    scripts: int


def folder(campi: int = CAMPI) -> dict[str, str]:
    """Return the files of an invented service that asks about many things, all on one page."""
    kinds = ("sì/no", "euro", "data", "numero", "scelta", "comune")
    words = {"euro": "almeno 1 €", "data": "dopo il 01/01/2000", "numero": "almeno 1", "scelta": "è alto"}
    asked = [(f"campo_{n}", kinds[n % len(kinds)]) for n in range(campi)]
    vocabolario = "".join(
        f"{name}:\n  domanda: Domanda di prova numero {name[6:]}?\n  tipo: {kind}\n"
        + ("  opzioni:\n    - alto\n    - basso\n" if kind == "scelta" else "")
        + "  prova: autocertificazione art. 46\n  dato: personale\n"
        for name, kind in asked
    )
    head = "servizio: prova\ntitolo: Servizio di prova\nfonte: atto-prova\ndestinatario: nucleo\n"
    requisiti = "".join(
        f"  r_{name}:\n    titolo: Requisito {name}\n    fonte: atto-prova\n"
        f"    se: {name} {words.get(kind, 'è Palermo' if kind == 'comune' else 'è sì')}\n"
        for name, kind in asked
    )
    needed = "".join(f"      - r_{name}\n" for name, _ in asked)
    rules = (
        f"{head}si applica il: giorno della domanda\nrequisiti:\n{requisiti}esiti:\n  spetta:\n    richiede:\n{needed}"
    )
    end = "    fonte: atto-prova\n  non_spetta:\n    altrimenti: sì\n    fonte: atto-prova\n"
    end += "esempi:\n  Una risposta sola:\n    al: 01/01/2024\n    dati:\n      campo_0: no\n    esito: non_spetta\n"
    listed = "".join(f"      - {name}\n" for name, _ in asked)
    return {
        "regolamento/atti.nt": "atto-prova:\n  titolo: Atto di prova\n  riferimento: Atto di prova\n"
        "  in vigore dal: 01/01/2020\n  testo: non acquisito\n",
        "rules/vocabolario.nt": vocabolario,
        "rules/prova/dal-2020-01-01.nt": rules + end,
        "forms/prova.nt": f"servizio: prova\ntitolo: Prova\npagine:\n  Tutte le domande:\n    campi:\n{listed}",
    }


def many() -> dict[str, float]:
    """Return the milliseconds to make the schema of a service of 60 campi, and to compile it."""
    book, problems = read_rulebook({name: text.encode() for name, text in folder().items()})
    assert not problems, problems[0]
    servizio = book.servizi["prova"][0]
    return {"schema": _spent(lambda: schema(servizio)), "validazione": _spent(lambda: validation(servizio))}


def weight() -> int:
    """Return the bytes of the schema of 60 campi."""
    book, _ = read_rulebook({name: text.encode() for name, text in folder().items()})
    return len(json.dumps(schema(book.servizi["prova"][0]), ensure_ascii=False).encode())


def _spent(work: object) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()  # type: ignore[operator]
        times.append(time.perf_counter() - began)
    return median(times) * 1e3


def measure() -> dict[str, Ready]:
    """Open a page of questions again and again in a browser, on both rulebooks."""
    ours = [sys.executable, "-m", "api", "--limite", "1000000000"]
    with tempfile.TemporaryDirectory() as temporary:
        for name, text in folder().items():
            path = Path(temporary) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        two = server([*ours, "--porta"]), server([*ours, "--dati", temporary, "--porta"])
        with two[0] as real, two[1] as invented, _browser() as page:
            return {REAL: _ready(page, real, "contributo-autonomia"), MANY: _ready(page, invented, "prova")}


@contextmanager
def _browser() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


def _ready(page: Page, port: int, name: str) -> Ready:
    spent = []
    for _ in range(ROUNDS):
        page.goto(f"http://127.0.0.1:{port}/verifica?servizio={name}")
        page.locator("#informativa").check()
        with page.expect_navigation(wait_until="load"):
            page.locator("button:not(.visually-hidden)[value=avanti]").click()
        spent.append(float(page.evaluate(READY)))
    controls = page.locator("input:not([type=hidden]), textarea").count()
    return Ready(tuple(spent), controls, len(page.content().encode()), int(page.evaluate(SCRIPTS)))
