"""The commands for whoever keeps the store: `python -m api migra | backup | ripristina | verifica | chiave | ruota`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from api.store.anchors import read_anchors, verify
from api.store.contract import Event, NotEmpty, Store, Unavailable
from api.store.keys import Keys, new_master
from api.store.moving import Tally, move, read_copy, tally, write_copy
from api.store.opening import open_store
from engine.__main__ import DONE, PROBLEMS, USAGE, Parser
from engine.messages import sentence

#: How much of a hash is shown.
SHOWN = 16


class Command(NamedTuple):
    """What a command does, and its options: name, code of its help, whether it may be left out."""

    run: Callable[[argparse.Namespace], int]
    options: tuple[tuple[str, str, bool], ...] = ()


def main(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code: 0 done, 1 something is wrong in the store, 2 it could not be done."""
    parser = Parser(prog="python -m api", description=sentence("comandi.description_api", {}), allow_abbrev=False)
    named = parser.add_subparsers(required=True, metavar="COMANDO")
    for name, command in COMMANDS.items():
        said = sentence(f"comandi.help_{name}", {})
        added = named.add_parser(name, help=said, description=said, allow_abbrev=False)
        added.set_defaults(run=command.run)
        for option, code, optional in command.options:
            text = sentence(f"comandi.help_{code}", {})
            added.add_argument(f"--{option}", dest=code, required=not optional, help=text, metavar=option.upper())
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except NotEmpty:
        print(
            sentence("comandi.not_empty", {"store": options.a if "a" in options else options.archivio}), file=sys.stderr
        )
    except Unavailable as failed:
        print(sentence(failed.code, failed.data), file=sys.stderr)
    return USAGE


def _move(options: argparse.Namespace) -> int:
    with _opened(options.da, create=False) as source, _opened(options.a) as target:
        left, arrived = move(source, target)
    return _arrived(left, arrived, options.a)


def _back_up(options: argparse.Namespace) -> int:
    with _opened(options.archivio, create=False) as store:
        _show(write_copy(store, Path(getattr(options, "in"))))
    print(sentence("comandi.backed_up", {"path": getattr(options, "in")}))
    return DONE


def _refill(options: argparse.Namespace) -> int:
    held = Tally()
    with _opened(options.archivio) as store:
        store.restore(read_copy(Path(options.copia), held))
        arrived = tally(store)
    return _arrived(held, arrived, options.archivio)


def _check(options: argparse.Namespace) -> int:
    anchors = read_anchors(Path(options.ancore)) if options.ancore else ()
    with _opened(options.archivio, create=False) as store:
        fault = verify(store, anchors)
        count = store.head()[0]
    if fault:
        print(sentence(fault.code, fault.data), file=sys.stderr)
        return PROBLEMS
    print(sentence("comandi.verified", {"count": str(count), "anchors": str(len(anchors))}))
    return DONE


def _make_key(options: argparse.Namespace) -> int:
    print(new_master())
    return DONE


def _rotate(options: argparse.Namespace) -> int:
    with _opened(options.archivio, create=False) as store:
        count = str(Keys.from_environment(store, os.environ).rotate(store))
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        store.commit([], [Event(now, "sistema", "rotazione", "chiavi", {"chiavi": count})])
    print(sentence("comandi.rotated", {"count": count}))
    return DONE


STORE = ("archivio", "archivio", False)
COMMANDS: Mapping[str, Command] = {
    "migra": Command(_move, (("da", "da", False), ("a", "a", False))),
    "backup": Command(_back_up, (STORE, ("in", "in", False))),
    "ripristina": Command(_refill, (STORE, ("da", "copia", False))),
    "verifica": Command(_check, (STORE, ("ancore", "ancore", True))),
    "chiave": Command(_make_key),
    "ruota": Command(_rotate, (STORE,)),
}


@contextmanager
def _opened(address: str, *, create: bool = True) -> Iterator[Store]:
    store = open_store(address, create=create)
    try:
        yield store
    finally:
        store.close()


def _arrived(left: Tally, arrived: Tally, store: str) -> int:
    _show(arrived)
    if left != arrived:
        print(sentence("comandi.not_moved", {"store": store}), file=sys.stderr)
        return PROBLEMS
    print(sentence("comandi.moved", {}))
    return DONE


def _show(counted: Tally) -> None:
    for kind, count in counted.counts.items():
        said = {"kind": kind, "count": str(count), "impronta": counted.hashes[kind][:SHOWN]}
        print(sentence("comandi.copied", said))
    print(sentence("comandi.events", {"count": str(counted.events), "impronta": counted.chain[:SHOWN] or "-"}))
