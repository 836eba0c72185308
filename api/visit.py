"""Visit: one family's answers as they travel from page to page; nothing of it is kept here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from api.once import once
from api.sheets import Sheet, ignored, sheets, useful
from api.typed import ROWS, TypedAnswers, controls, read_typed, with_row, without_row
from engine.answers import Answers, most_members
from engine.campo import Campo
from engine.evaluation import Evaluation, evaluate
from engine.messages import sentence
from engine.number import WrongValue
from engine.route import Route, route
from engine.rulebook import Rulebook
from engine.servizio import Servizio
from engine.tipo import parse_day, show_day

Typed = Mapping[str, Sequence[str]]
Evaluate = Callable[[Servizio, Answers, date], Evaluation]

DAY, CHOSEN, READ = "al", "servizi", "informativa"
#: Which sheet was sent, which campi it showed, where to go back to, and the button that was pressed.
SHEET, SHOWN, BACK, ACTION = "pagina", "mostrate", "torna", "azione"
BEFORE, SUMMARY, OUTCOME, ADD, REMOVE, GO = (
    "indietro",
    "riepilogo",
    "esito",
    "aggiungi",
    "togli",
    "vai",
)


@dataclass(frozen=True)
class Visit:
    """What a page has sent: the day, the services asked about, and every answer given so far."""

    book: Rulebook
    typed: Typed
    today: date
    evaluate: Evaluate = evaluate

    def first(self, name: str) -> str:
        """Return the first value sent with a name, or nothing."""
        return next(iter(self.typed.get(name, [])), "")

    # What it is about

    @property
    def day_text(self) -> str:
        """The day as it was typed; today's if none was."""
        return self.first(DAY).strip() or show_day(self.today)

    @once
    def day(self) -> date | None:
        """The day that picks the rules."""
        try:
            return parse_day(self.day_text)
        except WrongValue:
            return None

    @once
    def offered(self) -> tuple[Servizio, ...]:
        """The services in force on the day (of today, while the day cannot be read)."""
        on = self.day or self.today
        return tuple(version for name in self.book.servizi if (version := self.book.at(name, on)))

    @once
    def servizi(self) -> tuple[Servizio, ...]:
        """The services asked about."""
        return tuple(servizio for servizio in self.offered if servizio.name in self.typed.get(CHOSEN, []))

    @once
    def wrong(self) -> dict[str, str]:
        """What must be put right before any question is asked, by control."""
        found = {}
        try:
            parse_day(self.day_text)
        except WrongValue as wrong:
            found[DAY] = str(wrong)
        if not self.offered:
            first = min(versions[0].since for versions in self.book.servizi.values() if versions)
            found[DAY] = sentence("pagine.not_yet", {"since": show_day(first)})
        elif not self.servizi:
            found[CHOSEN] = sentence("pagine.none_chosen", {})
        if not self.first(READ):
            found[READ] = sentence("pagine.not_read", {})
        return found

    # What is known

    @once
    def reading(self) -> TypedAnswers:
        """The answers, whatever page they were typed in."""
        return read_typed(self.typed, self.book.law.campi)

    @once
    def evaluations(self) -> tuple[Evaluation, ...]:
        """What the rules say of the answers that can be read, service by service."""
        assert self.day is not None
        return tuple(self.evaluate(servizio, self.reading.answers, self.day) for servizio in self.servizi)

    @once
    def route(self) -> Route | None:
        """The way to a desk; None where no table says so on that day."""
        desks, day = self.book.sportelli, self.day
        return route(desks, self.reading.answers, day, self.evaluate) if desks and day and desks.at(day) else None

    @once
    def state(self) -> dict[str, list[str]]:
        """Every answer typed, by control: what each page carries to the next."""
        names = controls(self.book.law.campi, self.typed)
        return {name: [*self.typed[name]] for name in names if any(self.typed.get(name, []))}

    # What to ask

    @once
    def sheets(self) -> tuple[Sheet, ...]:
        """The pages of questions."""
        return sheets(self.book, self.servizi, self.route.sportelli if self.route else None)

    @once
    def useful(self) -> frozenset[str]:
        """What may still change something."""
        return useful((*self.evaluations, *([self.route.evaluation] if self.route else [])))

    @once
    def ignored(self) -> frozenset[str]:
        """What does not concern the family, as things stand."""
        return ignored(self.book.law.campi, self.evaluations)

    def visible(self, sheet: Sheet) -> tuple[str, ...]:
        """Return the campi of a sheet that are worth showing: those still useful, and those answered."""
        answered = (name for name in sheet.campi if self.reading.given(name) and name not in self.ignored)
        shown = {*answered, *(name for name in sheet.campi if name in self.useful)}
        return tuple(name for name in sheet.campi if name in shown)

    def errors(self, sheet: Sheet) -> dict[str, str]:
        """Return what cannot be read among the answers that a sheet shows."""
        shown = self.visible(sheet)
        return {name: text for name, text in self.reading.errors.items() if name.partition(".")[0] in shown}

    @property
    def current(self) -> Sheet | None:
        """The sheet that was sent."""
        return self.sheet(self.first(SHEET))

    def sheet(self, key: str) -> Sheet | None:
        """Return the sheet with that key."""
        return next((sheet for sheet in self.sheets if sheet.key == key), None)

    def after(self, key: str) -> Sheet | None:
        """Return the next sheet with something to show; of no sheet, the first."""
        keys = [sheet.key for sheet in self.sheets]
        start = keys.index(key) + 1 if key in keys else 0
        return next((sheet for sheet in self.sheets[start:] if self.visible(sheet)), None)

    def before(self, key: str) -> Sheet | None:
        """Return the sheet before; of no sheet, the last."""
        keys = [sheet.key for sheet in self.sheets]
        end = keys.index(key) if key in keys else len(keys)
        return next((sheet for sheet in reversed(self.sheets[:end]) if self.visible(sheet)), None)

    def faulty(self) -> Sheet | None:
        """Return the first sheet with an answer that cannot be read."""
        return next((sheet for sheet in self.sheets if self.errors(sheet)), None)

    def appeared(self, sheet: Sheet) -> tuple[str, ...]:
        """Return the campi of a sheet that have become useful with what was just answered."""
        shown = self.first(SHOWN).split()
        return tuple(name for name in self.visible(sheet) if name not in shown and name in self.useful)

    @once
    def places(self) -> list[str]:
        """The comuni that the rules name, offered where one is typed."""
        found = {
            parametro.tipo.show(value)
            for parametro in self.book.law.parametri.values()
            if parametro.tipo.name == "comune"
            for period in parametro.periods
            for value in period.members
        }
        return sorted(found)

    # Members

    def full(self, elenco: Campo) -> bool:
        """Whether no more members can be added to an elenco."""
        return len(self.reading.rows(elenco.name)) >= most_members(elenco)

    def limit(self, elenco: Campo) -> str:
        """Return how many members may be written, said beside an elenco that is full."""
        return sentence("pagine.full", {"limit": str(most_members(elenco))})

    def with_member(self, elenco: str) -> Visit:
        """Return the visit with one more member, with a number that no other has had."""
        return replace(self, typed={**self.typed, f"{elenco}.{ROWS}": [with_row(self.typed, elenco)]})

    def without_member(self, elenco: str, row: str) -> Visit:
        """Return the visit without a member and its answers; the others keep their numbers."""
        start = f"{elenco}.{row}."
        kept = {name: texts for name, texts in self.typed.items() if not name.startswith(start)}
        return replace(self, typed={**kept, f"{elenco}.{ROWS}": [without_row(self.typed, elenco, row)]})
