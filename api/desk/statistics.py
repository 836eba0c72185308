"""Statistics for other systems: how many files and domande there are at each desk, and nothing about anybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.body import JSON_TYPE
from api.desk.archive import PRATICA
from api.desk.desk import Desk
from api.desk.pratica import STATES as OF_FILES
from api.desk.procedimenti import PROCEDIMENTO
from api.desk.procedimenti import STATES as OF_DOMANDE
from api.identity.person import Person
from api.identity.visitor import signed_in
from api.refusal import Refusal, written


@dataclass(frozen=True)
class Statistics:
    """What is counted of the files of a desk."""

    desk: Desk

    async def answer(self, request: Request) -> Response:
        """Answer another system; who asked is written down."""
        if request.url.query:
            raise Refusal("unknown_parameter", name=next(iter(request.query_params), ""), names="-")
        return Response(written(await run_in_threadpool(self.told, signed_in())), media_type=JSON_TYPE)

    def told(self, who: Person) -> dict[str, Any]:
        """Return the counts, and write that somebody has read them."""
        self.desk.archive.tell(who, "statistiche.lette", "")
        desks = [self._of(name, title) for name, title in self.desk.desks.items()]
        return {"al": self.desk.today().isoformat(), "sportelli": desks}

    def _of(self, desk: str, title: str) -> dict[str, Any]:
        asked = {
            name: self._counts(PROCEDIMENTO, OF_DOMANDE, sportello=desk, servizio=name)
            for name in self.desk.edition.rulebook.servizi
        }
        return {
            "sportello": desk,
            "titolo": title,
            "pratiche": self._counts(PRATICA, OF_FILES, sportello=desk),
            "servizi": [{"servizio": name, "domande": counts} for name, counts in asked.items() if counts],
        }

    def _counts(self, kind: str, states: tuple[str, ...], **where: str) -> dict[str, int]:
        """Return how many there are in each state; those without any are left out."""
        store = self.desk.archive.store
        if not store.find(kind, where, limit=1).total:
            return {}
        found = {stato: store.find(kind, {**where, "stato": stato}, limit=1).total for stato in states}
        return {stato: count for stato, count in found.items() if count}
