"""Idempotency-Key: the same request sent twice is answered twice with the same bytes.

Kept in memory only, for a day at most: the hash of the request and the bytes of the answer. What was
answered is replayed even if the rules have changed meanwhile; only what was done (200) is kept.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from api.refusal import Refusal

DAY = 24 * 60 * 60.0
ENTRIES = 1000
MEMORY = 32 * 1024 * 1024

#: A string of RFC 8941, or the same characters without the quotes, as most clients send it.
_KEY = re.compile(r'"([\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{1,255})')


@dataclass(slots=True)
class _Entry:
    digest: bytes
    at: float
    answer: bytes | None = None


class Replays:
    """The answers already given, by address and key; the oldest make room for the new."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, memory: int = MEMORY) -> None:
        self._clock = clock
        self._memory = memory
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[str, str], _Entry] = OrderedDict()
        self.size = 0

    def once(self, path: str, key: str | None, content: bytes, make: Callable[[], bytes]) -> tuple[bytes, bool]:
        """Return the answer, and whether it is that of an earlier request; raise Refusal if the key does not do."""
        if key is None:
            return make(), False
        name, digest = (path, key), hashlib.sha256(content).digest()
        with self._lock:
            self._forget()
            entry = self._entries.get(name)
            if entry is not None:
                return _replayed(entry, digest), True
            self._entries[name] = entry = _Entry(digest, self._clock())
        try:
            answer = make()
        except BaseException:
            with self._lock:
                self._drop(name, entry)
            raise
        with self._lock:
            self._keep(entry, answer)
            self._forget()
        return answer, False

    def forget(self) -> None:
        """Forget the answers that are a day old."""
        with self._lock:
            self._forget()

    def _keep(self, entry: _Entry, answer: bytes) -> None:
        entry.answer = answer
        self.size += len(answer)

    def _drop(self, name: tuple[str, str], entry: _Entry) -> None:
        if self._entries.get(name) is entry:
            del self._entries[name]
            self.size -= len(entry.answer or b"")

    def _forget(self) -> None:
        """Drop what is a day old, then the oldest answers as long as they are too many or too much."""
        old = self._clock() - DAY
        for name, entry in list(self._entries.items()):
            if entry.at > old and len(self._entries) <= ENTRIES and self.size <= self._memory:
                break
            if entry.answer is not None:
                self._drop(name, entry)


def read_key(given: list[str]) -> str | None:
    """Return the key of the request, None if it has none; refuse more than one, or one badly written."""
    if not given:
        return None
    match = _KEY.fullmatch(given[0].strip())
    if len(given) > 1 or match is None:
        raise Refusal("key_malformed")
    return match[1] or match[2]


def _replayed(entry: _Entry, digest: bytes) -> bytes:
    if entry.digest != digest:
        raise Refusal("key_reused")
    if entry.answer is None:
        raise Refusal("key_busy", (), {"Retry-After": "1"})
    return entry.answer
