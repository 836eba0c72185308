"""The keys that sign the tokens of other systems: kept wrapped in the store, changed every so often."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from joserfc.jwk import ECKey

from api.identity.accounts import NOBODY
from api.identity.secret import stamp
from api.store.contract import Event, Put, Record, Store

CHIAVE = "chiave-firma"
#: A key signs for so long; once there is a newer one it is still published until its last token has ended.
SIGNS, OVERLAP = timedelta(days=90), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Wrapping:
    """How a secret is closed before it is kept, under a key that is not in the store."""

    wrap: Callable[[bytes], bytes]
    unwrap: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys in a store; `now` tells the time."""

    store: Store
    wrapping: Wrapping
    now: Callable[[], datetime]
    _opened: dict[str, ECKey] = field(default_factory=dict)

    def signing(self) -> ECKey:
        """Return the key that signs now: the newest, or a new one when that is old or there is none."""
        newest = self.store.find(CHIAVE, newest=True, limit=1).records
        if newest and newest[0].order > stamp(self.now() - SIGNS):
            return self._open(newest[0])
        return self.rotate(NOBODY)

    def rotate(self, by: str) -> ECKey:
        """Make a new key, which signs from now on."""
        key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
        private = json.dumps(key.as_dict(private=True)).encode()
        closed = base64.b64encode(self.wrapping.wrap(private)).decode()
        document = {"privata": closed, "pubblica": dict(key.as_dict(private=False))}
        event = Event(stamp(self.now()), by, "chiave_nuova", _kid(key))
        self.store.commit([Put(CHIAVE, _kid(key), 0, document, {}, stamp(self.now()))], [event])
        return key

    def published(self) -> list[dict[str, Any]]:
        """Return the public keys with which a token of now may be signed, the newest first."""
        self.signing()
        return [dict(record.document["pubblica"]) for record in self._records()]

    def dated(self) -> list[tuple[str, str]]:
        """Return since when each published key has signed, with its name, the newest first."""
        return [(record.order, record.id) for record in self._records()]

    def find(self, kid: str) -> ECKey | None:
        """Return the key of that name, if tokens of now may be signed with it."""
        public = next((record.document["pubblica"] for record in self._records() if record.id == kid), None)
        return ECKey.import_key(dict(public)) if public else None

    def _records(self) -> list[Record]:
        found, until = [], stamp(self.now() - OVERLAP)
        for record in self.store.find(CHIAVE, newest=True).records:
            found.append(record)
            if record.order <= until:  # whoever is older stopped signing before
                break
        return found

    def _open(self, record: Record) -> ECKey:
        if record.id not in self._opened:
            private = self.wrapping.unwrap(base64.b64decode(record.document["privata"]))
            self._opened[record.id] = ECKey.import_key(json.loads(private))
        return self._opened[record.id]


def _kid(key: ECKey) -> str:
    return str(key.kid)
