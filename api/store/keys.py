"""One key per file, kept under a master key: what a key has sealed can be read only while the key is there."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from api.store.contract import Conflict, Json, Put, Record, Store, Unavailable
from api.store.written import json_text

MASTER, PREVIOUS = "COMMA_CHIAVE", "COMMA_CHIAVE_PRECEDENTE"
#: The kind of the records that hold keys, and the id of the key that blinds; every other id is that of a file.
KEY, BLIND = "chiave", "*"
SIZE, NONCE = 32, 12
#: How many keys are wrapped again in one commit.
BATCH = 200


class NoKey(Unavailable):
    """The master key is not there, or is not the one of this store."""


def new_master() -> str:
    """Return a new master key, as it is written in the environment."""
    return b64encode(os.urandom(SIZE)).decode()


@dataclass(frozen=True, slots=True)
class Sealer:
    """The key of a file, at work."""

    _key: AESGCM = field(repr=False)

    def seal(self, document: Json, context: str) -> Json:
        """Return a document that nobody can read or change; `context` is where it is kept, as kind/id."""
        return {"chiuso": _encrypt(self._key, zlib.compress(json_text(document).encode()), context)}

    def open(self, sealed: Json, context: str) -> dict[str, Any]:
        """Read a sealed document; raise Unavailable if it was changed, or sealed under another key or elsewhere."""
        try:
            document = json.loads(zlib.decompress(_decrypt(self._key, sealed["chiuso"], context)))
        except (InvalidTag, KeyError, TypeError, ValueError, zlib.error) as error:
            raise Unavailable("chiavi.not_opened", context=context) from error
        assert isinstance(document, dict)
        return document


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a store, under its master key: `current`, or one still in use while it is being changed."""

    current: str
    _masters: Mapping[str, AESGCM] = field(repr=False)
    _blind: bytes = field(repr=False)

    @staticmethod
    def from_environment(store: Store, environment: Mapping[str, str] = os.environ) -> Keys:
        """Read the master keys and try them on the store; raise NoKey, with a sentence, if they do not open it."""
        masters = _masters(environment)
        current = next(iter(masters))
        while True:
            record = store.get(KEY, BLIND)
            if record:
                return Keys(current, masters, _unwrap(masters, record))
            made = _wrapped(BLIND, 0, current, masters[current], os.urandom(SIZE))
            try:
                store.commit([made])
            except Conflict:  # another process has made it meanwhile
                continue

    def new(self, file_id: str) -> tuple[Put, Sealer]:
        """Make the key of a new file: what must be written together with the file, and what seals its documents."""
        if file_id == BLIND:
            raise ValueError(file_id)
        key = AESGCM.generate_key(SIZE * 8)
        return _wrapped(file_id, 0, self.current, self._masters[self.current], key), Sealer(AESGCM(key))

    def sealer(self, store: Store, file_id: str) -> Sealer | None:
        """Return what opens the documents of a file; None if its key was destroyed, by whatever process."""
        record = store.get(KEY, file_id) if file_id != BLIND else None
        return Sealer(AESGCM(_unwrap(self._masters, record))) if record else None

    def destroy(self, store: Store, file_id: str) -> Put:
        """Return what destroys the key of a file, to be written: after that nobody can read its documents."""
        record = store.get(KEY, file_id) if file_id != BLIND else None
        return Put(KEY, file_id, record.revision if record else 0, None)

    def blind(self, text: str) -> str:
        """Return what a text is looked up by without being kept: always the same in this store, and only here."""
        return hmac.digest(self._blind, text.encode("utf-8", "surrogatepass"), "sha256").hex()

    def rotate(self, store: Store) -> int:
        """Wrap every key under the current master key; return how many were not. No document is touched."""
        done = 0
        for old in (name for name in self._masters if name != self.current):
            while records := store.find(KEY, {"principale": old}, limit=BATCH).records:
                try:
                    store.commit([self._again(record) for record in records])
                except Conflict:  # one was destroyed meanwhile
                    continue
                done += len(records)
        left = store.find(KEY, limit=1).total - store.find(KEY, {"principale": self.current}, limit=1).total
        if left:
            raise NoKey("chiavi.others", count=str(left))
        return done

    def _again(self, record: Record) -> Put:
        key = _unwrap(self._masters, record)
        return _wrapped(record.id, record.revision, self.current, self._masters[self.current], key)


def _masters(environment: Mapping[str, str]) -> dict[str, AESGCM]:
    if not environment.get(MASTER):
        raise NoKey("chiavi.missing")
    found = {}
    for name in (MASTER, PREVIOUS):
        text = environment.get(name)
        if text:
            try:
                key = b64decode(text.strip(), validate=True)
            except ValueError:
                key = b""
            if len(key) != SIZE:
                raise NoKey("chiavi.malformed", name=name)
            found[hashlib.sha256(b"comma\n" + key).hexdigest()[:16]] = AESGCM(key)
    return found


def _wrapped(id_: str, expected: int, name: str, master: AESGCM, key: bytes) -> Put:
    document = {"principale": name, "chiave": _encrypt(master, key, f"{KEY}/{id_}")}
    return Put(KEY, id_, expected, document, {"principale": [name]})


def _unwrap(masters: Mapping[str, AESGCM], record: Record) -> bytes:
    try:
        return _decrypt(masters[record.document["principale"]], record.document["chiave"], f"{KEY}/{record.id}")
    except (InvalidTag, KeyError, TypeError, ValueError) as error:
        raise NoKey("chiavi.wrong") from error


def _encrypt(key: AESGCM, data: bytes, context: str) -> str:
    nonce = os.urandom(NONCE)
    return b64encode(nonce + key.encrypt(nonce, data, context.encode())).decode()


def _decrypt(key: AESGCM, text: str, context: str) -> bytes:
    data = b64decode(text, validate=True)
    return key.decrypt(data[:NONCE], data[NONCE:], context.encode())
