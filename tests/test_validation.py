"""Answers read strictly: each mistake at its place, and nothing that an ordinary validator would let through."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import nestedtext
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend
from jsonschema_rs import Draft202012Validator as Compiled

from engine.answers import Answers, Elenco, WrongAnswers, read_answers
from engine.answers import pointer as pointer_of
from engine.clause import atoms
from engine.messages import SENTENCES
from engine.plain import Plain
from engine.reach import reach
from engine.servizio import Servizio
from engine.validation import Validation, validation, validation_of
from tests.chance import tenths
from tests.generator import ON, assembled, family, service
from tests.oracle import Oracle
from tests.sender import received, sent_of
from tests.test_data import RULEBOOK, VERSIONS
from tests.test_schema import CAMPI, GUARDS, PAGE, strict, vocabolario

FILE: Any = nestedtext.load(Path(__file__).parent / "risposte.nt", top="dict")
GUARDED = vocabolario(FILE["campi"])
STRICT = validation_of(GUARDED.campi, GUARDED.clauses, "Prova", "urn:prova", ["altrove", "isee"])
SEEDS = tenths(60)
#: Keywords that refuse nothing by themselves, or only say what happens next.
SILENT = {"$schema", "$id", "$comment", "title", "description", "examples", "format", "if", "then", "allOf"}
SILENT |= {"properties", "items", "x-prova", "x-dato", "x-tipo"}


def mistakes(read: Callable[[], object]) -> list[tuple[str, str]]:
    """Return the mistakes of answers that are being read, pointer and sentence."""
    try:
        read()
    except WrongAnswers as wrong:
        return [(error.pointer, error.sentence) for error in wrong.errors] or [("", "no mistake")]
    return []


def errors(asked: Validation, data: object) -> list[tuple[str, str]]:
    """Return the mistakes of answers read strictly."""
    return mistakes(partial(asked.read, data))


def lenient(asked: Validation, data: object) -> list[tuple[str, str]]:
    """Return the mistakes that `decide` finds in the same answers."""
    return mistakes(partial(read_answers, data, asked.guards.campi))


def printable(text: str) -> str:
    """Return a text with what cannot be printed as JSON writes it."""
    return text.encode("utf-8", "backslashreplace").decode()


@pytest.mark.parametrize("case", FILE["casi"].values(), ids=FILE["casi"])
def test_what_is_said_of_wrong_answers(case: dict[str, str]) -> None:
    found = errors(STRICT, json.loads(case["risposte"]))
    assert printable("\n".join(f"{pointer}: {said}" for pointer, said in found)) == case["errori"]


def test_every_sentence_about_answers_is_pinned() -> None:
    said = "\n".join(case["errori"] for case in FILE["casi"].values())
    for code, text in SENTENCES.items():
        pattern = re.sub(r"\\{\w+\\}", ".*", re.escape(text))
        assert not code.startswith("json.") or re.search(pattern, said), code


def test_the_mistakes_on_the_page_are_those_that_are_found() -> None:
    wrong = PAGE.partition("<!-- risposte sbagliate -->\n```json\n")[2].partition("```")[0]
    right = PAGE.partition("<!-- errori -->\n```text\n")[2].partition("```")[0]
    asked = validation(RULEBOOK.servizi["tirocinio"][-1])
    found = errors(asked, json.loads(wrong))
    assert "".join(f"{pointer}: {said}\n" for pointer, said in found) == right


def test_a_campo_of_another_service_is_told_from_a_name_that_nobody_knows() -> None:
    asked = validation(RULEBOOK.servizi["tirocinio"][-1])
    ((_, other), (_, unknown)) = errors(asked, {"canone_mensile": "1.00", "canone": "1.00"})
    assert "questo servizio non lo chiede" in other
    assert "non è un campo del vocabolario" in unknown


def test_a_mistake_carries_the_value_that_was_received() -> None:
    data = {"isee": "8.421,37", "persone": [{"id": "a", "lavora": 1}, {"lavora": True}], "x": {"y": [1]}}
    with pytest.raises(WrongAnswers) as wrong:
        STRICT.read(data)
    assert {error.pointer: error.received for error in wrong.value.errors} == {
        "/isee": "8.421,37",
        "/persone/0/lavora": 1,
        "/persone/1": {"lavora": True},
        "/x": {"y": [1]},
    }


NASTY: list[object] = [
    {"isee": "9" * 5000},
    {"isee": "9" * 5000 + ",00"},
    {"figli": 10**4999},
    {"figli": -float("inf")},
    {"note": {1, 2}},
    {"note": b"a"},
    {"persone": [[[[[[[[[]]]]]]]]]},
    {"visita": {"valore": [[]], "motivazione": "\ud800"}},
    {"persone": [{"id": "\ud800"}, {"id": "b", "\udfff": "\udfff"}]},
    {"isee": "9360.00\u2028"},
    {"": ""},
    "risposte",
    7,
    True,
]


@pytest.mark.parametrize("data", NASTY, ids=range(len(NASTY)))
def test_what_nobody_would_send_is_refused_with_a_sentence_that_can_be_sent(data: object) -> None:
    found = errors(STRICT, data)
    assert found
    for _, said in found:
        assert said.encode()
        assert len(said) < 300


def test_answers_nested_deeper_than_anyone_can_read_are_refused() -> None:
    deep: list[Any] = []
    for _ in range(2000):
        deep = [deep]
    assert [pointer for pointer, _ in errors(STRICT, {"isee": deep, "persone": deep, "segni": deep})] == [
        "/isee",
        "/persone/0",
        "/segni/0",
    ]


# The keywords


def keywords(found: Any) -> Iterator[str]:
    """Yield the keywords of a schema that may refuse something."""
    yield from found.keys() - SILENT
    inner: list[Any] = [*found.get("properties", {}).values(), *found.get("anyOf", []), *found.get("allOf", [])]
    for each in [*inner, *(found[key] for key in ("items", "then") if key in found)]:
        yield from keywords(each)


def test_every_keyword_of_our_schemas_has_a_sentence() -> None:
    everything = validation_of(RULEBOOK.law.campi, RULEBOOK.law.guards, "Tutto", "urn:tutto")
    limits = strict({**CAMPI, "limiti": {"tipo": "numero", "minimo": "1", "massimo": "2"}})
    asked = [STRICT, everything, limits, *(validation(version) for version in VERSIONS)]
    used = {keyword for each in asked for keyword in keywords(each.schema)}
    said = {code.removeprefix("schema.keyword_") for code in SENTENCES if code.startswith("schema.keyword_")}
    assert used | {"falseSchema"} == said == SAID.keys()


#: A schema, an answer that it refuses, and what is said of it when the reader has nothing to say.
SAID: dict[str, tuple[Any, object, str]] = {
    "type": ({"type": "string"}, 3, "Qui serve un valore di un altro genere; c'è 3."),
    "enum": ({"enum": [1]}, "è", '"è" non è fra i valori previsti.'),
    "minimum": ({"minimum": 4}, 3, "3 è meno del minimo ammesso."),
    "maximum": ({"maximum": 2}, 3, "3 è più del massimo ammesso."),
    "anyOf": ({"anyOf": [{"type": "null"}, {"type": "string"}]}, 3, "3 non ha nessuna delle forme previste."),
    "pattern": ({"pattern": "b"}, "a", '"a" non ha la forma prevista.'),
    "minLength": ({"minLength": 1}, "", "Qui serve un testo non vuoto."),
    "minItems": ({"minItems": 1}, [], "Qui mancano delle voci."),
    "maxItems": ({"maxItems": 0}, [1], "Qui ci sono troppe voci."),
    "uniqueItems": ({"uniqueItems": True}, [1, 1], "Qui la stessa voce compare due volte."),
    "required": ({"required": ["id"]}, {}, "Qui manca una parte obbligatoria; c'è {}."),
    "additionalProperties": (
        {"properties": {"id": {}}, "additionalProperties": False},
        {"a": 1},
        'Qui c\'è un nome non previsto: {"a": 1}.',
    ),
    "falseSchema": (False, 3, "Qui non è previsto nulla; c'è 3."),
}


@pytest.mark.parametrize("keyword", SAID)
def test_what_only_the_schema_refuses_is_said_by_keyword(keyword: str) -> None:
    written, value, said = SAID[keyword]
    asked = replace(STRICT, validator=Compiled({"properties": {"note": written}}))
    assert [(each.pointer, each.sentence) for each in asked._by_keyword({"note": value})] == [("/note", said)]


def test_a_schema_that_is_stricter_than_the_reader_is_obeyed() -> None:
    asked = replace(STRICT, validator=Compiled({"properties": {"figli": {"maximum": 2}}}))
    assert errors(asked, {"figli": 2}) == []
    assert errors(asked, {"figli": 3}) == [("/figli", "3 è più del massimo ammesso.")]


# The oracle: jsonschema, in Python


def _pattern(validator: Any, pattern: str, instance: object, schema: Any) -> Iterator[ValidationError]:
    """Let `$` mean the end, as in JSON Schema, and not also before the last end of line, as in Python."""
    if isinstance(instance, str) and not re.search(pattern.replace("$", r"\Z"), instance):
        yield ValidationError("pattern")


Oracular: Any = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]


def places(found: Iterable[Any]) -> set[tuple[tuple[str | int, ...], str]]:
    """Return where the errors of the oracle are, and by which keyword."""
    return {(tuple(error.absolute_path), str(error.validator)) for error in found}


@cache
def random_service(seed: int) -> Servizio:
    """Return a random service, every campo asked."""
    servizio = assembled(service(seed))
    return replace(servizio, order=tuple(servizio.campi))


@cache
def known(seed: int) -> tuple[Validation, Any]:
    """Return a validation of ours, or of a random service, with its oracle."""
    ours = [
        STRICT,
        strict({**CAMPI, **{f"u{n}": {"tipo": "sì/no", "solo se": guard} for n, (guard, _, _) in enumerate(GUARDS)}}),
        validation_of(RULEBOOK.law.campi, RULEBOOK.law.guards, "Tutto", "urn:tutto"),
        *(validation(version) for version in VERSIONS),
    ]
    asked = ours[seed] if seed < len(ours) else validation(random_service(seed))
    return asked, Oracular(asked.schema)


def resolves(pointer: str, data: Any) -> bool:
    """Whether a JSON Pointer leads somewhere in the data."""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(data, list):
            if not name.isdecimal() or int(name) >= len(data):
                return False
            data = data[int(name)]
        elif isinstance(data, dict) and name in data:
            data = data[name]
        else:
            return False
    return True


@settings(max_examples=10 * SEEDS, suppress_health_check=list(HealthCheck))
@given(st.data(), st.integers(0, SEEDS))
def test_whatever_is_sent(data: st.DataObject, seed: int) -> None:
    asked, oracle = known(seed)
    sent = data.draw(received(asked.guards.campi))
    seen = {(tuple(error.instance_path), error.kind.name) for error in asked.validator.iter_errors(sent)}
    assert seen == places(oracle.iter_errors(sent))
    assert asked.conforms(sent) == (not seen)
    found = errors(asked, sent)
    assert found or asked.conforms(sent)
    assert len(set(found)) == len(found)
    assert all(said.strip() and resolves(pointer, sent) for pointer, said in found)
    assert not any(keyword in said for _, said in found for keyword in ("previsti.", "prevista.", "di un altro genere"))
    if found:
        by_value = [one for one in found if "serve solo se" not in one[1] and "non lo chiede" not in one[1]]
        assert [one for one in lenient(asked, sent) if "non è un campo" not in one[1]] == [
            one for one in by_value if "non è un campo" not in one[1]
        ]
    else:
        assert asked.read(sent) == read_answers(sent, asked.guards.campi)


@settings(max_examples=5 * SEEDS, suppress_health_check=list(HealthCheck))
@given(st.data(), st.integers(0, SEEDS))
def test_every_place_that_the_schema_refuses_has_its_sentence(data: st.DataObject, seed: int) -> None:
    asked, oracle = known(seed)
    sent = data.draw(received(asked.guards.campi))
    found = [pointer.split("/")[1:] for pointer, _ in errors(asked, sent)]
    for error in oracle.iter_errors(sent):
        path = pointer_of(*error.absolute_path).split("/")[1:]
        said = any(each[: len(path)] == path[: len(each)] for each in found)
        echo = found and "then" in error.absolute_schema_path  # a guard that rests on a wrong answer
        assert said or echo, path


# Guards and completions


def guarded(servizio: Servizio, answers: Answers) -> Iterator[tuple[str, str, str]]:
    """Yield each answered campo with a guard: its pointer, its guard and, inside an elenco, its member."""
    for key in servizio.guards:
        elenco, _, name = key.rpartition("/")
        found = answers.values.get(elenco or name)
        if not elenco and found is not None:
            yield f"/{name}", key, ""
        for index, (identity, values) in enumerate(found.members.items() if isinstance(found, Elenco) else ()):
            if elenco and name in values:
                yield f"/{elenco}/membri/{index}/{name}", key, f"{elenco}/{identity}"


@pytest.mark.parametrize("seed", range(1000, 1000 + 4 * SEEDS))
def test_an_answer_is_refused_only_when_no_completion_makes_its_guard_true(seed: int) -> None:
    servizio, chance = random_service(seed), random.Random(seed)
    asked = validation_of(servizio.campi, servizio.guards, "Prova", "urn:prova")
    for _ in range(3):
        answers = family(servizio, chance, 200)
        sent = sent_of(answers, servizio.campi)
        refused = {pointer for pointer, _ in errors(asked, sent)}
        plain, oracle = Plain(servizio, ON, answers), Oracle(servizio, ON, answers)
        for pointer, key, member in guarded(servizio, answers):
            guard = servizio.guards[key]
            assert pointer not in refused or {world.true(guard, member) for world in oracle.worlds} == {False}
            assert pointer in refused or dated(servizio, key) or plain.truth(guard, member) is not False
            assert pointer not in refused or key in asked.unstated or not asked.conforms(sent)
        assert refused or asked.read(sent) == read_answers(sent, servizio.campi)


def dated(servizio: Servizio, key: str) -> bool:
    """Whether a guard rests on the day of the decision, which is no answer."""
    found = reach(servizio, key)
    return any(
        "giorno della" in atom.text
        for name in found
        if name in servizio.guards
        for atom in atoms(servizio.guards[name])
    )
