"""Versions of a service: a name and a day pick one; what is not there is refused with what is."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from api.refusal import Refusal
from api.rules import Edition
from engine.problem import suggestion
from engine.servizio import Servizio
from engine.tipo import Tipo, show_day

Json = dict[str, Any]


def versions_of(edition: Edition, name: str) -> tuple[Servizio, ...]:
    """Return the versions of a service in the order of time; refuse a name that there is not."""
    servizi = edition.rulebook.servizi
    versions = servizi.get(name, ())
    if not versions:
        known = [other for other in servizi if servizi[other]]
        raise Refusal("no_servizio", name=name, hint=suggestion(name, known), names=", ".join(known))
    return versions


def version_at(edition: Edition, name: str, day: date) -> Servizio:
    """Return the version in force on a day; refuse a day before the first."""
    versions = versions_of(edition, name)
    found = edition.rulebook.at(name, day)
    if found is None:
        raise Refusal("not_in_force", name=name, day=show_day(day), since=show_day(versions[0].since))
    return found


def not_in_force(versions: tuple[Servizio, ...]) -> Json:
    """Return a service that has no version on the day asked, and from when it has one."""
    first = versions[0]
    return {"servizio": first.name, "titolo": first.titolo, "dal": first.since.isoformat()}


def last_day(until: date | None) -> str | None:
    """Return the last day of a period that ends just before another, None if none follows."""
    return (until - timedelta(days=1)).isoformat() if until else None


def dated(value: object) -> date:
    """Read a day written as in RFC 3339; raise WrongValue."""
    ordinal = Tipo("data").from_json(value)
    assert isinstance(ordinal, int)
    return date.fromordinal(ordinal)
