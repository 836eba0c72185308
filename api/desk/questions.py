"""The pages of the questions of a file, the summary and the outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fastapi.responses import Response

from api.desk.calls import Call, see
from api.desk.desk import Saved
from api.desk.pratica import Pratica, covered
from api.desk.screens import SAVE, Screens, draft_of, names_of, notice_of
from api.results import result
from api.sheets import GENERAL, Sheet
from api.typed import NONE, REASON, ROWS, controls, with_row, without_row
from api.visit import ADD, BACK, BEFORE, REMOVE, SHOWN, SUMMARY, Visit
from engine.messages import sentence


@dataclass(frozen=True)
class QuestionPages(Screens):
    """What is asked of the family, one sheet at a time; every page saves what it holds."""

    def first_sheet(self, call: Call) -> Response:
        """Go to the first page with something to ask."""
        pratica = self.desk.pratica(call.who, call.path["pratica"], "pratica_leggere")
        sheet = self.desk.visit(pratica.values).after("")
        return see(f"/pratiche/{pratica.id}/" + (f"domande/{sheet.key}" if sheet else SUMMARY))

    def sheet(self, call: Call) -> Response:
        """Show a page of questions."""
        pratica = self.desk.read(call.who, call.path["pratica"])
        visit = self.desk.visit(pratica.values)
        sheet = visit.sheet(call.path["pagina"])
        if sheet is None:
            return self.first_sheet(call)
        return self._sheet(call, pratica, visit, sheet, notice=notice_of(call), back=call.query.get(BACK, ""))

    def save_sheet(self, call: Call) -> Response:
        """Save a page of questions, whatever is in it; then where the button leads."""
        pratica = self.writable(call)
        campi = self.desk.edition.rulebook.law.campi
        mine = covered(call.first(SHOWN).split(), campi, call.typed)
        action, rest = call.action
        elenco, _, row = rest.partition(":")
        if action == ADD and elenco in campi:
            mine[f"{elenco}.{ROWS}"] = (with_row(call.typed, elenco),)
        if action == REMOVE and elenco in campi:
            mine |= {name: () for name in pratica.values if name.startswith(f"{elenco}.{row}.")}
            mine = {name: () if name.startswith(f"{elenco}.{row}.") else texts for name, texts in mine.items()}
            mine[f"{elenco}.{ROWS}"] = (without_row(call.typed, elenco, row),)
        saved = self.saved(call, pratica, mine)
        if isinstance(saved, Response):
            return saved
        if call.wants_json:
            return draft_of(saved)
        return self._onward(call, saved)

    def _onward(self, call: Call, saved: Saved) -> Response:
        """Answer what was saved: the next page, or this one again with what is wrong or has become worth asking."""
        pratica, (action, rest) = saved.pratica, call.action
        visit, home = self.desk.visit(pratica.values), f"/pratiche/{pratica.id}"
        sheet = visit.sheet(call.path["pagina"])
        if sheet is None:
            return self.first_sheet(call)
        back = call.first(BACK)
        if action in (ADD, REMOVE):
            return self._members(call, pratica, visit, sheet, rest)
        if action == SAVE:
            return see(f"{home}/domande/{sheet.key}?salvata={'unita' if saved.theirs else '1'}")
        if action == BEFORE:
            before = visit.before(sheet.key)
            return see(f"{home}/domande/{before.key}" if before else f"{home}/persone")
        if errors := {**visit.errors(sheet), **self._unmotivated(call, pratica, visit, sheet)}:
            return self._sheet(call, pratica, visit, sheet, errors, back=back)
        if fresh := tuple(n for n in visit.visible(sheet) if n not in call.first(SHOWN).split() and n in visit.useful):
            notice = sentence("pagine.appeared", {})
            return self._sheet(call, pratica, visit, sheet, notice=notice, fresh=fresh, back=back)
        following = None if action == SUMMARY or back else visit.after(sheet.key)
        return see(f"{home}/domande/{following.key}" if following else f"{home}/{SUMMARY}")

    def _unmotivated(self, call: Call, pratica: Pratica, visit: Visit, sheet: Sheet) -> dict[str, str]:
        """Return the judgements of a sheet that were given without their motivation, to those who may write it."""
        campi, reading, found = visit.book.law.campi, visit.reading, {}
        for control in controls({name: campi[name] for name in visit.visible(sheet)}, visit.typed):
            answered = control.removesuffix(f".{REASON}")
            if answered != control and reading.text(answered).strip() and not reading.text(control).strip():
                found[control] = sentence("pagine.no_motivation", {})
        return found if self.judges(call, pratica) else {}

    def _members(self, call: Call, pratica: Pratica, visit: Visit, sheet: Sheet, rest: str) -> Response:
        elenco, _, row = rest.partition(":")
        action, _ = call.action
        rows, campo = visit.reading.rows(elenco), visit.book.law.campi.get(elenco)
        if action == ADD and rows and campo:
            notice = sentence("pagine.added", {"voce": campo.voce, "row": rows[-1]})
            return self._sheet(call, pratica, visit, sheet, notice=notice, focus=f"{elenco}.{rows[-1]}")
        notice = sentence("pagine.removed", {"voce": campo.voce, "row": row}) if campo else ""
        return self._sheet(call, pratica, visit, sheet, notice=notice)

    def _sheet(
        self,
        call: Call,
        pratica: Pratica,
        visit: Visit,
        sheet: Sheet,
        errors: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Response:
        unmotivated = self._unmotivated(call, pratica, visit, sheet)
        reading = replace(visit.reading, errors={**visit.reading.errors, **unmotivated})
        texts = {"notice": "", "fresh": (), "focus": "", "back": "", **more}
        step = 1 if sheet.step == GENERAL else 2
        values = {
            "sheet": sheet,
            "reading": reading,
            "shown": visit.visible(sheet),
            "nothing": NONE,
            "step": step,
            "names": names_of(pratica.replies),
        }
        return self.page(call, "domande.html", pratica, visit, errors=errors or {}, **values, **texts)

    # Summary and outcome

    def summary(self, call: Call) -> Response:
        """Show every answer, before it is submitted."""
        pratica = self.desk.read(call.who, call.path["pratica"])
        visit = self.desk.visit(pratica.values)
        return self.page(call, "riepilogo.html", pratica, visit, step=3, errors={}, wrong=visit.reading.errors)

    def outcome(self, call: Call) -> Response:
        """Show what the rules say of every service."""
        pratica = self.desk.read(call.who, call.path["pratica"])
        visit = self.desk.visit(pratica.values)
        desk = visit.route.as_json() if visit.route else None
        results = [result(evaluation) for evaluation in visit.evaluations]
        return self.page(call, "esito.html", pratica, visit, step=4, errors={}, results=results, desk=desk)
