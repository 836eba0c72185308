"""Track: one way in which a termine may go, every value of the law chosen and every open window closed one way."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from engine.condition import Word
from engine.days import LAST, add_months
from engine.parametro import Parametro
from engine.procedura import Sospensione, Termine
from engine.tipo import Value, show_day

SUNDAY = 6
ONE = timedelta(days=1)
#: How many months one unit of a durata is; the days are counted as such.
MONTHS = {"mesi": 1, "anni": 12}

Events = Mapping[str, tuple[date, ...]]


@dataclass(frozen=True, slots=True)
class Note:
    """Something to tell people: the code of its sentence, and what fills it."""

    code: str
    data: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Span:
    """The days that a sospensione covers: from `since`, until the day (None: not known) on which days count again."""

    sospensione: Sospensione
    since: date
    until: date | None

    def covers(self, day: date) -> bool:
        """Whether that day does not count."""
        return self.since <= day and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class Course:
    """How a termine goes: its last day (None: not known), what suspended it, what is to be said."""

    end: date | None
    spans: tuple[Span, ...]
    notes: tuple[Note, ...]

    def suspended(self, day: date) -> bool:
        """Whether that day does not count."""
        return any(span.covers(day) for span in self.spans)

    def counted(self, start: date, day: date) -> int:
        """Return how many days after the start have counted until that day."""
        return sum(not self.suspended(start + timedelta(days=n)) for n in range(1, (day - start).days + 1))


@dataclass(frozen=True, slots=True)
class Track:
    """What has happened until a day, a value for every parametro, and whether what is open closes soon or late.

    A value that nobody knows is None: soon it is nothing, late it has no end.
    """

    events: Events
    until: date
    termini: Mapping[str, Termine]
    parametri: Mapping[str, Parametro]
    values: Mapping[str, Value | None]
    holidays: Container[date]
    soon: bool

    def course(self, termine: Termine, start: date) -> Course:
        """Return how a termine goes that began on that day."""
        spans, notes = list[Span](), list[Note]()
        for found in self._spans(termine, start, notes):
            end = self._end(termine, start, spans)
            if end is not None and end < found.since:
                notes.append(note("after_end", found.sospensione, found.since))
            else:
                spans.append(found)
        for sospensione in termine.sospensioni:
            notes += self.too_late(sospensione) if sospensione.window else ()
        return Course(self._end(termine, start, spans), tuple(spans), tuple(notes))

    def _spans(self, termine: Termine, start: date, notes: list[Note]) -> list[Span]:
        """Return what the events would suspend if they all come in time, in the order of time."""
        spans = []
        for sospensione in termine.sospensioni:
            days = self.events.get(sospensione.since.text, ())
            known = self.values[sospensione.times.text] if sospensione.times else None
            later = [day for day in days if day >= start]
            limit = len(later) if known is None else int(str(known))
            notes += [note("before_start", sospensione, day) for day in days if day < start]
            notes += [note("again", sospensione, day) for day in later[limit:]]
            spans += [Span(sospensione, *self._until(sospensione, *each)) for each in segments(later[:limit])]
        return sorted(spans, key=lambda span: span.since)

    def _until(self, sospensione: Sospensione, day: date, bound: date | None) -> tuple[date, date | None]:
        """Return the day of an event, and when days count again; from the day of the next notice that one stands."""
        if sospensione.window is None:
            return day, self._answered(sospensione, day)
        until = self._resumes(sospensione, self.termini[sospensione.window.text], day, bound)
        return day, until if bound is None else bound if until is None else min(until, bound)

    def _answered(self, sospensione: Sospensione, day: date) -> date | None:
        """Return when days count again after a request: at the answer, and at the latest after the longest time."""
        answer = first(self.events, sospensione.until.text, day, None)
        longest = self.later(day, sospensione.longest) if sospensione.longest else None
        if answer is not None:
            return answer if longest is None else min(answer, longest)
        if self.soon and (longest is None or longest > self.until):
            return self.until
        return longest

    def _resumes(self, sospensione: Sospensione, window: Termine, day: date, bound: date | None) -> date | None:
        """Return when days count again after a notice, by what happened before the next one."""
        opened, answer = self.opened(sospensione, window, day, bound)
        if opened is None:
            if not self.soon:
                return None
            opened = day
        closes = self._end(window, opened, ())
        if answer is not None and (closes is None or answer <= closes):
            return self.later(answer, sospensione.after)
        if answer is not None or bound is not None or closes is None or closes < self.until:
            return closes
        if not self.soon:
            return self.later(closes, sospensione.after)
        resumes = self.later(self.until, sospensione.after)
        return closes if resumes is None else min(closes, resumes)

    def opened(
        self, sospensione: Sospensione, window: Termine, day: date, bound: date | None
    ) -> tuple[date | None, date | None]:
        """Return when the window of a notice opened, and the answer: who answers has received it."""
        answer = first(self.events, sospensione.until.text, day, bound)
        received = first(self.events, window.starts.text, day, bound)
        return min((each for each in (received, answer) if each), default=None), answer

    def too_late(self, sospensione: Sospensione) -> Iterator[Note]:
        """Yield what is to be said of the answers that came after their window."""
        assert sospensione.window is not None
        window = self.termini[sospensione.window.text]
        for day, bound in segments(self.events.get(sospensione.since.text, ())):
            opened, answer = self.opened(sospensione, window, day, bound)
            closes = self._end(window, opened, ()) if opened else None
            if answer and closes and answer > closes:
                yield note("too_late", sospensione, answer)

    def later(self, day: date, word: Word | None) -> date | None:
        """Return the day that comes a durata after another."""
        assert word is not None
        value = self.values[word.text]
        if value is None:
            return day if self.soon else None
        assert isinstance(value, int)
        months = MONTHS.get(self.parametri[word.text].tipo.unit)
        ordinal = add_months(day.toordinal(), value * months) if months else day.toordinal() + value
        return date.fromordinal(min(ordinal, LAST))

    def _end(self, termine: Termine, start: date, spans: Iterable[Span]) -> date | None:
        """Return the last day of a termine."""
        last = self.later(start, termine.durata)
        if last is None:
            return None
        day, left = start, (last - start).days
        for span in sorted(spans, key=lambda span: span.since):
            free = max((span.since - day).days - 1, 0)
            if left <= free:
                break
            if span.until is None:
                return None
            left -= free
            day = max(day + free * ONE, span.until - ONE)
        end = date.fromordinal(min(day.toordinal() + left, LAST))
        moved = termine.moved is not None and bool(self.values[termine.moved.text])
        return self._moved(end, spans) if moved else end

    def _moved(self, end: date, spans: Iterable[Span]) -> date | None:
        """Return the first day on which the office is open and days count."""
        while True:
            covering = [span for span in spans if span.covers(end)]
            if any(span.until is None for span in covering):
                return None
            if not covering and end.weekday() != SUNDAY and end not in self.holidays:
                return end
            end += ONE


def first(events: Events, name: str, start: date, bound: date | None) -> date | None:
    """Return the first day of an event from `start` on, and before `bound` if there is one."""
    days = (day for day in events.get(name, ()) if day >= start and (bound is None or day < bound))
    return next(days, None)


def segments(days: Iterable[date]) -> Iterator[tuple[date, date | None]]:
    """Yield each day with the one after it."""
    listed = list(days)
    yield from zip(listed, [*listed[1:], None], strict=False)


def note(code: str, sospensione: Sospensione, day: date) -> Note:
    """Return what is to be said of an event of a sospensione."""
    return Note(code, (("sospensione", sospensione.name), ("day", show_day(day))))
