"""A store in memory, as honest as the contract: all or nothing, revisions, lists with a cursor, events in a chain."""

from __future__ import annotations

import copy
import hashlib
import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from api.store.contract import Chained, Conflict, Event, Item, NotEmpty, Page, Put, Record, Where, wanted


class MemoryStore:
    """Keeps what it is given until the process ends."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._records: dict[tuple[str, str], Record] = {}
        self._events: list[Chained] = []

    def get(self, kind: str, id_: str, /) -> Record | None:
        """Return a record, or None."""
        with self._lock:
            return copy.deepcopy(self._records.get((kind, id_)))

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
        with self._lock:
            found = [
                record
                for record in self._records.values()
                if record.kind == kind
                and all(value in record.index.get(name, ()) for name, value in wanted(where))
                and record.order >= since
                and (not until or record.order < until)
            ]
        found.sort(key=lambda record: (record.order, record.id), reverse=newest)
        start = int(after or 0)
        shown = found[start : start + limit]
        more = str(start + limit) if start + limit < len(found) else ""
        return Page(tuple(copy.deepcopy(shown)), len(found), more)

    def commit(self, puts: Sequence[Put], events: Sequence[Event] = ()) -> None:
        """Write all or nothing; raise Conflict if a revision is not the expected one."""
        with self._lock:
            for put in puts:
                there = self._records.get((put.kind, put.id))
                found = there.revision if there else 0
                if found != put.expected:
                    raise Conflict(put.kind, put.id, found, put.expected)
            for put in puts:
                if put.document is None:
                    self._records.pop((put.kind, put.id), None)
                    continue
                document = json.loads(json.dumps(put.document))
                kept = Record(put.kind, put.id, put.expected + 1, document, dict(put.index), put.order)
                self._records[put.kind, put.id] = kept
            for event in events:
                before = self._events[-1].hash if self._events else ""
                digest = hashlib.sha256(f"{before}{event}".encode()).hexdigest()
                self._events.append(Chained(len(self._events) + 1, digest, event))

    def events(self, after: int = 0, *, about: str = "", limit: int = 1000) -> tuple[Chained, ...]:
        """Return the events that follow a number, of one subject or of all."""
        with self._lock:
            found = [one for one in self._events[after:] if not about or one.event.about == about]
        return tuple(found[:limit])

    def head(self) -> tuple[int, str]:
        """Return the number and the hash of the last event."""
        with self._lock:
            return (self._events[-1].number, self._events[-1].hash) if self._events else (0, "")

    @contextmanager
    def snapshot(self) -> Iterator[Iterator[Item]]:
        """Yield everything as it is at one moment."""
        with self._lock:
            yield iter([*copy.deepcopy(self._records).values(), *self._events])

    def restore(self, items: Iterable[Item], /) -> None:
        """Fill an empty store with what a snapshot gave."""
        with self._lock:
            if self._records or self._events:
                raise NotEmpty
            for item in items:
                if isinstance(item, Record):
                    self._records[item.kind, item.id] = item
                else:
                    self._events.append(item)

    def close(self) -> None:
        """Let go of the store."""
