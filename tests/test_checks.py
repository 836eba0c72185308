"""The checks that only advise keep silent when a question is too large for them."""

from __future__ import annotations

import pytest

from engine.answers import read_answers
from engine.evaluation import evaluate
from engine.rulebook import Rulebook, read_rulebook
from tests.generator import ON
from tests.test_errate import CASES, edited
from tests.test_lingua import completed

#: What each says when it has room to look.
ADVICE = {
    "tabelle.nt: due righe insieme per un calcolo": {"tables.overlap"},
    "tabelle.nt: un buco in un conto di due campi": {"tables.gap"},
    "esiti.nt: un esito che nessuno può avere": {"outcomes.unreached", "outcomes.unused"},
    "esiti.nt: un requisito sempre vero": {"outcomes.never_decides"},
}


@pytest.mark.parametrize("name", ADVICE)
def test_beyond_the_budget_nothing_is_said(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files = edited(CASES[name]["modifiche"])
    said = {found.code for found in read_rulebook(files)[1]}
    assert said >= ADVICE[name]
    for budget in ("engine.checks.cases.ADVISORY", "engine.checks.cases.BUDGET", "engine.checks.outcomes.BUDGET"):
        monkeypatch.setattr(budget, 1)
    silent = {found.code for found in read_rulebook(files)[1]}
    assert said - silent == ADVICE[name] - {"outcomes.unused"}


def crowded(expression: str, count: int) -> Rulebook:
    """Return a service whose `punti` has many more values than can be told apart one by one."""
    names = [f"c_{number}" for number in range(count)]
    rows = [
        f"{'qualsiasi | ' * index}è sì{' | qualsiasi' * (count - 1 - index)} | {2**index}" for index in range(count)
    ]
    table = "\n".join([" | ".join([*names, "punti"]), *rows])
    data = {
        "vocabolario": {name: {"tipo": "sì/no"} for name in names},
        "servizio": {
            "requisiti": {"r": {"se": "totale almeno 100"}},
            "calcoli": {
                "punti": {"fonte": "prova", "colpo": "somma", "tabella": table},
                "totale": {"calcolo": expression},
            },
            "esempi": {"niente": {"al": "01/01/2020", "esito": "da integrare"}},
        },
    }
    found, problems = read_rulebook(completed(data))
    assert [str(problem) for problem in problems] == []
    return found


@pytest.mark.parametrize(("expression", "count"), [("punti + 0", 14), ("punti * punti", 8)])
def test_what_is_too_crowded_is_checked_and_decided_all_the_same(expression: str, count: int) -> None:
    """Nothing hangs, nothing is refused: the outcome is said to be one of more than there may be."""
    servizio = crowded(expression, count).servizi["prova"][0]
    nothing = evaluate(servizio, read_answers({}, servizio.campi), ON)
    assert (nothing.esito, nothing.exact, len(nothing.missing)) == ("da_integrare", False, count)
    everything = evaluate(servizio, read_answers(dict.fromkeys(servizio.campi, True), servizio.campi), ON)
    assert (everything.esito, everything.exact) == ("spetta", True)
