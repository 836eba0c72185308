"""Puts identity into an application: accounts, sessions, rights, and their pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import FastAPI
from starlette.middleware import Middleware

from api.identity.accounts import Accounts, first_secret
from api.identity.administration import Administration, invitation_link
from api.identity.cookies import Cookies
from api.identity.entering import Entering
from api.identity.guard import Gate, Guard, Opened
from api.identity.keys import Keys, Wrapping
from api.identity.oauth import OAuth
from api.identity.passwords import Passwords
from api.identity.rights import Rights, rights
from api.identity.sessions import Sessions
from api.identity.systems import Systems
from api.identity.systems_pages import SystemsPages
from api.rules import Rules
from api.store.contract import Store
from engine.ente import Ente


@dataclass(frozen=True, slots=True)
class Settings:
    """How people are recognised: the public address (https or not), how a key is wrapped, whether all is invented."""

    address: str
    wrapping: Wrapping
    demonstration: bool = False
    passwords: Passwords = field(default_factory=Passwords)
    table: Rights = field(default_factory=rights)


@dataclass(frozen=True, slots=True)
class Identity:
    """What was put into an application, for who has to use it further."""

    accounts: Accounts
    sessions: Sessions
    systems: Systems
    gate: Gate


def install(app: FastAPI, store: Store, rules: Rules, settings: Settings, now: Callable[[], datetime]) -> Identity:
    """Put accounts, sessions, rights and their pages into an application; call it once, before it serves."""
    accounts = Accounts(store, settings.passwords, now)
    sessions, cookies = Sessions(accounts), Cookies(settings.address.startswith("https://"))

    def ente() -> Ente:
        return rules.rulebook.ente

    def desks() -> Mapping[str, str]:
        book = rules.rulebook.sportelli
        return {name: found.titolo for name, found in book.sportelli.items()} if book else {}

    systems = Systems(store, Keys(store, settings.wrapping, now), settings.address, now)
    gate = Gate(settings.table, sessions, cookies.session, cookies.form, settings.address, desks, systems.recognise)
    app.include_router(Entering(accounts, sessions, cookies, ente).router())
    app.include_router(Administration(accounts, settings.table, desks, ente, settings.address).router())
    app.include_router(SystemsPages(systems, settings.table, ente).router())
    app.include_router(OAuth(systems).router())
    app.add_middleware(Opened, demonstration=settings.demonstration)
    app.user_middleware.append(Middleware(Guard, application=app, gate=gate))  # inside what answers every refusal
    return Identity(accounts, sessions, systems, gate)


def first_link(accounts: Accounts, address: str) -> str | None:
    """Return the one-time link of the first administrator, while none has ever entered; to be printed at the start."""
    secret = first_secret(accounts)
    return invitation_link(address, secret) if secret else None
