"""The service of the measurements: 40 requisiti of 5 conditions over 30 campi, the same on every machine.

It is written once as conditions and said in four ways: the staff files, the Python that a programmer
would write by hand, a zen-engine graph, and random families.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import nestedtext

from engine.atto import parse_atti
from engine.campo import parse_campi
from engine.checks.assemble import Lawbook, assemble, resolve_guards
from engine.document import Document, read
from engine.draft import parse
from engine.parametro import parse_parametri
from engine.servizio import Servizio
from engine.tipo import Value

ON = date(2024, 3, 1)
CAMPI, REQUISITI, CONDITIONS, FAMILIES = 30, 40, 5, 200
#: The first five eighths of the requisiti are enough for the second esito; the first esito asks for all.
ENOUGH = 5 / 8
OPTIONS = ("affitto", "comodato", "proprietà", "alloggio di servizio")
SHAPES = ("almeno una", "tutte", "misto")

Family = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Campo:
    """A campo with its kind and, for quantities, the greatest value drawn."""

    name: str
    kind: str
    top: int = 0

    def draw(self, chance: random.Random) -> Value:
        """Return a random answer."""
        if self.kind == "sì/no":
            return chance.random() < 0.6
        return chance.choice(OPTIONS) if self.kind == "scelta" else chance.randrange(self.top + 1)


@dataclass(frozen=True, slots=True)
class Condition:
    """One line: as staff write it, as Python and as zen-engine read it."""

    staff: str
    python: str
    zen: str


#: One condition compares with a parametro of the law.
LIMIT = 600_000
THRESHOLD = Condition("campo_12 al massimo soglia", f'family["campo_12"] <= {LIMIT}', f"campo_12 <= {LIMIT}")
Requisito = tuple[str, tuple[Condition, ...]]


def campi() -> list[Campo]:
    """Return the campi: twelve sì/no, ten amounts, five numbers, three choices."""
    kinds = ["sì/no"] * 12 + ["euro"] * 10 + ["numero"] * 5 + ["scelta"] * 3
    tops = {"euro": 3_000_000, "numero": 20}
    return [Campo(f"campo_{n}", kind, tops.get(kind, 0)) for n, kind in enumerate(kinds[:CAMPI])]


def condition(campo: Campo, chance: random.Random, *, likely: bool) -> Condition:
    """Make a condition that holds for many families, or for nearly all."""
    name, read = campo.name, f'family["{campo.name}"]'
    if campo.kind == "sì/no":
        wanted = chance.random() < 0.8
        return Condition(
            f"{name} è {'sì' if wanted else 'no'}",
            read if wanted else f"not {read}",
            f"{name} == {json.dumps(wanted)}",
        )
    if campo.kind == "scelta":
        chosen = chance.sample(OPTIONS, 2)
        listed = ", ".join(f'"{option}"' for option in chosen)
        return Condition(f"{name} è uno di {'; '.join(chosen)}", f"{read} in ({listed})", f"{name} in [{listed}]")
    share = chance.uniform(0.001, 0.004) if likely else chance.uniform(0.3, 0.6)
    low = chance.random() < 0.5
    limit = round(campo.top * (share if low else 1 - share))
    written = euro(limit) if campo.kind == "euro" else str(limit)
    sign, words = (">=", "almeno") if low else ("<=", "al massimo")
    return Condition(f"{name} {words} {written}", f"{read} {sign} {limit}", f"{name} {sign} {limit}")


def euro(cents: int) -> str:
    """Write an amount as staff do."""
    return f"{cents // 100},{cents % 100:02d} €"


def requisiti(count: int = REQUISITI) -> list[Requisito]:
    """Return the first rules, drawn with a fixed seed; `misto` is any of three conditions or both of two."""
    chance, everything = random.Random(5), campi()
    quantities = [campo for campo in everything if campo.top]
    found = []
    for index in range(count):
        shape = SHAPES[index % len(SHAPES)]
        among = quantities if shape == "tutte" else everything
        chosen = chance.sample(among, CONDITIONS)
        found.append((shape, tuple(condition(c, chance, likely=shape == "tutte") for c in chosen)))
    found[0] = (found[0][0], (*found[0][1][:-1], THRESHOLD))
    return found


def staff_condition(requisito: Requisito) -> object:
    """Write the condition of a requisito for a staff file."""
    shape, lines = requisito[0], [line.staff for line in requisito[1]]
    return {"almeno una": [*lines[:3], {"tutte": lines[3:]}]} if shape == "misto" else {shape: lines}


def files(count: int = REQUISITI) -> dict[str, bytes]:
    """Return the staff files of the service."""
    common = {"domanda": "Che cosa?", "prova": "documento tecnico", "dato": "ordinario"}
    vocabolario: dict[str, dict[str, Any]] = {c.name: {**common, "tipo": c.kind} for c in campi()}
    for campo in campi():
        vocabolario[campo.name] |= {"opzioni": list(OPTIONS)} if campo.kind == "scelta" else {}
        vocabolario[campo.name] |= {"minimo": "0 €" if campo.kind == "euro" else "0"} if campo.top else {}
    names = [f"requisito_{n}" for n in range(count)]
    fonte = {"fonte": "atto-prova", "stato": "da confermare"}
    rules = zip(names, requisiti(count), strict=True)
    servizio = {
        "servizio": "prova",
        "titolo": "Prova",
        **fonte,
        "destinatario": "nucleo",
        "si applica il": "giorno della domanda",
        "requisiti": {n: {"titolo": f"Il {n}", **fonte, "se": staff_condition(r)} for n, r in rules},
        "esiti": {
            "pieno": {"richiede": names, **fonte},
            "ridotto": {"richiede": names[: round(count * ENOUGH)], **fonte},
            "motivi_ostativi": {"altrimenti": "sì", **fonte},
        },
    }
    atto = {
        "titolo": "Prova",
        "riferimento": "Prova",
        "in vigore dal": "01/01/2000",
        "testo": "non acquisito",
    }
    valori = {"dal 01/01/2020": {"valore": euro(LIMIT), **fonte}}
    form = {"servizio": "prova", "titolo": "Prova", "pagine": {"Tutto": {"campi": list(vocabolario)}}}
    written = {
        "regolamento/atti.nt": {"atto-prova": atto},
        "regolamento/parametri.nt": {"soglia": {"titolo": "Soglia", "tipo": "euro", "valori": valori}},
        "rules/vocabolario.nt": vocabolario,
        "rules/prova/dal-2020-01-01.nt": servizio,
        "forms/prova.nt": form,
    }
    return {name: nestedtext.dumps(data).encode() for name, data in written.items()}


def servizio(count: int = REQUISITI) -> Servizio:
    """Read the staff files; without the checks, whose proofs over all families are measured apart."""

    def section(name: str) -> Document:
        document, problems = read(name, files(count)[name])
        assert document is not None, problems
        return document

    atti, _ = parse_atti(section("regolamento/atti.nt").root)
    vocabolario, _ = parse_campi(section("rules/vocabolario.nt").root)
    parametri, _ = parse_parametri(section("regolamento/parametri.nt").root)
    guards, _ = resolve_guards(vocabolario)
    draft, problems = parse(section("rules/prova/dal-2020-01-01.nt"), date(2020, 1, 1))
    assert draft is not None, problems
    found, _, problems = assemble(draft, Lawbook(atti, {}, vocabolario, guards, parametri), None, tuple(vocabolario))
    assert found is not None, problems
    return found


def python_condition(requisito: Requisito, conditions: Callable[[Condition], str]) -> str:
    """Write a requisito as one expression with and and or."""
    shape, lines = requisito[0], [conditions(line) for line in requisito[1]]
    if shape == "misto":
        return f"({' or '.join(lines[:3])} or ({' and '.join(lines[3:])}))"
    return f"({(' and ' if shape == 'tutte' else ' or ').join(lines)})"


def by_hand(count: int = REQUISITI) -> tuple[str, Callable[[Family], str]]:
    """Return the function that a programmer would write, each rule at most once, and its text."""
    parts = [python_condition(requisito, lambda line: line.python) for requisito in requisiti(count)]
    first = round(count * ENOUGH)
    enough, everything = (" and\n            ".join(some) for some in (parts[:first], parts[first:]))
    text = (
        f"def decide(family):\n    if not ({enough}):\n        return 'motivi_ostativi'\n"
        f"    if ({everything}):\n        return 'pieno'\n    return 'ridotto'\n"
    )
    names: dict[str, Any] = {}
    exec(compile(text, "<by hand>", "exec"), names)  # noqa: S102
    return text, names["decide"]


def zen_graph() -> dict[str, Any]:
    """Return the same rules for zen-engine: an expression for each requisito, then a decision table."""
    rules = [
        {"id": f"e{n}", "key": f"r{n}", "value": python_condition(requisito, lambda line: line.zen)}
        for n, requisito in enumerate(requisiti())
    ]
    enough, everything = (
        " and ".join(f"$.r{n}" for n in range(count)) for count in (round(REQUISITI * ENOUGH), REQUISITI)
    )
    rules += [
        {"id": "x", "key": "enough", "value": enough},
        {"id": "y", "key": "everything", "value": everything},
    ]
    inputs = [{"id": f"i{field}", "name": field, "field": field} for field in ("everything", "enough")]
    cells = [("true", "", "pieno"), ("", "true", "ridotto"), ("", "", "motivi_ostativi")]
    table = {
        "hitPolicy": "first",
        "inputs": inputs,
        "outputs": [{"id": "o", "name": "esito", "field": "esito"}],
        "rules": [
            {"_id": f"row{n}", "ieverything": one, "ienough": two, "o": f'"{outcome}"'}
            for n, (one, two, outcome) in enumerate(cells)
        ],
    }
    nodes: list[dict[str, Any]] = [
        {"id": "in", "type": "inputNode", "name": "in"},
        {"id": "rules", "type": "expressionNode", "name": "rules", "content": {"expressions": rules}},
        {"id": "table", "type": "decisionTableNode", "name": "table", "content": table},
        {"id": "out", "type": "outputNode", "name": "out"},
    ]
    names = [node["id"] for node in nodes]
    edges = [{"id": f"{a}-{b}", "type": "edge", "sourceId": a, "targetId": b} for a, b in pairwise(names)]
    return {"contentType": "application/vnd.gorules.decision", "nodes": nodes, "edges": edges}


def families() -> list[Family]:
    """Return families with every answer."""
    chance = random.Random(11)
    return [{campo.name: campo.draw(chance) for campo in campi()} for _ in range(FAMILIES)]


def incomplete(everyone: list[Family]) -> list[Family]:
    """Return the same families with four answers in ten missing."""
    chance = random.Random(12)
    return [{name: value for name, value in family.items() if chance.random() < 0.6} for family in everyone]


def shares(outcomes: list[str]) -> Mapping[str, int]:
    """Return how many families have each outcome."""
    return {name: outcomes.count(name) for name in ("pieno", "ridotto", "motivi_ostativi")}
