"""The OpenAPI document: the rules of ModI hold, each of them can fail, and it says what the application does."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator

from api.app import make_app
from api.reference import reference_page
from api.rules import Edition, read_rules
from engine.fingerprint import fingerprint
from tests import modi
from tests.modi import ERRORS, WARNINGS, Json, Rule
from tests.source import ROOT

RULES = read_rules(ROOT)
APP = make_app(RULES, lambda: date(2026, 11, 22))
CLIENT = TestClient(APP)
DOCUMENT: Json = CLIENT.get("/v1/openapi.json").json()
STRING = {"schema": {"type": "string"}}


@pytest.mark.parametrize("rule", [*ERRORS, *WARNINGS], ids=lambda rule: rule.__name__)
def test_the_document_obeys(rule: Rule) -> None:
    assert list(rule(DOCUMENT)) == []


def test_there_are_all_the_rules() -> None:
    assert len(set(ERRORS)) == 23
    assert {rule for rule, _ in BREAKS} == {*ERRORS, *WARNINGS}


def get(document: Json) -> Any:
    return document["paths"]["/v1/servizi"]["get"]


def post(document: Json) -> Any:
    return document["paths"]["/v1/valutazioni"]["post"]


def ok(document: Json) -> Any:
    return get(document)["responses"]["200"]


def scheme(document: Json) -> Any:
    return document["components"].setdefault("securitySchemes", {}).setdefault("uno", {"type": "oauth2"})


def inner(document: Json) -> Any:
    return document["components"]["schemas"]["Stato"]["properties"]


BREAKS: list[tuple[Rule, Callable[[Json], object]]] = [
    (modi.no_reserved_header, lambda d: get(d).update(parameters=[{"in": "header", "name": "Accept", **STRING}])),
    (modi.no_body_on_get, lambda d: get(d).update(requestBody={"content": {}})),
    (modi.no_content_on_204, lambda d: get(d)["responses"].update({"204": ok(d)})),
    (modi.servers_described, lambda d: d["servers"][0].pop("description")),
    (modi.servers_described, lambda d: d.pop("servers")),
    (modi.servers_https, lambda d: d["servers"][0].pop("x-sandbox")),
    (modi.summary, lambda d: d["info"].pop("x-summary")),
    (modi.contact, lambda d: d["info"].pop("contact")),
    (modi.contact, lambda d: d["info"]["contact"].pop("url")),
    (modi.semantic_version, lambda d: d["info"].update(version="1.0")),
    (modi.number_format, lambda d: inner(d).update(peso={"type": "number"})),
    (modi.integer_format, lambda d: inner(d).update(peso={"type": "integer"})),
    (modi.openapi_3, lambda d: d.update(swagger="2.0")),
    (modi.valid_examples, lambda d: ok(d)["content"]["application/json"].update(example={"al": 1})),
    (modi.valid_examples, lambda d: d["components"]["parameters"]["al"].update(example=3)),
    (modi.oauth_https, lambda d: scheme(d).update(flows={"clientCredentials": {"tokenUrl": "http://x"}})),
    (modi.no_insecure_flow, lambda d: scheme(d).update(flows={"implicit": {}})),
    (modi.no_key_in_query, lambda d: scheme(d).update({"type": "apiKey", "in": "query"})),
    (modi.no_credential_in_query, lambda d: get(d).update(parameters=[{"in": "query", "name": "api_key", **STRING}])),
    (modi.patch_type, lambda d: d["paths"]["/v1/servizi"].update(patch=post(d))),
    (modi.patch_body, lambda d: d["paths"]["/v1/servizi"].update(patch={**post(d), "requestBody": {}})),
    (modi.status_there, lambda d: d["paths"].pop("/status")),
    (modi.status_done, lambda d: d["paths"]["/status"]["get"]["responses"]["200"].update(content={"text/html": {}})),
    (modi.status_failed, lambda d: d["components"]["responses"]["503"].update(content={"application/json": {}})),
    (modi.problems, lambda d: d["components"]["responses"]["404"].update(content={"application/json": {}})),
    (modi.problems, lambda d: get(d)["responses"].update(default={"description": "senza contenuto"})),
    (modi.too_many_requests, lambda d: d["components"]["responses"]["429"]["headers"].pop("X-RateLimit-Reset")),
    (modi.kebab_paths, lambda d: d["paths"].update({"/v1/tuttiInsieme": {}})),
    (modi.no_new_x_header, lambda d: ok(d)["headers"].update({"X-Comma": {}})),
    (modi.rate_limits, lambda d: ok(d)["headers"].pop("X-RateLimit-Limit")),
    (modi.retry_after, lambda d: d["components"]["responses"]["503"]["headers"].pop("Retry-After")),
    (modi.objects_only, lambda d: ok(d)["content"]["application/json"].update(schema={"type": "array"})),
    (modi.tags_and_words, lambda d: get(d).pop("description")),
    (modi.tags_and_words, lambda d: get(d).update(tags=["altro"])),
    (modi.terms, lambda d: d["info"].pop("termsOfService")),
    (modi.snake_properties, lambda d: inner(d).update(letteIl={"type": "string"})),
]


@pytest.mark.parametrize(("rule", "breaking"), BREAKS, ids=lambda one: getattr(one, "__name__", ""))
def test_a_broken_document_is_caught(rule: Rule, breaking: Callable[[Json], object]) -> None:
    document = copy.deepcopy(DOCUMENT)
    breaking(document)
    assert list(rule(document))


def test_the_document_and_the_application_have_the_same_addresses() -> None:
    declared = {(method.upper(), path) for path, each in DOCUMENT["paths"].items() for method in each}
    served = {
        (method, getattr(route, "path", ""))
        for route in APP.router.routes
        for method in getattr(route, "methods", None) or ()
        if getattr(route, "path", "").startswith(("/v1", "/status")) and method != "HEAD"
    }
    assert served - declared == {("GET", "/v1/openapi.json")}
    assert declared <= served


def test_the_application_gives_the_document_as_its_own() -> None:
    assert APP.openapi() == DOCUMENT


def test_the_version_is_that_of_the_project() -> None:
    assert (
        DOCUMENT["info"]["version"] == tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    )


def test_every_schema_is_a_schema_and_is_used() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for name, schema in schemas.items():
        Draft202012Validator.check_schema(schema)
        assert name in re.findall(r"#/components/schemas/([A-Za-z]+)", str(DOCUMENT))


def test_every_property_and_parameter_is_explained() -> None:
    for place, node in modi.nodes(DOCUMENT["components"]["schemas"]):
        if place.count("/") == 3 and "/Risposte/" not in place:
            assert node["description"].endswith("."), place
    for parameter in DOCUMENT["components"]["parameters"].values():
        assert parameter["description"].endswith(".")


def test_every_operation_that_reads_or_evaluates_has_an_example() -> None:
    for place, _, operation in modi.operations(DOCUMENT):
        assert ("example" in operation["responses"]["200"]["content"]["application/json"]) == (place != "GET /status")


def test_the_examples_are_what_the_application_answers() -> None:
    """Whoever copies an example gets the answer that stands beside it."""
    parameters = DOCUMENT["components"]["parameters"]
    for place, method, operation in modi.operations(DOCUMENT):
        content = operation["responses"]["200"]["content"]["application/json"]
        if method != "post" and "example" not in content:
            continue
        path = place.partition(" ")[2].format(**{name: p.get("example") for name, p in parameters.items()})
        query = {"al": parameters["al"]["example"]} if "#/components/parameters/al" in str(operation) else None
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
        found = CLIENT.request(method, path, params=query, json=body).json()
        if path == "/v1/servizi":
            found["al"] = content["example"]["al"]
        assert found == content["example"], place


def test_a_public_address_is_no_sandbox() -> None:
    document = make_app(RULES, address="https://comma.example.it").openapi()
    assert document["servers"][0]["url"] == "https://comma.example.it"
    assert "x-sandbox" not in document["servers"][0]
    assert not [place for rule in (*ERRORS, *WARNINGS) for place in rule(document)]


def test_rules_without_a_service_have_a_document_too() -> None:
    edition = RULES.edition
    assert edition
    nothing = Edition(type(edition.rulebook)({}, {}, edition.rulebook.law), "0", edition.read_at, {})
    app = make_app(RULES)
    RULES.edition = nothing
    try:
        document = app.openapi()
        assert reference_page(document, edition.rulebook.ente).status_code == 200
    finally:
        RULES.edition = edition
    assert not [place for rule in (*ERRORS, *WARNINGS) for place in rule(document)]


def test_the_fingerprints_kept_are_bounded_and_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.rules.KEPT", 3)
    edition = read_rules(ROOT).edition
    assert edition
    servizio = edition.rulebook.servizi["tirocinio"][0]
    for day in [date(2026, 1, number) for number in (1, 2, 3, 4, 5, 1)]:
        assert edition.fingerprint(servizio, day) == fingerprint(servizio, day)
        assert len(edition._fingerprints) <= 3


def test_the_reference_explains_every_address() -> None:
    page = CLIENT.get("/documentazione")
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "style=" not in page.text
    for place, _, operation in modi.operations(DOCUMENT):
        assert place in page.text
        assert f'id="{operation["operationId"]}"' in page.text
    for target in re.findall(r'href="#([^"]+)"', page.text):
        assert f'id="{target}"' in page.text, target
    assert len(re.findall(r"\bid=\"([^\"]+)\"", page.text)) == len(set(re.findall(r"\bid=\"([^\"]+)\"", page.text)))
