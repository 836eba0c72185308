"""The rulebook that is being served: read from a folder, kept until it changes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.__main__ import read_folder
from engine.problem import Problem
from engine.rulebook import Rulebook, read_rulebook


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a data folder, and the problems that keep them from being served."""

    rulebook: Rulebook
    problems: tuple[Problem, ...]


def read_rules(folder: Path) -> Rules:
    """Read a data folder."""
    rulebook, problems = read_rulebook(read_folder(folder))
    return Rules(rulebook, tuple(problems))
