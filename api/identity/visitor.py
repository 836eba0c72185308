"""Visitor: who makes the present request, for the pages and for what answers; nobody, where there is no identity."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from markupsafe import Markup

from api.identity.person import Person
from api.identity.rights import Action, Rights, rights
from api.identity.secret import derived
from api.refusal import Refusal

#: The hidden field of every form, and the header of a script.
CSRF, CSRF_HEADER = "csrf", "x-csrf-token"


@dataclass(slots=True)
class Visitor:
    """Who makes a request: `secret` is what the cookie holds, `checked` whether a desk has been asked about.

    `installed` says whether there are accounts at all, `demonstration` whether everything is invented.
    """

    installed: bool = False
    demonstration: bool = False
    person: Person | None = None
    desk: str = ""
    also: tuple[str, ...] = ()
    session: str = ""
    secret: str = ""
    action: Action | None = None
    table: Rights | None = None
    checked: bool = False

    @property
    def csrf(self) -> str:
        """The value that only the pages given to this browser have."""
        return derived(self.secret, CSRF) if self.secret else ""

    @property
    def role(self) -> str:
        """The name of the person's role."""
        return (self.table or rights()).roles[self.person.ruolo] if self.person else ""

    def may(self, action: str) -> bool:
        """Whether the visitor may do this at all: for what a page offers."""
        return self.installed and (self.table or rights()).may(self.person, action)


VISITOR: ContextVar[Visitor] = ContextVar("visitor", default=Visitor())  # noqa: B039  # nobody changes the default


def visitor() -> Visitor:
    """Return who makes the present request."""
    return VISITOR.get()


def signed_in() -> Person:
    """Return the person, or the system, that makes the present request; refuse when there is none."""
    found = visitor().person
    if found is None:
        raise Refusal("not_recognised")
    return found


def allowed(person: Person, action: str, sportello: str) -> bool:
    """Whether somebody may do this with a file of that desk."""
    present = visitor()
    present.checked = True
    return (present.table or rights()).allowed(person, action, sportello)


def require(person: Person, action: str, sportello: str) -> None:
    """Refuse, unless somebody may do this with a file of that desk."""
    if not allowed(person, action, sportello):
        raise Refusal("not_yours")


def desks_of(person: Person, action: str) -> tuple[str, ...] | None:
    """Return at which desks somebody may do this, to choose what a list shows; None means at all of them."""
    present = visitor()
    present.checked = True
    return (present.table or rights()).desks(person, action)


class CsrfField:
    """What `{{ csrf }}` writes in a form: a hidden field, or nothing where nobody has a session."""

    def __html__(self) -> str:
        value = visitor().csrf
        return Markup('<input type="hidden" name="{}" value="{}">').format(CSRF, value) if value else ""
