"""What may be written in a store: the same for every store, so that each can hold what another held."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from api.store.contract import Event, Index, Json, Put
from engine.messages import encodable


def check(puts: Sequence[Put], events: Sequence[Event]) -> None:
    """Raise ValueError for what no store accepts: a record named twice, a revision below zero, a text with a NUL."""
    named = [(put.kind, put.id) for put in puts]
    if len(set(named)) != len(named):
        raise ValueError("a commit names a record twice")
    for put in puts:
        if put.expected < 0:
            raise ValueError(f"revision {put.expected}")
        texts = (value for field, values in put.index.items() for value in (field, *values))
        _check_texts((put.kind, put.id, put.order, *texts))
    for event in events:
        _check_texts((event.at, event.who, event.action, event.about, *event.detail, *event.detail.values()))


def storable(text: str) -> bool:
    """Whether every store can keep a text."""
    return "\0" not in text and encodable(text)


def json_text(value: Json | Index) -> str:
    """Write a JSON object on one line of ASCII; ValueError if it is not JSON."""
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError("not JSON") from error


def _check_texts(texts: Iterable[str]) -> None:
    for text in texts:
        if not storable(text):
            raise ValueError(f"a text that no store can keep: {text!a}")
