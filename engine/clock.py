"""The clock: when each termine of a file began, when it ends, what stopped it, and what is not certain of it.

The first day is not counted. A day counts unless a sospensione covers it: from the day of its event until the
day on which the termine runs again, which counts. What is not decided yet (an open window, a value that the law
leaves open) makes the end a range: from the soonest to the latest of all the ways in which it may go.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product

from engine.atto import Fonte
from engine.parametro import Period
from engine.procedura import Procedura, Sospensione, Termine
from engine.tipo import Value, show_day
from engine.track import Course, Events, Note, Track, first, note, segments

NOT_STARTED, RUNNING, SUSPENDED = "non_avviato", "in_corso", "sospeso"
IN_TIME, LATE, EXPIRED = "concluso_in_tempo", "concluso_in_ritardo", "scaduto"
#: The state when what is open decides it.
OPEN = "da_confermare"
STATES = (NOT_STARTED, RUNNING, SUSPENDED, IN_TIME, LATE, EXPIRED, OPEN)


@dataclass(frozen=True, slots=True, order=True)
class Happening:
    """An event of a file, with its day."""

    day: date
    evento: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Days that do not count, from `since` until the day on which they count again; `latest` None: not known."""

    sospensione: Sospensione
    since: date
    soonest: date
    latest: date | None


@dataclass(frozen=True, slots=True)
class Deadline:
    """One running of a termine, as it stands on a day.

    `soonest` and `latest` are the last day to be in time (None: not known); `days` the legal days, all those
    possible; `elapsed` the days from the start to the stop, or to today; `counted` those of them that counted,
    at least and at most. `unsettled` are the parametri that the law leaves open and that would change this.
    """

    termine: Termine
    state: str
    possible: tuple[str, ...] = ()
    since: date | None = None
    stopped: date | None = None
    soonest: date | None = None
    latest: date | None = None
    days: tuple[int, ...] = ()
    elapsed: int = 0
    counted: tuple[int, int] = (0, 0)
    pauses: tuple[Pause, ...] = ()
    notes: tuple[Note, ...] = ()
    unsettled: tuple[str, ...] = ()
    provisional: bool = False


def clock(
    procedura: Procedura, happened: Iterable[Happening], today: date, holidays: Container[date] = frozenset()
) -> tuple[Deadline, ...]:
    """Return every running of every termine, in the order of the file, as it stands on a day.

    The parametri are those in force on the day on which a running begins. Sundays are holidays too.
    """
    events: dict[str, tuple[date, ...]] = {}
    for each in sorted(set(happened)):
        if each.day <= today:
            events[each.evento] = (*events.get(each.evento, ()), each.day)
    clocks = _Clock(procedura, events, today, holidays)
    return tuple(deadline for termine in procedura.termini.values() for deadline in clocks.deadlines(termine))


@dataclass(frozen=True, slots=True)
class _Clock:
    """A file on a day."""

    procedura: Procedura
    events: Events
    on: date
    holidays: Container[date]

    def deadlines(self, termine: Termine) -> Iterator[Deadline]:
        """Yield the runnings of a termine, or that it has not begun."""
        window = self.procedura.windows().get(termine.name)
        runs = list(self._windows(window, termine) if window else self._runs(termine))
        if not runs:
            yield Deadline(termine, NOT_STARTED, (NOT_STARTED,))
        for since, stopped in runs:
            yield self._deadline(termine, window, since, stopped)

    def _runs(self, termine: Termine) -> Iterator[tuple[date, date | None]]:
        """Yield when a termine began and stopped; it begins again only after it has stopped."""
        start = first(self.events, termine.starts.text, date.min, None)
        while start is not None:
            stopped = first(self.events, termine.stops.text, start, None)
            yield start, stopped
            later = self.events[termine.starts.text]
            start = next((day for day in later if stopped is not None and day > stopped), None)

    def _windows(self, window: Sospensione, termine: Termine) -> Iterator[tuple[date, date | None]]:
        """Yield when each window opened, and its answer: a window for each notice."""
        track = self._track({}, self.on, soon=False)
        for day, bound in segments(self.events.get(window.since.text, ())):
            opened, answer = track.opened(window, termine, day, bound)
            if opened is not None:
                yield opened, answer

    def _track(self, values: Mapping[str, Value | None], until: date, *, soon: bool) -> Track:
        known = {name: tuple(day for day in days if day <= until) for name, days in self.events.items()}
        procedura = self.procedura
        return Track(known, until, procedura.termini, procedura.parametri, values, self.holidays, soon)

    def _deadline(self, termine: Termine, window: Sospensione | None, since: date, stopped: date | None) -> Deadline:
        until = self.on if window or stopped is None else stopped
        names, ways = self._ways(termine, since)
        courses = []
        for way in ways:
            values = dict(zip(names, way, strict=True))
            tracks = (self._track(values, until, soon=soon) for soon in (True, False))
            soon, late = (track.course(termine, since) for track in tracks)
            courses.append((soon, late, self._states(soon, late, window, stopped)))
        ends = [(soon.end, late.end) for soon, late, _ in courses]
        possible = tuple(state for state in STATES if any(state in states for _, _, states in courses))
        reached = until if stopped is None else stopped
        counted = [course.counted(since, reached) for soon, late, _ in courses for course in (soon, late)]
        notes = [said for _, late, _ in courses for said in late.notes]
        notes += [note("too_late", window, stopped)] if window and stopped and EXPIRED in possible else []
        return Deadline(
            termine,
            possible[0] if len(possible) == 1 else OPEN,
            possible,
            since,
            stopped,
            min(soon for soon, _ in ends if soon is not None),
            _latest(late for _, late in ends),
            self._days(termine, since),
            (reached - since).days,
            (min(counted), max(counted)),
            _pauses([course for soon, late, _ in courses for course in (soon, late)]),
            tuple(dict.fromkeys([*self._early(termine, since, window), *notes])),
            _mattering(names, ways, [(end, states) for end, (_, _, states) in zip(ends, courses, strict=True)]),
            not all(fonte.confirmed for fonte in self._fonti(termine, since)),
        )

    def _ways(self, termine: Termine, since: date) -> tuple[list[str], list[tuple[Value | None, ...]]]:
        """Return the parametri that a termine rests on, and every choice among what they may be worth."""
        choices = {name: _choices(self._period(name, since), role) for name, role in self._roles(termine).items()}
        return list(choices), list(product(*choices.values()))

    def _roles(self, termine: Termine) -> dict[str, str]:
        """Return the parametri that a termine rests on, its windows included, each with what it is for."""
        windows = [self.procedura.termini[s.window.text] for s in termine.sospensioni if s.window]
        found = {word.text: "" for each in (termine, *windows) for word in each.words()}
        found |= {each.moved.text: "moved" for each in (termine, *windows) if each.moved}
        return found | {s.times.text: "times" for s in termine.sospensioni if s.times}

    def _period(self, name: str, since: date) -> Period | None:
        return self.procedura.parametri[name].at(since)

    def _fonti(self, termine: Termine, since: date) -> Iterator[Fonte]:
        yield termine.fonte
        yield from (sospensione.fonte for sospensione in termine.sospensioni)
        periods = (self._period(name, since) for name in self._roles(termine))
        yield from (period.fonte for period in periods if period is not None)

    def _days(self, termine: Termine, since: date) -> tuple[int, ...]:
        """Return the legal days, all those possible; none when nobody knows them."""
        name, found = termine.durata.text, set[int]()
        for value in _choices(self._period(name, since), ""):
            last = self._track({name: value}, since, soon=False).later(since, termine.durata)
            found |= set() if last is None else {(last - since).days}
        return tuple(sorted(found))

    def _early(self, termine: Termine, since: date, window: Sospensione | None) -> Iterator[Note]:
        """Yield the stops that came before the termine began."""
        days = self.events.get(termine.stops.text, ())
        if window is None and days and days[0] < since == self.events[termine.starts.text][0]:
            yield Note("stop_before", (("day", show_day(days[0])),))

    def _states(self, soon: Course, late: Course, window: Sospensione | None, stopped: date | None) -> frozenset[str]:
        """Return the states that are possible; while nothing has stopped it, what is recorded says which."""
        if stopped is not None:
            after = EXPIRED if window else LATE
            ends = (soon.end, late.end)
            return frozenset(IN_TIME if end is None or stopped <= end else after for end in ends)
        if late.end is not None and self.on > late.end:
            return frozenset({EXPIRED})
        return frozenset({SUSPENDED if late.suspended(self.on) else RUNNING})


def _choices(period: Period | None, role: str) -> tuple[Value | None, ...]:
    """Return what a parametro may be worth: an unknown number of times is one, or as many as there are."""
    if period is not None and not period.unknown:
        return period.alternatives
    return {"moved": (False, True), "times": (1, None)}.get(role, (None,))


def _latest(days: Iterable[date | None]) -> date | None:
    found = list(days)
    known = [day for day in found if day is not None]
    return max(known) if len(known) == len(found) else None


def _pauses(courses: Sequence[Course]) -> tuple[Pause, ...]:
    """Return every sospensione, from the soonest to the latest end that a course gives; none is the day it began."""
    found: dict[tuple[date, str], Sospensione] = {}
    for course in courses:
        found |= {(span.since, span.sospensione.name): span.sospensione for span in course.spans}
    pauses = []
    for (since, name), sospensione in sorted(found.items(), key=lambda item: item[0]):
        covers = [{(s.since, s.sospensione.name): s.until for s in course.spans} for course in courses]
        ends = [cover.get((since, name), since) for cover in covers]
        pauses.append(Pause(sospensione, since, min(end for end in ends if end is not None), _latest(ends)))
    return tuple(pauses)


def _mattering(
    names: Sequence[str], ways: Sequence[tuple[Value | None, ...]], outcomes: Sequence[object]
) -> tuple[str, ...]:
    """Return the parametri that would change the outcome, and those that nobody knows at all."""
    found = []
    for index, name in enumerate(names):
        others: dict[tuple[Value | None, ...], set[object]] = {}
        for way, outcome in zip(ways, outcomes, strict=True):
            others.setdefault(way[:index] + way[index + 1 :], set()).add(outcome)
        if any(len(each) > 1 for each in others.values()) or all(way[index] is None for way in ways):
            found.append(name)
    return tuple(found)
