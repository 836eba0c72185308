"""Secrets that are handed out: how they are made, what is kept of them, what is derived from them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from datetime import UTC, datetime


def fresh_secret() -> str:
    """Return 256 bits of chance, for an address or a cookie."""
    return secrets.token_urlsafe(32)


def fresh_id() -> str:
    """Return a new id, which says nothing."""
    return uuid.uuid4().hex


def digest(secret: str) -> str:
    """Return what is kept of a secret: enough to recognise it, not to use it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def derived(secret: str, purpose: str) -> str:
    """Return a value that only who holds the secret can make, and that does not give it away."""
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def same(left: str, right: str) -> bool:
    """Whether two texts are the same, in a time that does not tell where they differ."""
    return hmac.compare_digest(left.encode(), right.encode())


def stamp(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC, to the second: texts in the order of time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
