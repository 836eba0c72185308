"""The worker of the procedure: the same as the fixpoint, whatever kills it and when."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from api.procedure import steps
from api.procedure.steps import DURABLE_RULES, FIXPOINT, HELD, WORKER, Failed, Process, Steps
from engine.effects import Effects, step
from engine.messages import sentence
from tests.procedures import facts, made, parsed, real

#: More than the suite tries: COMMA_STEPS=10000.
STEPS = int(os.environ.get("COMMA_STEPS", "300"))


@pytest.fixture
def follow() -> Iterator[Steps]:
    """Return a worker to ask, stopped at the end."""
    found = Steps()
    yield found
    found.close()


def test_the_worker_gives_what_the_fixpoint_gives(follow: Steps) -> None:
    """Over the real procedure and over small ones made at random, new rulesets all the time."""
    random = Random(3)
    small = [made(random) for _ in range(30)]
    for turn in range(STEPS):
        if turn % 10 == 0:
            small[random.randrange(len(small))] = made(random)
        procedura = random.choice([*real().values(), random.choice(small), random.choice(small)])
        known = facts(random, procedura)
        assert follow(procedura, known) == step(procedura, known)
    assert (follow.engine, follow.restarts, follow.fallbacks) == (DURABLE_RULES, 0, 0)


def test_killed_at_any_moment_nothing_is_lost_and_nothing_is_doubled(follow: Steps) -> None:
    """A thread kills the worker while another asks; what came out is counted, answer by answer."""
    random, procedura = Random(4), real()["contributo-autonomia"]
    asked = [facts(random, procedura) for _ in range(150)]
    done, killed = threading.Event(), list[int]()

    def killer() -> None:
        while not done.wait(random.uniform(0.02, 0.25)):
            pid = follow.pid
            if pid is not None and pid not in killed:
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)

    thread = threading.Thread(target=killer)
    thread.start()
    answers: list[Effects] = []
    try:
        for known in asked:
            answers.append(follow(procedura, known))
            time.sleep(0.004)
    finally:
        done.set()
        thread.join()
    assert answers == [step(procedura, known) for known in asked]
    assert len(killed) >= 3
    assert follow.restarts + follow.fallbacks >= 1
    assert follow.engine == DURABLE_RULES


def test_many_threads_ask_one_worker(follow: Steps) -> None:
    procedura, wrong = real()["tirocinio"], list[frozenset[str]]()

    def ask(seed: int) -> None:
        random = Random(seed)
        for _ in range(30):
            known = facts(random, procedura)
            if follow(procedura, known) != step(procedura, known):
                wrong.append(known)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert follow.restarts == 0


def test_without_the_library_the_fixpoint_serves_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    absent = tmp_path / "worker.py"
    absent.write_text("import durable_rules_that_is_not_there\n", "utf-8")
    monkeypatch.setattr(steps, "WORKER", absent)
    follow, procedura = Steps(), real()["tirocinio"]
    assert follow.why == sentence("api.steps_worker", {})
    with caplog.at_level(logging.WARNING, "comma"):
        for known in (frozenset[str](), frozenset({"domanda_ricevuta"})):
            assert follow(procedura, known) == step(procedura, known)
    assert (follow.engine, follow.pid) == (FIXPOINT, None)
    assert caplog.messages == [follow.why]
    assert follow.why.startswith("durable-rules non si può usare (exit 1)")
    follow.close()


def test_a_worker_that_hangs_is_replaced_and_then_done_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It answers what it is first asked, and then never again."""
    slow = tmp_path / "worker.py"
    lines = (
        "import sys, time",
        "for line in sys.stdin:",
        "    time.sleep(60 if 'step' in line else 0)",
        "    print('[\"done\", []]', flush=True)",
    )
    slow.write_text("\n".join(lines), "utf-8")
    monkeypatch.setattr(steps, "WORKER", slow)
    follow, procedura = Steps(patience=0.2), real()["tirocinio"]
    known = frozenset({"domanda_ricevuta"})
    with caplog.at_level(logging.WARNING, "comma"):
        assert follow(procedura, known) == step(procedura, known)
    assert (follow.engine, follow.restarts, follow.fallbacks) == (DURABLE_RULES, 2, 1)
    assert caplog.messages == [sentence("api.steps_restarted", {"why": "0.2 s"})] * 2
    follow.close()


def test_what_the_library_refuses_is_an_answer() -> None:
    process = Process()
    try:
        process.ask("define", "x", [["fase:a", ["e"]]], steps.START)
        assert process.ask("step", "x", ["e", "altro"], steps.START) == [0]
        assert process.ask("step", "x", ["altro"], steps.START) == []
        with pytest.raises(Failed, match="already registered"):
            process.ask("define", "x", [["fase:a", ["e"]]], steps.START)
        with pytest.raises(Failed):
            process.ask("step", "nessuno", ["e"], steps.START)
        assert process.ask("step", "x", ["e"], steps.START) == [0]
    finally:
        process.kill()
    with pytest.raises(Failed):
        process.ask("step", "x", ["e"], steps.START)


def test_a_worker_with_many_rulesets_makes_way_for_a_new_one(follow: Steps) -> None:
    first = follow.pid
    for number in range(HELD + 1):
        procedura = parsed(
            {"eventi": {f"e{number}": "E"}, "fasi": {"f": {"attivita": "F", "note": "n", "quando": f"e{number}"}}}
        )
        assert set(follow(procedura, frozenset({f"e{number}"})).fasi) == {"f"}
        first = first or follow.pid
    assert follow.pid != first
    assert follow.restarts == 0


def test_the_worker_stops_when_nobody_is_there() -> None:
    asked = json.dumps(["define", "x", []]) + "\n"
    command = [sys.executable, "-P", str(WORKER)]
    done = subprocess.run(command, check=True, input=asked, capture_output=True, text=True, timeout=30)
    assert done.stdout == '["done", true]\n'


def test_only_the_worker_knows_the_library() -> None:
    naming = [
        path
        for path in WORKER.parents[2].glob("[ae][pn][ig]*/**/*.py")
        if "import engine\n" in path.read_text("utf-8") and "durable" in path.read_text("utf-8")
    ]
    assert naming == [WORKER]
