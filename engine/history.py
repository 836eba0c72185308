"""History: the parametri of a service through time, each value with its days and its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from engine.answers import Answers
from engine.atto import Atto, Fonte
from engine.parametro import Parametro, Period
from engine.phrase import Phrases
from engine.plain import Plain
from engine.servizio import Servizio

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A value of a parametro with the days on which it is in force; exactly one of `value` and `table`."""

    parametro: Parametro
    period: Period
    until: date | None
    value: str
    table: Json | None

    @property
    def uncertain(self) -> bool:
        """Whether the law leaves more than one value possible."""
        results = (self.period.alternatives, *self.period.results)
        return self.period.unknown or any(len(found) > 1 for found in results)

    def as_json(self, atti: Mapping[str, Atto]) -> Json:
        """Return the row for other systems."""
        shown = {"tabella": self.table} if self.table is not None else {"valore": self.value}
        days = {"dal": self.period.since.isoformat(), "fino_al": self.until.isoformat() if self.until else None}
        return {**days, **shown, "aperto": self.uncertain, **sourced(self.period.fonte, atti)}


def sourced(fonte: Fonte, atti: Mapping[str, Atto]) -> Json:
    """Return a fonte as people read it, with each of its citations, its stato and where it was seen."""
    cited = [
        {"atto": c.atto, "articolo": c.articolo, "comma": c.comma, "testo": c.show(dict(atti))} for c in fonte.citations
    ]
    return {
        "fonte": fonte.show(dict(atti)),
        "citazioni": cited,
        "stato": fonte.stato,
        "riscontro": fonte.riscontro,
    }


def history(servizio: Servizio) -> dict[str, tuple[Row, ...]]:
    """Return the values of every parametro that a version uses, by name, from the oldest."""
    return {name: _rows(servizio, parametro) for name, parametro in servizio.parametri.items()}


def row_of(servizio: Servizio, name: str, on: date) -> Row:
    """Return the value of a parametro in force on a day."""
    period = servizio.period(name, on)
    return next(row for row in _rows(servizio, servizio.parametri[name]) if row.period is period)


def _rows(servizio: Servizio, parametro: Parametro) -> tuple[Row, ...]:
    rows = []
    for period, following in pairwise([*parametro.periods, None]):
        assert period is not None
        until = following.since - timedelta(days=1) if following else None
        phrases = Phrases(Plain(servizio, period.since, Answers()))
        if period.tabella is None:
            rows.append(Row(parametro, period, until, phrases.parametro(parametro.name), None))
        else:
            table = phrases.table(servizio.tables[parametro.name, period.since], parametro.name)
            rows.append(Row(parametro, period, until, "", table))
    return tuple(rows)
