"""The chain of events: each has a hash that covers it and all those before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from api.store.contract import Chained, Event


def canonical(event: Event) -> str:
    """Write an event in the one way that is hashed and kept."""
    return json.dumps(asdict(event), sort_keys=True, separators=(",", ":"))


def read_event(text: str) -> Event:
    """Read an event back from the text that was kept; from any other text, an event that breaks the chain."""
    try:
        return Event(**json.loads(text))
    except (TypeError, ValueError, RecursionError):
        return Event("", "", "", "", {"testo": text})


def link(previous: str, number: int, event: Event) -> str:
    """Return the hash of an event: SHA-256 of the hash before it, its number and itself."""
    return hashlib.sha256(f"{previous}\n{number}\n{canonical(event)}".encode()).hexdigest()


def chained(head: tuple[int, str], events: Iterable[Event]) -> Iterator[Chained]:
    """Yield events as they continue a chain."""
    number, previous = head
    for event in events:
        number, previous = number + 1, link(previous, number + 1, event)
        yield Chained(number, previous, event)
