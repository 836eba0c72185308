"""The stores: killed while they write, crowded, full; beside plain sqlite3."""

from __future__ import annotations

import multiprocessing
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from api.store.anchors import verify
from api.store.chain import canonical, chained
from api.store.contract import Conflict, Event, Item, Put, Record, Store, Unavailable
from api.store.keys import Sealer
from api.store.opening import open_store

KILLS, PROCESSES, TIMES = 300, 8, 50
FILES, EVENTS, SAVES = 10_000, 300_000, 500
LISTED, ASKED = 50_000, 200
DESKS, STATES, WORDS = 11, ("bozza", "inviata", "istruttoria", "decisa"), 4_000
SEALER = Sealer(AESGCM(AESGCM.generate_key(256)))
#: A writer is killed after at most so many acknowledged writes, and so many seconds more.
WRITES, MOMENT = 6, 0.01


class Killed(NamedTuple):
    """What `kill -9` left: kills, acknowledged writes, those lost, and how often the store was unreadable."""

    kills: int
    acknowledged: int
    lost: int
    unreadable: int


@dataclass(frozen=True, slots=True)
class Saving:
    """How long a durable save takes, in seconds: all the times of the store and of plain sqlite3; and the opening."""

    store: list[float]
    floor: list[float]
    opening: float
    size: int


def killed(address: str, kills: int = KILLS) -> Killed:
    """Kill one writer after another, each in the middle of its writing, and look for what each had acknowledged."""
    chance = random.Random(1)
    acknowledged = lost = unreadable = 0
    open_store(address).close()
    for number in range(kills):
        name = f"w{number}"
        safe = _last_before_the_kill(address, name, chance)
        acknowledged += safe
        try:
            with closing(open_store(address)) as store:
                lost += sum(1 for n in range(1, safe + 1) if not _written(store, name, n))
        except Unavailable:
            unreadable += 1
    with closing(open_store(address)) as store:
        whole = verify(store) is None and store.head()[0] == store.find("scritto", limit=1).total
    return Killed(kills, acknowledged, lost, unreadable + (not whole))


def crowded(address: str) -> tuple[int, int]:
    """Add one to a record from several processes at once; return how many additions there were, and how many remain."""
    open_store(address).close()
    workers = [_processes().Process(target=_add, args=(address, TIMES)) for _ in range(PROCESSES)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with closing(open_store(address)) as store:
        record = store.get("conto", "c")
        return PROCESSES * TIMES, record.document["n"] if record else 0


def saving(folder: Path) -> Saving:
    """Fill an embedded store with files and events, and save some, durably; the same rows with plain sqlite3."""
    address = str(folder / "archivio.db")
    with closing(open_store(address)) as store:
        store.restore(_filled(FILES, EVENTS))
    begun = time.perf_counter()
    with closing(open_store(address)) as store:
        store.get("pratica", "f0")
        opening = time.perf_counter() - begun
        size = Path(address).stat().st_size
        floor = _floor(folder / "sqlite.db", Path(address))
        chance = random.Random(2)
        rounds = [(_save(store, chance), floor(chance)) for _ in range(SAVES)]
    return Saving([ours for ours, _ in rounds], [plain for _, plain in rounds], opening, size)


def lists(address: str) -> dict[str, list[float]]:
    """Fill a store with files, and ask for the lists of a desk: how long each takes, in seconds."""
    with closing(open_store(address)) as store:
        store.restore(_filled(LISTED, 0))
        chance = random.Random(3)
        times: dict[str, list[float]] = {name: [] for name in QUERIES}
        for _ in range(ASKED):
            for name, choices in QUERIES.items():
                where = {field: chance.choice(values) for field, values in choices.items()}
                where["sportello"] = f"s{chance.randrange(DESKS)}"
                after = store.find("pratica", where, newest=True).after if name == PAGE_2 else ""
                begun = time.perf_counter()
                store.find("pratica", where, newest=True, after=after)
                times[name].append(time.perf_counter() - begun)
    return times


PAGE_2 = "pagina 2 del proprio sportello"
QUERIES: dict[str, dict[str, list[str]]] = {
    "il proprio sportello, dalle più nuove": {},
    PAGE_2: {},
    "per stato": {"stato": list(STATES)},
    "per una parola del nome (impronta)": {"parola": [f"w{n}" for n in range(WORDS)]},
}


def _processes() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["bench.stores"])
    return context


def _last_before_the_kill(address: str, name: str, chance: random.Random) -> int:
    mine, theirs = multiprocessing.Pipe(duplex=False)
    writer = _processes().Process(target=_write_for_ever, args=(address, name, theirs))
    writer.start()
    theirs.close()
    safe = 0
    for _ in range(chance.randint(1, WRITES)):
        safe = mine.recv()
    time.sleep(chance.random() * MOMENT)
    writer.kill()
    writer.join()
    try:
        while True:  # what it had acknowledged and nobody had read yet
            safe = mine.recv()
    except EOFError:
        return safe


def _write_for_ever(address: str, name: str, said: Connection) -> None:
    store, number = open_store(address), 0
    while True:
        number += 1
        last = Put("ultimo", name, number - 1, {"n": number, "testo": "x" * 3000})
        store.commit([Put("scritto", f"{name}-{number}", 0, {"n": number}), last], [_event(f"{name}-{number}")])
        said.send(number)


def _written(store: Store, name: str, number: int) -> bool:
    last = store.get("ultimo", name)
    found = store.get("scritto", f"{name}-{number}")
    return bool(found and last and last.document["n"] >= number and len(store.events(about=f"{name}-{number}")) == 1)


def _add(address: str, times: int) -> None:
    with closing(open_store(address)) as store:
        done = 0
        while done < times:
            record = store.get("conto", "c")
            revision, n = (record.revision, record.document["n"]) if record else (0, 0)
            try:
                store.commit([Put("conto", "c", revision, {"n": n + 1})], [_event("c")])
                done += 1
            except Conflict:
                pass


def _event(about: str) -> Event:
    return Event("2026-11-22T09:00:00Z", "operatore-17", "scrittura", about, {"sportello": "s3", "revisione": "4"})


def _document(chance: random.Random) -> dict[str, object]:
    return {f"campo_{n}": {"valore": chance.getrandbits(64), "data": "2026-11-22", "prova": "c"} for n in range(150)}


def _filled(files: int, events: int) -> Iterator[Item]:
    chance = random.Random(0)
    for n in range(files):
        id_ = f"f{n}"
        yield Record("chiave", id_, 1, {"principale": "0" * 16, "chiave": "x" * 80}, {"principale": ["0" * 16]})
    for n in range(files):
        index = {"sportello": [f"s{n % DESKS}"], "stato": [chance.choice(STATES)]}
        index["parola"] = [f"w{chance.randrange(WORDS)}" for _ in range(3)]
        document = SEALER.seal(_document(chance), f"pratica/f{n}")
        yield Record("pratica", f"f{n}", 1, document, index, f"2026-{1 + n % 12:02}-{1 + n % 28:02}T{n:08}")
    yield from chained((0, ""), (_event(f"f{n % files}") for n in range(events)))


def _save(store: Store, chance: random.Random) -> float:
    document = _document(chance)
    record = store.get("pratica", f"f{chance.randrange(FILES)}")
    assert record
    begun = time.perf_counter()
    sealed = SEALER.seal(document, f"pratica/{record.id}")
    put = Put("pratica", record.id, record.revision, sealed, record.index, record.order)
    store.commit([put], [_event(record.id)])
    return time.perf_counter() - begun


def _floor(path: Path, filled: Path) -> Callable[[random.Random], float]:
    """Copy the rows into plain tables, and return what saves one of them with its event and nothing else."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("ATTACH ? AS filled", (str(filled),))
    connection.execute("CREATE TABLE files (id TEXT PRIMARY KEY, document TEXT) WITHOUT ROWID")
    connection.execute("CREATE TABLE events (number INTEGER PRIMARY KEY, event TEXT)")
    connection.execute("INSERT INTO files SELECT id, json FROM filled.rows WHERE kind = 'pratica'")
    connection.execute("INSERT INTO events SELECT number, event FROM filled.events")
    connection.execute("DETACH filled")

    def save(chance: random.Random) -> float:
        id_ = f"f{chance.randrange(FILES)}"
        document = connection.execute("SELECT document FROM files WHERE id = ?", (id_,)).fetchone()[0]
        begun = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE files SET document = ? WHERE id = ?", (document[::-1], id_))
        connection.execute("INSERT INTO events (event) VALUES (?)", (canonical(_event(id_)),))
        connection.execute("COMMIT")
        return time.perf_counter() - begun

    return save
