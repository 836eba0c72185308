"""The embedded store: TinyDB over crash-safe rows, and the events in a table of their own beside it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tinydb import TinyDB
from tinydb.table import Document, Table

from api.store.chain import canonical, chained, read_event
from api.store.contract import Chained, Conflict, Event, Item, NotEmpty, Page, Put, Record, Where, wanted
from api.store.cursor import page_of
from api.store.keys import KEY
from api.store.listings import Listings, Row
from api.store.rows import LockedTable, Rows
from api.store.written import check


class Database(TinyDB):
    """TinyDB with tables that hold the lock from reading to writing."""

    table_class = LockedTable


class TinyStore:
    """A store in one file, for one computer: any number of threads and processes, up to some ten thousand records."""

    def __init__(self, path: Path) -> None:
        self._listings = Listings()
        self._rows = Rows(path, self._listings, {KEY})
        self._database = Database(storage=lambda: self._rows)

    def get(self, kind: str, id_: str, /) -> Record | None:
        """Return a record, or None."""
        row = self._table(kind).get(doc_id=id_)  # type: ignore[call-overload]
        return _record(kind, id_, row) if row is not None else None

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
        """Return the records whose index has each of these values, by (order, id), from a cursor on."""
        with self._rows.reading():
            spots = self._listings.select(kind, wanted(where), since, until)
            shown, following = page_of(spots, after, limit, newest=newest)
            rows = self._rows.read().get(kind, {})
            return Page(tuple(_record(kind, id_, rows[id_]) for _, id_ in shown), len(spots), following)

    def commit(self, puts: Sequence[Put], events: Sequence[Event] = ()) -> None:
        """Write all or nothing, durably; raise Conflict if a revision is not the expected one."""
        check(puts, events)
        with self._rows.transaction() as connection:
            stored = self._rows.read()
            for put in puts:
                found = stored.get(put.kind, {}).get(put.id, {}).get("revision", 0)
                if found != put.expected:
                    raise Conflict(put.kind, put.id, found, put.expected)
            for put in puts:
                self._put(put)
            _append(connection, chained(_head(connection), events))

    def events(self, after: int = 0, *, about: str = "", limit: int = 1000) -> tuple[Chained, ...]:
        """Return the events that follow a number, of one subject or of all."""
        only = "about = ? AND" if about else "? = '' AND"
        query = f"SELECT number, hash, event FROM events WHERE {only} number > ? ORDER BY number LIMIT ?"
        with self._rows.reading() as connection:
            return tuple(_chained(row) for row in connection.execute(query, (about, after, limit)).fetchall())

    def head(self) -> tuple[int, str]:
        """Return the number and the hash of the last event; (0, "") when there is none."""
        with self._rows.reading() as connection:
            return _head(connection)

    @contextmanager
    def snapshot(self) -> Iterator[Iterator[Item]]:
        """Yield everything as it is at one moment, while others go on writing."""
        with self._rows.still() as connection:
            yield _everything(connection)

    def restore(self, items: Iterable[Item], /) -> None:
        """Fill an empty store with what a snapshot gave, all or nothing; raise NotEmpty if it holds anything."""
        with self._rows.transaction() as connection:
            if any(self._rows.read().values()) or _head(connection)[0]:
                raise NotEmpty
            for item in items:
                if isinstance(item, Record):
                    self._rows.put(item.kind, item.id, _row(item, item.revision))
                else:
                    _append(connection, (item,))

    def close(self) -> None:
        """Let go of the store."""
        self._database.close()

    def _table(self, kind: str) -> Table:
        return self._database.table(kind, cache_size=0)  # another process may write: no answer is kept

    def _put(self, put: Put) -> None:
        if put.document is not None:
            self._table(put.kind).upsert(Document(_row(put, put.expected + 1), put.id))  # type: ignore[arg-type]
        elif put.expected:
            self._table(put.kind).remove(doc_ids=[put.id])  # type: ignore[list-item]


def _row(written: Put | Record, revision: int) -> Row:
    index = {field: list(values) for field, values in written.index.items()}
    return {"revision": revision, "order": written.order, "index": index, "document": written.document}


def _record(kind: str, id_: str, row: Mapping[str, Any]) -> Record:
    return Record(kind, id_, row["revision"], _copied(row["document"]), _copied(row["index"]), row["order"])


def _copied(value: Any) -> Any:
    match value:
        case dict():
            return {key: _copied(inner) for key, inner in value.items()}
        case list():
            return [_copied(inner) for inner in value]
    return value


def _head(connection: sqlite3.Connection) -> tuple[int, str]:
    found = connection.execute("SELECT number, hash FROM events ORDER BY number DESC LIMIT 1").fetchone()
    return found or (0, "")


def _append(connection: sqlite3.Connection, events: Iterable[Chained]) -> None:
    rows = ((each.number, each.hash, each.event.about, canonical(each.event)) for each in events)
    connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?)", rows)


def _chained(row: tuple[int, str, str]) -> Chained:
    number, digest, text = row
    return Chained(number, digest, read_event(text))


def _everything(connection: sqlite3.Connection) -> Iterator[Item]:
    for kind, id_, text in connection.execute(
        "SELECT kind, id, json FROM rows WHERE json IS NOT NULL ORDER BY kind, id"
    ):
        yield _record(kind, id_, json.loads(text))
    for row in connection.execute("SELECT number, hash, event FROM events ORDER BY number"):
        yield _chained(row)
