"""What is seen from above: how many files and domande at each desk, and the chain of events; nobody's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi.responses import Response

from api.desk.archive import PRATICA
from api.desk.calls import Call
from api.desk.pratica import CLOSED, OPEN, PRESENTED
from api.desk.procedimenti import CLOSED as ENDED
from api.desk.procedimenti import GRANTED, PROCEDIMENTO, REFUSED, UNDER_WAY, WAITING
from api.desk.screens import Screens

#: Events on a page of the registry.
LINES = 100


@dataclass(frozen=True)
class OverallPages(Screens):
    """For the cabina di regia and for the revisore: no personal data."""

    def shown(self, call: Call) -> Response:
        """Show how many files there are at each desk, and where each service's domande are."""
        store, book = self.desk.archive.store, self.desk.edition.rulebook

        def count(kind: str, **where: str) -> int:
            return store.find(kind, where, limit=1).total

        files = [
            (title, [count(PRATICA, sportello=name, stato=stato) for stato in (OPEN, PRESENTED, CLOSED)])
            for name, title in self.desk.desks.items()
        ]
        states = (UNDER_WAY, WAITING, GRANTED, REFUSED, ENDED)
        asked = [
            (versions[-1].titolo, [count(PROCEDIMENTO, servizio=name, stato=stato) for stato in states])
            for name, versions in book.servizi.items()
            if versions
        ]
        values: dict[str, Any] = {"files": files, "asked": asked}
        return call.page("pratica/cabina.html", ente=self.ente, **values)

    def registry(self, call: Call) -> Response:
        """Show the events, the latest first, with the hash of each: ids only."""
        store = self.desk.archive.store
        last, _ = store.head()
        text = call.query.get("fino", "")
        end = min(int(text), last) if text.isascii() and text.isdecimal() and len(text) < 12 else last
        found = store.events(max(0, end - LINES), limit=LINES)
        shown = [one for one in reversed(found) if one.number <= end]
        before = shown[-1].number - 1 if shown else 0
        self.desk.archive.tell(call.who, "registro.letto", "", fino=str(end))
        return call.page("pratica/registro.html", ente=self.ente, events=shown, before=before, last=last)
