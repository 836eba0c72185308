"""Accounts of people: who has one, how one enters, when one has to wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from api.identity.passwords import Passwords
from api.identity.person import Person
from api.identity.secret import digest, fresh_id, fresh_secret, stamp
from api.store.contract import Conflict, Event, Put, Record, Store

UTENTE, NOME_UTENTE, INVITO, SESSIONE = "utente", "nome_utente", "invito", "sessione"
#: Wrong passwords in a row that cost nothing; each further one doubles the wait.
FREE, WAIT, LONGEST_WAIT = 5, timedelta(seconds=30), timedelta(hours=1)
INVITED = timedelta(days=3)
#: How many times a write is tried again when somebody else has written meanwhile.
TRIES = 20
NOBODY = "nessuno"
P = ParamSpec("P")
T = TypeVar("T")


def tried_again(change: Callable[P, T]) -> Callable[P, T]:
    """Do it again, from what is there now, when somebody else has written meanwhile."""

    @wraps(change)
    def tried(*arguments: P.args, **named: P.kwargs) -> T:
        for _ in range(TRIES - 1):
            with suppress(Conflict):
                return change(*arguments, **named)
        return change(*arguments, **named)

    return tried


@dataclass(frozen=True, slots=True)
class StandIn:
    """A colleague whose desk is one's own too, from one day to another, both included."""

    id: str
    colleague: str
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may enter; `provider` is the issuer that recognises the person, empty for a local account."""

    id: str
    username: str
    nome: str
    ruolo: str
    sportello: str = ""
    hash: str = ""
    provider: str = ""
    suspended: bool = False
    failures: int = 0
    locked_until: str = ""
    entered: str = ""
    stands_in: tuple[StandIn, ...] = ()
    revision: int = 0

    def put(self) -> Put:
        """Return what writes the account, over the revision that was read."""
        document = {name: value for name, value in asdict(self).items() if name != "revision"}
        index = {"username": [self.username], "ruolo": [self.ruolo]}
        return Put(UTENTE, self.id, self.revision, document, index, self.username)


def read_account(record: Record) -> Account:
    """Return the account that a record keeps."""
    document: dict[str, Any] = dict(record.document)
    stands_in = tuple(StandIn(**one) for one in document.pop("stands_in"))
    return Account(**document, stands_in=stands_in, revision=record.revision)


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts in a store; `now` tells the time, with its zone."""

    store: Store
    passwords: Passwords
    now: Callable[[], datetime]

    def get(self, id_: str) -> Account | None:
        """Return an account, or None."""
        record = self.store.get(UTENTE, id_)
        return read_account(record) if record else None

    def named(self, username: str) -> Account | None:
        """Return the account of a username, or None."""
        found = self.store.get(NOME_UTENTE, digest(username.casefold()))
        return self.get(str(found.document["utente"])) if found else None

    def login(self, username: str, password: str) -> Account | None:
        """Return who enters with a password; None, in the same time, whatever the reason why not."""
        found = self.named(username.strip())
        right = self.passwords.match(found.hash if found else "", password)
        return self._entered(found.id if found else "", found.hash if found else "", right)

    @tried_again
    def _entered(self, id_: str, hashed: str, right: bool) -> Account | None:
        """Write what came of an attempt: only who is not locked when it is written gets in."""
        found = self.get(id_) if id_ else None
        if found is None or found.suspended or found.hash != hashed or found.locked_until > stamp(self.now()):
            self.store.commit((), [self.event(NOBODY, "accesso_fallito", id_)])
            return None
        if right:
            entered = replace(found, failures=0, locked_until="", entered=stamp(self.now()))
            self.store.commit([entered.put()])
            return replace(entered, revision=found.revision + 1)
        failures = found.failures + 1
        events = [self.event(NOBODY, "accesso_fallito", found.id)]
        until = ""
        if failures >= FREE:
            wait = min(WAIT * 2 ** min(failures - FREE, 10), LONGEST_WAIT)
            until = stamp(self.now() + wait)
            events.append(self.event(NOBODY, "account_bloccato", found.id, {"fino_al": until}))
        self.store.commit([replace(found, failures=failures, locked_until=until).put()], events)
        return None

    def create(self, by: str, account: Account) -> str | None:
        """Write a new account and return the secret of its invitation; None if the username is taken."""
        secret, invitation = self._invitation(account.id)
        try:
            events = [self.event(by, "utente_creato", account.id, {"ruolo": account.ruolo})]
            self.store.commit([account.put(), _name(account), invitation], events)
        except Conflict:
            return None
        return secret

    @tried_again
    def invite(self, by: str, id_: str) -> str:
        """Take away password and sessions, and return the secret of a new invitation."""
        account = self._there(id_)
        secret, invitation = self._invitation(id_)
        emptied = replace(account, hash="", failures=0, locked_until="").put()
        ended = [*self.ended(id_), *_gone(self.store.find(INVITO, {"utente": id_}).records)]
        self.store.commit([emptied, *ended, invitation], [self.event(by, "password_azzerata", id_)])
        return secret

    def invited(self, secret: str) -> Account | None:
        """Return the account of an invitation that still holds, or None."""
        record = self.store.get(INVITO, digest(secret))
        if record is None or record.order <= stamp(self.now()):
            return None
        account = self.get(str(record.document["utente"]))
        return None if account is None or account.suspended else account

    @tried_again
    def accept(self, secret: str, password: str) -> Account | None:
        """Use an invitation, once: the account has that password from now on."""
        account, record = self.invited(secret), self.store.get(INVITO, digest(secret))
        if account is None or record is None:
            return None
        chosen = replace(account, hash=self.passwords.hash(password), failures=0, locked_until="")
        puts = [chosen.put(), *_gone([record]), *self.ended(account.id)]
        self.store.commit(puts, [self.event(account.id, "password_scelta", account.id)])
        return replace(chosen, revision=account.revision + 1)

    @tried_again
    def set_password(self, id_: str, password: str) -> None:
        """Give a new password to an account, and end its sessions."""
        account = replace(self._there(id_), hash=self.passwords.hash(password))
        self.store.commit([account.put(), *self.ended(id_)], [self.event(id_, "password_cambiata", id_)])

    @tried_again
    def recognised(self, issuer: str, subject: str, username: str, nome: str, place: tuple[str, str]) -> Account:
        """Return the account of whom a provider has recognised, with the role and the desk that it says."""
        id_ = digest(f"{issuer} {subject}")[:32]
        there = self.get(id_)
        account = replace(
            there or Account(id_, username, nome, *place, provider=issuer),
            username=username,
            nome=nome,
            ruolo=place[0],
            sportello=place[1],
        )
        if account != there:
            detail = {"ruolo": place[0], "sportello": place[1]}
            event = self.event(NOBODY, "utente_assegnato" if there else "utente_creato", id_, detail)
            self.store.commit([account.put(), *self.ended(id_)], [event])
            account = replace(account, revision=account.revision + 1)
        return account

    @tried_again
    def suspend(self, by: str, id_: str, suspended: bool) -> None:
        """Let nobody in with an account, or again; its sessions end."""
        account = replace(self._there(id_), suspended=suspended)
        action = "utente_sospeso" if suspended else "utente_riattivato"
        self.store.commit([account.put(), *self.ended(id_)], [self.event(by, action, id_)])

    @tried_again
    def assign(self, by: str, id_: str, ruolo: str, sportello: str) -> None:
        """Give an account another role or desk; its sessions end."""
        account = replace(self._there(id_), ruolo=ruolo, sportello=sportello)
        event = self.event(by, "utente_assegnato", id_, {"ruolo": ruolo, "sportello": sportello})
        self.store.commit([account.put(), *self.ended(id_)], [event])

    @tried_again
    def stand_in(self, by: str, id_: str, added: StandIn) -> None:
        """Let a person stand in for a colleague."""
        account = self._there(id_)
        detail = {"supplenza": added.id, "al_posto_di": added.colleague, "dal": added.since, "al": added.until}
        changed = replace(account, stands_in=(*account.stands_in, added))
        self.store.commit([changed.put()], [self.event(by, "supplenza_data", id_, detail)])

    @tried_again
    def no_longer(self, by: str, id_: str, stand_in: str) -> None:
        """End what lets a person stand in for a colleague."""
        account = self._there(id_)
        left = tuple(one for one in account.stands_in if one.id != stand_in)
        if left != account.stands_in:
            event = self.event(by, "supplenza_tolta", id_, {"supplenza": stand_in})
            self.store.commit([replace(account, stands_in=left).put()], [event])

    def person(self, account: Account, today: str) -> Person:
        """Return who the account stands for today, with the desks of the absent colleagues."""
        absent = [self.get(one.colleague) for one in account.stands_in if one.since <= today <= one.until]
        also = tuple(colleague.sportello for colleague in absent if colleague and colleague.sportello)
        return Person(account.id, account.nome, account.ruolo, account.sportello, also)

    def ended(self, id_: str) -> list[Put]:
        """Return what ends every session of an account."""
        return _gone(self.store.find(SESSIONE, {"utente": id_}, limit=1000).records)

    def event(self, by: str, action: str, about: str, detail: Mapping[str, str] | None = None) -> Event:
        """Return an event of this moment."""
        return Event(stamp(self.now()), by, action, about, detail or {})

    def _there(self, id_: str) -> Account:
        account = self.get(id_)
        if account is None:
            raise KeyError(id_)
        return account

    def _invitation(self, id_: str) -> tuple[str, Put]:
        secret, until = fresh_secret(), stamp(self.now() + INVITED)
        return secret, Put(INVITO, digest(secret), 0, {"utente": id_}, {"utente": [id_]}, until)


def new_account(username: str, nome: str, ruolo: str, sportello: str = "") -> Account:
    """Return an account that is not written yet, and cannot be entered before its invitation is used."""
    return Account(fresh_id(), username, nome, ruolo, sportello)


def first_secret(accounts: Accounts) -> str | None:
    """Return the secret of an invitation for the first administrator, while none has ever entered."""
    found = accounts.store.find(UTENTE, {"ruolo": "amministratore"}, limit=1000).records
    there = [read_account(record) for record in found]
    if any(account.hash or account.provider for account in there):
        return None
    if there:
        return accounts.invite(NOBODY, there[0].id)
    return accounts.create(NOBODY, new_account("amministratore", "Amministratore", "amministratore"))


def _name(account: Account) -> Put:
    """Return what keeps a username to one account, also when two are created at once."""
    return Put(NOME_UTENTE, digest(account.username.casefold()), 0, {"utente": account.id})


def _gone(records: Sequence[Record]) -> list[Put]:
    return [Put(record.kind, record.id, record.revision, None) for record in records]
