"""What the tests of the stores share: small records and events, another process that writes, hands that tamper."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg

from api.store.contract import Conflict, Event, Page, Put, Store
from api.store.opening import open_store

ROOT = Path(__file__).parents[1]
#: Opens again the store that the test is using, as another process would.
Opener = Callable[[], Store]
#: The statements that take the guard off the events, which somebody who holds the files can always do.
UNGUARD = {
    "tiny": ("DROP TRIGGER events_no_update", "DROP TRIGGER events_no_delete"),
    "postgres": ("DROP TRIGGER comma_events_only_grow ON comma_events",),
}


def event(about: str = "p1", action: str = "lettura") -> Event:
    """Return an event of an operator."""
    return Event("2026-11-22T09:00:00Z", "operatore-1", action, about, {"sportello": "centro"})


def put(id_: str, expected: int = 0, *, kind: str = "pratica", order: str = "", **index: str) -> Put:
    """Return a small record to be written."""
    fields = {field: value.split() for field, value in index.items()}
    return Put(kind, id_, expected, {"testo": f"{id_}, {expected + 1}"}, fields, order)


def ids(page: Page) -> list[str]:
    """Return the ids of a page."""
    return [record.id for record in page.records]


def tamper(address: str, *statements: str, unguard: bool = True) -> None:
    """Change a store behind its back; `events` is the table of the events in the statements."""
    kind = "postgres" if address.startswith("postgresql") else "tiny"
    guards = UNGUARD[kind] if unguard else ()
    if kind == "tiny":
        with closing(sqlite3.connect(address, isolation_level=None)) as connection:
            for statement in (*guards, *statements):
                connection.execute(statement)
    else:
        with psycopg.connect(address, autocommit=True) as connection:
            for statement in (*guards, *(each.replace("events", "comma_events") for each in statements)):
                connection.execute(statement)


def started(address: str, *arguments: str) -> subprocess.Popen[str]:
    """Start another process that works on a store."""
    command = [sys.executable, "-m", "tests.stores", address, *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def write_for_ever(store: Store, name: str) -> None:
    """Write one record after another, each with its event, and say the number of each when it is safe."""
    number = 0
    while True:
        number += 1
        last = store.get("ultimo", name)
        said = Put("ultimo", name, last.revision if last else 0, {"n": number, "testo": "x" * 2000})
        store.commit([Put("scritto", f"{name}-{number}", 0, {"n": number}), said], [event(f"{name}-{number}")])
        print(number, flush=True)


def add(store: Store, times: int, threads: int) -> None:
    """Add one to the same record, so many times in each thread, never over what another has added."""

    def add_in_a_thread() -> None:
        done = 0
        while done < times:
            record = store.get("conto", "c")
            revision, n = (record.revision, record.document["n"]) if record else (0, 0)
            try:
                store.commit([Put("conto", "c", revision, {"n": n + 1})], [event("c")])
                done += 1
            except Conflict:
                pass

    working = [threading.Thread(target=add_in_a_thread) for _ in range(threads)]
    for thread in working:
        thread.start()
    for thread in working:
        thread.join()


if __name__ == "__main__":
    opened = open_store(sys.argv[1])
    print("ready", flush=True)
    if sys.argv[2] == "write":
        write_for_ever(opened, sys.argv[3])
    else:
        add(opened, int(sys.argv[3]), int(sys.argv[4]))
        opened.close()
