"""Campi: every fact about a family, once, shared by all services (`rules/vocabolario.nt`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.condition import Condition, parse_condition
from engine.document import Items, Section, Text
from engine.number import WrongValue
from engine.problem import Place, Problem, problem
from engine.tipo import Tipo, Value

JUDGEMENT = "giudizio professionale"


@dataclass(frozen=True, slots=True)
class Campo:
    """One question about a family: its tipo, limits, proof and guard (`solo se`)."""

    name: str
    domanda: str
    tipo: Tipo
    prova: str
    dato: str
    place: Place
    minimo: int | None = None
    massimo: int | None = None
    guard: Condition | None = None
    voce: str = ""
    campi: dict[str, Campo] = field(default_factory=dict)

    @property
    def judgement(self) -> bool:
        """Whether only a professional can answer."""
        return self.prova == JUDGEMENT


def parse_tipo(node: Section, problems: list[Problem]) -> Tipo:
    """Read `tipo` with `opzioni`, `unità` and `decimali`."""
    name, options = node.text("tipo"), node.get("opzioni")
    values = tuple(item.value for item in options.items if isinstance(item, Text)) if isinstance(options, Items) else ()
    wanted = {"scelta": "opzioni", "più scelte": "opzioni", "durata": "unità"}
    needed, place = wanted.get(name), node.place_of("tipo")
    problems += [problem("campo.needs", place, tipo=name, key=needed)] if needed and not node.get(needed) else []
    for key, owners in (
        ("opzioni", ("scelta", "più scelte")),
        ("unità", ("durata",)),
        ("decimali", ("numero",)),
    ):
        if node.get(key) and name not in owners:
            problems.append(problem("campo.not_for_tipo", node.place_of(key), key=key, tipo=name))
    problems += _repeated(options)
    decimals = node.text("decimali") or "0"
    if not re.fullmatch("[0-6]", decimals):
        problems.append(problem("campo.decimals", node.place_of("decimali"), text=decimals))
        decimals = "0"
    return Tipo(name, node.text("unità"), int(decimals), values)


def parse_campi(root: Section) -> tuple[dict[str, Campo], list[Problem]]:
    """Read the vocabolario, whose shape is already checked."""
    problems: list[Problem] = []
    campi = {key.value: _campo(key, node, problems) for key, node in root.entries if isinstance(node, Section)}
    return campi, [*problems, *_elenchi(campi)]


def _elenchi(campi: dict[str, Campo]) -> Iterator[Problem]:
    """Yield the elenchi inside another, and those whose members are called like those of another."""
    seen: dict[str, Campo] = {}
    for campo in campi.values():
        if campo.voce:
            first = seen.setdefault(campo.voce, campo)
            if first is not campo:
                data = {"voce": campo.voce, "name": first.name}
                yield problem("campo.repeated_voce", campo.place, first.place, **data)
        for member in campo.campi.values():
            if member.tipo.name == "elenco":
                yield problem("campo.nested_elenco", member.place, name=member.name)


def _campo(key: Text, node: Section, problems: list[Problem]) -> Campo:
    tipo = parse_tipo(node, problems)
    guard_node, inner = node.get("solo se"), node.get("campi")
    guard, found = parse_condition(guard_node) if guard_node else (None, [])
    problems += found
    members, found = parse_campi(inner) if isinstance(inner, Section) else ({}, [])
    problems += found
    for needed in ("voce", "campi"):
        if (tipo.name == "elenco") != (node.get(needed) is not None):
            code = "campo.needs" if tipo.name == "elenco" else "campo.not_for_tipo"
            problems.append(problem(code, node.place_of(needed, "tipo"), tipo=tipo.name, key=needed))
    low, high = _limit(node, "minimo", tipo, problems), _limit(node, "massimo", tipo, problems)
    if low is not None and high is not None and low > high:
        problems.append(problem("campo.limits", node.place_of("massimo")))
    return Campo(
        key.value,
        node.text("domanda"),
        tipo,
        node.text("prova"),
        node.text("dato"),
        key.place,
        low,
        high,
        guard,
        node.text("voce"),
        members,
    )


def _limit(node: Section, key: str, tipo: Tipo, problems: list[Problem]) -> int | None:
    text = node.get(key)
    if not isinstance(text, Text):
        return None
    if not tipo.ordered and tipo.name != "elenco":
        problems.append(problem("campo.not_for_tipo", node.place_of(key), key=key, tipo=tipo.name))
        return None
    value = parse_value(Tipo("numero") if tipo.name == "elenco" else tipo, text, problems)
    return value if isinstance(value, int) else None


def parse_value(tipo: Tipo, text: Text, problems: list[Problem]) -> Value | None:
    """Read a literal of that tipo; a wrong one is a Problem at its place."""
    try:
        return tipo.parse(text.value)
    except WrongValue as wrong:
        problems.append(Problem(wrong.code, text.place, tuple(wrong.data.items())))
        return None


def _repeated(options: object) -> list[Problem]:
    if not isinstance(options, Items):
        return []
    seen: dict[str, Place] = {}
    problems = []
    for item in options.items:
        assert isinstance(item, Text)
        if item.value in seen:
            problems.append(problem("campo.repeated_option", item.place, seen[item.value], option=item.value))
        seen.setdefault(item.value, item.place)
        if ";" in item.value:
            problems.append(problem("campo.option_semicolon", item.place, option=item.value))
    return problems
