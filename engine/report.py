"""Report: an Explanation, or a Route, as a page of plain text, for the command line."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from engine.atto import TO_CONFIRM
from engine.evaluation import STATES
from engine.explanation import Explanation, Json, explain
from engine.messages import sentence
from engine.route import Route
from engine.sportelli import Sportello
from engine.tipo import show_day

WIDTH = 100
MARKS = {"vero": "[sì]", "falso": "[no]", "ignoto": "[?]", "non_applicabile": "[–]"}


def report(explanation: Explanation) -> str:
    """Return the whole decision in words."""
    return "\n".join(_lines(explanation))


def route_report(route: Route) -> str:
    """Return where a family goes, in words, or what is missing to say so."""
    return "\n".join(_route_lines(route))


def _route_lines(route: Route) -> Iterator[str]:
    explanation = explain(route.evaluation)
    if route.sportello is not None:
        yield from _wrapped(sentence("smistamento.sportello", {"titolo": route.sportello.titolo}))
        yield from _contacts(route.sportello)
    elif route.questione is not None:
        yield from _wrapped(f"{route.questione.titolo}.")
        yield from _wrapped(sentence("smistamento.da_chiedere", {"domanda": route.questione.domanda}))
    else:
        possible = "; ".join(item.titolo for item in route.possible)
        yield from _wrapped(sentence("smistamento.possibili", {"possible": possible}))
    asked = explanation.questions(route.next_questions)
    yield from _section("rapporto.prossime_domande", (f"{item['domanda']} ({item['prova']})" for item in asked))
    source = explanation.source(route.fonte)
    yield from ("", *_wrapped(f"{source['fonte']} — {source['stato']}"))


def _contacts(sportello: Sportello) -> Iterator[str]:
    shown = {
        "telefono": "; ".join(sportello.telefono),
        "email": sportello.email,
        "indirizzo": sportello.indirizzo,
    }
    yield from (f"  {name}: {text or TO_CONFIRM}" for name, text in shown.items())
    seen = "; ".join(filter(None, (sportello.stato, sportello.riscontro)))
    yield from _wrapped(sentence("smistamento.contatti", {"seen": seen}), 2)


def esito_sentence(explanation: Explanation) -> str:
    """Return the outcome as a sentence; the advice is never a decision."""
    evaluation = explanation.evaluation
    titles = {esito.name: esito.titolo for esito in evaluation.servizio.esiti}
    possible = "; ".join(titles[name] for name in evaluation.possible)
    if evaluation.esito in STATES:
        return sentence(f"rapporto.{evaluation.esito}", {"possible": possible})
    return sentence("rapporto.esito", {"esito": titles[evaluation.esito]})


def _lines(explanation: Explanation) -> Iterator[str]:
    evaluation = explanation.evaluation
    servizio = evaluation.servizio
    yield f"{servizio.titolo} — {explanation.source(servizio.fonte)['fonte']}"
    yield sentence("rapporto.version", {"since": show_day(servizio.since), "day": show_day(evaluation.on)})
    yield ""
    yield from _wrapped(esito_sentence(explanation))
    if explanation.provisional:
        yield from _wrapped(sentence("rapporto.provisional", {}))
    if not evaluation.exact:
        yield from _wrapped(sentence("rapporto.approximate", {}))
    whole = explanation.as_json()
    yield from _requisiti(whole["requisiti"])
    yield from _calcoli(explanation, whole["calcoli"])
    for key in ("prossime_domande", "mancano", "mancano_per_importo"):
        yield from _section(f"rapporto.{key}", (f"{item['domanda']} ({item['prova']})" for item in whole[key]))
    confirm = (
        f"{item['titolo']}: {item['valore']} — {'; '.join(item[key] for key in ('fonte', 'riscontro') if key in item)}"
        for item in whole["da_confermare"]
    )
    yield from _section("rapporto.da_confermare_titolo", confirm)
    yield from _section("rapporto.avvisi", whole["avvisi"])
    yield ""
    yield from _wrapped(sentence("rapporto.advice", {}))
    yield sentence("rapporto.impronta", {"impronta": whole["impronta"]})


def _requisiti(items: Iterable[Json]) -> Iterator[str]:
    yield from ("", sentence("rapporto.requisiti", {}))
    for item in items:
        yield f"  {MARKS[item['valore']]:5}{item['titolo']}"
        yield from _wrapped(item["motivo"], 7)
        yield from _wrapped(f"{item['fonte']} — {item['stato']}", 7)


def _calcoli(explanation: Explanation, calcoli: dict[str, Json]) -> Iterator[str]:
    importi = {name: calcoli[name] for name in explanation.evaluation.importi}
    if importi:
        yield from ("", sentence("rapporto.importi", {}))
    for item in importi.values():
        yield f"  {item['titolo']}: {item['testo']}"
        for step in item["passi"]:
            yield from _wrapped(step, 7)


def _section(code: str, items: Iterable[str]) -> Iterator[str]:
    found = list(items)
    if found:
        yield from ("", sentence(code, {}))
    for item in found:
        yield from _wrapped(f"- {item}", 2)


def _wrapped(text: str, indent: int = 0) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2 * bool(indent)))
