"""A family as other systems send it: the schema of its answers, over the whole vocabulary, and how they are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from api.rules import Edition
from engine.answers import Answers, Mistake, WrongAnswers
from engine.messages import sentence

Json = dict[str, Any]
#: Members of an elenco: each of them makes an evaluation longer, and no family is so large.
MEMBERS = 30


def read_family(edition: Edition, data: object) -> tuple[Answers, list[Mistake]]:
    """Read the answers of a family: what is known, and every mistake with its place, sentence and value."""
    try:
        answers, mistakes = edition.validation.read(data), list[Mistake]()
    except WrongAnswers as wrong:
        answers, mistakes = Answers(), list(wrong.errors)
    return answers, [*mistakes, *_too_many(edition, data)]


def family_schema(edition: Edition) -> Json:
    """Return the schema of what `read_family` reads: every campo of the vocabulary, none of them required."""
    schema: Json = _as_read(edition.validation.schema)
    return schema


def _too_many(edition: Edition, data: object) -> Iterator[Mistake]:
    """Yield the lists with more members than can be evaluated in a reasonable time."""
    campi = edition.rulebook.law.campi
    for name, value in data.items() if isinstance(data, dict) else ():
        members = value.get("membri") if isinstance(value, dict) else value
        elenco = name in campi and campi[name].tipo.name == "elenco"
        if elenco and isinstance(members, list) and len(members) > MEMBERS:
            limits = {"found": str(len(members)), "limit": str(MEMBERS)}
            yield Mistake(f"/{name}", sentence("json.too_many", limits), value)


def _as_read(schema: Any) -> Any:
    """Say how large numbers and lists are, as the catalogue of public APIs asks."""
    if isinstance(schema, list):
        return [_as_read(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: part if key in ("examples", "enum", "const") else _as_read(part) for key, part in schema.items()}
    types = schema.get("type", ())
    if "integer" in ([types] if isinstance(types, str) else types):
        found["format"] = "int64"
    if "properties" in schema.get("items", {}):
        found["maxItems"] = min(MEMBERS, schema.get("maxItems", MEMBERS))
    return found
