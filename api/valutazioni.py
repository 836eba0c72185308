"""Evaluations for other systems: one service, or every service in force that day, from one JSON request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from api.body import read_object
from api.family import read_family
from api.refusal import Refusal, written
from api.rules import Edition
from api.versions import dated, not_in_force, version_at, versions_of
from engine.answers import Answers, pointer
from engine.campo import Campo
from engine.evaluation import campo_of
from engine.explanation import explain
from engine.messages import sentence
from engine.number import WrongValue
from engine.problem import suggestion
from engine.route import route
from engine.tipo import Tipo

Json = dict[str, Any]
NAMES = ("al", "risposte", "spiegazioni")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks: the day, what is known about the family, and whether the reasons are wanted."""

    on: date
    answers: Answers
    reasons: bool


def evaluate_one(edition: Edition, name: str, content: bytes, today: date) -> bytes:
    """Evaluate a family for one service and say why."""
    versions_of(edition, name)
    asked = _asked(edition, content, today, NAMES[:2])
    servizio = version_at(edition, name, asked.on)
    return written(explain(edition.memory.evaluate(servizio, asked.answers, asked.on)).as_json())


def evaluate_all(edition: Edition, content: bytes, today: date) -> bytes:
    """Evaluate a family for every service in force that day, its data given once."""
    asked = _asked(edition, content, today, NAMES)
    book, day = edition.rulebook, asked.on
    governing = {name: book.at(name, day) for name in book.servizi}
    found, briefs = [], []
    for servizio in filter(None, governing.values()):
        explanation = explain(edition.memory.evaluate(servizio, asked.answers, day))
        brief = explanation.brief(edition.fingerprint(servizio, day))
        briefs.append(brief)
        found.append({**brief, "spiegazione": explanation.as_json()} if asked.reasons else brief)
    absent = [not_in_force(versions) for name, versions in book.servizi.items() if governing[name] is None]
    return written(
        {
            "al": day.isoformat(),
            "regole": edition.impronta,
            "sintesi": _overview(briefs, book.law.campi),
            "servizi": found,
            "sportello": _desk(edition, asked.answers, day),
            "non_in_vigore": absent,
        }
    )


def _desk(edition: Edition, answers: Answers, day: date) -> Json | None:
    """Return the desk to which the family goes, in brief; None where no table says so on that day."""
    desks = edition.rulebook.sportelli
    if desks is None or desks.at(day) is None:
        return None
    return route(desks, answers, day, edition.memory.evaluate).brief()


def _asked(edition: Edition, content: bytes, today: date, names: Sequence[str]) -> Asked:
    """Read a request; refuse it with all that is wrong in it, at once."""
    body = read_object(content)
    errors = [(pointer(name), _unknown(name, names)) for name in body if name not in names]
    on, reasons, answers = today, False, Answers()
    try:
        on = dated(body["al"]) if "al" in body else today
    except WrongValue as wrong:
        errors.append(("/al", str(wrong)))
    try:
        reasons = "spiegazioni" in names and Tipo("sì/no").from_json(body.get("spiegazioni", False)) is True
    except WrongValue as wrong:
        errors.append(("/spiegazioni", str(wrong)))
    if "risposte" in body:
        answers, mistakes = read_family(edition, body["risposte"])
        errors += [(f"/risposte{mistake.pointer}", mistake.sentence) for mistake in mistakes]
    else:
        errors.append(("/risposte", sentence("api.no_risposte", {})))
    if errors:
        raise Refusal("wrong_content", [_error(body, *error) for error in errors], count=len(errors))
    return Asked(on, answers, reasons)


def _unknown(name: str, names: Sequence[str]) -> str:
    data = {"name": name, "hint": suggestion(name, names), "names": ", ".join(names)}
    return sentence("api.unknown_property", data)


def _error(body: object, place: str, said: str) -> Json:
    """Return one entry of `errori`; `valore` is what was received there, absent if nothing was."""
    value = body
    for part in place.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, dict) and key in value:
            value = value[key]
        else:
            return {"puntatore": place, "messaggio": said}
    return {"puntatore": place, "messaggio": said, "valore": value}


def _overview(briefs: list[Json], campi: Mapping[str, Campo]) -> Json:
    """Return which services have which esito, and every question once, with the services that it serves."""
    esiti: dict[str, list[str]] = {}
    for brief in briefs:
        esiti.setdefault(brief["esito"], []).append(brief["servizio"])
    return {"esiti": esiti, "prossime_domande": _questions(briefs, campi)}


def _questions(briefs: list[Json], campi: Mapping[str, Campo]) -> list[Json]:
    """Put first the question that serves most services, then the one that settles most where it stands."""
    served: dict[str, list[str]] = {}
    best: dict[str, int] = {}
    for brief in briefs:
        for rank, path in enumerate(brief["prossime_domande"]):
            served.setdefault(path, []).append(brief["servizio"])
            best[path] = min(rank, best.get(path, rank))
    order = sorted(served, key=lambda path: (-len(served[path]), best[path]))
    return [_question(campi, path, served[path]) for path in order]


def _question(campi: Mapping[str, Campo], path: str, servizi: list[str]) -> Json:
    campo = campo_of(campi, path)
    return {"campo": path, "domanda": campo.domanda, "prova": campo.prova, "servizi": servizi}
