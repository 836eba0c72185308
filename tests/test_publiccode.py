"""publiccode.yml follows the standard of the catalogue of public software, and says what the project says elsewhere."""

from __future__ import annotations

import copy
import importlib
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.source import ROOT

#: The standard is YAML; nothing else here is, and mypy has no types for its reader.
yaml: Any = importlib.import_module("yaml")
FILE = yaml.safe_load((ROOT / "publiccode.yml").read_text("utf-8"))

TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "array", "minItems": 1, "uniqueItems": True, "items": TEXT}
LANGUAGE = {"type": "string", "pattern": "^[a-z]{2,3}(-[A-Za-z0-9]+)*$"}
URL = {"type": "string", "pattern": "^https?://[^ ]+$"}
DATE = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
CONTACT = {"type": "object", "required": ["name"], "properties": {"name": TEXT, "email": TEXT, "phone": TEXT}}
CONTRACTOR = {"type": "object", "required": ["name", "until"], "properties": {"name": TEXT, "until": DATE}}
DEPENDENCY = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
DESCRIPTION = {
    "type": "object",
    "required": ["shortDescription", "longDescription", "features"],
    "properties": {
        "localisedName": TEXT,
        "shortDescription": {"type": "string", "minLength": 1, "maxLength": 150},
        "longDescription": {"type": "string", "minLength": 150, "maxLength": 10_000},
        "documentation": URL,
        "apiDocumentation": URL,
        "features": TEXTS,
        "screenshots": TEXTS,
        "videos": TEXTS,
        "awards": TEXTS,
    },
    "additionalProperties": False,
}
PARTS = ("open", "proprietary", "hardware")
STATUSES = ["concept", "development", "beta", "stable", "obsolete"]
KINDS = ["mobile", "iot", "desktop", "web", "backend", "other"]
REQUIRED = (
    "publiccodeYmlVersion",
    "name",
    "url",
    "platforms",
    "categories",
    "developmentStatus",
    "softwareType",
    "description",
    "legal",
    "maintenance",
    "localisation",
)
#: What the standard asks for; the keys that it calls deprecated, and the Italian section, are not here.
SCHEMA = {
    "type": "object",
    "required": list(REQUIRED),
    "properties": {
        "publiccodeYmlVersion": {"type": "string", "pattern": r"^0\.[0-9]+(\.[0-9]+)?$"},
        "name": TEXT,
        "applicationSuite": TEXT,
        "url": URL,
        "landingURL": URL,
        "softwareVersion": TEXT,
        "releaseDate": DATE,
        "logo": TEXT,
        "platforms": TEXTS,
        "categories": TEXTS,
        "usedBy": TEXTS,
        "roadmap": URL,
        "developmentStatus": {"enum": STATUSES},
        "softwareType": {"enum": [*(f"standalone/{kind}" for kind in KINDS), "addon", "library", "configurationFiles"]},
        "intendedAudience": {
            "type": "object",
            "properties": {"scope": TEXTS, "countries": TEXTS, "unsupportedCountries": TEXTS},
            "additionalProperties": False,
        },
        "description": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": LANGUAGE,
            "additionalProperties": DESCRIPTION,
        },
        "legal": {
            "type": "object",
            "required": ["license"],
            "properties": {"license": TEXT, "mainCopyrightOwner": TEXT, "repoOwner": TEXT},
            "additionalProperties": False,
        },
        "maintenance": {
            "type": "object",
            "required": ["type"],
            "properties": {
                "type": {"enum": ["internal", "contract", "community", "none"]},
                "contacts": {"type": "array", "minItems": 1, "items": CONTACT},
                "contractors": {"type": "array", "minItems": 1, "items": CONTRACTOR},
            },
            "additionalProperties": False,
            "allOf": [
                {
                    "if": {"properties": {"type": {"enum": ["internal", "community"]}}, "required": ["type"]},
                    "then": {"required": ["contacts"]},
                },
                {
                    "if": {"properties": {"type": {"const": "contract"}}, "required": ["type"]},
                    "then": {"required": ["contractors"]},
                },
            ],
        },
        "localisation": {
            "type": "object",
            "required": ["localisationReady", "availableLanguages"],
            "properties": {
                "localisationReady": {"type": "boolean"},
                "availableLanguages": {"type": "array", "minItems": 1, "items": LANGUAGE},
            },
            "additionalProperties": False,
        },
        "dependsOn": {
            "type": "object",
            "properties": {
                part: {"type": "array", "items": DEPENDENCY} for part in ("open", "proprietary", "hardware")
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}

Change = tuple[tuple[str, ...], Any]
GONE = object()
#: Each makes the file wrong: where, and what stands there instead.
WRONG: tuple[Change, ...] = (
    *(((name,), GONE) for name in REQUIRED),
    (("publiccodeYmlVersion",), 0.5),
    (("url",), "comma.git"),
    (("platforms",), []),
    (("platforms",), "web"),
    (("categories",), ["data-collection", "data-collection"]),
    (("developmentStatus",), "quasi pronto"),
    (("softwareType",), "standalone"),
    (("description",), {}),
    (("description", "it", "shortDescription"), "x" * 151),
    (("description", "it", "longDescription"), "Troppo breve."),
    (("description", "en", "features"), GONE),
    (("description", "it", "genericName"), "Regole"),
    (("legal", "license"), GONE),
    (("legal", "authorsFile"), "AUTHORS"),
    (("maintenance", "type"), "internal"),
    (("maintenance", "type"), "contract"),
    (("maintenance", "contacts"), [{"email": "a@example.org"}]),
    (("localisation", "localisationReady"), "no"),
    (("localisation", "availableLanguages"), ["italiano lungo"]),
    (("dependsOn", "open"), [{"version": "3.11"}]),
    (("it",), {"countryExtensionVersion": "0.2"}),
    (("IT",), {"piattaforme": {"spid": False}}),
    (("monochromeLogo",), "logo.svg"),
)


def mistakes(file: Any) -> Iterator[str]:
    """Yield what the standard would say of a file."""
    for error in Draft202012Validator(SCHEMA).iter_errors(file):
        yield f"{error.json_path}: {error.message}"


def changed(path: tuple[str, ...], value: Any) -> Any:
    """Return the file with another value in one place, or with nothing there."""
    file = copy.deepcopy(FILE)
    inner = file
    for name in path[:-1]:
        inner = inner[name]
    if value is GONE:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return file


def test_the_file_follows_the_standard() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert list(mistakes(FILE)) == []


@pytest.mark.parametrize(("path", "value"), WRONG)
def test_a_wrong_file_is_found_out(path: tuple[str, ...], value: Any) -> None:
    assert list(mistakes(changed(path, value)))


def test_it_says_what_the_project_says_elsewhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert FILE["softwareVersion"] == project["version"]
    assert FILE["legal"]["license"] == project["license"]
    assert {"it", "en"} <= set(FILE["description"])
    shots = [path for text in FILE["description"].values() for path in text["screenshots"]]
    assert all((ROOT / path).is_file() for path in shots)


def test_nobody_is_named_who_has_not_agreed() -> None:
    """A contact is a real person: while the office has named none, the file has none."""
    assert FILE["maintenance"] == {"type": "none"}
