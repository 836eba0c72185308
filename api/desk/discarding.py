"""Discarding: a file that need not be kept any more is destroyed with its key; its events stay, which hold ids only."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date

from api.desk.archive import CHANGE, PRATICA, PRESENTAZIONE, Archive
from api.desk.kept_letters import LETTER
from api.desk.piano import PIANO
from api.desk.procedimenti import CLOSED, PROCEDIMENTO, REFUSED
from api.desk.termini import CHANGING, DEADLINE
from api.identity.person import Person
from api.store.contract import Conflict, Put, Unavailable
from api.store.keys import Keys
from api.store.opening import open_store
from engine.__main__ import DONE, PROBLEMS, USAGE, Parser
from engine.messages import sentence
from engine.number import WrongValue
from engine.tipo import parse_day, show_day

COMMAND = "scarta"
#: Every kind of record that belongs to a file; each has the file in its index.
KINDS = (CHANGE, PRESENTAZIONE, PROCEDIMENTO, DEADLINE, CHANGING, LETTER, PIANO)
#: Who does it, in the events: whoever is at the keyboard of the server has no account.
KEEPER = Person("sistema", "", "sistema")


def discard(archive: Archive, pratica: str) -> int:
    """Destroy a file, all that belongs to it and its key, in one commit; return how many records there were.

    Raise LookupError if there is no such file; Conflict, with nothing destroyed, if somebody writes in it meanwhile.
    """
    store = archive.store
    record = store.get(PRATICA, pratica)
    if record is None:
        raise LookupError(pratica)
    found = [record, *(one for kind in KINDS for one in archive.of(kind, pratica))]
    puts = [Put(one.kind, one.id, one.revision, None) for one in found]
    key = [archive.keys.destroy(store, pratica)] if archive.keys.sealer(store, pratica) else []
    store.commit([*puts, *key], [archive.event(KEEPER, "pratica.scartata", pratica)])
    return len(found)


def ended(archive: Archive, before: date) -> Iterator[tuple[str, date]]:
    """Yield the files whose every procedimento has ended, the last thing in them written for a day before this one."""
    after = ""
    while True:
        page = archive.store.find(PRATICA, after=after, limit=200)
        for record in page.records:
            records = archive.of(PROCEDIMENTO, record.id) if archive.keys.sealer(archive.store, record.id) else []
            if records and all(one.index["stato"][0] in (CLOSED, REFUSED) for one in records):
                days = [event["giorno"] for one in records for event in archive.unseal(one)["eventi"]]
                if (last := date.fromisoformat(max(days))) < before:
                    yield record.id, last
        if not page.after:
            return
        after = page.after


def main(arguments: Sequence[str]) -> int:
    """Run `scarta`; return 0 done, 1 nothing was destroyed, 2 it could not be done."""
    said = sentence("comandi.help_scarta", {})
    parser = Parser(prog=f"python -m api {COMMAND}", description=said, allow_abbrev=False)
    parser.add_argument("pratica", nargs="?", metavar="PRATICA", help=sentence("comandi.help_scarta_pratica", {}))
    parser.add_argument("--archivio", required=True, metavar="ARCHIVIO", help=sentence("comandi.help_archivio", {}))
    parser.add_argument("--conferma", metavar="PRATICA", help=sentence("comandi.help_scarta_conferma", {}))
    before = sentence("comandi.help_scarta_prima", {})
    parser.add_argument("--chiuse-prima-del", dest="before", metavar="GG/MM/AAAA", help=before)
    options = parser.parse_args(arguments)
    if bool(options.pratica) == bool(options.before):
        print(sentence("comandi.scarta_what", {}), file=sys.stderr)
        return USAGE
    try:
        day = parse_day(options.before) if options.before else None
        with closing(open_store(options.archivio, create=False)) as store:
            archive = Archive(store, Keys.from_environment(store))
            return _list(archive, day) if day else _discard(archive, options.pratica, options.conferma)
    except WrongValue as wrong:
        print(wrong, file=sys.stderr)
    except Unavailable as failed:
        print(sentence(failed.code, failed.data), file=sys.stderr)
    return USAGE


def _list(archive: Archive, before: date) -> int:
    found = [*ended(archive, before)]
    archive.tell(KEEPER, "pratica.elenco", "", trovate=str(len(found)))
    for pratica, last in found:
        print(sentence("comandi.scarta_line", {"pratica": pratica, "day": show_day(last)}))
    print(sentence("comandi.scarta_count", {"count": str(len(found))}))
    return DONE


def _discard(archive: Archive, pratica: str, again: str | None) -> int:
    if again is None:
        print(sentence("comandi.scarta_again", {"pratica": pratica}), flush=True)
        again = sys.stdin.readline().strip()
    if again != pratica:
        return _nothing("scarta_unlike", pratica)
    try:
        count = discard(archive, pratica)
    except LookupError:
        return _nothing("scarta_none", pratica)
    except Conflict:
        return _nothing("scarta_busy", pratica)
    print(sentence("comandi.scarta_done", {"pratica": pratica, "count": str(count)}))
    return DONE


def _nothing(code: str, pratica: str) -> int:
    print(sentence(f"comandi.{code}", {"pratica": pratica}), file=sys.stderr)
    return PROBLEMS
