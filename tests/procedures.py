"""Procedure for the tests: the real ones, the same with other parametri, and small ones made at random."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from random import Random

import nestedtext

from engine.__main__ import read_folder
from engine.document import read
from engine.parametro import Parametro, Period
from engine.procedura import STATES, Procedura, canonical, parse_procedura
from engine.rulebook import read_rulebook
from engine.tipo import Value
from tests.source import ROOT

NAMES = tuple(map(canonical, STATES))


@cache
def real() -> Mapping[str, Procedura]:
    """Return the procedure of the repository."""
    rulebook, problems = read_rulebook(read_folder(ROOT))
    assert not problems
    return rulebook.procedure


def contributo(**values: tuple[Value, ...] | None) -> Procedura:
    """Return a real procedura with other values; None is what nobody knows."""
    procedura = real()["contributo-autonomia"]
    changed = {name: _worth(procedura.parametri[name], given) for name, given in values.items()}
    return replace(procedura, parametri={**procedura.parametri, **changed})


def _worth(parametro: Parametro, given: tuple[Value, ...] | None) -> Parametro:
    (period,) = parametro.periods
    other: Period = replace(period, since=date.min, alternatives=given or (), unknown=given is None)
    return replace(parametro, periods=(other,))


def parsed(text: Mapping[str, object]) -> Procedura:
    """Read a procedura that is not checked."""
    sheet = {"data_versione_scheda": "01/01/2024", "motivo_versione": "prova", "nome": "Prova"}
    document, problems = read("procedura.nt", nestedtext.dumps({"scheda": sheet, **text}).encode())
    assert document is not None
    procedura, found = parse_procedura(document, "prova", frozenset())
    assert not [*problems, *found]
    return procedura


def made(random: Random) -> Procedura:
    """Return a small procedura made at random: everything looks only at what comes before it."""
    events = [f"e{n}" for n in range(random.randint(2, 7))]
    before: list[str] = []
    parts: dict[str, dict[str, object]] = {"fasi": {}, "lettere": {}}
    for n in range(random.randint(1, 7)):
        kind = random.choice(["fasi", "lettere"])
        when = _condition(random, [*events, *STATES, *before], [*events, *STATES], 2)
        body: dict[str, object] = {"attivita": "x", "note": "x"} if kind == "fasi" else {}
        if kind == "lettere" or random.random() < 0.8:
            body["quando"] = when
        body["inviata con" if kind == "lettere" else "conclusa con"] = random.choice(events)
        parts[kind][f"x{n}"] = body
        before.append(f"{'fase' if kind == 'fasi' else 'lettera'} x{n}")
    termini = {"t": {"titolo": "T", "fonte": "x", "durata": "d", "decorre da": "e0", "si ferma con": "e1"}}
    return parsed(
        {"eventi": {name: name for name in events}, **{k: v for k, v in parts.items() if v}, "termini": termini}
    )


def _condition(random: Random, names: list[str], deniable: list[str], depth: int) -> object:
    if depth == 0 or random.random() < 0.4:
        return f"non {random.choice(deniable)}" if random.random() < 0.3 else random.choice(names)
    group = random.choice(["tutte", "almeno una"])
    return {group: [_condition(random, names, deniable, depth - 1) for _ in range(random.randint(1, 3))]}


def facts(random: Random, procedura: Procedura) -> frozenset[str]:
    """Return what may have happened to a file, much or little of it, and a name that nobody knows."""
    share = random.random()
    return frozenset(name for name in (*procedura.eventi, *NAMES, "altro") if random.random() < share)
