"""Reports: every sentence that explains a decision, pinned in the files of tests/rapporti.

A file is a small rulebook, as in tests/lingua, with the report of each of its esempi.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import nestedtext
import pytest

from engine import explanation, phrase, wording
from engine import report as page
from engine.esempi import Outcome, run_esempi
from engine.explanation import explain
from engine.messages import SENTENCES, sentence
from engine.report import report
from engine.rulebook import read_rulebook
from tests.test_lingua import completed

HERE = Path(__file__).parent / "rapporti"
FILES: dict[str, dict[str, Any]] = {
    path.name: nestedtext.loads(path.read_text("utf-8"), top="dict")  # type: ignore[misc]
    for path in sorted(HERE.glob("*.nt"))
}
CASES = [(name, titolo) for name, data in FILES.items() for titolo in data["servizio"]["esempi"]]
GROUPS = ("spiega.", "rapporto.")


@cache
def outcomes(name: str) -> Mapping[str, Outcome]:
    """Return the esempi of a file, run."""
    data = FILES[name]
    asked = {campo: {"domanda": f"{campo}?", **given} for campo, given in data["vocabolario"].items()}
    rulebook, problems = read_rulebook(completed(data | {"vocabolario": asked}))
    assert [str(found) for found in problems] == []
    return {outcome.esempio.titolo: outcome for outcome in run_esempi(rulebook.servizi["prova"][-1])}


def told(name: str, titolo: str) -> str:
    """Return the report of an esempio, without the hash."""
    return re.sub("[0-9a-f]{64}", "…", report(explain(outcomes(name)[titolo].evaluation)))


@pytest.mark.parametrize(("name", "titolo"), CASES)
def test_report(name: str, titolo: str) -> None:
    assert [str(found) for found in outcomes(name)[titolo].differences] == []
    assert told(name, titolo) == FILES[name]["rapporti"][titolo]


def test_every_sentence_of_a_report_is_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    said: set[str] = set()

    def noted(code: str, data: Mapping[str, str]) -> str:
        said.add(code)
        return sentence(code, data)

    for module in (explanation, phrase, wording, page):
        monkeypatch.setattr(module, "sentence", noted)
    for name, titolo in CASES:
        assert told(name, titolo)
    assert {code for code in SENTENCES if code.startswith(GROUPS)} - said == set()


def test_the_data_of_a_requisito_say_whether_the_elenco_is_complete() -> None:
    whole, open_so_far = (explain(outcomes("motivi.nt")[t].evaluation) for t in ("si sa tutto", "nessuna soglia"))
    proof = "autocertificazione art. 46"
    assert whole.data("nucleo") == [
        {"campo": "persone", "domanda": "persone?", "valore": "2 (elenco completo)", "prova": proof},
        {"campo": "persone/ada/reddito", "domanda": "Domanda di prova? (ada)", "valore": "50,00 €", "prova": proof},
        {"campo": "persone/ivo/reddito", "domanda": "Domanda di prova? (ivo)", "valore": "0,00 €", "prova": proof},
    ]
    assert open_so_far.data("nucleo") == [
        {
            "campo": "persone",
            "domanda": "persone?",
            "valore": "1 finora (elenco non ancora dichiarato completo)",
            "prova": proof,
        },
        {"campo": "persone/ada/reddito", "domanda": "Domanda di prova? (ada)", "valore": "60,00 €", "prova": proof},
    ]


def test_amounts_in_json() -> None:
    """One value, a range with or without an end, `non spetta`, the options chosen."""

    def found(titolo: str) -> dict[str, Any]:
        calcoli = explain(outcomes("importi.nt")[titolo].evaluation).as_json()["calcoli"]
        return {name: item.get("valore", item.get("intervallo")) for name, item in calcoli.items()}

    assert found("nulla") == {
        "rimborso": {"da": "10.00", "a": None},
        "resto": {"da": None, "a": "100.00"},
        "saldo": {"da": None, "a": None},
        "presenza": None,
        "terzo": None,
        "aiuto": {"da": "0.00", "a": "4000.00"},
        "meta": None,
        "fascia": {"da": "20.00", "a": "30.00"},
        "premio": {"da": "50.00", "a": "60.00"},
    }
    assert found("troppo") == {
        "rimborso": "410.00",
        "resto": "-300.00",
        "saldo": "385.00",
        "presenza": "100.00",
        "terzo": "33.3333333333",
        "aiuto": "400.00",
        "meta": "1.25",
        "fascia": "20.00",
        "premio": "non spetta",
    }


def rewritten() -> Iterator[tuple[str, str]]:
    """Yield the text of every file with its reports written anew."""
    for name, data in FILES.items():
        data["rapporti"] = {titolo: told(name, titolo) for titolo in outcomes(name)}
        yield name, nestedtext.dumps(data, indent=2) + "\n"


if __name__ == "__main__":  # to be reviewed by diff: python -m tests.test_rapporti
    for file, text in rewritten():
        (HERE / file).write_text(text, "utf-8")
