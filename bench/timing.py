"""Times: several contenders in turn, round after round, so that a busy moment touches all of them."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

ROUNDS = 11
#: A round of one contender lasts at least this long, in seconds.
ENOUGH = 0.02


@dataclass(frozen=True, slots=True)
class Times:
    """The seconds of one call, round by round."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return median(self.rounds)

    @property
    def spread(self) -> tuple[float, float]:
        """The least and the greatest."""
        return min(self.rounds), max(self.rounds)

    def ratio(self, other: Times) -> float:
        """Return the middle one of the ratios, round by round."""
        return median(one / two for one, two in zip(self.rounds, other.rounds, strict=True))


def once(call: Callable[[], object]) -> float:
    """Return the seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def compare(
    contenders: Mapping[str, tuple[Callable[[Any], object], list[Any]]], rounds: int = ROUNDS
) -> dict[str, Times]:
    """Time each contender over its inputs, all of them in every round; a time is that of one input."""
    found: dict[str, list[float]] = {name: [] for name in contenders}
    repeats = {name: _repeats(call, inputs) for name, (call, inputs) in contenders.items()}
    gc.collect()
    gc.disable()
    for _ in range(rounds):
        for name, (call, inputs) in contenders.items():
            found[name].append(_round(call, inputs, repeats[name]))
    gc.enable()
    return {name: Times(tuple(times)) for name, times in found.items()}


def _repeats(call: Callable[[Any], object], inputs: list[Any]) -> int:
    warm = _round(call, inputs, 1) * len(inputs)
    return max(1, round(ENOUGH / max(warm, 1e-9)))


def _round(call: Callable[[Any], object], inputs: list[Any], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        for one in inputs:
            call(one)
    return (time.perf_counter() - start) / repeats / len(inputs)


def percentile(times: list[float], percent: int) -> float:
    """Return a percentile of some times."""
    return quantiles(times, n=100, method="inclusive")[percent - 1] if len(times) > 1 else times[0]
