"""Other systems: which may ask, with what secret or key, and the tokens with which they then ask."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import urlsafe_b64decode

from api.identity.accounts import NOBODY, tried_again
from api.identity.keys import Keys
from api.identity.person import Person
from api.identity.secret import digest, fresh_id, fresh_secret, same, stamp
from api.store.contract import Conflict, Event, Put, Record, Store

CLIENTE, ASSERZIONE = "cliente", "asserzione"
#: How long a token lasts, and how far ahead the assertion of a system may end.
TOKEN, ASSERTION = timedelta(minutes=10), timedelta(minutes=5)
LEEWAY = 30
#: The bits of the shortest RSA key that is taken.
SHORTEST = 2048
ALGORITHMS = ("ES256", "RS256", "PS256")


@dataclass(frozen=True, slots=True)
class Client:
    """A system that may ask: the hash of its secret, or its public key, and its scopes."""

    id: str
    nome: str
    scopes: tuple[str, ...]
    hash: str = ""
    key: str = ""
    suspended: bool = False
    revision: int = 0

    def put(self) -> Put:
        """Return what writes the system, over the revision that was read."""
        document = {name: value for name, value in asdict(self).items() if name != "revision"}
        return Put(CLIENTE, self.id, self.revision, document, {}, self.nome.casefold())


def read_client(record: Record) -> Client:
    """Return the system that a record keeps."""
    document: dict[str, Any] = dict(record.document)
    scopes = tuple(document.pop("scopes"))
    return Client(**document, scopes=scopes, revision=record.revision)


@dataclass(frozen=True, slots=True)
class Systems:
    """The systems in a store; `issuer` is the address that signs their tokens and takes them back."""

    store: Store
    keys: Keys
    issuer: str
    now: Callable[[], datetime]

    def get(self, id_: str) -> Client | None:
        """Return a system, or None."""
        record = self.store.get(CLIENTE, id_)
        return read_client(record) if record else None

    def create(self, by: str, nome: str, scopes: tuple[str, ...], key: str = "") -> tuple[Client, str]:
        """Write a new system, and return it with its secret; with a key of its own it has none."""
        secret = "" if key else fresh_secret()
        client = Client(fresh_id(), nome, scopes, digest(secret) if secret else "", key)
        event = self._event(by, "cliente_creato", client.id, {"ambiti": " ".join(scopes)})
        self.store.commit([client.put()], [event])
        return client, secret

    @tried_again
    def renew(self, by: str, id_: str) -> str:
        """Give a system another secret: the old one is worth nothing any more."""
        client, secret = self._there(id_), fresh_secret()
        changed = replace(client, hash=digest(secret), key="")
        self.store.commit([changed.put()], [self._event(by, "cliente_segreto", id_)])
        return secret

    @tried_again
    def suspend(self, by: str, id_: str, suspended: bool) -> None:
        """Let a system ask no more, its tokens included, or again."""
        action = "cliente_sospeso" if suspended else "cliente_riattivato"
        changed = replace(self._there(id_), suspended=suspended)
        self.store.commit([changed.put()], [self._event(by, action, id_)])

    def known(self, id_: str, secret: str) -> Client | None:
        """Return the system with that secret."""
        client = self.get(id_)
        right = same(client.hash if client and client.hash else digest(""), digest(secret)) and bool(secret)
        return client if client and right and client.hash and not client.suspended else None

    def asserted(self, assertion: str) -> Client | None:
        """Return the system that has signed an assertion with its own key, for us, now, once (RFC 7523)."""
        client = self.get(_subject(assertion))
        if client is None or not client.key or client.suspended:
            return None
        try:
            claims = jwt.decode(assertion, import_key(client.key), list(ALGORITHMS)).claims
            self._rules(
                aud={"essential": True, "values": [self.issuer, f"{self.issuer}/oauth/token"]},
                iss={"essential": True, "value": client.id},
                jti={"essential": True},
            ).validate(claims)
        except (JoseError, ValueError, TypeError):
            return None
        ends = int(claims["exp"])
        if ends > self.now().timestamp() + ASSERTION.total_seconds() + LEEWAY:
            return None
        used = Put(ASSERZIONE, digest(f"{client.id} {claims['jti']}"), 0, {}, {}, _moment(ends))
        try:
            self.store.commit([used])
        except Conflict:  # the same assertion, a second time
            return None
        return client

    def token(self, client: Client, scopes: tuple[str, ...]) -> str:
        """Return a signed token for a system (RFC 9068)."""
        key, now = self.keys.signing(), int(self.now().timestamp())
        claims = {
            "iss": self.issuer,
            "aud": self.issuer,
            "sub": client.id,
            "client_id": client.id,
            "iat": now,
            "exp": now + int(TOKEN.total_seconds()),
            "jti": fresh_id(),
            "scope": " ".join(scopes),
        }
        self.store.commit((), [self._event(client.id, "token_dato", client.id, {"ambiti": " ".join(scopes)})])
        return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": key.kid}, claims, key)

    def refuse(self, id_: str) -> None:
        """Write down that a token was refused to whoever asked."""
        known = self.get(id_) if id_ else None
        self.store.commit((), [self._event(NOBODY, "token_rifiutato", known.id if known else "")])

    def recognise(self, token: str) -> Person | None:
        """Return the system whose token this is, with the scopes that it still has."""
        try:
            header = jwt_header(token)
            key = self.keys.find(str(header.get("kid", "")))
            if key is None or header.get("typ") != "at+jwt":
                return None
            claims = jwt.decode(token, key, ["ES256"]).claims
            mine = {"essential": True, "value": self.issuer}
            self._rules(iss=mine, aud=mine, sub={"essential": True}, scope={"essential": True}).validate(claims)
        except (JoseError, ValueError, TypeError):
            return None
        client = self.get(str(claims["sub"]))
        if client is None or client.suspended:
            return None
        scopes = frozenset(str(claims["scope"]).split()) & frozenset(client.scopes)
        return Person(client.id, client.nome, "sistema", scopes=scopes)

    def purge(self) -> None:
        """Forget some of the assertions that could not be used again anyway."""
        over = self.store.find(ASSERZIONE, until=stamp(self.now() - ASSERTION)).records
        self.store.commit([Put(ASSERZIONE, one.id, one.revision, None) for one in over])

    def _rules(self, **wanted: Any) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(int(self.now().timestamp()), LEEWAY, exp={"essential": True}, **wanted)

    def _there(self, id_: str) -> Client:
        client = self.get(id_)
        if client is None:
            raise KeyError(id_)
        return client

    def _event(self, by: str, action: str, about: str, detail: Mapping[str, str] | None = None) -> Event:
        return Event(stamp(self.now()), by, action, about, detail or {})


def import_key(text: str) -> ECKey | RSAKey:
    """Read the public key of a system, written as a JWK; refuse a private one, and what is not a key to sign with."""
    written = json.loads(text)
    if not isinstance(written, dict) or written.get("kty") not in ("EC", "RSA") or "d" in written:
        raise ValueError("jwk")
    if written["kty"] == "RSA":
        if len(urlsafe_b64decode(str(written.get("n", "")).encode())) * 8 < SHORTEST:
            raise ValueError("jwk")
        return RSAKey.import_key(written)
    key = ECKey.import_key(written)
    if key.curve_name != "P-256":
        raise ValueError("jwk")
    return key


def jwt_header(token: str) -> dict[str, Any]:
    """Return the header of a token that nobody has verified yet; what cannot be read has none."""
    return _part(token, 0)


def _subject(token: str) -> str:
    return str(_part(token, 1).get("sub", ""))


def _part(token: str, index: int) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3 or len(token) > 8192:
        return {}
    try:
        found = json.loads(urlsafe_b64decode(parts[index].encode()))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _moment(seconds: int) -> str:
    return stamp(datetime.fromtimestamp(seconds, UTC))
