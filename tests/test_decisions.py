"""People decide: what the law does not allow is refused with its sentence, however it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.desk import decisions
from api.desk.decisions import GRANT, REFUSE, Ground, Hand, Measure, Refused
from api.desk.presentazioni import Presentazione
from api.desk.procedimenti import CLOSED, GRANTED, REFUSED, WAITING, Procedimento, Standing, states
from api.identity.person import Person
from engine.clock import Happening
from engine.happened import Happened
from engine.messages import SENTENCES
from engine.progress import progress
from tests.office import RULES
from tests.proceeding import Proceeding

RITA = Person("rita", "Rita Inventata", "responsabile", "circoscrizione_1")
BEGIN = date(2026, 3, 2)
PROCEDURA = RULES.rulebook.procedure["tirocinio"]
COMPETITIVE = replace(PROCEDURA, competitive=True)
CODES = {name.removeprefix("decidere.") for name in SENTENCES if name.startswith("decidere.")}


def requisito(name: str, valore: str, *, judged: bool = False, motivated: bool = True) -> dict[str, object]:
    """Return a requisito as the rules give it."""
    datum = {
        "domanda": f"{name}?",
        "valore": "sì",
        "prova": "giudizio professionale" if judged else "autocertificazione",
    }
    data = [{**datum, "motivazione": "colloquio"} if motivated else datum]
    shown = {"titolo": name.capitalize(), "motivo": f"{name} {valore}", "fonte": "Reg. art. 1", "stato": "confermato"}
    return {"id": name, "valore": valore, **shown, "dati": data}


def advice(esito: str, *requisiti: dict[str, object]) -> dict[str, object]:
    """Return what the rules say."""
    complete = all(one["valore"] != "ignoto" for one in requisiti)
    return {"esito": esito, "istruttoria_completa": complete, "requisiti": [*requisiti]}


HOME, WORK = requisito("casa", "falso"), requisito("lavoro", "falso")
ADVICE = {
    "fine": advice("ammissibile", requisito("casa", "vero")),
    "no home": advice("motivi_ostativi", HOME, requisito("lavoro", "vero")),
    "no home nor work": advice("motivi_ostativi", HOME, WORK),
    "work not known": advice("motivi_ostativi", HOME, requisito("lavoro", "ignoto")),
    "nothing known": advice("da_integrare", requisito("casa", "ignoto")),
    "judged without reasons": advice("motivi_ostativi", requisito("casa", "falso", judged=True, motivated=False)),
    "judged": advice("motivi_ostativi", requisito("casa", "falso", judged=True)),
}


class Desk:
    """One procedimento in the hands of a responsabile: each act returns the same desk, some days may go by."""

    def __init__(self, said: str = "fine", *, competitive: bool = False) -> None:
        self.today, self.said = BEGIN, said
        self.procedura = COMPETITIVE if competitive else PROCEDURA
        event = {"evento": "domanda_ricevuta", "giorno": BEGIN.isoformat(), "chi": "rita", "quando": "", "nota": ""}
        data = {"presentazione": "p.t.1", "ricevuta": BEGIN.isoformat(), "eventi": [event]}
        self.found = Procedimento("p.t", "p", "t", 1, "", data)

    @property
    def standing(self) -> Standing:
        """Where it stands today."""
        said = ADVICE[self.said]
        events = tuple(Happening(date.fromisoformat(e["giorno"]), e["evento"]) for e in self.found.events)
        happened = Happened(events, states(self.found, said))
        where = progress(self.procedura, happened, self.today, frozenset())
        return Standing(self.found, Presentazione("p.t.1", "p", {"valutazione": said}), where)

    @property
    def hand(self) -> Hand:
        """Who acts."""
        return Hand(RITA, self.today, "2026-03-02T09:00:00Z")

    def wait(self, days: int) -> Desk:
        """Let days go by."""
        self.today += timedelta(days=days)
        return self

    def changed(self, said: str) -> Desk:
        """Correct the domanda: the rules say something else."""
        self.said, self.found = said, self.found.with_(presentazione=self.found.data["presentazione"] + "1")
        return self

    def notice(self, day: date | None = None, ground: Ground | None = None) -> Desk:
        """Tell the grounds."""
        self.found = decisions.give_notice(self.standing, day or self.today, self.hand, ground)
        return self

    def event(self, evento: str, day: date | None = None) -> Desk:
        """Write that something happened."""
        self.found = decisions.happened(self.standing, evento, day or self.today, "", self.hand)
        return self

    def received(self) -> Desk:
        """The family has received the notice."""
        return self.event("preavviso_ricevuto")

    def observed(self, text: str = "Ho cambiato casa", day: date | None = None) -> Desk:
        """The family answers."""
        self.found = decisions.observe(self.standing, text, day or self.today, self.hand)
        return self

    def answered(self, number: int = 0, text: str = "Non risulta", *, accepted: bool | None = False) -> Desk:
        """Answer an observation."""
        self.found = decisions.answer(self.standing, number, accepted, text, self.hand)
        return self

    def proposed(self, what: str = GRANT, reasons: str = "") -> Desk:
        """Propose."""
        self.found = decisions.propose(self.standing, what, reasons, self.hand)
        return self

    def decided(
        self, what: str = GRANT, reasons: str = "", *, day: date | None = None, number: str = "12", funded: bool = True
    ) -> Desk:
        """Decide."""
        measure = Measure(what, number, day or self.today, "Il dirigente", reasons)
        self.found = decisions.decide(self.standing, measure, self.hand, funded=funded)
        return self

    def checked(self, text: str = "L'ISEE è un altro") -> Desk:
        """Write that what was declared is not so."""
        self.found = decisions.checked(self.standing, text, self.hand, differs=True)
        return self

    def bound(self, amount: str = "100") -> Desk:
        """Bind some money."""
        self.found = self.found.with_(fondo={"importo": amount, "pagato": "0"})
        return self

    def paid(self, amount: str) -> Desk:
        """Pay."""
        self.found = decisions.pay(self.standing, Decimal(amount), self.today, "", self.hand)
        return self


def refusable(said: str = "no home") -> Desk:
    """Return a domanda whose notice was given and received."""
    return Desk(said).notice().received()


GROUND = Ground("Il posto è già di un altro", "Reg. art. 9", "Contratto del 3 marzo")
#: What is asked, and the code of the refusal; nothing when it is done.
CASES: dict[str, tuple[Callable[[], Desk], str]] = {
    # The notice of art. 10-bis
    "grounds are told when all is known": (lambda: Desk("no home").notice(), ""),
    "not while an applicable requisito is unknown": (lambda: Desk("work not known").notice(), "inquiry_open"),
    "nor a person's ground while a requisito is unknown": (
        lambda: Desk("nothing known").notice(ground=GROUND),
        "inquiry_open",
    ),
    "not without grounds": (lambda: Desk("fine").notice(), "no_grounds"),
    "being late is no ground": (lambda: Desk("fine").wait(300).notice(), "no_grounds"),
    "a ground that a person has found": (lambda: Desk("fine").notice(ground=GROUND), ""),
    "a ground without its norm": (lambda: Desk("fine").notice(ground=replace(GROUND, fonte="")), "ground_incomplete"),
    "an empty ground is none": (lambda: Desk("fine").notice(ground=Ground()), "no_grounds"),
    "not in a procedura concorsuale": (lambda: Desk("no home", competitive=True).notice(), "competitive"),
    "not on a judgement without its reasons": (
        lambda: Desk("judged without reasons").notice(),
        "judgement_without_reasons",
    ),
    "not ahead of time": (lambda: Desk("no home").notice(BEGIN + timedelta(1)), "ahead"),
    "not before the domanda": (lambda: Desk("no home").notice(BEGIN - timedelta(1)), "before_received"),
    "not once decided": (
        lambda: Desk("no home").proposed(GRANT, "c'è un minore").decided().notice(),
        "already_decided",
    ),
    # What the family answers
    "an observation": (lambda: refusable().observed(), ""),
    "not without a notice": (lambda: Desk("no home").observed(), "no_notice_sent"),
    "not without words": (lambda: refusable().observed(" "), "no_text"),
    "not before the notice": (lambda: Desk("no home").wait(5).notice().observed("No", BEGIN), "before_notice"),
    "received before it was sent": (
        lambda: Desk("no home").wait(5).notice().event("preavviso_ricevuto", BEGIN),
        "before_notice",
    ),
    "received without being sent": (lambda: Desk("no home").received(), "no_notice_sent"),
    "an answer": (lambda: refusable().observed().answered(), ""),
    "an answer to nothing": (lambda: refusable().answered(), "no_observation"),
    "an answer without words": (lambda: refusable().observed().answered(text=" "), "no_answer"),
    "an answer that does not say whether": (lambda: refusable().observed().answered(accepted=None), "no_acceptance"),
    "an answer twice": (lambda: refusable().observed().answered().answered(), "already_answered"),
    # The proposal
    "as the rules advise": (lambda: Desk().proposed(), ""),
    "otherwise, with reasons": (lambda: Desk("no home").proposed(GRANT, "c'è un minore"), ""),
    "otherwise, without": (lambda: Desk("no home").proposed(GRANT, " "), "no_departure_reasons"),
    "while the rules do not say": (lambda: Desk("nothing known").proposed(), "no_departure_reasons"),
    "neither one nor the other": (lambda: Desk().proposed("forse"), "no_choice"),
    "on a judgement without its reasons": (
        lambda: Desk("judged without reasons").proposed(GRANT, "sì"),
        "judgement_without_reasons",
    ),
    "on a judgement with them": (lambda: Desk("judged").proposed(GRANT, "c'è un minore"), ""),
    # A refusal
    "without a notice": (lambda: Desk("no home").proposed(REFUSE), "refusal_without_notice"),
    "without a notice, being late": (lambda: Desk("no home").wait(90).proposed(REFUSE), "refusal_without_notice"),
    "while the family may answer": (lambda: refusable().wait(10).proposed(REFUSE), "window_open"),
    "the day after": (lambda: refusable().wait(11).proposed(REFUSE), ""),
    "when nobody knows whether the notice was received": (
        lambda: Desk("no home").notice().wait(90).proposed(REFUSE),
        "window_open",
    ),
    "with an observation to answer": (
        lambda: refusable().observed().wait(30).proposed(REFUSE),
        "observations_unanswered",
    ),
    "with one of two to answer": (
        lambda: refusable().observed().observed().answered(1).proposed(REFUSE),
        "observations_unanswered",
    ),
    "with all answered": (lambda: refusable().observed().observed().answered(1).answered(0).proposed(REFUSE), ""),
    "in a procedura concorsuale": (lambda: Desk("no home", competitive=True).proposed(REFUSE), ""),
    "on a ground that nobody has told": (
        lambda: refusable().changed("no home nor work").wait(11).proposed(REFUSE),
        "new_grounds",
    ),
    "on a ground born from observations, not saying how": (
        lambda: refusable().observed().answered().changed("no home nor work").proposed(REFUSE),
        "new_grounds_unexplained",
    ),
    "on a ground born from observations": (
        lambda: (
            refusable().observed().answered().changed("no home nor work").proposed(REFUSE, "Ha detto che non lavora")
        ),
        "",
    ),
    "told again, at once": (
        lambda: refusable().changed("no home nor work").wait(11).notice().proposed(REFUSE),
        "window_open",
    ),
    "told again, with an old answer": (
        lambda: (
            refusable().observed().answered().changed("no home nor work").wait(11).notice().received().proposed(REFUSE)
        ),
        "window_open",
    ),
    "told again, after its window": (
        lambda: refusable().changed("no home nor work").wait(11).notice().received().wait(11).proposed(REFUSE),
        "",
    ),
    "for the ground of a person": (
        lambda: Desk().notice(ground=GROUND).received().wait(11).proposed(REFUSE, "Art. 9"),
        "",
    ),
    "for the ground of a person, without reasons": (
        lambda: Desk().notice(ground=GROUND).received().wait(11).proposed(REFUSE),
        "no_departure_reasons",
    ),
    # The decision
    "granted": (lambda: Desk().proposed().decided(), ""),
    "without a proposal": (lambda: Desk().decided(), "no_proposal"),
    "otherwise than proposed, with reasons": (lambda: Desk("no home").proposed(GRANT, "x").decided(GRANT), ""),
    "refused after a proposal to grant, without reasons": (
        lambda: refusable().wait(11).proposed(GRANT, "x").decided(REFUSE),
        "no_departure_from_proposal",
    ),
    "refused after a proposal to grant": (
        lambda: refusable().wait(11).proposed(GRANT, "x").decided(REFUSE, "La casa non c'è"),
        "",
    ),
    "refused after a proposal to grant, without a notice": (
        lambda: Desk("no home").proposed(GRANT, "x").decided(REFUSE, "y"),
        "refusal_without_notice",
    ),
    "refused with the date of a day when it was not possible": (
        lambda: refusable().wait(11).proposed(REFUSE).decided(REFUSE, day=BEGIN + timedelta(5)),
        "window_open",
    ),
    "refused with a date before the answer of the family": (
        lambda: refusable().wait(3).observed().answered().proposed(REFUSE).decided(REFUSE, day=BEGIN),
        "too_early",
    ),
    "on a domanda corrected after the proposal": (
        lambda: Desk().proposed().changed("no home").decided(),
        "proposal_outdated",
    ),
    "proposed again": (lambda: Desk().proposed().changed("fine").proposed().decided(), ""),
    "without its number": (lambda: Desk().proposed().decided(number=" "), "no_number"),
    "neither": (lambda: Desk().proposed().decided("forse"), "no_choice"),
    "twice": (lambda: Desk().proposed().decided().decided(), "already_decided"),
    "proposed once decided": (lambda: Desk().proposed().decided().proposed(), "already_decided"),
    "waiting for money needs no number": (lambda: Desk().proposed().decided(funded=False, number=""), ""),
    "granted later, when money comes": (lambda: Desk().proposed().decided(funded=False).wait(400).decided(), ""),
    "no money is no ground": (
        lambda: Desk().proposed().decided(funded=False).wait(400).proposed(REFUSE, "Fondi finiti"),
        "refusal_without_notice",
    ),
    # What happens
    "an event": (lambda: Desk().event("ricevuta_rilasciata"), ""),
    "an event of nobody": (lambda: Desk().event("sparito"), "no_event"),
    "the decision as an event": (lambda: Desk().event("provvedimento_adottato"), "no_event"),
    "the notice as an event": (lambda: Desk("no home").event("preavviso_comunicato"), "no_event"),
    "closed undecided": (lambda: Desk().event("esito_finale_registrato"), "closing_undecided"),
    "closed while it waits for money": (
        lambda: Desk().proposed().decided(funded=False).event("esito_finale_registrato"),
        "closing_undecided",
    ),
    "closed": (lambda: Desk().proposed().decided().event("esito_finale_registrato"), ""),
    "an event once closed": (
        lambda: Desk().proposed().decided().event("esito_finale_registrato").event("rinnovo_chiesto"),
        "closed",
    ),
    "a check once closed": (lambda: Desk().proposed().decided().event("esito_finale_registrato").checked(), ""),
    "a check without words": (lambda: Desk().checked(" "), "no_text"),
    # Payments
    "paid": (lambda: Desk().proposed().decided().bound().paid("60").paid("40"), ""),
    "paid more than bound": (lambda: Desk().proposed().decided().bound().paid("60").paid("40.01"), "more_than_bound"),
    "paid nothing": (lambda: Desk().proposed().decided().bound().paid("0"), "no_amount"),
    "paid before it is granted": (lambda: Desk().bound().paid("1"), "nothing_bound"),
    "paid without money bound": (lambda: Desk().proposed().decided().paid("1"), "nothing_bound"),
}
#: Codes that only the pages say; pinned in test_procedimenti.py and test_desk_letters.py.
OF_THE_PAGES = {
    "changed_meanwhile",
    "unreadable",
    "letter_before_act",
    "long_protocol",
    "less_than_bound",
    "no_servizio",
}


@pytest.mark.parametrize("name", CASES)
def test_what_the_law_allows(name: str) -> None:
    ask, code = CASES[name]
    if not code:
        ask()
        return
    with pytest.raises(Refused) as refused:
        ask()
    assert refused.value.code == code
    assert "{" not in refused.value.said


def test_every_sentence_of_a_refusal_is_said() -> None:
    assert {code for _, code in CASES.values() if code} | OF_THE_PAGES == CODES


SAID = {
    "not while an applicable requisito is unknown": """Prima di comunicare i motivi bisogna sapere tutto: non si sa
        ancora Lavoro. Dopo si potrebbero aggiungere solo motivi che nascono dalle osservazioni.""",
    "without a notice": """Una domanda non si può respingere senza aver prima comunicato i motivi che si oppongono (art.
        10-bis L. 241/1990).""",
    "on a ground that nobody has told": """La famiglia non ha potuto leggere questi motivi, e non ha presentato
        osservazioni da cui possano nascere: Lavoro. Vanno comunicati prima di respingere.""",
    "paid more than bound": "È più di ciò che resta impegnato per questa domanda (40,00 €).",
    "refused with a date before the answer of the family": """Il 02/03/2026 viene prima della fine del dialogo con la
        famiglia (il 05/03/2026): la data del provvedimento non può essere quella.""",
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_said(name: str) -> None:
    with pytest.raises(Refused) as refused:
        CASES[name][0]()
    assert refused.value.said == " ".join(SAID[name].split())


# What is written


def test_the_notice_keeps_the_grounds_of_that_day() -> None:
    desk = Desk("no home").notice(ground=GROUND).changed("no home nor work")
    assert [one["titolo"] for one in desk.found.data["motivi"]] == ["Casa", "Il posto è già di un altro"]


def test_a_proposal_that_takes_the_place_of_another_keeps_it() -> None:
    desk = Desk("no home").proposed(GRANT, "primo").proposed(GRANT, "secondo")
    assert desk.found.data["proposta"]["motivazione"] == "secondo"
    assert [one["motivazione"] for one in desk.found.data["proposte_prima"]] == ["primo"]
    assert desk.found.data["proposta"]["conforme"] is False


@pytest.mark.parametrize(
    ("desk", "stato"),
    [
        (lambda: Desk().proposed().decided(), GRANTED),
        (lambda: refusable().wait(11).proposed(REFUSE).decided(REFUSE), REFUSED),
        (lambda: Desk().proposed().decided(funded=False), WAITING),
        (lambda: Desk().proposed().decided().event("esito_finale_registrato"), CLOSED),
    ],
)
def test_where_it_ends(desk: Callable[[], Desk], stato: str) -> None:
    assert desk().found.stato == stato


# Nothing is decided by silence, by a false declaration, by the delay of the office

ACTS: tuple[Callable[[Desk], Desk], ...] = (
    lambda desk: desk.notice(),
    lambda desk: desk.received(),
    lambda desk: desk.observed(),
    lambda desk: desk.answered(),
    lambda desk: desk.proposed(),
    lambda desk: desk.proposed(REFUSE, "perché"),
    lambda desk: desk.decided(),
    lambda desk: desk.decided(REFUSE, "perché"),
)


def lived(said: str, acts: list[int], *, false: bool = False) -> Iterator[tuple[str, str]]:
    """Yield where a domanda is after each act, and what it was refused for; `false`: what was declared is not so."""
    desk = Desk(said)
    for act in acts:
        if false:
            desk.checked()
        code = ""
        try:
            ACTS[act](desk)
        except Refused as refused:
            code = refused.code
        yield desk.found.stato, code


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(ADVICE)), st.lists(st.integers(0, len(ACTS) - 1), max_size=6))
def test_a_false_declaration_changes_nothing_by_itself(said: str, acts: list[int]) -> None:
    assert [*lived(said, acts)] == [*lived(said, acts, false=True)]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(sorted(ADVICE)),
    st.lists(st.integers(0, len(ACTS) - 1), max_size=4),
    st.lists(st.integers(0, 200), max_size=4),
)
def test_time_that_goes_by_decides_nothing(said: str, acts: list[int], days: list[int]) -> None:
    desk = Desk(said)
    for act in acts:
        try:
            ACTS[act](desk)
        except Refused:
            continue
    before = desk.found
    for each in days:
        standing = desk.wait(each).standing
        assert standing.procedimento == before
        assert decisions.advised_by(standing.advice) == decisions.advised_by(ADVICE[said])
        assert decisions.grounds(standing.advice) == decisions.grounds(ADVICE[said])


# The same through the pages


def test_reading_on_later_days_writes_nothing_of_the_domanda() -> None:
    office = Proceeding()
    found = office.asked()
    before = office.records("procedimento"), office.records("presentazione")
    for days in (1, 29, 1, 60, 400):
        office.on(office.today + timedelta(days))
        office.read(office.home(found))
        office.read("/agenda")
    assert (office.records("procedimento"), office.records("presentazione")) == before
