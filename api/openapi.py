"""The OpenAPI document: api/openapi.nt, with the campi and the names of the rules that are served."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import nestedtext

from api.examples import KEY, example_of, problem_example, subject
from api.family import family_schema
from api.identity.rights import rights
from api.refusal import PROBLEM_JSON
from api.rules import Edition

Json = dict[str, Any]
TRIPLE = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
REPLAYED = "Idempotency-Replayed"
#: The name of the scheme by which other systems get a token.
OAUTH = "token"
ALWAYS = ("429", "500", "503")

_INTEGER = {"type": "integer", "format": "int32"}
_KINDS: dict[str, Json] = {
    "testo": {"type": "string"},
    "data": {"type": "string", "format": "date"},
    "momento": {"type": "string", "format": "date-time"},
    "intero": _INTEGER,
    "sì/no": {"type": "boolean"},
    "URN": {"type": "string", "format": "uri"},
    "indirizzo": {"type": "string", "format": "uri"},
    "oggetto": {"type": "object"},
    "qualsiasi": {},
    "dato": {
        "anyOf": [
            {"type": "string"},
            {"type": "integer", "format": "int64"},
            {"type": "boolean"},
            {"type": "array", "items": {"type": "string"}},
            {"type": "null"},
        ]
    },
}


@cache
def _written(office: bool) -> Any:
    source: Any = _file("openapi.nt")
    more: Any = _file("openapi_archivio.nt") if office else {}
    return {name: {**part, **more.get(name, {})} for name, part in source.items()}


def _file(name: str) -> Any:
    return nestedtext.loads(files("api").joinpath(name).read_text("utf-8"), top="dict")


@lru_cache(maxsize=4)
def document(edition: Edition, address: str, office: bool = False) -> Json:
    """Return the OpenAPI 3.1 document of the rules that are served at that address, and of an office with its store."""
    source = _written(office)
    sandbox = {} if address.startswith("https://") else {"x-sandbox": True}
    paths: dict[str, Json] = {}
    for name, operation in source["operations"].items():
        method, path = name.split(" ")
        paths.setdefault(path, {})[method.lower()] = _operation(operation, example_of(edition, method, path))
    return {
        "openapi": "3.1.0",
        "info": {**source["info"], "termsOfService": f"{address}/documentazione#condizioni"},
        "servers": [{"url": address, "description": source["info"]["title"], **sandbox}],
        "tags": [{"name": name, "description": text} for name, text in source["tags"].items()],
        "paths": paths,
        "components": {
            "schemas": _schemas(edition, source["schemas"]),
            "parameters": {name: _parameter(edition, name, p) for name, p in source["parameters"].items()},
            "headers": {name: _header(name, text) for name, text in source["headers"].items()},
            "responses": {status: _response(status, text) for status, text in source["errors"].items()},
            **({"securitySchemes": {OAUTH: _oauth(address, source["operations"])}} if office else {}),
        },
    }


def _operation(written: Mapping[str, str], examples: tuple[Json, Json]) -> Json:
    found: Json = {key: written[key] for key in ("operationId", "summary", "description")}
    found["tags"] = [written["tag"]]
    if "ambito" in written:
        found["security"] = [{OAUTH: [written["ambito"]]}]
    if "parametri" in written:
        found["parameters"] = [{"$ref": f"#/components/parameters/{name}"} for name in written["parametri"].split()]
    if "richiesta" in written:
        asked = {"schema": _schema(written["richiesta"]), **examples[0]}
        found["requestBody"] = {"required": True, "content": {"application/json": asked}}
    content = {"application/json": {"schema": _schema(written["risposta"]), **examples[1]}}
    headers = _headers(*TRIPLE, *((REPLAYED,) if "richiesta" in written else ()))
    done = {"description": written["summary"], "headers": headers, "content": content}
    errors = [*written["errori"].split(), *ALWAYS]
    answers = {status: {"$ref": f"#/components/responses/{status}"} for status in errors}
    return {**found, "responses": {"200": done, **answers}}


def _oauth(address: str, operations: Mapping[str, Mapping[str, str]]) -> Json:
    """Return how a token is asked for, with the scopes that the operations need."""
    asked = {operation["ambito"] for operation in operations.values() if "ambito" in operation}
    scopes = {scope: title for scope, title in rights().scopes.items() if scope in asked}
    return {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": f"{address}/oauth/token", "scopes": scopes}}}


def _response(status: str, text: str) -> Json:
    """Return what an error carries."""
    content = {PROBLEM_JSON: {"schema": _schema("Problema"), "example": problem_example(int(status))}}
    later = ("Retry-After",) if status in ("429", "503") else ()
    return {"description": text, "headers": _headers(*TRIPLE, *later), "content": content}


def _header(name: str, text: str) -> Json:
    return {"description": text, "schema": _KINDS["sì/no"] if name == REPLAYED else _INTEGER}


def _headers(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _parameter(edition: Edition, name: str, written: Mapping[str, str]) -> Json:
    law = edition.rulebook.law
    schema: Json = {"type": "string", **{key: written[key] for key in ("pattern", "format") if key in written}}
    known = {
        "servizio": [servizio for servizio, versions in edition.rulebook.servizi.items() if versions],
        "atto": list(dict.fromkeys(atto for atto, _ in sorted(law.articles))),
    }.get(name)
    if known:
        schema = {"type": "string", "enum": known}
    found = {"name": written.get("name", name), "in": written["in"], "description": written["description"]}
    return {**found, "required": written["in"] == "path", "schema": schema, **_parameter_example(edition, name)}


def _parameter_example(edition: Edition, name: str) -> Json:
    about = subject(edition)
    if about is None:
        return {}
    shown = {**about.names, "al": about.day.isoformat(), "idempotency_key": KEY}[name]
    return {"example": shown} if shown else {}


def _schemas(edition: Edition, written: Mapping[str, Mapping[str, str]]) -> Json:
    return {**{name: _object(properties) for name, properties in written.items()}, "Risposte": family_schema(edition)}


def _object(written: Mapping[str, str]) -> Json:
    """Read the properties of a schema; the ones with ? may be absent, and … lets others be there."""
    properties, required = {}, []
    for name, text in written.items():
        if name == "…":
            continue
        kind, _, description = text.partition(" — ")
        schema = _schema(kind)
        properties[name.removesuffix("?")] = {**schema, "description": description}
        required += [] if name.endswith("?") else [name]
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": "…" in written,
    }


def _schema(kind: str) -> Json:
    """Read the words for a type."""
    for words, wrap in _WRAPPERS:
        if kind.startswith(words):
            found: Json = wrap(kind.removeprefix(words))
            return found
    if kind.endswith(" o null"):
        return {"anyOf": [_schema(kind.removesuffix(" o null")), {"type": "null"}]}
    return dict(_KINDS[kind]) if kind in _KINDS else {"$ref": f"#/components/schemas/{kind}"}


_WRAPPERS: tuple[tuple[str, Any], ...] = (
    ("elenco di ", lambda rest: {"type": "array", "items": _schema(rest)}),
    ("mappa di ", lambda rest: {"type": "object", "additionalProperties": _schema(rest)}),
    ("uno fra ", lambda rest: {"type": "string", "enum": rest.split("; ")}),
)
