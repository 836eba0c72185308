"""The agenda: what is late, due, waiting and why, right on every day that follows, quick at fifty thousand files."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from api.desk.agenda import LINES, Agenda, agenda, calendar
from api.desk.procedimenti import Procedimento
from api.desk.termini import CHANGING, DEADLINE, DUE, OVER, UNKNOWN_END, WAITS, state_on
from api.store.contract import Conflict, Page, Put, Record, Where
from engine.messages import SENTENCES
from tests.memory_store import MemoryStore
from tests.proceeding import DESK, FINE, ONE_GROUND, SERVIZIO, Proceeding, plain

BEGIN = date(2026, 3, 2)
NOTICE = ("preavviso_comunicato", "preavviso_ricevuto", "osservazioni_ricevute")
EVENTS = ("integrazione_chiesta", "integrazione_ricevuta", *NOTICE, "provvedimento_adottato")


@pytest.fixture
def desk() -> Proceeding:
    """Return an office on the second of March."""
    return Proceeding()


def happened(desk: Proceeding, found: Procedimento, evento: str, on: date | None = None) -> Procedimento:
    """Write that something happened, without asking whether it may."""
    now = desk.now(found).with_event(evento, on or desk.today, desk.who(), "2026-03-02T09:00:00.000+00:00")
    return desk.procedimenti.save(desk.who(), now, DESK, "provato")


def found_by(desk: Proceeding, sportello: str = DESK) -> Agenda:
    """Return the agenda of the day."""
    desk.procedimenti.refresh()
    return agenda(desk.store, sportello, desk.today)


def places(found: Agenda) -> dict[str, list[str]]:
    """Return the ids of each part."""
    parts = {"late": found.late, "soon": found.soon, "later": found.later, "unknown": found.unknown}
    return {
        name: [r.id for r in part.records] for name, part in (*parts.items(), ("waits", found.waits)) if part.records
    }


# Day after day


def test_a_domanda_comes_nearer_and_is_late(desk: Proceeding) -> None:
    found = desk.asked()
    row = f"{found.id}.conclusione"
    for on, place in [
        (BEGIN, "later"),
        (date(2026, 3, 21), "later"),
        (date(2026, 3, 22), "soon"),
        (date(2026, 4, 1), "soon"),
        (date(2026, 4, 2), "late"),
        (date(2027, 4, 2), "late"),
    ]:
        desk.on(on)
        assert places(found_by(desk)) == {place: [row]}, on
    assert "Cominciato il 02/03/2026: il termine è passato." in plain(desk.read("/agenda"))


def test_a_request_suspends_and_its_end_is_seen_without_anybody_writing(desk: Proceeding) -> None:
    found = desk.asked()
    desk.on(date(2026, 3, 5))
    happened(desk, found, "integrazione_chiesta")
    row = f"{found.id}.conclusione"
    for on in (date(2026, 3, 5), date(2026, 3, 20), date(2026, 4, 3)):
        desk.on(on)
        waits = found_by(desk).waits.records
        assert [one.id for one in waits] == [row]
        assert waits[0].order == "2026-04-04"
    words = plain(desk.read("/agenda"))
    assert (
        "Comincia dal 02/03/2026, adesso è sospeso. Sospeso dal 05/03/2026 («Integrazione chiesta»): ricomincia al più "
        "tardi il 04/04/2026. Da confermare: Se un termine che scade di domenica o in un giorno festivo finisce il "
        "primo giorno non festivo. Si conclude al più tardi il 02/05/2026." in words
    )
    desk.on(date(2026, 4, 4))
    assert places(found_by(desk)) == {"later": [row]}
    (record,) = found_by(desk).later.records
    # The first of May is a holiday: whether it ends then or on the second is to be confirmed.
    assert (record.order, record.document["al_piu_tardi"]) == ("2026-05-01", "2026-05-02")
    assert not desk.records(CHANGING)


def test_a_notice_waits_for_the_family_until_its_window_closes(desk: Proceeding) -> None:
    found = desk.asked(ONE_GROUND)
    desk.on(date(2026, 3, 10))
    found = desk.done(found, "decisioni", azione="preavviso", giorno_preavviso="10/03/2026")
    assert places(found_by(desk)) == {"waits": [f"{found.id}.conclusione"]}
    words = plain(desk.read("/agenda"))
    assert "Sospeso dal 10/03/2026 («Preavviso comunicato»): quando ricomincia non si sa ancora." in words
    assert "non si sa Conclusione del procedimento" in words
    desk.on(date(2026, 3, 12))
    found = desk.done(found, "eventi", evento="preavviso_ricevuto", giorno_evento="12/03/2026")
    assert places(found_by(desk)) == {"waits": [f"{found.id}.osservazioni", f"{found.id}.conclusione"]}
    assert "La famiglia può rispondere, dal 12/03/2026." in plain(desk.read("/agenda"))
    desk.on(date(2026, 3, 24))
    found_ = found_by(desk)
    assert places(found_) == {"later": [f"{found.id}.conclusione"]}, "nobody answered: the window is over"
    assert plain(desk.read("/agenda")).count(found.pratica) == 1


def test_a_decision_takes_it_off(desk: Proceeding) -> None:
    found = happened(desk, desk.asked(), "provvedimento_adottato")
    assert places(found_by(desk)) == {}
    assert [one.index["stato"] for one in desk.records(DEADLINE)] == [[OVER]]
    assert found.id


def test_what_the_law_leaves_open_may_be_late_or_not(desk: Proceeding) -> None:
    """It ends on Sunday the third of May, or on Monday the fourth."""
    desk.on(date(2026, 4, 3))
    found = desk.asked()
    desk.on(date(2026, 5, 4))
    (record,) = found_by(desk).late.records
    assert (record.document["fine"], record.document["al_piu_tardi"]) == ("2026-05-03", "2026-05-04")
    words = plain(desk.read("/agenda"))
    assert "Cominciato il 03/04/2026: se è passato o no dipende da ciò che è da confermare." in words
    assert "al più tardi 04/05/2026" in words
    assert "Da confermare: Se un termine che scade di domenica" in words
    desk.on(date(2026, 5, 5))
    assert "il termine è passato" in plain(desk.read("/agenda"))
    assert found.id


HISTORY = st.lists(st.tuples(st.integers(0, 25), st.sampled_from(EVENTS)), max_size=6)


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(HISTORY, st.lists(st.integers(1, 40), min_size=1, max_size=4))
def test_the_rows_of_any_day_are_those_of_a_procedimento_saved_that_day(
    history: list[tuple[int, str]], days: list[int]
) -> None:
    """The other way to have them: somebody saves every procedimento, every day."""
    desk = Proceeding()
    found = desk.asked()
    for wait, evento in history:
        desk.on(desk.today + timedelta(wait))
        found = happened(desk, found, evento)
    for each in days:
        desk.on(desk.today + timedelta(each))
        left = found_by(desk)
        same = replace(desk.procedimenti, archive=replace(desk.procedimenti.archive, store=_copy(desk)))
        same.save(desk.who(), found, DESK, "provato")
        right = agenda(same.archive.store, DESK, desk.today)
        assert places(left) == places(right)
        for mine, other in zip(_rows(left), _rows(right), strict=True):
            assert state_on(mine.document, desk.today) == state_on(other.document, desk.today)
            assert mine.order == other.order


def _copy(desk: Proceeding) -> MemoryStore:
    with desk.store.snapshot() as items:
        copied = MemoryStore()
        copied.restore(items)
    return copied


def _rows(found: Agenda) -> Iterator[Record]:
    for part in (found.late, found.soon, found.later, found.unknown, found.waits):
        yield from part.records


def test_two_who_refresh_at_the_same_moment(desk: Proceeding) -> None:
    """The second finds that the rows are those of the first, and looks again."""
    found = happened(desk, desk.asked(), "integrazione_chiesta")
    desk.on(date(2026, 5, 1))
    commit, times = desk.store.commit, Counter[str]()

    def later(puts: list[Put], events: tuple[object, ...] = ()) -> None:
        times["tried"] += 1
        if times["tried"] == 1:
            raise Conflict(DEADLINE, found.id, 2, 1)
        commit(puts, events)  # type: ignore[arg-type]

    desk.store.commit = later  # type: ignore[method-assign, assignment]
    desk.procedimenti.refresh()
    assert times["tried"] == 2
    assert desk.records(CHANGING) == []


def test_rows_of_a_file_whose_key_was_destroyed_go_away(desk: Proceeding) -> None:
    found = happened(desk, desk.asked(), "integrazione_chiesta")
    key = desk.store.get("chiave", found.pratica)
    assert key
    desk.store.commit([Put("chiave", key.id, key.revision, None)])
    desk.on(date(2026, 5, 1))
    assert places(found_by(desk)) == {}
    assert desk.records(DEADLINE) == desk.records(CHANGING) == []


# Who sees what


def test_each_desk_sees_its_own_and_the_cabina_sees_all_without_names(desk: Proceeding) -> None:
    here, there = desk.asked(), desk.asked(desk="circoscrizione_2")
    mine = desk.read("/agenda", "operatore")
    assert here.pratica in mine
    assert there.pratica not in mine
    assert f'href="/pratiche/{here.pratica}/procedimenti/{SERVIZIO}"' in mine
    every = desk.read("/agenda", "cabina")
    assert {here.pratica, there.pratica} <= {*re.findall("[A-Z0-9]{4}-[A-Z0-9]{4}", every)}
    assert "/pratiche/" not in every
    for page in (every, desk.read("/cabina", "cabina"), desk.read("/fondi", "cabina")):
        assert "Zenobia" not in page
        assert "Straordinari" not in page
    one = desk.read("/agenda?sportello=circoscrizione_2", "cabina")
    assert there.pratica in one
    assert here.pratica not in one
    assert there.pratica not in desk.read("/agenda?sportello=circoscrizione_2", "operatore")


def test_the_second_domanda_of_a_family_has_its_own_address(desk: Proceeding) -> None:
    first = desk.asked(FINE)
    happened(desk, first.with_(stato="accolta"), "ricevuta_rilasciata")
    now = desk.now(first).with_(stato="accolta")
    desk.procedimenti.save(desk.who(), now, DESK, "provato")
    second = desk.submitted(first.pratica)
    assert f'/procedimenti/{second.key}"' in desk.read("/agenda")


# The calendar


def entries(content: bytes) -> list[tuple[date, str, str]]:
    """Read a calendar back: the day of each entry, what it is about, what is not certain."""
    return [
        (one.decoded("dtstart"), str(one["summary"]), str(one.get("description", "")))
        for one in Calendar.from_ical(content).walk("VEVENT")
    ]


def test_the_calendar_is_read_back(desk: Proceeding) -> None:
    late = desk.asked(day=date(2026, 1, 2))
    asked = desk.asked(ONE_GROUND)
    happened(desk, happened(desk, asked, "preavviso_comunicato"), "preavviso_ricevuto")
    response = desk.browser("operatore").open("/agenda/calendario")
    assert response.headers["content-type"] == "text/calendar; charset=utf-8"
    title = desk.rules.rulebook.servizi[SERVIZIO][-1].titolo
    assert entries(response.content) == [
        (
            date(2026, 2, 1),
            f"Conclusione del procedimento per {title}, pratica {late.pratica}",
            "Il giorno non è certo: al più tardi 02/02/2026.",
        ),
        (date(2026, 3, 12), f"Osservazioni dell'interessato per {title}, pratica {asked.pratica}", ""),
    ]
    uids = [str(one["uid"]) for one in Calendar.from_ical(response.content).walk("VEVENT")]
    assert len({*uids}) == len(uids) == 2
    assert b"Zenobia" not in response.content
    assert max(len(line) for line in response.content.split(b"\r\n")) <= 75


def test_a_calendar_with_difficult_words() -> None:
    index = {"pratica": ["P"], "servizio": ["s"], "procedimento": ["P.s"]}
    document = {"titolo": "Uno; due, tre\\ è\nquattro", "fine": "2026-03-02", "al_piu_tardi": None, "finestra": False}
    record = Record(DEADLINE, "P.s.uno", 1, document, index, "2026-03-02")
    empty = agenda(MemoryStore(), "", BEGIN)
    found = replace(empty, late=replace(empty.late, records=(record,), total=1))
    ((on, summary, description),) = entries(calendar(found, {}, datetime(2026, 3, 2)))  # noqa: DTZ001
    assert (on, summary) == (BEGIN, "Uno; due, tre\\ è\nquattro per s, pratica P")
    assert description == "Il giorno non è certo: al più tardi da confermare."
    assert b"X-WR-CALDESC" not in calendar(found, {}, datetime(2026, 3, 2))  # noqa: DTZ001
    many = replace(found, late=replace(found.late, total=301))
    read = Calendar.from_ical(calendar(many, {}, datetime(2026, 3, 2)))  # noqa: DTZ001
    assert str(read["x-wr-caldesc"]) == "Le scadenze sono molte: di ogni gruppo ci sono le prime 300."


# Every sentence, and how quick it is

SAID = {
    *("summary", "first_only", "not_certain", "in_corso", "sospeso", "scaduto", "da_confermare", "window"),
    *("paused", "paused_unknown", "rests_on"),
}


def test_every_sentence_of_the_agenda_is_said_above() -> None:
    assert {name.removeprefix("agenda.") for name in SENTENCES if name.startswith("agenda.")} == SAID


def test_at_fifty_thousand_files_only_the_index_is_looked_at() -> None:
    """A store of our own, so that what is measured is the number of questions and of rows, not a disk."""
    asked: list[tuple[str, str, int]] = []

    class Watched(MemoryStore):
        def find(self, kind: str, where: Where | None = None, **more: Any) -> Page:
            asked.append((kind, str(where), more.get("limit", 50)))
            return super().find(kind, where, **more)

    store = Watched()
    rows = [
        Put(
            DEADLINE,
            f"P{n}.s.conclusione",
            0,
            {"titolo": "x"},
            {"pratica": [f"P{n}"], "servizio": ["s"], "elenco": [DUE, f"{DUE} d{n % 11}"]},
            (BEGIN + timedelta(n % 60)).isoformat(),
        )
        for n in range(2_000)
    ]
    store.commit(rows)
    begun = time.perf_counter()
    found = agenda(store, "d3", BEGIN + timedelta(30))
    assert time.perf_counter() - begun < 5
    assert found.late.total + found.soon.total + found.later.total == sum(n % 11 == 3 for n in range(2_000))
    assert len(found.late.records) == LINES
    assert [kind for kind, _, _ in asked] == [DEADLINE] * 5 + ["procedimento"]
    assert {limit for _, _, limit in asked} == {LINES}
    assert found.later.records[-1].order < UNKNOWN_END
    assert WAITS
