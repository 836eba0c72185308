"""Keys: the public keys of who signs, from a file or an address, read again when they may have changed."""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
)

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey

#: Seconds after which keys are read again; between two readings for a key that is not there; after one that failed.
OLD, UNKNOWN, FAILED = 3600.0, 60.0, 10.0
#: For so long keys that cannot be read again are still good.
STALE = 24 * 3600.0
#: Seconds to wait for an address, and bytes to read from it.
PATIENCE, MOST = 5.0, 1024 * 1024
SHORTEST, CURVE = 2048, "P-256"
Key = RSAKey | ECKey


class NoKeys(Exception):
    """The keys cannot be read, and there are none that are recent enough."""


class Keys:
    """The keys of one source; several threads may ask."""

    def __init__(
        self, source: str, fetch: Callable[[str], bytes] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._source = source
        self._fetch = fetch or fetched
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: Mapping[str, Key] = {}
        self._read = self._tried = -STALE * 2

    def find(self, kid: str) -> Key | None:
        """Return the key of that name; raise NoKeys if keys cannot be had."""
        with self._lock:
            now = self._clock()
            wait = UNKNOWN if kid not in self._keys else OLD
            if now - self._read >= wait and now - self._tried >= FAILED:
                self._tried = now
                self._refresh(now)
            if now - self._read >= STALE:
                raise NoKeys(self._source)
            return self._keys.get(kid)

    def _refresh(self, now: float) -> None:
        try:
            self._keys = read_keys(self._fetch(self._source))
        except (OSError, HTTPException, ValueError):  # the old ones are still there
            return
        self._read = now


def read_keys(content: bytes) -> Mapping[str, Key]:
    """Return the keys of a JWKS that may sign: RSA of at least 2048 bits, or P-256; raise ValueError if it is none."""
    if len(content) > MOST:
        raise ValueError(len(content))
    found: Any = json.loads(content)
    if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
        raise ValueError(type(found))  # noqa: TRY004  # the text is no JWKS
    keys = ((one.get("kid"), _key(one)) for one in found["keys"] if isinstance(one, dict))
    return {kid: key for kid, key in keys if isinstance(kid, str) and key is not None}


def _key(found: Mapping[str, Any]) -> Key | None:
    """Return a key that may sign; any other stands in the same file for other uses."""
    public = {name: value for name, value in found.items() if name in ("kty", "n", "e", "crv", "x", "y", "kid")}
    if found.get("use", "sig") != "sig":
        return None
    try:
        if public.get("kty") == "RSA" and int.from_bytes(urlsafe_b64decode(public["n"] + "==")).bit_length() < SHORTEST:
            return None
        key = JWKRegistry.import_key(public)
    except (JoseError, LookupError, ValueError, TypeError):
        return None
    return key if isinstance(key, RSAKey) or (isinstance(key, ECKey) and key.curve_name == CURVE) else None


def _opener() -> OpenerDirector:
    """Return what opens an address and no other: keys are where the settings say, and redirects are not followed."""
    opener = OpenerDirector()
    for handler in (ProxyHandler(), HTTPHandler(), HTTPSHandler(), HTTPErrorProcessor(), HTTPDefaultErrorHandler()):
        opener.add_handler(handler)
    return opener


def fetched(source: str) -> bytes:
    """Return what is at an address (its scheme was checked with the settings), or in a file."""
    if "://" not in source:
        return Path(source).read_bytes()
    with _opener().open(source, timeout=PATIENCE) as response:
        content: bytes = response.read(MOST + 1)
        return content
