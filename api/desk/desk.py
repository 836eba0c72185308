"""Desk: what the pages about files share: who may, the visit of a file, and saving without losing anybody's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from starlette.exceptions import HTTPException

from api.desk.archive import Archive, Gone
from api.desk.merging import Clash, Merge, merge
from api.desk.pratica import DAY as DAY_ASKED
from api.desk.pratica import OPEN, Pratica, Values
from api.identity.person import Person
from api.refusal import Refusal
from api.rules import Edition, Rules
from api.store.contract import Conflict, Unavailable
from api.visit import CHOSEN, DAY, READ, Visit
from engine.number import WrongValue
from engine.sportelli import Sportelli
from engine.tipo import parse_day

#: Times that a save is tried again when somebody else saves in the same instant.
TRIES = 5

Allowed = Callable[[Person, str, str], bool]


@dataclass(frozen=True, slots=True)
class Saved:
    """A file as it is now; `theirs` are the controls that others have changed since the page was opened."""

    pratica: Pratica
    theirs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clashed:
    """Nothing was written: somebody must choose, control by control."""

    pratica: Pratica
    merge: Merge

    @property
    def clashes(self) -> tuple[Clash, ...]:
        """What to choose."""
        return self.merge.clashes


@dataclass(frozen=True)
class Desk:
    """The rules, the archive, the day, what each person may do, and how a person is called by the others."""

    rules: Rules
    archive: Archive
    today: Callable[[], date]
    allowed: Allowed
    name_of: Callable[[str], str]

    @property
    def edition(self) -> Edition:
        """The rules to work with; refuse while there are none."""
        if self.rules.edition is None:
            raise Refusal("no_rules", count=len(self.rules.problems))
        return self.rules.edition

    @property
    def desks(self) -> Mapping[str, str]:
        """The desks of today by name, each with its title."""
        sportelli: Sportelli | None = self.edition.rulebook.sportelli
        return {name: one.titolo for name, one in sportelli.sportelli.items()} if sportelli else {}

    def pratica(self, who: Person, id_: str, action: str) -> Pratica:
        """Return a file to somebody who may; refuse with 404 or 403, and write that it was tried."""
        try:
            pratica = self.archive.get(id_)
        except Gone:
            raise HTTPException(404) from None
        if not self.allowed(who, action, pratica.sportello):
            self.archive.tell(who, "pratica.negata", id_, azione=action)
            raise Refusal("not_yours")
        return pratica

    def read(self, who: Person, id_: str, action: str = "pratica_leggere") -> Pratica:
        """Return a file that somebody reads, and write that they did."""
        pratica = self.pratica(who, id_, action)
        self.archive.tell(who, "pratica.letta", id_, pagina=action)
        return pratica

    def visit(self, values: Mapping[str, Sequence[str]]) -> Visit:
        """Return the visit of a file: every service, on the day of the domanda or today."""
        edition = self.edition
        day = [text for text in values.get(DAY_ASKED, ()) if readable(text)]
        fixed = {DAY: day, CHOSEN: [*edition.rulebook.servizi], READ: ["sì"]}
        return Visit(edition.rulebook, {**values, **fixed}, self.today(), edition.memory.evaluate)

    def save(
        self, who: Person, pratica: Pratica, base: int, values: Values, reason: str = "", action: str = "salvata"
    ) -> Saved | Clashed:
        """Write what a page that was opened on revision `base` holds; nothing is written when nothing has changed."""
        theirs: tuple[str, ...] = ()
        for _ in range(TRIES):
            if base < pratica.revision:
                merged = merge(self.archive.values_at(pratica, base), pratica.values, values)
                if merged.clashes:
                    return Clashed(pratica, merged)
                values, theirs = merged.values, tuple(sorted({*theirs, *merged.theirs}))
            if all(texts == pratica.values.get(name, ()) for name, texts in values.items()):
                return Saved(pratica, theirs)
            try:
                return Saved(self.archive.save(who, pratica, values, reason, action), theirs)
            except Conflict:
                base, pratica = pratica.revision, self.archive.get(pratica.id)
        raise Unavailable("archivio.busy", path="")

    def needs_reason(self, pratica: Pratica) -> bool:
        """Whether a change must say why: what was submitted is only ever corrected."""
        return pratica.stato != OPEN


def readable(day: str) -> bool:
    """Whether a day can be read; while it cannot, the rules of today are shown."""
    try:
        parse_day(day)
    except WrongValue:
        return False
    return True
