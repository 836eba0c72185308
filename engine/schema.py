"""Schema: the JSON Schema (2020-12) of the answers of a service, made from its campi."""

from __future__ import annotations

from typing import Any

from engine.campo import Campo
from engine.clause import Clause
from engine.reach import reach
from engine.servizio import Servizio
from engine.tipo import MONEY

Json = dict[str, Any]


def schema(servizio: Servizio) -> Json:
    """Return the schema of the answers: every campo that a rule or the form uses, none of them required."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:comma:servizi:{servizio.name}:{servizio.since.isoformat()}:risposte",
        "title": servizio.titolo,
        "type": "object",
        "properties": {name: campo_schema(servizio.campi[name]) for name in asked(servizio)},
        "additionalProperties": False,
    }


def asked(servizio: Servizio) -> list[str]:
    """Return the campi on which the service rests, in the order in which they are asked."""
    clauses: list[Clause] = [c for r in servizio.requisiti.values() for c in (r.guard, r.clause) if c is not None]
    clauses += [coerenza.clause for coerenza in servizio.coerenze]
    used = set(reach(servizio, *servizio.calcoli, *servizio.definizioni, *clauses))
    return [name for name in servizio.order if name in used]


def campo_schema(campo: Campo) -> Json:
    """Return the schema of one campo; limits on decimal strings are checked by the engine."""
    described: Json = {"title": campo.domanda, "x-prova": campo.prova, "x-dato": campo.dato}
    if campo.tipo.name == "elenco":
        return {**described, **_elenco(campo)}
    value = _value(campo)
    if not campo.judgement:
        return {**described, **value}
    judged = {"valore": value, "motivazione": {"type": "string"}}
    return {
        **described,
        "anyOf": [value, {"type": "object", "properties": judged, "additionalProperties": False}],
    }


def _value(campo: Campo) -> Json:
    tipo = campo.tipo
    match tipo.name:
        case "sì/no":
            return {"type": "boolean"}
        case "scelta":
            return {"type": "string", "enum": list(tipo.options)}
        case "più scelte":
            return {
                "type": "array",
                "items": {"type": "string", "enum": list(tipo.options)},
                "uniqueItems": True,
            }
        case "data":
            return {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
        case "codice fiscale":
            return {"type": "string", "pattern": "^([A-Za-z0-9]{16}|[0-9]{11})$"}
        case "testo" | "comune":
            return {"type": "string", "minLength": 1}
    if tipo.name in MONEY or tipo.name == "percentuale" or tipo.decimals:
        return {"type": "string", "pattern": rf"^-?[0-9]+(\.[0-9]{{1,{tipo.decimals or 2}}})?$"}
    limits = {"minimum": campo.minimo, "maximum": campo.massimo}
    return {"type": "integer", **{key: limit for key, limit in limits.items() if limit is not None}}


def _elenco(campo: Campo) -> Json:
    members = {
        "id": {"type": "string", "minLength": 1},
        **{n: campo_schema(c) for n, c in campo.campi.items()},
    }
    item = {"type": "object", "required": ["id"], "properties": members, "additionalProperties": False}
    items: Json = {"type": "array", "items": item}
    if campo.massimo is not None:
        items["maxItems"] = campo.massimo
    whole = {"completo": {"type": "boolean"}, "membri": items}
    return {
        "anyOf": [
            items,
            {"type": "object", "required": ["membri"], "properties": whole, "additionalProperties": False},
        ]
    }
