"""Fingerprint: the hash of everything that decided, the answers excepted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date

from engine.campo import Campo
from engine.clause import Clause, Is, Joined
from engine.parametro import Parametro
from engine.procedura import Procedura
from engine.reach import reach
from engine.servizio import Servizio

#: Grows when the same rules and the same answers may come out otherwise.
ENGINE = "1"


def fingerprint(servizio: Servizio, on: date) -> str:
    """Return the SHA-256, in hexadecimal, of the rules, campi and parametri that decide on that day.

    The text of the version counts whole; of what is shared, only what decides: a rewording of a
    question or another service's parametro changes nothing.
    """
    used = reach(
        servizio,
        *servizio.calcoli,
        *servizio.definizioni,
        *(c for r in servizio.requisiti.values() for c in (r.clause, r.guard) if c),
    )
    campi = {name: _campo(servizio.campi[name]) for name in sorted(used) if name in servizio.campi}
    guards = {name: _clause(guard) for name, guard in sorted(servizio.guards.items()) if name in used}
    decided: list[object] = [
        ENGINE,
        servizio.since.isoformat(),
        servizio.document.source.lines,
        campi,
        guards,
        _parametri(servizio.parametri, on),
    ]
    return _hash(decided)


def procedure_fingerprint(procedura: Procedura, on: date) -> str:
    """Return the SHA-256, in hexadecimal, of the procedura and of the parametri that measure its termini that day."""
    return _hash([ENGINE, procedura.document.source.lines, _parametri(procedura.parametri, on)])


def _hash(decided: Sequence[object]) -> str:
    canonical = json.dumps(decided, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _campo(campo: Campo) -> list[object]:
    tipo = [campo.tipo.name, campo.tipo.unit, campo.tipo.decimals, list(campo.tipo.options)]
    members = {name: _campo(inner) for name, inner in campo.campi.items()}
    return [tipo, campo.minimo, campo.massimo, campo.prova, members]


def _clause(clause: Clause) -> list[object]:
    match clause:
        case Is():
            return [clause.text]
        case Joined():
            return [clause.kind, *(_clause(part) for part in clause.parts)]
    return [clause.kind, clause.elenco, _clause(clause.clause)]


def _parametri(parametri: Mapping[str, Parametro], on: date) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, parametro in parametri.items():
        period = parametro.at(on)
        if period is None:
            continue
        rows = (
            [[[cell.text for cell in row.cells], row.result.text] for row in period.tabella.rows]
            if period.tabella
            else []
        )
        worth = [list(map(str, period.alternatives)), sorted(period.members), period.unknown, rows]
        found[name] = [parametro.tipo.name, period.since.isoformat(), period.fonte.stato, worth]
    return found
