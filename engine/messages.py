"""The catalogue of the sentences that people read (`messages.nt`): every Problem code has one."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

import nestedtext


def _load() -> dict[str, str]:
    groups = nestedtext.loads(files("engine").joinpath("messages.nt").read_text("utf-8"), top="dict")
    return {f"{group}.{name}": text for group, sentences in groups.items() for name, text in sentences.items()}


SENTENCES: Mapping[str, str] = _load()


def sentence(code: str, data: Mapping[str, str]) -> str:
    """Return the sentence of that code with its placeholders filled.

    Raises KeyError if the code or a placeholder is unknown: a mistake of ours, never of the staff.
    """
    return SENTENCES[code].format(**data)
