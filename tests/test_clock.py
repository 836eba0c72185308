"""The clock: cases worked out by hand (tests/scadenze.nt), and a second one that walks day by day (tests/walk.py)."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import nestedtext
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.__main__ import holidays_of_palermo
from engine.clock import Deadline, Happening, clock
from engine.tipo import parse_day, show_day
from tests import walk
from tests.procedures import contributo

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
    numbers = walk.Numbers(*(draw(SMALL) for _ in range(4)), draw(limits), draw(limits), draw(st.booleans()), holidays)
    days = st.integers(0, 30).map(lambda n: BASE + timedelta(days=n))
    weights = [*NAMES, *NAMES[2:], walk.SENT, walk.RECEIVED]
    events = draw(st.lists(st.builds(Happening, days, st.sampled_from(weights)), max_size=9))
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
