"""The checks that only advise keep silent when a question is too large for them."""

from __future__ import annotations

import pytest

from engine.rulebook import read_rulebook
from tests.test_errate import CASES, edited

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
