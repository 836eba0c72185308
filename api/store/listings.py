"""The lists of an embedded store, in memory: for each indexed value, the places of its records in order."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from typing import Any

from api.store.cursor import Spot

Row = dict[str, Any]
#: The list of all the records of a kind, under a name that no field can have.
EVERY = ("\0", "")


class Listings:
    """For each kind, field and value a sorted list of (order, id); what changes is told to it row by row."""

    def __init__(self) -> None:
        self._lists: dict[tuple[str, str, str], list[Spot]] = {}

    def clear(self) -> None:
        """Forget everything."""
        self._lists.clear()

    def change(self, kind: str, id_: str, old: Row | None, new: Row | None) -> None:
        """Take a record out of the lists where it stood, and put it where it stands now."""
        before = set(_places(old, id_)) if old else set()
        now = set(_places(new, id_)) if new else set()
        for field, value, spot in before - now:
            spots = self._lists[kind, field, value]
            del spots[bisect_left(spots, spot)]
            if not spots:
                del self._lists[kind, field, value]
        for field, value, spot in now - before:
            insort(self._lists.setdefault((kind, field, value), []), spot)

    def select(self, kind: str, where: Sequence[tuple[str, str]], since: str, until: str) -> list[Spot]:
        """Return the places of the records that have all these values, in order."""
        lists = [self._lists.get((kind, *wanted), []) for wanted in (where or [EVERY])]
        parts = sorted((_within(spots, since, until) for spots in lists), key=len)
        shortest, *others = parts
        for other in others:
            present = set(other)
            shortest = [spot for spot in shortest if spot in present]
        return shortest


def _places(row: Row, id_: str) -> Iterator[tuple[str, str, Spot]]:
    spot = (row["order"], id_)
    yield (*EVERY, spot)
    for field, values in row["index"].items():
        for value in values:
            yield field, value, spot


def _within(spots: list[Spot], since: str, until: str) -> list[Spot]:
    first = bisect_left(spots, (since, "")) if since else 0
    last = bisect_left(spots, (until, "")) if until else len(spots)
    return spots[first:last]
