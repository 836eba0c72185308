"""Letters: how long it takes to compose and to print each of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from api.letters.page import letter_page
from api.letters.pdf import print_letter
from bench.timing import once
from engine.letter import Letter, Member, Values, compose
from engine.placeholder import CATALOGUE
from engine.rulebook import Rulebook

ROUNDS = 15
#: How many members an elenco has in the letters that are measured.
MEMBERS = 4


@dataclass(frozen=True, slots=True)
class Letters:
    """The seconds of one letter: the first time that it is printed in this process, and the times after."""

    first: float
    printed: list[float]
    shown: list[float]
    size: int


def specimen(letter: str) -> Values:
    """Return a value for every placeholder of a letter: what it stands for."""
    values: dict[str, str | list[Member]] = {}
    for name, found in CATALOGUE.of(letter).items():
        values[name] = [dict(found.campi) for _ in range(MEMBERS)] if found.voce else found.meaning
    return values


def measure(rulebook: Rulebook) -> dict[str, Letters]:
    """Compose every letter, print it and show it."""
    return {name: _letter(rulebook, name) for name in rulebook.lettere}


def _letter(rulebook: Rulebook, name: str) -> Letters:
    def composed(turn: int) -> Letter:
        """Return the letter to another family each time, so that nothing of it is remembered."""
        values = {**specimen(name), "destinatario": f"Famiglia {turn}"}
        return compose(rulebook.lettere[name], values)

    def paper(turn: int) -> bytes:
        return print_letter(composed(turn), rulebook.ente)

    def page(turn: int) -> str:
        return letter_page(composed(turn), rulebook.ente)

    first = once(partial(paper, 0))
    printed = [once(partial(paper, turn)) for turn in range(1, ROUNDS)]
    shown = [once(partial(page, turn)) for turn in range(1, ROUNDS)]
    return Letters(first, printed, shown, len(paper(ROUNDS)))
