"""Passwords: which may be chosen, and their argon2id hash."""

from __future__ import annotations

import threading
import unicodedata
from functools import cache
from importlib.resources import files

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from api.identity.secret import fresh_secret

SHORTEST, LONGEST = 12, 128
#: Hashes made at once: each takes 64 MiB.
AT_ONCE = 2


class Passwords:
    """Makes and verifies hashes, a few at a time, and in the same time for who does not exist."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._decoy = self._hasher.hash(fresh_secret())
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    def hash(self, password: str) -> str:
        """Return the hash to be kept."""
        with self._turns:
            return self._hasher.hash(_normal(password))

    def match(self, hashed: str, password: str) -> bool:
        """Whether the password is that of the hash; without a hash it takes as long, and is not."""
        try:
            with self._turns:
                return self._hasher.verify(hashed or self._decoy, _normal(password)) and bool(hashed)
        except (VerificationError, InvalidHashError):
            return False


def weakness(password: str, username: str) -> str:
    """Return the code of the sentence that says why a password cannot be chosen; nothing if it can."""
    plain = _normal(password).casefold()
    if len(password) < SHORTEST:
        return "too_short"
    if len(password) > LONGEST:
        return "too_long"
    if username.casefold() in plain or plain in username.casefold():
        return "has_username"
    if len(set(plain)) < 4 or plain in _commonest() or _letters(plain) in _commonest():
        return "too_common"
    return ""


def _normal(password: str) -> str:
    """Write a password as one keyboard and another would."""
    return unicodedata.normalize("NFKC", password)


def _letters(plain: str) -> str:
    """Leave out what is put around a word to make it look longer."""
    return plain.strip("0123456789!?.,-_*#@$ ")


@cache
def _commonest() -> frozenset[str]:
    return frozenset(files("api.identity").joinpath("commonest.txt").read_text("utf-8").split())
