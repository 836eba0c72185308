"""The page that explains the API, made from the OpenAPI document itself."""

from __future__ import annotations

import json
from typing import Any

from fastapi.responses import HTMLResponse

from api.pages import TEMPLATES
from api.refusal import STATUSES, problem_type
from engine.ente import Ente
from engine.messages import SENTENCES

Json = dict[str, Any]
#: Lines of an example that are shown; the rest is told to be there.
LINES = 60


def reference_page(document: Json, ente: Ente) -> HTMLResponse:
    """Show every address with its parameters, examples, errors and a command to try it; then the schemas."""
    address = document["servers"][0]["url"]
    operations = [
        _operation(document, address, path, method.upper(), operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    problems = [
        {"type": problem_type(kind), "status": status, "titolo": SENTENCES[f"api.{kind}_title"]}
        for kind, status in STATUSES.items()
    ]
    schemas = [
        {"name": name, "properties": [_property(n, p, schema) for n, p in schema["properties"].items()]}
        for name, schema in document["components"]["schemas"].items()
    ]
    template = TEMPLATES.get_template("documentazione.html")
    shown: Json = {"operazioni": operations, "problemi": problems, "schemi": schemas}
    security = document["components"].get("securitySchemes", {})
    shown["token"] = security["token"]["description"] if security else ""
    about = {"info": document["info"], "tags": document["tags"], "address": address, "ente": ente}
    return HTMLResponse(template.render(**about, **shown))


def _operation(document: Json, address: str, path: str, method: str, operation: Json) -> Json:
    parameters = [_resolved(document, parameter) for parameter in operation.get("parameters", ())]
    asked = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    given = operation["responses"]["200"]["content"]["application/json"]
    errors = {status: _resolved(document, r) for status, r in operation["responses"].items() if status != "200"}
    return {
        **{key: operation[key] for key in ("operationId", "summary", "description")},
        "tag": operation["tags"][0],
        "ambiti": [scope for needed in operation.get("security", ()) for scope in needed.get("token", ())],
        "method": method,
        "path": path,
        "parametri": parameters,
        "corpo": schema_words(asked["schema"]) if asked else "",
        "richiesta": _pretty(asked["example"]) if "example" in asked else "",
        "risposta": _pretty(given["example"]) if "example" in given else "",
        "schema": schema_words(given["schema"]),
        "curl": _curl(address, path, method, parameters, asked.get("example")),
        "errori": {status: error["description"] for status, error in errors.items()},
    }


def _curl(address: str, path: str, method: str, parameters: list[Json], body: object) -> str:
    """Return the command that sends the example."""
    examples = {p["name"]: p.get("example", f"{{{p['name']}}}") for p in parameters}
    url = address + path.format(**{p["name"]: examples[p["name"]] for p in parameters if p["in"] == "path"})
    query = [f"{p['name']}={examples[p['name']]}" for p in parameters if p["in"] == "query"]
    words = [f"curl '{'?'.join([url, *query])}'"]
    if method == "POST":
        words += ["-H 'Content-Type: application/json'"]
        words += [f"-H '{p['name']}: {examples[p['name']]}'" for p in parameters if p["in"] == "header"]
        text = json.dumps(body or {"risposte": {}}, ensure_ascii=False, indent=2).replace("'", "'\\''")
        words += [f"-d '{text}'"]
    return " \\\n  ".join(words)


def _resolved(document: Json, part: Json) -> Json:
    found: Json = part
    if "$ref" in part:
        _, *names = part["$ref"].split("/")
        found = document
        for name in names:
            found = found[name]
    return found


def _property(name: str, schema: Json, whole: Json) -> Json:
    return {
        "name": name,
        "tipo": schema_words(schema),
        "required": name in whole.get("required", ()),
        "description": schema.get("description") or schema.get("title", "") or _title(schema),
    }


def _title(schema: Json) -> str:
    return next((part["title"] for part in schema.get("anyOf", ()) if "title" in part), "")


def schema_words(schema: Json) -> str:
    """Return a schema in few words: its type, format or name."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(schema_words(part) for part in schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"[ {schema_words(schema['items'])} ]"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"{{ … : {schema_words(schema['additionalProperties'])} }}"
    return str(schema.get("format") or schema.get("type", "JSON"))


def _pretty(value: object) -> str:
    """Write an example indented; past some lines only the beginning."""
    lines = json.dumps(value, ensure_ascii=False, indent=2).splitlines()
    return "\n".join([*lines[:LINES], *(["…"] if len(lines) > LINES else [])])
