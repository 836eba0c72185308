"""Schema: the JSON Schema (2020-12) of answers, made from their campi and guards."""

from __future__ import annotations

from collections.abc import Iterable

from engine.answers import most_members
from engine.campo import Campo
from engine.conditionals import Conditionals, Json
from engine.guards import Guards, shown
from engine.messages import sentence
from engine.reach import campi_of
from engine.servizio import Servizio
from engine.specimen import specimen, specimens
from engine.tipo import DIGITS, Tipo

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema(servizio: Servizio) -> Json:
    """Return the schema of the answers: every campo that a rule or the form uses, none of them required."""
    campi = {name: servizio.campi[name] for name in asked(servizio)}
    return answers_schema(Guards(campi, servizio.guards), servizio.titolo, identifier(servizio))


def identifier(servizio: Servizio) -> str:
    """Return the name that the schema of a version of a service has in the world."""
    return f"urn:comma:servizi:{servizio.name}:{servizio.since.isoformat()}:risposte"


def answers_schema(guards: Guards, titolo: str, identity: str) -> Json:
    """Return the schema of the answers to some campi; what their guards can say in a schema is in `allOf`."""
    conditions = Conditionals(guards).among(guards.campi)
    return {
        "$schema": DRAFT,
        "$id": identity,
        "title": titolo,
        "description": sentence("schema.answers", {}),
        "examples": [specimens(guards.campi, guards)],
        "type": "object",
        "properties": {name: campo_schema(campo, guards) for name, campo in guards.campi.items()},
        "additionalProperties": False,
        **({"allOf": conditions} if conditions else {}),
    }


def asked(servizio: Servizio) -> list[str]:
    """Return the campi on which the service rests, in the order in which they are asked."""
    used = servizio.rests_on or campi_of(servizio)
    return [name for name in servizio.order if name in used]


def campo_schema(campo: Campo, guards: Guards, elenco: str = "") -> Json:
    """Return the schema of one campo; limits on decimals and dates are described, and checked by the engine."""
    guard = guards.of(campo.name, elenco)
    tipo, kind = campo.tipo, "intero" if campo.tipo == Tipo("numero") else campo.tipo.name
    about = [sentence(f"schema.{kind}", {"unit": tipo.unit, "places": str(tipo.places)})]
    about += _limits(campo)
    about += [sentence("schema.guard", {"guard": shown(guard, guards.campi)})] if guard is not None else []
    described: Json = {
        "title": campo.domanda,
        "description": " ".join(about),
        "x-prova": campo.prova,
        "x-dato": campo.dato,
        "x-tipo": tipo.name,
    }
    if campo.campi:
        return {**described, **_elenco(campo, guards)}
    value = _value(campo)
    described["examples"] = [specimen(campo)]
    if not campo.judgement:
        return {**described, **value}
    judged = {"valore": value, "motivazione": {"type": ["string", "null"]}}
    return {
        **described,
        "anyOf": [value, {"type": "object", "properties": judged, "additionalProperties": False}],
    }


def _limits(campo: Campo) -> Iterable[str]:
    for key, limit in (("minimo", campo.minimo), ("massimo", campo.massimo)):
        if limit is not None:
            yield sentence(f"schema.{key}", {"limit": campo.tipo.show(limit)})


def _value(campo: Campo) -> Json:
    """Return the schema of a value; null is an answer that is not known, like one that is absent."""
    tipo = campo.tipo
    text: Json = {"type": ["string", "null"]}
    match tipo.name:
        case "sì/no":
            return {"type": ["boolean", "null"]}
        case "scelta":
            return {**text, "enum": [*tipo.options, None]}
        case "più scelte":
            option = {"type": "string", "enum": list(tipo.options)}
            return {"type": ["array", "null"], "items": option, "uniqueItems": True}
        case "data":
            return {**text, "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
        case "codice fiscale":
            return {**text, "pattern": "^([A-Za-z0-9]{16}|[0-9]{11})$"}
        case "testo" | "comune":
            return {**text, "minLength": 1}
    if not tipo.whole:
        return {**text, "pattern": rf"^-?[0-9]{{1,{DIGITS}}}(\.[0-9]{{1,{tipo.places}}})?$"}
    limits = {"minimum": campo.minimo, "maximum": campo.massimo}
    return {"type": ["integer", "null"], **{key: limit for key, limit in limits.items() if limit is not None}}


def _elenco(campo: Campo, guards: Guards) -> Json:
    fields = {name: campo_schema(inner, guards, campo.name) for name, inner in campo.campi.items()}
    conditions = Conditionals(guards).among(campo.campi, campo.name)
    member: Json = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "string", "pattern": "^[^/]+$"}, **fields},
        "additionalProperties": False,
        **({"allOf": conditions} if conditions else {}),
    }
    members: Json = {"type": "array", "items": member, "maxItems": most_members(campo)}
    whole: Json = {
        "type": "object",
        "required": ["membri"],
        "properties": {"completo": {"type": ["boolean", "null"]}, "membri": members},
        "additionalProperties": False,
    }
    if campo.minimo:
        complete = {"properties": {"completo": {"const": True}}, "required": ["completo"]}
        whole |= {"if": complete, "then": {"properties": {"membri": {"minItems": campo.minimo}}}}
    inner = {key: clause for key, clause in guards.clauses.items() if "/" in key}
    examples = [specimens([campo.name], Guards(guards.campi, inner))[campo.name]]
    return {"examples": examples, "anyOf": [members, whole, {"type": "null"}]}
