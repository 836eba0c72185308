"""The catalogue of the sentences that people read (`messages.nt`): every Problem code has one."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import nestedtext


def _load() -> dict[str, str]:
    text = files("engine").joinpath("messages.nt").read_text("utf-8")
    groups: Any = nestedtext.loads(text, top="dict")
    return {f"{group}.{name}": said for group, sentences in groups.items() for name, said in sentences.items()}


SENTENCES: Mapping[str, str] = _load()


def sentence(code: str, data: Mapping[str, str]) -> str:
    """Return the sentence of that code with its placeholders filled.

    Raises KeyError if the code or a placeholder is unknown: a mistake of ours, never of the staff.
    """
    return SENTENCES[code].format(**data)
