"""Esempi: the worked cases of the rule files, run through the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.answers import Answers, Elenco, read_example
from engine.campo import Campo
from engine.document import Items, Node, Section, Text
from engine.draft import Esempio
from engine.evaluation import STATES, Evaluation, campo_of, evaluate
from engine.messages import sentence
from engine.problem import Problem, problem
from engine.route import Route, route
from engine.servizio import Servizio
from engine.sportelli import Sportelli
from engine.tipo import Value, parse_day
from engine.wording import Wording

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """An esempio, what the engine gives, and where that is not what is written."""

    esempio: Esempio
    evaluation: Evaluation
    differences: tuple[Problem, ...]


def run_esempi(servizio: Servizio) -> Iterator[Outcome]:
    """Run the esempi of a service that `check` has accepted."""
    for esempio in servizio.esempi:
        evaluation = evaluate(servizio, *_given(esempio, servizio))
        yield Outcome(esempio, evaluation, tuple(_differences(esempio.node, evaluation)))


def run_routes(sportelli: Sportelli) -> Iterator[Outcome]:
    """Run the esempi of the sportelli that `check` has accepted."""
    for version in sportelli.versions:
        for esempio in version.esempi:
            found = route(sportelli, *_given(esempio, version))
            differences = [*_wrong_way(esempio.node, found), *_differences(esempio.node, found.evaluation)]
            yield Outcome(esempio, found.evaluation, tuple(differences))


def _given(esempio: Esempio, servizio: Servizio) -> tuple[Answers, date]:
    """Return what an esempio says of a family, and the day."""
    data = esempio.node.get("dati")
    answers = read_example(data if isinstance(data, Section) else Section((), esempio.place), servizio.campi, [])
    return answers, parse_day(esempio.node.text("al"))


def _wrong_way(node: Section, found: Route) -> Iterator[Problem]:
    wanted, name = node.get("sportello"), found.name or found.state.replace("_", " ")
    if isinstance(wanted, Text) and wanted.value != name:
        yield _different("sportello", wanted, name)


def _differences(node: Section, evaluation: Evaluation) -> Iterator[Problem]:
    wanted = node.get("esito")
    if isinstance(wanted, Text) and wanted.value.replace(" ", "_") != evaluation.esito:
        yield _different("esito", wanted, evaluation.esito.replace("_", " "))
    rests = [name for found in evaluation.rests_on.values() for name in found]
    lists: tuple[tuple[str, Callable[[], list[str]]], ...] = (
        ("mancano", lambda: list(evaluation.missing)),
        ("mancano per l'importo", lambda: list(evaluation.missing_for_importo)),
        ("da confermare", lambda: list(dict.fromkeys(rests))),
    )
    for key, found in lists:
        if (written := node.get(key)) is not None and _lines(written) != found():
            yield _different(key, written, "; ".join(found()) or "niente")
    importi = node.get("importi")
    for name, value in importi.entries if isinstance(importi, Section) else ():
        shown = Wording(evaluation).worth(name.value) if name.value in evaluation.importi else "nessun importo"
        if isinstance(value, Text) and value.value != shown:
            yield _different(name.value, value, shown)


def _lines(node: Node) -> list[str]:
    return [item.value for item in node.items if isinstance(item, Text)] if isinstance(node, Items) else []


def _different(what: str, written: Node, found: str) -> Problem:
    text = written.value if isinstance(written, Text) else "; ".join(_lines(written)) or "niente"
    return problem("esempi.different", written.place, what=what, written=text, found=found)


def told(outcome: Outcome) -> Json:
    """Return an esempio in words: its data, what is written that must come out, and what comes out."""
    node, evaluation = outcome.esempio.node, outcome.evaluation
    servizio, words = evaluation.servizio, Wording(evaluation)
    titles = {esito.name: esito.titolo for esito in servizio.esiti}
    importi = node.get("importi")
    return {
        "titolo": outcome.esempio.titolo,
        "al": evaluation.on.isoformat(),
        "dati": [item for name, value in evaluation.answers.values.items() for item in _data(servizio, name, value)],
        "atteso": titles.get(node.text("esito"), node.text("esito")),
        "importi_attesi": [
            {"titolo": servizio.calcoli[key.value].titolo, "valore": value.value}
            for key, value in (importi.entries if isinstance(importi, Section) else ())
            if isinstance(value, Text)
        ],
        "esito": evaluation.esito.replace("_", " ") if evaluation.esito in STATES else titles[evaluation.esito],
        "mancano": [campo_of(servizio.campi, path).domanda for path in evaluation.missing],
        "importi": [
            {"titolo": servizio.calcoli[name].titolo, "valore": words.worth(name)} for name in evaluation.importi
        ],
        "diverso": [found.message for found in outcome.differences],
    }


def _data(servizio: Servizio, name: str, value: Value | Elenco) -> Iterator[Json]:
    campo = servizio.campi[name]
    if not isinstance(value, Elenco):
        yield _datum(campo, value)
        return
    code = "spiega.members" if value.complete else "spiega.members_so_far"
    yield {"domanda": campo.domanda, "valore": sentence(code, {"count": str(len(value.members))})}
    for member, given in value.members.items():
        yield from (_datum(campo.campi[inner], found, member) for inner, found in given.items())


def _datum(campo: Campo, value: Value, member: str = "") -> Json:
    return {"domanda": f"{campo.domanda} ({member})" if member else campo.domanda, "valore": campo.tipo.show(value)}
