"""The page of the people of a file: who asks, and who lives with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi.responses import Response

from api.desk.calls import Call, see
from api.desk.pratica import DAY, PERSON, Pratica, Texts, Values, people, people_controls
from api.desk.screens import SAVE, Screens, draft_of, notice_of
from api.typed import ROWS, with_row, without_row
from api.visit import ADD, REMOVE
from engine.messages import sentence
from engine.number import WrongValue
from engine.tipo import Tipo, parse_day

#: What this page checks as it is typed, by the last part of the control.
CHECKED = {"codice_fiscale": Tipo("codice fiscale"), "nascita": Tipo("data")}


@dataclass(frozen=True)
class PeoplePages(Screens):
    """Who asks, and the people of the nucleo."""

    def shown(self, call: Call) -> Response:
        """Show who asks, and the people of the nucleo."""
        pratica = self.desk.read(call.who, call.path["pratica"])
        return self._people(call, pratica, pratica.values, {})

    def _people(
        self,
        call: Call,
        pratica: Pratica,
        values: Values,
        errors: Mapping[str, str],
        *,
        notice: str = "",
        focus: str = "",
    ) -> Response:
        visit = self.desk.visit(values)
        more = {
            "errors": errors,
            "values": {name: next(iter(texts), "") for name, texts in values.items()},
            "rows": [*people(visit.book.law.campi, values)],
            "elenchi": [c for c in visit.book.law.campi.values() if c.tipo.name == "elenco" and c.voce == PERSON],
            "notice": notice or notice_of(call),
            "focus": focus,
            "elsewhere": self.elsewhere(pratica),
        }
        return self.page(call, "pratica/persone.html", pratica, visit, **more)

    def save(self, call: Call) -> Response:
        """Save who the people are; then where the button leads."""
        pratica = self.writable(call)
        campi = self.desk.edition.rulebook.law.campi
        names = [*people_controls(campi, call.typed), DAY]
        mine: dict[str, Texts] = {
            name: tuple(text.strip() for text in call.typed[name] if text.strip())
            for name in names
            if name in call.typed  # what did not arrive stays as it is
        }
        action, rest = call.action
        elenco, _, row = rest.partition(":")
        notice = focus = ""
        if action == ADD and elenco in campi:
            mine[f"{elenco}.{ROWS}"] = (with_row({**pratica.values, **mine}, elenco),)
        if action == REMOVE and elenco in campi:
            taken = {name for name in (*pratica.values, *mine) if name.startswith(f"{elenco}.{row}.")}
            mine |= {**dict.fromkeys(taken, ()), f"{elenco}.{ROWS}": (without_row(mine, elenco, row),)}
            notice = sentence("pagine.removed", {"voce": campi[elenco].voce, "row": row})
        saved = self.saved(call, pratica, mine)
        if isinstance(saved, Response):
            return saved
        if call.wants_json:
            return draft_of(saved)
        wrong = _wrong_people(saved.pratica.values)
        # What was already so is not said twice: a code that nobody can put right must not stop the work.
        errors = wrong if action == SAVE or wrong != _wrong_people(pratica.values) else {}
        if action in (ADD, REMOVE) or action in (SAVE, "") or errors:
            rows = [number for _, number in people(campi, saved.pratica.values)]
            focus = f"{elenco}.{rows[-1]}" if action == ADD and rows else ""
            shown = {} if action in (ADD, REMOVE) else errors
            if action in (SAVE, "") and not errors:
                return see(f"/pratiche/{pratica.id}/persone?salvata=1")
            return self._people(call, saved.pratica, saved.pratica.values, shown, notice=notice, focus=focus)
        return see(f"/pratiche/{pratica.id}/domande")


def _wrong_people(values: Values) -> dict[str, str]:
    """Return what cannot be read about the people, by control; it is kept all the same."""
    found = {}
    for name, texts in values.items():
        tipo = CHECKED.get(name.rpartition(".")[2])
        if tipo and texts and (name.startswith("richiedente.") or "." in name.partition(".")[2]):
            try:
                tipo.parse(texts[0])
            except WrongValue as wrong:
                found[name] = str(wrong)
    if day := values.get(DAY):
        try:
            parse_day(day[0])
        except WrongValue as wrong:
            found[DAY] = str(wrong)
    return found
