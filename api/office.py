"""The office: the application with a store, its identity and its desk; and the demonstration, where all is invented."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI

from api.app import REQUESTS, make_app
from api.desk.desk import Desk
from api.desk.install import install_desk
from api.identity.install import Identity, Settings, install
from api.identity.keys import Wrapping
from api.rules import ROME, Rules
from api.store.anchors import anchor
from api.store.contract import Conflict, Store
from api.store.editions import keep
from api.store.keys import Keys
from engine.messages import sentence

#: How often the end of the chain is looked at, to be anchored once a day, in seconds.
HOUR = 3600.0
#: The key under which identity keeps its secrets; no file has this id.
SECRETS = "accessi"
LOG = logging.getLogger("comma")


@dataclass(frozen=True)
class Office:
    """An application that keeps files: what it is made of, for who starts it and for the tests."""

    app: FastAPI
    identity: Identity
    desk: Desk


def in_utc() -> datetime:
    """Return what time it is."""
    return datetime.now(UTC)


def make_office(
    rules: Rules,
    store: Store,
    keys: Keys,
    settings: Settings,
    clock: Callable[[], datetime] = in_utc,
    *,
    limit: int = REQUESTS,
    anchors: Path | None = None,
) -> Office:
    """Return the application with its store, identity and desk; the edition of the rules is kept from the start."""
    app = make_app(rules, lambda: clock().astimezone(ROME).date(), limit=limit, address=settings.address, office=True)
    identity = install(app, store, rules, settings, clock)
    desk = install_desk(app, store, keys, rules, identity.accounts, clock)
    if rules.edition is not None:
        keep(store, rules.edition.files)
    if anchors is not None:
        _anchored_daily(app, store, anchors, clock)
    return Office(app, identity, desk)


def wrapping(store: Store, keys: Keys) -> Wrapping:
    """Return how identity closes its secrets: under a key of their own, itself under the master key."""
    while (found := keys.sealer(store, SECRETS)) is None:
        made, _ = keys.new(SECRETS)
        try:
            store.commit([made])
        except Conflict:  # another process has made it meanwhile
            continue
    sealer = found

    def wrap(secret: bytes) -> bytes:
        return json.dumps(dict(sealer.seal({"segreto": secret.hex()}, SECRETS))).encode()

    def unwrap(closed: bytes) -> bytes:
        return bytes.fromhex(sealer.open(json.loads(closed), SECRETS)["segreto"])

    return Wrapping(wrap, unwrap)


def _anchored_daily(app: FastAPI, store: Store, path: Path, clock: Callable[[], datetime]) -> None:
    """Write the end of the chain outside the store at the start and then once a day, as long as the server lasts."""
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(served: FastAPI) -> AsyncIterator[None]:
        with anchoring(store, path, clock):
            async with inner(served):
                yield

    app.router.lifespan_context = lifespan


@contextmanager
def anchoring(store: Store, path: Path, clock: Callable[[], datetime]) -> Iterator[None]:
    """Anchor the chain now and at every hour of a new day; a chain that has lost its end is said aloud."""
    stop = threading.Event()

    def once() -> None:
        fault = anchor(store, path, clock().astimezone(ROME).date())
        if fault is not None:
            LOG.error(sentence(fault.code, fault.data))

    def watch() -> None:
        while not stop.wait(HOUR):
            once()

    once()
    watcher = threading.Thread(target=watch, name="ancore", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()
