"""Signed texts (JWT): opened with the key that they name, if it is one that we trust, and if it is their time."""

from __future__ import annotations

import heapq
import json
import threading
from collections.abc import Mapping
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError

from api.interoperability.keys import Keys

#: The algorithms that are accepted, whatever a token says of itself.
ALGORITHMS = ("RS256", "ES256")
#: Seconds by which two clocks may differ.
LEEWAY = 5
#: How long an id may be.
LONGEST = 255


class Bad(Exception):
    """A token that is not accepted; `reason` is a sentence of the catalogue."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def issuer_of(token: str) -> str:
    """Return who a token says has made it, true or not; nothing if it is no token."""
    try:
        payload: Any = json.loads(jws.extract_compact(token.encode()).payload)
    except (JoseError, ValueError, RecursionError):
        return ""
    issuer = payload.get("iss") if isinstance(payload, dict) else None
    return issuer if isinstance(issuer, str) else ""


def opened(token: str, keys: Keys, kinds: tuple[str, ...], now: float) -> Mapping[str, Any]:
    """Return the claims of a token that is of one of these kinds, rightly signed and in its time."""
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError, RecursionError):
        raise Bad("malformed") from None
    if str(header.get("typ", "")).lower() not in kinds or header.get("alg") not in ALGORITHMS:
        raise Bad("malformed")
    kid = header.get("kid")
    key = keys.find(kid) if isinstance(kid, str) else None
    if key is None:
        raise Bad("signature")
    try:
        claims: Mapping[str, Any] = jwt.decode(token, key, algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, RecursionError):
        raise Bad("signature") from None
    _in_time(claims, now)
    return claims


def _in_time(claims: Mapping[str, Any], now: float) -> None:
    begins = [_moment(claims, name) for name in ("iat", "nbf") if name in claims or name == "iat"]
    if _moment(claims, "exp") <= now - LEEWAY:
        raise Bad("expired")
    if max(begins) > now + LEEWAY:
        raise Bad("early")


def _moment(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Bad("malformed")
    return float(value)


def text_of(claims: Mapping[str, Any], name: str) -> str:
    """Return a claim that must be a short text."""
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST or not value.isprintable():
        raise Bad("malformed")
    return value


def addressed(claims: Mapping[str, Any], audience: str) -> None:
    """Refuse a token that is for somebody else."""
    given = claims.get("aud")
    if audience not in (given if isinstance(given, list) else [given]):
        raise Bad("audience")


class Seen:
    """The ids of tokens that have been used, each with what for, until their time is over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[tuple[str, str], str] = {}
        self._ends: list[tuple[float, tuple[str, str]]] = []

    def use(self, id_: tuple[str, str], purpose: str, until: float, now: float) -> bool:
        """Note that a token is used; say whether it was not, or only for this same purpose."""
        with self._lock:
            while self._ends and self._ends[0][0] < now - 2 * LEEWAY:
                self._found.pop(heapq.heappop(self._ends)[1], None)
            if id_ in self._found:
                return bool(purpose) and self._found[id_] == purpose
            self._found[id_] = purpose
            heapq.heappush(self._ends, (until, id_))
            return True

    def __len__(self) -> int:
        return len(self._found)
