"""The store of a real office: PostgreSQL, with several servers at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

from api.store.chain import canonical, chained, read_event
from api.store.contract import Chained, Conflict, Event, Item, NotEmpty, Page, Put, Record, Unavailable, Where, wanted
from api.store.cursor import Spot, read_cursor, write_cursor
from api.store.steps import Step, missing_steps
from api.store.written import check, json_text, storable

Connection = psycopg.Connection[TupleRow]

#: The document is `json`, not `jsonb`: nobody searches inside it, and it comes back exactly as it was written.
STEPS = (
    Step(
        "records",
        (
            """CREATE TABLE comma_records (
                kind text COLLATE "C", id text COLLATE "C", revision integer NOT NULL, place text COLLATE "C" NOT NULL,
                indexed jsonb NOT NULL, document json NOT NULL, PRIMARY KEY (kind, id))""",
            "ALTER TABLE comma_records ALTER document SET STORAGE EXTERNAL",  # what is sealed does not shrink
            "CREATE INDEX comma_records_list ON comma_records (kind, place, id)",
            "CREATE INDEX comma_records_indexed ON comma_records USING gin (indexed jsonb_path_ops)",
        ),
    ),
    Step(
        "events",
        (
            """CREATE TABLE comma_events (
                number bigint PRIMARY KEY, hash text NOT NULL, about text NOT NULL, event text NOT NULL)""",
        ),
    ),
    Step("events about", ("CREATE INDEX comma_events_about ON comma_events (about, number)",)),
    Step(
        "events only grow",
        (
            """CREATE FUNCTION comma_events_only_grow() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'events only grow'; END $$""",
            """CREATE TRIGGER comma_events_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON comma_events
                EXECUTE FUNCTION comma_events_only_grow()""",
        ),
    ),
)
#: Connections that a server keeps, and how long a request waits for one, for a lock, and for a server that is away.
CONNECTIONS, PATIENCE, LOCK_PATIENCE, AWAY = 10, 5.0, "30s", 1.0
#: What PostgreSQL answers, by code or by class of codes, and the sentence for it.
FAILURES = {
    "53100": "archivio.full",
    "58030": "archivio.failing",
    "25006": "archivio.no_rights",
    "42501": "archivio.no_rights",
    "55P03": "archivio.busy",
    "40P01": "archivio.busy",
    "53": "archivio.no_connection",
    "57": "archivio.no_connection",
    "08": "archivio.no_connection",
    "28": "archivio.no_connection",
    "3D": "archivio.no_connection",
}
EXPECTED = "WHERE kind = %s AND id = %s AND revision = %s"
#: How many rows are sent at once when the whole store is moved.
BATCH = 500


class PostgresStore:
    """A store in a PostgreSQL database, for any number of servers."""

    def __init__(self, address: str, patience: float = PATIENCE) -> None:
        try:
            conninfo_to_dict(address)
        except psycopg.ProgrammingError as error:
            raise Unavailable("archivio.wrong_address") from error
        with _failures():
            psycopg.connect(address).close()  # the reason, at once: a pool would only say that time is over
            self._pool = ConnectionPool(
                address,
                min_size=0,
                max_size=CONNECTIONS,
                timeout=patience,
                reconnect_timeout=min(AWAY, patience),
                kwargs={"autocommit": True},
                configure=_configure,
                check=ConnectionPool.check_connection,
                open=True,
            )
        try:
            with self._transaction() as connection:
                _upgrade(connection)
        except BaseException:
            self._pool.close()
            raise

    def get(self, kind: str, id_: str, /) -> Record | None:
        """Return a record, or None."""
        if not (storable(kind) and storable(id_)):
            return None
        query = "SELECT id, revision, document, indexed, place FROM comma_records WHERE kind = %s AND id = %s"
        with self._connection() as connection:
            row = connection.execute(query, (kind, id_)).fetchone()
        return _record(kind, row) if row else None

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
        if limit < 1:
            raise ValueError(f"limit {limit}")
        pairs = wanted(where)
        if not all(map(storable, (kind, since, until, *(text for pair in pairs for text in pair)))):
            return Page((), 0)
        source, values = _conditions(kind, pairs, since, until)
        last = read_cursor(after)
        with self._connection() as connection:
            rows = connection.execute(
                _page_query(source, last, newest=newest), (*values, *(last or ()), limit + 1, kind)
            )
            found = rows.fetchall()
            total = found[0][-1] if found else _one(connection.execute(f"SELECT count(*) {source}", values))[0]
        records = tuple(_record(kind, row[:-1]) for row in found[:limit])
        return Page(records, total, write_cursor((records[-1].order, records[-1].id)) if len(found) > limit else "")

    def commit(self, puts: Sequence[Put], events: Sequence[Event] = ()) -> None:
        """Write all or nothing, durably; raise Conflict if a revision is not the expected one."""
        check(puts, events)
        with self._transaction() as connection:
            for put in sorted(puts, key=lambda each: (each.kind, each.id)):  # in one order: nobody waits in a circle
                if not _put(connection, put):
                    raise Conflict(put.kind, put.id, _revision(connection, put), put.expected)
            if events:
                _lock_chain(connection)
                _append(connection, chained(_head(connection), events))

    def events(self, after: int = 0, *, about: str = "", limit: int = 1000) -> tuple[Chained, ...]:
        """Return the events that follow a number, of one subject or of all."""
        if not storable(about):
            return ()
        only, values = ("about = %s AND", (about,)) if about else ("", ())
        query = f"SELECT number, hash, event FROM comma_events WHERE {only} number > %s ORDER BY number LIMIT %s"
        with self._connection() as connection:
            return tuple(map(_chained, connection.execute(query, (*values, after, limit))))

    def head(self) -> tuple[int, str]:
        """Return the number and the hash of the last event; (0, "") when there is none."""
        with self._connection() as connection:
            return _head(connection)

    @contextmanager
    def snapshot(self) -> Iterator[Iterator[Item]]:
        """Yield everything as it is at one moment, while others go on writing."""
        with self._transaction() as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            connection.execute("SELECT 1")  # the moment
            yield _everything(connection)

    def restore(self, items: Iterable[Item], /) -> None:
        """Fill an empty store with what a snapshot gave, all or nothing; raise NotEmpty if it holds anything."""
        with self._transaction() as connection:
            connection.execute("LOCK TABLE comma_records, comma_events IN SHARE ROW EXCLUSIVE MODE")
            if _one(connection.execute("SELECT count(*) FROM comma_records"))[0] or _head(connection)[0]:
                raise NotEmpty
            for batch in _batches(items):
                records = (item for item in batch if isinstance(item, Record))
                _insert(connection, [(item, item.revision) for item in records])
                _append(connection, (item for item in batch if isinstance(item, Chained)))

    def close(self) -> None:
        """Let go of the store."""
        self._pool.close()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        with _failures(), self._pool.connection() as connection:
            yield connection

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._connection() as connection, connection.transaction():
            yield connection


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        state = error.sqlstate or ""
        lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and not state
        code = FAILURES.get(state) or FAILURES.get(state[:2]) or ("archivio.no_connection" if lost else None)
        if code is None:
            raise
        raise Unavailable(code) from error


def _configure(connection: Connection) -> None:
    connection.execute("SET synchronous_commit = on")  # what is acknowledged is on the disk, whatever the server says
    connection.execute(f"SET lock_timeout = '{LOCK_PATIENCE}'")


def _upgrade(connection: Connection) -> None:
    connection.execute("SELECT pg_advisory_xact_lock(hashtext('comma_steps'))")
    if _one(connection.execute("SELECT to_regclass('comma_steps')"))[0] is None:
        connection.execute("CREATE TABLE comma_steps (name text PRIMARY KEY)")
    made = [name for (name,) in connection.execute("SELECT name FROM comma_steps")]
    for step in missing_steps(made, STEPS):
        for statement in step.statements:
            connection.execute(statement)
        connection.execute("INSERT INTO comma_steps VALUES (%s)", (step.name,))


def _conditions(kind: str, pairs: Sequence[tuple[str, str]], since: str, until: str) -> tuple[str, list[str]]:
    # The index of a record stands under its kind: where one is asked for, the kind would only be looked up twice.
    conditions = {} if pairs and not (since or until) else {"kind = %s": kind}
    if pairs:
        fields: dict[str, list[str]] = {}
        for field, value in pairs:
            fields.setdefault(field, []).append(value)
        conditions["indexed @> %s::jsonb"] = json_text({kind: fields})
    if since:
        conditions["place >= %s"] = since
    if until:
        conditions["place < %s"] = until
    return f"FROM comma_records WHERE {' AND '.join(conditions)}", list(conditions.values())


def _page_query(source: str, last: Spot | None, *, newest: bool) -> str:
    """Return the query of a page: first all the places, so that few matches are looked up and not walked to."""
    turn, following = ("DESC", "<") if newest else ("ASC", ">")
    beyond = f"WHERE (place, id) {following} (%s, %s)" if last else ""
    return f"""WITH found AS MATERIALIZED (SELECT place, id {source}),
        page AS (SELECT id FROM found {beyond} ORDER BY place {turn}, id {turn} LIMIT %s)
        SELECT id, revision, document, indexed, place, (SELECT count(*) FROM found)
        FROM page JOIN comma_records USING (id) WHERE kind = %s ORDER BY place {turn}, id {turn}"""


def _put(connection: Connection, put: Put) -> bool:
    key = (put.kind, put.id, put.expected)
    if put.document is None and not put.expected:
        return not _revision(connection, put)
    if put.document is None:
        return connection.execute(f"DELETE FROM comma_records {EXPECTED}", key).rowcount == 1
    if not put.expected:
        return _insert(connection, [(put, 1)]) == 1
    update = f"UPDATE comma_records SET revision = revision + 1, place = %s, indexed = %s, document = %s {EXPECTED}"
    return connection.execute(update, (*_columns(put), *key)).rowcount == 1


def _insert(connection: Connection, written: Sequence[tuple[Put | Record, int]]) -> int:
    rows = [(each.kind, each.id, revision, *_columns(each)) for each, revision in written]
    insert = "INSERT INTO comma_records (kind, id, revision, place, indexed, document)"
    with connection.cursor() as cursor:
        cursor.executemany(f"{insert} VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING", rows)
        return cursor.rowcount


def _columns(written: Put | Record) -> tuple[str, str, str]:
    index = {field: list(values) for field, values in written.index.items()}
    return written.order, json_text({written.kind: index}), json_text(written.document or {})


def _revision(connection: Connection, put: Put) -> int:
    query = "SELECT revision FROM comma_records WHERE kind = %s AND id = %s"
    found = connection.execute(query, (put.kind, put.id)).fetchone()
    return found[0] if found else 0


def _record(kind: str, row: TupleRow) -> Record:
    id_, revision, document, indexed, place = row
    return Record(kind, id_, revision, document, indexed[kind], place)


def _lock_chain(connection: Connection) -> None:
    connection.execute("SELECT pg_advisory_xact_lock('comma_events'::regclass::bigint)")


def _head(connection: Connection) -> tuple[int, str]:
    query = "SELECT number, hash FROM comma_events ORDER BY number DESC LIMIT 1"
    number, digest = connection.execute(query).fetchone() or (0, "")
    return number, digest


def _append(connection: Connection, events: Iterable[Chained]) -> None:
    rows = ((each.number, each.hash, each.event.about, canonical(each.event)) for each in events)
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO comma_events VALUES (%s, %s, %s, %s)", rows)


def _chained(row: TupleRow) -> Chained:
    number, digest, text = row
    return Chained(number, digest, read_event(text))


def _everything(connection: Connection) -> Iterator[Item]:
    with connection.cursor("records") as cursor:
        cursor.execute("SELECT kind, id, revision, document, indexed, place FROM comma_records ORDER BY kind, id")
        for kind, *row in cursor:
            yield _record(kind, tuple(row))
    with connection.cursor("events") as cursor:
        cursor.execute("SELECT number, hash, event FROM comma_events ORDER BY number")
        yield from map(_chained, cursor)


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    remaining = iter(items)
    while batch := list(islice(remaining, BATCH)):
        yield batch


def _one(cursor: psycopg.Cursor[TupleRow]) -> TupleRow:
    row = cursor.fetchone()
    assert row is not None
    return row
