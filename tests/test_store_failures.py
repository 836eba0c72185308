"""What goes wrong around a store: nothing acknowledged is lost, a sentence says what to do, and it works again."""

from __future__ import annotations

import os
import random
import resource
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from api.store.anchors import verify
from api.store.contract import Put, Store, Unavailable
from api.store.opening import open_store
from api.store.postgres import STEPS as POSTGRES_STEPS
from api.store.postgres import PostgresStore
from api.store.rows import STEPS as TINY_STEPS
from api.store.rows import LockedTable, Rows
from api.store.tiny import TinyStore
from engine.messages import sentence
from tests.postgres import empty_schema, postgres_server
from tests.stores import event, put, started, tamper

BIG = {"testo": "x" * 200_000}


@contextmanager
def refused(message: str) -> Iterator[None]:
    """Expect that the store says so."""
    with pytest.raises(Unavailable) as caught:
        yield
    assert sentence(caught.value.code, caught.value.data).startswith(message)


def still_works(store: Store, before: int) -> None:
    """Check that nothing was lost, nothing was half written, and that writing works again."""
    assert store.find("pratica").total == before
    assert store.head()[0] == before
    store.commit([Put("pratica", "after", 0, BIG)], [event("after")])
    assert store.find("pratica").total == store.head()[0] == before + 1


def test_a_process_killed_while_it_writes_loses_nothing_that_it_acknowledged(store_address: str) -> None:
    open_store(store_address).close()
    chance = random.Random(7)
    writers = [started(store_address, "write", f"w{n}") for n in range(3)]
    acknowledged = {}
    for n, writer in enumerate(writers):
        assert writer.stdout
        lines = [writer.stdout.readline() for _ in range(chance.randint(2, 12))]
        writer.kill()
        lines += writer.stdout.read().splitlines()
        writer.wait()
        writer.stdout.close()
        acknowledged[f"w{n}"] = max(int(line) for line in lines if line.strip().isdigit())
    with closing(open_store(store_address)) as store:
        for name, last in acknowledged.items():
            found = store.get("ultimo", name)
            assert found
            assert last <= found.document["n"] == found.revision <= last + 1
            for number in range(1, last + 1):
                assert store.get("scritto", f"{name}-{number}")
                assert len(store.events(about=f"{name}-{number}")) == 1
        assert store.find("scritto", limit=1).total == store.head()[0]


def test_two_processes_of_two_threads_lose_no_update(store_address: str) -> None:
    open_store(store_address).close()
    adders = [started(store_address, "add", "10", "2") for _ in range(2)]
    for adder in adders:
        adder.communicate()
        assert adder.returncode == 0
    with closing(open_store(store_address)) as store:
        record = store.get("conto", "c")
        assert record
        assert (record.document, record.revision, store.head()[0]) == ({"n": 40}, 40, 40)


def test_a_key_that_is_removed_leaves_no_byte_in_the_files(tmp_path: Path) -> None:
    """With this seed SQLite, left alone, keeps three removed rows where it once moved them from."""
    store, other = TinyStore(tmp_path / "archivio.db"), TinyStore(tmp_path / "archivio.db")
    chance = random.Random(22)
    alive: dict[str, tuple[int, list[str]]] = {}
    gone: list[str] = []
    for turn in range(12):
        puts: dict[str, Put] = {}
        for n in range(60):
            id_ = str(chance.randrange(300))
            if id_ in puts:
                continue
            revision, written = alive.get(id_, (0, []))
            if revision and chance.random() < 0.5:
                puts[id_] = Put("chiave", id_, revision, None)
                gone += alive.pop(id_)[1]
            else:
                secret = f"segreto-{turn:03}{n:03}-"
                puts[id_] = Put("chiave", id_, revision, {"k": secret * chance.randint(1, 120)})
                alive[id_] = (revision + 1, [*written, secret])
        store.commit(list(puts.values()))
        assert other.find("chiave").total == len(alive)
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert len(gone) > 150
    assert not [secret for secret in gone if secret.encode() in held]
    assert all(written[-1].encode() in held for _, written in alive.values())
    store.close()
    other.close()


def test_a_removal_while_somebody_copies_the_store_is_wiped_by_the_next_write(tmp_path: Path) -> None:
    store = TinyStore(tmp_path / "archivio.db")
    store.commit([Put("chiave", "f1", 0, {"chiave": "segreto"})])
    with store.snapshot() as items:
        store.commit([Put("chiave", "f1", 1, None)])
        assert [item.id for item in items] == ["f1"]  # type: ignore[union-attr]
    store.commit([], [event()])
    assert not [path for path in tmp_path.iterdir() if b"segreto" in path.read_bytes()]
    store.close()


def test_a_process_that_slept_through_many_removals_reads_everything_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.store.rows.REMEMBERED", 5)
    store, sleeper = TinyStore(tmp_path / "archivio.db"), TinyStore(tmp_path / "archivio.db")
    store.commit([put(f"p{n}", stato="x") for n in range(10)])
    assert sleeper.find("pratica").total == 10
    for n in range(9):
        store.commit([Put("pratica", f"p{n}", 1, None)])
    assert [record.id for record in sleeper.find("pratica", {"stato": "x"}).records] == ["p9"]
    with closing(sqlite3.connect(tmp_path / "archivio.db")) as connection:
        assert connection.execute("SELECT count(*) FROM rows WHERE json IS NULL").fetchone()[0] <= 6
    store.close()
    sleeper.close()


def test_a_full_store_says_so_loses_nothing_and_works_again(tmp_path: Path) -> None:
    store = TinyStore(tmp_path / "archivio.db")
    store.commit([put("p1")], [event("p1")])
    pages = store._rows._writer.execute("PRAGMA page_count").fetchone()[0]
    store._rows._writer.execute(f"PRAGMA max_page_count = {pages + 2}")
    for _ in range(2):
        with refused("Il disco dell'archivio è pieno, e non si è salvato niente."):
            store.commit([Put("pratica", "big", 0, BIG)], [event("big")])
    store._rows._writer.execute("PRAGMA max_page_count = 1000000")
    still_works(store, 1)
    store.close()


def test_a_file_that_may_not_grow_says_so_loses_nothing_and_works_again(tmp_path: Path) -> None:
    store = TinyStore(tmp_path / "archivio.db")
    store.commit([put("p1")], [event("p1")])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with refused("Il disco dell'archivio non ha accettato la scrittura o la lettura"):
            store.commit([Put("pratica", "big", 0, BIG)], [event("big")])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    still_works(store, 1)
    store.close()


def test_a_store_held_by_somebody_else_says_so_and_works_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.store.rows.PATIENCE", 0.05)
    store = TinyStore(tmp_path / "archivio.db")
    store.commit([put("p1")], [event("p1")])
    with closing(sqlite3.connect(tmp_path / "archivio.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with refused("L'archivio è occupato da un altro programma"):
            store.commit([put("p2")])
        assert store.get("pratica", "p1")
    still_works(store, 1)
    store.close()


@contextmanager
def nobody() -> Iterator[None]:
    """Go on as a user without privileges, whom the permissions of files stop."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_store_that_may_only_be_read_says_so() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "archivio.db"
        with closing(TinyStore(path)) as store:
            store.commit([put("p1")])
        path.chmod(0o444)
        folder.chmod(0o555)
        with nobody():
            with refused(f"L'archivio «{path}» si può solo leggere, e non si è salvato niente."):
                open_store(str(path))
            with refused(f"L'archivio «{folder / 'nuovo.db'}» non si può aprire"):
                open_store(str(folder / "nuovo.db"))
        folder.chmod(0o700)
        path.chmod(0o600)
        with closing(TinyStore(path)) as store:
            assert store.get("pratica", "p1")


def test_what_is_not_a_store_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "altro.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE clienti (nome TEXT)")
    text = tmp_path / "testo.db"
    text.write_text("non è un archivio" * 100)
    for each in (path, text):
        before = each.read_bytes()
        with refused(f"«{each}» non è un archivio di Comma"):
            open_store(str(each))
        if each is text:
            assert each.read_bytes() == before
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("clienti",)]
    with refused(f"L'archivio «{tmp_path}» non si può aprire"):
        open_store(str(tmp_path))
    with refused(f"L'archivio «{tmp_path / 'non' / 'a.db'}» non si può aprire"):
        open_store(str(tmp_path / "non" / "a.db"))
    with refused(f"L'archivio «{tmp_path / 'manca.db'}» non c'è"):
        open_store(str(tmp_path / "manca.db"), create=False)
    assert not (tmp_path / "manca.db").exists()


@pytest.mark.parametrize("damage", [b"\xff", b"\0", b"{"])
def test_a_damaged_store_says_so(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "archivio.db"
    with closing(TinyStore(path)) as store:
        store.commit([Put("pratica", f"p{n}", 0, {"testo": "x" * 3000}) for n in range(20)])
    held = bytearray(path.read_bytes())
    held[4096 * 8 : 4096 * 16] = damage * 4096 * 8
    path.write_bytes(held)
    with closing(TinyStore(path)) as store, refused(f"L'archivio «{path}» è rovinato e non si legge per intero"):
        store.find("pratica")


@pytest.mark.parametrize("made", range(6))
def test_a_store_in_an_older_format_is_brought_to_the_present_one(
    store_address: str, monkeypatch: pytest.MonkeyPatch, made: int
) -> None:
    """An older program is one that knew fewer steps; with the first two it could write already."""
    module = "postgres" if store_address.startswith("postgresql") else "rows"
    with monkeypatch.context() as older:
        older.setattr(f"api.store.{module}.STEPS", (POSTGRES_STEPS if module == "postgres" else TINY_STEPS)[:made])
        with closing(open_store(store_address)) as store:
            if made >= 2:
                store.commit([put("p1", stato="x")], [event("p1")])
    for _ in range(2):  # the second time there is nothing left to do
        with closing(open_store(store_address)) as store:
            assert store.find("pratica", {"stato": "x"}).total == len(store.events(about="p1")) == (made >= 2)
            assert verify(store) is None
            store.commit([], [event("p2")])
            with pytest.raises(Exception, match="only grow"):
                tamper(store_address, "DELETE FROM events", unguard=False)


def test_a_store_of_a_newer_program_is_refused(store_address: str) -> None:
    open_store(store_address).close()
    table = "comma_steps" if store_address.startswith("postgresql") else "steps"
    tamper(store_address, f"INSERT INTO {table} VALUES ('un passo che verrà')", unguard=False)  # noqa: S608
    with refused("Questo archivio è stato scritto da una versione più nuova di Comma"):
        open_store(store_address)


def test_postgres_away_says_so_and_works_again_by_itself() -> None:
    with postgres_server() as server:
        store = PostgresStore(server.get_uri(), patience=0.3)
        store.commit([put("p1")], [event("p1")])
        with psycopg.connect(server.get_uri(), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        assert store.get("pratica", "p1")  # a connection that was lost while it was idle is not even noticed
        with refused("L'archivio non risponde"), store.snapshot() as items:
            with psycopg.connect(server.get_uri(), autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
            list(items)
        server.stop()
        for _ in range(2):
            with refused("L'archivio non risponde"):
                store.commit([put("p2")])
        with refused("L'archivio non risponde"):
            open_store(server.get_uri())
        server.start()
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                store.head()
                break
            except Unavailable:
                time.sleep(0.05)
        still_works(store, 1)
        store.close()


def test_postgres_that_refuses_says_why(server_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.store.postgres.LOCK_PATIENCE", "50ms")
    address = empty_schema(server_address)
    with closing(PostgresStore(address)) as store:
        store.commit([put("p1")], [event("p1")])
        with psycopg.connect(address, autocommit=True) as other:
            other.execute(
                "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = 'disk_full'; END $$"
            )
            other.execute("CREATE TRIGGER full_disk BEFORE INSERT ON comma_records EXECUTE FUNCTION full_disk()")
            with refused("Il disco dell'archivio è pieno"):
                store.commit([put("p2")])
            other.execute("DROP TRIGGER full_disk ON comma_records")
            with other.transaction(), refused("L'archivio è occupato da un altro programma"):
                other.execute("LOCK TABLE comma_records")
                store.commit([put("p2")])
        still_works(store, 1)
        with closing(PostgresStore(f"{address}%20-cdefault_transaction_read_only%3Don")) as reading:
            assert reading.find("pratica").total == 2
            with refused("Al programma manca il permesso di scrivere in questo archivio"):
                reading.commit([put("p3")])


@pytest.mark.parametrize("address", ["postgresql://%zz", "postgres://host:porta/x?y=z"])
def test_an_address_that_is_not_one(address: str) -> None:
    with refused("L'indirizzo dell'archivio non si capisce"):
        open_store(address)


def test_tinydb_itself_works_over_the_rows(tmp_path: Path) -> None:
    """What the store does not use of TinyDB works too: whoever opens the file with it finds what it expects."""
    from tinydb import Query, TinyDB  # noqa: PLC0415
    from tinydb.table import Document  # noqa: PLC0415

    from api.store.listings import Listings  # noqa: PLC0415

    class Database(TinyDB):
        table_class = LockedTable

    row = {"order": "", "index": {}, "revision": 1, "document": {}}
    with Database(storage=lambda: Rows(tmp_path / "archivio.db", Listings())) as database:
        table = database.table("a", cache_size=0)
        table.insert_multiple([Document({**row, "n": n}, str(n)) for n in range(5)])  # type: ignore[arg-type]
        assert table.update({"n": 9}, Query().n >= 3) == ["3", "4"]
        assert table.remove(Query().n == 9) == ["3", "4"]
        assert len(table) == 3
        with pytest.raises(ValueError, match="exists"):
            table.insert(Document(row, "1"))  # type: ignore[arg-type]
        database.table("b").insert(Document(row, "x"))  # type: ignore[arg-type]
        database.drop_table("a")
        assert database.tables() == {"b"}
        assert len(database.table("a")) == 0
        database.drop_tables()
        assert len(database.table("b")) == 0
