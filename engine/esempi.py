"""Esempi: the worked cases of the rule files, run through the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from engine.answers import Answers, read_example
from engine.document import Items, Node, Section, Text
from engine.draft import Esempio
from engine.evaluation import Evaluation, evaluate
from engine.problem import Problem, problem
from engine.route import Route, route
from engine.servizio import Servizio
from engine.sportelli import Sportelli
from engine.tipo import parse_day
from engine.wording import Wording


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
