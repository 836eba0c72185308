"""How many cases made at random the tests try: all of them, or COMMA_TENTHS tenths (100 is ten times as many).

`make test` asks one tenth of the Python that measures the coverage: a law that holds of random rules and families
says nothing of the version of Python, and the other one tries them all.
"""

from __future__ import annotations

import os

from hypothesis import settings

TENTHS = int(os.environ.get("COMMA_TENTHS", "10"))


def tenths(whole: int) -> int:
    """Return how many to try of so many cases, at least one."""
    return max(1, whole * TENTHS // 10)


def install() -> None:
    """Let hypothesis try as many examples, where a test does not say how many."""
    settings.register_profile("tenths", max_examples=tenths(100), deadline=None)
    settings.load_profile("tenths")
