"""One family: the function by hand, the generated Python, the plain evaluator, the diagram, and a peer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import zen

from bench import rules
from bench.timing import Times, compare, once
from engine.answers import Answers, read_example
from engine.case import Case
from engine.compiled import compile_servizio
from engine.diagram import Diagram, Node, TooLarge, build, locate
from engine.document import Section
from engine.evaluation import evaluate
from engine.explanation import explain
from engine.plain import Plain
from engine.servizio import Servizio
from engine.tipo import parse_day

BY_HAND = "funzione scritta a mano"
DECIDE = "`decide` generato, dati completi"
DECIDE_INCOMPLETE = "`decide` generato, dati incompleti"
TRACE = "`trace` generato (tutte le condizioni)"
TRACE_INCOMPLETE = "`trace` generato, dati incompleti"
PLAIN = "valutatore semplice, dati completi"
PLAIN_INCOMPLETE = "valutatore semplice, dati incompleti"
FAMILY_DIAGRAM = "diagramma della famiglia, dati incompleti"
ZEN = "zen-engine, dati completi"
WALK = "percorso sul diagramma, dati completi"
RESTRICTED = "diagramma ristretto, dati incompleti"
#: The diagram of all 40 requisiti exceeds the budget: the walks are on the first ones.
WALKED = 20
#: The diagrams of families with missing answers are slow here: fewer families.
FEW = 20


def one_family() -> tuple[dict[str, Times], dict[str, int], int]:
    """Time every contender on the service of the measurements; they must agree where they all answer.

    Return the times, how many families have each outcome, and how many incomplete ones `decide` settles.
    """
    servizio, (_, by_hand) = rules.servizio(), rules.by_hand()
    code = compile_servizio(servizio, rules.ON)
    complete = rules.families()
    missing = rules.incomplete(complete)
    decision = zen.ZenEngine().create_decision(json.dumps(rules.zen_graph()))
    plain = _plain(servizio)
    outcomes = [by_hand(family) for family in complete]
    for call in (code.decide, plain, lambda family: decision.evaluate(family)["result"]["esito"]):
        assert [call(family) for family in complete] == outcomes
    contenders: dict[str, tuple[Callable[[Any], object], list[Any]]] = {
        BY_HAND: (by_hand, complete),
        DECIDE: (code.decide, complete),
        DECIDE_INCOMPLETE: (code.decide, missing),
        TRACE: (code.trace, complete),
        TRACE_INCOMPLETE: (code.trace, missing),
        PLAIN: (plain, complete),
        PLAIN_INCOMPLETE: (plain, missing),
        FAMILY_DIAGRAM: (_family_diagram(servizio), missing[:FEW]),
        ZEN: (decision.evaluate, complete),
    }
    settled = sum(code.decide(family) is not None for family in missing)
    return compare(contenders), dict(rules.shares(outcomes)), settled


def _plain(servizio: Servizio) -> Callable[[rules.Family], str | None]:
    """Return the decision of the plain evaluator, which looks at every requisito that an esito asks for."""

    def decide(family: rules.Family) -> str | None:
        plain = Plain(servizio, rules.ON, Answers(family))
        for esito in servizio.esiti:
            truths = {plain.truth(servizio.requisiti[name].clause) for name in esito.requires}
            if False not in truths:
                return None if None in truths else esito.name
        return None

    return decide


def _family_diagram(servizio: Servizio) -> Callable[[rules.Family], object]:
    """Return the possible outcomes of one family by a diagram of its own, over what is missing."""

    def outcomes(family: rules.Family) -> object:
        case = Case(servizio, rules.ON, Answers(family))
        try:
            return build(case.formulas, case.esiti()).outcomes
        except TooLarge:
            return None

    return outcomes


class Walk:
    """The diagram of a whole service, built once, on which families are walked or restricted."""

    def __init__(self, case: Case, diagram: Diagram) -> None:
        self.diagram = diagram
        variables = [case.formulas.variables[level.variables[0]] for level in diagram.levels]
        self.steps = list(zip(variables, diagram.levels, strict=True))

    def cell(self, index: int, family: rules.Family) -> int | None:
        """Return the cell of the answer at a level, if there is one."""
        variable, level = self.steps[index]
        value = family.get(variable.path)
        return None if value is None else locate(variable, level, value)

    def complete(self, family: rules.Family) -> str | None:
        """Walk from the root to the outcome."""
        node: Node = self.diagram.root
        while node.kids:
            cell = self.cell(node.level, family)
            assert cell is not None
            node = node.kids[cell]
        return node.outcome

    def incomplete(self, family: rules.Family) -> object:
        """Restrict to what is known and return what is left: outcomes and what they depend on."""
        known = {i: cell for i in range(len(self.steps)) if (cell := self.cell(i, family)) is not None}
        left = self.diagram.restricted(known)
        return left.outcomes, left.support


def walks() -> tuple[dict[str, Times], int]:
    """Time the walks on the diagram of the first requisiti, and return its nodes too."""
    servizio, (_, by_hand) = rules.servizio(WALKED), rules.by_hand(WALKED)
    case = Case(servizio, rules.ON, Answers())
    diagram = build(case.formulas, case.esiti())
    walk, code = Walk(case, diagram), compile_servizio(servizio, rules.ON)
    complete = rules.families()
    assert [walk.complete(family) for family in complete] == [by_hand(family) for family in complete]
    contenders: dict[str, tuple[Callable[[Any], object], list[Any]]] = {
        BY_HAND: (by_hand, complete),
        DECIDE: (code.decide, complete),
        WALK: (walk.complete, complete),
        RESTRICTED: (walk.incomplete, rules.incomplete(complete)[:FEW]),
    }
    return compare(contenders), diagram.size


@dataclass(frozen=True, slots=True)
class Esempi:
    """The seconds of the evaluations of the esempi of a service, and those of their sentences."""

    complete: list[float]
    incomplete: list[float]
    sentences: list[float]


def esempi(servizio: Servizio, repeats: int = 5) -> Esempi:
    """Time each esempio: the middle one of some evaluations, and of writing all their sentences."""
    found = Esempi([], [], [])
    for esempio in servizio.esempi:
        dati, on = esempio.node.get("dati"), parse_day(esempio.node.text("al"))
        answers = read_example(dati, servizio.campi, []) if isinstance(dati, Section) else Answers()
        evaluation = evaluate(servizio, answers, on)
        times = [once(partial(evaluate, servizio, answers, on)) for _ in range(repeats)]
        said = [once(explain(evaluation).as_json) for _ in range(repeats)]
        lacking = evaluation.missing or evaluation.missing_for_importo
        (found.incomplete if lacking else found.complete).append(median(times))
        found.sentences.append(median(said))
    return found
