"""Prose: every word of it pinned for small rulebooks in tests/prosa, and what must hold of it for any rules.

After a change on purpose, `python -m tests.test_prose` writes the pinned words anew: review every difference.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import nestedtext
import pytest

from engine import phrase
from engine import prose as module
from engine.answers import Answers
from engine.clause import Clause, Joined, atoms
from engine.evaluation import NotInForce
from engine.history import history, row_of
from engine.messages import SENTENCES, sentence
from engine.phrase import Phrases
from engine.plain import Plain
from engine.prose import prose
from engine.rulebook import read_rulebook
from engine.schema import asked
from engine.servizio import Servizio
from tests.generator import ON, assembled, service
from tests.small import small
from tests.test_data import VERSIONS
from tests.test_lingua import FILES, completed, rulebook_files

HERE = Path(__file__).parent / "prosa"
CASES: dict[str, dict[str, Any]] = {
    path.name: nestedtext.loads(path.read_text("utf-8"), top="dict")  # type: ignore[misc]
    for path in sorted(HERE.glob("*.nt"))
}
DAYS = {"al primo giorno": date(2020, 1, 1), "un anno dopo": date(2021, 6, 1)}


def rules(name: str) -> Servizio:
    """Return the service of a file."""
    data = {key: value for key, value in CASES[name].items() if key != "prosa"}
    rulebook, problems = read_rulebook(completed(data))
    assert [str(found) for found in problems] == []
    return rulebook.servizi["prova"][-1]


def written(value: object) -> Any:
    """Return JSON as NestedText holds it."""
    match value:
        case dict():
            return {key: written(inner) for key, inner in value.items()}
        case list():
            return [written(inner) for inner in value]
        case None | "":
            return ""
    return value if isinstance(value, str) else json.dumps(value)


def told(name: str) -> dict[str, Any]:
    """Return the whole prose on the first day, and on another what differs."""
    servizio = rules(name)
    first, later = (written(prose(servizio, day)) for day in DAYS.values())
    return {"al primo giorno": first, "un anno dopo": {k: v for k, v in later.items() if v != first[k]}}


@pytest.mark.parametrize("name", CASES)
def test_prose(name: str) -> None:
    assert told(name) == CASES[name]["prosa"]


def test_every_sentence_of_prose_is_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    said: set[str] = set()

    def noted(code: str, data: Mapping[str, str]) -> str:
        said.add(code)
        return sentence(code, data)

    for part in (phrase, module):
        monkeypatch.setattr(part, "sentence", noted)
    for name in CASES:
        told(name)
    kinds = {"prosa.for_componente", "prosa.for_due_parti", "prosa.limits"}
    assert {code for code in SENTENCES if code.startswith("prosa.")} - said == kinds


TWO = "vocabolario:\n  a:\n    tipo: sì/no\nservizio:\n  requisiti:\n    r:\n      se: a è sì\n"


@pytest.mark.parametrize(
    ("destinatario", "sentence"),
    [
        ("nucleo", "Riguarda il nucleo familiare: le persone che vivono insieme e fanno una sola domanda."),
        ("componente", "Riguarda una persona."),
        ("due parti", "Riguarda due parti, che stringono fra loro un patto."),
    ],
)
def test_whom_a_service_is_for(destinatario: str, sentence: str) -> None:
    assert prose(small(TWO, destinatario=destinatario), ON)["frasi"][0] == sentence


def every() -> Iterator[Servizio]:
    """Yield the real services, those of tests/lingua and random ones."""
    yield from VERSIONS
    for path in FILES:
        yield from read_rulebook(rulebook_files(path))[0].servizi["prova"]
    yield from (assembled(service(seed)) for seed in range(60))


def strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from strings(inner)
        case list():
            for inner in value:
                yield from strings(inner)


def leaves(node: dict[str, Any]) -> list[str]:
    return [leaf for part in node["parti"] for leaf in leaves(part)] if "parti" in node else [node["riga"]]


def lines(clause: Clause) -> list[str]:
    return [atom.text for atom in atoms(clause)]


def test_the_prose_of_any_rules_holds_all_of_them_and_no_hole() -> None:
    for servizio in every():
        said = prose(servizio, servizio.since)
        json.dumps(said)
        assert [r["nome"] for r in said["requisiti"]] == list(servizio.requisiti)
        assert [c["nome"] for c in said["campi"]] == list(asked(servizio))
        assert [e["nome"] for e in said["esiti"]] == [esito.name for esito in servizio.esiti]
        assert [c["nome"] for c in said["calcoli"]] == list(servizio.calcoli)
        assert [p["nome"] for p in said["parametri"]] == list(servizio.parametri)
        for found in said["requisiti"]:
            requisito = servizio.requisiti[found["nome"]]
            assert leaves(found["condizione"]) == lines(requisito.clause)
            assert (found["solo_se"] is None) == (requisito.guard is None)
        for found in (*said["requisiti"], *said["definizioni"]):
            named = {p["nome"] for p in found["parametri"]}
            assert named <= set(servizio.parametri)
        reasons = [r.pop(f"motivo_se_{end}") or "" for r in said["requisiti"] for end in ("si", "no")]
        reasons += [c.pop("avviso") for c in said["coerenze"]]
        assert not [text for text in strings(said) if "{" in text or "None" in text or "  " in text], servizio.name
        assert all(isinstance(text, str) for text in reasons)


def test_a_clause_on_one_line_keeps_what_belongs_together() -> None:
    for servizio in every():
        phrases = Phrases(Plain(servizio, servizio.since, Answers()))
        for requisito in servizio.requisiti.values():
            words, clause = phrases.phrase(requisito.clause), requisito.clause
            assert words
            nested = isinstance(clause, Joined) and any(
                isinstance(p, Joined) and len(p.parts) > 1 for p in clause.parts
            )
            assert not nested or "(" in words


def test_an_elenco_inside_a_sentence_says_how_its_conditions_go_together() -> None:
    servizio = rules("nucleo.nt")
    phrases = Phrases(Plain(servizio, date(2020, 1, 1), Answers()))
    assert phrases.phrase(servizio.requisiti["s"].clause) == (
        "almeno un persona con lavora è no oppure reddito tra 1,00 € e 100,00 € oppure 200,00 €"
    )


def test_a_day_on_which_a_version_does_not_govern_has_no_prose() -> None:
    for version in VERSIONS:
        with pytest.raises(NotInForce):
            prose(version, version.since - timedelta(days=1))


def test_a_version_that_ended_says_so() -> None:
    files = rulebook_files(next(path for path in FILES if path.stem == "versioni"))
    first, *_ = read_rulebook(files)[0].servizi["prova"]
    assert first.until is not None
    said = prose(first, first.since)
    assert said["fino_al"] == (first.until - timedelta(days=1)).isoformat()
    assert said["frasi"][1].startswith("Queste regole valgono dal ")
    assert " al " in said["frasi"][1]


def test_the_parametri_through_time_follow_each_other() -> None:
    for servizio in every():
        found = history(servizio)
        assert list(found) == list(servizio.parametri)
        for name, rows in found.items():
            assert [row.period for row in rows] == list(servizio.parametri[name].periods)
            assert rows[-1].until is None
            for before, after in itertools.pairwise(rows):
                assert before.until == after.period.since - timedelta(days=1)
            for row in rows:
                shown = row.as_json(servizio.atti)
                assert ("tabella" in shown) != ("valore" in shown)
                assert shown["aperto"] == (row.period.unknown or " oppure " in json.dumps(shown, ensure_ascii=False))
                day = max(row.period.since, servizio.since)
                if row.until is None or day <= row.until:
                    assert row_of(servizio, name, day).period is row.period


if __name__ == "__main__":
    for file, data in CASES.items():
        (HERE / file).write_text(nestedtext.dumps(data | {"prosa": told(file)}, indent=2) + "\n", "utf-8")
