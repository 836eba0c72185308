"""Progress: where a file stands on a day: its fasi, the lettere to send, its termini, and why."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.atto import Fonte
from engine.clock import LATE, Deadline, Pause, clock
from engine.effects import Effects, step
from engine.happened import Happened
from engine.messages import sentence
from engine.procedura import FASE, LETTERA, NOT, STATES, Procedura, canonical
from engine.tipo import show_day

WIDTH = 100
TITLES = {canonical(state): state for state in STATES}


@dataclass(frozen=True, slots=True)
class Progress:
    """A file on a day: what follows from what has happened, and every running of every termine."""

    procedura: Procedura
    happened: Happened
    on: date
    effects: Effects
    deadlines: tuple[Deadline, ...]

    def reason(self, name: str) -> str:
        """Return a name that something follows from, for people."""
        if name.startswith(NOT):
            return sentence("scadenze.non", {"what": self.reason(name.removeprefix(NOT))})
        if name.startswith(FASE):
            return sentence("scadenze.fase", {"what": self.procedura.fasi[name.removeprefix(FASE)].attivita})
        if name.startswith(LETTERA):
            return sentence("scadenze.lettera", {"what": name.removeprefix(LETTERA).replace("_", " ")})
        return TITLES.get(name) or self.procedura.eventi[name]

    def reasons(self, names: Iterable[str]) -> list[str]:
        """Return all the names that something follows from, in the same order every time."""
        return [self.reason(name) for name in sorted(names)]

    def told(self, deadline: Deadline) -> list[str]:
        """Return what is to be said of a termine, sentence by sentence."""
        return list(_told(self.procedura, deadline))

    def as_json(self) -> dict[str, Any]:
        """Return it all as JSON."""
        procedura, effects = self.procedura, self.effects
        return {
            "servizio": procedura.servizio,
            "al": self.on.isoformat(),
            "versione_scheda": procedura.since.isoformat(),
            "fasi": [
                {
                    "id": fase.name,
                    "attivita": fase.attivita,
                    "stato": _state(effects, fase.name),
                    "perche": self.reasons(effects.fasi.get(fase.name, ())),
                }
                for fase in procedura.fasi.values()
            ],
            "lettere": [{"id": name, "perche": self.reasons(why)} for name, why in effects.lettere.items()],
            "termini": [self._json(deadline) for deadline in self.deadlines],
        }

    def _json(self, deadline: Deadline) -> dict[str, Any]:
        def iso(day: date | None) -> str | None:
            return day.isoformat() if day else None

        return {
            "id": deadline.termine.name,
            "titolo": deadline.termine.titolo,
            "stato": deadline.state,
            "possibili": list(deadline.possible),
            "dal": iso(deadline.since),
            "fermato_il": iso(deadline.stopped),
            "ultimo_giorno": {"da": iso(deadline.soonest), "a": iso(deadline.latest)},
            "giorni_previsti": list(deadline.days),
            "giorni_impiegati": deadline.elapsed,
            "giorni_contati": {"da": deadline.counted[0], "a": deadline.counted[1]},
            "spiegazione": self.told(deadline),
            "da_confermare": list(deadline.unsettled),
            "provvisorio": deadline.provisional,
        }


def progress(
    procedura: Procedura,
    happened: Happened,
    on: date,
    holidays: Container[date],
    follow: Callable[[Procedura, frozenset[str]], Effects] = step,
) -> Progress:
    """Return where a file stands on a day; `follow` may be another engine that gives the same Effects."""
    effects = follow(procedura, happened.facts(on))
    return Progress(procedura, happened, on, effects, clock(procedura, happened.events, on, holidays))


def progress_report(found: Progress) -> str:
    """Return it as a page of plain text, for the command line."""
    return "\n".join(_lines(found))


def _state(effects: Effects, name: str) -> str:
    if name in effects.closed:
        return "conclusa"
    return "aperta" if name in effects.fasi else "da_aprire"


# Sentences


def _told(procedura: Procedura, deadline: Deadline) -> Iterator[str]:
    if deadline.since is None:
        yield sentence("scadenze.waiting", {"event": procedura.eventi[deadline.termine.starts.text]})
        return
    start = {"since": show_day(deadline.since), "event": procedura.eventi[deadline.termine.starts.text]}
    days = " o ".join(map(str, deadline.days)) or sentence("scadenze.unknown", {})
    yield sentence("scadenze.started", {**start, "days": days})
    yield _end(deadline)
    yield from (_pause(procedura, pause) for pause in deadline.pauses)
    for note in deadline.notes:
        yield sentence(f"scadenze.{note.code}", dict(note.data))
    low, high = deadline.counted
    counted = str(low) if low == high else f"{low}–{high}"
    code = "taken" if deadline.stopped else "passed"
    stopped = show_day(deadline.stopped) if deadline.stopped else ""
    yield sentence(f"scadenze.{code}", {"stopped": stopped, "elapsed": str(deadline.elapsed), "counted": counted})
    if LATE in deadline.possible:
        yield sentence("scadenze.late", {"days": days, "elapsed": str(deadline.elapsed)})
    titles = "; ".join(procedura.parametri[name].titolo for name in deadline.unsettled)
    yield from [sentence("scadenze.open", {"titles": titles})] if titles else []
    yield _source(procedura, deadline.termine.fonte)


def _end(deadline: Deadline) -> str:
    assert deadline.soonest is not None
    first = show_day(deadline.soonest)
    if deadline.latest is None:
        return sentence("scadenze.end_open", {"first": first})
    last = show_day(deadline.latest)
    return sentence("scadenze.end" if first == last else "scadenze.end_range", {"first": first, "last": last})


def _pause(procedura: Procedura, pause: Pause) -> str:
    first = show_day(pause.soonest)
    data = {
        "name": pause.sospensione.name,
        "since": show_day(pause.since),
        "first": first,
        "fonte": pause.sospensione.fonte.show(dict(procedura.atti)),
    }
    if pause.latest is None:
        return sentence("scadenze.pause_open", data)
    last = show_day(pause.latest)
    return sentence("scadenze.pause" if first == last else "scadenze.pause_range", {**data, "last": last})


def _source(procedura: Procedura, fonte: Fonte) -> str:
    return f"{fonte.show(dict(procedura.atti))} — {fonte.stato}"


# The page


def _lines(found: Progress) -> Iterator[str]:
    procedura, effects = found.procedura, found.effects
    sheet = procedura.scheda
    yield sentence("scadenze.title", {"nome": sheet["nome"], "day": show_day(found.on)})
    version = {"since": show_day(procedura.since), "reason": sheet["motivo_versione"]}
    yield from _wrapped(sentence("scadenze.version", version), 0)
    yield from ("", sentence("scadenze.fasi", {}))
    for fase in procedura.fasi.values():
        state = sentence(f"scadenze.fase_{_state(effects, fase.name)}", {})
        yield from _wrapped(f"{state}: {fase.attivita}", 2)
        yield from _why(found, effects.fasi.get(fase.name, ()))
    yield from ("", sentence("scadenze.lettere", {}))
    for name, why in effects.lettere.items():
        yield from _wrapped(f"- {name.replace('_', ' ')}", 2)
        yield from _why(found, why)
    yield from [] if effects.lettere else _wrapped(sentence("scadenze.no_letter", {}), 2)
    yield from ("", sentence("scadenze.termini", {}))
    for deadline in found.deadlines:
        states = " / ".join(sentence(f"scadenze.{state}", {}) for state in deadline.possible)
        yield from _wrapped(f"{deadline.termine.titolo}: {states}", 2)
        for said in found.told(deadline):
            yield from _wrapped(said, 7)
    points = len(procedura.open_points)
    yield from ["", *_wrapped(sentence("scadenze.points", {"count": str(points)}), 0)] if points else []


def _why(found: Progress, names: Iterable[str]) -> list[str]:
    reasons = found.reasons(names)
    return _wrapped(sentence("scadenze.why", {"reasons": "; ".join(reasons)}), 7) if reasons else []


def _wrapped(text: str, indent: int) -> list[str]:
    margin = " " * indent
    return textwrap.wrap(text, WIDTH, initial_indent=margin, subsequent_indent=margin + "  " * bool(indent))
