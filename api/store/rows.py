"""The storage under TinyDB: one SQLite row for each document, so that a crash loses nothing and a write is small."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, MutableMapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from tinydb.storages import Storage
from tinydb.table import Table

from api.store.contract import Unavailable
from api.store.listings import Listings, Row
from api.store.steps import Step, missing_steps
from api.store.written import json_text

STEPS = (
    Step(
        "rows",
        (
            """CREATE TABLE rows (kind TEXT NOT NULL, id TEXT NOT NULL, change INTEGER NOT NULL, json TEXT,
                                  PRIMARY KEY (kind, id)) WITHOUT ROWID""",
            "CREATE INDEX rows_change ON rows (change)",
        ),
    ),
    Step(
        "events",
        (
            """CREATE TABLE events (number INTEGER PRIMARY KEY, hash TEXT NOT NULL, about TEXT NOT NULL,
                                    event TEXT NOT NULL)""",
        ),
    ),
    Step("events about", ("CREATE INDEX events_about ON events (about, number)",)),
    Step(
        "events only grow",
        tuple(
            f"CREATE TRIGGER events_no_{verb.lower()} BEFORE {verb} ON events"
            " BEGIN SELECT RAISE(ABORT, 'events only grow'); END"
            for verb in ("UPDATE", "DELETE")
        ),
    ),
    Step("unwiped", ("CREATE TABLE unwiped (kind TEXT)",)),
)
#: How long a writer waits for another process, in seconds.
PATIENCE = 30.0
#: Removed rows are remembered for so many changes: a process that is further behind reads everything again.
REMEMBERED = 1000
#: What SQLite answers, by its primary code, and the sentence for it.
FAILURES = {
    sqlite3.SQLITE_FULL: "archivio.full",
    sqlite3.SQLITE_IOERR: "archivio.failing",
    sqlite3.SQLITE_READONLY: "archivio.read_only",
    sqlite3.SQLITE_PERM: "archivio.read_only",
    sqlite3.SQLITE_CANTOPEN: "archivio.no_file",
    sqlite3.SQLITE_NOTADB: "archivio.not_a_store",
    sqlite3.SQLITE_CORRUPT: "archivio.damaged",
    sqlite3.SQLITE_BUSY: "archivio.busy",
    sqlite3.SQLITE_LOCKED: "archivio.busy",
}


class Rows(Storage):
    """The documents of TinyDB, in memory as they were last committed by any process, and in SQLite.

    One connection writes and one reads: what is in memory is only ever learnt by reading what was committed.
    """

    def __init__(self, path: Path, listings: Listings, wiped: Collection[str] = ()) -> None:
        self.path = path
        self._wiped = wiped  # the kinds of which nothing may be left, not even where SQLite once moved them from
        self._listings = listings
        self._tables: dict[str, dict[str, Row]] = {}
        self._seen, self._version = 0, -1
        self._next: int | None = None
        self._writing, self._reading = threading.RLock(), threading.RLock()
        self._removed = True  # a process that was killed may have left the traces of a removal
        with self._failures():
            with suppress(OSError):  # if it is not there yet, it is its owner's only; SQLite says what is wrong with it
                os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
            self._writer = _connect(path)
            try:
                _upgrade(self._writer, path)
                self._reader = _connect(path)
            except BaseException:
                self._writer.close()
                raise
            self._wipe()

    def read(self) -> dict[str, dict[str, Row]]:
        """Return all the documents, after learning what other processes changed."""
        with self._failures(), self._reading:
            version = self._reader.execute("PRAGMA data_version").fetchone()[0]
            if version != self._version:
                self._learn()
                self._version = version
            return {kind: rows for kind, rows in self._tables.items() if rows}

    def write(self, data: dict[str, dict[str, Row]]) -> None:
        """Make the documents these and no others; only `drop_table` and `drop_tables` of TinyDB write so."""
        with self.transaction():
            now = {(kind, id_): row for kind, rows in data.items() for id_, row in rows.items()}
            before = {(kind, id_): row for kind, rows in self.read().items() for id_, row in rows.items()}
            for key in before.keys() | now.keys():
                if before.get(key) != now.get(key):
                    self.put(*key, now.get(key))

    def put(self, kind: str, id_: str, row: Row | None) -> None:
        """Write a row, or remove it, inside a transaction."""
        self._removed |= row is None
        change = self._change()
        if row is None and kind in self._wiped:
            self._writer.execute("INSERT INTO unwiped VALUES (?)", (kind,))
        if row is None:
            self._writer.execute("DELETE FROM rows WHERE json IS NULL AND change < ?", (change - REMEMBERED,))
        self._writer.execute(
            "INSERT INTO rows VALUES (?, ?, ?, ?)"
            " ON CONFLICT (kind, id) DO UPDATE SET change = excluded.change, json = excluded.json",
            (kind, id_, change, None if row is None else json_text(row)),
        )

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold every other writer off, threads and processes; all that is written inside becomes durable, or none."""
        with self._writing, self._failures():
            if self._writer.in_transaction:  # a table of TinyDB that writes inside a commit of the store
                yield self._writer
                return
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                self._next = None
                yield self._writer
                self._writer.execute("COMMIT")
            finally:
                self._undo()
            if self._removed:
                self._wipe()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Hold the documents still in this process, and give the connection that reads."""
        with self._failures(), self._reading:
            self.read()
            yield self._reader

    @contextmanager
    def still(self) -> Iterator[sqlite3.Connection]:
        """Give a connection of its own that sees the store as it is now, whatever others write meanwhile."""
        with self._failures(), closing(_connect(self.path)) as connection:
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM steps").fetchone()
            yield connection

    def close(self) -> None:
        """Close both connections; the last one out leaves one file."""
        with self._writing, self._reading:
            self._reader.close()
            self._writer.close()

    def _undo(self) -> None:
        if self._writer.in_transaction:  # SQLite itself has undone it when the disk is full
            self._writer.execute("ROLLBACK")

    def _change(self) -> int:
        if self._next is None:
            found = self._writer.execute("SELECT max(change) FROM rows").fetchone()[0]
            self._next = (found or 0) + 1
        return self._next

    def _learn(self) -> None:
        last = (
            self._reader.execute("SELECT max(change) FROM rows").fetchone()[0] or 0
        )  # one that comes now is read twice
        if not self._seen or self._seen < last - REMEMBERED:
            self._tables, self._seen = {}, 0
            self._listings.clear()
        changed = self._reader.execute("SELECT kind, id, json FROM rows WHERE change > ?", (self._seen,))
        for kind, id_, text in changed.fetchall():
            rows = self._tables.setdefault(kind, {})
            row = None if text is None else self._parsed(text)
            self._listings.change(kind, id_, rows.get(id_), row)
            if row is None:
                rows.pop(id_, None)
            else:
                rows[id_] = row
        self._seen = last

    def _parsed(self, text: str) -> Row:
        with suppress(ValueError):
            if text.isascii():  # as it was written
                row: Row = json.loads(text)
                return row
        raise Unavailable("archivio.damaged", path=str(self.path))

    def _wipe(self) -> None:
        """Leave nothing of what was removed: in the log of SQLite, and of the wiped kinds anywhere in the file.

        With secure_delete SQLite overwrites what it deletes, but not the copies that it left when it moved a row to
        another page (11 rows in 35,000): only writing the file anew is sure.
        """
        with suppress(sqlite3.Error):  # what was committed is safe; somebody reads, or the disk: the next commit tries
            if self._writer.execute("SELECT count(*) FROM unwiped").fetchone()[0]:
                self._writer.execute("VACUUM")
                self._writer.execute("DELETE FROM unwiped")
            self._writer.execute("PRAGMA busy_timeout = 0")
            busy, _, _ = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._removed = bool(busy)
        self._writer.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000:.0f}")

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = FAILURES.get((getattr(error, "sqlite_errorcode", None) or 0) & 0xFF)
            if code is None:
                raise
            raise Unavailable(code, path=str(self.path)) from error


class LockedTable(Table):
    """A table of TinyDB that writes only what it changes, and holds the lock from reading to writing."""

    document_id_class = str  # type: ignore[assignment]
    _storage: Rows

    def _update_table(self, updater: Callable[[Any], None]) -> None:
        with self._storage.transaction():
            changes = Changes(self._storage.read().get(self.name, {}))
            updater(changes)
            for id_, row in changes.touched.items():
                self._storage.put(self.name, id_, row)


class Changes(MutableMapping[str, Row]):
    """The rows of a table and what is being changed in them, which stays apart."""

    def __init__(self, rows: dict[str, Row]) -> None:
        self._rows = rows
        self.touched: dict[str, Row | None] = {}

    def __getitem__(self, id_: str) -> Row:
        if id_ not in self.touched:
            self.touched[id_] = dict(self._rows[id_])
        row = self.touched[id_]
        if row is None:
            raise KeyError(id_)
        return row

    def __setitem__(self, id_: str, row: Row) -> None:
        self.touched[id_] = row

    def __delitem__(self, id_: str) -> None:
        if id_ not in self:
            raise KeyError(id_)
        self.touched[id_] = None

    def __contains__(self, id_: object) -> bool:
        return self.touched.get(str(id_), self._rows.get(str(id_))) is not None

    def __iter__(self) -> Iterator[str]:
        return (id_ for id_ in self._rows | self.touched if id_ in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
    connection.text_factory = lambda held: held.decode("utf-8", "replace")  # what is damaged is found where it is read
    try:
        for setting in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
            connection.execute(f"PRAGMA {setting}")
    except BaseException:
        connection.close()
        raise
    return connection


def _upgrade(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if tables and "steps" not in tables:
            raise Unavailable("archivio.not_a_store", path=str(path))
        connection.execute("CREATE TABLE IF NOT EXISTS steps (name TEXT PRIMARY KEY)")
        made = [name for (name,) in connection.execute("SELECT name FROM steps")]
        for step in missing_steps(made, STEPS):
            for statement in step.statements:
                connection.execute(statement)
            connection.execute("INSERT INTO steps VALUES (?)", (step.name,))
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
