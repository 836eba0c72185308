"""Anchors: the end of the chain of events, a line a day in a file outside the store; and how a chain is verified."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from api.store.chain import link
from api.store.contract import Chained, Store, Unavailable

#: Events read at once.
BATCH = 5000


@dataclass(frozen=True, slots=True)
class Anchor:
    """How many events there were on a day, and the hash of the last."""

    day: str
    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a chain: the code of the sentence, the number of the event, the day of the anchor."""

    code: str
    number: int
    day: str = ""

    @property
    def data(self) -> dict[str, str]:
        """What the sentence says."""
        return {"number": str(self.number), "day": self.day}


def anchor(store: Store, path: Path, day: date) -> Fault | None:
    """Write the end of the chain in the file of anchors, once a day; for the start of the server and every night.

    If the chain no longer reaches the last anchor nothing is written, and the fault is returned.
    """
    number, digest = store.head()
    try:
        with path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            whole, newline, _torn = file.read().rpartition(b"\n")
            anchors = list(_anchors(whole.decode("utf-8", "replace").splitlines()))
            fault = against(store, anchors[-1:])
            if fault or (anchors and anchors[-1].day >= day.isoformat()) or not number:
                return fault
            file.truncate(len(whole + newline))  # a line that a crash left halfway
            file.write(f"{day.isoformat()} {number} {digest}\n".encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise Unavailable("archivio.no_anchors", path=str(path)) from error
    _sync_folder(path)
    return None


def read_anchors(path: Path) -> tuple[Anchor, ...]:
    """Read a file of anchors; raise Unavailable if it is not there or holds anything else."""
    try:
        whole = path.read_text("utf-8").rpartition("\n")[0]  # a line that a crash left halfway is not one
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable("archivio.no_anchors", path=str(path)) from error
    return tuple(_anchors(whole.splitlines()))


def verify(store: Store, anchors: Iterable[Anchor] = ()) -> Fault | None:
    """Follow the chain from the first event, then look for the end that each anchor saw; return the first fault."""
    number, previous = 0, ""
    for chained in _all(store):
        if chained.number != number + 1:
            return Fault("archivio.removed", number + 1)
        number, previous = chained.number, link(previous, chained.number, chained.event)
        if chained.hash != previous:
            return Fault("archivio.changed", number)
    return against(store, anchors)


def against(store: Store, anchors: Iterable[Anchor]) -> Fault | None:
    """Return the first anchor that the chain does not hold: an end that was cut off, or written again."""
    for each in anchors:
        found = store.events(each.number - 1, limit=1)
        if not found or found[0].number != each.number:
            return Fault("archivio.cut", each.number, each.day)
        if found[0].hash != each.hash:
            return Fault("archivio.rewritten", each.number, each.day)
    return None


def _all(store: Store) -> Iterator[Chained]:
    after = 0
    while batch := store.events(after, limit=BATCH):
        yield from batch
        after = batch[-1].number


def _anchors(lines: Iterable[str]) -> Iterator[Anchor]:
    for line, text in enumerate(lines, start=1):
        try:
            day, number, digest = text.split(" ")
            yield Anchor(date.fromisoformat(day).isoformat(), int(number), digest)
        except ValueError as error:
            raise Unavailable("archivio.wrong_anchor", line=str(line)) from error


def _sync_folder(path: Path) -> None:
    folder = os.open(path.absolute().parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
