"""Results: what the page of the outcome shows of each service."""

from __future__ import annotations

from typing import Any

from engine.evaluation import STATES, Evaluation
from engine.explanation import explain
from engine.messages import sentence
from engine.tipo import show_day

#: How each kind of outcome looks and is called in a word: a colour alone would not do.
KINDS = {
    "spetta": ("success", "it-check-circle"),
    "motivi_ostativi": ("danger", "it-close-circle"),
    "da_integrare": ("warning", "it-pencil"),
    "valutazione_professionale": ("info", "it-user"),
    "da_confermare": ("note", "it-help-circle"),
}


def result(evaluation: Evaluation) -> dict[str, Any]:
    """Return the decision as JSON, with the kind of its outcome, its sentence and the question that settles most."""
    explanation = explain(evaluation)
    whole = explanation.as_json()
    kind = _kind(evaluation)
    colour, icon = KINDS[kind]
    titles = {esito.name: esito.titolo for esito in evaluation.servizio.esiti}
    possible = "; ".join(titles[name] for name in evaluation.possible)
    data = {"possible": possible, "esito": titles.get(evaluation.esito, "")}
    unknown = [item for item in whole["requisiti"] if item["valore"] == "ignoto"]
    return {
        **whole,
        "genere": kind,
        "colore": colour,
        "icona": icon,
        "frase": sentence(f"pagine.{kind if evaluation.esito in STATES else 'certain'}", data),
        "importi": [*evaluation.importi],
        "dal": show_day(evaluation.servizio.since),
        "requisiti_ignoti": unknown,
        "risolutiva": next(iter(whole["prossime_domande"]), None),
    }


def _kind(evaluation: Evaluation) -> str:
    """Return the kind of an outcome: a state, the last esito of the rules (the grounds), or one that is due."""
    if evaluation.esito in STATES:
        return evaluation.esito
    return "motivi_ostativi" if evaluation.esito == evaluation.servizio.esiti[-1].name else "spetta"
