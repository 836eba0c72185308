"""A family as other systems send it: the schema of its answers, over the whole vocabulary, and how they are read."""

from __future__ import annotations

from typing import Any

from api.rules import Edition
from engine.answers import Answers, WrongAnswers, read_answers
from engine.messages import sentence
from engine.schema import campo_schema

Json = dict[str, Any]
#: Members of an elenco: each of them makes an evaluation longer, and no family is so large.
MEMBERS = 30
#: What is never null: who a member is, and whether a list is complete.
ALWAYS = ("id", "membri", "completo")


def read_family(edition: Edition, data: object) -> tuple[Answers, list[tuple[str, str]]]:
    """Read the answers of a family: what is known, and every wrong campo by JSON Pointer with its sentence."""
    try:
        answers, errors = read_answers(data, edition.rulebook.law.campi), list[tuple[str, str]]()
    except WrongAnswers as wrong:
        answers, errors = Answers(), list(wrong.errors)
    return answers, [*errors, *_too_many(edition, data)]


def family_schema(edition: Edition) -> Json:
    """Return the schema of what `read_family` reads: every campo of the vocabulary, none of them required."""
    campi = {name: campo_schema(campo) for name, campo in edition.rulebook.law.campi.items()}
    schema: Json = _as_read({"type": "object", "properties": campi, "additionalProperties": False})
    return schema


def _too_many(edition: Edition, data: object) -> list[tuple[str, str]]:
    """Return the lists with more members than can be evaluated in a reasonable time."""
    campi = edition.rulebook.law.campi
    found = []
    for name, value in data.items() if isinstance(data, dict) else ():
        members = value.get("membri") if isinstance(value, dict) else value
        elenco = name in campi and campi[name].tipo.name == "elenco"
        if elenco and isinstance(members, list) and len(members) > MEMBERS:
            limits = {"found": str(len(members)), "limit": str(MEMBERS)}
            found.append((f"/{name}", sentence("json.too_many", limits)))
    return found


def _as_read(schema: Any) -> Any:
    """Let every answer be null, which is the same as absent, and say how large numbers and lists are."""
    if isinstance(schema, list):
        return [_as_read(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _as_read(part) for key, part in schema.items()}
    if "properties" in found:
        inner = found["properties"].items()
        found["properties"] = {n: s if n in ALWAYS else {"anyOf": [s, {"type": "null"}]} for n, s in inner}
    if schema.get("type") == "integer":
        found["format"] = "int64"
    if schema.get("type") == "array" and "properties" in schema.get("items", {}):
        found["maxItems"] = min(MEMBERS, schema.get("maxItems", MEMBERS))
    return found
