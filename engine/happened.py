"""Happened: what is known of a file, as JSON tells it: its events with their days, and the states from outside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from engine.answers import Mistake, WrongAnswers
from engine.clock import Happening
from engine.messages import sentence, shown_json
from engine.number import WrongValue
from engine.problem import suggestion
from engine.procedura import STATES, Procedura, canonical
from engine.tipo import Tipo

PARTS = ("eventi", "stati")
DAY = Tipo("data")


@dataclass(frozen=True, slots=True)
class Happened:
    """The events of a file, and what its evaluation says of it."""

    events: tuple[Happening, ...] = ()
    states: frozenset[str] = frozenset()

    def facts(self, today: date) -> frozenset[str]:
        """Return the names of what has happened until a day, with the states."""
        return self.states | {each.evento for each in self.events if each.day <= today}


def read_happened(data: object, procedura: Procedura) -> Happened:
    """Read `{"eventi": [{"evento": …, "giorno": …}], "stati": […]}`; raise WrongAnswers with all that is wrong."""
    if not isinstance(data, dict):
        raise WrongAnswers([_mistake("", "object", data)])
    mistakes = [_mistake(f"/{key}", "part", key) for key in data if key not in PARTS]
    lists = {part: data.get(part, []) for part in PARTS}
    mistakes += [_mistake(f"/{part}", "list", found) for part, found in lists.items() if not isinstance(found, list)]
    if mistakes:
        raise WrongAnswers(mistakes)
    events = tuple(_events(lists["eventi"], procedura, mistakes))
    states = frozenset(_states(lists["stati"], mistakes))
    if mistakes:
        raise WrongAnswers(mistakes)
    return Happened(events, states)


def _events(listed: list[object], procedura: Procedura, mistakes: list[Mistake]) -> Iterator[Happening]:
    for index, each in enumerate(listed):
        if not isinstance(each, dict) or set(each) != {"evento", "giorno"}:
            mistakes.append(_mistake(f"/eventi/{index}", "event", each))
            continue
        name = each["evento"]
        if not isinstance(name, str) or name not in procedura.eventi:
            hint = suggestion(str(name), procedura.eventi)
            mistakes.append(_mistake(f"/eventi/{index}/evento", "unknown_event", name, hint=hint))
        try:
            day = DAY.from_json(each["giorno"])
        except WrongValue as wrong:
            mistakes.append(Mistake(f"/eventi/{index}/giorno", str(wrong), each["giorno"]))
            continue
        assert isinstance(day, int)
        yield Happening(date.fromordinal(day), str(name))


def _states(listed: list[object], mistakes: list[Mistake]) -> Iterator[str]:
    known = [canonical(state) for state in STATES]
    for index, each in enumerate(listed):
        if each in known:
            yield str(each)
        else:
            hint = suggestion(str(each), known)
            mistakes.append(_mistake(f"/stati/{index}", "unknown_state", each, hint=hint, known=", ".join(known)))


def _mistake(pointer: str, code: str, received: object, **data: str) -> Mistake:
    return Mistake(pointer, sentence(f"avvenuto.{code}", {"value": shown_json(received), **data}), received)
