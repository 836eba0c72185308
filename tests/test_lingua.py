"""The language, construct by construct: each file of tests/lingua is a small rulebook with its esempi."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nestedtext
import pytest

from engine.esempi import run_esempi
from engine.rulebook import Rulebook, read_rulebook

FILES = sorted((Path(__file__).parent / "lingua").glob("*.nt"))
ATTI = {
    "prova": {
        "titolo": "Atto di prova",
        "riferimento": "Atto di prova",
        "in vigore dal": "01/01/2000",
        "testo": "non acquisito",
    }
}
ESITI = {
    "spetta": {"richiede": ["r"], "fonte": "prova"},
    "non_spetta": {"altrimenti": "sì", "fonte": "prova"},
}
CAMPO = {"domanda": "Domanda di prova?", "prova": "autocertificazione art. 46", "dato": "personale"}


def rulebook_files(path: Path) -> dict[str, bytes]:
    """Complete a file of tests/lingua into the files of a data folder."""
    return completed(nestedtext.load(path, top="dict"))


def completed(data: Any) -> dict[str, bytes]:
    """Return the files of a data folder, adding what every rule file has."""
    campi = {name: _campo(campo) for name, campo in data["vocabolario"].items()}
    files = {
        "regolamento/atti.nt": ATTI,
        **({"regolamento/parametri.nt": data["parametri"]} if "parametri" in data else {}),
        "rules/vocabolario.nt": campi,
        "forms/prova.nt": {
            "servizio": "prova",
            "titolo": "Modulo",
            "pagine": {"Domande": {"campi": list(campi)}},
        },
    }
    versions = data.get("versioni") or {"2020-01-01": data["servizio"]}
    for since, rules in versions.items():
        files[f"rules/prova/dal-{since}.nt"] = _servizio(rules)
    return {name: (nestedtext.dumps(content) + "\n").encode() for name, content in files.items()}


def _campo(campo: dict[str, Any]) -> dict[str, Any]:
    inner = {name: _campo(member) for name, member in campo.get("campi", {}).items()}
    return {**CAMPO, **campo, **({"campi": inner} if inner else {})}


def _servizio(rules: dict[str, Any]) -> dict[str, Any]:
    sourced = {
        part: {n: {"titolo": n, "fonte": "prova", **v} for n, v in rules.get(part, {}).items()}
        for part in ("definizioni", "requisiti")
    }
    head = {
        "servizio": "prova",
        "titolo": "Prova",
        "fonte": "prova",
        "destinatario": "nucleo",
        "si applica il": "giorno della domanda",
    }
    return {**head, "esiti": ESITI, **rules, **{part: found for part, found in sourced.items() if found}}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_construct(path: Path) -> None:
    """Every esempio of the file comes out as it is written, and the file has no problem."""
    rulebook, problems = read_rulebook(rulebook_files(path))
    assert [str(found) for found in problems] == []
    assert _failures(rulebook) == []
    assert sum(len(version.esempi) for version in rulebook.servizi["prova"]) >= 3


def _failures(rulebook: Rulebook) -> list[str]:
    versions = rulebook.servizi["prova"]
    return [f"{o.esempio.titolo}: {d}" for version in versions for o in run_esempi(version) for d in o.differences]
