"""Dimensions: what may be added to what, and what a product is."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from engine.tipo import MONEY, Tipo


@dataclass(frozen=True, slots=True)
class Dimension:
    """Powers of euro, months and days; `kind` tells apart dates, pure numbers and percentages."""

    euro: int = 0
    mesi: int = 0
    giorni: int = 0
    kind: str = ""

    def __mul__(self, other: Dimension) -> Dimension:
        return self._combine(other, 1)

    def __truediv__(self, other: Dimension) -> Dimension:
        return self._combine(other, -1)

    def _combine(self, other: Dimension, sign: int) -> Dimension:
        powers = (
            self.euro + sign * other.euro,
            self.mesi + sign * other.mesi,
            self.giorni + sign * other.giorni,
        )
        both = "percentuale" if self.kind == other.kind == "percentuale" and sign > 0 else "numero"
        return Dimension(*powers, "" if any(powers) else both)

    @property
    def name(self) -> str:
        """How to call it to people, empty when the language has no tipo for it."""
        return self.tipo.name if self.tipo else ""

    @property
    def tipo(self) -> Tipo | None:
        """The tipo that holds values of this dimension."""
        return next((tipo for dimension, tipo in _TIPI if dimension == self), None)


_TIPI = (
    (Dimension(1), Tipo("euro")),
    (Dimension(1, -1), Tipo("euro al mese")),
    (Dimension(0, 1), Tipo("durata", unit="mesi")),
    (Dimension(0, 0, 1), Tipo("durata", unit="giorni")),
    (Dimension(kind="numero"), Tipo("numero", decimals=6)),
    (Dimension(kind="percentuale"), Tipo("percentuale")),
    (Dimension(kind="data"), Tipo("data")),
)
NUMBER, DATE, MONTHS, DAYS = (
    Dimension(kind="numero"),
    Dimension(kind="data"),
    Dimension(0, 1),
    Dimension(0, 0, 1),
)


def dimension(tipo: Tipo) -> Dimension | None:
    """Return the dimension of an ordered tipo, nothing for the others."""
    if tipo.name in MONEY:
        return Dimension(1, 0 if tipo.name == "euro" else -1)
    if tipo.name == "durata":
        return DAYS if tipo.unit == "giorni" else MONTHS
    return Dimension(kind=tipo.name) if tipo.ordered else None


#: What one grid step is worth, for the tipi of which it is always the same.
QUANTA = {
    "euro": Fraction(1, 100),
    "euro al mese": Fraction(1, 100),
    "euro all'anno": Fraction(1, 1200),
    "percentuale": Fraction(1, 10000),
}
ONE, YEAR = Fraction(1), Fraction(12)


def quantum(tipo: Tipo) -> Fraction:
    """Return what one grid step of the tipo is worth: in euro, euro a month, months, days or units."""
    found = QUANTA.get(tipo.name)
    if found is not None:
        return found
    if tipo.name == "numero":
        return Fraction(1, 10**tipo.decimals) if tipo.decimals else ONE
    return YEAR if tipo.unit == "anni" else ONE


def grid_steps(tipo: Tipo, worth: Fraction) -> int | None:
    """Return how many grid steps of the tipo a quantity is, None if it falls between two."""
    step = quantum(tipo)
    steps, rest = divmod(worth.numerator * step.denominator, worth.denominator * step.numerator)
    return None if rest else steps
