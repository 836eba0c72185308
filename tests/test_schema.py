"""The JSON Schema of answers: the table of docs/schema.md, and the guards as if/then."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import nestedtext
import pytest
from jsonschema import Draft202012Validator

from engine.answers import Elenco, WrongAnswers, read_answers
from engine.campo import Campo, parse_campi
from engine.checks.assemble import resolve_guards
from engine.conditionals import Conditionals
from engine.document import read
from engine.guards import Guards
from engine.messages import SENTENCES
from engine.schema import answers_schema, campo_schema, schema
from engine.specimen import specimen
from engine.tipo import TIPI
from engine.validation import Validation, validation_of
from tests.source import ROOT
from tests.test_data import VERSIONS

CAMPO = {"domanda": "Che cosa?", "prova": "documento tecnico", "dato": "personale"}
OPTIONS = {"opzioni": ["alto", "basso"]}
JUDGED = {"tipo": "sì/no", "prova": "giudizio professionale"}
LISTED = {"tipo": "elenco", "voce": "voce", "minimo": "1", "massimo": "2", "campi": {"lavora": {"tipo": "sì/no"}}}
#: What a schema says to people, and to programs that make forms.
ANNOTATIONS = {"title", "description", "examples", "x-prova", "x-dato", "x-tipo"}
PAGE = (ROOT / "docs" / "schema.md").read_text("utf-8")
BLOCKS = [(match[1], match[2]) for match in re.finditer(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)]


def vocabolario(campi: dict[str, Any]) -> Guards:
    """Read campi written as in a vocabolario, with what every campo has."""
    whole = {
        name: {**CAMPO, **data}
        | ({"campi": {n: {**CAMPO, **c} for n, c in data["campi"].items()}} if "campi" in data else {})
        for name, data in campi.items()
    }
    document, _ = read("vocabolario.nt", nestedtext.dumps(whole).encode())
    assert document is not None
    found, problems = parse_campi(document.root)
    guards, more = resolve_guards(found)
    assert not [*problems, *more], [str(one) for one in (*problems, *more)]
    return Guards(found, guards)


def strict(campi: dict[str, Any]) -> Validation:
    """Return the validation of campi written as in a vocabolario."""
    guards = vocabolario(campi)
    return validation_of(guards.campi, guards.clauses, "Prova", "urn:prova")


def campo(written: dict[str, Any]) -> Campo:
    """Read a campo as it stands in a vocabolario."""
    return vocabolario({"campo": written}).campi["campo"]


def bare(found: Any) -> Any:
    """Return a schema without what is said to people."""
    if isinstance(found, list):
        return [bare(each) for each in found]
    if not isinstance(found, dict):
        return found
    return {key: bare(each) for key, each in found.items() if key not in ANNOTATIONS}


def rows() -> Iterator[tuple[dict[str, Any], Any, list[Any], list[Any]]]:
    """Yield the rows of the table of docs/schema.md: a campo, its schema, what is accepted and what is refused."""
    table = PAGE.partition("<!-- tabella dei tipi -->\n")[2].partition("\n\n")[0]
    for line in table.splitlines()[2:]:
        name, expected, right, wrong = (cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1])
        tipo, _, more = name.rstrip(")").partition(" (")
        written = {"tipo": tipo, **(dict(part.split(": ") for part in more.split("; ")) if more else {})}
        written |= OPTIONS if "scelt" in tipo else {}
        code = [
            [json.loads(part.replace("\\|", "|")) for part in re.findall("`([^`]*)`", c)]
            for c in (expected, right, wrong)
        ]
        yield written, code[0][0], code[1], code[2]


ROWS = list(rows())


@pytest.mark.parametrize(("written", "expected", "right", "wrong"), ROWS, ids=lambda row: str(row)[:40])
def test_the_schema_of_a_campo(
    written: dict[str, Any], expected: dict[str, Any], right: list[Any], wrong: list[Any]
) -> None:
    asked = strict({"campo": written})
    assert bare(asked.schema["properties"]["campo"]) == expected
    assert right
    for value in right:
        assert asked.conforms({"campo": value})
        assert asked.read({"campo": value}) == read_answers({"campo": value}, asked.guards.campi)
        assert ("campo" in asked.read({"campo": value}).values) == (value is not None)
    assert len(wrong) > 1
    for value in wrong:
        assert not asked.conforms({"campo": value}), value
        with pytest.raises(WrongAnswers):
            read_answers({"campo": value}, asked.guards.campi)


def test_every_tipo_has_a_row() -> None:
    assert {written["tipo"] for written, *_ in ROWS} == {*TIPI} - {"elenco"}


@pytest.mark.parametrize(("written", "block"), [(JUDGED, 1), (LISTED, 2)], ids=["giudizio", "elenco"])
def test_the_longer_schemas_of_the_page(written: dict[str, Any], block: int) -> None:
    kind, text = BLOCKS[block]
    assert kind == "json"
    assert bare(campo_schema(campo(written), vocabolario({"campo": written}))) == json.loads(text)


def test_the_if_then_of_the_page() -> None:
    guards = vocabolario(
        {"pais_firmato": {"tipo": "sì/no"}, "data_firma_pais": {"tipo": "data", "solo se": "pais_firmato è sì"}}
    )
    assert answers_schema(guards, "", "")["allOf"] == [json.loads(BLOCKS[3][1])]


#: The JSON of an answer to an elenco or to a judgement: accepted by the schema and read, or refused by both.
RIGHT: dict[str, list[Any]] = {
    "elenco": [
        [{"id": "a"}],
        [{"id": "a", "lavora": None}],
        {"membri": [], "completo": None},
        {"completo": True, "membri": [{"id": "a"}, {"id": "b", "lavora": True}]},
        None,
    ],
    "giudizio": [
        True,
        None,
        {"valore": True, "motivazione": "visita"},
        {"valore": None},
        {"motivazione": "visita"},
        {},
    ],
}
WRONG: dict[str, list[Any]] = {
    "elenco": [
        [{"lavora": True}],
        [{"id": ""}],
        [{"id": 1}],
        [{"id": None}],
        [{"id": "a/b"}],
        [{"id": "a", "altro": 1}],
        [{"id": "a", "lavora": "sì"}],
        [{"id": "a"}, {"id": "b"}, {"id": "c"}],
        [None],
        [[]],
        ["a"],
        "a",
        {},
        True,
        {"completo": True},
        {"membri": None},
        {"membri": {}},
        {"membri": [], "altro": 1},
        {"membri": [], "completo": 1},
        {"membri": [], "completo": True},
    ],
    "giudizio": ["sì", 1, {"valore": "sì"}, {"valore": {"valore": True}}, {"motivazione": 3}, {"nota": ""}, [True], []],
}
WRITTEN: dict[str, dict[str, Any]] = {"elenco": LISTED, "giudizio": JUDGED}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_an_elenco_and_a_judgement_accept(name: str) -> None:
    asked = strict({"campo": WRITTEN[name]})
    for value in RIGHT[name]:
        assert asked.conforms({"campo": value}), value
        asked.read({"campo": value})
    for value in WRONG[name]:
        assert not asked.conforms({"campo": value}), value
        with pytest.raises(WrongAnswers):
            read_answers({"campo": value}, asked.guards.campi)


def test_an_elenco_is_read_bare_or_whole() -> None:
    asked = strict({"campo": LISTED})
    members = [{"id": "a", "lavora": True}]
    assert asked.read({"campo": members}).values["campo"] == Elenco(False, {"a": {"lavora": True}})
    whole = {"campo": {"membri": members, "completo": True}}
    assert asked.read(whole).values["campo"] == Elenco(True, {"a": {"lavora": True}})


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: str(version.name))
def test_the_schemas_of_the_services_are_valid_and_so_are_their_examples(version: Any) -> None:
    found = schema(version)
    Draft202012Validator.check_schema(found)
    assert found["$id"] == f"urn:comma:servizi:{version.name}:{version.since}:risposte"
    (example,) = found["examples"]
    assert Draft202012Validator(found).is_valid(example)
    for name, each in found["properties"].items():
        assert each["title"] == version.campi[name].domanda
        assert each["x-tipo"] == version.campi[name].tipo.name
        assert Draft202012Validator(each).is_valid(each["examples"][0])
        assert read_answers({name: each["examples"][0]}, version.campi).values[name] is not None


LIMITED = [
    ({"tipo": "euro", "minimo": "0 €", "massimo": "100 €"}, "100.00", "Minimo: 0,00 €. Massimo: 100,00 €."),
    ({"tipo": "data", "minimo": "01/01/2025"}, "2025-01-01", "Minimo: 01/01/2025."),
    ({"tipo": "numero", "minimo": "3"}, 3, "Numero intero. Minimo: 3."),
    ({"tipo": "durata", "unità": "giorni"}, 6, "Durata in giorni."),
    ({"tipo": "numero", "decimali": "3"}, "1.00", "come testo, con il punto e al massimo 3 decimali."),
    ({"tipo": "più scelte", **OPTIONS}, ["alto"], "ciascuna una volta; un elenco vuoto se nessuna."),
    ({"tipo": "testo"}, "testo", "Testo libero."),
]


@pytest.mark.parametrize(("written", "example", "description"), LIMITED, ids=str)
def test_the_description_and_the_example_keep_to_the_limits(
    written: dict[str, Any], example: object, description: str
) -> None:
    asked = campo(written)
    assert specimen(asked) == example
    assert campo_schema(asked, Guards({"campo": asked}, {}))["description"].endswith(description)


def test_a_guard_is_described_and_the_example_keeps_to_it() -> None:
    guards = vocabolario(
        {
            "a": {"tipo": "sì/no"},
            "b": {"tipo": "sì/no", "solo se": "a è no"},
            "c": {
                "tipo": "elenco",
                "voce": "v",
                "minimo": "2",
                "campi": {"d": {"tipo": "sì/no"}, "e": {"tipo": "sì/no", "solo se": "d è no"}},
            },
        }
    )
    found = answers_schema(guards, "", "")
    assert found["properties"]["b"]["description"].endswith("Solo se a è no.")
    members = [{"id": "v-1", "d": True}, {"id": "v-2", "d": True}]
    assert found["examples"] == [{"a": True, "c": {"completo": True, "membri": members}}]
    assert found["properties"]["c"]["examples"] == [{"completo": True, "membri": members}]


CAMPI: dict[str, Any] = {
    "si": {"tipo": "sì/no"},
    "giudizio": JUDGED,
    "livello": {"tipo": "scelta", "opzioni": ["alto", "basso", "medio"]},
    "segni": {"tipo": "più scelte", **OPTIONS},
    "figli": {"tipo": "numero"},
    "mesi": {"tipo": "durata", "unità": "mesi"},
    "isee": {"tipo": "euro"},
    "nato": {"tipo": "data"},
    "residenza": {"tipo": "comune"},
    "ospite": {"tipo": "sì/no", "solo se": "si è sì"},
    "casa": {"tipo": "elenco", "voce": "stanza", "campi": {"luce": {"tipo": "sì/no"}, "metri": {"tipo": "euro"}}},
    "altra": {"tipo": "elenco", "voce": "vano", "solo se": "si è sì", "campi": {"acqua": {"tipo": "sì/no"}}},
}
ROOMS = [{"id": "a", "luce": True}, {"id": "b", "luce": False}]
ALL: Any = {"completo": True, "membri": ROOMS}
#: A guard, answers with which it is certainly false (the schema says so; «!»: the engine alone), and others.
GUARDS: list[tuple[Any, list[Any], list[Any]]] = [
    ("si è sì", [{"si": False}], [{"si": True}, {"si": None}, {}]),
    (
        "giudizio è no",
        [{"giudizio": True}, {"giudizio": {"valore": True}}],
        [{"giudizio": {"motivazione": "x"}}, {"giudizio": False}],
    ),
    ("livello è uno di alto; medio", [{"livello": "basso"}], [{"livello": "alto"}]),
    ("livello non è alto", [{"livello": "alto"}], [{"livello": "basso"}]),
    ("livello è uno di alto; medio; basso", [], [{"livello": "basso"}]),
    ("livello non è uno di alto; medio; basso", [{"livello": "basso"}], [{}]),
    ("segni contiene alto", [{"segni": []}, {"segni": ["basso"]}], [{"segni": ["basso", "alto"]}]),
    ("segni non contiene alto", [{"segni": ["alto"]}], [{"segni": []}, {"segni": ["basso"]}]),
    ("segni contiene ;", [], [{"segni": []}]),
    ("segni non contiene ;", [{"segni": []}], [{}]),
    ("figli al massimo 2", [{"figli": 3}], [{"figli": 2}, {"figli": 2.0}]),
    ("figli almeno 2", [{"figli": 1}], [{"figli": 2}]),
    ("figli più di 2", [{"figli": 2}, {"figli": 2.0}], [{"figli": 3}]),
    ("figli meno di 2", [{"figli": 2}], [{"figli": 1}]),
    ("figli tra 2 e 3", [{"figli": 1}, {"figli": 4}], [{"figli": 2}, {"figli": 3}]),
    ("figli è 2", [{"figli": 3}], [{"figli": 2}]),
    ("figli non è uno di 2; 3", [{"figli": 3}, {"figli": 2.0}], [{"figli": 4}]),
    ("mesi almeno 1 anno", [{"mesi": 11}], [{"mesi": 12}]),
    ("isee al massimo 9.360 €", ["!", {"isee": "9360.01"}], [{"isee": "9360.00"}]),
    ("nato dopo il 01/01/2000", ["!", {"nato": "2000-01-01"}], [{"nato": "2000-01-02"}]),
    ("nato dopo il giorno della domanda", [], [{"nato": "1900-01-01"}, {"nato": "2900-01-01"}]),
    ("residenza è Palermo", ["!", {"residenza": "Ustica"}], [{"residenza": " Palermo "}]),
    (
        "ospite è sì",
        [{"si": False}, {"ospite": False}, {"si": True, "ospite": False}],
        [{"si": True, "ospite": True}, {"ospite": True}],
    ),
    ("ospite è no", [{"si": False}, {"ospite": True}], [{"si": True}]),
    (
        {"tutte": ["si è sì", "isee al massimo 100 €"]},
        [{"si": False}, "!", {"isee": "101"}],
        [{"si": True}, {"isee": "5"}],
    ),
    ({"almeno una": ["si è sì", "figli almeno 1"]}, [{"si": False, "figli": 0}], [{"si": False}, {"figli": 0}]),
    ({"almeno una": ["si è sì", "isee almeno 1 €"]}, ["!", {"si": False, "isee": "0"}], [{"si": False, "isee": "1"}]),
    ({"nessuna": ["si è sì", "figli almeno 1"]}, [{"si": True}, {"figli": 1}], [{"si": False, "figli": 0}, {}]),
    (
        {"nessuna": ["ospite è sì"]},
        [{"si": True, "ospite": True}],
        [{"ospite": True}, {"ospite": False}, {"si": False}],
    ),
    (
        {"nessuna": [{"tutte": ["si è sì", "figli è 1"]}]},
        [{"si": True, "figli": 1}],
        [{"si": True}, {"si": False, "figli": 1}],
    ),
    (
        {"almeno un stanza con": "luce è sì"},
        [{"casa": {**ALL, "membri": ROOMS[1:]}}, {"casa": {**ALL, "membri": []}}],
        [{"casa": ALL}, {"casa": ROOMS[1:]}],
    ),
    ({"ogni stanza con": "luce è sì"}, [{"casa": ROOMS}, {"casa": ALL}], [{"casa": ROOMS[:1]}, {"casa": []}]),
    ({"nessuna": [{"almeno un stanza con": "luce è sì"}]}, [{"casa": ROOMS}], [{"casa": ROOMS[1:]}, {}]),
    ({"nessuna": [{"ogni stanza con": "luce è sì"}]}, [{"casa": {**ALL, "membri": []}}], [{"casa": ROOMS[:1]}]),
    (
        {"almeno un stanza con": "metri più di 9 €"},
        ["!", {"casa": {**ALL, "membri": [{"id": "a", "metri": "9"}]}}],
        [{"casa": ALL}],
    ),
    ({"ogni stanza con": "metri più di 9 €"}, ["!", {"casa": [{"id": "a", "metri": "9"}]}], [{"casa": ALL}]),
    (
        {"almeno un vano con": "acqua è sì"},
        [{"si": False}, {"si": True, "altra": {"completo": True, "membri": []}}],
        [{"altra": []}],
    ),
]


@pytest.mark.parametrize(("guard", "refused", "allowed"), GUARDS, ids=str)
def test_a_guard_allows_an_answer_unless_it_is_certainly_false(
    guard: Any, refused: list[Any], allowed: list[Any]
) -> None:
    asked = strict({**CAMPI, "ultimo": {"tipo": "sì/no", "solo se": guard}})
    Draft202012Validator.check_schema(asked.schema)
    for given in (*allowed, {}):
        assert asked.conforms({**given, "ultimo": True}), given
        asked.read({**given, "ultimo": True})
    by_schema = refused.index("!") if "!" in refused else len(refused)
    assert ("ultimo" in asked.unstated) == ("!" in refused or "giorno" in str(guard))
    for place, given in enumerate(refused):
        if given == "!":
            continue
        asked.read({**given, "ultimo": None})
        assert asked.conforms({**given, "ultimo": True}) == (place > by_schema)
        with pytest.raises(WrongAnswers) as wrong:
            asked.read({**given, "ultimo": True})
        said = [error.sentence for error in wrong.value.errors if error.pointer == "/ultimo"]
        assert len(said) == 1
        assert said[0].startswith("Questa risposta serve solo se ")


def test_a_guard_of_a_member_looks_at_that_member() -> None:
    inner = {"luce": {"tipo": "sì/no"}, "lampade": {"tipo": "numero", "solo se": "luce è sì"}}
    asked = strict({"casa": {"tipo": "elenco", "voce": "stanza", "campi": inner}})
    assert not asked.unstated
    right = [{"id": "a", "luce": True, "lampade": 2}, {"id": "b", "lampade": 1}, {"id": "c", "luce": False}]
    for given in (right, {"membri": right}):
        asked.read({"casa": given})
    wrong = [{"id": "a", "luce": True, "lampade": 2}, {"id": "b", "luce": False, "lampade": 1}]
    for given, pointer in ((wrong, "/casa/1/lampade"), ({"membri": wrong}, "/casa/membri/1/lampade")):
        assert not asked.conforms({"casa": given})
        with pytest.raises(WrongAnswers) as refused:
            asked.read({"casa": given})
        assert [error.pointer for error in refused.value.errors] == [pointer]


def test_a_guard_that_no_schema_can_state_leaves_no_trace_in_it() -> None:
    guards = vocabolario({"isee": {"tipo": "euro"}, "b": {"tipo": "sì/no", "solo se": "isee almeno 1 €"}})
    assert Conditionals(guards).among(guards.campi) == []
    assert "allOf" not in answers_schema(guards, "", "")


def test_every_tipo_is_described() -> None:
    assert {f"schema.{name}" for name in TIPI} <= SENTENCES.keys()
