"""Comuni and foreign states by their Belfiore code, with the days on which each existed.

The register is that of the library python-codicefiscale (ISTAT, Agenzia delle Entrate): every comune since
1861, with its names in time. A code is what other systems exchange; a name is what people write and read.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

_CODE = re.compile(r"[A-Z][0-9]{3}")
_WITH_PROVINCE = re.compile(r"(.+?) ?\(([A-Za-z]{2})\)")
_WITH_CODE = re.compile(r".* \(([A-Z][0-9]{3})\)")
_SMALL = re.compile(
    r"(?<=[ '])(?:A|Al|Alla|Ai|Con|D(?=')|Da|Dal|De|Dei|Del|Della|Delle|Degli|Dell|Di|E|Ed|In|Nel|Su|Sul|Sulla|"
    r"Lo|La|Le)(?=[ '])"
)
REGISTERS = ("municipalities.json", "countries.json", "deleted-countries.json")


@dataclass(frozen=True, slots=True)
class Comune:
    """One name of a comune or of a foreign state (`EE`); `since` and `until` are ISO days, `until` "" for today's."""

    code: str
    capitals: str
    province: str
    since: str
    until: str

    @property
    def name(self) -> str:
        """The name as Italians write it: the register gives every word a capital."""
        return _SMALL.sub(lambda word: word[0].lower(), self.capitals)


@dataclass(frozen=True, slots=True)
class _Register:
    """The names of each code, from the oldest, and the codes of each name as people may write it."""

    codes: dict[str, tuple[Comune, ...]]
    names: dict[str, tuple[Comune, ...]]


def named(text: str) -> tuple[Comune, ...]:
    """Return the places of that name (`Palermo`, `Livo (CO)`) or code (`G273`): those of today before those of once.

    None means that there is no such place; several, that the province must be said.
    """
    register = _register()
    if match := _WITH_CODE.fullmatch(text) or _CODE.fullmatch(text.upper()):
        return register.codes.get(match[match.lastindex or 0], ())[-1:]
    match = _WITH_PROVINCE.fullmatch(text)
    found = register.names.get(plain(match[1] if match else text), ())
    wanted = [place for place in found if match is None or place.province == match[2].upper()]
    today = [place for place in wanted if not place.until]
    return tuple({place.code: place for place in today or wanted}.values())


def place_of(code: str) -> Comune:
    """Return the present (or the last) name of a code; raise KeyError if nothing has it."""
    return _register().codes[code][-1]


def existed(code: str, day: date) -> bool:
    """Whether a comune or a state existed on a day, under any of its names."""
    at = day.isoformat()
    return any(place.since <= at and (not place.until or at <= place.until) for place in _register().codes[code])


def show(code: str) -> str:
    """Return the name of a code, with its province, or with the code itself, where the name alone would not do."""
    place = place_of(code)
    for text in (place.name, f"{place.name} ({place.province})"):
        if [other.code for other in named(text)] == [code] and not place.until:
            return text
    return f"{place.name} ({code})"


def near(text: str) -> list[str]:
    """Return the names of today that begin like a text, among which a misspelt one is looked for."""
    start = plain(text)[:1]
    return [
        place.name
        for name, places in _register().names.items()
        if name.startswith(start)
        for place in places
        if not place.until
    ]


def comuni(day: date) -> list[str]:
    """Return the names of the Italian comuni that exist on a day, in alphabetical order."""
    codes = (code for code, places in _register().codes.items() if places[-1].province != "EE" and existed(code, day))
    return sorted(show(code) for code in codes)


def plain(text: str) -> str:
    """Return a name without capitals, accents, apostrophes and hyphens, as it is looked for."""
    letters = unicodedata.normalize("NFD", text.casefold())
    return " ".join(re.sub(r"[^a-z0-9]+", " ", letters.encode("ascii", "ignore").decode()).split())


@cache
def _register() -> _Register:
    codes: dict[str, list[Comune]] = {}
    names: dict[str, list[Comune]] = {}
    for row in _rows():
        place = Comune(row["code"], row["name"], row["province"], row["date_created"][:10], row["date_deleted"][:10])
        codes.setdefault(place.code, []).append(place)
        for slug in {slug.replace("-", " ") for slug in row["name_slugs"]}:
            names.setdefault(slug, []).append(place)
    for places in codes.values():
        places.sort(key=lambda place: (not place.until, place.since))
    return _Register({code: tuple(at) for code, at in codes.items()}, {name: tuple(at) for name, at in names.items()})


def _rows() -> Iterator[dict[str, Any]]:
    for name in REGISTERS:
        rows = json.loads(files("codicefiscale").joinpath("data", name).read_text("utf-8"))
        yield from (row for row in rows if _CODE.fullmatch(row["code"]))
