"""What can be read for other systems: each address with its answer. A new one is a line here and one in openapi.nt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from api.catalogue import articolo, parametri, servizi, servizio, sportelli
from api.rules import Edition
from api.versions import version_at
from engine.prose import prose
from engine.schema import schema

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A request to read something: the rules, the names in its path, the day that it asks for, and today."""

    edition: Edition
    names: Mapping[str, str]
    given: date | None
    today: date

    @property
    def day(self) -> date:
        """The day asked, or today."""
        return self.given or self.today


@dataclass(frozen=True, slots=True)
class Read:
    """An address to read: whether it takes a day (`?al=`), and what it answers."""

    path: str
    dated: bool
    answer: Callable[[Call], Json]


READS = (
    Read("/v1/servizi", False, lambda call: servizi(call.edition, call.today)),
    Read("/v1/servizi/{servizio}", False, lambda call: servizio(call.edition, call.names["servizio"])),
    Read("/v1/servizi/{servizio}/schema", True, lambda c: schema(version_at(c.edition, c.names["servizio"], c.day))),
    Read("/v1/regole/{servizio}", True, lambda c: prose(version_at(c.edition, c.names["servizio"], c.day), c.day)),
    Read("/v1/sportelli", True, lambda call: sportelli(call.edition, call.day)),
    Read("/v1/parametri", True, lambda call: parametri(call.edition, call.given)),
    Read("/v1/articoli/{atto}/{articolo}", False, lambda c: articolo(c.edition, c.names["atto"], c.names["articolo"])),
)
