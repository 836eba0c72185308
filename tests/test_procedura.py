"""Procedure: conditions over names, what follows from what has happened, and what must hold of the real ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from random import Random

import pytest

from engine.atto import TO_CONFIRM
from engine.clock import Happening, clock
from engine.effects import step
from engine.fingerprint import procedure_fingerprint
from engine.problem import Problem
from engine.procedura import FASE, LETTERA, NOT, STATES, Procedura, canonical
from engine.rulebook import Rulebook, read_rulebook
from tests.procedures import NAMES, facts, made, parsed, real
from tests.test_errate import BASE

EVENTS = {name: name for name in ("a", "b", "c")}
LETTERS = {
    "ricevuta",
    "richiesta_integrazione",
    "preavviso",
    "proposta",
    "determinazione",
    "esito",
    "piano_individualizzato",
}
BOUND = {
    "domanda_ricevuta",
    "integrazione_chiesta",
    "integrazione_ricevuta",
    "preavviso_comunicato",
    "preavviso_ricevuto",
}
BOUND |= {"osservazioni_ricevute", "provvedimento_adottato"}


def small(when: object) -> Procedura:
    """Return a procedura with one condition, and another phase and a letter to look at."""
    return parsed(
        {
            "eventi": EVENTS,
            "fasi": {
                "prima": {"attivita": "Prima", "note": "n", "quando": "a"},
                "ultima": {"attivita": "Ultima", "note": "n", "quando": when, "conclusa con": "c"},
            },
            "lettere": {"lettera": {"quando": "b", "inviata con": "c"}},
        }
    )


CONDITIONS = (
    ("a", "a", "a"),
    ("a", "b", None),
    ("non a", "b", "non:a"),
    ("non a", "a b", None),
    ("esito certo", "esito_certo", "esito_certo"),
    ("non esito certo", "a", "non:esito_certo"),
    ("non   a", "b", "non:a"),
    ("fase prima", "a", "fase:prima"),
    ("fase prima", "b", None),
    ("lettera lettera", "b", "lettera:lettera"),
    ({"tutte": ["a", "b"]}, "a", None),
    ({"tutte": ["a", "b"]}, "a b", "a b"),
    ({"almeno una": ["a", "b"]}, "b", "b"),
    ({"almeno una": ["a", "b"]}, "a b", "a b"),
    ({"almeno una": ["a", "b"]}, "c", None),
    ({"almeno una": [{"tutte": ["a", "b"]}, "non c"]}, "a", "non:c"),
    ({"almeno una": [{"tutte": ["a", "b"]}, "non c"]}, "a b c", "a b"),
    ({"tutte": ["c", {"almeno una": ["a", "b"]}]}, "b c", "b c"),
    ({"tutte": ["c", {"almeno una": ["a", "b"]}]}, "a b", None),
    ({"tutte": ["fase prima", "lettera lettera"]}, "a b", "fase:prima lettera:lettera"),
)


@pytest.mark.parametrize(("when", "given", "reason"), CONDITIONS)
def test_condition(when: object, given: str, reason: str | None) -> None:
    found = step(small(when), frozenset(given.split())).fasi.get("ultima")
    assert found == (None if reason is None else frozenset(reason.split()))


def test_a_letter_is_due_until_it_is_sent_and_a_phase_open_until_it_is_closed() -> None:
    procedura = small("b")
    assert step(procedura, frozenset("b")).lettere == {"lettera": frozenset("b")}
    assert step(procedura, frozenset("b")).closed == ()
    sent = step(procedura, frozenset("bc"))
    assert (sent.lettere, sent.closed) == ({}, ("ultima",))
    assert "ultima" in sent.fasi


def test_what_was_sent_still_opens_what_looks_at_it() -> None:
    assert "ultima" in step(small("lettera lettera"), frozenset("bc")).fasi


def test_names_that_nobody_knows_and_names_made_up_open_nothing() -> None:
    assert step(small("fase prima"), frozenset({"altro", "fase:prima", "lettera:lettera"})).fasi == {}


def test_without_a_condition_a_phase_is_always_open() -> None:
    procedura = parsed({"eventi": EVENTS, "fasi": {"f": {"attivita": "F", "note": "n"}}})
    assert step(procedura, frozenset()).fasi == {"f": frozenset()}


def holds(procedura: Procedura, known: frozenset[str], name: str) -> bool:
    """Say again, by recursion, whether something follows."""

    def true(word: str) -> bool:
        if word.startswith((FASE, LETTERA)):
            return holds(procedura, known, word)
        return word.removeprefix(NOT) not in known if word.startswith(NOT) else word in known

    return any(all(true(word) for word in way) for way in procedura.rules[name].ways)


def test_the_fixpoint_is_what_the_conditions_say() -> None:
    random = Random(1)
    for _ in range(300):
        procedura = random.choice([made(random), *real().values()])
        known = facts(random, procedura)
        found = step(procedura, known)
        assert set(found.fasi) == {name for name in procedura.fasi if holds(procedura, known, FASE + name)}
        due = {n for n in procedura.lettere if holds(procedura, known, LETTERA + n)}
        assert set(found.lettere) == {name for name in due if procedura.lettere[name].sent_by.text not in known}


def test_more_events_never_close_what_looks_at_no_denial() -> None:
    random = Random(2)
    for _ in range(200):
        procedura = random.choice(list(real().values()))
        less = facts(random, procedura)
        more = less | facts(random, procedura)
        denied = {n for when in procedura.rules.values() for way in when.ways for n in way if n.startswith(NOT)}
        if not {NOT + name for name in more - less} & denied:
            assert set(step(procedura, less).fasi) <= set(step(procedura, more).fasi)


# The real ones


def test_every_service_has_a_procedura_with_all_that_the_comune_asks() -> None:
    assert set(real()) == {
        "abitare-solidale",
        "coabitazione",
        "contributo-autonomia",
        "contributo-autonomia-rinnovo",
        "tirocinio",
        "tirocinio-liquidazione",
    }
    for procedura in real().values():
        assert len(procedura.scheda) == 32
        assert not procedura.competitive
        assert {"responsabile", "silenzio_assenso"} <= set(procedura.open_points)
        assert f"{FASE}proposta" not in procedura.open_points
        assert set(procedura.open_points) == {n for n, v in procedura.scheda.items() if v == TO_CONFIRM} | {
            f"{FASE}{fase.name}" for fase in procedura.fasi.values() if fase.note == TO_CONFIRM
        }


def test_the_events_are_one_vocabulary() -> None:
    """The same name is the same thing in every service; the clock of art. 2 and of art. 10-bis is in all of them."""
    titles: dict[str, set[str]] = {}
    for procedura in real().values():
        for name, titolo in procedura.eventi.items():
            titles.setdefault(name, set()).add(titolo)
        assert set(procedura.eventi) >= BOUND
        assert set(procedura.lettere) <= LETTERS
    assert {name: found for name, found in titles.items() if len(found) > 1} == {}
    assert len({titolo for found in titles.values() for titolo in found}) == len(titles)
    assert {name for procedura in real().values() for name in procedura.lettere} == LETTERS


def test_the_same_termini_everywhere() -> None:
    said = {
        name: [(t.name, t.starts.text, t.stops.text, [word.text for word in t.words()]) for t in p.termini.values()]
        for name, p in real().items()
    }
    assert len({str(termini) for termini in said.values()}) == 1


STORY = (
    ("", "contatto", ""),
    ("contatto_avvenuto", "primo_contatto rilevazione_bisogni", ""),
    ("bisogni_rilevati", "presa_in_carico_nucleo", ""),
    ("presa_in_carico", "piano", "piano_individualizzato"),
    ("piano_consegnato", "", "-piano_individualizzato"),
    ("piano_firmato", "", ""),
    ("domanda_ricevuta", "esame_domanda", "ricevuta"),
    ("ricevuta_rilasciata", "", "-ricevuta"),
    ("da_integrare", "", "richiesta_integrazione"),
    ("integrazione_chiesta", "", "-richiesta_integrazione"),
    ("-da_integrare esito_certo istruttoria_completa motivi_ostativi", "proposta", "preavviso"),
    ("preavviso_comunicato", "contraddittorio", "-preavviso proposta"),
    ("osservazioni_ricevute -motivi_ostativi", "", ""),
    ("proposta_trasmessa", "verifica_spesa", "-proposta"),
    ("spesa_verificata", "adozione", "determinazione"),
    ("provvedimento_adottato domanda_accolta", "attivazione", "-determinazione esito"),
    ("esito_comunicato", "", "-esito"),
    ("intervento_attivato", "pagamenti monitoraggio", ""),
    ("rinnovo_chiesto", "rinnovo", ""),
    ("pagamenti_conclusi", "", ""),
    ("intervento_concluso", "chiusura", ""),
    ("esito_finale_registrato", "", ""),
)


def test_a_family_from_first_contact_to_closing() -> None:
    """Event by event: the phases that open, the letters that fall due or (with -) are no longer due."""
    procedura, known = real()["contributo-autonomia"], set[str]()
    fasi, letters = set[str](), set[str]()
    for happened, opened, due in STORY:
        for name in happened.split():
            (known.discard if name.startswith("-") else known.add)(name.removeprefix("-"))
        found = step(procedura, frozenset(known))
        fasi |= set(opened.split())
        for name in due.split():
            (letters.discard if name.startswith("-") else letters.add)(name.removeprefix("-"))
        assert set(found.fasi) == fasi, happened
        assert set(found.lettere) == letters, happened
    assert set(found.closed) == set(procedura.fasi)


def test_a_refusal_closes_without_opening_an_intervention() -> None:
    for procedura in real().values():
        found = step(procedura, frozenset({"domanda_ricevuta", "provvedimento_adottato"}))
        assert "chiusura" in found.fasi
        assert not {"attivazione", "pagamenti"} & set(found.fasi)


def test_no_notice_while_the_inquiry_is_not_complete() -> None:
    for procedura in real().values():
        known = frozenset({"domanda_ricevuta", "esito_certo", "motivi_ostativi"})
        assert "preavviso" not in step(procedura, known).lettere
        assert "preavviso" in step(procedura, known | {"istruttoria_completa"}).lettere


def test_the_fingerprint_is_of_the_file_and_of_its_parametri() -> None:
    procedura, on = real()["tirocinio"], date(2026, 3, 1)
    same = procedure_fingerprint(procedura, on)
    assert same == procedure_fingerprint(replace(procedura, servizio="altro"), on)
    assert same != procedure_fingerprint(real()["coabitazione"], on)
    assert same != procedure_fingerprint(replace(procedura, parametri={}), on)


def test_the_states_are_names() -> None:
    assert [canonical(state).replace("_", " ") for state in STATES] == list(STATES)
    assert not [p.servizio for p in real().values() if set(NAMES) & set(p.eventi)]


# What is to be confirmed, and what the law lacks


def small_rulebook(*edits: tuple[str, str], without: str = "") -> tuple[Rulebook, list[Problem]]:
    """Read the small folder of the wrong files, with its procedura."""
    text = BASE["procedura.nt"].decode()
    for old, new in edits:
        assert text.count(old) == 1
        text = text.replace(old, new)
    files = {
        **BASE,
        "rules/mensa/procedura.nt": text.encode(),
        "regolamento/parametri.nt": BASE["procedura-parametri.nt"],
    }
    return read_rulebook({name: content for name, content in files.items() if name != without})


def test_what_is_to_be_confirmed_is_no_mistake() -> None:
    open_sheet = ("termine_in_giorni: giorni_per_decidere", "termine_in_giorni: da confermare")
    rulebook, problems = small_rulebook(open_sheet, ("norme: legge-1; delibera-2 art. 5", "norme: da confermare"))
    assert problems == []
    assert {"termine_in_giorni", "norme"} <= set(rulebook.procedure["mensa"].open_points)


def test_without_the_acts_no_procedura_can_be_used() -> None:
    rulebook, problems = small_rulebook(without="regolamento/atti.nt")
    assert [found.code for found in problems] == ["rulebook.missing_file"]
    assert rulebook.procedure == {}


def test_a_deadline_is_provisional_while_something_of_it_is_not_confirmed() -> None:
    procedura = small_rulebook()[0].procedure["mensa"]
    happened = [Happening(date(2024, 3, 1), "domanda_ricevuta")]
    assert [each.provisional for each in clock(procedura, happened, date(2024, 3, 5))] == [False, False]
    assert clock(real()["tirocinio"], happened, date(2024, 3, 5))[0].provisional
