"""Opening a store by its address: a path is an embedded store, `postgresql://…` is PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from api.store.contract import Store, Unavailable
from api.store.postgres import PostgresStore
from api.store.tiny import TinyStore

POSTGRES = ("postgresql://", "postgres://")


def open_store(address: str, *, create: bool = True) -> Store:
    """Open a store, made or brought to the present format if need be; raise Unavailable if it cannot be opened.

    Without `create` a file that is not there is Unavailable too.
    """
    if address.startswith(POSTGRES):
        return PostgresStore(address)
    path = Path(address)
    if not create and not path.is_file():
        raise Unavailable("archivio.no_store", path=address)
    return TinyStore(path)
