"""The catalogue of the sentences that people read (`messages.nt`): every Problem code has one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import nestedtext


def _load() -> dict[str, str]:
    text = files("engine").joinpath("messages.nt").read_text("utf-8")
    groups: Any = nestedtext.loads(text, top="dict")
    return {f"{group}.{name}": said for group, sentences in groups.items() for name, said in sentences.items()}


SENTENCES: Mapping[str, str] = _load()
#: How much of a wrong value a sentence repeats.
SHOWN = 60


def sentence(code: str, data: Mapping[str, str]) -> str:
    """Return the sentence of that code with its placeholders filled.

    Raises KeyError if the code or a placeholder is unknown: a mistake of ours, never of the staff.
    """
    return SENTENCES[code].format(**data)


def shown_json(value: object) -> str:
    """Write a JSON value for a sentence: on one line, cut when it is long."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (RecursionError, TypeError, ValueError):  # too deep, too many digits, or no JSON at all
        text = type(value).__name__
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def encodable(text: str) -> bool:
    """Whether a text can be sent on; half of a surrogate pair, which JSON lets through, cannot."""
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)
