"""The clock done again, plainly: a walk day by day, once for every way in which what is open may close.

Nothing here is shared with engine/clock.py and engine/track.py; tests/test_clock.py compares them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import product

DAY = timedelta(days=1)
START, STOP = "domanda_ricevuta", "provvedimento_adottato"
ASKED, GIVEN = "integrazione_chiesta", "integrazione_ricevuta"
SENT, RECEIVED, ANSWERED = "preavviso_comunicato", "preavviso_ricevuto", "osservazioni_ricevute"
FAR = 400

History = frozenset[tuple[date, str]]


@dataclass(frozen=True)
class Numbers:
    """The days of each thing; `requests` and `notices` are how many suspend."""

    days: int
    longest: int
    window: int
    after: int
    requests: int
    notices: int
    moved: bool
    holidays: frozenset[date]

    def closes(self, day: date) -> date:
        """Return the last day of a window that opened on a day."""
        return self.working(day + self.window * DAY)

    def working(self, day: date) -> date:
        """Return the day, or where it is moved to."""
        while self.moved and (day.weekday() == 6 or day in self.holidays):
            day += DAY
        return day


@dataclass
class Notice:
    """A notice that suspends."""

    sent: date
    received: date | None = None
    answered: date | None = None
    replaced: bool = False


@dataclass
class Walk:
    """Where the walk is: how many days have counted, and what suspends."""

    numbers: Numbers
    count: int = 0
    requests: list[tuple[date, list[date]]] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def read(self, day: date, names: set[str]) -> None:
        """Take note of what happened on a day."""
        if ASKED in names and len(self.requests) < self.numbers.requests:
            self.requests.append((day, []))
        if GIVEN in names:
            for _, given in self.requests:
                given.append(day)
        if SENT in names and len(self.notices) < self.numbers.notices:
            for notice in self.notices:
                notice.replaced = True
            self.notices.append(Notice(day))
        for notice in self.notices[-1:]:
            if names & {RECEIVED, ANSWERED} and notice.received is None:
                notice.received = day
            if ANSWERED in names and notice.answered is None and notice.received is not None:
                notice.answered = day

    def suspended(self, day: date) -> bool:
        """Whether a day does not count, as far as is known that day."""
        asked = any(not given and day < since + self.numbers.longest * DAY for since, given in self.requests)
        return asked or any(self._silent(notice, day) for notice in self.notices)

    def _silent(self, notice: Notice, day: date) -> bool:
        if notice.received is None or notice.replaced:
            return not notice.replaced
        closes = self.numbers.closes(notice.received)
        if notice.answered is not None and notice.answered <= closes:
            return day < notice.answered + self.numbers.after * DAY
        return day < closes


def walk(numbers: Numbers, start: date, history: History, until: date) -> tuple[date | None, Walk]:
    """Return the last day of the term, and the walk, which goes no further than a day."""
    found, day, end = Walk(numbers), start, None
    while day <= until:
        if end is None:
            found.read(day, {name for when, name in history if when == day})
        if day > start and not found.suspended(day):
            found.count += 1
            if end is None and found.count >= numbers.days and numbers.working(day) == day:
                end = day
        day += DAY
    return end, found


def futures(numbers: Numbers, start: date, history: History, today: date) -> Iterator[tuple[History, bool]]:
    """Yield the history with what is open closed in every way; the second is whether it can also stay open."""
    _, found = walk(numbers, start, history, today)
    ways: list[list[History]] = []
    waiting = [since for since, given in found.requests if not given and today < since + numbers.longest * DAY]
    if waiting:
        days = range((max(waiting) + numbers.longest * DAY - today).days + 1)
        ways.append([frozenset({(today + n * DAY, GIVEN)}) for n in days])
    for notice in found.notices[:-1]:
        if notice.received is None:
            ways.append([frozenset(), frozenset({(notice.sent, RECEIVED)})])
    unknown = False
    for notice in found.notices[-1:]:
        unknown = notice.received is None
        opened = notice.received or notice.sent
        closes = numbers.closes(opened)
        answers = [frozenset({(today + n * DAY, ANSWERED)}) for n in range(max(0, (closes - today).days + 1))]
        if notice.answered is None:
            received = frozenset({(opened, RECEIVED)})
            ways.append([received, *(received | answer for answer in answers)])
    for chosen in product(*ways):
        yield history.union(*chosen), unknown


def deadline(
    numbers: Numbers, events: Mapping[str, list[date]], today: date
) -> tuple[date, date | None, frozenset[str], tuple[int, int]] | None:
    """Return the soonest and the latest end, the states, and how many days counted, at least and at most."""
    starts = [day for day in events.get(START, []) if day <= today]
    if not starts:
        return None
    start = min(starts)
    stops = [day for day in events.get(STOP, []) if start <= day <= today]
    until = min(stops, default=today)
    history = frozenset((day, name) for name, days in events.items() for day in days if day <= until)
    ends, walks, opened = list[date](), list[Walk](), False
    for future, unknown in futures(numbers, start, history, until):
        end, _ = walk(numbers, start, future, start + FAR * DAY)
        assert end is not None
        ends.append(end)
        walks.append(walk(numbers, start, future, until)[1])
        opened = opened or unknown
    recorded, at_until = walk(numbers, start, history, until)
    walks.append(at_until)
    latest = None if opened and recorded is None else max(ends)
    if stops:
        late = {day is not None and until > day for day in (min(ends), latest)}
        states = frozenset("concluso_in_ritardo" if each else "concluso_in_tempo" for each in late)
    elif latest is not None and today > latest:
        states = frozenset({"scaduto"})
    else:
        states = frozenset({"sospeso" if any(each.suspended(today) for each in walks) else "in_corso"})
    counts = [each.count for each in walks]
    return min(ends), latest, states, (min(counts), max(counts))
