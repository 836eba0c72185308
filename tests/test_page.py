"""The pages, used as a caseworker would: real server, real browser, keyboard only and without JavaScript."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page, expect

from api.__main__ import main
from api.app import LIMIT, make_app
from api.rules import read_rules
from tests.conftest import DAY, ROOT
from tests.looking import faults

RESIDENCE = "In quale comune è la residenza?"
ADI = "La persona riceve l'Assegno di inclusione (ADI)?"
ISEE = "Qual è il valore dell'ISEE?"
CITIZENSHIP = "Qual è la cittadinanza di chi presenta la domanda?"


@pytest.fixture(scope="module")
def client() -> TestClient:
    """Return a client of the application, on a day of ours."""
    return TestClient(make_app(read_rules(ROOT), lambda: DAY))


def press(page: Page, name: str) -> None:
    """Press a button that people see."""
    with page.expect_navigation():
        page.locator("button:not(.visually-hidden)", has_text=re.compile(f"^{re.escape(name)}$")).click()


def opened(page: Page, address: str, *names: str, day: str = "01/03/2024") -> None:
    """Open a visit about some services and pass the informativa."""
    page.goto(f"{address}/verifica?" + "&".join(f"servizio={name}" for name in names))
    page.get_by_label("Ho letto e compreso l'informativa").check()
    page.get_by_label("Qual è il giorno della domanda?").fill(day)
    press(page, "Avanti")


def choose(page: Page, question: str, answer: str) -> None:
    """Answer a question that has a list of answers."""
    page.get_by_role("group", name=question).first.get_by_label(answer, exact=True).check()


def heading(page: Page) -> str:
    """Return the title of the page."""
    return page.locator("h1").inner_text()


def reach(page: Page, question: str) -> None:
    """Go on, leaving the questions blank, until one is asked."""
    while not page.locator(".domande").get_by_text(question, exact=True).count():
        assert heading(page) != "Riepilogo"
        press(page, "Avanti")


def to_summary(page: Page) -> None:
    """Go on, leaving all the other questions blank."""
    while heading(page) != "Riepilogo":
        press(page, "Avanti")


# The way of a family


def test_from_the_first_page_to_the_outcome_of_every_service(page: Page, address: str) -> None:
    """A family's data are typed once, and every service says what it thinks."""
    page.goto(address)
    page.get_by_role("main").get_by_role("link", name="Nuova verifica").click()
    assert page.url == f"{address}/verifica"
    page.get_by_label("Ho letto e compreso l'informativa").check()
    press(page, "Avanti")
    reach(page, RESIDENCE)
    page.get_by_label(RESIDENCE).fill("palermo")
    to_summary(page)
    expect(page.get_by_text("hanno valore di dichiarazione. Verifica che siano corrette.")).to_be_visible()
    expect(page.get_by_role("definition").filter(has_text="Palermo").first).to_be_visible()
    press(page, "Invia e vedi l'esito")
    services = read_rules(ROOT).rulebook.servizi
    expect(page.locator(".quadro li")).to_have_count(len(services))
    assert page.url == f"{address}/verifica"
    assert "palermo" not in page.url.lower()


def test_the_steps_and_the_words_of_the_comuni_model(page: Page, address: str) -> None:
    """The five steps, the buttons and the index of each page are those that families meet elsewhere."""
    opened(page, address, "contributo-autonomia")
    steps = page.get_by_role("navigation", name="A che punto sei").get_by_role("listitem")
    words = [re.sub(r"\s*\(fatto\)$", "", text) for text in steps.all_inner_texts()]
    assert words == ["Informativa sulla privacy", "Dati generali", "Dati specifici", "Riepilogo", "Conferma"]
    assert page.locator("[aria-current=step]").inner_text() == "Dati generali"
    buttons = page.get_by_role("navigation", name="Step").get_by_role("button").all_inner_texts()
    assert buttons == ["Indietro", "Vai al riepilogo", "Avanti"]
    while heading(page) != "La casa in cui il nucleo vive":
        press(page, "Avanti")
    index = page.get_by_role("navigation", name="Informazioni richieste").get_by_role("link").all_inner_texts()
    assert index == [text.split("\n")[0] for text in page.locator(".domande legend").all_inner_texts()]


def test_only_what_is_still_useful_is_asked(page: Page, address: str) -> None:
    """Outside the Distretto nothing else matters for the tirocinio: the next page is the summary."""
    opened(page, address, "tirocinio")
    page.get_by_label(RESIDENCE).fill("Ficarazzi")
    press(page, "Avanti")
    assert heading(page) == "Riepilogo"
    press(page, "Invia e vedi l'esito")
    expect(page.locator(".esito .segno").first).to_have_text("Motivi ostativi")
    expect(page.get_by_text("che non è fra i comuni del Distretto socio-sanitario 42")).to_be_visible()


def test_a_question_that_an_answer_makes_useful_is_asked_on_the_same_page(page: Page, address: str) -> None:
    """Guards come first: the permit is asked only of whom it concerns, at once, and said to be new."""
    opened(page, address, "contributo-autonomia")
    page.get_by_label(RESIDENCE).fill("Palermo")
    reach(page, CITIZENSHIP)
    assert page.get_by_text("permesso di soggiorno").count() == 0
    choose(page, CITIZENSHIP, "paese terzo")
    press(page, "Avanti")
    expect(page.get_by_role("status")).to_contain_text("le domande nuove sono segnate")
    expect(page.get_by_text("Domanda nuova")).to_have_count(1)
    choose(page, "Che permesso di soggiorno ha chi presenta la domanda?", "con scadenza")
    press(page, "Avanti")
    page.get_by_label("Quando scade il permesso di soggiorno?").fill("1/3/2025")
    press(page, "Avanti")
    press(page, "Indietro")
    expect(page.locator("#scadenza_permesso-inteso")).to_have_text("Inteso: 01/03/2025")


def test_an_answer_that_no_longer_counts_is_kept_and_said(page: Page, address: str) -> None:
    """When its guard changes an answer is not lost and is not looked at."""
    opened(page, address, "contributo-autonomia")
    reach(page, CITIZENSHIP)
    choose(page, CITIZENSHIP, "paese terzo")
    press(page, "Avanti")
    choose(page, "Che permesso di soggiorno ha chi presenta la domanda?", "nessun permesso")
    choose(page, CITIZENSHIP, "italiana")
    press(page, "Vai al riepilogo")
    ignored = page.get_by_role("region", name="Risposte che non si considerano")
    expect(ignored).to_contain_text("nessun permesso")
    page.get_by_role("button", name=re.compile("^Modifica ?: Residenza e cittadinanza")).last.click()
    choose(page, CITIZENSHIP, "paese terzo")
    press(page, "Torna al riepilogo")
    if heading(page) != "Riepilogo":
        press(page, "Torna al riepilogo")
    expect(page.get_by_role("definition").filter(has_text="nessun permesso")).to_be_visible()
    assert ignored.count() == 0


def test_the_whole_flow_by_keyboard(page: Page, address: str) -> None:
    """Tab, space, arrows and Enter are enough; Enter in a field goes on."""
    page.goto(f"{address}/verifica?servizio=tirocinio")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Vai al contenuto"
    page.get_by_label("Ho letto e compreso l'informativa").focus()
    page.keyboard.press("Space")
    page.get_by_label("Qual è il giorno della domanda?").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.get_by_label(RESIDENCE).focus()
    page.keyboard.type("Palermo")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    reach(page, ADI)
    page.get_by_role("group", name=ADI).get_by_label("Non lo so ancora").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert page.get_by_role("group", name=ADI).get_by_label("Sì", exact=True).is_checked()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.locator(":focus").get_attribute("value") == "avanti":
            break
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert heading(page) == "Riepilogo"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.locator(":focus").get_attribute("value") == "esito":
            break
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".esito .segno").first).to_have_text("Spetta")
    expect(page.locator(".importo strong")).to_have_text("3.000,00 €")


# What is wrong


def test_a_wrong_answer_is_kept_and_explained(page: Page, address: str) -> None:
    """The title, the focus, the list of errors and the field say the same, and nothing is lost."""
    opened(page, address, "tirocinio")
    page.get_by_label(RESIDENCE).fill("Palemo")
    press(page, "Avanti")
    expect(page).to_have_title(re.compile("^Errore: "))
    assert page.locator(":focus").get_attribute("id") == "errori"
    links = page.get_by_role("alert").get_by_role("link")
    assert "Forse «Palermo»?" in links.first.inner_text()
    for link in links.all():
        control = page.locator(f"[id='{(link.get_attribute('href') or '')[1:]}']")
        assert control.get_attribute("aria-invalid") == "true"
        described = (control.get_attribute("aria-describedby") or "").split()
        assert link.inner_text() in [page.locator(f"[id='{name}']").inner_text() for name in described]
    assert page.locator("[aria-invalid=true]").count() == links.count() == 1
    assert page.get_by_label(RESIDENCE).input_value() == "Palemo"
    press(page, "Indietro")
    press(page, "Avanti")
    assert page.get_by_label(RESIDENCE).input_value() == "Palemo"


def test_money_as_italians_type_it(page: Page, address: str) -> None:
    """8.421,37 is read and said back; 16859.34 is refused with what it may have meant."""
    opened(page, address, "tirocinio")
    page.get_by_label(RESIDENCE).fill("Palermo")
    press(page, "Avanti")
    reach(page, ISEE)
    page.get_by_label(ISEE).fill("16859.34")
    press(page, "Vai al riepilogo")
    expect(page.get_by_role("alert")).to_contain_text("Se intendevi 16859,34, scrivi «16859,34»")
    page.get_by_label(ISEE).fill("8.421,37")
    press(page, "Torna al riepilogo")
    expect(page.get_by_role("definition").filter(has_text="8.421,37 €")).to_be_visible()
    page.locator("section", has_text=ISEE).get_by_role("button").click()
    expect(page.locator("#isee-inteso")).to_have_text("Inteso: 8.421,37 €")


WRONG_STARTS = [
    ({"al": "31/02/2024"}, "non esiste sul calendario"),
    ({"al": "ieri"}, "non è una data"),
    ({"al": "01/01/2019"}, "la prima versione è del"),
    ({"servizi": []}, "Scegli almeno un intervento"),
    ({"servizi": ["nessuno"]}, "Scegli almeno un intervento"),
    ({"informativa": ""}, "conferma di aver letto"),
]


@pytest.mark.parametrize(("change", "message"), WRONG_STARTS)
def test_a_start_that_does_not_do(client: TestClient, change: dict[str, str], message: str) -> None:
    sent = {"al": "01/03/2024", "servizi": ["tirocinio"], "informativa": "sì", "isee": "1", "azione": "esito", **change}
    response = client.post("/verifica", data=sent)
    assert response.status_code == 422
    assert message in response.text
    assert '<input type="hidden" name="isee" value="1">' in response.text


def test_an_outcome_with_an_answer_that_cannot_be_read_goes_back_to_it(client: TestClient) -> None:
    sent = {"al": "01/03/2024", "servizi": ["tirocinio"], "informativa": "sì", "isee": "9.36", "azione": "esito"}
    response = client.post("/verifica", data=sent)
    assert response.status_code == 422
    assert "<title>Errore: Condizione economica" in response.text
    assert 'value="9.36"' in response.text


NAMES = """al servizi informativa pagina mostrate torna azione isee comune_residenza componenti.righe altro
    componenti.1.perdita_lavoro componenti.completo presa_in_carico presa_in_carico.motivazione canone_mensile"""
VALUES = """01/03/2024|tirocinio|contributo-autonomia|sì|no|1|2|avanti|indietro|indietro:riepilogo|riepilogo|esito|vai:1
    |vai:99|aggiungi:componenti|togli:componenti:1|togli:isee|aggiungi:|Palermo|9.360,00|1 2 -3 x"""


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(
        st.sampled_from(NAMES.split()),
        st.lists(
            st.one_of(
                st.sampled_from([text.strip() for text in VALUES.split("|")]),
                st.text(max_size=12),
            ),
            max_size=3,
        ),
    )
)
def test_whatever_is_sent_gets_a_page(client: TestClient, sent: dict[str, list[str]]) -> None:
    """No button, value or name that a hand may invent breaks the program."""
    response = client.post("/verifica", data=sent)
    assert response.status_code in (200, 422)
    assert "</html>" in response.text


def test_refusals(client: TestClient) -> None:
    """Unknown pages, wrong methods and bodies that are too large are answered in Italian."""
    assert client.get("/verifica?servizio=nessuno").status_code == 404
    assert "Pagina non trovata" in client.get("/altro").text
    assert client.delete("/").status_code == 405
    assert client.post("/verifica", content=b"x" * (LIMIT + 1)).status_code == 413
    head = client.get("/").headers
    assert head["cache-control"] == "no-store"
    policy = head["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "<script" not in client.get("/verifica").text


def test_the_server_refuses_rules_with_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that is not one, or with mistakes, is told before serving anything."""
    assert main(["--dati", str(tmp_path / "assente")]) == 2
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/vocabolario.nt").write_text("a\n")
    assert main(["--dati", str(tmp_path)]) == 1
    assert "Problemi trovati" in capsys.readouterr().err


# Members


def household(page: Page, address: str, members: int) -> None:
    """Open the page of the members of a family, and add as many as wanted."""
    opened(page, address, "contributo-autonomia")
    reach(page, "Quali persone compongono il nucleo?")
    for _ in range(members - 1):
        press(page, "Aggiungi componente")


def test_members_keep_their_number_and_their_answers(page: Page, address: str) -> None:
    """One is open from the start; taking one away moves no other, and its number is not used again."""
    household(page, address, 3)
    third = page.get_by_role("group", name="Componente 3")
    assert page.locator(":focus").get_attribute("id") == "componenti-3"
    third.get_by_role("group", name="Ha perso il lavoro?").get_by_label("Sì", exact=True).check()
    press(page, "Togli componente 2")
    expect(page.get_by_role("status")).to_contain_text("«componente 2» non è più nell'elenco")
    press(page, "Togli componente 1")
    press(page, "Aggiungi componente")
    legends = page.locator("fieldset.voce > legend")
    assert legends.all_inner_texts() == ["Componente 3", "Componente 4"]
    assert third.get_by_role("group", name="Ha perso il lavoro?").get_by_label("Sì", exact=True).is_checked()
    press(page, "Togli componente 4")
    press(page, "Aggiungi componente")
    assert legends.all_inner_texts() == ["Componente 3", "Componente 5"]
    page.get_by_label("L'elenco è completo: non manca nessuno").check()
    press(page, "Vai al riepilogo")
    expect(page.get_by_text("2, elenco completo")).to_be_visible()


# How it looks


def empty(page: Page, address: str) -> None:
    """Show the first page of questions, before any answer."""
    opened(page, address)


def wrong(page: Page, address: str) -> None:
    """Show errors."""
    opened(page, address)
    reach(page, RESIDENCE)
    page.get_by_label(RESIDENCE).fill("Palemo, in via dei nomi molto lunghi e senza spazi" + "o" * 60)
    press(page, "Avanti")


def informed(page: Page, address: str) -> None:
    """Show the informativa with all that may be wrong in it."""
    page.goto(f"{address}/verifica")
    for box in page.locator("[name=servizi]").all():
        box.uncheck()
    page.get_by_label("Qual è il giorno della domanda?").fill("ieri")
    press(page, "Avanti")


def nine(page: Page, address: str) -> None:
    """Show a family of nine."""
    household(page, address, 9)


def summary(page: Page, address: str) -> None:
    """Show the summary of a family of two."""
    household(page, address, 2)
    press(page, "Vai al riepilogo")


def outcome(page: Page, address: str) -> None:
    """Show the outcomes, with every detail open."""
    opened(page, address)
    reach(page, RESIDENCE)
    page.get_by_label(RESIDENCE).fill("Lampedusa e Linosa")
    press(page, "Vai al riepilogo")
    press(page, "Invia e vedi l'esito")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")


def at(path: str) -> object:
    """Return what opens an address."""

    def go(page: Page, address: str) -> None:
        page.goto(address + path)

    return go


STATES = {
    "start": at("/"),
    "information": at("/informazioni"),
    "not found": at("/niente"),
    "informativa": at("/verifica"),
    "informativa, wrong": informed,
    "empty": empty,
    "wrong": wrong,
    "nine members": nine,
    "summary": summary,
    "outcome": outcome,
    "the rules": at("/regole"),
    "a rule": at("/regole/contributo-autonomia?al=01/03/2026"),
    "a rule, wrong day": at("/regole/tirocinio?al=ieri"),
    "an article": at("/regole/articoli/legge-241-1990/10-bis"),
    "parametri": at("/regole/parametri"),
    "for other systems": at("/documentazione"),
}


@pytest.mark.parametrize("state", STATES)
def test_every_page_in_every_state_and_width(seen: Page, address: str, state: str) -> None:
    """Axe finds nothing, nothing overlaps and nothing spills over."""
    STATES[state](seen, address)  # type: ignore[operator]
    assert faults(seen) == []


def test_the_typeface_is_our_own(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.fonts.check('16px \"Titillium Web\"')")
