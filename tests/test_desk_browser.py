"""The desk, used as its users would: real server, real browser, keyboard only and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.families import NAMES, SERVICE
from tests.keyboard import choose, follow, log_in, pick, press, tick, unfold, write
from tests.served import Served, served

TITLE = "Contributo all'autonomia abitativa"
RESIDENCE, ISEE = "In quale comune è la residenza?", "Qual è il valore dell'ISEE?"
JUDGEMENT = "Secondo il servizio sociale, il nucleo rischia di perdere la casa?"
#: What the family says, in the order in which it is asked; the rest is left blank.
TEXTS = {
    RESIDENCE: "Palermo",
    ISEE: "7.500,00",
    "Qual è il canone mensile scritto nel contratto?": "400,00",
    "Quante annualità di questo contributo ha già ricevuto il nucleo?": "0",
}
CHOICES = {
    "Qual è la cittadinanza di chi presenta la domanda?": "italiana",
    "La casa è inagibile, con un'ordinanza di sgombero?": "No",
    "La casa è insalubre?": "No",
    "La casa è sovraffollata?": "No",
    "Più nuclei vivono insieme in una casa non adatta?": "No",
    "Il nucleo vive in una casa occupata senza titolo?": "No",
    "C'è un contratto di affitto, già firmato o pronto per la firma?": "Sì",
    "Il nucleo è disponibile ad aderire a un progetto di inclusione e di accompagnamento al lavoro?": "Sì",
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve an office with invented people and no family."""
    folder: Path = tmp_path_factory.mktemp("ufficio")
    with served(folder) as one:
        yield one


@contextmanager
def sitting(browser: Browser, office: Served, who: str = "", *, script: bool = False) -> Iterator[Page]:
    """Give a browser to somebody who has entered already, or to somebody who has not."""
    if who:
        context = office.context(browser, who, script=script)
    else:
        context = browser.new_context(java_script_enabled=script, base_url=office.address)
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


def title(page: Page) -> str:
    """Return the title of the page."""
    return page.locator("h1").inner_text()


# A family, from the first contact to the closing


def test_a_family_of_five_from_the_first_contact_to_the_closing(browser: Browser, office: Served) -> None:
    """Operatore, assistente sociale and responsabile in turn: nobody needs a mouse, a script, or another program."""
    with sitting(browser, office) as page:
        log_in(page, "olga")
        _opened(page)
        home = "/pratiche/" + page.url.split("/")[4]
    with sitting(browser, office) as page:  # another machine, another operator
        log_in(page, "omar")
        follow(page, "Zaira Provaluna")
        expect(page.get_by_text("Stai continuando una pratica che esiste già")).to_be_visible()
        _answered(page)
    with sitting(browser, office, "aldo") as page:
        _judged(page, home)
    with sitting(browser, office, "omar") as page:
        page.goto(f"{home}/presenta")
        _presented(page)
    with sitting(browser, office, "carla") as page:
        page.goto("/fondi")
        pick(page, "Intervento", TITLE)
        write(page, "Somma ammessa, in euro", "50.000,00")
        press(page, "Scrivi")
    one = f"{home}/procedimenti/{SERVICE}"
    _dialogue(browser, office, one)
    _decided(browser, office, one)
    _closed(browser, office, one)


def _opened(page: Page) -> None:
    follow(page, "Nuova pratica")
    tick(page, "L'informativa è stata data alla persona, e la persona l'ha capita")
    press(page, "Avanti")
    write(page, "Nome", "Zaira")
    write(page, "Cognome", "Provaluna")
    write(page, "Data di nascita", "12/05/1984")
    write(page, "Da che giorno valgono le regole", "01/03/2026")
    for number, name in enumerate(NAMES, 1):
        press(page, "Aggiungi componente")
        member = page.get_by_role("group", name=f"Componente {number}")
        assert member.evaluate("e => e === document.activeElement")
        page.keyboard.press("Tab")
        page.keyboard.insert_text(name)
    press(page, "Salva richiesta")
    expect(page.get_by_role("status")).to_be_visible()
    assert page.locator("input[name$='.persona']").evaluate_all("all => all.map(e => e.value)") == [*NAMES]


def _answered(page: Page) -> None:
    follow(page, "Continua con le domande")
    left = {*TEXTS, *CHOICES}
    while title(page) != "Riepilogo":
        shown = page.locator(".domande").inner_text()
        for question in [one for one in (*TEXTS, *CHOICES) if one in left and one in shown]:
            write(page, question, TEXTS[question]) if question in TEXTS else choose(page, question, CHOICES[question])
            left.discard(question)
        if "Quali persone compongono il nucleo?" in shown:
            assert "Componente 5: Iside Provaluna" in page.locator(".voce legend").all_inner_texts()[-3]
            _members(page)
        press(page, "Avanti" if left else "Vai al riepilogo")
    expect(page.get_by_text("5, elenco completo")).to_be_visible()


def _members(page: Page) -> None:
    for number, name in enumerate(NAMES, 1):
        member = page.get_by_role("group", name=f"Componente {number}: {name}")
        for question in ("Ha perso il lavoro?", "Ha avuto una forte riduzione del reddito?"):
            group = member.get_by_role("group", name=question)
            no = group.get_by_label("No", exact=True)
            for _ in range(400):
                if group.evaluate("e => e.contains(document.activeElement)"):
                    break
                page.keyboard.press("Tab")
            page.keyboard.press("ArrowUp")
            assert no.is_checked()
    tick(page, "L'elenco è completo: non manca nessuno")


def _judged(page: Page, home: str) -> None:
    """The assistente sociale gives the judgement, with its reasons."""
    page.goto(f"{home}/riepilogo")
    follow(page, re.compile(f"Valutazione del servizio sociale, {TITLE}"))
    choose(page, JUDGEMENT, "No")
    write(page, "Motivazione di chi risponde", "Il proprietario ha scritto che rinnova il contratto.")
    press(page, "Torna al riepilogo")
    assert title(page) == "Riepilogo"


def _presented(page: Page) -> None:
    tick(page, f"{TITLE} Motivi ostativi")
    write(page, "Numero di protocollo", "PG/2026/7")
    write(page, "Data di protocollo", "01/03/2026")
    choose(page, "Come è arrivata", "Allo sportello")
    tick(page, "La persona ha riletto la dichiarazione e l'ha firmata")
    press(page, "Invia")
    expect(page.get_by_role("link", name="a che punto è")).to_be_visible()
    expect(page.get_by_text("Protocollo PG/2026/7 del 01/03/2026, allo sportello")).to_be_visible()


def _happens(page: Page, what: str, day: str) -> None:
    unfold(page, "Scrivi che è successo qualcosa")
    pick(page, "Che cosa", what)
    write(page, "Quando", day)
    press(page, "Scrivi")
    expect(page.get_by_role("region", name="Che cosa è successo").first).to_contain_text(what)


def _dialogue(browser: Browser, office: Served, one: str) -> None:
    """The contact, the notice, its receipt, the observations and their answer."""
    with sitting(browser, office, "omar") as page:
        page.goto(one)
        _happens(page, "Contatto con il servizio sociale o con il numero centrale", "01/03/2026")
        _happens(page, "Ricevuta rilasciata", "02/03/2026")
    with sitting(browser, office, "rita") as page:
        page.goto(one)
        unfold(page, "Proponi come decidere")
        choose(page, "La proposta", "Respingere la domanda (come consigliano le regole)")
        press(page, "Trasmetti la proposta")
        expect(page).to_have_title("Errore: " + TITLE + ", a che punto è · Pratica " + one.split("/")[2] + " · Comma")
        expect(page.get_by_role("alert")).to_contain_text("10-bis")
        unfold(page, "Comunica i motivi che si oppongono")
        write(page, "Giorno in cui parte la comunicazione", "20/03/2026")
        press(page, "Comunica i motivi")
        expect(page.get_by_text("Sospeso", exact=True)).to_be_visible()
    with sitting(browser, office, "omar") as page:
        page.goto(one)
        _happens(page, "Preavviso ricevuto dall'interessato", "22/03/2026")
        unfold(page, "Scrivi un'osservazione arrivata")
        write(page, "Che cosa dice la famiglia", "Il proprietario ha cambiato idea: il contratto finisce a giugno.")
        write(page, "Quando è arrivata", "29/03/2026")
        press(page, "Scrivi")
        assert page.get_by_role("button", name="Rispondi").count() == 0
    with sitting(browser, office, "rita") as page:
        page.goto(one)
        expect(page.get_by_text("08/04/2026").or_(page.get_by_text("19/04/2026")).first).to_be_visible()
        page.get_by_role("article", name="Osservazione 1").scroll_into_view_if_needed()
        field = page.get_by_role("article", name="Osservazione 1").get_by_role("group")
        choose(page, field.locator("legend").inner_text(), "Sì")
        write(page, "Risposta all'osservazione 1", "La lettera del proprietario è stata verificata: ha ragione.")
        press(page, "Rispondi")


def _decided(browser: Browser, office: Served, one: str) -> None:
    """The responsabile departs from the advice, and says why; the decision and the money follow."""
    with sitting(browser, office, "rita") as page:
        page.goto(one)
        unfold(page, "Proponi come decidere")
        choose(page, "La proposta", "Accogliere la domanda")
        press(page, "Trasmetti la proposta")
        assert page.title().startswith("Errore: ")
        write(page, "Motivazione", "Il contratto finisce a giugno: il rischio di perdere la casa c'è.")
        choose(page, "La proposta", "Accogliere la domanda")
        press(page, "Trasmetti la proposta")
        expect(page.get_by_text("Si discosta da ciò che consigliano le regole.")).to_be_visible()
        unfold(page, "Scrivi la decisione presa")
        choose(page, "La decisione", "Domanda accolta")
        write(page, "Numero del provvedimento", "12")
        write(page, "Data del provvedimento", "15/04/2026")
        write(page, "Chi lo ha firmato", "Dina Inventata")
        write(page, "Somma da impegnare, in euro", "4.320,00")
        press(page, "Scrivi la decisione")
        expect(page.get_by_text("Provvedimento n. 12 del 15/04/2026, firmato da Dina Inventata.")).to_be_visible()


def _closed(browser: Browser, office: Served, one: str) -> None:
    """The plan, the payment, the renewal, the closing."""
    with sitting(browser, office, "aldo") as page:
        page.goto(one)
        follow(page, "Il piano individualizzato")
        write(page, "Condizione abitativa", "Una casa in affitto, con il contratto fino a giugno.")
        write(page, "Obiettivo 1", "Una casa sicura per cinque persone")
        press(page, "Salva")
        expect(page.get_by_label("Obiettivo 1", exact=True)).to_have_value("Una casa sicura per cinque persone")
    with sitting(browser, office, "rita") as page:
        page.goto(one)
        write(page, "Somma pagata, in euro", "4.320,00")
        tabbed = page.get_by_role("region", name="I pagamenti").get_by_label("Quando")
        for _ in range(200):
            if tabbed.evaluate("e => e === document.activeElement"):
                break
            page.keyboard.press("Tab")
        page.keyboard.insert_text("30/04/2026")
        press(page, "Scrivi il pagamento")
        expect(page.get_by_text("Impegnati 4.320,00 €, pagati 4.320,00 €.")).to_be_visible()
    with sitting(browser, office, "omar") as page:
        page.goto(one)
        for what, day in (
            ("Esito comunicato all'interessato", "17/04/2026"),
            ("Intervento attivato", "20/04/2026"),
            ("Rinnovo chiesto", "29/04/2026"),
            ("Pagamenti conclusi", "30/04/2026"),
            ("Intervento concluso", "02/05/2026"),
            ("Esito finale registrato", "04/05/2026"),
        ):
            _happens(page, what, day)
        expect(page.locator(".testa .segno")).to_have_text("Chiusa")
