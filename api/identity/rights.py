"""Rights: who may do what, from the one table in `api/rights.nt`; what it does not name is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import nestedtext

from api.identity.person import ROLES, Person

#: What in an address stands for all that follows.
REST = "…"


@dataclass(frozen=True, slots=True)
class Action:
    """Something that is done at some addresses, and who may: everywhere, at the own desk, or with a scope."""

    name: str
    titolo: str
    addresses: tuple[tuple[str, str], ...]
    public: bool = False
    everywhere: frozenset[str] = frozenset()
    at_desk: frozenset[str] = frozenset()
    scope: str = ""
    per_minute: int = 0
    form: bool = False

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles of people that may do this, everywhere or at their desk."""
        return tuple(ruolo for ruolo in ROLES if ruolo in self.everywhere | self.at_desk)


@dataclass(frozen=True, slots=True)
class Rights:
    """The table: the actions by name, and what roles and scopes are called."""

    actions: Mapping[str, Action]
    roles: Mapping[str, str]
    scopes: Mapping[str, str]

    def action(self, method: str, template: str) -> Action | None:
        """Return what is done at an address of the application, if the table names it."""
        asked = ("GET" if method == "HEAD" else method, template)
        return next((action for action in self.actions.values() if asked in action.addresses), None)

    def may(self, person: Person | None, action: str) -> bool:
        """Whether somebody may do this at all, at some desk."""
        wanted = self.actions[action]
        if wanted.public or person is None:
            return wanted.public
        if person.ruolo == "sistema":
            return wanted.scope in person.scopes
        return person.ruolo in wanted.everywhere | wanted.at_desk

    def desks(self, person: Person, action: str) -> tuple[str, ...] | None:
        """Return at which desks somebody may do this; None means at all of them."""
        if not self.may(person, action):
            return ()
        wanted = self.actions[action]
        everywhere = wanted.public or person.ruolo == "sistema" or person.ruolo in wanted.everywhere
        return None if everywhere else person.desks

    def allowed(self, person: Person, action: str, sportello: str) -> bool:
        """Whether somebody may do this with a file of that desk."""
        desks = self.desks(person, action)
        return desks is None or sportello in desks


def read_rights(text: str) -> Rights:
    """Read the table; a role or a scope that it does not define is a mistake of ours."""
    source: Any = nestedtext.loads(text, top="dict")
    actions = {name: _action(name, written) for name, written in source["azioni"].items()}
    rights = Rights(actions, source["ruoli"], source["ambiti"])
    for action in actions.values():
        unknown = (action.everywhere | action.at_desk) - rights.roles.keys() | {action.scope} - {"", *rights.scopes}
        if unknown:
            raise ValueError(f"{action.name}: {sorted(unknown)}")
    return rights


def _action(name: str, written: Mapping[str, Any]) -> Action:
    known = {"titolo", "indirizzi", "pubblica", "tutti", "sportello", "sistema", "al minuto", "modulo"}
    if written.keys() - known:
        raise ValueError(f"{name}: {sorted(written.keys() - known)}")
    addresses = tuple(
        (method, path) for method, _, path in (line.partition(" ") for line in written.get("indirizzi", ()))
    )
    return Action(
        name,
        written["titolo"],
        addresses,
        written.get("pubblica") == "sì",
        frozenset(written.get("tutti", "").split()),
        frozenset(written.get("sportello", "").split()),
        written.get("sistema", ""),
        int(written.get("al minuto", "0")),
        written.get("modulo") == "sì",
    )


@cache
def rights() -> Rights:
    """Return the table of the application."""
    return read_rights(files("api").joinpath("rights.nt").read_text("utf-8"))
