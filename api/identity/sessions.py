"""Sessions: who has entered, from which browser, until when. Only the hash of what the cookie holds is kept."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from api.identity.accounts import SESSIONE, Account, Accounts, tried_again
from api.identity.person import Person
from api.identity.secret import digest, fresh_secret, stamp
from api.store.contract import Conflict, Put, Record

#: A session ends after so much time without a request, and in any case.
IDLE, LONGEST = timedelta(minutes=30), timedelta(hours=10)
#: The last request is written this often: one write for many requests.
STEP = timedelta(minutes=1)
ROME = ZoneInfo("Europe/Rome")


@dataclass(frozen=True, slots=True)
class Session:
    """An open session; `id` is the hash of its secret, `how` what recognised the person."""

    id: str
    utente: str
    how: str
    opened: str
    seen: str
    until: str
    revision: int

    def put(self, seen: str) -> Put:
        """Return what writes the session, with its last request."""
        document = {"utente": self.utente, "how": self.how, "opened": self.opened, "seen": seen}
        return Put(SESSIONE, self.id, self.revision, document, {"utente": [self.utente]}, self.until)


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions in the store of the accounts."""

    accounts: Accounts

    @tried_again
    def open(self, account: Account, how: str, old: str = "") -> str:
        """Open a session, in place of the one that the browser had, and return its secret."""
        secret, now = fresh_secret(), self._now()
        session = Session(digest(secret), account.id, how, stamp(now), stamp(now), stamp(now + LONGEST), 0)
        event = self.accounts.event(account.id, "accesso", account.id, {"modo": how})
        self.purge()
        self.accounts.store.commit([session.put(session.seen), *self._gone(old)], [event])
        return secret

    def recognise(self, secret: str) -> tuple[Person, Session] | None:
        """Return whose session it is, if it still lasts; the last request is written now and then."""
        session = self._find(secret)
        account = self.accounts.get(session.utente) if session else None
        if session is None or account is None or account.suspended:
            return None
        now = self._now()
        if stamp(now) >= session.until or stamp(now - IDLE) >= session.seen:
            return None
        if stamp(now - STEP) >= session.seen:
            with suppress(Conflict):  # another request of the same browser has just written it
                self.accounts.store.commit([session.put(stamp(now))])
        return self.accounts.person(account, now.astimezone(ROME).date().isoformat()), session

    def of(self, utente: str) -> list[Session]:
        """Return the sessions of a person, the newest first."""
        found = [
            _read(record) for record in self.accounts.store.find(SESSIONE, {"utente": utente}, newest=True).records
        ]
        now = self._now()
        return [one for one in found if one.until > stamp(now) and one.seen > stamp(now - IDLE)]

    @tried_again
    def close(self, secret: str, by: str) -> str:
        """Close a session, and return what had recognised the person."""
        session = self._find(secret)
        if session is None:
            return ""
        self.accounts.store.commit(self._gone(secret), [self.accounts.event(by, "uscita", by)])
        return session.how

    @tried_again
    def close_all(self, by: str) -> None:
        """Close every session of a person."""
        self.accounts.store.commit(self.accounts.ended(by), [self.accounts.event(by, "uscita_ovunque", by)])

    def purge(self) -> None:
        """Remove some of the sessions and invitations whose time is over."""
        for kind in (SESSIONE, "invito"):
            over = self.accounts.store.find(kind, until=stamp(self._now())).records
            with suppress(Conflict):
                self.accounts.store.commit([Put(kind, one.id, one.revision, None) for one in over])

    def _now(self) -> datetime:
        return self.accounts.now()

    def _find(self, secret: str) -> Session | None:
        record = self.accounts.store.get(SESSIONE, digest(secret))
        return _read(record) if record else None

    def _gone(self, secret: str) -> list[Put]:
        session = self._find(secret) if secret else None
        return [Put(SESSIONE, session.id, session.revision, None)] if session else []


def _read(record: Record) -> Session:
    utente, how, opened, seen = (str(record.document[name]) for name in ("utente", "how", "opened", "seen"))
    return Session(record.id, utente, how, opened, seen, record.order, record.revision)


def shown_moment(text: str) -> str:
    """Return a moment as people in Palermo read it."""
    return datetime.fromisoformat(text).astimezone(ROME).strftime("%d/%m/%Y %H:%M")
