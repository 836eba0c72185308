"""The letter as a tagged PDF, the same bytes whenever and wherever it is printed."""

from __future__ import annotations

import json
from functools import cache, lru_cache
from importlib.resources import files
from math import isqrt
from typing import Any, Literal

import typst

from api.letters.words import texts
from engine.ente import Ente
from engine.letter import Block, Letter, Words
from engine.messages import sentence

STANDARD: Literal["ua-1"] = "ua-1"
#: From here on a font may lack a sign; before it are the letters of the languages of Europe.
UNUSUAL = 0x180
#: How many different unusual signs of a letter are tried; any beyond are written in words.
LOOKED_AT = 100
PROBE = b'#set document(title: "-")\n#set text(font: "Libertinus Serif")\n#sys.inputs.signs'


def print_letter(letter: Letter, ente: Ente) -> bytes:
    """Return the PDF of a letter of an office, tagged, in Italian; neither the clock nor the system's fonts matter."""
    return _made(_template(), letter=_printable(json.dumps(data(letter, ente), ensure_ascii=False)))


def _made(template: bytes, **inputs: str) -> bytes:
    made = typst.compile(
        template,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs=inputs,
        pdf_standards=STANDARD,
        timestamp=0,
    )
    assert isinstance(made, bytes)
    return made


@cache
def _fonts() -> typst.Fonts:
    """Return the fonts inside the library: to look for those of the system takes longer than to print."""
    return typst.Fonts(include_system_fonts=False)


def _printable(text: str) -> str:
    """Return the text with the signs that no font has in words: one alone would stop the whole letter."""
    unusual = sorted({char for char in text if ord(char) >= UNUSUAL})
    looked_at = "".join(unusual[:LOOKED_AT])
    hidden = [*([] if _shown(looked_at) else (char for char in looked_at if not _shown(char))), *unusual[LOOKED_AT:]]
    return text.translate({ord(char): sentence("stampa.no_sign", {"code": f"U+{ord(char):04X}"}) for char in hidden})


@lru_cache(1000)
def _shown(signs: str) -> bool:
    """Whether the fonts have every one of those signs."""
    try:
        _made(PROBE, signs=" ".join(signs))
    except typst.TypstError:
        return False
    return True


@cache
def _template() -> bytes:
    return files("api.letters").joinpath("letter.typ").read_bytes()


def data(letter: Letter, ente: Ente) -> dict[str, Any]:
    """Return what the template prints, as JSON."""
    return {
        **letter.as_json(),
        **texts(letter, ente),
        "title": letter.title,
        "author": ente.nome,
        "ente": ente.nome,
        "ufficio": ente.ufficio,
        "page": sentence("stampa.page", {}),
        "blocks": [_block(block) for block in letter.blocks],
    }


def _block(block: Block) -> dict[str, Any]:
    cells = [cell for row in block.items for cell in row] if block.headings else []
    return {
        "kind": block.kind,
        "lines": [_runs(line) for line in block.lines],
        "items": [] if block.headings else [[_runs(line) for line in item] for item in block.items],
        "cells": [_runs(cell) for cell in cells],
        "headings": block.headings,
        "columns": _shares(block),
    }


def _runs(words: Words) -> list[dict[str, str]]:
    return [{"text": run.text, "kind": run.kind} for run in words]


def _shares(block: Block) -> list[int]:
    """Return how wide each column is, by what it holds: a long text has more, a short one is never squeezed."""
    shares = []
    for index, heading in enumerate(block.headings):
        longest = max((sum(len(run.text) for run in row[index]) for row in block.items), default=0)
        shares.append(isqrt(100 * min(max(longest, len(heading), 12), 160)))
    return shares
