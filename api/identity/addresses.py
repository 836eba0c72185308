"""The addresses of an application, in the order in which it looks them up, each with its action."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from starlette.routing import BaseRoute, Mount, compile_path

from api.identity.rights import REST, Action, Rights

ANY = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Address:
    """A route: its methods, its path with the names between braces, and what it stands for in the table."""

    methods: frozenset[str]
    template: str
    actions: tuple[tuple[str, Action | None], ...]
    pattern: re.Pattern[str]

    def action(self, method: str) -> Action | None:
        """Return what is done here with a method, if the table names it."""
        return dict(self.actions)[method]


def addresses(routes: Iterable[BaseRoute], prefix: str = "") -> Iterator[tuple[frozenset[str], str]]:
    """Yield the methods and the path of every route, those of included routers too."""
    for route in routes:
        inner: Any = getattr(route, "original_router", None)
        if inner is not None:
            added: Any = getattr(route, "include_context", None)
            yield from addresses(inner.routes, prefix + added.prefix)
        elif isinstance(route, Mount):
            yield ANY, f"{prefix}{route.path}/{REST}"
        else:
            methods: Any = getattr(route, "methods", None)
            yield frozenset(methods or ANY), f"{prefix}{getattr(route, 'path', '')}"


@dataclass(slots=True)
class Addresses:
    """Finds the address of a request as the router would: those without names at once, the others in order."""

    exact: dict[tuple[str, str], Address] = field(default_factory=dict)
    others: list[Address] = field(default_factory=list)

    @classmethod
    def of(cls, routes: Iterable[BaseRoute], rights: Rights) -> Addresses:
        """Read the routes of an application and the table."""
        found = cls()
        for methods, template in addresses(routes):
            pattern = compile_path(template.replace(REST, "{rest:path}"))[0]
            actions = tuple((method, rights.action(method, template)) for method in sorted(methods))
            found._add(Address(methods, template, actions, pattern))
        return found

    def find(self, method: str, path: str) -> Address | None:
        """Return the address that answers, or None."""
        there = self.exact.get((method, path))
        if there is not None:
            return there
        return next((one for one in self.others if method in one.methods and one.pattern.match(path)), None)

    def _add(self, address: Address) -> None:
        plain = "{" not in address.template and REST not in address.template
        for method in address.methods:
            if plain and self.find(method, address.template) is None:
                self.exact[method, address.template] = address
        if not plain:
            self.others.append(address)
