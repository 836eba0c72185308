"""The rules that are being served: the last good reading of a folder, read again when its files change."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from api.store.editions import digest_of
from engine.__main__ import FOLDERS, Refused, read_folder, unseen
from engine.fingerprint import fingerprint
from engine.messages import sentence
from engine.problem import Place, Problem, Source, problem
from engine.rulebook import Rulebook, read_rulebook
from engine.servizio import Servizio
from engine.situation import Memory
from engine.validation import Validation, validation_of

ROME = ZoneInfo("Europe/Rome")
#: How often the files are looked at, in seconds. What has changed is read at the look after, when it is still.
LOOK_EVERY = 1.0
#: Fingerprints kept for an edition: one for each service and day that somebody asked about.
KEPT = 2000
ANSWERS = "urn:comma:vocabolario:risposte"

Signature = tuple[tuple[str, int, int, int], ...]
LOG = logging.getLogger("comma")


def in_rome() -> datetime:
    """Return what time it is in Palermo."""
    return datetime.now(ROME)


@dataclass(frozen=True, eq=False)
class Edition:
    """A reading of the rules without problems: its `impronta` is the hash of every file."""

    rulebook: Rulebook
    impronta: str
    read_at: datetime
    articoli: Mapping[tuple[str, str], str]
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    memory: Memory = field(default_factory=Memory, repr=False)
    _fingerprints: dict[tuple[str, date], str] = field(default_factory=dict, repr=False)

    @cached_property
    def validation(self) -> Validation:
        """How the answers of a family are read: every campo of the vocabulary, its data given once."""
        law = self.rulebook.law
        return validation_of(law.campi, law.guards, sentence("api.answers_title", {}), ANSWERS)

    def fingerprint(self, servizio: Servizio, on: date) -> str:
        """Return the fingerprint of what decides on a day, computed once."""
        found = self._fingerprints.get((servizio.name, on))
        if found is None:
            found = fingerprint(servizio, on)
            if len(self._fingerprints) >= KEPT:
                self._fingerprints.clear()
            self._fingerprints[servizio.name, on] = found
        return found


@dataclass(frozen=True, slots=True)
class Attempt:
    """The last time that the files were read, and what was wrong with them."""

    at: datetime
    problems: tuple[Problem, ...]


class Rules:
    """The rules of a data folder: `edition` is the last reading without problems, None if there was none yet."""

    def __init__(self, folder: Path, now: Callable[[], datetime] = in_rome) -> None:
        self.folder = folder
        self.now = now
        self.edition: Edition | None = None
        self._lock = threading.Lock()
        self._seen = self._read = signature(folder)
        at = now()
        rulebook, problems, edition = _reading(read_folder(folder), at)
        self.attempt = Attempt(at, problems)
        self._nothing = replace(rulebook, servizi={}, forms={})
        self.edition = edition

    @property
    def rulebook(self) -> Rulebook:
        """The rulebook to serve; without services as long as there was no good reading."""
        edition = self.edition
        return edition.rulebook if edition else self._nothing

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the files as they were last read; then an older edition is being served."""
        return self.attempt.problems

    def refresh(self) -> None:
        """Look at the files once: those that changed are read when they have not moved since the look before."""
        with self._lock:
            seen = signature(self.folder)
            still, self._seen = seen == self._seen, seen
            if still and seen != self._read:
                self._read_again(seen)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look at the files every second, as long as the block lasts."""
        stop = threading.Event()

        def watch() -> None:
            while not stop.wait(LOOK_EVERY):
                self.refresh()

        watcher = threading.Thread(target=watch, name="regole", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            stop.set()
            watcher.join()

    def _read_again(self, seen: Signature) -> None:
        at = self.now()
        try:
            _, problems, edition = _reading(read_folder(self.folder), at)
        except Refused as refused:
            problems, edition = (_unreadable(self.folder, str(refused)),), None
        except OSError as error:
            problems, edition = (_unreadable(Path(error.filename or self.folder), error.strerror or ""),), None
        except Exception:  # whatever happens the last good edition goes on serving
            LOG.exception(sentence("api.reading_failed", {}))
            problems, edition = (_unreadable(self.folder, sentence("api.reading_failed", {})),), None
        if signature(self.folder) != seen:  # it moved while it was being read
            return
        self._read, self.attempt = seen, Attempt(at, problems)
        if edition is not None:
            self.edition = edition
        self._tell()

    def _tell(self) -> None:
        edition, problems = self.edition, self.problems
        for found in problems:
            LOG.warning(str(found))
        since = edition.read_at.isoformat(timespec="seconds") if edition else "-"
        impronta = edition.impronta[:12] if edition else "-"
        code = "still_serving" if problems else "reloaded"
        LOG.warning(sentence(f"api.{code}", {"count": str(len(problems)), "since": since, "impronta": impronta}))


def read_rules(folder: Path, now: Callable[[], datetime] = in_rome) -> Rules:
    """Read a data folder; raise Refused if it is not one."""
    return Rules(folder, now)


def signature(folder: Path) -> Signature:
    """Return name, size, time and identity of every file that is read in a data folder: it changes when one does."""
    found = []
    for part in FOLDERS:
        for where, folders, names in os.walk(folder / part):
            folders[:] = [name for name in folders if not unseen(name)]
            for name in (name for name in names if not unseen(name)):
                path = Path(where, name)
                try:
                    status = path.stat()
                except OSError:  # gone since it was listed, or a link to nothing
                    found.append((str(path), -1, -1, -1))
                    continue
                found.append((str(path), status.st_size, status.st_mtime_ns, status.st_ino))
    return tuple(sorted(found))


def _reading(files: Mapping[str, bytes], at: datetime) -> tuple[Rulebook, tuple[Problem, ...], Edition | None]:
    rulebook, problems = read_rulebook(files)
    if problems:
        return rulebook, tuple(problems), None
    articoli = {
        key: files[f"regolamento/{key[0]}/art-{key[1]}.md"].decode("utf-8-sig") for key in rulebook.law.articles
    }
    return rulebook, (), Edition(rulebook, digest_of(files), at, articoli, files)


def _unreadable(path: Path, why: str) -> Problem:
    return problem("api.unreadable", Place(Source(str(path), ()), 1, 1), why=why)
