"""Letters for the tests: the real texts, an invented family, and a letter as plain text."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import nestedtext

from engine.__main__ import read_folder
from engine.letter import Block, Letter, Words, of_ente
from engine.rulebook import Rulebook, read_rulebook
from tests.source import ROOT

HERE = Path(__file__).parent / "lettere"
MARKS = {"manca": ("⟦", "⟧"), "da confermare": ("⟨", "⟩")}


@cache
def book() -> Rulebook:
    """Return the real rules with their letters."""
    return read_rulebook(read_folder(ROOT))[0]


@cache
def family() -> dict[str, Any]:
    """Return a value for every placeholder."""
    found: Any = nestedtext.loads((HERE / "valori.nt").read_text("utf-8"), top="dict")
    return {**of_ente(book().ente), **found}


def told(letter: Letter) -> str:
    """Write a letter as plain text; ⟦what is missing⟧ and ⟨what is to be confirmed⟩ are between signs."""
    parts = [f"{label}: {words(value)}" for label, value in letter.riferimenti]
    parts += map(words, letter.destinatario)
    parts += [letter.titolo.upper(), words(letter.oggetto)]
    parts += (line for block in letter.blocks for line in _block(block))
    return "\n".join(parts) + "\n"


def words(runs: Words) -> str:
    """Write a line."""
    return "".join(run.text.join(MARKS.get(run.kind, ("", ""))) for run in runs)


def _block(block: Block) -> list[str]:
    if block.headings:
        return [" | ".join(block.headings), *(" | ".join(map(words, item)) for item in block.items)]
    marks = {"titolo": "# ", "firma": "FIRMA "}
    lines = [marks.get(block.kind, "") + " / ".join(map(words, block.lines))] if block.lines else []
    return lines + ["- " + " / ".join(map(words, item)) for item in block.items]
