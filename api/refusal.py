"""Refusals: what the API does not do, said as problem+json (RFC 9457) with an Italian sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.responses import Response

from engine.messages import SENTENCES, sentence

Json = dict[str, Any]
PROBLEM_JSON = "application/problem+json"
#: Every kind of refusal with its status; `type` is made from its name, title and detail are sentences of `api`.
STATUSES = {
    "unknown_parameter": 400,
    "not_utf8": 400,
    "not_json": 400,
    "not_object": 400,
    "repeated_key": 400,
    "too_deep": 400,
    "half_character": 400,
    "number": 400,
    "key_malformed": 400,
    "unreadable_request": 400,
    "digest_malformed": 400,
    "digest_differs": 400,
    "other_host": 400,
    "not_recognised": 401,
    "voucher_refused": 401,
    "evidence_refused": 401,
    "not_yours": 403,
    "not_ours": 403,
    "no_address": 404,
    "no_servizio": 404,
    "not_in_force": 404,
    "no_atto": 404,
    "no_articolo": 404,
    "not_allowed": 405,
    "key_busy": 409,
    "too_large": 413,
    "too_many_values": 413,
    "media_type": 415,
    "compressed": 415,
    "wrong_content": 422,
    "key_reused": 422,
    "too_many_requests": 429,
    "failure": 500,
    "no_rules": 503,
    "store_unavailable": 503,
    "no_keys": 503,
}


class Refusal(Exception):
    """A request that is refused: its kind, what fills its sentence, each wrong field, and the headers to add."""

    def __init__(
        self, kind: str, errors: Sequence[Json] = (), headers: Mapping[str, str] | None = None, /, **data: object
    ) -> None:
        self.kind = kind
        self.errors = errors
        self.headers = dict(headers or {})
        self.detail = sentence(f"api.{kind}", {key: str(value) for key, value in data.items()})
        super().__init__(kind)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return STATUSES[self.kind]

    def response(self, path: str) -> Response:
        """Return the problem+json of this refusal for the address that was asked."""
        content = written(problem_json(self.kind, self.detail, path, self.errors))
        return Response(content, self.status, self.headers, PROBLEM_JSON)


def problem_json(kind: str, detail: str, path: str, errors: Sequence[Json] = ()) -> Json:
    """Return the members of a problem."""
    said: Json = {
        "type": problem_type(kind),
        "title": SENTENCES[f"api.{kind}_title"],
        "status": STATUSES[kind],
        "detail": detail,
        "instance": path,
    }
    return {**said, "errori": list(errors)} if errors else said


def problem_type(kind: str) -> str:
    """Return the URN of a kind of refusal, the same in every installation."""
    return f"urn:comma:problem:{kind.replace('_', '-')}"


def written(value: object) -> bytes:
    """Write JSON as UTF-8; half of a surrogate pair, which UTF-8 does not have, becomes a question mark."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:  # half a pair, or a number over 64 bits
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode("utf-8", "replace")
