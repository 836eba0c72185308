"""Small services written in a few lines, without a form and without what only the checks ask for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import nestedtext

from engine.answers import read_answers
from engine.evaluation import Evaluation, evaluate
from engine.servizio import Servizio
from tests.generator import ON, assembled
from tests.oracle import Oracle
from tests.test_lingua import completed

#: A parametro that no rule uses: the file may not be empty.
UNUSED = {"mai": {"titolo": "Mai", "tipo": "numero", "valori": {"dal 01/01/2020": {"valore": "1", "fonte": "prova"}}}}


def small(text: str, **changes: Any) -> Servizio:
    """Read a service written as in tests/lingua, every campo asked in the order of the vocabolario."""
    data: Any = nestedtext.loads(text, top="dict")
    data["parametri"] = data.get("parametri", {}) | UNUSED
    data["servizio"] |= changes
    servizio = assembled(completed(data))
    return replace(servizio, order=tuple(servizio.campi))


def decide(servizio: Servizio, **given: object) -> Evaluation:
    """Evaluate a family on the day of the random services."""
    return evaluate(servizio, read_answers(given, servizio.campi), ON)


def oracle_of(evaluation: Evaluation) -> Oracle:
    """Return every completion of what an evaluation has looked at."""
    return Oracle(evaluation.servizio, evaluation.on, evaluation.answers)
