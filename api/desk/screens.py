"""Screens: what the pages of a file share: how one is rendered, how it is saved, what somebody must choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.responses import JSONResponse, Response

from api.desk.calls import REASON, Call, see
from api.desk.desk import Clashed, Desk, Saved
from api.desk.pratica import OPEN, Pratica, Reply, Texts, Values, campo_of, known
from api.identity.rights import rights
from api.pages import STEPS
from api.typed import TypedAnswers
from api.visit import Visit
from engine.campo import Campo
from engine.messages import sentence

#: Buttons of these pages, beside those of a visit.
SAVE, DRAFT, SAVED = "salva", "bozza", "salvata"
#: What a page of choices holds: what was typed, the choice for each control, the revision it was typed on.
NEW, CHOICE, THEIRS, CLASHING, BEGUN = "nuovo.", "scelta.", "altrui", "scontri", "revisione_prima"

#: What a page says of the one before, by what stands in its address.
NOTICES = {"1": "saved", "unita": "merged", "presentata": "presented", "fatto": "done", "trasferita": "moved"}


@dataclass(frozen=True)
class Screens:
    """The pages of the files at a desk."""

    desk: Desk

    @property
    def ente(self) -> Any:
        """The administration and the office."""
        return self.desk.rules.rulebook.ente

    def writable(self, call: Call) -> Pratica:
        """Return the file that somebody writes in; refuse if they may not."""
        return self.desk.pratica(call.who, call.path["pratica"], "pratica_scrivere")

    def saved(self, call: Call, pratica: Pratica, mine: Values, base: int | None = None) -> Saved | Response:
        """Save; or answer with what somebody must choose, or with the reason that is missing."""
        mine = self._own(call, pratica, mine)
        reason, (action, _) = call.first(REASON), call.action
        unlike = any(texts != pratica.values.get(name, ()) for name, texts in mine.items())
        if self.desk.needs_reason(pratica) and unlike and not reason:
            return self._why(call, pratica, mine, call.base if base is None else base)
        kind = DRAFT if action == DRAFT else SAVED
        begun = call.base if base is None else base
        saved = self.desk.save(call.who, pratica, begun, mine, reason, kind)
        return self._clash(call, saved, begun) if isinstance(saved, Clashed) else saved

    def judges(self, call: Call, pratica: Pratica) -> bool:
        """Whether somebody may answer the questions that are professional judgements."""
        return self.desk.allowed(call.who, "giudizio_dare", pratica.sportello)

    def _own(self, call: Call, pratica: Pratica, mine: Values) -> Values:
        """Return what somebody may write of what was sent: controls of a file, and judgements only by who may."""
        campi, judges = self.desk.edition.rulebook.law.campi, self.judges(call, pratica)
        there = {name: campo_of(campi, name) for name in mine if known(campi, name)}
        return {name: mine[name] for name, campo in there.items() if judges or campo is None or not campo.judgement}

    def choose(self, call: Call) -> Response:
        """Save what was chosen between two versions, or written with its reason."""
        pratica = self.writable(call)
        mine: dict[str, Texts] = {
            name.removeprefix(NEW): tuple(text for text in texts if text)
            for name, texts in call.typed.items()
            if name.startswith(NEW)
        }
        clashing, base = call.first(CLASHING).split(), None
        if clashing and all(call.first(f"{CHOICE}{name}") for name in clashing):
            mine = {name: texts for name, texts in mine.items() if call.first(f"{CHOICE}{name}") != THEIRS}
        else:
            base = call.revision(BEGUN)
        saved = self.saved(call, pratica, mine, base)
        return saved if isinstance(saved, Response) else see(f"/pratiche/{pratica.id}?salvata=1")

    def elsewhere(self, pratica: Pratica) -> list[str]:
        """Return the desks that have a file with the same codice fiscale: nothing else of it is said."""
        found = (next(iter(record.index["sportello"])) for record in self.desk.archive.elsewhere(pratica))
        return [self.desk.desks.get(name, name) for name in dict.fromkeys(found)]

    def _clash(self, call: Call, found: Clashed, begun: int) -> Response:
        """Show both versions of what two people have written; nothing is lost whichever is chosen."""
        if call.wants_json:
            return JSONResponse({"errore": sentence("pagine.clash", {})}, 409)
        pratica = found.pratica
        visit = self.desk.visit(pratica.values)
        mine = self.desk.visit({**pratica.values, **found.merge.values, **{c.control: c.mine for c in found.clashes}})
        lines = [
            {
                "control": clash.control,
                "question": question(visit.book.law.campi, clash.control),
                "mine": clash.mine,
                "mine_shown": shown(mine.reading, clash.control, clash.mine),
                "theirs_shown": shown(visit.reading, clash.control, clash.theirs),
                "who": self._author(pratica, clash.control),
                "chosen": call.first(f"{CHOICE}{clash.control}"),
            }
            for clash in found.clashes
        ]
        unchosen = {CHOICE: sentence("pagine.no_choice", {})} if call.first(CLASHING) else {}
        values = {"lines": lines, "kept": found.merge.values, "errors": unchosen, "begun": begun}
        values |= {"reason": call.first(REASON)}
        return self.page(call, "pratica/conflitto.html", pratica, visit, 409, **values)

    def _author(self, pratica: Pratica, control: str) -> str:
        reply = pratica.replies.get(control)
        return self.desk.name_of(reply.who) if reply else ""

    def _why(self, call: Call, pratica: Pratica, mine: Values, begun: int) -> Response:
        """Ask why what was submitted changes; what was typed waits in the page, with the revision it was typed on."""
        if call.wants_json:
            return JSONResponse({"errore": sentence("pagine.no_reason", {})}, 422)
        visit = self.desk.visit(pratica.values)
        mine = {name: texts for name, texts in mine.items() if texts != pratica.values.get(name, ())}
        errors = {REASON: sentence("pagine.no_reason", {})}
        lines = [question(visit.book.law.campi, name) for name in mine]
        values = {"kept": mine, "lines": lines, "errors": errors, "begun": begun}
        return self.page(call, "pratica/motivo.html", pratica, visit, 422, **values)

    def page(
        self, call: Call, name: str, pratica: Pratica, visit: Visit, status: int = 200, /, **values: Any
    ) -> Response:
        """Render a page of a file."""
        errors = values.get("errors") or {}
        shared = {
            "layout": "pratica/visita.html",
            "pratica": pratica,
            "visit": visit,
            "steps": STEPS,
            "step": 1,
            "errors": {},
            "titles": self.desk.desks,
            "name_of": self.desk.name_of,
            "needs_reason": self.desk.needs_reason(pratica),
            "writable": self.desk.allowed(call.who, "pratica_scrivere", pratica.sportello),
            "open": pratica.stato == OPEN,
            "carried": {},
            "judges": self.judges(call, pratica),
            "judged_by": _judged_by(),
        }
        status = 422 if errors and status == 200 else status
        return call.page(name, status, ente=self.ente, **{**shared, **values})


def draft_of(saved: Saved) -> Response:
    """Answer a script that has saved a draft: the revision it made, and what others have changed meanwhile."""
    return JSONResponse({"revisione": saved.pratica.revision, "altri": list(saved.theirs)})


def notice_of(call: Call) -> str:
    """Return what the page before has done, said once."""
    code = NOTICES.get(call.query.get(SAVED, ""))
    return sentence(f"pagine.{code}", {}) if code else ""


def question(campi: Mapping[str, Campo], control: str) -> str:
    """Return what a control asks, and of whom."""
    name, _, rest = control.partition(".")
    campo = campi.get(name)
    if campo is None:
        return sentence(f"pagine.of_{control.rpartition('.')[2]}", {})
    row, _, inner = rest.partition(".")
    if inner in campo.campi:
        return f"{campo.campi[inner].domanda} ({campo.voce} {row})"
    if inner:
        return f"{sentence(f'pagine.of_{inner}', {})} ({campo.voce} {row})"
    return campo.domanda if not row else f"{campo.domanda} ({row})"


def shown(reading: TypedAnswers, control: str, texts: Texts) -> str:
    """Return what a control holds as people read it."""
    return reading.understood.get(control) or "; ".join(texts) or sentence("pagine.nothing", {})


def _judged_by() -> str:
    """Return who may answer a question that is a professional judgement."""
    table = rights()
    roles = "; ".join(table.roles[ruolo] for ruolo in table.actions["giudizio_dare"].roles)
    return sentence("pagine.judged_by", {"roles": roles})


def names_of(replies: Mapping[str, Reply]) -> dict[str, str]:
    """Return the names of the people, by the start of their controls."""
    return {name.removesuffix("persona"): r.texts[0] for name, r in replies.items() if name.endswith(".persona")}
