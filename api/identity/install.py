"""Puts identity into an application: accounts, sessions, rights, and their pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from fastapi import FastAPI
from starlette.middleware import Middleware

from api.identity.accounts import Accounts, first_secret
from api.identity.administration import Administration, invitation_link
from api.identity.cookies import Cookies
from api.identity.entering import Entering
from api.identity.guard import Gate, Guard, Opened
from api.identity.keys import Keys, Wrapping
from api.identity.oauth import OAuth
from api.identity.oidc import Provider
from api.identity.passwords import Passwords
from api.identity.provider_pages import ProviderPages
from api.identity.rights import Rights, rights
from api.identity.sessions import Sessions
from api.identity.settings import IdentitySettings
from api.identity.systems import Systems
from api.identity.systems_pages import SystemsPages
from api.rules import Rules
from api.store.contract import Store
from engine.ente import Ente


@dataclass(frozen=True, slots=True)
class Settings:
    """How people are recognised: the public address (https or not), how a key is wrapped, the file of the office.

    `demonstration` marks every page: everything in it is invented.
    """

    address: str
    wrapping: Wrapping
    recognition: IdentitySettings = field(default_factory=IdentitySettings)
    provider_secret: str = ""
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
    cookies: Cookies
    settings: Settings


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
    known = settings.recognition.provider
    back = f"{settings.address}/accesso/oidc/ritorno"
    provider = Provider(known, settings.provider_secret, back, now) if known else None
    entering = Entering(accounts, sessions, cookies, ente, settings.recognition.local)
    if known and provider:
        leaving = partial(provider.leaving, f"{settings.address}/accesso")
        entering = replace(entering, provider=known.nome, leaving=leaving)
    app.include_router(entering.router())
    app.include_router(ProviderPages(entering, provider, desks).router())
    app.include_router(Administration(accounts, settings.table, desks, ente, settings.address).router())
    app.include_router(SystemsPages(systems, settings.table, ente).router())
    app.include_router(OAuth(systems).router())
    app.add_middleware(Opened, demonstration=settings.demonstration)
    app.user_middleware.append(Middleware(Guard, application=app, gate=gate))  # inside what answers every refusal
    identity = Identity(accounts, sessions, systems, gate, cookies, settings)
    app.state.identity = identity
    return identity


def first_link(identity: Identity) -> str | None:
    """Return the one-time link of the first administrator, while none has ever entered; to be printed at the start.

    None also where nobody enters with a password: there the provider says who administers.
    """
    secret = first_secret(identity.accounts) if identity.settings.recognition.local else None
    return invitation_link(identity.settings.address, secret) if secret else None
