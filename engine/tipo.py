"""Tipi: how each kind of value is read, written and ordered.

Ordered values are whole numbers on the grid of their tipo, so that every comparison is exact: euro
in cents, percentages in hundredths of a percent, dates as ordinals, durations in their unit.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from stdnum.it import codicefiscale

from engine import comune
from engine.messages import encodable, shown_json
from engine.number import ENGLISH, WrongValue, decimal, number, show_cents, show_number
from engine.problem import suggestion

Value = int | bool | str | frozenset[str]

MONEY = ("euro", "euro al mese", "euro all'anno")
ORDERED = (*MONEY, "numero", "percentuale", "data", "durata")
NOMINAL = ("scelta", "testo", "comune", "codice fiscale")
TIPI = ("sì/no", "scelta", "più scelte", *ORDERED, "testo", "comune", "codice fiscale", "elenco")
UNITS = {"giorno": "giorni", "mese": "mesi", "anno": "anni"}
YES_NO = {"sì": True, "no": False}

_EURO = re.compile(r"(.*?) ?€( al mese| all'anno)?")
_DATE = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
#: More digits than any amount has, and few enough to be exact in every program that reads JSON.
DIGITS = 15
#: What people leave out when the question already says it.
SIGNS = ("", " €", "%")
_DECIMAL = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?")
_THOUSANDS = re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}")
_CODICE_FISCALE = re.compile("[A-Za-z0-9]{16}|[0-9]{11}")
_DURATION = re.compile(r"([0-9.]+) (giorn[oi]|mes[ei]|ann[oi])")


@dataclass(frozen=True, slots=True)
class Tipo:
    """The tipo of a campo, of a parametro or of a calcolo."""

    name: str
    unit: str = ""
    decimals: int = 0
    options: tuple[str, ...] = ()

    @property
    def ordered(self) -> bool:
        """Whether values are whole numbers on a grid."""
        return self.name in ORDERED

    @property
    def scale(self) -> int:
        """How many grid steps make one unit of the quantity that people read."""
        if self.name in MONEY:
            return 100
        return 10000 if self.name == "percentuale" else 10**self.decimals

    def parse(self, text: str) -> Value:
        """Read a value as Italians write it; raise WrongValue."""
        return _PARSERS[self.name](self, text)

    def show(self, value: Value) -> str:
        """Write a value as Italians read it."""
        return _PRINTERS.get(self.name, _show_plain)(self, value)

    @property
    def is_decimal(self) -> bool:
        """Whether JSON carries it as a decimal written as text."""
        return self.name in (*MONEY, "percentuale") or bool(self.decimals)

    @property
    def whole(self) -> bool:
        """Whether JSON carries it as a whole number."""
        return self.name == "durata" or (self.name == "numero" and not self.decimals)

    @property
    def places(self) -> int:
        """How many decimals a decimal written as text may have."""
        return self.decimals if self.name == "numero" else 2

    def from_json(self, value: object) -> Value:
        """Read a value as other systems send it; raise WrongValue."""
        return _READERS[self.name](self, value)

    def to_json(self, value: Value) -> object:
        """Write a value as other systems read it: amounts as decimal strings, ISO dates."""
        if isinstance(value, frozenset):
            return sorted(value)
        if not self.ordered or isinstance(value, (bool, str)):
            return value
        if self.name == "data":
            return date.fromordinal(value).isoformat()
        if self.whole:
            return value
        if self.name in MONEY:
            return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02}"
        places = min(2, self.places)
        return str(decimal(Fraction(value, self.scale) * (100 if self.name == "percentuale" else 1), places))


def parse_day(text: str) -> date:
    """Read `22/11/2026` or `2026-11-22`; raise WrongValue."""
    match = _ISO.fullmatch(text)
    if match is None:
        return date.fromordinal(_parse_date(Tipo("data"), text))
    return _valid_date(text, *map(int, match.groups()))


def show_day(day: date) -> str:
    """Write a date as `22/11/2026`."""
    return f"{day.day:02}/{day.month:02}/{day.year:04}"


def _on_grid(tipo: Tipo, value: Fraction, text: str) -> int:
    grid = value * tipo.scale
    if grid.denominator != 1:
        places = 2 if tipo.name != "numero" else tipo.decimals
        raise WrongValue("tipo.too_many_decimals", text=text, decimals=places)
    return grid.numerator


def _parse_yes_no(tipo: Tipo, text: str) -> bool:
    if text not in YES_NO:
        raise WrongValue("tipo.yes_no", text=text)
    return YES_NO[text]


def _parse_money(tipo: Tipo, text: str) -> int:
    match = _EURO.fullmatch(text)
    if match is None:
        if ENGLISH.fullmatch(text):
            number(text)
        raise WrongValue("tipo.euro", text=text, tipo=tipo.name)
    amount, rate = match.groups()
    if rate and "euro" + rate != tipo.name:
        raise WrongValue("tipo.euro_rate", text=text, tipo=tipo.name)
    return _on_grid(tipo, number(amount), text)


def _parse_numero(tipo: Tipo, text: str) -> int:
    return _on_grid(tipo, number(text), text)


def _parse_percentage(tipo: Tipo, text: str) -> int:
    if not text.endswith("%"):
        raise WrongValue("tipo.percentage", text=text)
    return _on_grid(tipo, number(text[:-1].rstrip()) / 100, text)


def _valid_date(text: str, year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise WrongValue("tipo.no_such_day", text=text) from None


def _parse_date(tipo: Tipo, text: str) -> int:
    match = _DATE.fullmatch(text)
    if match is None:
        raise WrongValue("tipo.date", text=text)
    day, month, year = map(int, match.groups())
    return _valid_date(text, year, month, day).toordinal()


def split_duration(text: str) -> tuple[int, str]:
    """Read `6 mesi` as (6, "mesi"); raise WrongValue."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise WrongValue("tipo.duration", text=text)
    amount = number(match[1])
    return amount.numerator, UNITS.get(match[2], match[2])


def _parse_duration(tipo: Tipo, text: str) -> int:
    amount, unit = split_duration(text)
    if (unit, tipo.unit) == ("anni", "mesi"):
        return amount * 12
    if unit != tipo.unit:
        raise WrongValue("tipo.duration_unit", text=text, unit=tipo.unit)
    return amount


def _parse_option(tipo: Tipo, text: str) -> str:
    if text not in tipo.options:
        raise WrongValue("tipo.option", text=text, options="; ".join(tipo.options))
    return text


def _parse_options(tipo: Tipo, text: str) -> frozenset[str]:
    return frozenset(_parse_option(tipo, part.strip()) for part in text.split(";") if part.strip())


def _parse_text(tipo: Tipo, text: str) -> str:
    if not text:
        raise WrongValue("tipo.empty")
    return text


def _parse_comune(tipo: Tipo, text: str) -> str:
    _parse_text(tipo, text)
    found = comune.named(text)
    if len(found) > 1:
        names = ", ".join(f"«{comune.show(place.code)}»" for place in found)
        raise WrongValue("tipo.comune_which", text=text, names=names)
    if not found:
        raise WrongValue("tipo.comune", text=text, hint=suggestion(text, comune.near(text)))
    return found[0].code


def _parse_codice_fiscale(tipo: Tipo, text: str) -> str:
    code = text.replace(" ", "").upper()
    if not re.fullmatch("[A-Z0-9]{16}|[0-9]{11}", code):
        raise WrongValue("tipo.codice_fiscale", text=text)
    if not codicefiscale.is_valid(code):
        raise WrongValue("tipo.codice_fiscale_control", text=text)
    return code


def _show_plain(tipo: Tipo, value: Value) -> str:
    if isinstance(value, bool):
        return "sì" if value else "no"
    return "; ".join(sorted(value)) if isinstance(value, frozenset) else str(value)


def _show_money(tipo: Tipo, value: Value) -> str:
    assert isinstance(value, int)
    return show_cents(value) + " €" + tipo.name.removeprefix("euro")


def _show_numero(tipo: Tipo, value: Value) -> str:
    assert isinstance(value, int)
    text = show_number(Fraction(value, tipo.scale), tipo.decimals)
    return text.rstrip("0").rstrip(",") if tipo.decimals else text


def _show_percentage(tipo: Tipo, value: Value) -> str:
    assert isinstance(value, int)
    return show_number(Fraction(value, 100), 0 if value % 100 == 0 else 2) + "%"


def _show_date(tipo: Tipo, value: Value) -> str:
    assert isinstance(value, int)
    return show_day(date.fromordinal(value))


def _show_duration(tipo: Tipo, value: Value) -> str:
    one = {plural: single for single, plural in UNITS.items()}[tipo.unit]
    return f"{value} {one if value == 1 else tipo.unit}"


def _show_comune(tipo: Tipo, value: Value) -> str:
    return comune.show(str(value))


def _wrong_json(tipo: Tipo, code: str, value: object) -> WrongValue:
    """Return what is wrong; a value written as Italians do is understood, and written as it should be."""
    found = _understood(tipo, value)
    if found is None:
        return WrongValue(code, value=shown_json(value))
    written = shown_json(tipo.to_json(found))
    return WrongValue("json.italian", value=shown_json(value), understood=tipo.show(found), json=written)


def _understood(tipo: Tipo, value: object) -> Value | None:
    """Return what a value of the wrong kind most likely means."""
    if isinstance(value, str):
        for sign in (*SIGNS, f" {tipo.unit}"):
            try:
                return _PARSERS[tipo.name](tipo, value.strip() + sign)
            except (WrongValue, ValueError):  # nor a number of thousands of digits
                continue
    written = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 10**DIGITS
    try:
        return _json_decimal(tipo, str(value)) if written and tipo.is_decimal else None
    except WrongValue:
        return None


def _json_text(tipo: Tipo, value: object) -> str:
    if not isinstance(value, str) or not encodable(value):
        raise WrongValue("json.text", value=shown_json(value))
    return str(_PARSERS[tipo.name](tipo, value if tipo.options else value.strip()))


def _json_codice_fiscale(tipo: Tipo, value: object) -> str:
    if isinstance(value, str) and not _CODICE_FISCALE.fullmatch(value):
        raise WrongValue("tipo.codice_fiscale", text=value)
    return _json_text(tipo, value)


def _json_yes_no(tipo: Tipo, value: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong_json(tipo, "json.yes_no", value)
    return value


def _json_options(tipo: Tipo, value: object) -> frozenset[str]:
    if not isinstance(value, list):
        raise WrongValue("json.options", value=shown_json(value))
    return frozenset(_json_text(Tipo("scelta", options=tipo.options), part) for part in value)


def _json_decimal(tipo: Tipo, value: object) -> int:
    match = _DECIMAL.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise _wrong_json(tipo, "json.decimal", value)
    sign, whole, rest = match.groups("")
    if len(whole) > DIGITS:
        raise WrongValue("json.too_large", value=shown_json(value), digits=DIGITS)
    places = tipo.places
    if len(rest) > places:
        code = "json.thousands" if _THOUSANDS.fullmatch(match[0]) else "tipo.too_many_decimals"
        raise WrongValue(code, text=match[0], decimals=places, whole=sign + whole + rest)
    grid = int(whole + rest.ljust(places, "0"))
    return -grid if sign else grid


def _json_numero(tipo: Tipo, value: object) -> int:
    if tipo.decimals:
        return _json_decimal(tipo, value)
    if isinstance(value, float) and value.is_integer():  # 3.0 and 3 are the same number in JSON
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong_json(tipo, "json.integer", value)
    if abs(value) >= 10**DIGITS:
        raise WrongValue("json.too_large", value=shown_json(value), digits=DIGITS)
    return value


def _json_date(tipo: Tipo, value: object) -> int:
    match = _ISO.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise _wrong_json(tipo, "json.date", value)
    return _valid_date(match[0], *map(int, match.groups())).toordinal()


_PARSERS: dict[str, Callable[[Tipo, str], Value]] = {
    "sì/no": _parse_yes_no,
    "scelta": _parse_option,
    "più scelte": _parse_options,
    **dict.fromkeys(MONEY, _parse_money),
    "numero": _parse_numero,
    "percentuale": _parse_percentage,
    "data": _parse_date,
    "durata": _parse_duration,
    "testo": _parse_text,
    "comune": _parse_comune,
    "codice fiscale": _parse_codice_fiscale,
}
_PRINTERS: dict[str, Callable[[Tipo, Value], str]] = {
    **dict.fromkeys(MONEY, _show_money),
    "numero": _show_numero,
    "percentuale": _show_percentage,
    "data": _show_date,
    "durata": _show_duration,
    "comune": _show_comune,
}
_READERS: dict[str, Callable[[Tipo, object], Value]] = {
    "sì/no": _json_yes_no,
    "scelta": _json_text,
    "più scelte": _json_options,
    **dict.fromkeys((*MONEY, "percentuale"), _json_decimal),
    "numero": _json_numero,
    "data": _json_date,
    "durata": _json_numero,
    "testo": _json_text,
    "comune": _json_text,
    "codice fiscale": _json_codice_fiscale,
}
