"""The archive: files of families in a store, each sealed under its own key; every reading and writing is an event."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from api.desk.pratica import Pratica, Values, looked_for, read_reply
from api.identity.person import Person
from api.store.contract import Event, Json, Page, Put, Record, Store
from api.store.keys import Keys, Sealer

#: What is written together, and the events that say so.
Commit = tuple[Sequence[Put], Sequence[Event]]
PRATICA, CHANGE, PRESENTAZIONE = "pratica", "modifica", "presentazione"
#: Letters that nobody takes for another when a number is read aloud.
ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ"


class Gone(LookupError):
    """There is no such file, or its key was destroyed: nobody can read it any more."""


@dataclass(frozen=True, slots=True)
class Change:
    """One save: the revision it made, who, when, why, and what each control held before and after."""

    revision: int
    who: str
    at: str
    reason: str
    before: Values
    after: Values


@dataclass(frozen=True)
class Archive:
    """The files in a store; `now` tells the time."""

    store: Store
    keys: Keys
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def moment(self) -> str:
        """Return what time it is, as it is written in records and events."""
        return self.now().astimezone(UTC).isoformat(timespec="milliseconds")

    def event(self, who: Person, action: str, about: str, **detail: str) -> Event:
        """Return an event of now: ids and names of things only, never what a family said."""
        return Event(self.moment(), who.id, action, about, detail)

    def tell(self, who: Person, action: str, about: str, **detail: str) -> None:
        """Write that something was read."""
        self.store.commit((), [self.event(who, action, about, **detail)])

    # One file

    def create(self, who: Person, sportello: str, values: Values) -> Pratica:
        """Open a file at a desk, with its own key."""
        id_ = "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(2))
        key, sealer = self.keys.new(id_)
        at = self.moment()
        pratica = Pratica(id_, sportello, at).changed(values, who.id, at)
        puts = [key, self._put(pratica, 0, sealer), self._change(pratica, {}, values, who, "", sealer)]
        self.store.commit(puts, [self.event(who, "pratica.aperta", id_, sportello=sportello)])
        return pratica

    def get(self, id_: str) -> Pratica:
        """Return a file; raise Gone. The caller says who reads it (`tell`) once it is known that they may."""
        record = self.store.get(PRATICA, id_)
        if record is None:
            raise Gone(id_)
        return self._pratica(record)

    def save(self, who: Person, pratica: Pratica, values: Values, reason: str = "", action: str = "salvata") -> Pratica:
        """Write what some controls hold now, as the revision after `pratica`; raise Conflict if there is one."""
        kept = {name: texts for name, texts in values.items() if texts != pratica.values.get(name, ())}
        return self.replace(who, pratica, pratica.changed(kept, who.id, self.moment()), kept, reason, action)

    def replace(
        self,
        who: Person,
        old: Pratica,
        new: Pratica,
        values: Values,
        reason: str = "",
        action: str = "salvata",
        also: Commit = ((), ()),
    ) -> Pratica:
        """Write the next revision of a file, with what changed and why, and what must be written in the same moment."""
        sealer = self.sealer(new.id)
        new = replace(new, revision=old.revision + 1)
        puts = [self._put(new, old.revision, sealer), self._change(new, old.values, values, who, reason, sealer)]
        detail = {"revisione": str(new.revision)}
        self.store.commit([*puts, *also[0]], [self.event(who, f"pratica.{action}", new.id, **detail), *also[1]])
        return new

    def changes(self, id_: str, after: int = 0) -> list[Change]:
        """Return the saves of a file, those after a revision, in their order."""
        sealer = self.sealer(id_)
        found, cursor = [], ""
        while True:
            page = self.store.find(CHANGE, {"pratica": id_}, since=_order(after + 1), after=cursor, limit=200)
            found += [_change(sealer.open(record.document, f"{CHANGE}/{record.id}")) for record in page.records]
            if not page.after:
                return found
            cursor = page.after

    def values_at(self, pratica: Pratica, revision: int) -> dict[str, tuple[str, ...]]:
        """Return what each control held at an earlier revision."""
        values = pratica.values
        for change in reversed(self.changes(pratica.id, revision)):
            values |= change.before
        return {name: texts for name, texts in values.items() if texts}

    # Records beside a file

    def seal(self, kind: str, id_: str, pratica: Pratica, document: Json, order: str, index: Mapping[str, str]) -> Put:
        """Return a record of the family's file, sealed under its key, that must not be there yet."""
        sealed = self.sealer(pratica.id).seal(document, f"{kind}/{id_}")
        each = {"pratica": [pratica.id], "sportello": [pratica.sportello]}
        return Put(kind, id_, 0, sealed, {**each, **{name: [value] for name, value in index.items()}}, order)

    def unseal(self, record: Record) -> dict[str, Any]:
        """Return what a sealed record of a family's file says; raise Gone if its key was destroyed."""
        (pratica,) = record.index["pratica"]
        return dict(self.sealer(pratica).open(record.document, f"{record.kind}/{record.id}"))

    def of(self, kind: str, pratica: str) -> list[Record]:
        """Return the records of a kind that belong to a file, in order."""
        found, cursor = list[Record](), ""
        while True:
            page = self.store.find(kind, {"pratica": pratica}, after=cursor, limit=200)
            found += page.records
            if not page.after:
                return found
            cursor = page.after

    def put(self, pratica: Pratica, expected: int) -> Put:
        """Return the record of a file, to be written together with others."""
        return self._put(pratica, expected, self.sealer(pratica.id))

    def sealer(self, id_: str) -> Sealer:
        """Return what seals and opens the records of a file; raise Gone if its key was destroyed."""
        sealer = self.keys.sealer(self.store, id_)
        if sealer is None:
            raise Gone(id_)
        return sealer

    # Lists

    def found(
        self, desk: str = "", stato: str = "", text: str = "", *, after: str = "", limit: int = 25
    ) -> tuple[list[Pratica], Page]:
        """Return a page of the files of a desk (of all, without one), the oldest first: by state, by name or code."""
        where: dict[str, str | list[str]] = {"sportello": desk, "stato": stato}
        where["parole"] = [self.keys.blind(word) for word in looked_for(text)]
        asked = {name: value for name, value in where.items() if value}
        page = self.store.find(PRATICA, asked, after=after, limit=limit)
        return [*self._readable(page)], page

    def elsewhere(self, pratica: Pratica) -> list[Record]:
        """Return the other files in which a codice fiscale of this one stands: which they are and at which desk."""
        codes = {self.keys.blind(code) for code in pratica.codici_fiscali()}
        pages = (self.store.find(PRATICA, {"parole": code}, limit=20) for code in sorted(codes))
        found = {record.id: record for page in pages for record in page.records}
        return [record for id_, record in found.items() if id_ != pratica.id]

    def _readable(self, page: Page) -> Iterator[Pratica]:
        """Yield the files of a page; one whose key was destroyed is no file any more."""
        for record in page.records:
            with suppress(Gone):
                yield self._pratica(record)

    def _pratica(self, record: Record) -> Pratica:
        document = self.sealer(record.id).open(record.document, f"{PRATICA}/{record.id}")
        (desk,), (stato,) = record.index["sportello"], record.index["stato"]
        replies = {name: read_reply(data) for name, data in document["risposte"].items()}
        presented = tuple(record.index.get("presentazioni", ()))
        return Pratica(record.id, desk, record.order, stato, record.revision, replies, presented)

    def _put(self, pratica: Pratica, expected: int, sealer: Sealer) -> Put:
        index = {
            "sportello": [pratica.sportello],
            "stato": [pratica.stato],
            "parole": sorted({self.keys.blind(word) for word in pratica.words()}),
            "presentazioni": list(pratica.presentazioni),
        }
        sealed = sealer.seal(pratica.as_json(), f"{PRATICA}/{pratica.id}")
        return Put(PRATICA, pratica.id, expected, sealed, index, pratica.opened)

    def _change(self, new: Pratica, old: Values, values: Values, who: Person, reason: str, sealer: Sealer) -> Put:
        id_ = f"{new.id}/{new.revision}"
        at = self.moment()
        document = {
            "rev": new.revision,
            "chi": who.id,
            "quando": at,
            "motivo": reason,
            "cambi": {name: [list(old.get(name, ())), list(texts)] for name, texts in values.items()},
        }
        index = {"pratica": [new.id]}
        return Put(CHANGE, id_, 0, sealer.seal(document, f"{CHANGE}/{id_}"), index, _order(new.revision))


def _order(revision: int) -> str:
    return f"{revision:08}"


def _change(data: Mapping[str, Any]) -> Change:
    before = {name: tuple(pair[0]) for name, pair in data["cambi"].items()}
    after = {name: tuple(pair[1]) for name, pair in data["cambi"].items()}
    return Change(data["rev"], data["chi"], data["quando"], data["motivo"], before, after)
