"""Where to evaluate: in place while evaluations are short, in a thread when they would keep others waiting.

A thread costs more than all the rest of a request; a long evaluation in place stops everybody else's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

Result = TypeVar("Result")
#: Seconds for which everybody else may be kept waiting.
SHORT = 0.01
#: How much of a long evaluation is still remembered at the next one.
FADING = 0.98


class Pace:
    """Remembers how long the longest of the latest evaluations was; the first ones run in threads."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self.longest = 2 * SHORT

    async def run(self, work: Callable[[], Result]) -> Result:
        """Do the work, in place or in a thread."""
        if self.longest < SHORT:
            return self._timed(work)
        return await run_in_threadpool(self._timed, work)

    def _timed(self, work: Callable[[], Result]) -> Result:
        began = self._clock()
        try:
            return work()
        finally:
            self.longest = max(self._clock() - began, self.longest * FADING)
