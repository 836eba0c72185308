"""Answers that arrive: held against the schema and read, beside the two validators alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from jsonschema import Draft202012Validator

from bench import rules
from bench.timing import Times, compare
from engine.answers import WrongAnswers
from engine.rulebook import Rulebook
from engine.servizio import Servizio
from engine.validation import Validation, validation

READ = "`read`, risposte giuste"
READ_WRONG = "`read`, sei errori con le loro frasi"
RUST = "jsonschema-rs da solo, risposte giuste"
RUST_WRONG = "jsonschema-rs da solo, sei errori"
PYTHON = "jsonschema da solo, risposte giuste"
PYTHON_WRONG = "jsonschema da solo, sei errori"
MISTAKES = 6
#: How people who know no JSON would write the answers; what is not here becomes a list.
MISWRITTEN = {"sì/no": "sì", "euro": "9.360,50", "euro al mese": "500 €", "data": "31/12/2023", "numero": "3"}


def largest(rulebook: Rulebook) -> Servizio:
    """Return the version of a service that asks most."""
    versions = [version for each in rulebook.servizi.values() for version in each]
    return max(versions, key=lambda version: len(validation(version).guards.campi))


def thirty() -> tuple[Validation, list[dict[str, object]]]:
    """Return the validation of the service of the measurements, and its families as they would be sent."""
    servizio = rules.servizio()
    tipi = {name: campo.tipo for name, campo in servizio.campi.items()}
    sent = [{name: tipi[name].to_json(value) for name, value in family.items()} for family in rules.families()]
    return validation(replace(servizio, order=tuple(servizio.campi))), sent


def wrong(asked: Validation, right: dict[str, object]) -> dict[str, object]:
    """Return the same answers with six mistakes."""
    wrongly: dict[str, object] = {
        name: MISWRITTEN.get(asked.guards.campi[name].tipo.name, [[]]) for name in list(right)[: MISTAKES - 1]
    }
    return {**right, **wrongly, "altro": True}


def times(asked: Validation, sent: list[dict[str, object]]) -> dict[str, Times]:
    """Time every contender on right answers and on wrong ones; they must agree on which are which."""
    oracle, mistaken = Draft202012Validator(asked.schema), [wrong(asked, each) for each in sent]
    for right, other in zip(sent, mistaken, strict=True):
        assert oracle.is_valid(right) == asked.conforms(right) is True
        assert oracle.is_valid(other) == asked.conforms(other) is False
        assert count(asked, right) == 0
        assert count(asked, other) == MISTAKES
    contenders: dict[str, tuple[Callable[[Any], object], list[Any]]] = {
        READ: (asked.read, sent),
        READ_WRONG: (lambda each: count(asked, each), mistaken),
        RUST: (asked.validator.is_valid, sent),
        RUST_WRONG: (lambda each: list(asked.validator.iter_errors(each)), mistaken),
        PYTHON: (oracle.is_valid, sent),
        PYTHON_WRONG: (lambda each: list(oracle.iter_errors(each)), mistaken),
    }
    return compare(contenders)


def count(asked: Validation, data: object) -> int:
    """Return how many mistakes some answers have."""
    try:
        asked.read(data)
    except WrongAnswers as refused:
        return len(refused.errors)
    return 0
