"""Route: to which desk a family goes, or what is missing to say so, or what only the cabina di regia can say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.answers import Answers
from engine.atto import Fonte
from engine.evaluation import STATES, Evaluation, NotInForce, evaluate
from engine.explanation import explain
from engine.fingerprint import fingerprint
from engine.servizio import Servizio
from engine.sportelli import RESULT, SPORTELLI, Questione, Sportelli, Sportello, name_of
from engine.wording import Wording

Evaluating = Callable[[Servizio, Answers, date], Evaluation]
FOUND, TO_ASK = "sportello", "da_chiedere"


@dataclass(frozen=True, slots=True)
class Route:
    """Where a family goes on a day, given what is known about it; the evaluation says why."""

    sportelli: Sportelli
    evaluation: Evaluation

    @property
    def state(self) -> str:
        """`sportello`, `da_chiedere` (to the cabina di regia), or why neither can be said yet."""
        if self.sportello is not None:
            return FOUND
        return TO_ASK if self.questione is not None else self.evaluation.esito

    @property
    def name(self) -> str:
        """The desk or the question that the table gives; nothing while it is not certain."""
        esito = self.evaluation.esito
        return "" if esito in STATES else name_of(esito)

    @property
    def sportello(self) -> Sportello | None:
        """The desk, if it is certain."""
        return self.sportelli.sportelli.get(self.name)

    @property
    def questione(self) -> Questione | None:
        """The question to the cabina di regia, if it is certain that no desk is known."""
        return self.sportelli.questioni.get(self.name)

    @property
    def possible(self) -> tuple[Sportello | Questione, ...]:
        """The desks, and the questions, to which some completion of the answers leads."""
        named: dict[str, Sportello | Questione] = {**self.sportelli.sportelli, **self.sportelli.questioni}
        return tuple(named[name_of(esito)] for esito in self.evaluation.possible)

    @property
    def missing(self) -> tuple[str, ...]:
        """The campi on which the desk still depends."""
        return self.evaluation.missing

    @property
    def next_questions(self) -> tuple[str, ...]:
        """The campi to ask now, first what would settle most."""
        return self.evaluation.next_questions

    @property
    def fonte(self) -> Fonte:
        """The source of the table."""
        return self.evaluation.servizio.fonte

    def brief(self) -> dict[str, Any]:
        """Return the answer without its reasons: the desk and the question are only named."""
        return {
            "esito": self.state,
            "sportello": self.sportello.name if self.sportello else None,
            "questione": self.questione.name if self.questione else None,
            "mancano": list(self.missing),
        }

    def as_json(self) -> dict[str, Any]:
        """Return the whole answer as JSON."""
        evaluation, explanation = self.evaluation, explain(self.evaluation)
        known = evaluation.plain.worth(RESULT) is not None
        return {
            "versione": evaluation.servizio.since.isoformat(),
            "impronta": fingerprint(evaluation.servizio, evaluation.on),
            "al": evaluation.on.isoformat(),
            "esito": self.state,
            "provvisorio": explanation.provisional,
            "sportello": self.sportello.as_json() if self.sportello else None,
            "questione": self.questione.as_json() if self.questione else None,
            "possibili": [{"id": item.name, "titolo": item.titolo} for item in self.possible],
            "regola": {**explanation.source(self.fonte), "passi": Wording(evaluation).steps(RESULT) if known else []},
            "mancano": explanation.questions(self.missing),
            "prossime_domande": explanation.questions(self.next_questions),
            "da_confermare": explanation.to_confirm(),
        }


def route(sportelli: Sportelli, answers: Answers, on: date, evaluate: Evaluating = evaluate) -> Route:
    """Say to which desk a family goes on a day; raise NotInForce if no table governs that day.

    `evaluate` may be that of a memory, which says the same.
    """
    version = sportelli.at(on)
    if version is None:
        raise NotInForce(SPORTELLI, on)
    return Route(sportelli, evaluate(version, answers, on))
