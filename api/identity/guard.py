"""The guard: every request is of an action that its sender may do, and every form is of a page that we gave."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request, cookie_parser
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.identity.addresses import Address, Addresses
from api.identity.person import Person
from api.identity.rights import Action, Rights
from api.identity.secret import same
from api.identity.sessions import Sessions
from api.identity.visitor import CSRF, CSRF_HEADER, VISITOR, Visitor
from api.limits import for_systems
from api.rate import Rate
from api.refusal import Refusal

LOG = logging.getLogger("comma")
#: What may be done from a page of somebody else's.
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FIELDS = 5000


class Opened:
    """ASGI middleware, around all the others: a visitor for each request, for every page that may be shown."""

    def __init__(self, app: ASGIApp, demonstration: bool) -> None:
        self.app = app
        self.demonstration = demonstration

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request with a visitor of its own."""
        VISITOR.set(Visitor(installed=True, demonstration=self.demonstration))
        await self.app(scope, receive, send)


@dataclass(slots=True)
class Gate:
    """What the guard knows: the table, who has entered, which cookies are ours, where we are."""

    rights: Rights
    sessions: Sessions
    session_cookie: str
    form_cookie: str
    origin: str
    desks: Callable[[], Mapping[str, str]]
    system: Callable[[str], Person | None]
    rates: dict[str, Rate] = field(default_factory=dict)


class Guard:
    """ASGI middleware, inside all the others: what the table does not allow does not reach the application."""

    def __init__(self, app: ASGIApp, application: Starlette, gate: Gate) -> None:
        self.app = app
        self.application = application
        self.gate = gate
        self._addresses: Addresses | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        address = self._found(scope)
        if address is None:  # the application says that there is no such address, or no such method
            if not for_systems(scope["path"]):
                await self._recognise(Headers(scope=scope), VISITOR.get())
            await self.app(scope, receive, send)
            return
        action = address.action(scope["method"])
        if action is None:
            LOG.error("rights.nt: %s %s", scope["method"], address.template)
            raise Refusal("not_yours")
        if action.per_minute:
            self._count(action, scope)
        if action.public and for_systems(scope["path"]):
            await self.app(scope, receive, send)
            return
        await self._identified(action, scope, receive, send)

    def _found(self, scope: Scope) -> Address | None:
        if self._addresses is None:
            self._addresses = Addresses.of(self.application.routes, self.gate.rights)
        return self._addresses.find(scope["method"], scope["path"])

    def _count(self, action: Action, scope: Scope) -> None:
        rate = self.gate.rates.setdefault(action.name, Rate(action.per_minute))
        allowance = rate.take((scope.get("client") or ("", 0))[0])
        if allowance.left < 0:
            after = {"Retry-After": str(allowance.reset)}
            raise Refusal("too_many_requests", (), after, limit=allowance.limit, seconds=allowance.reset)

    async def _identified(self, action: Action, scope: Scope, receive: Receive, send: Send) -> None:
        headers, present = Headers(scope=scope), VISITOR.get()
        present.action, present.table = action, self.gate.rights
        bearer = await self._recognise(headers, present)
        if not self.gate.rights.may(present.person, action.name):
            await self._deny(action, scope, present, bearer)
            await RedirectResponse(entrance(scope), 303)(scope, receive, send)
            return
        if scope["method"] not in SAFE and (present.session or action.form):
            receive = await self._ours(scope, headers, receive, present)
        everywhere = present.person is None or self.gate.rights.desks(present.person, action.name) is None
        await self.app(scope, receive, send if everywhere else _Checked(send, present, action))

    async def _recognise(self, headers: Headers, present: Visitor) -> bool:
        """Find out who is there, by token or by cookie; return whether there was a token."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            present.person = await run_in_threadpool(self.gate.system, token.strip())
            return True
        cookies = cookie_parser(headers.get("cookie", ""))
        secret = cookies.get(self.gate.session_cookie, "")
        found = await run_in_threadpool(self.gate.sessions.recognise, secret) if secret else None
        if found is None:
            present.secret = cookies.get(self.gate.form_cookie, "")
            return False
        present.person, session = found
        present.session, present.secret = session.id, secret
        desks = self.gate.desks()
        present.desk = desks.get(present.person.sportello, present.person.sportello)
        present.also = tuple(desks.get(name, name) for name in present.person.also)
        return False

    async def _deny(self, action: Action, scope: Scope, present: Visitor, bearer: bool) -> None:
        """Refuse who may not do this, and write it down; a browser without a session may still enter."""
        person = present.person
        if person is not None:
            accounts = self.gate.sessions.accounts
            event = accounts.event(person.id, "diniego", action.name)
            await run_in_threadpool(accounts.store.commit, (), [event])
            scope_wanted = f'Bearer error="insufficient_scope", scope="{action.scope}"'
            raise Refusal("not_yours", (), {"WWW-Authenticate": scope_wanted} if bearer and action.scope else None)
        if bearer or for_systems(scope["path"]):
            said = 'Bearer realm="comma"' + (', error="invalid_token"' if bearer else "")
            raise Refusal("not_recognised", (), {"WWW-Authenticate": said})

    async def _ours(self, scope: Scope, headers: Headers, receive: Receive, present: Visitor) -> Receive:
        """Refuse a form that is not of our pages; return what gives its body once more."""
        given = headers.get(CSRF_HEADER, "")
        if not given:
            body = await _whole(receive)
            receive = _again(body)
            form = await Request(scope, _again(body)).form(max_files=0, max_fields=FIELDS)
            given = str(form.get(CSRF, ""))
        if not present.secret or not same(given, present.csrf) or not same_site(headers, self.gate.origin):
            raise Refusal("not_ours")
        return receive


class _Checked:
    """Lets an answer out only if whoever made it has asked about the desk: who forgets to ask shows nothing."""

    def __init__(self, send: Send, present: Visitor, action: Action) -> None:
        self._send = send
        self._present = present
        self._action = action

    async def __call__(self, message: Message) -> None:
        """Send a message of the answer."""
        if message["type"] == "http.response.start" and message["status"] < 400 and not self._present.checked:
            raise UnaskedError(self._action.name)
        await self._send(message)


class UnaskedError(Exception):
    """Somebody would have been shown something without a look at the desk it belongs to."""


def same_site(headers: Headers, origin: str) -> bool:
    """Whether a browser sends a form from one of our pages, as far as it says.

    Our pages send no referrer, so that the origin may well be «null»: then only what the browser adds tells.
    """
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    given = headers.get("origin", "null")
    return given in ("null", origin) or urlsplit(given).netloc == headers.get("host")


def entrance(scope: Scope) -> str:
    """Return the address of the page with which one enters, and then comes back here."""
    query = scope["query_string"].decode("latin-1")
    path = quote(scope["path"]) + (f"?{query}" if query else "")
    return f"/accesso?dopo={quote(path, safe='/')}" if scope["method"] in SAFE else "/accesso"


def local(path: str) -> str:
    """Return where to go after having entered: only an address of ours, whatever was asked."""
    plain = path.isascii() and path.isprintable() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else "/"


async def _whole(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _again(body: bytes) -> Receive:
    """Return what gives a body that was already read."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive
