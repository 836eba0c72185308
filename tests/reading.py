"""The same files of the rules are read once in a run: reading is a pure function, and what it gives never changes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import api.rules
import engine.__main__
from engine import rulebook
from engine.problem import Problem
from engine.rulebook import Rulebook


@lru_cache(maxsize=16)
def _reading(files: tuple[tuple[str, bytes], ...]) -> tuple[Rulebook, tuple[Problem, ...]]:
    found, problems = rulebook.read_rulebook(dict(files))
    return found, tuple(problems)


def read_once(files: Mapping[str, bytes]) -> tuple[Rulebook, list[Problem]]:
    """Read and check a data folder as `read_rulebook` does."""
    found, problems = _reading(tuple(files.items()))
    return found, list(problems)


def install() -> None:
    """Let the commands and the server remember what they have read."""
    api.rules.read_rulebook = engine.__main__.read_rulebook = read_once  # type: ignore[attr-defined]
