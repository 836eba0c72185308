"""How many requests a client may make in a minute, and how many are left."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

WINDOW = 60.0
#: Clients counted one by one in a window; the others share one count, so that memory is bounded.
CLIENTS = 10_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left to a client: requests, and the seconds to the next window."""

    limit: int
    left: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        """The three headers that ModI asks for."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(0, self.left)),
            "X-RateLimit-Reset": str(self.reset),
        }


class Rate:
    """Counts requests by client in windows of one minute, which begin together for all."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._clock = clock
        self._began = clock()
        self._counts: dict[str, int] = {}

    def take(self, client: str) -> Allowance:
        """Count a request; `left` is negative when it is one too many."""
        now = self._clock()
        if now - self._began >= WINDOW:
            self._began, self._counts = now, {}
        if client not in self._counts and len(self._counts) >= CLIENTS:
            client = ""
        self._counts[client] = self._counts.get(client, 0) + 1
        reset = max(1, math.ceil(self._began + WINDOW - now))
        return Allowance(self.limit, self.limit - self._counts[client], reset)
