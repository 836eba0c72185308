"""The JSON Schema of a campo: one row for each tipo, and it accepts what the engine reads."""

from __future__ import annotations

from typing import Any

import nestedtext
import pytest
from jsonschema import Draft202012Validator

from engine.answers import WrongAnswers, read_answers
from engine.campo import Campo, parse_campi
from engine.document import read
from engine.schema import campo_schema
from engine.tipo import TIPI

CAMPO = {"domanda": "Che cosa?", "prova": "documento tecnico", "dato": "personale"}
OPTIONS = {"opzioni": ["alto", "basso"]}
WHOLE = {"type": "integer"}
YES_NO = {"title": "Che cosa?", "x-prova": "documento tecnico", "x-dato": "personale", "type": "boolean"}
MEMBER = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "string", "minLength": 1}, "solo": YES_NO},
    "additionalProperties": False,
}


def amount(places: int) -> dict[str, str]:
    """Return the schema of a decimal written as text."""
    return {"type": "string", "pattern": rf"^-?[0-9]+(\.[0-9]{{1,{places}}})?$"}


def elenco(items: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a list of members, bare or with whether it is complete."""
    properties = {"completo": {"type": "boolean"}, "membri": items}
    whole = {"type": "object", "required": ["membri"], "properties": properties, "additionalProperties": False}
    return {"anyOf": [items, whole]}


#: A campo as it is written, its schema, what it accepts and what it refuses.
ROWS: list[tuple[dict[str, Any], dict[str, Any], list[Any], list[Any]]] = [
    ({"tipo": "sì/no"}, {"type": "boolean"}, [True], ["sì", 1]),
    ({"tipo": "scelta", **OPTIONS}, {"type": "string", "enum": OPTIONS["opzioni"]}, ["alto"], ["medio", 1]),
    (
        {"tipo": "più scelte", **OPTIONS},
        {"type": "array", "items": {"type": "string", "enum": OPTIONS["opzioni"]}, "uniqueItems": True},
        [[], ["alto", "basso"]],
        ["alto", ["medio"], [1]],
    ),
    ({"tipo": "euro", "minimo": "0 €"}, amount(2), ["9360", "9360.50"], [9360, "9.360,50", "0.001"]),
    ({"tipo": "euro al mese"}, amount(2), ["-1.5"], [1.5]),
    ({"tipo": "euro all'anno"}, amount(2), ["1.55"], ["1.555"]),
    ({"tipo": "numero"}, WHOLE, [3, -3], ["3", 0.5]),
    ({"tipo": "numero", "minimo": "1", "massimo": "9"}, {**WHOLE, "minimum": 1, "maximum": 9}, [1, 9], [0, 10]),
    ({"tipo": "numero", "decimali": "1"}, amount(1), ["0.5"], ["0.25", 1]),
    ({"tipo": "numero", "decimali": "6"}, amount(6), ["0.000001"], ["0.0000001"]),
    ({"tipo": "percentuale"}, amount(2), ["70", "70.25"], ["70%", 70]),
    (
        {"tipo": "data"},
        {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        ["2024-02-29"],
        ["29/02/2024", 20240229],
    ),
    (
        {"tipo": "durata", "unità": "mesi", "massimo": "1 anno"},
        {**WHOLE, "maximum": 12},
        [12],
        [13, "6 mesi"],
    ),
    ({"tipo": "testo"}, {"type": "string", "minLength": 1}, ["a"], ["", 1]),
    ({"tipo": "comune"}, {"type": "string", "minLength": 1}, ["Palermo"], ["", True]),
    (
        {"tipo": "codice fiscale"},
        {"type": "string", "pattern": "^([A-Za-z0-9]{16}|[0-9]{11})$"},
        ["RSSMRA80A01G273Z", "80016350821"],
        ["RSSMRA80A01G273", 80016350821],
    ),
    (
        {"tipo": "elenco", "voce": "voce", "massimo": "2", "campi": {"solo": {**CAMPO, "tipo": "sì/no"}}},
        elenco({"type": "array", "items": MEMBER, "maxItems": 2}),
        [[], [{"id": "a", "solo": True}], {"completo": True, "membri": [{"id": "a"}, {"id": "b"}]}],
        [[{"solo": True}], [{"id": "a"}, {"id": "b"}, {"id": "c"}], {"completo": True}, {"membri": [], "altro": 1}],
    ),
    (
        {"tipo": "elenco", "voce": "voce", "campi": {"solo": {**CAMPO, "tipo": "sì/no"}}},
        elenco({"type": "array", "items": MEMBER}),
        [{"membri": []}],
        [[{"id": ""}], [{"id": "a", "altri": True}]],
    ),
    (
        {"tipo": "sì/no", "prova": "giudizio professionale"},
        {
            "x-prova": "giudizio professionale",
            "anyOf": [
                {"type": "boolean"},
                {
                    "type": "object",
                    "properties": {"valore": {"type": "boolean"}, "motivazione": {"type": "string"}},
                    "additionalProperties": False,
                },
            ],
        },
        [True, {"valore": True, "motivazione": "visita"}],
        ["sì", {"valore": "sì"}, {"motivazione": 3}, {"nota": ""}],
    ),
]


def campo(written: dict[str, Any]) -> Campo:
    """Read a campo as it stands in a vocabolario."""
    document, _ = read("vocabolario.nt", nestedtext.dumps({"campo": {**CAMPO, **written}}).encode())
    assert document is not None
    campi, problems = parse_campi(document.root)
    assert not problems
    return campi["campo"]


@pytest.mark.parametrize(("written", "expected", "right", "wrong"), ROWS, ids=lambda row: str(row)[:40])
def test_the_schema_of_a_campo(
    written: dict[str, Any], expected: dict[str, Any], right: list[Any], wrong: list[Any]
) -> None:
    asked = campo(written)
    found = campo_schema(asked)
    assert found == {"title": "Che cosa?", "x-prova": "documento tecnico", "x-dato": "personale", **expected}
    validator = Draft202012Validator(found)
    for value in right:
        assert validator.is_valid(value)
        assert "campo" in read_answers({"campo": value}, {"campo": asked}).values
    for value in wrong:
        assert not validator.is_valid(value)
        with pytest.raises(WrongAnswers):
            read_answers({"campo": value}, {"campo": asked})


def test_every_tipo_has_a_row() -> None:
    assert {written["tipo"] for written, *_ in ROWS} == {*TIPI}


def test_too_many_members_are_counted() -> None:
    asked = next(campo(written) for written, *_ in ROWS if written.get("massimo") == "2")
    members = [{"id": str(number)} for number in range(3)]
    with pytest.raises(WrongAnswers, match="/campo: Le voci sono 3"):
        read_answers({"campo": members}, {"campo": asked})


def test_an_answer_of_null_is_no_answer() -> None:
    assert read_answers({"campo": None}, {"campo": campo({"tipo": "sì/no"})}).values == {}
