"""Rules that change while they are served: taken when they are right and still, never half."""

from __future__ import annotations

import json
import logging
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import api.rules
from api.app import make_app
from api.rules import ROME, Rules, read_rules, signature
from engine.__main__ import FOLDERS, read_folder
from tests.serving import ask, serving
from tests.source import ROOT

PARAMETRI = "regolamento/parametri.nt"
RULE = "rules/tirocinio/dal-2024-01-01.nt"
TITLES = ("Tirocinio formativo / Borsa lavoro", "Tirocinio uno", "Tirocinio due")
MORNING, NOON = (datetime(2026, 11, 22, hour, tzinfo=ROME) for hour in (8, 12))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a copy of the data folders."""
    for part in FOLDERS:
        shutil.copytree(ROOT / part, tmp_path / "dati" / part)
    return tmp_path / "dati"


@pytest.fixture
def rules(data: Path) -> Rules:
    """Return the rules of the copy, read in the morning; from then on it is noon."""
    times = iter([MORNING])
    return Rules(data, lambda: next(times, NOON))


def titled(rules: Rules) -> str:
    return rules.rulebook.servizi["tirocinio"][0].titolo


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def look(rules: Rules, times: int = 2) -> None:
    for _ in range(times):
        rules.refresh()


def test_nothing_is_read_when_nothing_changes(rules: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.rules, "read_folder", None)
    before = rules.edition
    look(rules, 3)
    assert rules.edition is before


def test_a_change_is_taken_at_the_look_after(rules: Rules, data: Path) -> None:
    before = rules.edition
    assert before
    edit(data / RULE, "titolo: Tirocinio formativo", "titolo: Tirocinio nuovo")
    look(rules, 1)
    assert rules.edition is before
    look(rules, 1)
    assert rules.edition is not before
    assert rules.edition
    assert titled(rules).startswith("Tirocinio nuovo")
    assert rules.edition.impronta != before.impronta
    assert (before.read_at, rules.edition.read_at) == (MORNING, NOON)


def test_the_same_files_have_the_same_impronta(rules: Rules, data: Path) -> None:
    before = rules.edition
    (data / PARAMETRI).touch()
    look(rules)
    assert before
    assert rules.edition
    assert rules.edition is not before
    assert rules.edition.impronta == before.impronta == read_rules(ROOT).edition.impronta  # type: ignore[union-attr]


def remove_folder(data: Path) -> None:
    data.rename(data.with_name("altrove"))


def remove_files(data: Path) -> None:
    for part in FOLDERS:
        shutil.rmtree(data / part)


BREAKS: dict[str, Callable[[Path], object]] = {
    "a mistake in a rule": lambda data: edit(data / RULE, "se: ", "se: isee al massimissimo "),
    "a file cut in half": lambda data: (data / RULE).write_bytes((data / RULE).read_bytes()[:700]),
    "an empty file": lambda data: (data / "rules/vocabolario.nt").write_bytes(b""),
    "bytes that are no text": lambda data: (data / PARAMETRI).write_bytes(b"\x00\x01\x02"),
    "a file that is gone": lambda data: (data / "rules/vocabolario.nt").unlink(),
    "a version that is gone": lambda data: (data / RULE).unlink(),
    "a copy left behind": lambda data: shutil.copy(data / RULE, data / "rules/tirocinio/copia.nt"),
    "a folder that is gone": remove_folder,
    "folders that are empty": remove_files,
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_change_leaves_the_last_good_rules(
    rules: Rules, data: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    client, before = TestClient(make_app(rules)), rules.edition
    BREAKS[name](data)
    look(rules)
    assert before
    assert rules.edition is before
    assert rules.problems
    assert titled(rules).startswith("Tirocinio formativo")
    status = client.get("/status")
    assert status.status_code == 200
    assert status.json()["regole"] == {
        "impronta": before.impronta,
        "lette_il": "2026-11-22T08:00:00+01:00",
        "ultimo_tentativo": "2026-11-22T12:00:00+01:00",
        "problemi": len(rules.problems),
    }
    assert client.post("/v1/valutazioni", json={"risposte": {}}).status_code == 200
    assert str(rules.problems[0]) in caplog.text
    assert f"Regole cambiate, ma con problemi ({len(rules.problems)}): restano in uso quelle lette il" in caplog.text
    look(rules, 3)
    assert caplog.text.count("restano in uso") == 1


def test_rules_put_right_are_taken_again(rules: Rules, data: Path, caplog: pytest.LogCaptureFixture) -> None:
    good = (data / RULE).read_bytes()
    for _ in range(2):
        (data / RULE).write_bytes(good[:700])
        look(rules)
        assert rules.problems
        (data / RULE).write_bytes(good.replace(b"titolo: Tirocinio formativo", b"titolo: Tirocinio riparato"))
        look(rules)
        assert not rules.problems
        assert titled(rules).startswith("Tirocinio riparato")
    assert "Regole cambiate e lette: sono in uso dal 2026-11-22T12:00:00+01:00" in caplog.text


def test_a_folder_that_comes_back_is_taken_again(rules: Rules, data: Path) -> None:
    remove_folder(data)
    look(rules)
    assert str(data) in str(rules.problems[0])
    data.with_name("altrove").rename(data)
    look(rules)
    assert not rules.problems


def test_a_file_that_is_still_being_written_is_left_alone(
    rules: Rules, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every look it has grown: nothing is read until it has stopped, not even where it would be right."""
    whole, before = (data / PARAMETRI).read_bytes(), rules.edition
    more = b"# una riga in piu\n" * 5
    with monkeypatch.context() as patch:
        patch.setattr(api.rules, "read_folder", None)
        for end in range(1, len(more) + 1, 18):
            (data / PARAMETRI).write_bytes(whole + more[:end])
            look(rules, 1)
            assert rules.edition is before
    look(rules, 1)
    assert rules.edition is not before


def test_a_file_that_moves_while_it_is_read_is_read_again(
    rules: Rules, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rules.edition

    def moving(folder: Path) -> dict[str, bytes]:
        found = read_folder(folder)
        edit(data / RULE, "titolo: Tirocinio nuovo", "titolo: Tirocinio mosso")
        return found

    edit(data / RULE, "titolo: Tirocinio formativo", "titolo: Tirocinio nuovo")
    with monkeypatch.context() as patch:
        patch.setattr(api.rules, "read_folder", moving)
        look(rules)
    assert rules.edition is before
    look(rules)
    assert titled(rules).startswith("Tirocinio mosso")


FAILURES = {
    "a file that may not be read": (
        PermissionError(13, "Permission denied", "x.nt"),
        "x.nt:1:1: Non si riesce a leggere",
    ),
    "a mistake of ours": (ZeroDivisionError(), "la lettura delle regole si è interrotta per un errore del programma"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_reading_that_fails_leaves_the_last_good_rules(
    rules: Rules, data: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    error, said = FAILURES[name]
    before = rules.edition

    def fails(files: object) -> Any:
        raise error

    monkeypatch.setattr(api.rules, "read_rulebook", fails)
    (data / RULE).touch()
    look(rules)
    assert rules.edition is before
    assert said in str(rules.problems[0])


def test_a_link_to_nothing_is_no_failure(data: Path) -> None:
    before = signature(data)
    (data / "rules/tirocinio/nulla").symlink_to(data / "assente")
    assert len(signature(data)) == len(before) + 1
    assert not read_rules(data).problems


def test_the_pages_ask_for_what_is_wrong(data: Path) -> None:
    rules = read_rules(data)
    assert rules.problems == ()
    assert set(rules.rulebook.servizi) >= {"tirocinio"}
    BREAKS["an empty file"](data)
    broken = read_rules(data)
    assert broken.edition is None
    assert broken.rulebook.servizi == {}
    look(broken)
    shutil.copy(ROOT / "rules/vocabolario.nt", data / "rules/vocabolario.nt")
    look(broken)
    assert "tirocinio" in broken.rulebook.servizi


def test_a_value_that_nobody_knows_is_said_unknown(rules: Rules, data: Path) -> None:
    edit(data / PARAMETRI, "      valore: 500 €\n", "      valore: ignoto\n")
    look(rules)
    assert not rules.problems
    parametri = TestClient(make_app(rules)).get("/v1/parametri").json()["parametri"]
    values = next(item["valori"] for item in parametri if item["parametro"] == "indennita_mensile")
    assert values[0]["ignoto"] is True
    assert not {"valore", "testo", "alternative"} & values[0].keys()


def test_a_real_server_takes_real_changes_while_it_answers(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests go on all the time: each is answered whole by the old rules or by the new."""
    monkeypatch.setattr(api.rules, "LOOK_EVERY", 0.05)
    logging.getLogger("comma").setLevel(logging.CRITICAL)
    rules = read_rules(data)
    stop, found, failed = threading.Event(), list[tuple[str, str]](), list[object]()

    def go_on_asking(address: str) -> None:
        while not stop.is_set():
            answer = ask(
                address, "/v1/valutazioni", b'{"risposte":{"isee":"1.00"}}', {"Content-Type": "application/json"}
            )
            if answer.status != 200:
                failed.append(answer)
                return
            whole = json.loads(answer.content)
            titles = {item["servizio"]: item["titolo"] for item in whole["servizi"]}
            found.append((whole["regole"], titles["tirocinio"]))

    with serving(make_app(rules, limit=10**9)) as address:
        askers = [threading.Thread(target=go_on_asking, args=(address,)) for _ in range(2)]
        for asker in askers:
            asker.start()
        for title in TITLES[1:]:
            good = (data / RULE).read_bytes()
            (data / RULE).write_bytes(good[:900])
            wait_for(lambda: bool(rules.problems))
            (data / RULE).write_bytes(good)
            edit(data / RULE, f"titolo: {titled(rules)}", f"titolo: {title}")
            wait_for(lambda title=title: not rules.problems and titled(rules) == title)  # type: ignore[misc]
            served = len(found)
            wait_for(lambda served=served: len(found) >= served + 4)  # type: ignore[misc]
        stop.set()
        for asker in askers:
            asker.join()
    logging.getLogger("comma").setLevel(logging.NOTSET)
    assert not failed
    assert len(set(found)) == len(dict(found)) == 3
    assert tuple(dict.fromkeys(title for _, title in found)) == TITLES
    assert not [thread for thread in threading.enumerate() if thread.name == "regole"]


def test_the_command_follows_the_files_and_says_what_is_wrong(data: Path, tmp_path: Path) -> None:
    """The whole program, as it is started: a broken change is told on stderr, and the rules go on being served."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-m", "api", "--dati", str(data), "--porta", address.partition(":")[2]]
    log = tmp_path / "registro"
    with log.open("wb") as stderr, subprocess.Popen(command, cwd=ROOT, stderr=stderr) as process:
        try:
            wait_for(lambda: answers(address))
            BREAKS["a mistake in a rule"](data)
            wait_for(lambda: "restano in uso" in log.read_text("utf-8"))
            status = json.loads(ask(address, "/status", method="GET").content)
            assert status["regole"]["problemi"] > 0
            answer = ask(address, "/v1/valutazioni", b'{"risposte":{}}', {"Content-Type": "application/json"})
            assert answer.status == 200
            assert "server" not in answer.headers
        finally:
            process.terminate()
    assert "Traceback" not in log.read_text("utf-8")
    assert f"{RULE}:" in log.read_text("utf-8")


def answers(address: str) -> bool:
    """Whether there is a server that answers."""
    try:
        return ask(address, "/status", method="GET").status == 200
    except OSError:
        return False


def wait_for(ready: Callable[[], bool]) -> None:
    limit = time.monotonic() + 30
    while not ready():
        assert time.monotonic() < limit
        time.sleep(0.02)
