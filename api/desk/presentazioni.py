"""Presentazioni: what a family has submitted, pinned to the rules, form, answers and outcome of that day."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from api.desk.archive import PRESENTAZIONE, Archive, Commit
from api.desk.pratica import CLOSED, PRESENTED, Pratica, Reply, read_reply
from api.identity.person import Person
from api.rules import Edition
from api.store.contract import Record
from api.store.editions import edition as kept_edition
from api.store.editions import keep
from api.typed import read_typed
from engine.answers import Answers
from engine.evaluation import evaluate
from engine.explanation import explain
from engine.rulebook import Rulebook, read_rulebook

Json = dict[str, Any]
ROME = ZoneInfo("Europe/Rome")
#: How a submission may arrive.
CHANNELS = ("allo sportello", "per posta elettronica certificata", "per posta", "d'ufficio")


@dataclass(frozen=True, slots=True)
class Presentazione:
    """A submission, as it was made; nothing of it ever changes. `number` counts the corrections from 1."""

    id: str
    pratica: str
    document: Json

    @property
    def servizio(self) -> str:
        """What was asked for."""
        return str(self.document["servizio"])

    @property
    def number(self) -> int:
        """Which correction this is; 1 for the first submission."""
        return int(self.document["numero"])

    @property
    def day(self) -> date:
        """The day on which it was received: that of the protocol."""
        return date.fromisoformat(self.document["al"])

    @property
    def replies(self) -> dict[str, Reply]:
        """The answers, with their proof."""
        return {name: read_reply(data) for name, data in self.document["risposte"].items()}

    @property
    def decision(self) -> Json:
        """The advice of the engine: its trace and its outcome."""
        return dict(self.document["valutazione"])


@dataclass(frozen=True, slots=True)
class Submission:
    """What is said when something is submitted: for what, its protocol, how it came, and why if it is a correction."""

    servizio: str
    protocollo: str
    day: date
    channel: str
    reason: str = ""


#: What is written of the procedimento in the same moment as a submission, made by somebody at a desk.
Opened = Callable[[Person, Presentazione, str], Commit]


def present(
    archive: Archive, edition: Edition, who: Person, pratica: Pratica, said: Submission, opened: Opened
) -> Presentazione:
    """Submit a file for a service: everything that decided is pinned, the file knows it, its procedimento is opened.

    Raises ValueError if the service is not in force on that day, Conflict if the file has changed meanwhile.
    """
    servizio = edition.rulebook.at(said.servizio, said.day)
    if servizio is None:
        raise ValueError(said.servizio)
    earlier = [one for one in presentazioni(archive, pratica.id) if one.servizio == said.servizio]
    number = len(earlier) + 1
    id_ = f"{pratica.id}.{said.servizio}.{number}"
    impronta = keep(archive.store, edition.files)
    now = archive.now()
    document = {
        "servizio": said.servizio,
        "titolo": servizio.titolo,
        "pratica": pratica.id,
        "numero": number,
        "al": said.day.isoformat(),
        "protocollo": said.protocollo,
        "canale": said.channel,
        "chi": who.id,
        "sportello": pratica.sportello,
        "quando": archive.moment(),
        "quando_a_roma": now.astimezone(ROME).isoformat(timespec="seconds"),
        "motivo": said.reason,
        "revisione": pratica.revision,
        "regole": impronta,
        "versione": servizio.since.isoformat(),
        "modulo": form_hash(edition.files, said.servizio),
        "risposte": {name: reply.as_json() for name, reply in pratica.replies.items()},
        "valutazione": decided(edition.rulebook, said.servizio, said.day, pratica.values),
    }
    index = {"servizio": said.servizio, "protocollo": archive.keys.blind(said.protocollo)}
    put = archive.seal(PRESENTAZIONE, id_, pratica, document, f"{said.day.isoformat()} {archive.moment()}", index)
    kept = tuple(dict.fromkeys((*pratica.presentazioni, id_)))
    changed = replace(pratica, stato=PRESENTED if pratica.stato != CLOSED else CLOSED, presentazioni=kept)
    detail = {"servizio": said.servizio, "presentazione": id_}
    events = [archive.event(who, "pratica.corretta" if earlier else "pratica.presentata", pratica.id, **detail)]
    made = Presentazione(id_, pratica.id, document)
    puts, more = opened(who, made, pratica.sportello)
    archive.store.commit([put, archive.put(changed, pratica.revision), *puts], [*events, *more])
    return made


def presentazioni(archive: Archive, pratica: str) -> list[Presentazione]:
    """Return the submissions of a file, the first received first."""
    return [_read(archive, record) for record in archive.of(PRESENTAZIONE, pratica)]


def presentazione(archive: Archive, id_: str) -> Presentazione | None:
    """Return a submission, or None; raise Gone if the key of its file was destroyed."""
    record = archive.store.get(PRESENTAZIONE, id_)
    return _read(archive, record) if record else None


def _read(archive: Archive, record: Record) -> Presentazione:
    (pratica,) = record.index["pratica"]
    return Presentazione(record.id, pratica, archive.unseal(record))


def decided(book: Rulebook, servizio: str, day: date, values: Mapping[str, tuple[str, ...]]) -> Json:
    """Return what these rules say of what was typed, with the whole trace, as JSON would give it back."""
    version = book.at(servizio, day)
    assert version is not None
    answers: Answers = read_typed(values, book.law.campi).answers
    found: Json = json.loads(json.dumps(explain(evaluate(version, answers, day)).as_json()))
    return found


@dataclass(frozen=True, slots=True)
class Replay:
    """What a submission gave, what the same rules give again, and what today's would give (None: no rule)."""

    then: Json
    again: Json | None
    today: Json | None

    @property
    def same(self) -> bool:
        """Whether trace and outcome are the same."""
        return self.then == self.again


def replay(archive: Archive, found: Presentazione, edition: Edition, today: date) -> Replay:
    """Decide again: under the rules that were pinned, and under those of today."""
    try:
        book = read_rulebook(kept_edition(archive.store, found.document["regole"]))[0]
    except KeyError:
        book = None
    values = {name: reply.texts for name, reply in found.replies.items()}
    again = decided(book, found.servizio, found.day, values) if book and book.at(found.servizio, found.day) else None
    current = edition.rulebook.at(found.servizio, today)
    now = decided(edition.rulebook, found.servizio, today, values) if current else None
    return Replay(found.decision, again, now)


def form_hash(files: Mapping[str, bytes], servizio: str) -> str:
    """Return the version of a form: the hash of its file."""
    return hashlib.sha256(files.get(f"forms/{servizio}.nt", b"")).hexdigest()
