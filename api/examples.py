"""Examples for the documentation: real answers to requests made from the esempi of the rules that are served."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from string import Formatter

from api.reads import READS, Call
from api.refusal import STATUSES, Json, problem_json, written
from api.rules import Edition
from api.valutazioni import evaluate_all, evaluate_one
from engine.answers import Answers, Elenco, read_example
from engine.campo import Campo
from engine.document import Section
from engine.messages import SENTENCES
from engine.servizio import Servizio
from engine.tipo import Value, parse_day

KEY = '"0b5a1c7e-6f0e-4d4b-9a51-3f1f5d0c2a77"'


@dataclass(frozen=True, slots=True)
class Subject:
    """What the examples are about: a service, a family of its esempi, a day, an article."""

    names: Mapping[str, str]
    day: date
    family: Json


@lru_cache(maxsize=2)
def subject(edition: Edition) -> Subject | None:
    """Return what the examples are about: the first esempio of the first service; None if there is none."""
    found = next((v for versions in edition.rulebook.servizi.values() for v in versions if v.esempi), None)
    if found is None:
        return None
    esempio = found.esempi[0]
    dati = esempio.node.get("dati")
    answers = read_example(dati, found.campi, []) if isinstance(dati, Section) else Answers()
    atto, articolo = next(iter(_cited(found, edition)), ("", ""))
    names = {"servizio": found.name, "atto": atto, "articolo": articolo}
    return Subject(names, parse_day(esempio.node.text("al")), family_json(answers, found.campi))


def example_of(edition: Edition, method: str, path: str) -> tuple[Json, Json]:
    """Return an example of request and of response for an address; nothing where there is none."""
    about = subject(edition)
    if about is None or not all(about.names[name] for name in names_in(path)):
        return {}, {}
    read = next((read for read in READS if read.path == path), None)
    if read is not None:
        return {}, {"example": read.answer(Call(edition, about.names, about.day if read.dated else None, about.day))}
    if method == "GET":
        return {}, {}
    body = {"al": about.day.isoformat(), "risposte": about.family}
    one = "{servizio}" in path
    name, content = about.names["servizio"], written(body)
    answer = evaluate_one(edition, name, content, about.day) if one else evaluate_all(edition, content, about.day)
    return {"example": body}, {"example": json.loads(answer)}


def names_in(path: str) -> list[str]:
    """Return the names in the braces of a path."""
    return [name for _, name, _, _ in Formatter().parse(path) if name]


def problem_example(status: int) -> Json:
    """Return an example of problem: the first of that status, with its sentence as it is written."""
    kind = next(kind for kind, found in STATUSES.items() if found == status)
    return problem_json(kind, SENTENCES[f"api.{kind}"], "/v1/valutazioni")


def family_json(answers: Answers, campi: Mapping[str, Campo]) -> Json:
    """Write answers as other systems send them."""
    return {name: _value(campi[name], value) for name, value in answers.values.items()}


def _value(campo: Campo, value: Value | Elenco) -> object:
    if not isinstance(value, Elenco):
        return campo.tipo.to_json(value)
    members = [
        {"id": member, **{name: _value(campo.campi[name], inner) for name, inner in fields.items()}}
        for member, fields in value.members.items()
    ]
    return {"completo": value.complete, "membri": members}


def _cited(servizio: Servizio, edition: Edition) -> list[tuple[str, str]]:
    """Return the articles that a service cites and whose file is there, first those of its requisiti."""
    sources = [r.fonte for r in servizio.requisiti.values()] + [e.fonte for e in servizio.esiti] + [servizio.fonte]
    cited = [(citation.atto, citation.articolo) for fonte in sources for citation in fonte.citations]
    return [article for article in cited if article in edition.articoli]
