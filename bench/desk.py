"""The desk under load: all the desks at work at once on a real server, and its lists when it has all its files."""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast
from zoneinfo import ZoneInfo

from api.desk.archive import ALPHABET, Archive
from api.desk.pratica import CLOSED, OPEN, PRESENTED, Pratica, Values
from api.desk.presentazioni import CHANNELS
from api.desk.procedimenti import CLOSED as ENDED
from api.desk.procedimenti import GRANTED, PROCEDIMENTO, REFUSED, UNDER_WAY, WAITING
from api.desk.termini import DEADLINE, UNKNOWN_END
from api.identity.accounts import new_account
from api.identity.install import Settings
from api.office import Office, make_office, wrapping
from api.rules import Rules, read_rules
from api.store.contract import Put, Record, Store
from api.store.keys import BLIND, KEY, MASTER, Keys, Sealer, new_master
from api.store.opening import open_store
from bench.caseworker import SERVICE, SURNAMES, Browser, Caseworker, Watch, invented
from bench.requests import ROOT, running
from engine.tipo import show_day

ROME = ZoneInfo("Europe/Rome")
USERS, THINK, SECONDS = 5, 2.0, 120.0
PEOPLE = 11 * USERS
#: How many files a store has: that of a real office, and an embedded one.
ON_POSTGRES, EMBEDDED = 50_000, 10_000
#: Who is at a desk.
ROLES = ("operatore", "operatore", "operatore", "assistente_sociale", "responsabile")
#: How often a list is asked for, one at a time.
ASKED = 60
#: Families that are typed for the lists: files share their answers, each sealed under its own key.
FAMILIES = 40
FILES = (OPEN, OPEN, *([PRESENTED] * 7), CLOSED)
#: Where domande stand when they are recent, and of the older ones: a few are late, a few wait for money.
RECENT = timedelta(days=75)
STATES = (UNDER_WAY, UNDER_WAY, UNDER_WAY, UNDER_WAY, WAITING, GRANTED)
OLDER = (UNDER_WAY, WAITING, *([GRANTED] * 20), *([REFUSED] * 8))
AGENDA, ABOVE, LIST, WORD, OVERALL = (
    "agenda di uno sportello",
    "agenda di tutti, per la cabina di regia",
    "elenco di uno sportello",
    "ricerca per cognome",
    "quadro della cabina di regia",
)
#: The lists that are measured, and those for which there is a target.
LISTS = (AGENDA, ABOVE, LIST, WORD, OVERALL)
WITHIN = (AGENDA, ABOVE, LIST, WORD)


@dataclass(frozen=True, slots=True)
class Load:
    """What a server did while everybody worked: the requests, its seconds of processor, how busy the machine was."""

    watch: Watch
    seconds: float
    processor: float
    busy: float


@dataclass(slots=True)
class Entered:
    """The sessions of those who have entered, by desk; and one of the cabina di regia."""

    desks: dict[str, list[str]] = field(default_factory=dict)
    cabina: str = ""


def measure(address: str, files: int, seconds: float = SECONDS) -> tuple[dict[str, list[float]], Load]:
    """Fill a store with files and serve it; ask for its lists, then set everybody to work at once."""
    rules, master = read_rules(ROOT), new_master()
    entered = filled(address, files, rules, master)
    command = [sys.executable, "-m", "api", "--archivio", address, "--porta"]
    with running(command, {MASTER: master}) as (port, process):
        return lists(port, entered), load(port, process, entered, rules, seconds)


def filled(address: str, files: int, rules: Rules, master: str) -> Entered:
    """Fill an empty store with files, write the accounts, and let everybody in."""
    with closing(open_store(address)) as store:
        store.restore(_filled(rules, master, files))
        keys = Keys.from_environment(store, {MASTER: master})
        return _entered(make_office(rules, store, keys, Settings("http://localhost", wrapping(store, keys))))


def lists(port: int, entered: Entered) -> dict[str, list[float]]:
    """Ask for the lists one at a time, each time at another desk."""
    chance, watch = random.Random(4), Watch()
    browsers = [Browser(port, secrets[0], "127.0.1.1", watch) for secrets in entered.desks.values()]
    cabina = Browser(port, entered.cabina, "127.0.1.2", watch)
    found: dict[str, list[float]] = {name: [] for name in LISTS}

    def timed(name: str, browser: Browser, path: str, form: dict[str, str] | None = None) -> None:
        page = browser.open("/pratiche/nuova") if form is not None else None
        begun = time.perf_counter()
        browser.send(page, path, form) if page and form is not None else browser.open(path)
        found[name].append(time.perf_counter() - begun)

    for turn in range(ASKED):
        browser = browsers[turn % len(browsers)]
        timed(AGENDA, browser, "/agenda")
        timed(ABOVE, cabina, "/agenda")
        timed(LIST, browser, "/pratiche")
        timed(WORD, browser, "/pratiche", {"cerca": f"famiglia{chance.randrange(SURNAMES)}"})
        timed(OVERALL, cabina, "/cabina")
    for browser in (*browsers, cabina):
        browser.close()
    if watch.errors:
        raise AssertionError(watch.errors[:5])
    return found


def load(port: int, process: int, entered: Entered, rules: Rules, seconds: float) -> Load:
    """Set everybody to work for some seconds, each at a computer of their own."""
    watch, begun = Watch(), time.monotonic()
    today, book = show_day(datetime.now(ROME).date()), rules.rulebook
    people = [(desk, secret) for desk, secrets in entered.desks.items() for secret in secrets]
    workers = []
    for number, (desk, secret) in enumerate(people, 1):
        browser = Browser(port, secret, f"127.0.0.{number + 1}", watch)
        chance = random.Random(number)
        work = Caseworker(browser, book, desk, today, CHANNELS[0], chance, THINK, begun + seconds).work
        workers.append(threading.Thread(target=work, daemon=True))
    before = processor(process)
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return Load(watch, time.monotonic() - begun, processor(process) - before, os.getloadavg()[0])


def processor(process: int) -> float:
    """Return the seconds of processor that a process has used, those of its own processes included."""
    numbers = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return sum(map(int, numbers[11:15])) / os.sysconf("SC_CLK_TCK")


def _entered(office: Office) -> Entered:
    """Write five accounts for each desk, and let them in."""
    accounts, found = office.identity.accounts, Entered()

    def session(username: str, ruolo: str, desk: str) -> str:
        account = new_account(username, f"Persona {username}", ruolo, desk)
        accounts.create("misura", account)
        there = accounts.get(account.id)
        assert there is not None
        return office.identity.sessions.open(there, "misura")

    for desk in office.desk.desks:
        found.desks[desk] = [session(f"{desk}.{number}", ROLES[number], desk) for number in range(USERS)]
    found.cabina = session("cabina", "cabina_di_regia", "")
    return found


# A store with all its files


def _filled(rules: Rules, master: str, files: int) -> Iterator[Record]:
    """Yield the files of some years, with what the agenda reads; every one sealed under its own key."""
    chance, now = random.Random(5), datetime.now(UTC)
    book = rules.rulebook
    assert book.sportelli is not None
    desks = [*book.sportelli.sportelli]
    with TemporaryDirectory() as folder, closing(open_store(str(Path(folder, "chiavi.db")))) as scratch:
        keys = Keys.from_environment(scratch, {MASTER: master})
        blind = scratch.get(KEY, BLIND)
        assert blind is not None
        yield blind
        kept = _Kept()
        archive = Archive(cast(Store, kept), keys)
        typed = [_replies(invented(book, chance).typed) for _ in range(FAMILIES)]
        for number in range(files):
            opened = now - timedelta(days=chance.uniform(0, 900))
            key, sealer = keys.new(_id(number))
            kept.key = _record(key)
            family = {**typed[number % FAMILIES], "richiedente.cognome": (f"Famiglia{chance.randrange(SURNAMES)}",)}
            desk, stato = chance.choice(desks), chance.choice(FILES)
            pratica = Pratica(_id(number), desk, opened.isoformat(timespec="milliseconds"), stato)
            pratica = pratica.changed(family, "misura", pratica.opened)
            puts = [key, archive.put(pratica, 0)]
            puts += _asked(pratica, opened, sealer, chance) if stato != OPEN else []
            yield from map(_record, puts)


def _asked(pratica: Pratica, opened: datetime, sealer: Sealer, chance: random.Random) -> Iterator[Put]:
    """Yield a domanda of a file and its deadlines."""
    id_, day = f"{pratica.id}.{SERVICE}", opened.date()
    recent = datetime.now(UTC) - opened < RECENT
    stato = ENDED if pratica.stato == CLOSED else chance.choice(STATES if recent else OLDER)
    index = {"pratica": [pratica.id], "servizio": [SERVICE], "sportello": [pratica.sportello], "stato": [stato]}
    sealed = sealer.seal({"ricevuta": day.isoformat(), "stato": stato}, f"{PROCEDIMENTO}/{id_}")
    yield Put(PROCEDIMENTO, id_, 0, sealed, index, f"{day.isoformat()} {pratica.opened}")
    for termine, days in (("conclusione", 30), ("osservazioni", 10)):
        end = (day + timedelta(days=days + chance.randrange(45))).isoformat()
        unknown = chance.random() < 0.1
        document = {
            "termine": termine,
            "procedimento": id_,
            "stato": "decorre",
            "dal": day.isoformat(),
            "fine": None if unknown else end,
            "al_piu_tardi": None if unknown else end,
            "giorni": [days],
            "da_confermare": [],
        }
        running_ = "aperto" if stato in (UNDER_WAY, WAITING) else "concluso"
        stands = {**index, "procedimento": [id_], "stato": [running_]}
        yield Put(DEADLINE, f"{id_}.{termine}", 0, document, stands, UNKNOWN_END if unknown else end)


@dataclass(slots=True)
class _Kept:
    """Stands for the store in which the key of a file has just been written."""

    key: Record | None = None

    def get(self, _kind: str, _id: str, /) -> Record | None:
        """Return the key."""
        return self.key


def _record(put: Put) -> Record:
    return Record(put.kind, put.id, 1, put.document or {}, put.index, put.order)


def _replies(typed: Mapping[str, Sequence[str]]) -> Values:
    return {name: tuple(texts) for name, texts in typed.items() if texts}


def _id(number: int) -> str:
    letters = ""
    for _ in range(8):
        number, rest = divmod(number, len(ALPHABET))
        letters = ALPHABET[rest] + letters
    return f"{letters[:4]}-{letters[4:]}"
