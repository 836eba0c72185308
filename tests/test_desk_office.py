"""The office as it is started: the demonstration, the secrets of identity, the end of the chain written outside."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.demonstration import PASSWORD, PEOPLE, invent
from api.identity.install import Settings
from api.identity.person import PEOPLE as ROLES
from api.office import SECRETS, anchoring, make_office, wrapping
from api.store.anchors import read_anchors, verify
from api.store.contract import Unavailable
from api.store.editions import edition
from api.store.keys import MASTER, Keys, new_master
from api.store.tiny import TinyStore
from tests.memory_store import MemoryStore
from tests.office import HTTPS, RULES, Browser, Clock, Office, text, written
from tests.stores import event, tamper


def test_the_demonstration_has_every_role_and_families_that_can_be_opened() -> None:
    office = Office(settings={"demonstration": True})
    found = invent(office)  # type: ignore[arg-type]  # made of the same parts
    assert {ruolo for _, _, ruolo in PEOPLE} == {*ROLES}
    assert len(found.pratiche) >= 3
    for username in found.usernames:
        browser = Browser(TestClient(office.app, base_url=HTTPS, follow_redirects=False))
        assert browser.enter(username, PASSWORD).status_code == 303
    operator = Browser(TestClient(office.app, base_url=HTTPS, follow_redirects=False))
    operator.enter("operatore", PASSWORD)
    for id_ in found.pratiche:
        page = operator.open(f"/pratiche/{id_}")
        assert (page.status_code, "DIMOSTRAZIONE" in text(page)) == (200, True)
        assert operator.open(f"/pratiche/{id_}/esito").status_code == 200


def test_a_secret_is_closed_under_a_key_of_the_store() -> None:
    store = MemoryStore()
    master = new_master()
    first = wrapping(store, Keys.from_environment(store, {MASTER: master}))
    again = wrapping(store, Keys.from_environment(store, {MASTER: master}))
    closed = first.wrap(b"un segreto")
    assert b"segreto" not in closed.replace(b"chiuso", b"")
    assert again.unwrap(closed) == b"un segreto"
    with pytest.raises(Unavailable):
        again.unwrap(closed[:-10] + b"AAAAAAAA" + closed[-2:])
    assert store.get("chiave", SECRETS)


def test_the_rules_of_the_first_day_are_kept(tmp_path: Path) -> None:
    store = TinyStore(tmp_path / "archivio.db")
    keys = Keys.from_environment(store, {MASTER: new_master()})
    make_office(RULES, store, keys, Settings(HTTPS, wrapping(store, keys)))
    (record,) = store.find("edizione").records
    assert RULES.edition
    assert edition(store, record.id) == RULES.edition.files
    assert "Zaira" not in written(store)
    store.close()


def test_the_end_of_the_chain_is_written_outside_once_a_day(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path, anchors = tmp_path / "archivio.db", tmp_path / "ancore.txt"
    store = TinyStore(path)
    store.commit([], [event("a"), event("b")])
    for day in (2, 2, 3):
        with anchoring(store, anchors, Clock(datetime(2026, 3, day, 9, 0, tzinfo=UTC))):
            pass
    assert [(one.day, one.number) for one in read_anchors(anchors)] == [("2026-03-02", 2), ("2026-03-03", 2)]
    store.close()
    tamper(str(path), "DELETE FROM events WHERE number = 2")
    cut = TinyStore(path)
    with caplog.at_level(logging.ERROR), anchoring(cut, anchors, lambda: datetime(2026, 3, 4, 9, 0, tzinfo=UTC)):
        pass
    assert "è stato tagliato" in caplog.text
    assert verify(cut, read_anchors(anchors))
    cut.close()


def test_a_server_with_anchors_writes_them_when_it_starts(tmp_path: Path) -> None:
    store, anchors = MemoryStore(), tmp_path / "ancore.txt"
    keys = Keys.from_environment(store, {MASTER: new_master()})
    office = make_office(RULES, store, keys, Settings(HTTPS, wrapping(store, keys)), anchors=anchors)
    store.commit([], [event()])
    with TestClient(office.app, base_url=HTTPS) as client:
        assert client.get("/status").status_code == 200
    assert len(read_anchors(anchors)) == 1
