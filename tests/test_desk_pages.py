"""The pages of a file, over HTTP and a real store: nothing typed is lost, and what is wrong is said where it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.store.tiny import TinyStore
from engine.messages import SENTENCES, sentence
from tests.desks import SUBMISSION, Work, begun, family, staffed
from tests.forms import form_of, send
from tests.office import Office, text

CODE = "RSSMRA80A01H501U"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Return an office over an embedded store."""
    store = TinyStore(tmp_path_factory.mktemp("archivio") / "archivio.db")
    yield staffed(Office(store=store))
    store.close()


def test_a_family_from_the_first_page_to_the_outcome(office: Office) -> None:
    browser = office.browser("olga")
    browser.open("/pratiche/nuova")
    refused = browser.send("/pratiche/nuova")
    assert (refused.status_code, sentence("pagine.not_told", {}) in text(refused)) == (422, True)
    work = begun(office)
    page = work.send(
        "persone", {"richiedente.nome": "Zaira", "richiedente.cognome": "Provaluna"}, "aggiungi:componenti"
    )
    page = send(work.browser, page, "avanti", {"componenti.1.persona": "Nestore Provaluna"})
    assert page.headers["location"] == f"{work.path}/domande"
    work.write(family(office))
    assert "Provaluna" in text(work.open())
    assert "9.359,99 €" in text(work.open("riepilogo"))
    assert "Serve una valutazione professionale" in text(work.open("esito"))
    aldo = work.by("aldo")
    judged = {"presa_in_carico": "sì", "presa_in_carico.motivazione": "Seguito dal 2024"}
    assert aldo.send(work.sheet_with("presa_in_carico"), judged).status_code == 303
    assert "Spetta" in text(work.open("esito"))
    assert "Io sottoscritto/a <strong>Zaira Provaluna</strong>" in text(work.open("dichiarazione"))
    done = work.present()
    assert (done.status_code, done.headers["location"]) == (303, f"{work.path}?salvata=presentata")
    assert SENTENCES["pagine.presented"] in text(work.browser.open(done.headers["location"]))
    pinned = text(work.open("presentazioni/tirocinio.1"))
    assert all(said in pinned for said in ("1234/2026", "20/11/2026", "Persona olga", "9.359,99 €"))
    assert "lo stesso esito e le stesse ragioni" in text(work.open("presentazioni/tirocinio.1/confronto"))
    assert "a che punto è" in text(work.open())
    assert work.open("procedimenti/tirocinio").status_code == 200
    history = text(work.open("storia"))
    campo = office.rules.rulebook.law.campi["presa_in_carico"]
    assert "Persona aldo" in history
    assert history.index(campo.domanda) < history.index("Nestore Provaluna")


# Nothing typed is lost

UNREADABLE = {
    "isee": "nove mila",
    "data_firma_pais": "31/02/2024",
    "comune_residenza": "Palremo",
    "richiedente.codice_fiscale": "RSSMRA80A01H501X",
    "richiedente.nascita": "ieri",
    "giorno_della_domanda": "a marzo",
}


@pytest.mark.parametrize("control", UNREADABLE)
def test_what_cannot_be_read_is_kept_and_said(office: Office, control: str) -> None:
    typed = UNREADABLE[control]
    work = begun(office, **({"pais_firmato": "sì"} if "pais" in control else {}))
    campi = office.rules.rulebook.law.campi
    page = work.sheet_with(control) if control in campi else "persone"
    answer = work.send(page, {control: typed}, "avanti")
    if control in campi or control == "giorno_della_domanda":
        assert answer.status_code == 422
    assert work.pratica.text(control) == typed
    said = text(work.open(page))
    assert f'value="{typed}"' in said
    saved = work.send(page, {"richiedente.telefono": "1"} if page == "persone" else {}, "salva")
    assert saved.status_code in (303, 422)
    assert work.pratica.text(control) == typed
    for other in ("", "riepilogo", "esito", "presenta", "dichiarazione", "storia", "prove"):
        assert work.open(other).status_code == 200, other


def test_a_file_with_an_unreadable_answer_is_not_submitted(office: Office) -> None:
    work = begun(office, isee="nove mila")
    answer = work.present()
    assert answer.status_code == 422
    assert sentence("pagine.unreadable_answers", {"count": "1"}) in text(answer)
    assert work.pratica.presentazioni == ()


def test_what_does_not_arrive_stays(office: Office) -> None:
    work = begun(office, richiedente__nome="Zaira", richiedente__cognome="Provaluna")
    work.open("persone")
    answer = work.browser.send(f"{work.path}/persone", revisione="2", azione="salva", **{"richiedente.nome": "Iside"})
    assert answer.status_code == 303
    assert work.pratica.applicant == "Iside Provaluna"


def test_a_person_taken_out_leaves_nothing_behind(office: Office) -> None:
    work = begun(office)
    page = work.send("persone", {}, "aggiungi:componenti")
    page = send(work.browser, page, "aggiungi:componenti", {"componenti.1.persona": "Nestore"})
    typed = {"componenti.2.persona": "Ubaldo", "componenti.2.codice_fiscale": CODE}
    page = send(work.browser, page, "togli:componenti:2", typed)
    assert sentence("pagine.removed", {"voce": "componente", "row": "2"}) in text(page)
    assert work.pratica.values == {"componenti.righe": ("1 -2",), "componenti.1.persona": ("Nestore",)}
    page = send(work.browser, page, "aggiungi:componenti")
    assert work.pratica.text("componenti.righe") == "1 -2 3"


def test_nothing_else_that_is_sent_is_kept(office: Office) -> None:
    work = begun(office)
    form = form_of(work.open(work.sheet_with("isee")))
    shown = form.fields["mostrate"][0]
    changes = {"mostrate": f"{shown} niente richiedente", "niente": "x", "richiedente.ruolo": "y", "isee": "1"}
    send(work.browser, form, "salva", changes)
    assert work.pratica.values == {"isee": ("1",), "componenti.righe": ("1",)}
    forged = {"nuovo.niente": "x", "nuovo.richiedente.nome": "Zaira", "revisione": "2", "revisione_prima": "2"}
    work.browser.send(f"{work.path}/scelte", **forged)
    assert {*work.pratica.values} == {"isee", "componenti.righe", "richiedente.nome"}


@pytest.mark.parametrize("base", ["", "x", "-1", "1" * 10, "²"])
def test_a_page_without_its_revision_writes_nothing(office: Office, base: str) -> None:
    work = begun(office)
    answer = work.send("persone", {"richiedente.nome": "Zaira", "revisione": base})
    assert answer.status_code == 400
    assert work.pratica.values == {}


# Two people on one file


def test_two_people_in_conflict_choose_answer_by_answer(office: Office) -> None:
    work = begun(office, isee="1.000", percettore_adi="no")
    ugo = Work(office, office.browser("ugo"), work.id)
    sheet = work.sheet_with("isee")
    mine = form_of(work.open(sheet))
    persons = form_of(work.open("persone"))
    ugo.send(sheet, {"isee": "2.000"})
    ugo.send("persone", {"richiedente.nome": "Iside"})
    answer = send(work.browser, mine, "salva", {"isee": "3.000"})
    shown = text(answer)
    assert answer.status_code == 409
    assert all(said in shown for said in ("3.000", "2.000", "Di Persona ugo", "La tua"))
    again = send(work.browser, answer)
    assert (again.status_code, SENTENCES["pagine.no_choice"] in text(again)) == (409, True)
    assert work.pratica.text("isee") == "2.000"
    kept = send(work.browser, again, "avanti", {"scelta.isee": "mia"})
    assert kept.headers["location"] == f"{work.path}?salvata=1"
    assert work.pratica.text("isee") == "3.000"
    other = send(work.browser, persons, "salva", {"richiedente.nome": "Zaira", "richiedente.telefono": "091"})
    assert send(work.browser, other, "avanti", {"scelta.richiedente.nome": "altrui"}).status_code == 303
    assert work.pratica.applicant == "Iside"
    assert work.pratica.text("richiedente.telefono") == "091"


def test_what_only_one_has_touched_is_put_together(office: Office) -> None:
    work = begun(office, isee="1.000")
    sheet = work.sheet_with("isee")
    mine = form_of(work.open(sheet))
    work.browser.open(f"{work.path}/persone")
    Work(office, office.browser("ugo"), work.id).send(sheet, {"isee": "2.000"})
    saved = send(work.browser, mine, "salva", {})
    assert SENTENCES["pagine.merged"] in text(work.browser.open(saved.headers["location"]))
    assert work.pratica.text("isee") == "2.000"


def test_a_choice_that_is_forged_writes_nothing(office: Office) -> None:
    work = begun(office, isee="1.000")
    work.open("persone")
    answer = work.browser.send(f"{work.path}/scelte", scontri="isee", revisione="2", **{"nuovo.isee": "2.000"})
    assert answer.status_code == 400
    assert work.pratica.text("isee") == "1.000"


# After a submission


def test_what_was_submitted_changes_only_with_a_reason(office: Office) -> None:
    work = begun(office)
    work.write(family(office))
    work.present()
    sheet = work.sheet_with("isee")
    form = form_of(work.open(sheet))
    Work(office, office.browser("ugo"), work.id).send("persone", {"richiedente.nome": "Iside", "motivo": "mancava"})
    answer = send(work.browser, form, "salva", {"isee": "1.234"})
    assert (answer.status_code, SENTENCES["pagine.no_reason"] in text(answer)) == (422, True)
    assert work.pratica.text("isee") != "1.234"
    still = send(work.browser, answer)
    assert still.status_code == 422
    assert send(work.browser, still, "avanti", {"motivo": "attestazione nuova"}).status_code == 303
    assert (work.pratica.text("isee"), work.pratica.applicant) == ("1.234", "Iside")
    assert "attestazione nuova" in text(work.open("storia"))
    without = work.present(protocollo="9/2026")
    assert SENTENCES["pagine.no_reason"] in text(without)
    assert work.present(protocollo="9/2026", motivo="ISEE aggiornato").status_code == 303
    corrected = text(work.open("presentazioni/tirocinio.2"))
    assert all(said in corrected for said in ("ISEE aggiornato", "1.234", "Che cosa ha cambiato la correzione"))
    assert "è stata poi corretta" in text(work.open("presentazioni/tirocinio.1"))


def test_a_reason_given_late_does_not_undo_what_others_wrote_meanwhile(office: Office) -> None:
    work = begun(office, isee="1.000")
    work.present()
    form = form_of(work.open("persone"))
    ugo = Work(office, office.browser("ugo"), work.id)
    asked = send(work.browser, form, "salva", {"richiedente.nome": "Zaira"})
    ugo.send("persone", {"richiedente.cognome": "Provaluna", "motivo": "mancava"})
    assert send(work.browser, asked, "avanti", {"motivo": "mancava"}).status_code == 303
    assert work.pratica.applicant == "Zaira Provaluna"


# What a submission needs

WRONG_SUBMISSIONS: dict[str, tuple[dict[str, str | list[str]], str, dict[str, str]]] = {
    "nothing chosen": ({"servizi": []}, "none_chosen", {}),
    "a service that is not there": ({"servizi": "niente"}, "none_chosen", {}),
    "no number": ({"protocollo": " "}, "no_protocol", {"limit": "60"}),
    "a number too long": ({"protocollo": "1" * 61}, "no_protocol", {"limit": "60"}),
    "no day": ({"data_protocollo": ""}, "no_protocol_day", {}),
    "a day that is ahead": ({"data_protocollo": "24/11/2026"}, "protocol_ahead", {"day": "24/11/2026"}),
    "no channel": ({"canale": ""}, "no_channel", {}),
    "a channel that is not there": ({"canale": "a voce"}, "no_channel", {}),
    "not signed": ({"firmata": []}, "not_signed", {}),
    "an older page": ({"revisione": "1"}, "changed_meanwhile", {}),
    "before the rules": (
        {"data_protocollo": "31/12/2023"},
        "not_in_force",
        {"day": "31/12/2023", "titles": "Tirocinio formativo / Borsa lavoro"},
    ),
}


@pytest.fixture(scope="module")
def ready(office: Office) -> Work:
    """Return a file that could be submitted."""
    return begun(office, richiedente__nome="Zaira")


@pytest.mark.parametrize("case", WRONG_SUBMISSIONS)
def test_what_stands_in_the_way_of_a_submission_is_said(ready: Work, case: str) -> None:
    changes, code, data = WRONG_SUBMISSIONS[case]
    answer = ready.send("presenta", {**SUBMISSION, **changes}, "avanti")
    assert answer.status_code == 422
    assert sentence(f"pagine.{code}", data) in text(answer)
    assert "<title>Errore: " in text(answer)
    assert ready.pratica.presentazioni == ()


def test_a_day_that_is_none_says_how_to_write_it(ready: Work) -> None:
    answer = ready.send("presenta", {**SUBMISSION, "data_protocollo": "31/02/2026"}, "avanti")
    assert answer.status_code == 422
    assert 'value="31/02/2026"' in text(answer)
    assert 'id="data_protocollo-errore"' in text(answer)


def test_a_file_of_a_day_without_rules_is_shown(office: Office) -> None:
    work = begun(office, giorno_della_domanda="01/01/2001", isee="1.000")
    for page in ("", "persone", "riepilogo", "esito", "presenta", "dichiarazione"):
        assert work.open(page).status_code == 200, page
    assert SENTENCES["pagine.none_chosen"] in text(work.present())
