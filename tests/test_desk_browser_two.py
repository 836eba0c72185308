"""Two people, another desk, no network, a server that dies: what a person sees, and that nothing is lost."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from api.identity.install import Settings
from api.identity.passwords import Passwords
from api.office import make_office
from api.store.keys import MASTER, Keys, new_master
from api.store.opening import open_store
from tests.families import FIVE
from tests.keyboard import choose, log_in, press, write
from tests.office import CHEAP, RULES, WRAPPING
from tests.served import HERE, PEOPLE, Served, invited, served
from tests.source import ROOT

RESIDENCE, CITIZENSHIP = "In quale comune è la residenza?", "Qual è la cittadinanza di chi presenta la domanda?"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve an office."""
    with served(tmp_path_factory.mktemp("ufficio")) as one:
        yield one


@contextmanager
def sitting(browser: Browser, office: Served, who: str, *, script: bool = False) -> Iterator[Page]:
    """Give a browser to somebody who has entered."""
    context = office.context(browser, who, script=script)
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


def held(office: Served, pratica: str, control: str) -> str:
    """Return what a control of a file holds."""
    return office.office.desk.archive.get(pratica).text(control)


# Two people on one file


@pytest.mark.parametrize("keeps", ["mine", "theirs", "nothing yet"])
def test_two_operators_in_conflict(browser: Browser, office: Served, keeps: str) -> None:
    """The second to save sees both versions; what only one has touched is kept whatever is chosen."""
    pratica = office.family({"comune_residenza": "Palermo"})
    sheet = f"/pratiche/{pratica}/domande/1"
    with sitting(browser, office, "olga") as first, sitting(browser, office, "omar") as second:
        first.goto(sheet)
        second.goto(sheet)
        write(first, RESIDENCE, "Bagheria")
        press(first, "Salva richiesta")
        write(second, RESIDENCE, "Ficarazzi")
        choose(second, CITIZENSHIP, "altro Stato UE")
        press(second, "Salva richiesta")
        assert second.locator("h1").inner_text() == "Scegli quale risposta tenere"
        both = second.get_by_role("group", name=RESIDENCE).inner_text()
        assert "La tua: Ficarazzi" in both
        assert "Di Olga Inventata: Bagheria" in both
        assert held(office, pratica, "comune_residenza") == "Bagheria"
        if keeps == "nothing yet":
            press(second, "Salva ciò che ho scelto")
            assert second.title().startswith("Errore: ")
            assert held(office, pratica, "cittadinanza") == ""
        choose(second, RESIDENCE, "Di Olga Inventata: Bagheria" if keeps == "theirs" else "La tua: Ficarazzi")
        press(second, "Salva ciò che ho scelto")
        assert second.url == f"{office.address}/pratiche/{pratica}?salvata=1"
    assert held(office, pratica, "comune_residenza") == ("Bagheria" if keeps == "theirs" else "Ficarazzi")
    assert held(office, pratica, "cittadinanza") == "altro Stato UE"


def test_a_desk_that_tries_the_file_of_another(browser: Browser, office: Served) -> None:
    """It is told whose it is not, without a word of what is in it; and that it has tried is written."""
    pratica = office.family(FIVE)
    with sitting(browser, office, "lea") as page:
        for path in ("", "/persone", "/domande/1", "/riepilogo", "/esito", "/dichiarazione", "/storia", "/prove"):
            response = page.goto(f"/pratiche/{pratica}{path}")
            assert response is not None
            assert response.status == 403
            assert "Provaluna" not in page.content()
            assert page.get_by_role("main").get_by_role("link").count() >= 1
        page.goto("/pratiche")
        assert page.get_by_role("link", name="Zaira Provaluna").count() == 0
    store = office.office.desk.archive.store
    assert "pratica.negata" in [one.event.action for one in store.events(0, about=pratica)]


# Drafts


def test_a_draft_is_saved_by_itself(browser: Browser, office: Served) -> None:
    """Four seconds after the last key; without network what was typed stays, and is saved when it is back."""
    pratica = office.family({})
    with sitting(browser, office, "olga", script=True) as page:
        page.clock.install()
        page.goto(f"/pratiche/{pratica}/domande/1")
        page.get_by_label(RESIDENCE).fill("Pal")
        page.clock.fast_forward(5_000)
        expect(page.locator(".bozza")).to_contain_text("Bozza salvata alle")
        assert held(office, pratica, "comune_residenza") == "Pal"
        page.context.set_offline(True)
        page.get_by_label(RESIDENCE).fill("Palermo")
        page.clock.fast_forward(5_000)
        expect(page.locator(".bozza")).to_contain_text("Non c'è collegamento")
        assert page.get_by_label(RESIDENCE).input_value() == "Palermo"
        assert held(office, pratica, "comune_residenza") == "Pal"
        page.context.set_offline(False)
        page.clock.fast_forward(20_000)
        expect(page.locator(".bozza")).to_contain_text("Bozza salvata alle")
        assert held(office, pratica, "comune_residenza") == "Palermo"


def test_a_draft_never_wins_over_somebody_else(browser: Browser, office: Served) -> None:
    """A draft that clashes is not saved and says so; the button then shows both versions."""
    pratica = office.family({"comune_residenza": "Palermo"})
    sheet = f"/pratiche/{pratica}/domande/1"
    with sitting(browser, office, "olga", script=True) as page:
        page.clock.install()
        page.goto(sheet)
        typed = {"azione": "salva", "mostrate": "comune_residenza", "comune_residenza": "Bagheria"}
        assert office.hand("omar").send(sheet, **typed).status_code == 303
        page.get_by_label(RESIDENCE).fill("Ficarazzi")
        page.clock.fast_forward(5_000)
        expect(page.locator(".bozza")).to_contain_text("Un'altra persona ha salvato questa pratica")
        assert held(office, pratica, "comune_residenza") == "Bagheria"
        page.get_by_role("button", name="Salva richiesta").click()
        expect(page.get_by_role("heading", name="Scegli quale risposta tenere")).to_be_visible()


# The server dies


@contextmanager
def running(store: Path, port: int, master: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start the server as an administrator does, and wait until it answers."""
    command = [sys.executable, "-m", "api", "--archivio", str(store), "--porta", str(port), "--limite", "100000"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, MASTER: master}, stdout=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                httpx2.get(f"http://127.0.0.1:{port}/status")
                break
            except httpx2.TransportError:
                time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_the_server_is_killed_in_the_middle_of_a_save(browser: Browser, tmp_path: Path) -> None:
    """What was said to be saved is there when it starts again; the page says what to do, and keeps what was typed."""
    path, master, port = tmp_path / "archivio.db", new_master(), free_port()
    address = f"http://127.0.0.1:{port}"
    with closing(open_store(str(path))) as store:
        keys = Keys.from_environment(store, {MASTER: master})
        made = make_office(RULES, store, keys, Settings(address, WRAPPING, passwords=Passwords(CHEAP)))
        account = invited(made, *PEOPLE[0])
        who = made.identity.accounts.person(account, "2026-05-04")
        pratica = made.desk.archive.create(who, HERE, {}).id
    context = browser.new_context(base_url=address)
    page = context.new_page()
    sheet = f"/pratiche/{pratica}/domande/1"
    with running(path, port, master) as process:
        log_in(page, "olga")
        page.goto(sheet)
        client = httpx2.Client(base_url=address, cookies={one["name"]: one["value"] for one in context.cookies()})
        saved = _saved_until_killed(client, page, sheet, process)
        page.clock.install()
        page.get_by_label(RESIDENCE).fill("Palermo")
        page.clock.fast_forward(5_000)
        expect(page.locator(".bozza")).to_contain_text("Ciò che hai scritto è ancora qui")
        assert page.get_by_label(RESIDENCE).input_value() == "Palermo"
    with closing(open_store(str(path))) as store:
        keys = Keys.from_environment(store, {MASTER: master})
        again = make_office(RULES, store, keys, Settings(address, WRAPPING, passwords=Passwords(CHEAP)))
        kept = int(again.desk.archive.get(pratica).text("spese_utenze_annue"))
        assert kept in (saved, saved + 1)
    with running(path, port, master):
        page.get_by_role("button", name="Salva richiesta").click()
        expect(page.get_by_role("status").first).to_be_visible()
        expect(page.get_by_label(RESIDENCE)).to_have_value("Palermo")
        page.goto(f"/pratiche/{pratica}/storia")
        assert page.locator("section.riquadro").count() >= saved
    context.close()


def _saved_until_killed(client: httpx2.Client, page: Page, sheet: str, process: subprocess.Popen[bytes]) -> int:
    """Save one number after another, and kill the server without warning; return the last that was acknowledged."""
    csrf = page.locator("form#modulo [name=csrf]").get_attribute("value") or ""
    saved, revision = 0, int(page.locator("[name=revisione]").get_attribute("value") or "")
    killed = False
    try:
        for number in range(1, 10_000):
            typed = {"csrf": csrf, "revisione": str(revision), "azione": "bozza", "mostrate": "spese_utenze_annue"}
            if number == 12:
                killer = subprocess.Popen(["sh", "-c", f"sleep 0.03; kill -9 {process.pid}"])
                killed = True
            answer = client.post(
                sheet, data={**typed, "spese_utenze_annue": str(number)}, headers={"Accept": "application/json"}
            )
            assert answer.status_code == 200, answer.text
            revision, saved = answer.json()["revisione"], number
    except httpx2.TransportError:
        assert killed
        killer.wait()
    assert saved >= 11
    return saved
