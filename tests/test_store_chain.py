"""The register of what was done: an event changed, one removed, an end cut off are found, and said in Italian."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import psycopg
import pytest

from api.store.anchors import Anchor, Fault, anchor, read_anchors, verify
from api.store.contract import Store, Unavailable
from engine.messages import sentence
from tests.stores import Opener, event, tamper

DAY = date(2026, 11, 22)


@pytest.fixture
def events(store: Store, store_address: str) -> str:
    """Write five events and return the address of the store."""
    store.commit([], [event(f"p{n}") for n in range(1, 6)])
    return store_address


def anchored(store: Store, folder: Path) -> tuple[Anchor, ...]:
    """Return the anchor of today."""
    assert anchor(store, folder / "ancore.txt", DAY) is None
    return read_anchors(folder / "ancore.txt")


def test_a_whole_chain_has_no_fault(events: str, store: Store, tmp_path: Path) -> None:
    found = anchored(store, tmp_path)
    assert found == (Anchor("2026-11-22", *store.head()),)
    store.commit([], [event("later")])
    assert verify(store, found) is None
    assert verify(store) is None


TAMPERED = [
    (
        "UPDATE events SET event = replace(event, 'operatore-1', 'operatore-2') WHERE number = 3",
        Fault("archivio.changed", 3),
        "Il registro degli eventi è stato toccato: l'evento 3 non è quello che era stato scritto",
    ),
    ("UPDATE events SET event = 'x' WHERE number = 1", Fault("archivio.changed", 1), "l'evento 1 non è quello"),
    ("UPDATE events SET event = '{}' WHERE number = 5", Fault("archivio.changed", 5), "l'evento 5 non è quello"),
    ("UPDATE events SET hash = 'x' WHERE number = 5", Fault("archivio.changed", 5), "l'evento 5 non è quello"),
    ("DELETE FROM events WHERE number = 2", Fault("archivio.removed", 2), "manca l'evento 2."),
    ("DELETE FROM events WHERE number = 1", Fault("archivio.removed", 1), "manca l'evento 1."),
    (
        "DELETE FROM events WHERE number >= 4",
        Fault("archivio.cut", 5, "2026-11-22"),
        "Il registro degli eventi è stato tagliato: il 2026-11-22 arrivava almeno all'evento 5, che non c'è più.",
    ),
    ("DELETE FROM events WHERE number > 0", Fault("archivio.cut", 5, "2026-11-22"), "tagliato"),
]


@pytest.mark.parametrize(("statement", "fault", "said"), TAMPERED, ids=lambda value: str(value)[:40])
def test_what_was_tampered_with_is_found(
    events: str, store: Store, opener: Opener, tmp_path: Path, statement: str, fault: Fault, said: str
) -> None:
    anchors = anchored(store, tmp_path)
    tamper(events, statement)
    found = verify(opener(), anchors)
    assert found == fault
    assert said in sentence(found.code, found.data)


def test_events_that_were_renumbered_after_a_removal_are_found(events: str, opener: Opener) -> None:
    tamper(events, "DELETE FROM events WHERE number = 2", "UPDATE events SET number = number - 1 WHERE number = 3")
    assert verify(opener()) == Fault("archivio.changed", 2)


def test_a_chain_that_was_written_again_from_the_start_is_found(
    events: str, store: Store, opener: Opener, tmp_path: Path
) -> None:
    anchors = anchored(store, tmp_path)
    tamper(events, "DELETE FROM events WHERE number > 0")
    opener().commit([], [event(f"p{n}", "niente") for n in range(1, 6)])
    assert verify(opener()) is None  # by itself it is whole
    found = verify(opener(), anchors)
    assert found == Fault("archivio.rewritten", 5, "2026-11-22")
    assert sentence(found.code, found.data) == (
        "Il registro degli eventi è stato riscritto: il 2026-11-22 l'evento 5 aveva un'altra impronta."
    )


@pytest.mark.parametrize("statement", ["UPDATE events SET hash = 'x'", "DELETE FROM events"])
def test_the_store_itself_refuses_to_change_events(events: str, opener: Opener, statement: str) -> None:
    with pytest.raises(Exception, match="only grow"):
        tamper(events, statement, unguard=False)
    if events.startswith("postgresql"):
        with pytest.raises(psycopg.Error, match="only grow"):
            tamper(events, "TRUNCATE events", unguard=False)
    assert verify(opener()) is None


def test_an_anchor_a_day_and_none_of_an_empty_chain(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "ancore.txt"
    assert anchor(store, path, DAY) is None
    assert path.read_text() == ""
    store.commit([], [event()])
    for day in (DAY, DAY, date(2026, 11, 21)):
        assert anchor(store, path, day) is None
    first = f"2026-11-22 1 {store.head()[1]}\n"
    assert path.read_text() == first
    store.commit([], [event(), event()])
    assert anchor(store, path, date(2026, 11, 23)) is None
    assert path.read_text() == f"{first}2026-11-23 3 {store.head()[1]}\n"


def test_a_line_that_a_crash_left_halfway_is_dropped(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "ancore.txt"
    store.commit([], [event()])
    path.write_text("2026-11-21 1 " + store.head()[1] + "\n2026-11-22 1 0ab")
    assert [each.day for each in read_anchors(path)] == ["2026-11-21"]
    assert anchor(store, path, DAY) is None
    assert [each.day for each in read_anchors(path)] == ["2026-11-21", "2026-11-22"]


def test_nothing_is_anchored_when_the_chain_no_longer_reaches_the_last_anchor(
    events: str, store: Store, opener: Opener, tmp_path: Path
) -> None:
    anchored(store, tmp_path)
    before = (tmp_path / "ancore.txt").read_text()
    tamper(events, "DELETE FROM events WHERE number > 3")
    assert anchor(opener(), tmp_path / "ancore.txt", date(2026, 11, 23)) == Fault("archivio.cut", 5, "2026-11-22")
    assert (tmp_path / "ancore.txt").read_text() == before


WRONG = ["2026-11-22 1\n", "22/11/2026 1 aa\n", "2026-11-22 uno aa\n", "2026-11-22  1 aa\n", "\n\n", "\xe9\n"]


@pytest.mark.parametrize("text", WRONG)
def test_a_file_that_is_not_of_anchors_is_refused(store: Store, tmp_path: Path, text: str) -> None:
    path = tmp_path / "ancore.txt"
    path.write_text(text, "utf-8")
    for read in (lambda: read_anchors(path), lambda: anchor(store, path, DAY)):
        with pytest.raises(Unavailable) as refused:
            read()
        assert sentence(refused.value.code, refused.value.data) == (
            "Nel file delle ancore la riga 1"
            " non si legge: ogni riga ha il giorno, il numero di un evento e la sua impronta."
        )
    assert path.read_text("utf-8") == text


def test_anchors_that_cannot_be_read_or_written(store: Store, tmp_path: Path) -> None:
    store.commit([], [event()])
    for read in (
        lambda: read_anchors(tmp_path / "non" / "ancore.txt"),
        lambda: anchor(store, tmp_path / "non" / "ancore.txt", DAY),
        lambda: anchor(store, tmp_path, DAY),
    ):
        with pytest.raises(Unavailable) as refused:
            read()
        assert sentence(refused.value.code, refused.value.data).startswith("Il file delle ancore «")
