"""The cursor of a list: where its next page begins, as a text for an address."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from api.store.written import storable

#: The place of a record in the lists of its kind.
Spot = tuple[str, str]


def write_cursor(spot: Spot) -> str:
    """Write the place of the last record of a page."""
    return urlsafe_b64encode(json.dumps(spot, separators=(",", ":")).encode()).decode().rstrip("=")


def read_cursor(text: str) -> Spot | None:
    """Return the place that a cursor names; None if there is none, or nobody could have written it."""
    try:
        match json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4))):
            case [str(order), str(id_)] if storable(order) and storable(id_):
                return order, id_
    except (ValueError, RecursionError):
        pass
    return None


def page_of(spots: Sequence[Spot], after: str, limit: int, *, newest: bool) -> tuple[Sequence[Spot], str]:
    """Return the places of a page of a sorted list, as they are shown, and the cursor of what follows."""
    if limit < 1:
        raise ValueError(f"limit {limit}")
    last = read_cursor(after)
    if newest:
        end = bisect_left(spots, last) if last else len(spots)
        shown = spots[max(0, end - limit) : end][::-1]
        more = end > limit
    else:
        start = bisect_right(spots, last) if last else 0
        shown = spots[start : start + limit]
        more = start + limit < len(spots)
    return shown, write_cursor(shown[-1]) if more else ""
