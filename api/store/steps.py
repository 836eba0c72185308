"""The format of a store: the named steps that made it, one after another, and those that an older one still lacks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from api.store.contract import Unavailable


class Step(NamedTuple):
    """A change of format: its name, which the store remembers, and the statements that make it."""

    name: str
    statements: tuple[str, ...]


def missing_steps(made: Collection[str], known: Sequence[Step]) -> tuple[Step, ...]:
    """Return the steps that a store still lacks, in order; a step that nobody here knows makes it a newer store."""
    if set(made) - {step.name for step in known}:
        raise Unavailable("archivio.newer")
    return tuple(step for step in known if step.name not in made)
