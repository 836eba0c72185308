"""Servizio: one version of a service with every name resolved; only `check` makes one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from engine.atto import Atto, Fonte
from engine.calcolo import Expression
from engine.campo import Campo
from engine.clause import Clause, Table
from engine.document import Document, Text
from engine.draft import Esempio
from engine.parametro import Parametro, Period
from engine.problem import Place
from engine.tipo import Tipo


@dataclass(frozen=True, slots=True)
class Rounding:
    """`arrotonda`: to which step, in units of the quantity, and which way (`vicino`, `difetto`, `eccesso`)."""

    step: Fraction
    way: str
    text: str


@dataclass(frozen=True, slots=True)
class Definizione:
    """A clause with a name, used like a sì/no campo."""

    name: str
    titolo: str
    fonte: Fonte
    clause: Clause
    place: Place


@dataclass(frozen=True, slots=True)
class Requisito:
    """A clause that an esito asks for; it applies only where `guard` holds."""

    name: str
    titolo: str
    fonte: Fonte
    clause: Clause
    guard: Clause | None
    reason_yes: Text | None
    reason_no: Text | None
    place: Place


@dataclass(frozen=True, slots=True)
class Calcolo:
    """A computed value: exactly one of `expression` and `table`; `elenco` when it is made for each member.

    `default` (a quantity) stands in where a campo that it reads does not apply.
    """

    name: str
    titolo: str
    tipo: Tipo
    expression: Expression | None
    table: Table | None
    text: str
    elenco: str
    default: Fraction | None
    rounding: Rounding | None
    fonte: Fonte | None
    place: Place


@dataclass(frozen=True, slots=True)
class Esito:
    """An outcome: the first whose `requires` all hold, from the top, is the one."""

    name: str
    titolo: str
    fonte: Fonte
    requires: tuple[str, ...]
    importi: tuple[str, ...]
    qualifiche: tuple[str, ...]
    full_inquiry: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Coerenza:
    """A warning when the clause is certainly false; it never decides."""

    name: str
    clause: Clause
    warning: str


@dataclass(frozen=True, slots=True)
class Servizio:
    """One version of a service, in force from `since` until the day before the next (`until`).

    `rests_on` are the campi that its rules read, once the version is whole.
    """

    name: str
    titolo: str
    since: date
    until: date | None
    fonte: Fonte
    destinatario: str
    applies_on: str
    campi: dict[str, Campo]
    guards: dict[str, Clause]
    parametri: dict[str, Parametro]
    tables: dict[tuple[str, date], Table]
    definizioni: dict[str, Definizione]
    requisiti: dict[str, Requisito]
    calcoli: dict[str, Calcolo]
    esiti: tuple[Esito, ...]
    coerenze: tuple[Coerenza, ...]
    esempi: tuple[Esempio, ...]
    order: tuple[str, ...]
    atti: dict[str, Atto]
    document: Document = field(repr=False, compare=False)
    rests_on: frozenset[str] = frozenset()

    def period(self, parametro: str, day: date) -> Period:
        """Return the period of a parametro in force on a day (check makes sure that there is one)."""
        period = self.parametri[parametro].at(day)
        assert period is not None
        return period

    def in_force(self, day: date) -> bool:
        """Whether this version governs that day."""
        return self.since <= day and (self.until is None or day < self.until)
