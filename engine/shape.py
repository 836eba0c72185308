"""The shape of staff files: JSON Schema says what may stand where; every error becomes a Problem."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource

from engine.document import Document, Items, Node, Section, Text
from engine.problem import Place, Problem, problem, suggestion

#: Where an item with a mistake is named: by part (none under the root) and name.
Lost = dict[tuple[str, str], Place]
Plain = str | list["Plain"] | dict[str, "Plain"]

KINDS = ("atti", "parametri", "vocabolario", "glossario", "servizio", "form", "lettera", "sportelli", "procedura")
_NOUNS: dict[type, str] = {str: "un testo", list: "un elenco", dict: "una sezione"}
_EXPECTED = {
    "string": "un testo sulla stessa riga",
    "array": "un elenco (una riga per voce, con il trattino)",
    "object": "una sezione (righe «nome: valore» più rientrate)",
}


def shape(document: Document, kind: str) -> list[Problem]:
    """Return every Problem of the shape of that kind of staff file, in the order of the file."""
    problems: dict[tuple[int, int, str], Problem] = {}
    for error in _validator(kind).iter_errors(plain(document.root)):
        for found in _say(document, error):
            problems[found.place.line, found.place.column, found.message] = found
    return [problems[key] for key in sorted(problems)]


def without(document: Document, problems: list[Problem], parts: tuple[str, ...]) -> tuple[Document | None, Lost]:
    """Return the document without the items that have a mistake, and the names of those, by part.

    An item is what has a name of its own: under the root, or under each of the parts. A mistake
    elsewhere is passed over if it is in a single line; otherwise there is no document.
    """
    root, lost = document.root, Lost()
    entries: list[tuple[Text, Node]] = []
    lines = {place.line for found in problems for place in (found.place, *found.also)}
    for key, node in root.entries:
        if key.value in parts and isinstance(node, Section):
            kept = _kept(node, key.value, lines, lost)
            entries.append((key, kept))
        elif parts or not lines & _lines(key, node):
            entries.append((key, node))
        else:
            lost["", key.value] = key.place
    inside = {line for key, node in root.entries if not isinstance(node, Text) for line in _lines(key, node)}
    if lines & inside and parts:
        return None, lost
    return Document(document.source, Section(tuple(entries), root.place)), lost


def _kept(section: Section, part: str, lines: set[int], lost: Lost) -> Section:
    """Return the items of a part that have no mistake; their mistakes are taken off the lines."""
    kept = []
    for key, node in section.entries:
        own = _lines(key, node)
        if lines & own:
            lost[part, key.value] = key.place
        else:
            kept.append((key, node))
    for key, node in section.entries:
        lines -= _lines(key, node)
    return Section(tuple(kept), section.place)


def _lines(key: Text, node: Node) -> set[int]:
    """Return the lines from a name to the end of what stands under it."""
    return set(range(key.place.line, _last_line(node, key.place.line) + 1))


def _last_line(node: Node, line: int) -> int:
    match node:
        case Text():
            return max(line, node.place.line, *(place.line for place in node.rows))
        case Items():
            return max((_last_line(item, line) for item in node.items), default=line)
    return max((_last_line(value, key.place.line) for key, value in node.entries), default=line)


def plain(node: Node) -> Plain:
    """Return the data without the places."""
    if isinstance(node, Section):
        return {key.value: plain(value) for key, value in node.items()}
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    return node.value


@cache
def _validator(kind: str) -> Draft202012Validator:
    shared = Resource[Any].from_contents(_schema("definitions"))
    registry: Registry[Any] = Registry().with_resource("definitions.json", shared)
    return Draft202012Validator(_schema(kind), registry=registry)


def _schema(name: str) -> Any:
    return json.loads(files("engine").joinpath("shapes", f"{name}.json").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class _Fault:
    """An error of jsonschema with the node it speaks of and the name under which that node stands."""

    node: Node
    key: Text
    item: bool
    schema: dict[str, Any]
    value: Any
    instance: Any

    @property
    def names(self) -> dict[str, Place]:
        """The names written in the section, each with its place."""
        return {key.value: key.place for key, _ in self.section.items()}

    @property
    def section(self) -> Section:
        assert isinstance(self.node, Section)
        return self.node


def _say(document: Document, error: ValidationError) -> Iterator[Problem]:
    node: Node = document.root
    key, item = Text("file", document.root.place), False
    for step in error.absolute_path:
        item = isinstance(step, int)
        if isinstance(node, Items):
            node = node.items[int(step)]
        else:
            assert isinstance(node, Section)
            key, node = next(entry for entry in node.entries if entry[0].value == step)
    keyword = "propertyNames" if "propertyNames" in error.absolute_schema_path else str(error.validator)
    assert isinstance(error.schema, dict)
    yield from _SAYINGS[keyword](_Fault(node, key, item, error.schema, error.validator_value, error.instance))


def _unknown_keys(fault: _Fault) -> Iterator[Problem]:
    known = [*fault.schema["properties"], *fault.schema.get("x-also", ())]
    patterns = fault.schema.get("patternProperties", {})
    for word, place in fault.names.items():
        if word not in known and not any(re.search(pattern, word) for pattern in patterns):
            hint = suggestion(word, known)
            yield problem("shape.unknown_key", place, word=word, suggestion=hint, allowed=_listed(known))


def _missing_keys(fault: _Fault) -> Iterator[Problem]:
    """Say which names are missing, except those that only seem misspelt."""
    known = fault.schema["properties"]
    hints = "".join(suggestion(word, known) for word in fault.names if word not in known)
    for word in fault.value:
        if word not in fault.names and f"«{word}»" not in hints:
            yield problem("shape.missing_key", _heading(fault), word=word)


def _wrong_type(fault: _Fault) -> Iterator[Problem]:
    if fault.instance == "":
        yield from _empty(fault)
        return
    types = [fault.value] if isinstance(fault.value, str) else fault.value
    expected = " oppure ".join(_EXPECTED[name] for name in types)
    found = _NOUNS[type(fault.instance)]
    code = "shape.item_type" if fault.item else "shape.type"
    yield problem(code, fault.node.place, word=fault.key.value, expected=expected, found=found)


def _empty(fault: _Fault) -> Iterator[Problem]:
    yield problem("shape.empty_item" if fault.item else "shape.empty", fault.node.place, word=fault.key.value)


def _not_listed(fault: _Fault) -> Iterator[Problem]:
    if fault.instance == "":
        yield from _empty(fault)
    elif isinstance(fault.instance, str):
        hint, allowed = suggestion(fault.instance, fault.value), _listed(fault.value)
        data = {"found": fault.instance, "word": fault.key.value, "suggestion": hint, "allowed": allowed}
        yield problem("shape.enum", fault.node.place, **data)


def _wrong_name(fault: _Fault) -> Iterator[Problem]:
    yield problem(fault.schema["x-sentence"], fault.names[fault.instance], word=fault.instance)


def _too_many(fault: _Fault) -> Iterator[Problem]:
    second = list(fault.names.values())[1]
    yield problem("shape.too_many", second, word=fault.key.value)


def _repeated(fault: _Fault) -> Iterator[Problem]:
    assert isinstance(fault.node, Items)
    seen: dict[Plain, Place] = {}
    for item in fault.node.items:
        if isinstance(item, Text) and item.value in seen:
            first = seen[item.value]
            yield problem("shape.repeated", item.place, first, found=item.value, word=fault.key.value)
        elif isinstance(item, Text):
            seen[item.value] = item.place


def _choose_one(fault: _Fault) -> Iterator[Problem]:
    words = [word for branch in fault.value for word in branch["required"]]
    yield problem("shape.choose_one", _heading(fault), word=fault.key.value, allowed=_listed(words))


def _heading(fault: _Fault) -> Place:
    """Return where the section is named, or where it begins if it is an item of a list."""
    return fault.node.place if fault.item else fault.key.place


def _listed(words: list[str]) -> str:
    return ", ".join(f"«{word}»" for word in words)


#: What to say for each keyword of JSON Schema that the files in shapes/ use; `oneOf` only among `required`.
_SAYINGS: dict[str, Callable[[_Fault], Iterator[Problem]]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_keys,
    "type": _wrong_type,
    "enum": _not_listed,
    "propertyNames": _wrong_name,
    "minLength": _empty,
    "minItems": _empty,
    "minProperties": _empty,
    "maxProperties": _too_many,
    "uniqueItems": _repeated,
    "oneOf": _choose_one,
}
