"""The page of the Piano Individualizzato: saved at any moment, every version with who wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi.responses import Response
from starlette.exceptions import HTTPException

from api.desk.calls import Call, see
from api.desk.piano import AREAS, LISTS, Version, typed_plan, unreadable, version, versions
from api.desk.pratica import Pratica
from api.desk.procedimenti import CLOSED, Procedimenti, Procedimento
from api.desk.screens import Screens, notice_of
from api.store.contract import Conflict
from engine.messages import sentence


@dataclass(frozen=True)
class PlanPages(Screens):
    """The plan of one procedimento."""

    procedimenti: Procedimenti

    def shown(self, call: Call) -> Response:
        """Show the plan, or one of its versions."""
        pratica = self.desk.read(call.who, call.path["pratica"], "procedimento_leggere")
        found, asked = self._procedimento(call, pratica), call.query.get("versione", "")
        if not asked:
            return self._shown(call, pratica, found, found.data.get("piano", {}))
        old = next((one for one in versions(self.desk.archive, found) if str(one.number) == asked), None)
        if old is None:
            raise HTTPException(404)
        return self._shown(call, pratica, found, old.plan, old=old)

    def save(self, call: Call) -> Response:
        """Save the plan, whatever is in it, as a version of its own."""
        pratica = self.desk.pratica(call.who, call.path["pratica"], "piano_scrivere")
        found, plan = self._procedimento(call, pratica), typed_plan(call.first)
        wrong = "decidere.closed" if found.stato == CLOSED else ""
        if call.base != found.revision:
            wrong = "pagine.changed_meanwhile"
        if not wrong and plan != found.data.get("piano"):
            put = version(self.desk.archive, pratica, found, plan, call.who)
            try:
                self.procedimenti.save(call.who, found.with_(piano=plan), pratica.sportello, "piano", [put])
            except Conflict:
                wrong = "pagine.changed_meanwhile"
        if wrong:
            return self._shown(call, pratica, self._procedimento(call, pratica), plan, sentence(wrong, {}))
        return see(f"/pratiche/{pratica.id}/procedimenti/{found.key}/piano?salvata=1")

    def _procedimento(self, call: Call, pratica: Pratica) -> Procedimento:
        found = self.procedimenti.get(f"{pratica.id}.{call.path['servizio']}")
        if found is None:
            raise HTTPException(404)
        return found

    def _shown(
        self,
        call: Call,
        pratica: Pratica,
        found: Procedimento,
        plan: dict[str, Any],
        wrong: str = "",
        old: Version | None = None,
    ) -> Response:
        may_write = self.desk.allowed(call.who, "piano_scrivere", pratica.sportello)
        values: dict[str, Any] = {
            "procedimento": found,
            "areas": AREAS,
            "lists": {name: most for name, (_, most) in LISTS.items()},
            "plan": plan,
            "old": old,
            "versions": versions(self.desk.archive, found),
            "unreadable": unreadable(plan),
            "errors": {"piano": wrong} if wrong else {},
            "notice": notice_of(call),
            "may_write": may_write and old is None and found.stato != CLOSED,
        }
        return self.page(call, "pratica/piano.html", pratica, self.desk.visit(pratica.values), **values)
