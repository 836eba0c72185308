"""Numbers as Italians write them: thousands with a point, decimals with a comma, never guessed."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from engine.messages import sentence

_NUMBER = re.compile(r"(-?)([0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:,([0-9]+))?")
#: A number with the point of decimals, as English writes it.
ENGLISH = re.compile(r"-?[0-9]*\.[0-9]+|-?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+")


class WrongValue(ValueError):
    """A text or a JSON value that its tipo cannot read; `code` and `data` make the sentence."""

    def __init__(self, code: str, /, **data: object) -> None:
        self.code = code
        self.data = {key: str(value) for key, value in data.items()}
        super().__init__(sentence(code, self.data))


def number(text: str) -> Fraction:
    """Read a number as Italians write it (`12.000`, `0,5`); raise WrongValue."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        if ENGLISH.fullmatch(text):
            whole = text.replace(",", "")
            raise WrongValue("tipo.english_number", text=text, comma=whole.replace(".", ","))
        raise WrongValue("tipo.number", text=text)
    sign, whole, decimals = match.groups()
    value = Fraction(whole.replace(".", "") + ("." + decimals if decimals else ""))
    return -value if sign else value


def show_number(value: Fraction, decimals: int) -> str:
    """Write a number with that many decimals, thousands with a point and decimals with a comma."""
    scaled = f"{round(value * 10**decimals):+d}"[1:].rjust(decimals + 1, "0")
    whole, rest = (scaled[:-decimals], scaled[-decimals:]) if decimals else (scaled, "")
    sign = "-" if value < 0 else ""
    return sign + f"{int(whole):,}".replace(",", ".") + ("," + rest if rest else "")


def show_cents(value: int) -> str:
    """Write an amount in cents as `1.234,56`."""
    sign = "-" if value < 0 else ""
    return f"{sign}{abs(value) // 100:,}".replace(",", ".") + f",{abs(value) % 100:02}"


def decimal(value: Fraction, least: int = 2) -> Decimal:
    """Return the decimal with at least two and at most ten decimals (amounts are never in exponent form)."""
    places = next((n for n in range(least, 10) if (value * 10**n).denominator == 1), 10)
    return Decimal(round(value * 10**places)).scaleb(-places)
