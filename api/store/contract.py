"""The contract of a store: records with revisions, found by what is indexed, and events in one chain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

Json = Mapping[str, Any]
Index = Mapping[str, Sequence[str]]
#: What the index of a record must have: for each field one value, or all of several.
Where = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept under a kind and an id; `revision` counts from 1, `order` places it in the lists of its kind."""

    kind: str
    id: str
    revision: int
    document: Json
    index: Index = field(default_factory=dict)
    order: str = ""


@dataclass(frozen=True, slots=True)
class Put:
    """A record to be written: `expected` is the revision that was read, 0 if there must be none.

    A document that is None removes the record. Of a key (kind `chiave`) nothing is left in the file of an embedded
    store, which is written anew for that: keys that are destroyed together cost what one does.
    """

    kind: str
    id: str
    expected: int
    document: Json | None
    index: Index = field(default_factory=dict)
    order: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was read or done: when (RFC 3339, UTC), by whom, what, on what; ids only."""

    at: str
    who: str
    action: str
    about: str
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chained:
    """An event in the chain: its number (from 1, without gaps), and the hash that also covers all those before it."""

    number: int
    hash: str
    event: Event


@dataclass(frozen=True, slots=True)
class Page:
    """Some records of a list in its order, how many there are in all, the cursor of what follows ("" at the end)."""

    records: tuple[Record, ...]
    total: int
    after: str = ""


class Conflict(Exception):
    """A record has not the revision that was expected: somebody else has written it meanwhile."""

    def __init__(self, kind: str, id_: str, found: int, expected: int) -> None:
        self.kind, self.id, self.found, self.expected = kind, id_, found, expected
        super().__init__(f"{kind}/{id_}: {found}, {expected}")


class Unavailable(Exception):
    """The store cannot write or read now; `code` is a sentence of the catalogue (disk full, no connection…)."""

    def __init__(self, code: str, **data: str) -> None:
        self.code, self.data = code, data
        super().__init__(code)


class NotEmpty(Exception):
    """A store that was to be filled holds something already."""


#: What a whole store is made of: the records by kind and id, then the events by number.
Item = Record | Chained


def wanted(where: Where | None) -> list[tuple[str, str]]:
    """Return each field with each value that is wanted of it."""
    return [
        (field, value)
        for field, values in (where or {}).items()
        for value in ([values] if isinstance(values, str) else values)
    ]


class Store(Protocol):
    """A store; every method may be called from several threads, and by several processes on the same store.

    Any method may raise Unavailable. Texts without a meaning for a database (a NUL, half of a surrogate pair), a
    record named twice in a commit and a document that is not JSON are mistakes of ours: ValueError.
    """

    def get(self, kind: str, id_: str, /) -> Record | None:
        """Return a record, or None."""

    def find(
        self,
        kind: str,
        where: Where | None = None,
        *,
        since: str = "",
        until: str = "",
        after: str = "",
        limit: int = 50,
        newest: bool = False,
    ) -> Page:
        """Return the records whose index has all of these values, by (order, id), from a cursor on.

        `since` and `until` bound the order, the first included and the second not; `total` counts what they let
        through, wherever the cursor is. A cursor that no page gave starts from the beginning.
        """

    def commit(self, puts: Sequence[Put], events: Sequence[Event] = ()) -> None:
        """Write all or nothing, durably; raise Conflict if a revision is not the expected one.

        When Unavailable is raised nothing was written, unless the connection was lost while the store was confirming:
        then the same commit, sent again, is either written or a Conflict.
        """

    def events(self, after: int = 0, *, about: str = "", limit: int = 1000) -> tuple[Chained, ...]:
        """Return the events that follow a number, of one subject or of all."""

    def head(self) -> tuple[int, str]:
        """Return the number and the hash of the last event; (0, "") when there is none."""

    def snapshot(self) -> AbstractContextManager[Iterator[Item]]:
        """Yield everything as it is at one moment, while others go on writing."""

    def restore(self, items: Iterable[Item], /) -> None:
        """Fill an empty store with what a snapshot gave, revisions and hashes included, all or nothing.

        Raise NotEmpty if it holds anything; what the items raise undoes everything.
        """

    def close(self) -> None:
        """Let go of the store."""
