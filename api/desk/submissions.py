"""The pages of what a family submits: the declaration to sign, the submission, its replay, its corrections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi.responses import Response
from starlette.exceptions import HTTPException

from api.desk.archive import Gone
from api.desk.calls import REASON, Call, see
from api.desk.desk import Desk
from api.desk.pratica import Pratica, Reply
from api.desk.presentazioni import CHANNELS, Presentazione, Submission, present, presentazione, presentazioni, replay
from api.desk.procedimenti import Procedimenti
from api.desk.screens import Screens, names_of, notice_of, question, shown
from api.results import result
from api.store.contract import Conflict
from api.typed import read_typed
from api.visit import Visit
from engine.messages import sentence
from engine.number import WrongValue
from engine.tipo import parse_day, show_day

#: What the page of a submission asks.
CHOSEN, PROTOCOL, DAY, CHANNEL, SIGNED = "servizi", "protocollo", "data_protocollo", "canale", "firmata"
#: A protocol number is short, and is shown as it was typed.
LONGEST = 60


@dataclass(frozen=True)
class SubmissionPages(Screens):
    """What is submitted, and what was."""

    procedimenti: Procedimenti

    def ask(self, call: Call) -> Response:
        """Show what is needed to submit a file, what is still missing, and what it would give."""
        pratica = self.desk.read(call.who, call.path["pratica"], "pratica_presentare")
        return self._ask(call, pratica, {})

    def _ask(self, call: Call, pratica: Pratica, errors: dict[str, str]) -> Response:
        visit = self.desk.visit(pratica.values)
        earlier = {one.servizio: one for one in presentazioni(self.desk.archive, pratica.id)}
        values = {
            "results": [result(evaluation) for evaluation in visit.evaluations],
            "channels": CHANNELS,
            "earlier": earlier,
            "faulty": [(name, question(visit.book.law.campi, name)) for name in visit.reading.errors],
            "chosen": call.typed.get(CHOSEN, []),
            "typed": {name: call.first(name) for name in (PROTOCOL, DAY, CHANNEL, SIGNED, REASON)},
            "errors": errors,
            "step": 4,
        }
        return self.page(call, "pratica/presenta.html", pratica, visit, **values)

    def submit(self, call: Call) -> Response:
        """Submit: what decided is pinned, and never changes again."""
        pratica = self.desk.pratica(call.who, call.path["pratica"], "pratica_presentare")
        visit, archive = self.desk.visit(pratica.values), self.desk.archive
        earlier = {one.servizio for one in presentazioni(archive, pratica.id)}
        chosen = [servizio.name for servizio in visit.offered if servizio.name in call.typed.get(CHOSEN, [])]
        errors, day = self._checked(call, visit, chosen, again=bool(earlier & {*chosen}))
        if call.base != pratica.revision:
            errors[CHOSEN] = sentence("pagine.changed_meanwhile", {})
        if errors or day is None:
            return self._ask(call, pratica, errors)
        for servizio in chosen:
            said = Submission(servizio, call.first(PROTOCOL), day, call.first(CHANNEL), call.first(REASON))
            try:
                present(archive, self.desk.edition, call.who, pratica, said, self.procedimenti.opened)
            except Conflict:
                return self._ask(call, archive.get(pratica.id), {CHOSEN: sentence("pagine.changed_meanwhile", {})})
            pratica = archive.get(pratica.id)
        return see(f"/pratiche/{pratica.id}?salvata=presentata")

    def _checked(
        self, call: Call, visit: Visit, chosen: list[str], *, again: bool
    ) -> tuple[dict[str, str], date | None]:
        """Return what stands in the way of a submission, by control, and the day of the protocol."""
        errors, day = dict[str, str](), None
        if not chosen:
            errors[CHOSEN] = sentence("pagine.none_chosen", {})
        if visit.reading.errors:
            errors[CHOSEN] = sentence("pagine.unreadable_answers", {"count": str(len(visit.reading.errors))})
        if not call.first(PROTOCOL) or len(call.first(PROTOCOL)) > LONGEST:
            errors[PROTOCOL] = sentence("pagine.no_protocol", {"limit": str(LONGEST)})
        try:
            day = parse_day(call.first(DAY))
        except WrongValue as wrong:
            errors[DAY] = str(wrong) if call.first(DAY) else sentence("pagine.no_protocol_day", {})
        if day and day > self.desk.today():
            errors[DAY] = sentence("pagine.protocol_ahead", {"day": show_day(day)})
        book = visit.book
        if day and (late := [name for name in chosen if book.at(name, day) is None]):
            titles = "; ".join(book.servizi[name][-1].titolo for name in late)
            errors.setdefault(DAY, sentence("pagine.not_in_force", {"titles": titles, "day": show_day(day)}))
        if call.first(CHANNEL) not in CHANNELS:
            errors[CHANNEL] = sentence("pagine.no_channel", {})
        if not call.first(SIGNED):
            errors[SIGNED] = sentence("pagine.not_signed", {})
        if again and not call.first(REASON):
            errors[REASON] = sentence("pagine.no_reason", {})
        return errors, day

    def declaration(self, call: Call) -> Response:
        """Show the declaration to print and sign, of the answers as they are now."""
        pratica = self.desk.read(call.who, call.path["pratica"])
        visit = self.desk.visit(pratica.values)
        more = {
            "lines": answered(self.desk, visit, pratica.replies),
            "presented": None,
            "today": show_day(self.desk.today()),
        }
        return self.page(call, "pratica/dichiarazione.html", pratica, visit, **more)

    # One submission

    def presented(self, call: Call) -> Response:
        """Show a submission as it was made, with the differences from the one it corrects."""
        pratica, found = self._found(call)
        visit = self._visit_of(found)
        one = result_of(found)
        before = [p for p in presentazioni(self.desk.archive, pratica.id) if p.servizio == found.servizio]
        last = next((p for p in before if p.number == found.number - 1), None)
        values = {
            "one": found,
            "decision": one,
            "lines": answered(self.desk, visit, found.replies),
            "differences": self._differences(last, found) if last else [],
            "latest": max(p.number for p in before) == found.number,
            "notice": notice_of(call),
        }
        return self.page(call, "pratica/presentazione.html", pratica, visit, **values)

    def replayed(self, call: Call) -> Response:
        """Decide a submission again, under the rules it is pinned to and under those of today, side by side."""
        pratica, found = self._found(call)
        again = replay(self.desk.archive, found, self.desk.edition, self.desk.today())
        values = {"one": found, "replay": again, "rows": _compared(again.then, again.today)}
        return self.page(call, "pratica/confronto.html", pratica, self._visit_of(found), **values)

    def _found(self, call: Call) -> tuple[Pratica, Presentazione]:
        pratica = self.desk.read(call.who, call.path["pratica"])
        try:
            found = presentazione(self.desk.archive, f"{pratica.id}.{call.path['presentazione']}")
        except Gone:
            found = None
        if found is None:
            raise HTTPException(404)
        return pratica, found

    def _visit_of(self, found: Presentazione) -> Visit:
        return self.desk.visit({name: reply.texts for name, reply in found.replies.items()})

    def _differences(self, old: Presentazione, new: Presentazione) -> list[dict[str, str]]:
        """Return what a correction changed, as people read it."""
        campi = self.desk.edition.rulebook.law.campi
        before, after = ({name: r.texts for name, r in one.replies.items()} for one in (old, new))
        readings = [read_typed(values, campi) for values in (before, after)]
        names = [name for name in dict.fromkeys((*before, *after)) if before.get(name) != after.get(name)]
        return [
            {
                "question": question(campi, name),
                "before": shown(readings[0], name, before.get(name, ())),
                "after": shown(readings[1], name, after.get(name, ())),
            }
            for name in names
            if not name.endswith(".righe")
        ]


def answered(desk: Desk, visit: Visit, replies: Mapping[str, Reply]) -> list[dict[str, Any]]:
    """Return every answer with its question, its proof, its documents and who wrote it."""
    campi, names, found = visit.book.law.campi, names_of(replies), []
    for name, reply in replies.items():
        if name.endswith((".righe", ".completo", ".motivazione")):
            continue
        first = campi.get(name.partition(".")[0])
        prova = reply.prova or (first.prova if first and first.tipo.name != "elenco" else "")
        line = {
            "question": question(campi, name),
            "value": shown(visit.reading, name, reply.texts),
            "prova": prova,
            "attached": reply.attached,
            "who": desk.name_of(reply.who),
            "at": reply.at,
            "whose": names.get(name.rpartition(".")[0] + ".", ""),
        }
        found.append(line)
    return found


def result_of(found: Presentazione) -> dict[str, Any]:
    """Return the decision that was pinned, with what the page of the outcome shows beside it."""
    return {**found.decision, "dal": found.document["versione"]}


def _compared(then: dict[str, Any], today: dict[str, Any] | None) -> list[dict[str, str]]:
    """Return each requisito with its value then and under today's rules."""
    sides = [{item["id"]: item for item in one["requisiti"]} if one else {} for one in (then, today)]
    return [
        {
            "titolo": (sides[0].get(name) or sides[1][name])["titolo"],
            "then": sides[0][name]["motivo"] if name in sides[0] else "",
            "now": sides[1][name]["motivo"] if name in sides[1] else "",
            "changed": "sì" if _value(sides[0], name) != _value(sides[1], name) else "",
        }
        for name in dict.fromkeys((*sides[0], *sides[1]))
    ]


def _value(side: dict[str, Any], name: str) -> str:
    return str(side[name]["valore"]) if name in side else ""
