"""The body of a request, read as strict JSON: every way of being wrong has its sentence."""

from __future__ import annotations

import json
import math
from typing import NoReturn

from starlette.requests import Request

from api.refusal import Refusal

#: Objects and lists one inside the other: answers need five.
DEPTH = 12
#: Values in a body: a family of nine needs about two hundred.
VALUES = 2000
#: Whole numbers are int64 in the OpenAPI document.
WHOLE, DIGITS = 2**63 - 1, 20
JSON_TYPE = "application/json"


async def read_content(request: Request) -> bytes:
    """Return the bytes of a JSON request; refuse another media type before reading."""
    given = request.headers.get("content-type", "")
    kind, *parameters = (part.strip().lower() for part in given.split(";"))
    charsets = [part.removeprefix("charset=").strip('"') for part in parameters if part.startswith("charset=")]
    if kind != JSON_TYPE or any(charset not in ("utf-8", "utf8") for charset in charsets):
        raise Refusal("media_type", (), {"Accept-Post": JSON_TYPE}, given=given or "-")
    return await request.body()


def read_object(content: bytes) -> dict[str, object]:
    """Read a JSON object; refuse what is not UTF-8, not JSON, not an object, repeated, too deep or too much."""
    try:
        text = content.decode("utf-8-sig")
        value = json.loads(
            text, object_pairs_hook=_once, parse_int=_whole, parse_float=_finite, parse_constant=_no_constant
        )
    except UnicodeDecodeError as error:
        raise Refusal("not_utf8", position=error.start + 1) from None
    except json.JSONDecodeError as error:
        raise Refusal("not_json", line=error.lineno, column=error.colno) from None
    except RecursionError:
        raise Refusal("too_deep", most=DEPTH) from None
    if not isinstance(value, dict):
        raise Refusal("not_object")
    if _count(value, DEPTH) > VALUES:
        raise Refusal("too_many_values", most=VALUES)
    if "\\u" in text:
        _no_half_characters(value)
    return value


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise Refusal("repeated_key", name=next(name for name in names if names.count(name) > 1))
    return found


def _whole(text: str) -> int:
    if len(text) > DIGITS or abs(value := int(text)) > WHOLE:
        raise Refusal("number")
    return value


def _finite(text: str) -> float:
    """Read a number with decimals; 3.0 is a whole number, as in JSON Schema."""
    value = float(text)
    if not math.isfinite(value):
        raise Refusal("number")
    return int(value) if value.is_integer() and abs(value) <= WHOLE else value


def _no_constant(text: str) -> NoReturn:
    """Refuse NaN and Infinity, which JSON does not have."""
    raise Refusal("number")


def _count(value: dict[str, object] | list[object], depth: int) -> int:
    """Count the values, and refuse what is too deep."""
    if depth == 0:
        raise Refusal("too_deep", most=DEPTH)
    parts = value.values() if isinstance(value, dict) else value
    return 1 + sum([_count(part, depth - 1) if isinstance(part, (dict, list)) else 1 for part in parts])


def _no_half_characters(value: object) -> None:
    """Refuse half of a surrogate pair, which no answer could repeat in UTF-8."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Refusal("half_character") from None
