"""Who may do what with a file, over HTTP: other desks, judgements, drafts, proofs, moves; every sentence is said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from api.desk.desk import Desk
from api.desk.pratica import Attached
from api.store.contract import Unavailable
from api.store.tiny import TinyStore
from engine.messages import SENTENCES, sentence
from tests.desks import HERE, THERE, begun, staffed
from tests.forms import form_of, send
from tests.office import Office, text
from tests.source import ROOT

CODE = "RSSMRA80A01H501U"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Return an office over an embedded store."""
    store = TinyStore(tmp_path_factory.mktemp("archivio") / "archivio.db")
    yield staffed(Office(store=store))
    store.close()


# Who may


def test_another_desk_is_refused_and_written_down(office: Office) -> None:
    work = begun(office, richiedente__nome="Zaira")
    bice = work.by("bice")
    for page in ("", "persone", "domande", "domande/1", "storia", "presenta", "prove"):
        answer = bice.open(page)
        assert (answer.status_code, "Zaira" in text(answer)) == (403, False), page
    bice.browser.open("/profilo")
    sent = bice.browser.send(f"{work.path}/persone", revisione="2", **{"richiedente.nome": "Altro"})
    assert (sent.status_code, work.pratica.applicant) == (403, "Zaira")
    assert "Ha provato ad aprire la pratica senza poterlo fare" in text(work.by("rita").open("accessi"))


def test_a_form_without_its_code_writes_nothing(office: Office) -> None:
    work = begun(office)
    work.browser.csrf = "0" * 64
    answer = work.browser.send(f"{work.path}/persone", revisione="1", **{"richiedente.nome": "Zaira"})
    assert (answer.status_code, SENTENCES["pagine.not_ours"] in text(answer)) == (403, True)
    assert work.pratica.values == {}


NOWHERE = ["/pratiche/BBBB-BBBB", "/pratiche/BBBB-BBBB/persone", "/pratiche/x/domande/1", "/pratiche/x/accessi"]


@pytest.mark.parametrize("path", NOWHERE)
def test_a_file_that_is_not_there(office: Office, path: str) -> None:
    answer = office.browser("rita").open(path)
    assert (answer.status_code, SENTENCES["pagine.not_found"] in text(answer)) == (404, True)


def test_without_its_key_nothing_can_be_read(office: Office) -> None:
    work = begun(office, richiedente__nome="Zaira", richiedente__cognome="Senzachiave")
    work.present()
    archive = office.desk.archive
    archive.store.commit([archive.keys.destroy(archive.store, work.id)])
    rita = work.by("rita")
    for page in (
        "",
        "persone",
        "riepilogo",
        "storia",
        "accessi",
        "presentazioni/tirocinio.1",
        "procedimenti/tirocinio",
    ):
        answer = rita.open(page)
        assert (answer.status_code, "Senzachiave" in text(answer)) == (404, False), page
    found = work.browser.send("/pratiche", cerca="Senzachiave")
    assert (found.status_code, work.id in text(found)) == (200, False)


def test_a_store_that_does_not_answer_says_what_to_do(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    work = begun(office)
    form = form_of(work.open("persone"))

    def failing(*_: Any, **__: Any) -> Any:
        raise Unavailable("archivio.full")

    monkeypatch.setattr(Desk, "save", failing)
    answer = send(work.browser, form, "salva", {"richiedente.nome": "Zaira"})
    assert (answer.status_code, SENTENCES["pagine.store_unavailable"] in text(answer)) == (503, True)


def test_the_head_of_a_page_is_that_of_the_page(office: Office) -> None:
    work = begun(office)
    for path in ("/pratiche", work.path, f"{work.path}/persone"):
        assert work.browser.client.head(path).status_code == 200
    assert work.by("bice").browser.client.head(work.path).status_code == 403


# Judgements


def test_a_judgement_is_answered_only_by_who_may(office: Office) -> None:
    work = begun(office)
    sheet = work.sheet_with("presa_in_carico")
    form = form_of(work.open(sheet))
    assert "presa_in_carico" not in form.fields
    roles = "Assistente sociale; Responsabile del procedimento"
    assert sentence("pagine.judged_by", {"roles": roles}) in text(work.open(sheet))
    forged = {"presa_in_carico": "sì", "presa_in_carico.motivazione": "x"}
    assert send(work.browser, form, "salva", forged).status_code == 303
    assert work.pratica.values == {}
    choice = {f"nuovo.{name}": value for name, value in forged.items()}
    work.browser.send(f"{work.path}/scelte", revisione="1", revisione_prima="1", **choice)
    assert work.pratica.values == {}
    aldo = work.by("aldo")
    answer = aldo.send(sheet, {"presa_in_carico": "sì"}, "avanti")
    assert (answer.status_code, SENTENCES["pagine.no_motivation"] in text(answer)) == (422, True)
    assert 'id="presa_in_carico-motivazione-errore"' in text(answer)
    assert work.pratica.text("presa_in_carico") == "sì"
    assert send(aldo.browser, answer, "avanti", {"presa_in_carico.motivazione": "Seguita dal 2024"}).status_code == 303
    shown = text(work.open(sheet))
    assert "Seguita dal 2024" in shown
    assert send(work.browser, form_of(work.open(sheet)), "salva").status_code == 303
    assert work.pratica.text("presa_in_carico") == "sì"
    assert work.pratica.text("presa_in_carico.motivazione") == "Seguita dal 2024"


# Drafts that a script saves

JSON = {"Accept": "application/json"}


def test_a_draft_is_saved_whatever_is_in_it(office: Office) -> None:
    work = begun(office)
    for page, control, typed in (("persone", "richiedente.nascita", "ieri"), ("isee", "isee", "nove mila")):
        form = form_of(work.open(page if page == "persone" else work.sheet_with(page)))
        answer = send(work.browser, form, "bozza", {control: typed}, JSON)
        revision = work.pratica.revision
        assert (answer.status_code, answer.json()) == (200, {"revisione": revision, "altri": []})
        assert work.pratica.text(control) == typed
        again = send(work.browser, form, "bozza", {control: typed}, JSON)
        assert again.json()["revisione"] == revision
    assert office.desk.archive.store.events()[-1].event.action == "pratica.bozza"


def test_a_draft_over_what_somebody_else_wrote_is_told(office: Office) -> None:
    work = begun(office)
    form = form_of(work.open("persone"))
    work.by("ugo").send("persone", {"richiedente.nome": "Iside"})
    told = send(work.browser, form, "bozza", {"richiedente.nome": "Zaira"}, JSON)
    assert (told.status_code, told.json()) == (409, {"errore": SENTENCES["pagine.clash"]})
    joined = send(work.browser, form, "bozza", {"richiedente.cognome": "Provaluna"}, JSON)
    assert (joined.status_code, joined.json()["altri"]) == (200, ["richiedente.nome"])
    assert work.pratica.applicant == "Iside Provaluna"


def test_a_draft_of_what_was_submitted_asks_why(office: Office) -> None:
    work = begun(office)
    work.present()
    told = send(work.browser, work.open("persone"), "bozza", {"richiedente.nome": "Zaira"}, JSON)
    assert (told.status_code, told.json()) == (422, {"errore": SENTENCES["pagine.no_reason"]})
    assert work.pratica.applicant == ""


# Proofs, lists, another desk


def test_proofs_and_documents(office: Office) -> None:
    work = begun(office, isee="1.000")
    wrong: dict[str, str | list[str]] = {
        "prova.isee": "documento tecnico",
        "riferimento.isee": ["", "atto 2"],
        "data.isee": ["01/02/2026", "ieri"],
    }
    before = work.pratica.replies["isee"]
    answer = work.send("prove", wrong)
    assert (answer.status_code, SENTENCES["pagine.no_reference"] in text(answer)) == (422, True)
    assert 'value="ieri"' in text(answer)
    assert work.pratica.replies["isee"] == before
    right = {**wrong, "riferimento.isee": ["atto 1", ""], "data.isee": ["01/02/2026", ""]}
    assert work.send("prove", right).status_code == 303
    assert work.pratica.replies["isee"].attached == (Attached("atto 1", "01/02/2026"),)
    assert "atto 1" in text(work.open("prove"))
    stale = form_of(work.open("prove"))
    work.by("ugo").send("persone", {"richiedente.nome": "Iside"})
    assert SENTENCES["pagine.changed_meanwhile"] in text(send(work.browser, stale, "salva", {"prova.isee": ""}))
    work.present()
    assert SENTENCES["pagine.no_reason"] in text(work.send("prove", {"prova.isee": ""}))


def test_the_same_person_at_another_desk_is_flagged_without_content(office: Office) -> None:
    begun(office, "bice", richiedente__nome="Nomedilà", richiedente__codice_fiscale=CODE)
    work = begun(office, richiedente__nome="Zaira", richiedente__codice_fiscale=CODE.lower())
    for page in ("", "persone"):
        shown = text(work.open(page))
        assert "Uno stesso codice fiscale è già in una pratica presso" in shown
        assert office.desk.desks[THERE] in shown
        assert "Nomedilà" not in shown


def test_a_file_goes_to_another_desk_with_all_that_is_its_own(office: Office) -> None:
    work = begun(office, richiedente__nome="Zaira", richiedente__cognome="Trasferita")
    work.present()
    rita = work.by("rita")
    for changes, code in (
        ({"sportello": HERE, "ragione": "x"}, "no_desk"),
        ({"sportello": THERE}, "no_transfer_reason"),
    ):
        answer = rita.send("trasferisci", changes, "avanti")
        assert (answer.status_code, SENTENCES[f"pagine.{code}"] in text(answer)) == (422, True)
    assert work.by("olga").open("trasferisci").status_code == 403
    before = office.desk.archive.store.head()[0]
    moved = rita.send("trasferisci", {"sportello": THERE, "ragione": "cambio di casa"}, "avanti")
    assert SENTENCES["pagine.moved"] in text(rita.browser.open(moved.headers["location"]))
    assert work.open().status_code == 403
    assert work.by("bice").open().status_code == 200
    store = office.desk.archive.store
    for kind in ("pratica", "procedimento", "termine"):
        there = store.find(kind, {"sportello": THERE}, limit=500).records
        here = store.find(kind, {"sportello": HERE}, limit=500).records
        assert any(record.id.startswith(work.id) for record in there), kind
        assert not any(record.id.startswith(work.id) for record in here), kind
    actions = [one.event.action for one in store.events(before, about=work.id)]
    assert actions[:3] == ["pratica.letta", "pratica.trasferita", "procedimento.trasferito"]
    assert work.id not in text(work.browser.send("/pratiche", cerca="Trasferita"))


def test_a_list_is_of_the_own_desk_whatever_is_asked(office: Office) -> None:
    theirs = begun(office, "bice", richiedente__cognome="Dilà")
    work = begun(office, richiedente__cognome="Diqua")
    for desk in (THERE, "", "niente"):
        shown = text(work.browser.send("/pratiche", sportello=desk, cerca=""))
        assert theirs.id not in shown
    assert work.id in text(work.browser.send("/pratiche", cerca="diqua"))


def test_a_long_list_has_pages(office: Office) -> None:
    for _ in range(27):
        office.desk.archive.create(office.person("bice"), THERE, {"richiedente.cognome": ("Pagina",)})
    browser = office.browser("bice")
    browser.open("/pratiche")
    first = text(browser.send("/pratiche", cerca="Pagina"))
    after = re.findall(r'name="dopo" value="([^"]+)"', first)
    second = text(browser.send("/pratiche", cerca="Pagina", dopo=after[0]))
    numbers = [set(re.findall(r'href="/pratiche/([A-Z0-9-]{9})"', page)) for page in (first, second)]
    assert ([len(found) for found in numbers], numbers[0] & numbers[1]) == ([25, 2], set())
    assert "27 pratiche" in first


# The sentences


def test_every_sentence_of_the_pages_is_said_somewhere() -> None:
    sources = [*(ROOT / "api").rglob("*.py"), *(ROOT / "api").rglob("*.html")]
    source = "\n".join(path.read_text("utf-8") for path in sources if "messages" not in path.name)
    for code in SENTENCES:
        group, _, name = code.partition(".")
        plain = name.removesuffix("_title").removeprefix("of_")
        if group == "pagine":
            assert re.search(rf"[\"'.]{re.escape(plain)}[\"' )]", source), code
        if group == "eventi":
            assert re.search(rf"[\".]{re.escape(name.partition('_')[2] or name)}[\"']", source), code
