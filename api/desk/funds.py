"""Funds: how much each intervention has, admitted, bound and paid; who waits when it is over, in order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from api.store.contract import Put, Record, Store

FUND = "fondo"


@dataclass(frozen=True, slots=True)
class Fund:
    """The money of an intervention, in euro: what was admitted, what decisions have bound, what was paid.

    Raises ValueError if less was admitted than bound, or less was bound than paid.
    """

    servizio: str
    admitted: Decimal
    bound: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    revision: int = 0

    def __post_init__(self) -> None:
        """Refuse what no fund can be."""
        if not self.admitted >= self.bound >= self.paid >= 0:
            raise ValueError(self)

    @property
    def free(self) -> Decimal:
        """What can still be bound."""
        return self.admitted - self.bound

    def binding(self, amount: Decimal) -> Fund:
        """Return the fund with an amount bound."""
        return replace(self, bound=self.bound + amount)

    def paying(self, amount: Decimal) -> Fund:
        """Return the fund with an amount paid, of those that were bound."""
        return replace(self, paid=self.paid + amount)

    def put(self) -> Put:
        """Return what writes the next revision; whoever binds money at the same moment is told so (Conflict)."""
        document: dict[str, Any] = {
            "ammesso": str(self.admitted),
            "impegnato": str(self.bound),
            "pagato": str(self.paid),
        }
        return Put(FUND, self.servizio, self.revision, document, {}, self.servizio)


def fund(store: Store, servizio: str) -> Fund | None:
    """Return the fund of an intervention, or None where nobody has written how much there is."""
    record = store.get(FUND, servizio)
    return _read(record) if record else None


def funds(store: Store) -> list[Fund]:
    """Return every fund."""
    return [_read(record) for record in store.find(FUND, limit=500).records]


def _read(record: Record) -> Fund:
    admitted, bound, paid = (Decimal(record.document[name]) for name in ("ammesso", "impegnato", "pagato"))
    return Fund(record.id, admitted, bound, paid, record.revision)
