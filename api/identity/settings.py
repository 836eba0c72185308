"""How an office recognises its people: the file given with `--identita`, in NestedText."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import nestedtext

from api.identity.person import PEOPLE
from engine.messages import sentence

#: What the file may say, and what of it must be there.
TOP = {"accesso locale", "provider"}
PROVIDER = {"nome", "emittente", "client_id", "autenticazione", "ambiti", "claim", "ruoli", "sportelli"}
NEEDED = ("nome", "emittente", "client_id", "claim", "ruoli")
CLAIMS = {"nome", "ruolo", "sportello"}
METHODS = ("client_secret_basic", "client_secret_post", "none")
#: What goes down into a claim that is an object: realm_access > roles.
INTO = ">"


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """The office's own provider of identity, and how its claims become a role and a desk."""

    nome: str
    issuer: str
    client_id: str
    method: str
    scope: str
    claims: Mapping[str, tuple[str, ...]]
    roles: Mapping[str, str]
    desks: Mapping[str, str]

    def role(self, claims: Mapping[str, Any]) -> str:
        """Return the role of a person: that of the first line of the table that the claim has."""
        found = _texts(claims, self.claims["ruolo"])
        return next((ruolo for name, ruolo in self.roles.items() if name in found), "")

    def desk(self, claims: Mapping[str, Any], known: Mapping[str, str]) -> str:
        """Return the desk of a person, translated by the table if there is one."""
        found = _texts(claims, self.claims.get("sportello", ()))
        named = [self.desks.get(name, "") for name in found] if self.desks else found
        return next((name for name in named if name in known), "")

    def name(self, claims: Mapping[str, Any]) -> str:
        """Return what a person is called."""
        return " ".join(_texts(claims, self.claims.get("nome", ("name",))))[:80]


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """What the file says: whether there are passwords, and the provider if there is one."""

    local: bool = True
    provider: ProviderSettings | None = None


class WrongSettings(Exception):
    """A settings file that cannot be used; its text is for the administrator."""

    def __init__(self, code: str, **data: str) -> None:
        self.code = code
        super().__init__(sentence(f"accesso.{code}", data))


def read_settings(text: str) -> IdentitySettings:
    """Read the file; raise WrongSettings if something in it is missing, unknown or out of place."""
    try:
        source: Any = nestedtext.loads(text, top="dict")
    except nestedtext.NestedTextError as error:
        raise WrongSettings("settings_unreadable", line=str((error.lineno or 0) + 1)) from None
    _known(source, TOP)
    local = source.get("accesso locale", "sì")
    if local not in ("sì", "no"):
        raise WrongSettings("settings_value", key="accesso locale", value=str(local))
    provider = _provider(source["provider"]) if "provider" in source else None
    if local == "no" and provider is None:
        raise WrongSettings("settings_missing", key="provider")
    return IdentitySettings(local == "sì", provider)


def _provider(source: Any) -> ProviderSettings:
    _known(source, PROVIDER)
    for key in NEEDED:
        if not source.get(key):
            raise WrongSettings("settings_missing", key=key)
    _known(source["claim"], CLAIMS)
    if not source["claim"].get("ruolo"):
        raise WrongSettings("settings_missing", key="ruolo")
    issuer, method = _issuer(source["emittente"]), source.get("autenticazione", METHODS[0])
    if method not in METHODS:
        raise WrongSettings("settings_value", key="autenticazione", value=str(method))
    for ruolo in _mapping(source["ruoli"], "ruoli").values():
        if ruolo not in PEOPLE:
            raise WrongSettings("settings_value", key="ruoli", value=str(ruolo))
    claims = {name: tuple(part.strip() for part in path.split(INTO)) for name, path in source["claim"].items()}
    desks = _mapping(source.get("sportelli", {}), "sportelli")
    scope = source.get("ambiti", "openid profile")
    return ProviderSettings(source["nome"], issuer, source["client_id"], method, scope, claims, source["ruoli"], desks)


def _issuer(written: str) -> str:
    parts = urlsplit(written)
    here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and here):
        raise WrongSettings("settings_value", key="emittente", value=written)
    return written


def _known(source: Any, keys: set[str]) -> None:
    for key in _mapping(source, "…"):
        if key not in keys:
            raise WrongSettings("settings_unknown", key=str(key), names=", ".join(sorted(keys)))


def _mapping(source: Any, key: str) -> Mapping[str, Any]:
    if not isinstance(source, dict):
        raise WrongSettings("settings_value", key=key, value=str(source))
    return source


def _texts(claims: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    """Return the texts of a claim: one, or a list of them."""
    found: Any = claims
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    values = found if isinstance(found, list) else [found]
    return [value for value in values if isinstance(value, str) and value.isprintable()] if path else []
