"""How many cases made at random the tests try: all of them, or COMMA_TENTHS tenths (100 is ten times as many).

`make test` asks one tenth of the Python that measures the coverage: a law that holds of random rules and families
says nothing of the version of Python, and the other one tries them all.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

from hypothesis import settings

Case = TypeVar("Case")
TENTHS = int(os.environ.get("COMMA_TENTHS", "10"))


def tenths(whole: int) -> int:
    """Return how many to try of so many cases, at least one."""
    return max(1, whole * TENTHS // 10)


def some(cases: Sequence[Case]) -> Sequence[Case]:
    """Return that part of the cases, spread over all of them."""
    return cases[:: max(1, 10 // TENTHS)]


def install() -> None:
    """Let hypothesis try as many examples, where a test does not say how many."""
    settings.register_profile("tenths", max_examples=tenths(100), deadline=None)
    settings.load_profile("tenths")
