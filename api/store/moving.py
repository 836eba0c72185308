"""The whole of a store moved elsewhere: to another store, or to a file from which any store can be filled."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from api.store.chain import canonical
from api.store.contract import Chained, Event, Item, Record, Store, Unavailable

#: The first line of a copy, and the version of its format.
COPY, FORMAT = "copia di Comma", 1


@dataclass(slots=True)
class Tally:
    """How many records of each kind have gone by, and events, with a hash of all that each says."""

    counts: dict[str, int] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    events: int = 0
    chain: str = ""

    def add(self, item: Item) -> None:
        """Count one more."""
        if isinstance(item, Chained):
            self.events += 1
            self.chain = _hash(self.chain, f"{item.number} {item.hash} {canonical(item.event)}")
        else:
            self.counts[item.kind] = self.counts.get(item.kind, 0) + 1
            self.hashes[item.kind] = _hash(self.hashes.get(item.kind, ""), json.dumps(_shown(item), sort_keys=True))

    def counting(self, items: Iterable[Item]) -> Iterator[Item]:
        """Let items go by, and count them."""
        for item in items:
            self.add(item)
            yield item


def tally(store: Store) -> Tally:
    """Count everything in a store."""
    counted = Tally()
    with store.snapshot() as items:
        for item in items:
            counted.add(item)
    return counted


def move(source: Store, target: Store) -> tuple[Tally, Tally]:
    """Fill an empty store with everything in another; return what left and what arrived, read again.

    Raise NotEmpty if it is not empty. All or nothing: after a failure, start again.
    """
    left = Tally()
    with source.snapshot() as items:
        target.restore(left.counting(items))
    return left, tally(target)


def write_copy(store: Store, path: Path) -> Tally:
    """Write everything in a store, as it is at one moment, in one file; a file of that name is replaced at the end."""
    counted, partial = Tally(), path.with_name(f"{path.name}.parziale")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            with gzip.open(file, "wt", compresslevel=6, encoding="ascii") as lines, store.snapshot() as items:
                lines.write(_line({"file": COPY, "formato": FORMAT}))
                lines.writelines(_line(_shown(item)) for item in counted.counting(items))
                lines.write(_line({"fine": _summary(counted)}))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise Unavailable("archivio.copy_not_written", path=str(path)) from error
    finally:
        with suppress(OSError):
            partial.unlink()
    return counted


def read_copy(path: Path, counted: Tally) -> Iterator[Item]:
    """Yield what a copy holds; raise Unavailable, at the latest at its end, if it is not whole and unchanged."""
    try:
        with gzip.open(path, "rt", encoding="ascii") as lines:
            yield from _items(map(json.loads, lines), counted)
    except FileNotFoundError as error:
        raise Unavailable("archivio.no_copy", path=str(path)) from error
    except NewerCopy as error:
        raise Unavailable("archivio.newer_copy", path=str(path)) from error
    except (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, RecursionError, zlib.error) as error:
        raise Unavailable("archivio.wrong_copy", path=str(path)) from error


class NewerCopy(Exception):
    """A copy in a format that is not known yet."""


def _items(lines: Iterator[dict[str, Any]], counted: Tally) -> Iterator[Item]:
    header = next(lines, {})
    if header["file"] != COPY:
        raise ValueError(header)
    if header["formato"] != FORMAT:
        raise NewerCopy(header)
    for found in lines:
        if "fine" in found:
            if found["fine"] != _summary(counted):
                raise ValueError(found)
            return
        item = _read(found)
        counted.add(item)
        yield item
    raise EOFError(COPY)


def _shown(item: Item) -> Mapping[str, Any]:
    if isinstance(item, Chained):
        return {"numero": item.number, "impronta": item.hash, "evento": json.loads(canonical(item.event))}
    index = {name: list(values) for name, values in item.index.items()}
    record = {"revisione": item.revision, "ordine": item.order, "indice": index, "documento": item.document}
    return {"tipo": item.kind, "id": item.id, **record}


def _read(found: Mapping[str, Any]) -> Item:
    if "evento" in found:
        return Chained(found["numero"], found["impronta"], Event(**found["evento"]))
    written = (found[name] for name in ("tipo", "id", "revisione", "documento", "indice", "ordine"))
    return Record(*written)


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":")) + "\n"


def _summary(counted: Tally) -> Mapping[str, Any]:
    return {"conti": counted.counts, "impronte": counted.hashes, "eventi": counted.events, "catena": counted.chain}


def _hash(previous: str, text: str) -> str:
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()
