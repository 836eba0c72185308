"""The commands of the store as they are typed: everything arrives, it is proved, and what cannot be done is said."""

from __future__ import annotations

import gzip
import os
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from unittest.mock import patch

import pytest

from api.__main__ import main
from api.store.anchors import anchor
from api.store.contract import Item, Put, Unavailable
from api.store.keys import MASTER, PREVIOUS, Keys
from api.store.moving import Tally, read_copy, tally
from api.store.opening import open_store
from engine.__main__ import DONE, PROBLEMS, USAGE
from engine.messages import SENTENCES, sentence
from tests.postgres import empty_schema
from tests.stores import event, put, started, tamper

MOVED = "Arrivato tutto, e riletto: i conti e le impronte sono gli stessi.\n"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run a command in this process; return its exit code and what it printed."""
    try:
        code = main(arguments)
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


@pytest.fixture(params=["tiny", "postgres"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of another empty store."""
    if request.param == "tiny":
        return str(tmp_path / "altro.db")
    return empty_schema(request.getfixturevalue("server_address"))


@pytest.fixture
def filled(store_address: str) -> str:
    """Return the address of a store with some records, a removed one and some events."""
    with closing(open_store(store_address)) as store:
        document = {"è": [1, None, 2.5, "\u20ac\ud800\0"], "b": {"z": 1, "a": 2}}
        store.commit([Put("pratica", "p1", 0, document, {"stato": ["x", "y"]}, "2026"), put("p2")], [event("p1")])
        store.commit([put("p2", 1, order="è"), put("n1", kind="nota")], [event("p2"), event("n1")])
        store.commit([put("p3"), Put("nota", "n1", 1, None), put("n2", kind="nota")])
    return store_address


def counted(address: str) -> Tally:
    """Return what a store holds."""
    with closing(open_store(address)) as store:
        return tally(store)


def test_everything_moves_from_one_store_to_the_other_and_back(
    capsys: pytest.CaptureFixture[str], filled: str, target: str, tmp_path: Path
) -> None:
    code, out, err = run(capsys, "migra", "--da", filled, "--a", target)
    assert (code, err) == (DONE, "")
    lines = out.splitlines(keepends=True)
    assert lines[0].startswith("nota: 1 (impronta ")
    assert lines[1].startswith("pratica: 3 (impronta ")
    assert lines[2].startswith("eventi: 3 (impronta ")
    assert lines[3] == MOVED
    back = str(tmp_path / "ritorno.db")
    assert run(capsys, "migra", "--da", target, "--a", back) == (DONE, out, "")
    with closing(open_store(filled)) as store, closing(open_store(back)) as returned:
        with store.snapshot() as items, returned.snapshot() as others:
            assert list(items) == list(others)
        assert returned.get("nota", "n1") is None
        returned.commit([put("p2", 2)], [event("later")])
    assert run(capsys, "verifica", "--archivio", back)[0] == DONE


def test_a_store_that_is_not_empty_is_not_filled(
    capsys: pytest.CaptureFixture[str], filled: str, target: str, tmp_path: Path
) -> None:
    assert run(capsys, "migra", "--da", filled, "--a", target)[0] == DONE
    assert run(capsys, "backup", "--archivio", filled, "--in", str(tmp_path / "copia"))[0] == DONE
    before = counted(target)
    for command in (("migra", "--da", filled, "--a"), ("ripristina", "--da", str(tmp_path / "copia"), "--archivio")):
        code, out, err = run(capsys, *command, target)
        assert (code, out) == (USAGE, "")
        assert err == f"L'archivio «{target}» non è vuoto, e non si è scritto niente: serve un archivio nuovo.\n"
    assert counted(target) == before


def test_what_arrives_otherwise_than_it_left_is_said(
    capsys: pytest.CaptureFixture[str], filled: str, tmp_path: Path
) -> None:
    target = str(tmp_path / "altro.db")
    with patch("api.store.moving.tally", return_value=Tally({"pratica": 1}, {"pratica": "x"})):
        code, _, err = run(capsys, "migra", "--da", filled, "--a", target)
    assert code == PROBLEMS
    assert err.startswith(f"Ciò che è arrivato non è ciò che è partito: «{target}» non va usato.")


def test_a_move_that_is_killed_leaves_the_target_empty_and_may_be_started_again(
    capsys: pytest.CaptureFixture[str], filled: str, target: str
) -> None:
    def torn(left: Tally, items: Iterator[Item]) -> Iterator[Item]:
        del left
        yield next(items)
        raise KeyboardInterrupt

    with patch.object(Tally, "counting", torn), pytest.raises(KeyboardInterrupt):
        main(["migra", "--da", filled, "--a", target])
    assert counted(target) == Tally()
    assert run(capsys, "migra", "--da", filled, "--a", target)[0] == DONE
    assert counted(target) == counted(filled)


def test_a_copy_fills_either_store_and_is_nobody_elses_to_read(
    capsys: pytest.CaptureFixture[str], filled: str, target: str, tmp_path: Path
) -> None:
    path = tmp_path / "copia"
    code, out, err = run(capsys, "backup", "--archivio", filled, "--in", str(path))
    assert (code, err) == (DONE, "")
    assert out.endswith(f"Copia scritta in «{path}».\n")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.glob("copia*")] == ["copia"]
    code, out, err = run(capsys, "ripristina", "--archivio", target, "--da", str(path))
    assert (code, err) == (DONE, "")
    assert out.endswith(MOVED)
    assert counted(target) == counted(filled)


def test_a_copy_taken_while_others_write_is_of_one_moment(
    capsys: pytest.CaptureFixture[str], store_address: str, tmp_path: Path
) -> None:
    open_store(store_address).close()
    writer = started(store_address, "write", "w")
    assert writer.stdout
    for _ in range(5):
        writer.stdout.readline()
    draining = threading.Thread(target=writer.stdout.read)
    draining.start()
    for n in range(3):
        assert run(capsys, "backup", "--archivio", store_address, "--in", str(tmp_path / f"copia{n}"))[0] == DONE
    writer.kill()
    writer.wait()
    draining.join()
    writer.stdout.close()
    for n in range(3):
        restored = str(tmp_path / f"ripristinato{n}.db")
        assert run(capsys, "ripristina", "--archivio", restored, "--da", str(tmp_path / f"copia{n}"))[0] == DONE
        with closing(open_store(restored)) as store:
            last = store.get("ultimo", "w")
            assert last
            assert last.document["n"] == last.revision == store.find("scritto").total == store.head()[0] >= 4


def test_a_copy_that_is_not_whole_fills_nothing(
    capsys: pytest.CaptureFixture[str], filled: str, target: str, tmp_path: Path
) -> None:
    path = tmp_path / "copia"
    run(capsys, "backup", "--archivio", filled, "--in", str(path))
    whole = path.read_bytes()
    lines = gzip.decompress(whole).splitlines(keepends=True)
    wrong = {
        "cut": whole[:-20],
        "half": whole[: len(whole) // 2],
        "empty": b"",
        "a byte changed": whole[:60] + bytes([whole[60] ^ 255]) + whole[61:],
        "not a copy": b"x" * 100,
        "without its end": gzip.compress(b"".join(lines[:-1])),
        "without a record": gzip.compress(b"".join(lines[:1] + lines[2:])),
        "a record changed": gzip.compress(b"".join(lines).replace(b"p2, 2", b"p2, 3")),
        "a hash changed": gzip.compress(b"".join(lines).replace(b'"impronta":"', b'"impronta":"0')),
        "nothing but a header": gzip.compress(lines[0]),
        "another file": gzip.compress(b'{"file": "altro"}\n'),
        "a list": gzip.compress(b"[]\n"),
        "deep": gzip.compress(lines[0] + b"[" * 100_000),
    }
    for name, content in wrong.items():
        path.write_bytes(content)
        code, out, err = run(capsys, "ripristina", "--archivio", target, "--da", str(path))
        assert (code, out) == (USAGE, ""), name
        assert err == (
            f"La copia «{path}» non è intera, oppure è stata cambiata, e non si è scritto niente. Usatene un'altra.\n"
        ), name
    assert counted(target) == Tally()
    path.write_bytes(gzip.compress(lines[0].replace(b'"formato":1', b'"formato":2')))
    assert run(capsys, "ripristina", "--archivio", target, "--da", str(path))[2].startswith(
        f"La copia «{path}» è stata fatta da una versione più nuova di Comma"
    )
    assert run(capsys, "ripristina", "--archivio", target, "--da", str(tmp_path / "manca"))[2] == (
        f"La copia «{tmp_path / 'manca'}» non c'è: controllate il nome del file.\n"
    )


def test_a_copy_that_cannot_be_written_leaves_the_one_before(
    capsys: pytest.CaptureFixture[str], filled: str, tmp_path: Path
) -> None:
    path = tmp_path / "copia"
    path.write_text("quella di prima")
    with patch("api.store.moving.os.fsync", side_effect=OSError(28, "full")):
        code, _, err = run(capsys, "backup", "--archivio", filled, "--in", str(path))
    assert code == USAGE
    assert err.startswith(f"La copia «{path}» non si è potuta scrivere: controllate la cartella e lo spazio libero.")
    assert path.read_text() == "quella di prima"
    assert [each.name for each in tmp_path.glob("copia*")] == ["copia"]
    assert run(capsys, "backup", "--archivio", filled, "--in", str(tmp_path / "non" / "copia"))[0] == USAGE


def test_verifica_says_which_event(capsys: pytest.CaptureFixture[str], filled: str, tmp_path: Path) -> None:
    path = tmp_path / "ancore.txt"
    with closing(open_store(filled)) as store:
        assert anchor(store, path, date(2026, 11, 22)) is None
    whole = (DONE, "Il registro degli eventi è intero: eventi 3, ancore {}.\n", "")
    assert run(capsys, "verifica", "--archivio", filled) == (DONE, whole[1].format(0), "")
    assert run(capsys, "verifica", "--archivio", filled, "--ancore", str(path)) == (DONE, whole[1].format(1), "")
    tamper(filled, "DELETE FROM events WHERE number = 3")
    assert run(capsys, "verifica", "--archivio", filled)[0] == DONE
    assert run(capsys, "verifica", "--archivio", filled, "--ancore", str(path)) == (
        PROBLEMS,
        "",
        "Il registro degli eventi è stato tagliato: il 2026-11-22 arrivava almeno all'evento 3, che non c'è più.\n",
    )
    tamper(filled, "UPDATE events SET about = '', event = replace(event, 'p1', 'p9')", unguard=False)
    code, _, err = run(capsys, "verifica", "--archivio", filled, "--ancore", str(path))
    assert code == PROBLEMS
    assert err == (
        "Il registro degli eventi è stato toccato: l'evento 1 non è quello che era stato scritto, "
        "oppure ne è stato tolto o aggiunto uno lì.\n"
    )
    assert run(capsys, "verifica", "--archivio", filled, "--ancore", str(tmp_path / "manca")) == (
        USAGE,
        "",
        f"Il file delle ancore «{tmp_path / 'manca'}» non si può aprire: controllate il nome e i permessi.\n",
    )


def test_ruota_passes_every_key_under_the_new_master_key(
    capsys: pytest.CaptureFixture[str], filled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = (run(capsys, "chiave")[1].strip() for _ in range(2))
    assert old != new
    with closing(open_store(filled)) as store:
        keys = Keys.from_environment(store, {MASTER: old})
        store.commit([keys.new("p1")[0]])
    monkeypatch.delenv(MASTER, raising=False)
    monkeypatch.delenv(PREVIOUS, raising=False)
    refusals = [
        ({}, "Manca la chiave principale: va nella variabile COMMA_CHIAVE"),
        ({MASTER: "corta"}, "La variabile COMMA_CHIAVE non contiene una chiave"),
        ({MASTER: new}, "La chiave principale non è quella di questo archivio."),
    ]
    for environment, message in refusals:
        with patch.dict(os.environ, environment):
            code, out, err = run(capsys, "ruota", "--archivio", filled)
        assert (code, out) == (USAGE, "")
        assert err.startswith(message)
    with patch.dict(os.environ, {MASTER: new, PREVIOUS: old}):
        assert run(capsys, "ruota", "--archivio", filled) == (
            DONE,
            "Chiavi passate sotto la nuova chiave principale: 2. Adesso COMMA_CHIAVE_PRECEDENTE si può togliere.\n",
            "",
        )
    with closing(open_store(filled)) as store:
        assert Keys.from_environment(store, {MASTER: new}).sealer(store, "p1")
        assert [chained.event.action for chained in store.events(about="chiavi")] == ["rotazione"]


USES = [
    (["migra"], "uso: python -m api migra"),
    (["migra", "--da", "x"], "Il comando non è scritto bene."),
    (["backup", "--archivio", "/non/c/e.db", "--in", "x"], "L'archivio «/non/c/e.db» non c'è: controllate il nome"),
    (["verifica", "--archivio", "/non/c/e.db"], "L'archivio «/non/c/e.db» non c'è"),
    (["migra", "--da", "/non/c/e.db", "--a", "/non/c/e2.db"], "L'archivio «/non/c/e.db» non c'è"),
    (["ruota", "--archivio", "postgresql://%zz"], "L'indirizzo dell'archivio non si capisce: scrivetelo come"),
    (["ripristina", "--archivio", "/non/c/e.db", "--da", "x"], "L'archivio «/non/c/e.db» non si può aprire"),
    (["chiave", "--archivio", "x"], "Il comando non è scritto bene."),
]


@pytest.mark.parametrize(("arguments", "message"), USES, ids=lambda value: " ".join(value)[:40])
def test_wrong_uses(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (USAGE, "")
    assert message in err


def test_help_names_every_command_and_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == DONE
    assert "Per l'archivio delle pratiche: migra, backup, ripristina, verifica, chiave," in out
    for name in ("migra", "backup", "ripristina", "verifica", "chiave", "ruota"):
        code, out, _ = run(capsys, name, "--help")
        assert code == DONE
        flat = " ".join(out.split())
        assert f"uso: python -m api {name}" in flat
        assert sentence(f"comandi.help_{name}", {}) in flat


def test_every_sentence_of_the_store_is_said_by_a_test() -> None:
    """Each code of these groups is pinned where it happens: here, with the failures, with the keys, with the chain."""
    texts = [path.read_text("utf-8") for path in Path(__file__).parent.glob("test_store*.py")]
    for code, said in SENTENCES.items():
        if code.startswith(("archivio.", "chiavi.")):
            first = max((part for part in said.replace("}", "{").split("{")[::2]), key=len)[:16]
            assert any(first in text for text in texts), code


def test_a_copy_is_read_only_once_it_is_asked(tmp_path: Path) -> None:
    items = read_copy(tmp_path / "manca", Tally())
    with pytest.raises(Unavailable):
        next(items)
