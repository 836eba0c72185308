"""Vouchers of PDND, and the evidence of who asks (AgID, patterns AUDIT_REST): a system is recognised, or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from api.identity.person import Person
from api.interoperability.keys import Keys, NoKeys
from api.interoperability.settings import Client, Settings
from api.interoperability.signed import Bad, Seen, addressed, issuer_of, opened, text_of
from api.refusal import Refusal
from engine.messages import sentence

HEADER = b"agid-jwt-trackingevidence"
#: What each of the two tokens calls itself.
VOUCHER, EVIDENCE = ("at+jwt",), ("jwt",)
WAIT = "30"
HEADERS = {"WWW-Authenticate": 'Bearer realm="comma", error="invalid_token"'}


@dataclass(frozen=True, slots=True)
class Access:
    """Who has been let in by a voucher, for what; and who asks on the other side, where it was said."""

    client: str
    consumer: str
    purpose: str
    voucher: str
    evidence: str = ""
    user: str = ""
    place: str = ""
    level: str = ""

    @property
    def detail(self) -> dict[str, str]:
        """What an event says of this access: ids only, as the other administration gives them."""
        words = {"fruitore": self.client, "ente": self.consumer, "finalita": self.purpose, "voucher": self.voucher}
        asking = {"prova": self.evidence, "utente": self.user, "postazione": self.place, "livello": self.level}
        return {name: value for name, value in {**words, **asking}.items() if value}


@dataclass(slots=True)
class Presented:
    """What a request has presented beside its token, and what came of it."""

    evidence: str = ""
    access: Access | None = None


_PRESENTED: ContextVar[Presented | None] = ContextVar("presented", default=None)


class Tracked:
    """ASGI middleware, around the guard: keeps the evidence of a request where the vouchers are checked."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request with an evidence of its own."""
        given = [value.decode("latin-1") for name, value in scope.get("headers", ()) if name == HEADER]
        _PRESENTED.set(Presented(",".join(given)))
        await self.app(scope, receive, send)


def access_detail() -> Mapping[str, str]:
    """Return what to write in the event of the present request; nothing when it came without a voucher."""
    presented = _PRESENTED.get()
    return presented.access.detail if presented and presented.access else {}


class Vouchers:
    """Recognises other administrations by their vouchers."""

    def __init__(
        self, settings: Settings, now: Callable[[], datetime], fetch: Callable[[str], bytes] | None = None
    ) -> None:
        self.settings = settings
        self._now = now
        self._keys = Keys(settings.keys, fetch)
        self._clients = {one.id: Keys(one.keys, fetch) for one in settings.clients.values() if one.keys}
        self._seen = Seen()

    def system(self, token: str) -> Person | None:
        """Return whose voucher it is; None if it is no voucher of our issuer; refuse a voucher that is not good."""
        if issuer_of(token) != self.settings.issuer:
            return None
        presented, now = _PRESENTED.get() or Presented(), self._now().timestamp()
        with _refusing("voucher_refused"):
            client, claims = self._voucher(token, now)
            consumer = text_of(claims, "consumerId") if "consumerId" in claims else ""
            access = Access(client.id, consumer, text_of(claims, "purposeId"), text_of(claims, "jti"))
        with _refusing("evidence_refused"):
            access = self._tracked(access, client, claims.get("digest"), presented.evidence, now)
        with _refusing("voucher_refused"):
            if self.settings.once and not self._seen.use(("voucher", access.voucher), "", claims["exp"], now):
                raise Bad("replayed")
        presented.access = access
        return Person(f"pdnd:{client.id}", client.nome, "sistema", scopes=client.scopes)

    def before(self, others: Callable[[str], Person | None]) -> Callable[[str], Person | None]:
        """Return what recognises a voucher, and leaves any other token to others."""
        return lambda token: self.system(token) or others(token)

    def _voucher(self, token: str, now: float) -> tuple[Client, Mapping[str, Any]]:
        """Return whose voucher it is and what it says; it is of our issuer, for us, for a purpose that we know."""
        claims = opened(token, self._keys, VOUCHER, now)
        if claims.get("iss") != self.settings.issuer:
            raise Bad("signature")
        addressed(claims, self.settings.audience)
        client = self.settings.clients.get(text_of(claims, "client_id"))
        if client is None or text_of(claims, "purposeId") not in client.purposes:
            raise Bad("client")
        return client, claims

    def _tracked(self, access: Access, client: Client, digest: object, evidence: str, now: float) -> Access:
        """Return the access with who asks, from an evidence that belongs to the voucher."""
        if digest is not None and not _belongs(digest, evidence):
            raise Bad("other" if evidence else "absent")
        if not evidence:
            if client.tracked:
                raise Bad("absent")
            return access
        if client.id not in self._clients:
            raise Bad("signature")
        claims = opened(evidence, self._clients[client.id], EVIDENCE, now)
        addressed(claims, self.settings.audience)
        if claims.get("iss") != client.id or claims.get("purposeId", access.purpose) != access.purpose:
            raise Bad("other")
        id_, user, place, level = (text_of(claims, name) for name in ("jti", "userID", "userLocation", "LoA"))
        # Bound to a voucher by its digest it lasts as long as the voucher; alone it is good once.
        with_what = access.voucher if digest is not None else ""
        if not self._seen.use((client.id, id_), with_what, claims["exp"], now):
            raise Bad("replayed")
        return replace(access, evidence=id_, user=user, place=place, level=level)


def _belongs(digest: object, evidence: str) -> bool:
    """Whether the digest in a voucher is that of the evidence; raise Bad if it is not one."""
    value = digest.get("value") if isinstance(digest, dict) and digest.get("alg") == "SHA256" else None
    if not isinstance(value, str):
        raise Bad("other")
    return compare_digest(sha256(evidence.encode()).hexdigest().encode(), value.lower().encode())


@contextmanager
def _refusing(kind: str) -> Iterator[None]:
    """Turn what is bad in a token into a refusal that says so."""
    try:
        yield
    except Bad as bad:
        raise Refusal(kind, (), HEADERS, why=sentence(f"interoperabilita.{bad.reason}", {})) from None
    except NoKeys:
        raise Refusal("no_keys", (), {"Retry-After": WAIT}) from None


def install(app: Starlette, settings: Settings, now: Callable[[], datetime]) -> Vouchers:
    """Let an application recognise vouchers; after identity, whose guard takes `before` of the result."""
    app.add_middleware(Tracked)
    return Vouchers(settings, now)
