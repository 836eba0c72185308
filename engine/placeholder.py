"""Placeholder: what a letter may print; the closed list is `lettere.nt`, with what the law wants in each letter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import nestedtext

#: In the list, the word for every letter, those included that the list does not name.
EVERY = "tutte"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """What stands between `{{ }}`: a text, or (with `voce`) an elenco whose members have the `campi`.

    `letters` is empty for every letter; `public` may stand where no personal data may.
    """

    name: str
    meaning: str
    letters: frozenset[str]
    public: bool
    voce: str
    campi: Mapping[str, str]

    def allowed(self, letter: str) -> bool:
        """Whether a letter may print it."""
        return not self.letters or letter in self.letters


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The placeholders, what the law wants in each letter (path to source), and which letters have a redacted form."""

    placeholders: Mapping[str, Placeholder]
    required: Mapping[str, Mapping[str, str]]
    redacted: frozenset[str]

    def of(self, letter: str) -> dict[str, Placeholder]:
        """Return the placeholders that a letter may print."""
        return {name: found for name, found in self.placeholders.items() if found.allowed(letter)}

    def meaning(self, path: str) -> str:
        """Return what a placeholder, or `elenco/campo`, stands for."""
        name, _, inner = path.partition("/")
        found = self.placeholders[name]
        return found.campi[inner] if inner else found.meaning


def _load() -> Catalogue:
    data: Any = nestedtext.loads(files("engine").joinpath("lettere.nt").read_text("utf-8"), top="dict")
    found = {name: _placeholder(name, each) for name, each in data["segnaposti"].items()}
    return Catalogue(MappingProxyType(found), data["obblighi"], _words(data["oscurate"]))


def _placeholder(name: str, data: Mapping[str, Any]) -> Placeholder:
    letters = _words(data["lettere"]) - {EVERY}
    public = data.get("oscurata") == "sì"
    return Placeholder(name, data["che cosa"], letters, public, data.get("voce", ""), data.get("campi", {}))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split("; "))


CATALOGUE = _load()
