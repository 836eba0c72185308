"""Conditionals: guards as if/then of a JSON Schema, so that any validator refuses what does not concern the family.

A guard becomes the schema of the answers that make it certainly false. Decimals, dates and free texts
are written in several ways, or not comparable in a schema: tests of those are left to the engine.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from engine.clause import Clause, Constant, Is, Members, Test
from engine.guards import Guards, shown
from engine.plain import holds
from engine.tipo import Tipo, Value

Json = dict[str, Any]
#: A JSON Schema: false accepts nothing, and here it means that a schema cannot say when.
Condition = Json | bool

LIMITS = {
    "al massimo": ("maximum",),
    "almeno": ("minimum",),
    "meno di": ("exclusiveMaximum",),
    "più di": ("exclusiveMinimum",),
    "tra": ("minimum", "maximum"),
}


@dataclass(frozen=True, slots=True)
class Conditionals:
    """The if/then of some guards."""

    guards: Guards

    def among(self, names: Iterable[str], elenco: str = "") -> list[Json]:
        """Return the if/then of those campi whose guard a schema can state, in whole or in part."""
        found = []
        for name in names:
            guard = self.guards.of(name, elenco)
            never = self.certainly(False, guard, elenco) if guard is not None else False
            if guard is not None and never is not False:
                words = f"solo se: {shown(guard, self.guards.campi)}"
                found.append({"$comment": words, "if": never, "then": {"properties": {name: {"type": "null"}}}})
        return found

    def stated(self, clause: Clause, elenco: str = "") -> bool:
        """Whether a schema says exactly when a clause is certainly true and certainly false."""
        match clause:
            case Is(name, test):
                guard = self.guards.of(name, elenco)
                exact = _test(self.guards.campo(name, elenco).tipo, test, met=True) is not None
                return exact and (guard is None or self.stated(guard, elenco))
            case Members(_, of, inner):
                guard = self.guards.of(of)
                return self.stated(inner, of) and (guard is None or self.stated(guard))
        return all(self.stated(part, elenco) for part in clause.parts)

    def certainly(self, truth: bool, clause: Clause, elenco: str = "") -> Condition:
        """Return the schema of the answers with which a clause is certainly true, or certainly false."""
        match clause:
            case Is(name):
                guard, own = self.guards.of(name, elenco), self._answer(clause, elenco, truth)
            case Members():
                guard, elenco, own = self.guards.of(clause.elenco), "", self._members(clause, truth)
            case _:
                wanted = truth != (clause.kind == "nessuna")
                word = "allOf" if truth == (clause.kind != "almeno una") else "anyOf"
                return _joined(word, [self.certainly(wanted, part, elenco) for part in clause.parts])
        if guard is None:
            return own
        return _joined("allOf" if truth else "anyOf", [self.certainly(truth, guard, elenco), own])

    def _answer(self, clause: Is, elenco: str, truth: bool) -> Condition:
        campo = self.guards.campo(clause.name, elenco)
        value = _test(campo.tipo, clause.test, met=truth)
        if value is None or value is False:
            return False
        if campo.judgement:
            judged = {"type": "object", "properties": {"valore": value}, "required": ["valore"]}
            value = {"anyOf": [value, judged]}
        return {"properties": {clause.name: value}, "required": [clause.name]}

    def _members(self, clause: Members, truth: bool) -> Condition:
        """Return the schema of an elenco some member of which settles the clause, or all of them together."""
        inner = self.certainly(truth, clause.clause, clause.elenco)
        if truth == (clause.kind == "almeno un"):
            if inner is False:
                return False
            some = {"type": "array", "contains": inner}
            whole = {"type": "object", "properties": {"membri": some}, "required": ["membri"]}
            value: Json = {"anyOf": [some, whole]}
        else:
            each = {"completo": {"const": True}, "membri": {"type": "array", "items": inner}}
            value = {"type": "object", "properties": each, "required": ["completo", "membri"]}
        return {"properties": {clause.elenco: value}, "required": [clause.elenco]}


def _joined(word: str, parts: list[Condition]) -> Condition:
    """Join schemas by `allOf` or `anyOf`, leaving out what adds nothing."""
    neutral = word == "allOf"
    if (not neutral) in parts:
        return not neutral
    kept = [part for index, part in enumerate(parts) if part is not neutral and part not in parts[:index]]
    if not kept:
        return neutral
    return kept[0] if len(kept) == 1 else {word: kept}


def _test(tipo: Tipo, test: Test, *, met: bool) -> Condition | None:
    """Return the schema of the values that meet a test, or fail it; None if no schema can tell them apart."""
    known = [operand.value for operand in test.operands if isinstance(operand, Constant) and operand.value is not None]
    if len(known) < len(test.operands):
        return None
    match tipo.name:
        case "sì/no" | "scelta":
            options: tuple[bool | str, ...] = tipo.options or (True, False)
            named = tuple(value for value in known if isinstance(value, (bool, str)))
            wanted = [option for option in options if holds(test.comparator, option, named) == met]
            return {"enum": wanted} if wanted else False
        case "più scelte":
            return _contains(known, (test.comparator == "contiene") == met)
    return _limits(test.comparator, known, met) if tipo.whole else None


def _contains(known: list[Value], wanted: bool) -> Condition:
    options = sorted({option for value in known if isinstance(value, frozenset) for option in value})
    if not options:
        return {"type": "array"} if wanted else False
    each = {"allOf": [{"contains": {"const": option}} for option in options]}
    return {"type": "array", **(each if wanted else {"not": each})}


def _limits(comparator: str, known: list[Value], met: bool) -> Json:
    words = LIMITS.get(comparator)
    limits: Json = {"enum": known} if words is None else dict(zip(words, known, strict=True))
    wanted = met != comparator.startswith("non ")
    return {"type": "integer", **(limits if wanted else {"not": limits})}
