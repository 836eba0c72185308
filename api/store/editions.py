"""Every edition of the rules that was ever used, addressed by its content: any decision can be made again."""

from __future__ import annotations

import hashlib
import threading
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping

from api.store.contract import Conflict, Put, Store
from engine.rulebook import Rulebook, read_rulebook

#: The kinds of the records: an edition names its files, and a file is kept once for all the editions that have it.
EDITION, FILE = "edizione", "edizione-file"
#: How many editions are remembered once they were read: reading one takes half a second.
READ = 4
_READ: dict[str, Rulebook] = {}
_READING = threading.Lock()


def digest_of(files: Mapping[str, bytes]) -> str:
    """Return the hash of the files of an edition, names included: its `impronta`."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def keep(store: Store, files: Mapping[str, bytes]) -> str:
    """Keep an edition and return its `impronta`; one that is there already costs one reading."""
    impronta = digest_of(files)
    while store.get(EDITION, impronta) is None:
        named = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        contents = {named[name]: content for name, content in files.items()}
        puts = [_file(id_, content) for id_, content in contents.items() if store.get(FILE, id_) is None]
        try:
            store.commit([*puts, Put(EDITION, impronta, 0, {"file": named})])
        except Conflict:  # another process is keeping it, or an edition with the same file
            continue
    return impronta


def edition(store: Store, impronta: str) -> Mapping[str, bytes]:
    """Return the files of an edition that was kept; KeyError if there is none, or if it is not what it was."""
    record = store.get(EDITION, impronta)
    if record is None:
        raise KeyError(impronta)
    files = {name: _content(store, id_) for name, id_ in record.document["file"].items()}
    if digest_of(files) != impronta:
        raise KeyError(impronta)
    return files


def rulebook_of(store: Store, impronta: str) -> Rulebook:
    """Return the rules of an edition that was kept, KeyError as above; the latest are read once for all who ask."""
    if store.get(EDITION, impronta) is None:
        raise KeyError(impronta)
    with _READING:
        if impronta not in _READ:
            _READ[impronta] = read_rulebook(edition(store, impronta))[0]
        while len(_READ) > READ:
            del _READ[next(iter(_READ))]
        return _READ[impronta]


def _file(id_: str, content: bytes) -> Put:
    return Put(FILE, id_, 0, {"zlib": b64encode(zlib.compress(content, 9)).decode()})


def _content(store: Store, id_: str) -> bytes:
    record = store.get(FILE, id_)
    if record is None:
        raise KeyError(id_)
    return zlib.decompress(b64decode(record.document["zlib"]))
