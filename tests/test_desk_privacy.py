"""What a family says is nowhere to be read: not in a store, not in the events, not in what a server prints."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from httpx2 import Client, ConnectError

from api.desk.presentazioni import presentazioni
from api.store.anchors import verify
from api.store.contract import Put, Store
from api.store.keys import MASTER, new_master
from api.store.tiny import TinyStore
from tests.desks import THERE, Work, begun, family, staffed
from tests.forms import form_of, send
from tests.office import PASSWORD, Browser, Office, written
from tests.source import ROOT

#: What this family says, in words that stand nowhere else.
FAMILY = {
    "richiedente.nome": "Zoroastra",
    "richiedente.cognome": "Quintamareggia",
    "richiedente.codice_fiscale": "QNTZSR80A41G273G",
    "richiedente.nascita": "01/01/1980",
    "richiedente.indirizzo": "via degli Ippogrifi 77",
    "richiedente.telefono": "0917777123",
    "richiedente.email": "zoroastra@basilisco.example",
}
SAID = ("zoroastra", "quintamareggia", "qntzsr80a41g273g", "ippogrif", "0917777123", "basilisco", "8.123,45", "8123,45")
#: What is written about them, in words that stand nowhere else either.
ABOUT = ("chimera", "ircocervo", "fenice", "liocorno", "anfesibena", "777/xyz")


def personal(text: str) -> list[str]:
    """Return what a text says of the family."""
    return [word for word in (*SAID, *ABOUT) if word in text.casefold()]


def lived_through(work: Work, aldo: Work, rita: Work) -> None:
    """Do with a file all that is done with one, mistakes included."""
    form = form_of(work.open("persone"))
    assert send(work.browser, form, "bozza", FAMILY, {"Accept": "application/json"}).status_code == 200
    clash = send(work.browser, form, "salva", {**FAMILY, "richiedente.nome": "Zoroastra Ippogrifa"})
    assert clash.status_code == 409
    assert send(work.browser, clash, "avanti", {"scelta.richiedente.nome": "altrui"}).status_code == 303
    page = work.send("persone", {}, "aggiungi:componenti")
    send(work.browser, page, "salva", {"componenti.1.persona": "Nestore Quintamareggia"})
    answers = {**family(work.office), "isee": "8.123,45 €", "presa_in_carico.motivazione": "Vista con la chimera"}
    aldo.write(answers)
    assert work.send(work.sheet_with("isee"), {"isee": "ottomila ircocervo"}, "avanti").status_code == 422
    assert work.send(work.sheet_with("isee"), {"isee": "8.123,45 €"}).status_code == 303
    document = {"prova.isee": "documento tecnico", "riferimento.isee": ["fenice 12"], "data.isee": ["01/02/2026"]}
    assert work.send("prove", document).status_code == 303
    assert work.present(protocollo="777/XYZ").status_code == 303
    changed = {"richiedente.indirizzo": "via degli Ippogrifi 78", "motivo": "lo dice il liocorno"}
    assert work.send("persone", changed).status_code == 303
    assert work.present(protocollo="778/XYZ", motivo="lo dice il liocorno").status_code == 303
    for name in ("", "persone", "riepilogo", "esito", "storia", "prove", "dichiarazione", "presentazioni/tirocinio.2"):
        assert work.open(name).status_code == 200
    assert len(personal(work.open("storia").text)) > 5, "the pages do say it"
    procedimento = f"{work.path}/procedimenti/tirocinio"
    assert work.browser.open(procedimento).status_code == 200
    observed = {"data": "20/11/2026", "testo": "l'anfesibena"}
    work.browser.send(f"{procedimento}/osservazioni", **observed)
    shown = work.browser.open(f"{procedimento}/lettere/ricevuta")
    assert shown.status_code == 200
    revision = re.findall('name="revisione" value="([0-9]+)"', shown.text)[0]
    assert work.browser.send(f"{procedimento}/lettere/ricevuta", revisione=revision).status_code == 303
    found = work.browser.send("/pratiche", cerca="zoroastra quintamareggia")
    assert work.id in found.text
    assert rita.open("accessi").status_code == 200
    moved = rita.send("trasferisci", {"sportello": THERE, "ragione": "è là la fenice"}, "avanti")
    assert moved.status_code == 303
    assert work.open().status_code == 403


def test_nothing_personal_can_be_read_in_a_store(store: Store, store_address: str) -> None:
    office = staffed(Office(store=store))
    work = begun(office)
    aldo, rita = (Work(office, office.browser(name), work.id) for name in ("aldo", "rita"))
    lived_through(work, aldo, rita)
    assert work.pratica.text("richiedente.nome") == "Zoroastra"
    assert len(presentazioni(office.desk.archive, work.id)) == 2
    assert personal(written(store)) == []
    assert verify(store) is None
    if not store_address.startswith("postgresql"):
        files = [path for path in Path(store_address).parent.iterdir() if path.is_file()]
        assert {path.name for path in files} >= {"archivio.db"}
        for path in files:
            assert personal(path.read_bytes().decode("latin-1")) == [], path.name


@contextmanager
def served(store: Path, master: str, log: Path) -> Iterator[str]:
    """Start the server as an office does, and return its address; what it prints goes into a file."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "api",
        "--porta",
        str(port),
        "--archivio",
        str(store),
        "--ancore",
        f"{store}.ancore",
    ]
    with log.open("wb") as said:
        environment = {**os.environ, MASTER: master}
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said, stderr=subprocess.STDOUT)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(600):
            try:
                with Client(base_url=address) as client:
                    client.get("/status")
                break
            except ConnectError:
                assert server.poll() is None, log.read_text("utf-8")
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(30)


def test_a_server_prints_nothing_personal(tmp_path: Path) -> None:
    master, path, log = new_master(), tmp_path / "archivio.db", tmp_path / "stampato.txt"
    store = TinyStore(path)
    office = staffed(Office(address="http://localhost:8000", store=store, master=master))

    with served(path, master, log) as address, ExitStack() as open_until_the_end:

        def browser(username: str) -> Browser:
            client = open_until_the_end.enter_context(Client(base_url=address, timeout=60))
            found = Browser(client)  # type: ignore[arg-type]
            assert found.enter(username, PASSWORD).status_code == 303
            return found

        olga = browser("olga")
        olga.open("/pratiche/nuova")
        there = olga.send("/pratiche/nuova", informativa="sì").headers["location"]
        work = Work(office, olga, there.split("/")[2])
        rita = Work(office, browser("rita"), work.id)
        # What the test reads of the store stands behind what the server has written.
        lived_through(work, Work(office, browser("aldo"), work.id), rita)
        assert olga.client.get(f"/pratiche/{FAMILY['richiedente.nome']}").status_code == 404
        assert olga.client.post(work.path + "/persone", data=FAMILY).status_code == 403
        assert olga.client.post(work.path + "/persone", data={**FAMILY, "x": "fenice" * 60000}).status_code == 413
        fresh = begun_at(olga)
        for record in store.find("pratica", limit=10).records:
            if record.id == fresh:
                torn = Put("pratica", fresh, record.revision, {"chiuso": "ircocervo"}, record.index, record.order)
                store.commit([torn])
        assert olga.client.get(f"/pratiche/{fresh}").status_code == 503
        for record in store.find("presentazione", {"pratica": work.id}).records:
            store.commit([Put("presentazione", record.id, record.revision, record.document, {}, record.order)])
        assert Work(office, browser("berta"), work.id).open("procedimenti/tirocinio").status_code == 500
    printed = log.read_text("utf-8")
    assert re.search("Traceback|Error", printed), "the failure is written down"
    assert personal(printed) == []
    assert personal(Path(f"{path}.ancore").read_text("utf-8")) == []
    assert verify(store) is None
    store.close()


def begun_at(browser: Browser) -> str:
    """Open a file with the family in it, on a server."""
    browser.open("/pratiche/nuova")
    there = browser.send("/pratiche/nuova", informativa="sì").headers["location"]
    send(browser, browser.open(there), "salva", FAMILY)
    return str(there.split("/")[2])
