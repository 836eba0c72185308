"""The rules of ModI for an OpenAPI document, one function each: they yield what breaks them, with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from jsonschema import Draft202012Validator

Json = dict[str, Any]
Rule = Callable[[Json], Iterator[str]]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
PROBLEM = ("application/problem+json", "application/problem+xml")
TRIPLE = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
NUMBERS = ("decimal32", "decimal64", "decimal128", "float", "double")
INTEGERS = ("int32", "int64")
#: Headers with X- that were there before they were advised against.
OLD_HEADERS = (*TRIPLE, "X-Request-Id", "X-Correlation-Id")


def resolved(document: Json, part: Any) -> Any:
    """Follow the references of a part to what they name."""
    while isinstance(part, dict) and "$ref" in part:
        found: Any = document
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name.replace("~1", "/").replace("~0", "~")]
        part = found
    return part


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Yield place, method and operation."""
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                yield f"{method.upper()} {path}", method, methods[method]


def responses(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Yield place, status and response of every operation."""
    for place, _, operation in operations(document):
        for status, response in operation["responses"].items():
            yield f"{place} {status}", str(status), resolved(document, response)


def parameters(document: Json) -> Iterator[tuple[str, Json]]:
    """Yield place and parameter of every operation."""
    for place, _, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            found = resolved(document, parameter)
            yield f"{place} {found['name']}", found


def nodes(part: Any, place: str = "") -> Iterator[tuple[str, Json]]:
    """Yield every object of the document, the examples excepted."""
    if isinstance(part, dict):
        yield place, part
        for key, value in part.items():
            if key != "example":
                yield from nodes(value, f"{place}/{key}")
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from nodes(value, f"{place}/{index}")


def no_reserved_header(document: Json) -> Iterator[str]:
    for place, parameter in parameters(document):
        if parameter["in"] == "header" and parameter["name"].lower() in ("accept", "content-type", "authorization"):
            yield place


def no_body_on_get(document: Json) -> Iterator[str]:
    for place, method, operation in operations(document):
        if method == "get" and "requestBody" in operation:
            yield place


def no_content_on_204(document: Json) -> Iterator[str]:
    for place, status, response in responses(document):
        if status in ("204", "205") and response.get("content"):
            yield place


def servers_described(document: Json) -> Iterator[str]:
    servers = document.get("servers", [])
    yield from ([] if servers else ["servers"])
    for server in servers:
        if not server.get("description"):
            yield server["url"]


def servers_https(document: Json) -> Iterator[str]:
    for server in document.get("servers", []):
        if not server["url"].startswith("https://") and server.get("x-sandbox") is not True:
            yield server["url"]


def summary(document: Json) -> Iterator[str]:
    yield from ([] if document["info"].get("x-summary") else ["info"])


def contact(document: Json) -> Iterator[str]:
    found = document["info"].get("contact", {})
    yield from ([] if found.get("name") and (found.get("url") or found.get("email")) else ["info"])


def semantic_version(document: Json) -> Iterator[str]:
    if not re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?", document["info"].get("version", "")):
        yield "info"


def number_format(document: Json) -> Iterator[str]:
    for place, node in nodes(document):
        if node.get("type") == "number" and node.get("format") not in NUMBERS:
            yield place


def integer_format(document: Json) -> Iterator[str]:
    for place, node in nodes(document):
        if node.get("type") == "integer" and node.get("format") not in INTEGERS:
            yield place


def openapi_3(document: Json) -> Iterator[str]:
    if "swagger" in document or not str(document.get("openapi", "")).startswith("3."):
        yield "openapi"


def valid_examples(document: Json) -> Iterator[str]:
    for place, node in nodes(document):
        for found, schema in (("example", node.get("schema", node if "type" in node else None)),):
            if found in node and schema is not None:
                whole = {**schema, "components": document["components"]}
                for error in Draft202012Validator(whole).iter_errors(node[found]):
                    yield f"{place}: {error.json_path}: {error.message}"


def schemes(document: Json) -> Iterator[tuple[str, Json]]:
    yield from document["components"].get("securitySchemes", {}).items()


def oauth_https(document: Json) -> Iterator[str]:
    for name, scheme in schemes(document):
        for flow in scheme.get("flows", {}).values():
            if any(key.endswith("Url") and not url.startswith("https://") for key, url in flow.items()):
                yield name


def no_insecure_flow(document: Json) -> Iterator[str]:
    for name, scheme in schemes(document):
        if {"implicit", "password"} & scheme.get("flows", {}).keys():
            yield name


def no_key_in_query(document: Json) -> Iterator[str]:
    for name, scheme in schemes(document):
        if scheme.get("type") == "apiKey" and scheme.get("in") == "query":
            yield name


def no_credential_in_query(document: Json) -> Iterator[str]:
    for place, parameter in parameters(document):
        if parameter["in"] == "query" and re.search(r"(?i)password|token|secret|api_?key", parameter["name"]):
            yield place


def patch_type(document: Json) -> Iterator[str]:
    for place, method, operation in operations(document):
        if method == "patch" and "application/json" in operation.get("requestBody", {}).get("content", {}):
            yield place


def patch_body(document: Json) -> Iterator[str]:
    for place, method, operation in operations(document):
        if method == "patch" and operation.get("requestBody", {}).get("required") is not True:
            yield place


def status_there(document: Json) -> Iterator[str]:
    if "get" not in document["paths"].get("/status", {}):
        yield "/status"


def status_done(document: Json) -> Iterator[str]:
    for place, status, response in responses(document):
        if place.startswith("GET /status ") and status.startswith("2"):
            yield from ([] if set(response["content"]) <= {"application/json", *PROBLEM} else [place])


def status_failed(document: Json) -> Iterator[str]:
    for place, status, response in responses(document):
        if place.startswith("GET /status ") and not status.startswith("2"):
            yield from ([] if set(response["content"]) <= set(PROBLEM) else [place])


def problems(document: Json) -> Iterator[str]:
    for place, status, response in responses(document):
        if (status[0] in "45" or status == "default") and (
            not response.get("content") or set(response["content"]) - set(PROBLEM)
        ):
            yield place


def too_many_requests(document: Json) -> Iterator[str]:
    for place, status, response in responses(document):
        if status == "429" and set(TRIPLE) - response.get("headers", {}).keys():
            yield place


#: What makes the check fail.
ERRORS: tuple[Rule, ...] = (
    no_reserved_header,
    no_body_on_get,
    no_content_on_204,
    servers_described,
    servers_https,
    summary,
    contact,
    semantic_version,
    number_format,
    integer_format,
    openapi_3,
    valid_examples,
    oauth_https,
    no_insecure_flow,
    no_key_in_query,
    no_credential_in_query,
    patch_type,
    patch_body,
    status_there,
    status_done,
    status_failed,
    problems,
    too_many_requests,
)


def kebab_paths(document: Json) -> Iterator[str]:
    for path in document["paths"]:
        if not re.fullmatch(r"(/([a-z0-9]+(-[a-z0-9]+)*|\{[a-z_]+\}))+", path):
            yield path


def no_new_x_header(document: Json) -> Iterator[str]:
    names = [(place, parameter["name"]) for place, parameter in parameters(document) if parameter["in"] == "header"]
    names += [(place, name) for place, _, response in responses(document) for name in response.get("headers", ())]
    for place, name in names:
        if name.lower().startswith("x-") and name not in OLD_HEADERS:
            yield f"{place} {name}"


def rate_limits(document: Json) -> Iterator[str]:
    for place, status, response in responses(document):
        if status[0] in "24" and set(TRIPLE) - response.get("headers", {}).keys():
            yield place


def retry_after(document: Json) -> Iterator[str]:
    for place, status, response in responses(document):
        if status in ("429", "503") and "Retry-After" not in response.get("headers", {}):
            yield place


def objects_only(document: Json) -> Iterator[str]:
    for place, _, response in responses(document):
        for content in response.get("content", {}).values():
            if resolved(document, content["schema"]).get("type") != "object":
                yield place


def tags_and_words(document: Json) -> Iterator[str]:
    known = {tag["name"] for tag in document.get("tags", ()) if tag.get("description")}
    for place, _, operation in operations(document):
        words = all(operation.get(key) for key in ("operationId", "summary", "description"))
        if not words or not operation.get("tags") or set(operation["tags"]) - known:
            yield place


def terms(document: Json) -> Iterator[str]:
    yield from ([] if document["info"].get("termsOfService") else ["info"])


def snake_properties(document: Json) -> Iterator[str]:
    for place, node in nodes(document["components"]["schemas"]):
        if node.get("type") == "object":
            for name in node.get("properties", {}):
                if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
                    yield f"{place}/{name}"


#: What the check only warns about.
WARNINGS: tuple[Rule, ...] = (
    kebab_paths,
    no_new_x_header,
    rate_limits,
    retry_after,
    objects_only,
    tags_and_words,
    terms,
    snake_properties,
)
