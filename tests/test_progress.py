"""Where a file stands: the pages of tests/rapporti/procedure, word for word, and what cannot be read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nestedtext
import pytest

from engine import happened, progress
from engine.answers import WrongAnswers
from engine.clock import STATES, Happening
from engine.effects import step
from engine.happened import Happened, read_happened
from engine.messages import SENTENCES, sentence
from engine.procedura import Procedura
from engine.progress import Progress, progress_report
from engine.tipo import parse_day
from tests.procedures import NAMES, contributo, parsed, real
from tests.test_clock import HOLIDAYS, MOVED
from tests.test_clock import happened as events_of

FILE = Path(__file__).parent / "rapporti" / "procedure" / "pratiche.nt"
CASES: dict[str, Any] = nestedtext.loads(FILE.read_text("utf-8"), top="dict")  # type: ignore[assignment]
WRONG: tuple[tuple[object, list[tuple[str, str]]], ...] = (
    (
        ["domanda_ricevuta"],
        [("", 'Ciò che è avvenuto è un oggetto JSON con «eventi» e «stati»; qui c\'è ["domanda_ricevuta"].')],
    ),
    (
        {"evento": [], "stati": "esito_certo"},
        [
            ("/evento", '"evento" non è previsto: si può scrivere «eventi» e «stati».'),
            ("/stati", 'Qui serve un elenco, anche vuoto; c\'è "esito_certo".'),
        ],
    ),
    (
        {"eventi": ["domanda_ricevuta", {"evento": "x"}, {"evento": [], "giorno": "2026-03-01"}]},
        [
            ("/eventi/0", 'Ogni evento è un oggetto con «evento» e «giorno»; qui c\'è "domanda_ricevuta".'),
            ("/eventi/1", 'Ogni evento è un oggetto con «evento» e «giorno»; qui c\'è {"evento": "x"}.'),
            ("/eventi/2/evento", "[] non è un evento di questa procedura."),
        ],
    ),
    (
        {"eventi": [{"evento": "domanda_ricevutta", "giorno": "01/03/2026"}], "stati": ["esito certo", 3]},
        [
            ("/eventi/0/evento", '"domanda_ricevutta" non è un evento di questa procedura. Forse «domanda_ricevuta»?'),
            ("/eventi/0/giorno", '"01/03/2026" si capisce (01/03/2026), ma in JSON si scrive "2026-03-01".'),
            (
                "/stati/0",
                f'"esito certo" non è uno stato. Forse «esito_certo»? Si può scrivere: {", ".join(NAMES)}.',
            ),
            ("/stati/1", f"3 non è uno stato. Si può scrivere: {', '.join(NAMES)}."),
        ],
    ),
    (
        {"eventi": [{"evento": "domanda_ricevuta", "giorno": "2026-02-30"}]},
        [("/eventi/0/giorno", "Il giorno «2026-02-30» non esiste sul calendario.")],
    ),
)


def found(name: str) -> Progress:
    """Return where the file of a case stands."""
    case = CASES[name]
    procedura = contributo(scadenza_prorogata=MOVED[case.get("festa", "no")], **unknown(case))
    if "servizio" in case:
        procedura = real()[case["servizio"]]
    states = frozenset(case.get("stati", []))
    known = Happened(tuple(events_of(case.get("eventi", []))), states)
    return progress.progress(procedura, known, parse_day(case["al"]), HOLIDAYS)


def unknown(case: Mapping[str, Any]) -> dict[str, None]:
    """Return the parametri that a case says that nobody knows."""
    return dict.fromkeys(case.get("ignoti", []))


@pytest.mark.parametrize("name", CASES)
def test_page(name: str) -> None:
    assert progress_report(found(name)) == CASES[name]["pagina"]


def test_every_sentence_is_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    said: set[str] = set()

    def noted(code: str, data: Mapping[str, str]) -> str:
        said.add(code)
        return sentence(code, data)

    for module in (progress, happened):
        monkeypatch.setattr(module, "sentence", noted)
    for name in CASES:
        assert progress_report(found(name))
    for data, _ in WRONG:
        with pytest.raises(WrongAnswers):
            read_happened(data, contributo())
    derived = parsed(
        {
            "eventi": {"e": "Evento"},
            "fasi": {"f": {"attivita": "F", "note": "n", "quando": "lettera l"}},
            "lettere": {"l": {"quando": "e", "inviata con": "e"}},
        }
    )
    assert progress_of(derived, {"e"}).reasons(["lettera:l"]) == ["lettera «l»"]
    assert {code for code in SENTENCES if code.startswith(("scadenze.", "avvenuto."))} - said == set()
    assert {f"scadenze.{state}" for state in STATES[:-1]} <= said


def progress_of(procedura: Procedura, facts: set[str]) -> Progress:
    """Return where a file stands, today of no importance."""
    known = Happened(tuple(Happening(parse_day("01/03/2026"), name) for name in facts))
    return progress.progress(procedura, known, parse_day("02/03/2026"), HOLIDAYS)


@pytest.mark.parametrize(("data", "mistakes"), WRONG)
def test_what_cannot_be_read_is_said_all_at_once(data: object, mistakes: list[tuple[str, str]]) -> None:
    with pytest.raises(WrongAnswers) as refused:
        read_happened(data, contributo())
    assert [(each.pointer, each.sentence) for each in refused.value.errors] == mistakes


def test_what_has_happened_is_read() -> None:
    assert read_happened({}, contributo()) == Happened()
    sent = {"eventi": [{"evento": "domanda_ricevuta", "giorno": "2026-03-01"}], "stati": ["esito_certo"]}
    read = read_happened(sent, contributo())
    assert read == Happened((Happening(parse_day("01/03/2026"), "domanda_ricevuta"),), frozenset({"esito_certo"}))
    assert read.facts(parse_day("28/02/2026")) == {"esito_certo"}
    assert read.facts(parse_day("01/03/2026")) == {"esito_certo", "domanda_ricevuta"}


def test_the_json_says_the_same() -> None:
    whole = found("un preavviso di cui non si sa quando è arrivato").as_json()
    assert list(whole) == ["servizio", "al", "versione_scheda", "fasi", "lettere", "termini"]
    states = {fase["id"]: fase["stato"] for fase in whole["fasi"]}
    assert (states["contatto"], states["esame_domanda"], states["chiusura"]) == ("conclusa", "aperta", "da_aprire")
    term = whole["termini"][0]
    assert (term["id"], term["stato"], term["dal"], term["fermato_il"]) == (
        "conclusione",
        "sospeso",
        "2026-03-01",
        None,
    )
    assert (term["ultimo_giorno"], term["giorni_previsti"]) == ({"da": "2026-04-10", "a": None}, [30])
    assert (term["giorni_impiegati"], term["giorni_contati"]) == (24, {"da": 18, "a": 18})
    assert whole["termini"][1]["ultimo_giorno"] == {"da": None, "a": None}


def test_another_engine_may_follow() -> None:
    asked: list[frozenset[str]] = []

    def other(procedura: Procedura, facts: frozenset[str]) -> Any:
        asked.append(facts)
        return step(procedura, facts)

    known = Happened((), frozenset({"esito_certo"}))
    progress.progress(contributo(), known, parse_day("01/03/2026"), HOLIDAYS, other)
    assert asked == [frozenset({"esito_certo"})]


if __name__ == "__main__":  # to be reviewed by diff: python -m tests.test_progress
    for title, one in CASES.items():
        one["pagina"] = progress_report(found(title))
    FILE.write_text(nestedtext.dumps(CASES, indent=2) + "\n", "utf-8")
