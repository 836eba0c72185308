"""A family as other systems send it: the schema of its answers, over the whole vocabulary, and how they are read."""

from __future__ import annotations

from typing import Any

from api.rules import Edition
from engine.answers import Answers, Mistake, WrongAnswers

Json = dict[str, Any]


def read_family(edition: Edition, data: object) -> tuple[Answers, list[Mistake]]:
    """Read the answers of a family: what is known, and every mistake with its place, sentence and value."""
    try:
        return edition.validation.read(data), []
    except WrongAnswers as wrong:
        return Answers(), list(wrong.errors)


def family_schema(edition: Edition) -> Json:
    """Return the schema of what `read_family` reads: every campo of the vocabulary, none of them required."""
    schema: Json = _as_read(edition.validation.schema)
    return schema


def _as_read(schema: Any) -> Any:
    """Say how large numbers are, as the catalogue of public APIs asks."""
    if isinstance(schema, list):
        return [_as_read(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: part if key in ("examples", "enum", "const") else _as_read(part) for key, part in schema.items()}
    types = schema.get("type", ())
    if "integer" in ([types] if isinstance(types, str) else types):
        found["format"] = "int64"
    return found
