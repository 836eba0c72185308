"""Letters: how long it takes to compose and to print each of them."""

from __future__ import annotations

from engine.letter import Member, Values
from engine.placeholder import CATALOGUE

#: How many members an elenco has in the letters that are measured.
MEMBERS = 4


def specimen(letter: str) -> Values:
    """Return a value for every placeholder of a letter: what it stands for."""
    values: dict[str, str | list[Member]] = {}
    for name, found in CATALOGUE.of(letter).items():
        values[name] = [dict(found.campi) for _ in range(MEMBERS)] if found.voce else found.meaning
    return values
