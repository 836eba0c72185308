"""The whole of a data folder, as the checks look at it: what was read, and what could not be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from engine.checks.assemble import Lawbook
from engine.draft import Draft
from engine.form import Form
from engine.lettera import Lettera
from engine.procedura import Procedura
from engine.servizio import Servizio
from engine.sportelli import FILE, SportelliDraft


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a service: to be evaluated only if `sound`; no `servizio` when names go in circles."""

    draft: Draft
    until: date | None
    servizio: Servizio | None
    used: frozenset[str]
    sound: bool

    @property
    def routing(self) -> bool:
        """Whether this is a table of the sportelli, and no service."""
        return self.draft.document.source.name == FILE


@dataclass(frozen=True, slots=True)
class Whole:
    """The law, the versions of each service, the sportelli, the forms, the procedure, and the files not read whole.

    `letters` are the names of the templates of the lettere.
    """

    law: Lawbook
    versions: Mapping[str, tuple[Version, ...]]
    forms: Mapping[str, Form]
    services: frozenset[str]
    forms_named: frozenset[str]
    unread: frozenset[str]
    sportelli: SportelliDraft | None
    routing: tuple[Version, ...]
    procedure: Mapping[str, Procedura]
    letters: frozenset[str]
    lettere: Mapping[str, Lettera]

    def every(self) -> Iterator[Version]:
        """Yield every version of every service, then the tables of the sportelli."""
        for versions in self.versions.values():
            yield from versions
        yield from self.routing

    def resolved(self) -> Iterator[tuple[Version, Servizio]]:
        """Yield the versions whose names are resolved, those with mistakes included."""
        for version in self.every():
            if version.servizio is not None:
                yield version, version.servizio

    def sound(self) -> Iterator[tuple[Version, Servizio]]:
        """Yield the versions that can be evaluated."""
        return ((version, servizio) for version, servizio in self.resolved() if version.sound)

    def known(self, service: str) -> bool:
        """Whether all the versions of a service could be read: only then is something unused."""
        versions = self.versions.get(service, ())
        return bool(versions) and self.read(f"rules/{service}/") and all(version.sound for version in versions)

    def read(self, name: str) -> bool:
        """Whether a file, or all the files of a folder, could be read whole."""
        return not any(unread.startswith(name) for unread in self.unread)

    @property
    def complete(self) -> bool:
        """Whether every rule could be read: only then is a name used by none of them."""
        return self.routed and all(self.known(service) for service in self.services)

    @property
    def procedures_read(self) -> bool:
        """Whether every procedura could be read whole: only then is a parametro used by none of them."""
        return not any(unread.endswith("/procedura.nt") for unread in self.unread)

    @property
    def routed(self) -> bool:
        """Whether the tables of the sportelli, if there are any, could be read."""
        return self.read(FILE) and all(version.sound for version in self.routing)
