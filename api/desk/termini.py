"""Termini: the rows of the deadlines in the store: ids and days only, right on every day that follows.

What goes by by itself (a day that is over) is worked out when a row is read. What a day changes in a row (a sospensione
that ends, a window that closes) has its day in a row of its own, so that who reads finds the few that have come.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from api.store.contract import Put, Record, Store
from engine.clock import EXPIRED, OPEN, RUNNING, SUSPENDED, Deadline

Json = dict[str, Any]
#: A deadline, and the day on which those of a procedimento change by themselves.
DEADLINE, CHANGING = "termine", "cambio"
#: Where a deadline is: the office must act, the office waits for the family, nothing more to do.
DUE, WAITS, OVER = "aperto", "attesa", "concluso"
#: Far enough for a deadline whose end nobody knows: it comes last in the agenda.
UNKNOWN_END = "9999-12-31"
ONE = timedelta(days=1)
#: Rows of one procedimento: far more than any procedura has.
MOST = 200


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose deadlines they are, which of them are windows of the family, whether the domanda is decided or closed."""

    procedimento: str
    pratica: str
    servizio: str
    sportello: str
    windows: Collection[str]
    decided: bool
    closed: bool

    @property
    def index(self) -> dict[str, list[str]]:
        """What all its rows are found by."""
        return {
            "procedimento": [self.procedimento],
            "pratica": [self.pratica],
            "servizio": [self.servizio],
            "sportello": [self.sportello],
        }

    def place(self, deadline: Deadline, today: date) -> str:
        """Return where a deadline is."""
        window = deadline.termine.name in self.windows
        gone = deadline.latest is not None and today > deadline.latest
        if self.closed or deadline.stopped is not None or (window and (self.decided or gone)):
            return OVER
        return WAITS if window or deadline.possible == (SUSPENDED,) else DUE


def puts(store: Store, whose: Whose, deadlines: Sequence[Deadline], today: date) -> list[Put]:
    """Return what brings the rows of a procedimento to what they are today; rows that stay as they are are left."""
    last = {one.termine.name: one for one in deadlines if one.since is not None}
    wanted = {f"{whose.procedimento}.{name}": _row(whose, one, today) for name, one in last.items()}
    where = {"procedimento": whose.procedimento}
    kept = {one.id: one for one in store.find(DEADLINE, where, limit=MOST).records}
    found = [_put(DEADLINE, id_, kept.get(id_), *row) for id_, row in wanted.items() if _differs(kept.get(id_), row)]
    found += [Put(DEADLINE, id_, one.revision, None) for id_, one in kept.items() if id_ not in wanted]
    open_ = [one for one in last.values() if whose.place(one, today) != OVER]
    day, old = changes_on(open_, whose.windows, today), store.get(CHANGING, whose.procedimento)
    if day is not None and (old is None or old.order != day.isoformat()):
        found.append(_put(CHANGING, whose.procedimento, old, {}, {}, day.isoformat()))
    if day is None and old is not None:
        found.append(Put(CHANGING, old.id, old.revision, None))
    return found


def changes_on(deadlines: Sequence[Deadline], windows: Collection[str], today: date) -> date | None:
    """Return the next day on which a row is not what it is today, if nothing happens before."""
    days = set[date | None]()
    for one in deadlines:
        ends = [one.soonest, one.latest] if one.termine.name in windows else []
        days |= {end + ONE for end in ends if end}
        days |= {day for pause in one.pauses for day in (pause.soonest, pause.latest)}
    return min((day for day in days if day is not None and day > today), default=None)


def forgotten(store: Store, procedimento: str) -> Iterator[Put]:
    """Yield what removes the rows of a procedimento that nobody can read any more."""
    found = store.find(DEADLINE, {"procedimento": procedimento}, limit=MOST).records
    changing = store.get(CHANGING, procedimento)
    yield from (Put(one.kind, one.id, one.revision, None) for one in (*found, *([changing] if changing else [])))


def state_on(document: Mapping[str, Any], today: date) -> str:
    """Return the state of a row on the day on which it is read."""
    if document["stato"] not in (RUNNING, OPEN, EXPIRED):
        return str(document["stato"])
    soonest, latest = document["fine"], document["al_piu_tardi"]
    if latest and today.isoformat() > latest:
        return EXPIRED
    return OPEN if soonest and today.isoformat() > soonest else RUNNING


Row = tuple[Json, dict[str, list[str]], str]


def _row(whose: Whose, one: Deadline, today: date) -> Row:
    place = whose.place(one, today)
    pauses = [pause for pause in one.pauses if pause.since <= today and (pause.latest is None or pause.latest > today)]
    document = {
        "termine": one.termine.name,
        "titolo": one.termine.titolo,
        "stato": one.state,
        "dal": _day(one.since),
        "fine": _day(one.soonest) if place != WAITS or one.termine.name in whose.windows else None,
        "al_piu_tardi": _day(one.latest),
        "giorni": list(one.days),
        "da_confermare": list(one.unsettled),
        "sospensioni": [
            {"nome": p.sospensione.name, "dal": _day(p.since), "fino": _day(p.latest)}
            for p in (pauses if place == WAITS else [])
        ],
        "finestra": one.termine.name in whose.windows,
    }
    index = {**whose.index, "stato": [place], "elenco": [place, f"{place} {whose.sportello}"]}
    waits_until = min((p.latest for p in pauses if p.latest), default=None)
    order = one.soonest if place != WAITS or document["finestra"] else waits_until
    return document, index, _day(order) or UNKNOWN_END


def _put(kind: str, id_: str, old: Record | None, document: Json, index: dict[str, list[str]], order: str) -> Put:
    return Put(kind, id_, old.revision if old else 0, document, index, order)


def _differs(old: Record | None, row: Row) -> bool:
    if old is None:
        return True
    index = {name: list(values) for name, values in old.index.items()}
    return (dict(old.document), index, old.order) != row


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None
