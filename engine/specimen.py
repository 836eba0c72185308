"""Specimen: an answer of each tipo and a family that gives them, to show how answers are written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from engine.answers import Elenco
from engine.campo import Campo
from engine.guards import Guards
from engine.messages import sentence
from engine.tipo import Value

#: On the grid of each tipo.
ORDINARY: dict[str, int] = {
    "euro": 936_000,
    "euro al mese": 50_000,
    "euro all'anno": 600_000,
    "percentuale": 7_000,
    "durata": 6,
    "data": date(2024, 3, 1).toordinal(),
}
WORDS = {"comune": "Palermo", "codice fiscale": "RSSMRA80A01G273Z", "testo": "testo"}


def specimen(campo: Campo) -> object:
    """Return the JSON of an answer that a campo accepts."""
    value = campo.tipo.to_json(_value(campo))
    return {"valore": value, "motivazione": sentence("schema.motivation", {})} if campo.judgement else value


def specimens(names: Iterable[str], guards: Guards, elenco: str = "") -> dict[str, object]:
    """Return the JSON of the answers of a family, or of a member, none to a question that does not concern it."""
    values: dict[str, Value | Elenco] = {}
    written: dict[str, object] = {}
    for name in names:
        guard, campo = guards.of(name, elenco), guards.campo(name, elenco)
        if guard is not None and guards.truth(guard, values, elenco) is False:
            continue
        if campo.campi:
            members = {f"{campo.voce}-{n}": specimens(campo.campi, guards, name) for n in range(1, _members(campo) + 1)}
            values[name] = Elenco(True, {i: _read(campo, member) for i, member in members.items()})
            listed = [{"id": identity, **member} for identity, member in members.items()]
            written[name] = {"completo": True, "membri": listed}
        else:
            values[name], written[name] = _value(campo), specimen(campo)
    return written


def _read(elenco: Campo, member: dict[str, object]) -> dict[str, Value]:
    return {name: _value(elenco.campi[name]) for name in member}


def _members(elenco: Campo) -> int:
    most = 1 if elenco.massimo is None else min(1, elenco.massimo)
    return max(most, elenco.minimo or 0)


def _value(campo: Campo) -> Value:
    tipo = campo.tipo
    if tipo.options:
        return frozenset(tipo.options[:1]) if tipo.name == "più scelte" else tipo.options[0]
    if not tipo.ordered:
        return WORDS.get(tipo.name, True)
    value = ORDINARY.get(tipo.name, tipo.scale)
    if campo.massimo is not None:
        value = min(value, campo.massimo)
    return value if campo.minimo is None else max(value, campo.minimo)
