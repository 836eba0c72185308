"""Settings of interoperability: whose vouchers are accepted, for what, and with which keys they are checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nestedtext

from engine.messages import sentence
from engine.problem import suggestion

#: What the file may say, and what must be there.
NAMES = ("emittente", "chiavi", "destinatario", "una volta sola", "fruitori")
CLIENT_NAMES = ("nome", "finalità", "ambiti", "tracciamento", "chiavi")
MUST, CLIENT_MUST = ("emittente", "chiavi", "destinatario", "fruitori"), ("nome", "finalità")
#: Where an address may do without TLS: on this computer, to try.
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class WrongSettings(ValueError):
    """The settings cannot be used; the text says why, to whoever wrote them."""

    def __init__(self, path: Path, reason: str, /, **data: str) -> None:
        super().__init__(sentence(f"interoperabilita.{reason}", {"path": str(path), **data}))


@dataclass(frozen=True, slots=True)
class Client:
    """Another administration's program: what it may do, for which purposes, and whether it must say who asks."""

    id: str
    nome: str
    purposes: frozenset[str]
    scopes: frozenset[str]
    tracked: bool
    keys: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Who issues the vouchers and with which keys, to whom they are addressed, whose they may be.

    `once` says that a voucher is good for one request only.
    """

    issuer: str
    keys: str
    audience: str
    once: bool
    clients: Mapping[str, Client]


def read_settings(path: Path) -> Settings:
    """Read a settings file; raise WrongSettings if anything in it is wrong."""
    try:
        found: Any = nestedtext.loads(path.read_text("utf-8-sig"), top="dict")
    except (OSError, UnicodeDecodeError):
        raise WrongSettings(path, "no_file") from None
    except nestedtext.NestedTextError as error:
        raise WrongSettings(path, "no_nestedtext", line=str((error.lineno or 0) + 1)) from None
    file = _File(path, found, "")
    file.check(NAMES, MUST)
    clients = file.section("fruitori")
    return Settings(
        file.text("emittente"),
        file.source("chiavi"),
        file.text("destinatario"),
        file.one_of("una volta sola", {"no": False, "sì": True}),
        {str(name): _client(_File(path, clients.get(name), f"fruitori, {name}, "), str(name)) for name in clients},
    )


def _client(file: _File, name: str) -> Client:
    file.check(CLIENT_NAMES, CLIENT_MUST)
    tracked = file.one_of("tracciamento", {"obbligatorio": True, "facoltativo": False})
    if tracked:
        file.check(CLIENT_NAMES, (*CLIENT_MUST, "chiavi"))
    keys = file.source("chiavi") if "chiavi" in file.found else ""
    purposes, scopes = frozenset(file.items("finalità")), frozenset(file.items("ambiti"))
    return Client(name, file.text("nome"), purposes, scopes, tracked, keys)


@dataclass(frozen=True, slots=True)
class _File:
    """A part of the file, with the words that lead to it."""

    path: Path
    found: Any
    place: str

    def check(self, names: Sequence[str], must: Sequence[str]) -> None:
        if not isinstance(self.found, dict):
            raise self._wrong(self.place.removesuffix(", "), self.found, "names")
        for name in self.found:
            if name not in names:
                raise WrongSettings(self.path, "unknown_name", name=self.place + name, hint=suggestion(name, names))
        for name in must:
            if name not in self.found:
                raise WrongSettings(self.path, "absent_name", name=self.place + name)

    def text(self, name: str) -> str:
        value = self.found[name]
        return value if isinstance(value, str) and value else self._fail(name, "text")

    def items(self, name: str) -> list[str]:
        value = self.found.get(name, [])
        return (
            value
            if isinstance(value, list) and all(isinstance(one, str) for one in value)
            else self._fail(name, "list")
        )

    def section(self, name: str) -> dict[str, Any]:
        value = self.found[name]
        return value if isinstance(value, dict) else self._fail(name, "names")

    def one_of(self, name: str, values: Mapping[str, bool]) -> bool:
        """Return what a word stands for; the first where there is none."""
        value = self.found.get(name, next(iter(values)))
        return values[value] if value in values else self._fail(name, "one_of", " oppure ".join(values))

    def source(self, name: str) -> str:
        """Return an address of keys, or the path of a file beside this one."""
        value = self.text(name)
        address = urlsplit(value)
        if address.scheme == "https" or (address.scheme == "http" and address.hostname in LOOPBACK):
            return value
        return self._fail(name, "source") if "://" in value else str(self.path.parent / value)

    def _fail(self, name: str, wanted: str, words: str = "") -> Any:
        raise self._wrong(self.place + name, self.found.get(name), wanted, words)

    def _wrong(self, name: str, value: object, wanted: str, words: str = "") -> WrongSettings:
        shown = value if isinstance(value, str) else "…"
        said = sentence(f"interoperabilita.wanted_{wanted}", {"words": words})
        return WrongSettings(self.path, "wrong", name=name, value=shown[:60], wanted=said)
