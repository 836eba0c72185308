"""The clock: cases worked out by hand (tests/scadenze.nt), and a second one that walks day by day (tests/walk.py)."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import nestedtext
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.__main__ import holidays_of_palermo
from engine.clock import Deadline, Happening, clock
from engine.tipo import Tipo, parse_day, show_day
from tests import walk
from tests.procedures import contributo, real

HOLIDAYS = holidays_of_palermo()
CASES: dict[str, Any] = nestedtext.loads((Path(__file__).parent / "scadenze.nt").read_text("utf-8"), top="dict")  # type: ignore[assignment]
MOVED = {"sì": (True,), "no": (False,), "da confermare": (True, False)}
#: More than the suite tries: COMMA_HISTORIES=20000.
HISTORIES = int(os.environ.get("COMMA_HISTORIES", "150"))


def happened(lines: list[str]) -> list[Happening]:
    """Read `01/03/2026 domanda_ricevuta`."""
    return [Happening(parse_day(day), name) for day, name in (line.split(" ") for line in lines)]


def shown(deadline: Deadline) -> str:
    """Write a running of a termine on a line: its state, its end, the days that counted, what is said of it."""
    if deadline.since is None:
        return f"{deadline.termine.name}: {deadline.state}"
    assert deadline.soonest is not None
    last = show_day(deadline.latest) if deadline.latest else "…"
    first = show_day(deadline.soonest)
    end = first if first == last else f"{first} - {last}"
    low, high = deadline.counted
    counted = str(low) if low == high else f"{low}-{high}"
    states = "/".join(deadline.possible)
    notes = "".join(f", {note.code} {dict(note.data)['day']}" for note in deadline.notes)
    return f"{deadline.termine.name}: {states}, {end}, contati {counted}{notes}"


def found(case: dict[str, Any]) -> list[str]:
    """Return every running of every termine of a case."""
    values = {"scadenza_prorogata": MOVED[case.get("festa", "no")]}
    procedura = contributo(**values)
    return [shown(each) for each in clock(procedura, happened(case.get("eventi", [])), parse_day(case["al"]), HOLIDAYS)]


@pytest.mark.parametrize("name", CASES)
def test_case_worked_by_hand(name: str) -> None:
    assert found(CASES[name]) == CASES[name]["termini"]


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 20


# The second clock

BASE = date(2026, 3, 30)
NAMES = (walk.START, walk.STOP, walk.ASKED, walk.GIVEN, walk.SENT, walk.RECEIVED, walk.ANSWERED)
SMALL = st.integers(1, 9)


@st.composite
def histories(draw: st.DrawFn) -> tuple[walk.Numbers, list[Happening], date]:
    """Make a history with anything in any order, small numbers so that everything meets, and a day to look at it."""
    holidays = draw(st.frozensets(st.integers(0, 40).map(lambda n: BASE + timedelta(days=n)), max_size=6))
    limits = st.sampled_from([1, 2, 99])
    days, longest, window, after = (draw(SMALL) for _ in range(4))
    some = draw(limits), draw(limits), draw(st.booleans()), holidays
    numbers = walk.Numbers(days, longest, window, after, *some)
    when = st.integers(0, 30).map(lambda n: BASE + timedelta(days=n))
    weights = [*NAMES, *NAMES[2:], walk.SENT, walk.RECEIVED]
    events = draw(st.lists(st.builds(Happening, when, st.sampled_from(weights)), max_size=9))
    start = Happening(BASE + timedelta(days=draw(st.integers(0, 6))), walk.START)
    return numbers, [*events, start], BASE + timedelta(days=draw(st.integers(3, 36)))


@settings(deadline=None, max_examples=HISTORIES, suppress_health_check=list(HealthCheck))
@given(histories())
def test_the_clock_agrees_with_a_walk_day_by_day(history: tuple[walk.Numbers, list[Happening], date]) -> None:
    numbers, events, today = history
    procedura = contributo(
        termine_conclusione=(numbers.days,),
        sospensione_massima=(numbers.longest,),
        termine_osservazioni=(numbers.window,),
        ripresa_dopo_osservazioni=(numbers.after,),
        sospensioni_per_integrazione=(numbers.requests,),
        preavvisi_che_sospendono=(numbers.notices,),
        scadenza_prorogata=(numbers.moved,),
    )
    by_name: dict[str, list[date]] = {}
    for event in events:
        by_name.setdefault(event.evento, []).append(event.day)
    expected = walk.deadline(numbers, by_name, today)
    said = clock(procedura, events, today, numbers.holidays)[0]
    if expected is None:
        assert said.state == "non_avviato"
        return
    soonest, latest, states, counted = expected
    assert (said.soonest, said.latest, frozenset(said.possible)) == (soonest, latest, states), (
        numbers,
        sorted(events),
        today,
    )
    assert said.counted == counted, (numbers, sorted(events), today)


# What the law leaves open, and units

RECEIVED = ["01/03/2026 domanda_ricevuta"]
NOTICE = [*RECEIVED, "11/03/2026 preavviso_comunicato", "12/03/2026 preavviso_ricevuto"]
REQUEST = [*RECEIVED, "11/03/2026 integrazione_chiesta"]
ANSWERED = [*REQUEST, "21/03/2026 integrazione_ricevuta"]
UNKNOWN: tuple[tuple[dict[str, Any], list[str], str, str, tuple[str, ...]], ...] = (
    ({"termine_conclusione": None}, RECEIVED, "10/03/2026", "01/03/2026 … contati 9", ("termine_conclusione",)),
    (
        {"termine_conclusione": (30, 60)},
        RECEIVED,
        "10/04/2026",
        "31/03/2026 30/04/2026 contati 40",
        ("termine_conclusione",),
    ),
    ({"sospensione_massima": None}, REQUEST, "25/03/2026", "31/03/2026 … contati 9-24", ("sospensione_massima",)),
    (
        {"sospensione_massima": None},
        ANSWERED,
        "25/03/2026",
        "31/03/2026 10/04/2026 contati 14-24",
        ("sospensione_massima",),
    ),
    (
        {"ripresa_dopo_osservazioni": None},
        [*NOTICE, "15/03/2026 osservazioni_ricevute"],
        "25/03/2026",
        "04/04/2026 … contati 9-20",
        ("ripresa_dopo_osservazioni",),
    ),
    (
        {"termine_osservazioni": None},
        NOTICE,
        "25/03/2026",
        "01/04/2026 … contati 9-23",
        ("termine_osservazioni",),
    ),
    ({"sospensioni_per_integrazione": None}, ANSWERED, "25/03/2026", "10/04/2026 contati 14", ()),
    (
        {"scadenza_prorogata": None},
        ["15/06/2026 domanda_ricevuta"],
        "20/06/2026",
        "15/07/2026 16/07/2026 contati 5",
        ("scadenza_prorogata",),
    ),
)


@pytest.mark.parametrize(("values", "events", "today", "expected", "opened"), UNKNOWN)
def test_what_nobody_knows_makes_a_range(
    values: dict[str, Any], events: list[str], today: str, expected: str, opened: tuple[str, ...]
) -> None:
    procedura = contributo(**{"scadenza_prorogata": (False,), **values})
    said = clock(procedura, happened(events), parse_day(today), HOLIDAYS)[0]
    assert said.soonest is not None
    ends = dict.fromkeys([show_day(said.soonest), show_day(said.latest) if said.latest else "…"])
    counted = "-".join(dict.fromkeys(map(str, said.counted)))
    assert f"{' '.join(ends)} contati {counted}" == expected
    assert said.unsettled == opened


def test_before_the_first_value_nobody_knows() -> None:
    said = clock(real()["tirocinio"], happened(["01/03/2010 domanda_ricevuta"]), date(2010, 3, 10), HOLIDAYS)[0]
    assert (said.days, said.latest, said.provisional) == ((), None, True)
    assert "termine_conclusione" in said.unsettled


@pytest.mark.parametrize(
    ("unit", "number", "start", "end"),
    [
        ("mesi", 1, "31/01/2026", "28/02/2026"),
        ("anni", 1, "29/02/2028", "28/02/2029"),
        ("giorni", 0, "01/03/2026", "01/03/2026"),
    ],
)
def test_months_and_years_are_the_same_day(unit: str, number: int, start: str, end: str) -> None:
    procedura = contributo(scadenza_prorogata=(False,), termine_conclusione=(number,))
    parametro = procedura.parametri["termine_conclusione"]
    months = {**procedura.parametri, "termine_conclusione": replace(parametro, tipo=Tipo("durata", unit))}
    said = clock(replace(procedura, parametri=months), happened([f"{start} domanda_ricevuta"]), parse_day(start))[0]
    assert said.latest == parse_day(end)
    assert said.days == ((parse_day(end) - parse_day(start)).days,)


def test_a_suspension_without_a_longest_time_waits_for_its_answer() -> None:
    procedura = contributo(scadenza_prorogata=(False,))
    termine = procedura.termini["conclusione"]
    endless = replace(termine, sospensioni=(replace(termine.sospensioni[0], longest=None, times=None),))
    changed = replace(procedura, termini={"conclusione": endless})
    (waiting,) = clock(changed, happened(REQUEST), date(2027, 3, 1))
    assert (waiting.state, waiting.latest) == ("sospeso", None)
    (answered,) = clock(changed, happened(ANSWERED), date(2026, 3, 25))
    assert answered.latest == date(2026, 4, 10)


def test_a_moved_end_waits_for_the_suspension_that_begins_on_it() -> None:
    """Moved from Sunday 19/04 to Monday; a notice on that Monday, never received, leaves no day to end on."""
    moved = contributo(scadenza_prorogata=(True,))
    sunday = ["20/03/2026 domanda_ricevuta", "20/04/2026 preavviso_comunicato"]
    said = clock(moved, happened(sunday), date(2026, 4, 20), HOLIDAYS)[0]
    assert (said.soonest, said.latest, said.state) == (date(2026, 4, 30), None, "sospeso")


def test_the_calendar_ends() -> None:
    procedura = contributo(scadenza_prorogata=(False,))
    said = clock(procedura, happened(["20/12/9999 domanda_ricevuta"]), date.max)[0]
    assert said.latest == date.max
