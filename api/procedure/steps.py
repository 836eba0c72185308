"""Steps: what follows from what has happened, asked of the worker; where it cannot answer, worked out here."""

from __future__ import annotations

import hashlib
import json
import logging
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.effects import ALWAYS, Effects, effects, given, step
from engine.messages import sentence
from engine.procedura import Procedura

WORKER = Path(__file__).with_name("worker.py")
DURABLE_RULES, FIXPOINT = "durable-rules", "punto fisso"
#: How long an answer may take, and the first one, in seconds.
PATIENCE, START = 2.0, 30.0
#: How many rulesets a worker holds before a new one takes its place.
HELD = 48
LOG = logging.getLogger("comma")

Rules = tuple[tuple[str, frozenset[str]], ...]


class Failed(Exception):
    """The worker died, was too slow, or said that it could not."""


class Process:
    """One process of the worker, with a thread that reads what it answers."""

    def __init__(self) -> None:
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        command = [sys.executable, "-P", str(WORKER)]
        self.child = subprocess.Popen(command, text=True, encoding="utf-8", **pipes)  # noqa: S603 -- our own file
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self._questions, self._said = self.child.stdin, self.child.stdout
        self.names: set[str] = set()
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def ask(self, operation: str, name: str, sent: Sequence[Any], patience: float) -> Any:
        """Ask one thing and return the answer; raise Failed."""
        try:
            self._questions.write(json.dumps([operation, name, sent]) + "\n")
            self._questions.flush()
            line = self._answers.get(timeout=patience)
        except queue.Empty:
            raise Failed(f"{patience} s") from None
        except (OSError, ValueError):  # it has gone, or `kill` has closed the pipe
            line = ""
        if not line:
            raise Failed(self._left())
        outcome, answer = json.loads(line)
        if outcome != "done":
            raise Failed(answer)
        return answer

    def kill(self) -> None:
        """Stop it at once, whatever it is doing."""
        self.child.kill()
        self.child.wait()
        for pipe in (self._questions, self._said):
            try:
                pipe.close()
            except OSError:  # what was still to be written has nobody to read it
                continue

    def _left(self) -> str:
        """Return how it ended."""
        try:
            return f"exit {self.child.wait(1)}"
        except subprocess.TimeoutExpired:
            return "exit ?"

    def _read(self) -> None:
        try:
            for line in self._said:
                self._answers.put(line)
        except ValueError:  # closed by `kill`
            pass
        self._answers.put("")


class Steps:
    """What follows from what has happened, for one file at a time, from any thread.

    `engine` says what is answering, and `why` in a sentence; `restarts` counts the workers that had to be
    replaced, `fallbacks` the answers that were worked out here because two workers failed.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self.engine, self.why = DURABLE_RULES, sentence("api.steps_worker", {})
        self.restarts = self.fallbacks = 0
        self._patience = patience
        self._process: Process | None = None
        self._lock = threading.Lock()

    def __call__(self, procedura: Procedura, facts: frozenset[str]) -> Effects:
        """Return what follows; the worker and the fixpoint give the same."""
        if self.engine == DURABLE_RULES:
            fired = self._fired(procedura, sorted(given(procedura, facts)))
            if fired is not None:
                return effects(procedura, facts, fired)
        return step(procedura, facts)

    def close(self) -> None:
        """Stop the worker; the next question starts another."""
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process = None

    @property
    def pid(self) -> int | None:
        """The process of the worker, if there is one."""
        return self._process.child.pid if self._process else None

    def _fired(self, procedura: Procedura, facts: list[str]) -> list[tuple[str, frozenset[str]]] | None:
        """Return the ways that hold, asked at most of two workers: asking twice takes no effect twice."""
        rules = _rules(procedura)
        name = _name(rules)
        with self._lock:
            for _ in range(2):
                if self.engine != DURABLE_RULES:
                    return None
                try:
                    return [rules[index] for index in self._ask(name, rules, facts)]
                except Failed as failed:
                    self._replace(str(failed))
            self.fallbacks += 1
            return None

    def _ask(self, name: str, rules: Rules, facts: list[str]) -> list[int]:
        if self._process is not None and len(self._process.names) >= HELD and name not in self._process.names:
            self._process.kill()
            self._process = None
        if self._process is None:
            self._process = self._started()
        process = self._process
        if name not in process.names:
            process.ask("define", name, _sent(rules), START)
            process.names.add(name)
        return list(process.ask("step", name, facts, self._patience))

    def _started(self) -> Process:
        """Start a worker; when not even the first question has an answer, the library is not there."""
        process = Process()
        try:
            process.ask("define", ALWAYS, [], START)
        except Failed as failed:
            process.kill()
            self.engine, self.why = FIXPOINT, sentence("api.steps_fixpoint", {"why": str(failed)})
            LOG.warning(self.why)
            raise
        return process

    def _replace(self, why: str) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None
            self.restarts += 1
            LOG.warning(sentence("api.steps_restarted", {"why": why}))


def _rules(procedura: Procedura) -> Rules:
    return tuple((name, way) for name, when in procedura.rules.items() for way in when.ways)


def _sent(rules: Rules) -> list[list[Any]]:
    """Return the rules as the worker reads them: what needs nothing follows from what is always given."""
    return [[name, sorted(way) or [ALWAYS]] for name, way in rules]


def _name(rules: Rules) -> str:
    """Return a name that no other rules have."""
    return f"procedura@{hashlib.sha256(json.dumps(_sent(rules)).encode()).hexdigest()[:16]}"
