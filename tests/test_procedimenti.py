"""Procedimenti through the pages: what is done is written, what is not is said in its place; money, plan."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from fastapi.testclient import TestClient
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from api.app import make_app
from api.desk.decisions import ABOUT
from api.desk.funds import Fund, fund
from api.desk.install import worker
from api.desk.procedimenti import CLOSED, GRANTED, REFUSED, UNDER_WAY, WAITING, Procedimento
from api.procedure.steps import DURABLE_RULES
from api.store.contract import Conflict, Event, Put
from engine.messages import SENTENCES
from tests.memory_store import MemoryStore
from tests.office import HTTPS, RULES
from tests.proceeding import FINE, ONE_GROUND, SERVIZIO, TWO_GROUNDS, Proceeding, day, plain, said
from tests.source import ROOT

BEGIN = date(2026, 3, 2)


@pytest.fixture
def desk() -> Proceeding:
    """Return an office on the second of March."""
    return Proceeding()


def proposed(desk: Proceeding, found: Procedimento, what: str = "accogliere", **more: str) -> Procedimento:
    """Propose."""
    return desk.done(found, "decisioni", azione="proposta", modulo="modulo-proposta", proposta=what, **more)


def measure(desk: Proceeding, what: str = "accogliere", **more: str) -> dict[str, str]:
    """Return the form of a decision."""
    typed = {"azione": "decisione", "modulo": "modulo-decisione", "decisione": what, "numero": "7/2026"}
    return {**typed, "giorno_provvedimento": day(desk.today), "firma": "Il dirigente", **more}


def granted(desk: Proceeding, found: Procedimento, **more: str) -> Procedimento:
    """Propose and grant."""
    return desk.done(proposed(desk, found), "decisioni", **measure(desk, **more))


def closed(desk: Proceeding, found: Procedimento) -> Procedimento:
    """Write the closing outcome."""
    return desk.done(found, "eventi", evento="esito_finale_registrato", giorno_evento=day(desk.today))


# From the notice to the decision


def test_a_refusal_from_the_notice_to_the_measure(desk: Proceeding) -> None:
    found = desk.asked(ONE_GROUND)
    found = desk.done(found, "decisioni", azione="preavviso", giorno_preavviso="02/03/2026")
    found = desk.done(found, "eventi", evento="preavviso_ricevuto", giorno_evento="02/03/2026", by="operatore")
    desk.on(date(2026, 3, 9))
    found = desk.done(
        found, "osservazioni", osservazione="L'ISEE è cambiato", giorno_osservazione="09/03/2026", by="operatore"
    )
    refused = desk.send(found, "decisioni", azione="proposta", modulo="modulo-proposta", proposta="respingere")
    assert said(refused) == "Prima di respingere bisogna rispondere a ogni osservazione, una per una."
    found = desk.done(found, "decisioni", azione="risposta:0", **{"accolta.0": "no", "risposta.0": "Non risulta"})
    found = desk.done(proposed(desk, found, "respingere"), "decisioni", **measure(desk, "respingere"))
    assert found.stato == REFUSED
    words = plain(desk.read(desk.home(found)))
    assert "Provvedimento n. 7/2026 del 09/03/2026, firmato da Il dirigente." in words
    assert "Non accolta. Non risulta (Persona responsabile)" in words
    assert "Concluso in tempo" in words
    told = [one.event for one in desk.store.events(about=found.pratica) if one.event.action.startswith("procedimento.")]
    assert [(one.action.removeprefix("procedimento."), one.detail.get("evento", "")) for one in told] == [
        ("aperto", ""),
        ("preavviso", "preavviso_comunicato"),
        ("evento", "preavviso_ricevuto"),
        ("osservazioni", "osservazioni_ricevute"),
        ("risposta", ""),
        ("proposta", "proposta_trasmessa"),
        ("deciso", "provvedimento_adottato"),
    ]


#: What is sent, the form it belongs to, what is said, and the control that is marked.
WRONG = [
    ("eventi", {"evento": "x", "giorno_evento": "02/03/2026"}, "modulo-eventi", "no_event", "evento"),
    ("eventi", {"evento": "ricevuta_rilasciata", "giorno_evento": ""}, "modulo-eventi", "unreadable", "giorno_evento"),
    (
        "eventi",
        {"evento": "ricevuta_rilasciata", "giorno_evento": "31/02/2026", "nota": "a mano"},
        "modulo-eventi",
        "unreadable",
        "giorno_evento",
    ),
    (
        "eventi",
        {"evento": "ricevuta_rilasciata", "giorno_evento": "03/03/2026"},
        "modulo-eventi",
        "ahead",
        "giorno_evento",
    ),
    ("controlli", {"controllo": " ", "difforme": "sì"}, "modulo-controlli", "no_text", "controllo"),
    ("decisioni", {"azione": "proposta", "motivazione": "perché no"}, "modulo-proposta", "no_choice", "prop-si"),
    (
        "decisioni",
        {"azione": "proposta", "proposta": "respingere"},
        "modulo-proposta",
        "no_departure_reasons",
        "motivazione",
    ),
    (
        "decisioni",
        {"azione": "preavviso", "giorno_preavviso": "02/03/2026", "motivo_scritto": "Manca il posto"},
        "modulo-preavviso",
        "ground_incomplete",
        "motivo_scritto",
    ),
]


@pytest.mark.parametrize(("where", "typed", "form", "code", "control"), WRONG)
def test_what_is_wrong_is_said_beside_its_form_and_nothing_typed_is_lost(
    where: str, typed: dict[str, str], form: str, code: str, control: str
) -> None:
    desk = Proceeding()
    found = desk.asked()
    response = desk.send(found, where, modulo=form, **typed)
    assert response.status_code == 422
    assert re.search(
        rf'<div class="errori" tabindex="-1" autofocus id="{form}-errore"><div role="alert">', response.text
    )
    assert "<title>Errore: " in response.text
    marked = next(
        tag for tag in re.findall("<(?:input|textarea|select)[^>]*>", response.text) if f'id="{control}"' in tag
    )
    assert 'aria-invalid="true"' in marked
    assert f"{form}-errore" in marked
    for value in typed.values():
        assert value.strip() in response.text
    assert desk.now(found) == found
    assert code in ABOUT or code == "unreadable"


def test_two_people_on_the_same_procedimento(desk: Proceeding) -> None:
    found = desk.asked()
    desk.done(found, "controlli", controllo="Anagrafe vista", by="operatore")
    response = desk.send(found, "controlli", revisione="1", controllo="Altro controllo", modulo="modulo-controlli")
    assert said(response).startswith("Mentre lavoravi un'altra persona ha scritto su questa domanda.")
    assert "Altro controllo" in response.text
    assert len(desk.now(found).data["controlli"]) == 1


@pytest.mark.parametrize("revision", ["", "x", "²", "99999999999"])
def test_a_revision_that_is_none_is_refused(desk: Proceeding, revision: str) -> None:
    assert desk.send(desk.asked(), "controlli", revisione=revision, controllo="x").status_code == 400


@pytest.mark.parametrize("number", ["", "x", "9", "²", "-1", "9999999"])
def test_an_observation_that_is_not_there(desk: Proceeding, number: str) -> None:
    response = desk.send(desk.asked(), "decisioni", azione=f"risposta:{number}")
    assert said(response) == "Questa osservazione non c'è."


def test_who_may_not_decide_does_not(desk: Proceeding) -> None:
    found = desk.asked()
    for by in ("operatore", "assistente"):
        assert desk.send(found, "decisioni", by, azione="proposta", proposta="accogliere").status_code == 403
        assert desk.send(found, "pagamenti", by, importo_pagato="1").status_code == 403
    elsewhere = desk.send(found, "eventi", "responsabile", "circoscrizione_2", evento="ricevuta_rilasciata")
    assert elsewhere.status_code == 403
    assert desk.now(found) == found


def test_a_false_declaration_is_told_and_excludes_nobody(desk: Proceeding) -> None:
    found = desk.done(desk.asked(), "controlli", controllo="La residenza è un'altra", difforme="sì")
    words = plain(desk.read(desk.home(found)))
    assert "Una dichiarazione non vera non esclude da sé" in words
    assert granted(desk, found).stato == GRANTED


# The same family asks again


def test_a_correction_goes_on_and_a_new_domanda_opens_another(desk: Proceeding) -> None:
    first = desk.asked()
    corrected = desk.corrected(first, comune_residenza="Ustica")
    assert (corrected.id, corrected.number, corrected.data["presentazione"][-2:]) == (first.id, 1, ".2")
    done = granted(desk, corrected)
    desk.on(date(2026, 9, 1))
    second = desk.submitted(first.pratica)
    assert (second.key, second.number, second.stato) == (f"{SERVIZIO}.2", 2, UNDER_WAY)
    assert second.received == date(2026, 9, 1)
    assert desk.now(done) == done
    assert desk.procedimenti.standing(desk.now(done)).presentazione.id.endswith(".2")
    words = plain(desk.read(desk.home(second)))
    assert f"{desk.procedimenti.standing(second).presentazione.document['titolo']}, domanda 2" in words
    assert "Le altre domande della famiglia per questo intervento: quella del 02/03/2026 (accolta)" in words
    rows = {one.id: one.index["stato"] for one in desk.records("termine")}
    assert rows == {f"{first.id}.conclusione": ["concluso"], f"{second.id}.conclusione": ["aperto"]}
    desk.done(second, "eventi", evento="ricevuta_rilasciata", giorno_evento="01/09/2026")
    assert desk.now(done) == done
    third = desk.submitted(closed(desk, granted(desk, desk.now(second))).pratica)
    assert third.number == 3


def test_no_such_procedimento(desk: Proceeding) -> None:
    found = desk.asked()
    for key in ("tirocinio.2", "coabitazione", "tirocinio.x"):
        for page in ("", "/piano", "/lettere/ricevuta"):
            assert desk.browser().open(f"/pratiche/{found.pratica}/procedimenti/{key}{page}").status_code == 404


def test_a_closed_procedimento_takes_nothing_more(desk: Proceeding) -> None:
    found = closed(desk, granted(desk, desk.asked()))
    assert found.stato == CLOSED
    response = desk.send(found, "eventi", evento="rinnovo_chiesto", giorno_evento="02/03/2026", modulo="modulo-eventi")
    assert said(response).startswith("Questo procedimento è chiuso")
    assert "<summary>Scrivi che è successo qualcosa</summary>" not in desk.read(desk.home(found))


# Money


def admit(desk: Proceeding, amount: str) -> None:
    """Write how much an intervention has."""
    browser = desk.browser("cabina")
    response = browser.send("/fondi", servizio=SERVIZIO, ammesso=amount)
    assert response.status_code == 303, said(response)


def test_without_money_a_domanda_waits_its_turn(desk: Proceeding) -> None:
    admit(desk, "3.000 €")
    first, second, third = (desk.asked(day=BEGIN - timedelta(n)) for n in (3, 2, 1))
    assert granted(desk, first, importo="2.500").stato == GRANTED
    second = granted(desk, second, importo="1.000")
    assert second.stato == WAITING
    third = granted(desk, third, importo="100")
    assert third.stato == WAITING, "the money would be enough, but somebody asked before"
    words = plain(desk.read("/agenda"))
    assert words.index(second.pratica) < words.index(third.pratica)
    admit(desk, "4.000 €")
    third = desk.done(third, "decisioni", **measure(desk, importo="100"))
    assert third.stato == WAITING
    second = desk.done(second, "decisioni", **measure(desk, importo="1.000"))
    assert second.stato == GRANTED
    third = desk.done(third, "decisioni", **measure(desk, importo="100"))
    assert third.stato == GRANTED
    money = fund(desk.store, SERVIZIO)
    assert money
    assert [str(one) for one in (money.admitted, money.bound, money.paid, money.free)] == ["4000", "3600", "0", "400"]
    assert "3.600,00 €" in desk.read("/fondi", "cabina")


def test_a_payment_is_of_what_was_bound(desk: Proceeding) -> None:
    admit(desk, "500")
    found = granted(desk, desk.asked(), importo="300,50")
    found = desk.done(found, "pagamenti", importo_pagato="200", giorno_pagamento="02/03/2026", nota_pagamento="marzo")
    over = desk.send(
        found, "pagamenti", modulo="modulo-pagamenti", importo_pagato="100,51", giorno_pagamento="02/03/2026"
    )
    assert said(over) == "È più di ciò che resta impegnato per questa domanda (100,50 €)."
    for amount in ("0", "-1", "100.50", "molto"):
        wrong = desk.send(found, "pagamenti", importo_pagato=amount, giorno_pagamento="02/03/2026")
        assert wrong.status_code == 422
    found = desk.done(found, "pagamenti", importo_pagato="100,50 €", giorno_pagamento="02/03/2026")
    money = fund(desk.store, SERVIZIO)
    assert money
    assert (money.bound, money.paid) == (Decimal("300.5"), Decimal("300.5"))
    assert "Impegnati 300,50 €, pagati 300,50 €." in plain(desk.read(desk.home(found)))


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({"servizio": "niente", "ammesso": "1"}, "Scegli uno degli interventi dell'elenco."),
        ({"servizio": SERVIZIO, "ammesso": "249,99"}, "È meno di ciò che è già impegnato (250,00 €)."),
        ({"servizio": SERVIZIO, "ammesso": "12.5"}, "12.5"),
    ],
)
def test_what_a_fund_cannot_be(desk: Proceeding, typed: dict[str, str], code: str) -> None:
    admit(desk, "300")
    granted(desk, desk.asked(), importo="250")
    response = desk.browser("cabina").send("/fondi", **typed)
    assert response.status_code == 422
    assert code in said(response)
    with pytest.raises(ValueError, match="Fund"):
        Fund(SERVIZIO, Decimal(1), Decimal(2))
    with pytest.raises(ValueError, match="Fund"):
        Fund(SERVIZIO, Decimal(3), Decimal(1), Decimal(2))


def test_money_bound_twice_at_the_same_moment_is_bound_once(desk: Proceeding) -> None:
    admit(desk, "1.000")
    money = fund(desk.store, SERVIZIO)
    assert money
    desk.store.commit([money.binding(Decimal(800)).put()])
    with pytest.raises(Conflict):
        desk.store.commit([money.binding(Decimal(800)).put()])


class Late(MemoryStore):
    """A store in which somebody else does something just before a commit of ours."""

    def __init__(self) -> None:
        super().__init__()
        self.before: list[Callable[[], object]] = []

    def commit(self, puts: Sequence[Put], events: Sequence[Event] = ()) -> None:
        """Let the other go first, once."""
        while puts and self.before:
            self.before.pop()()
        super().commit(puts, events)


def test_nobody_overtakes_who_begins_to_wait_in_that_moment() -> None:
    """The first has asked before, and is put in line while the money of the second is being bound."""
    store = Late()
    desk = Proceeding(store)
    admit(desk, "1.000")
    first, second = desk.asked(day=BEGIN - timedelta(2)), desk.asked(day=BEGIN - timedelta(1))
    first, second = proposed(desk, first), proposed(desk, second)
    page = measure(desk, importo="900")
    store.before = [lambda: desk.done(first, "decisioni", **measure(desk, importo="2.000"))]
    response = desk.send(second, "decisioni", **page)
    assert said(response).startswith("Mentre lavoravi")
    assert desk.now(first).stato == WAITING
    assert desk.done(second, "decisioni", **page).stato == WAITING


class Money(RuleBasedStateMachine):
    """Families of one fund, in any order: decided, paid, more money, two at the same moment."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Proceeding()
        self.asked: list[Procedimento] = []
        self.now_ = 0

    @rule()
    def ask(self) -> None:
        """A family asks, after all the others."""
        if len(self.asked) < 5:
            self.now_ += 1
            self.asked.append(proposed(self.desk, self.desk.asked(day=BEGIN - timedelta(30 - self.now_))))

    @rule(amount=st.integers(0, 12))
    def admit(self, amount: int) -> None:
        """Money is admitted, or taken away if it is free."""
        self.desk.browser("cabina").send("/fondi", servizio=SERVIZIO, ammesso=str(amount * 100))

    @rule(who=st.integers(0, 4), amount=st.integers(1, 6))
    def decide(self, who: int, amount: int) -> None:
        """Somebody grants a domanda."""
        if who < len(self.asked):
            before, was = self._waiting(), self.desk.now(self.asked[who]).stato
            typed = measure(self.desk, importo=str(amount * 100))
            self.desk.send(self.asked[who], "decisioni", **typed)
            after = self.desk.now(self.asked[who])
            if was != after.stato == GRANTED and "fondo" in after.data:
                assert all(other.order >= after.order for other in before), "somebody was overtaken"

    @rule(who=st.integers(0, 4), amount=st.integers(1, 6))
    def pay(self, who: int, amount: int) -> None:
        """Somebody pays."""
        if who < len(self.asked):
            typed = {"importo_pagato": str(amount * 70), "giorno_pagamento": day(self.desk.today)}
            self.desk.send(self.asked[who], "pagamenti", **typed)

    @invariant()
    def admitted_bound_paid(self) -> None:
        """What was admitted is not less than what is bound, nor that than what is paid; and it is all of somebody."""
        money = fund(self.desk.store, SERVIZIO)
        if money is None:
            return
        mine = [self.desk.now(one).data.get("fondo") for one in self.asked]
        assert money.bound == sum(Decimal(one["importo"]) for one in mine if one)
        assert money.paid == sum(Decimal(one["pagato"]) for one in mine if one)
        assert money.admitted >= money.bound >= money.paid >= 0

    def _waiting(self) -> list[Procedimento]:
        return [one for one in map(self.desk.now, self.asked) if one.stato == WAITING]


TestMoney = Money.TestCase
# A failure is shown as it is found: to shorten it takes minutes.
TestMoney.settings = settings(
    max_examples=5, stateful_step_count=15, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate)
)


# The plan

PLAN = {
    "inizio": "01/04/2026",
    "fine": "31/03/2027",
    "area.personale": "Vive con due figli",
    "area.economica": "ISEE basso",
    "area.lavorativa": "Cerca lavoro",
    "area.formativa": "Licenza media",
    "area.abitativa": "Sfratto in corso",
    "area.reti": "Una sorella in città",
    "obiettivo.0": "Trovare una casa",
    "area_obiettivo.0": "abitativa",
    "intervento.0": "Contributo per l'affitto",
    "chi_realizza.0": "Lo sportello",
    "scadenza.0": "30/06/2026",
    "risultato.0": "Un contratto firmato",
    "impegno.0": "Cercare ogni settimana",
    "chi_si_impegna.0": "La persona",
    "giorno_monitoraggio.0": "30 giugnio",
    "monitoraggio.0": "Se il contratto c'è",
}


def test_a_plan_is_kept_as_it_is_typed_with_every_version(desk: Proceeding) -> None:
    found = desk.done(desk.asked(), "piano", "assistente", **PLAN)
    page = desk.read(f"{desk.home(found)}/piano", "assistente")
    for value in PLAN.values():
        assert value in page
    assert "30 giugnio" in page
    assert 'id="giorno_monitoraggio-0-errore"' in page
    marked = next(tag for tag in re.findall("<input[^>]*>", page) if 'id="giorno_monitoraggio-0"' in tag)
    assert 'aria-invalid="true"' in marked
    found = desk.done(found, "piano", **{**PLAN, "giorno_monitoraggio.0": "30/06/2026", "rinnovo": "sì"})
    found = desk.done(found, "piano", **{**PLAN, "giorno_monitoraggio.0": "30/06/2026", "chiusura": "Casa trovata"})
    page = plain(desk.read(f"{desk.home(found)}/piano"))
    assert "Versione 3 , Persona responsabile" in page or "Versione 3, Persona responsabile" in page
    assert "Versione 1 , Persona assistente" in page or "Versione 1, Persona assistente" in page
    first = desk.read(f"{desk.home(found)}/piano?versione=1")
    assert "30 giugnio" in first
    assert "Casa trovata" not in first
    assert '<button class="bottone" name="azione" value="salva">' not in first
    assert desk.browser().open(f"{desk.home(found)}/piano?versione=4").status_code == 404
    assert [one.event.action for one in desk.store.events(about=found.pratica)].count("procedimento.piano") == 3
    assert "Casa trovata" not in str(desk.records("piano")), "versions are sealed"


def test_a_plan_that_did_not_change_is_not_a_version(desk: Proceeding) -> None:
    found = desk.done(desk.asked(), "piano", **PLAN)
    assert desk.done(found, "piano", **PLAN) == found
    assert len(desk.records("piano")) == 1


def test_two_people_on_the_same_plan(desk: Proceeding) -> None:
    found = desk.done(desk.asked(), "piano", "assistente", **PLAN)
    response = desk.send(found, "piano", revisione="1", **{"area.reti": "Un'altra rete"})
    assert said(response).startswith("Mentre lavoravi")
    assert "Un'altra rete" in plain(response.text) or "Un&#39;altra rete" in response.text
    assert desk.now(found) == found


def test_who_may_not_write_a_plan(desk: Proceeding) -> None:
    found = desk.asked()
    assert desk.send(found, "piano", "operatore", **PLAN).status_code == 403
    page = desk.read(f"{desk.home(found)}/piano", "operatore")
    assert 'value="salva"' not in page
    assert "readonly" in page


def test_a_plan_of_a_closed_procedimento_is_only_read(desk: Proceeding) -> None:
    found = closed(desk, granted(desk, desk.asked()))
    response = desk.send(found, "piano", **PLAN)
    assert said(response).startswith("Questo procedimento è chiuso")


def test_many_goals_and_rows_left_empty(desk: Proceeding) -> None:
    typed = {f"obiettivo.{n}": f"Obiettivo numero {n}" for n in (0, 2, 7, 8)}
    found = desk.done(desk.asked(), "piano", rinnovo="forse", **typed)
    plan = found.data["piano"]
    assert [one["obiettivo"] for one in plan["obiettivi"]] == [f"Obiettivo numero {n}" for n in (0, 2, 7)]
    assert plan["rinnovo"] == ""


# Another desk, another procedura


def test_a_transfer_moves_the_procedimento_and_its_deadlines(desk: Proceeding) -> None:
    found = desk.asked()
    browser = desk.browser()
    moved = browser.send(
        f"/pratiche/{found.pratica}/trasferisci",
        revisione="2",
        sportello="circoscrizione_2",
        ragione="Ha cambiato casa",
    )
    assert moved.status_code == 303
    (row,) = desk.records("termine")
    assert row.index["sportello"] == ["circoscrizione_2"]
    assert row.index["elenco"] == ["aperto", "aperto circoscrizione_2"]
    assert found.pratica not in desk.read("/agenda")
    assert found.pratica in desk.read("/agenda", "operatore", "circoscrizione_2")
    assert desk.browser().open(desk.home(found)).status_code == 403


def test_a_service_without_a_procedura(desk: Proceeding) -> None:
    book = desk.rules.rulebook
    none = replace(desk.procedimenti, procedura=lambda _: None)
    standing = none.standing(desk.asked(TWO_GROUNDS))
    assert book.procedure
    assert (standing.procedura, standing.effects, standing.deadlines, standing.competitive) == (None, None, (), False)


def test_the_time_says_why(desk: Proceeding) -> None:
    found = desk.asked(FINE)
    desk.on(date(2026, 3, 5))
    found = desk.done(found, "eventi", evento="integrazione_chiesta", giorno_evento="05/03/2026")
    words = plain(desk.read(desk.home(found)))
    assert "Conclusione del procedimento Sospeso" in words
    assert "Sospeso dal 05/03/2026 («integrazione», L. 241/1990 art. 2 c. 7)" in words
    assert "Ultimo giorno utile: fra il" in words
    assert "— da confermare" in words
    assert f"/pratiche/{found.pratica}/procedimenti/{SERVIZIO}/lettere/ricevuta" in desk.read(desk.home(found))


# Who works out what follows


def test_the_worker_answers_says_so_and_ends_with_the_server(desk: Proceeding) -> None:
    found = desk.asked()
    with TestClient(desk.office.app, base_url=HTTPS) as client:
        assert "Ricevuta" in desk.read(desk.home(found))
        assert client.get("/status").json()["procedure"] == worker().engine == DURABLE_RULES
        pid = worker().pid
        assert pid
    assert worker().pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert "Ricevuta" in desk.read(desk.home(found)), "the next question starts another"
    worker().close()


def test_an_application_without_files_has_no_procedure() -> None:
    assert TestClient(make_app(RULES, lambda: BEGIN), base_url=HTTPS).get("/status").json()["procedure"] is None


def test_what_was_done_is_told_in_words_to_who_asks_who_has_read() -> None:
    """Every sentence about a procedimento is that of something done above, and everything done has one."""
    done = {"aperto", "corretto", "trasferito", "evento", "preavviso", "osservazioni", "risposta", "proposta", "deciso"}
    done |= {"in_attesa", "pagato", "controllo", "piano", "lettera"}
    code = "".join(path.read_text("utf-8") for path in (ROOT / "api" / "desk").glob("*.py"))
    assert {name for name in done if f'"{name}"' not in code} == set()
    start = "eventi.procedimento_"
    assert {name.removeprefix(start) for name in SENTENCES if name.startswith(start)} == done
