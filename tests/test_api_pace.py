"""Short evaluations run in place, long ones in a thread."""

from __future__ import annotations

import threading

import anyio
import pytest

from api.pace import FADING, SHORT, Pace


class Clock:
    """A clock on which work takes the time that it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_where_work_is_done() -> None:
    clock, here = Clock(), threading.get_ident()
    pace = Pace(clock)

    def work(seconds: float) -> bool:
        clock.now += seconds
        return threading.get_ident() == here

    async def places(*each: float) -> list[bool]:
        return [await pace.run(lambda seconds=seconds: work(seconds)) for seconds in each]  # type: ignore[misc]

    assert anyio.run(places, 0.0) == [False]
    done = anyio.run(places, *[0.001] * 60)
    assert not done[0]
    assert done == sorted(done)  # from the first in place, all of them
    assert done[-1]
    assert anyio.run(places, 0.5, 0.0, 0.0) == [True, False, False]
    calls = 0
    while pace.longest >= SHORT:
        anyio.run(places, 0.0)
        calls += 1
    assert 0.5 * FADING ** (calls + 2) < SHORT <= 0.5 * FADING ** (calls + 1)
    assert anyio.run(places, 0.0) == [True]


def test_work_that_fails_is_timed_too() -> None:
    clock = Clock()
    pace = Pace(clock)

    def fails() -> None:
        clock.now += 9.0
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        anyio.run(pace.run, fails)
    assert pace.longest == 9.0
