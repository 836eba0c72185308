"""The worker: durable-rules, in a process of its own that may be killed at any moment.

It reads one JSON list a line and answers with one: `["define", name, rules]`, `["step", name, facts]`. A rule is
what follows and the names that it follows from. What is done here keeps to what the library does safely: no
threads of its own, one session at a time and always closed, every ruleset tried once when it is made, facts that
are names and nothing else, actions that only take note.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

from durable import engine

SESSION = "pratica"
#: Two names that the library has no use for, so that every ruleset can be tried when it is made.
FIRST = "prima_di_tutto"
Rules = Sequence[tuple[str, Sequence[str]]]
UNSEEN = (engine.MessageNotHandledException, engine.MessageObservedException)


class Host(engine.Host):  # type: ignore[misc]
    """The host of the rulesets, without the thread that would run timers behind our back."""

    def _run(self) -> None:
        """Start nothing."""


class Rulesets:
    """The rulesets that have been defined, and what fired in the session that is open."""

    def __init__(self) -> None:
        self.host = Host()
        self.fired: list[int] = []

    def define(self, name: str, rules: Rules) -> bool:
        """Make a ruleset and try it once."""
        definition = {f"r{index}": self._rule(index, *rule) for index, rule in enumerate(rules)}
        definition["first"] = {"all": [{"m": {"name": FIRST}}], "run": lambda _: None}
        self.host.register_rulesets({name: definition})
        self.step(name, [FIRST])
        return True

    def step(self, name: str, facts: Sequence[str]) -> list[int]:
        """Return which rules fire on some facts, by their place in the list."""
        self.fired.clear()
        try:
            for fact in facts:
                with contextlib.suppress(*UNSEEN):
                    self.host.assert_fact(name, {"sid": SESSION, "id": fact, "name": fact})
            failed = self.host.get_state(name, SESSION).get("exception")
        finally:
            self.host.delete_state(name, SESSION)
        if failed:
            raise RuntimeError(str(failed))
        return sorted(set(self.fired))

    def _rule(self, index: int, name: str, way: Sequence[str]) -> dict[str, Any]:
        return {"all": [{f"m{n}": {"name": fact}} for n, fact in enumerate(way)], "run": self._action(index, name)}

    def _action(self, index: int, name: str) -> Callable[[Any], None]:
        def act(context: Any) -> None:
            self.fired.append(index)
            with contextlib.suppress(*UNSEEN):
                context.assert_fact({"id": name, "name": name})

        return act


def serve() -> None:
    """Answer, line by line, until there is nobody to ask; what the library prints goes nowhere."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable(logging.CRITICAL)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    rulesets = Rulesets()
    for line in sys.stdin:
        operation, name, given = json.loads(line)
        try:
            answer = ["done", (rulesets.define if operation == "define" else rulesets.step)(name, given)]
        except Exception as error:  # noqa: BLE001 -- whatever the library says, the one who asked decides what to do
            answer = ["failed", f"{type(error).__name__}: {getattr(error, 'message', error)}"]
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    serve()
