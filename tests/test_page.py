"""The pages, used as a caseworker would: real server, real browser, keyboard only and without JavaScript."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from api.rules import read_rules
from tests.conftest import ROOT
from tests.visiting import (
    ADI,
    CITIZENSHIP,
    ISEE,
    RESIDENCE,
    choose,
    heading,
    household,
    opened,
    press,
    reach,
)

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
    press(page, "Vai al riepilogo")
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


# Members


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
