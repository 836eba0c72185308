"""The letter as a tagged PDF, the same bytes whenever and wherever it is printed."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from math import isqrt
from typing import Any

import typst

from engine.ente import Ente
from engine.letter import Block, Letter, Words
from engine.messages import sentence

STANDARD = "ua-1"


def print_letter(letter: Letter, ente: Ente) -> bytes:
    """Return the PDF of a letter of an office: tagged, in Italian, with its title; no clock and no font of the system."""
    made = typst.compile(
        _template(),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"letter": json.dumps(data(letter, ente), ensure_ascii=False)},
        pdf_standards=STANDARD,
        timestamp=0,
    )
    assert isinstance(made, bytes)
    return made


@cache
def _template() -> bytes:
    return files("api.letters").joinpath("letter.typ").read_bytes()


def data(letter: Letter, ente: Ente) -> dict[str, Any]:
    """Return what the template prints, as JSON."""
    draft = sentence("stampa.draft", {"missing": "; ".join(letter.missing)}) if letter.lacking else ""
    return {
        **letter.as_json(),
        "title": letter.title,
        "author": ente.nome,
        "ente": ente.nome,
        "ufficio": ente.ufficio,
        "contacts": contacts(ente),
        "foot": sentence("stampa.foot", {"title": letter.titolo, "hash": letter.impronta[:12]}),
        "page": sentence("stampa.page", {}),
        "subject-label": sentence("stampa.subject", {}),
        "draft": draft,
        "blocks": [_block(block) for block in letter.blocks],
    }


def contacts(ente: Ente) -> str:
    """Return where the office is and its telephone, in one line."""
    telephone = sentence("stampa.telephone", {"number": ente.telefono}) if ente.telefono else ""
    return ", ".join(part for part in (ente.indirizzo, telephone) if part)


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
