"""The pages of what happened to a file: its changes, who read it, its proofs and documents, its moves between desks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from fastapi.responses import Response

from api.desk.calls import REASON, Call, see
from api.desk.pratica import Attached, Pratica
from api.desk.procedimenti import Procedimenti
from api.desk.screens import Screens, notice_of, question, shown
from api.store.contract import Chained, Conflict
from api.typed import read_typed
from engine.messages import SENTENCES, sentence
from engine.number import WrongValue
from engine.tipo import parse_day

#: How an answer may be proved, in the words of the vocabulary.
PROOFS = ("acquisito d'ufficio", "autocertificazione art. 46", "atto notorio art. 47", "documento tecnico")
PROOF, REFERENCE, DATE = "prova.", "riferimento.", "data."
#: Documents beside one answer.
DOCUMENTS = 5
#: Lines of a page of events.
LINES = 200


@dataclass(frozen=True)
class RecordPages(Screens):
    """What happened to a file."""

    procedimenti: Procedimenti

    def history(self, call: Call) -> Response:
        """Show every change: who, when, why, and what each answer was before and after."""
        pratica = self.desk.read(call.who, call.path["pratica"])
        campi = self.desk.edition.rulebook.law.campi
        lines = []
        for change in reversed(self.desk.archive.changes(pratica.id)):
            sides = [read_typed(values, campi) for values in (change.before, change.after)]
            rows = [
                {
                    "question": question(campi, name),
                    "before": shown(sides[0], name, change.before[name]),
                    "after": shown(sides[1], name, texts),
                }
                for name, texts in change.after.items()
                if not name.endswith(".righe")
            ]
            lines.append({"change": change, "who": self.desk.name_of(change.who), "rows": rows})
        visit = self.desk.visit(pratica.values)
        return self.page(call, "pratica/storia.html", pratica, visit, lines=lines)

    def accesses(self, call: Call) -> Response:
        """Show who has read or written the file, and when: what its people may ask to know."""
        pratica = self.desk.read(call.who, call.path["pratica"], "pratica_accessi")
        found: list[Chained] = []
        while True:
            after = found[-1].number if found else 0
            more = self.desk.archive.store.events(after, about=pratica.id, limit=LINES)
            found += more
            if len(more) < LINES:
                break
        lines = [
            {
                "at": one.event.at,
                "who": self.desk.name_of(one.event.who),
                "what": SENTENCES.get(f"eventi.{one.event.action.replace('.', '_')}", one.event.action),
            }
            for one in found
        ]
        visit = self.desk.visit(pratica.values)
        return self.page(call, "pratica/accessi.html", pratica, visit, lines=lines, layout="pratica/visita.html")

    # Proofs and documents

    def proofs(self, call: Call) -> Response:
        """Show how each answer is proved, and the documents beside it."""
        pratica = self.desk.read(call.who, call.path["pratica"])
        return self._proofs(call, pratica, {})

    def _proofs(self, call: Call, pratica: Pratica, errors: dict[str, str]) -> Response:
        visit = self.desk.visit(pratica.values)
        campi = visit.book.law.campi
        answered = [name for name in campi if name in pratica.replies]
        values = {"answered": answered, "campi": campi, "proofs": PROOFS, "errors": errors, "typed": call.typed}
        more = {"notice": notice_of(call), "most": DOCUMENTS, "step": 2}
        return self.page(call, "pratica/prove.html", pratica, visit, **values, **more)

    def save_proofs(self, call: Call) -> Response:
        """Save how answers are proved; a document has at least its reference and its date."""
        pratica = self.writable(call)
        new, errors = pratica, dict[str, str]()
        for name in pratica.replies:
            if f"{PROOF}{name}" not in call.typed:
                continue
            prova = call.first(f"{PROOF}{name}")
            attached = self._attached(call, name, errors)
            new = new.proved(name, prova if prova in PROOFS else "", attached)
        if self.desk.needs_reason(pratica) and new != pratica and not call.first(REASON):
            errors[REASON] = sentence("pagine.no_reason", {})
        if call.base != pratica.revision:
            errors["prove"] = sentence("pagine.changed_meanwhile", {})
        if errors:
            return self._proofs(call, pratica, errors)
        if new != pratica:
            try:
                self.desk.archive.replace(call.who, pratica, new, {}, call.first(REASON), "prove")
            except Conflict:
                return self._proofs(call, pratica, {"prove": sentence("pagine.changed_meanwhile", {})})
        return see(f"/pratiche/{pratica.id}/prove?salvata=1")

    def _attached(self, call: Call, name: str, errors: dict[str, str]) -> list[Attached]:
        found = []
        pairs = zip(call.typed.get(f"{REFERENCE}{name}", []), call.typed.get(f"{DATE}{name}", []), strict=False)
        for number, (reference, day) in enumerate(pairs):
            reference, day = reference.strip(), day.strip()
            if not reference and not day:
                continue
            if not reference:
                errors[f"{REFERENCE}{name}.{number}"] = sentence("pagine.no_reference", {})
            try:
                parse_day(day)
            except WrongValue as wrong:
                errors[f"{DATE}{name}.{number}"] = str(wrong)
            found.append(Attached(reference, day))
        return found[:DOCUMENTS]

    # Another desk

    def transfer(self, call: Call) -> Response:
        """Ask to which desk the file goes, and why."""
        pratica = self.desk.read(call.who, call.path["pratica"], "pratica_trasferire")
        return self._transfer(call, pratica, {})

    def _transfer(self, call: Call, pratica: Pratica, errors: dict[str, str]) -> Response:
        visit = self.desk.visit(pratica.values)
        there = {name: title for name, title in self.desk.desks.items() if name != pratica.sportello}
        advised = visit.route.as_json() if visit.route else None
        values: dict[str, Any] = {"there": there, "errors": errors, "advised": advised, "typed": call.typed}
        return self.page(call, "pratica/trasferisci.html", pratica, visit, **values)

    def move(self, call: Call) -> Response:
        """Give the file to another desk: from then on it is theirs."""
        pratica = self.desk.pratica(call.who, call.path["pratica"], "pratica_trasferire")
        desk, reason = call.first("sportello"), call.first("ragione")
        errors = {}
        if desk not in self.desk.desks or desk == pratica.sportello:
            errors["sportello"] = sentence("pagine.no_desk", {})
        if not reason:
            errors["ragione"] = sentence("pagine.no_transfer_reason", {})
        if errors:
            return self._transfer(call, pratica, errors)
        try:
            moved = [
                self.procedimenti.written(call.who, found, desk, "trasferito")
                for found in self.procedimenti.of(pratica.id)
            ]
            also = [put for puts, _ in moved for put in puts], [event for _, events in moved for event in events]
            there = replace(pratica, sportello=desk)
            self.desk.archive.replace(call.who, pratica, there, {}, reason, "trasferita", also)
        except Conflict:
            return self._transfer(call, pratica, {"sportello": sentence("pagine.changed_meanwhile", {})})
        return see("/pratiche?salvata=trasferita")
