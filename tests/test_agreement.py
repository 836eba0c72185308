"""The diagram, the plain evaluator and the amounts agree with the enumeration of every completion.

Random services are tried with three families each; a failure names the seed. See tests/chance.py for how many.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import pytest

from engine.answers import Answers, Elenco
from engine.case import Case
from engine.diagram import Diagram, build, locate
from engine.importo import importo
from engine.plain import NOT_DUE, Plain, holds
from engine.servizio import Servizio
from tests.chance import tenths
from tests.generator import ON, answered, assembled, family, service
from tests.oracle import MISSING, OTHERS, Oracle, clauses
from tests.world import World

#: Services that reach what few do: a tenth of the seeds, with these, still reaches every branch of the engine.
RARE = (190, 199, 215, 492)
SEEDS = sorted({*range(tenths(600)), *RARE})
CHUNK = 32
FAMILIES = 3
LIMITS = (100, 100, 500)


@dataclass(frozen=True, repr=False)
class Pair:
    """A service and a family, with what the oracle and the diagram say."""

    seed: int
    index: int
    servizio: Servizio
    answers: Answers

    @cached_property
    def oracle(self) -> Oracle:
        """Every completion."""
        return Oracle(self.servizio, ON, self.answers)

    @cached_property
    def case(self) -> Case:
        """The formulas of the case."""
        return Case(self.servizio, ON, self.answers)

    @cached_property
    def diagram(self) -> Diagram:
        """The diagram of the esiti."""
        return build(self.case.formulas, self.case.esiti())

    def exact(self, diagram: Diagram) -> bool:
        """Whether the diagram promises to be exact, on the small domains of the oracle."""
        return not diagram.derived and not self.case.inexact and self.oracle.complete

    def support(self, *, hypothesis: bool) -> set[str]:
        """Return the campi, or the parametri, in the support of the diagram."""
        found = (self.case.formulas.variables[number] for number in self.diagram.support)
        return {variable.subject for variable in found if variable.hypothesis == hypothesis}

    def __repr__(self) -> str:
        return f"service({self.seed}), family {self.index}: {dict(self.answers.values)}"


def pairs(seeds: Sequence[int]) -> Iterator[Pair]:
    """Yield the random families of the random services with those seeds."""
    for seed in seeds:
        servizio, chance = assembled(service(seed)), random.Random(seed)
        for index in range(FAMILIES):
            yield Pair(seed, index, servizio, family(servizio, chance, chance.choice(LIMITS)))


@pytest.mark.parametrize("start", range(0, len(SEEDS), CHUNK))
def test_everything_agrees_with_the_oracle(start: int) -> None:
    seen: Counter[str] = Counter()
    for pair in pairs(SEEDS[start : start + CHUNK]):
        outcomes_agree(pair)
        requisiti_agree(pair)
        amounts_agree(pair)
        amounts_are_exact(pair)
        paths_agree(pair)
        plain_is_sound(pair)
        plain_agrees_on_complete_data(pair)
        certain_stays_certain(pair)
        seen.update(pairs=1, derived=pair.diagram.derived, inexact=pair.case.inexact)
        seen.update(completions=pair.oracle.size, certain=len(pair.oracle.outcomes) == 1)
    print(start, dict(seen))
    assert seen["derived"] + seen["inexact"] <= seen["pairs"] / 5


def outcomes_agree(pair: Pair) -> None:
    """Check the possible outcomes, and the campi and parametri on which they depend."""
    oracle, diagram = pair.oracle, pair.diagram
    found = [(oracle.outcomes, set(diagram.outcomes))]
    found.append((oracle.mancano, pair.support(hypothesis=False)))
    found.append((oracle.da_confermare, pair.support(hypothesis=True)))
    for wanted, got in found:
        assert wanted <= got, pair
        assert wanted == got or not pair.exact(diagram), pair


def requisiti_agree(pair: Pair) -> None:
    """Check what each requisito may be."""
    for name in pair.servizio.requisiti:
        diagram = build(pair.case.formulas, pair.case.requisito(name))
        wanted = pair.oracle.requisito(name)
        assert wanted <= diagram.outcomes, (name, pair)
        assert wanted == diagram.outcomes or not pair.exact(diagram), (name, pair)


def amounts_agree(pair: Pair) -> None:
    """Check that every amount is in its range, where its esito is possible."""
    for esito in pair.servizio.esiti:
        for name in esito.importi:
            amount, values = importo(pair.case, [esito.name], name), pair.oracle.amounts(name, esito.name)
            numbers = [value for value in values if isinstance(value, Fraction)]
            if amount is None:
                assert set(values) == {MISSING}, (name, pair)
                continue
            assert all(amount.low <= number <= amount.high for number in numbers), (name, pair)
            assert NOT_DUE not in values or amount.not_due, (name, pair)


def amounts_are_exact(pair: Pair) -> None:
    """Check the ends of every amount said to be exact, and the campi on which it depends."""
    for esito in pair.servizio.esiti:
        for name in esito.importi:
            amount, values = importo(pair.case, [esito.name], name), pair.oracle.amounts(name, esito.name)
            if amount is None:
                continue
            exact = amount.exact and pair.oracle.complete
            missing = pair.oracle.depends(values, hypothesis=False)
            assert missing <= amount.missing, (name, pair)
            assert not exact or missing == amount.missing, (name, pair)
            numbers = [value for value in values if isinstance(value, Fraction)]
            if numbers and exact:
                assert (amount.low, amount.high) == (min(numbers), max(numbers)), (name, pair)


def paths_agree(pair: Pair) -> None:
    """Check that walking the diagram with a completion ends in its outcome, where no elenco is open."""
    if pair.diagram.derived or pair.case.inexact or any(axis.path.endswith(f"/{OTHERS}") for axis in pair.oracle.axes):
        return
    for world in sample(pair, 20):
        node = pair.diagram.root
        while node.kids:
            level = pair.diagram.levels[node.level]
            variable = pair.case.formulas.variables[level.variables[0]]
            if variable.hypothesis:
                break
            node = node.kids[locate(variable, level, answer(world, variable.path))]
        else:
            assert node.outcome == world.outcome(), pair


def answer(world: World, path: str) -> object:
    """Return the value of a campo by its path; of an option of più scelte, whether it was chosen."""
    path, _, option = path.partition(":")
    name, *rest = path.split("/")
    value = world.answers.values[name]
    found = value.members[rest[0]][rest[1]] if isinstance(value, Elenco) else value
    return option in found if isinstance(found, frozenset) else found


def sample(pair: Pair, count: int) -> list[World]:
    """Return some completions, always the same."""
    worlds = pair.oracle.worlds
    return random.Random(pair.seed).sample(worlds, min(count, len(worlds)))


def plain_is_sound(pair: Pair) -> None:
    """Check that what the plain evaluator knows is so in every completion."""
    plain, worlds = Plain(pair.servizio, ON, pair.answers), pair.oracle.worlds
    for name, clause in clauses(pair.servizio).items():
        truth = plain.truth(clause)
        assert truth is None or all(world.true(clause) is truth for world in worlds), (name, pair)
    for calcolo in pair.servizio.calcoli.values():
        worth = None if calcolo.elenco else plain.worth(calcolo.name)
        assert worth is None or all(world.value(calcolo.name) == worth for world in worlds), (
            calcolo.name,
            pair,
        )


def plain_agrees_on_complete_data(pair: Pair) -> None:
    """Check that the plain evaluator decides every completion as the evaluator of the tests does."""
    for world in sample(pair, 6):
        plain = Plain(pair.servizio, ON, world.answers, world.choices)
        for name, clause in clauses(pair.servizio).items():
            assert plain.truth(clause) is world.true(clause), (name, world.answers.values, pair)
        for calcolo in pair.servizio.calcoli.values():
            elenco = world.answers.values.get(calcolo.elenco)
            members = [f"{calcolo.elenco}/{i}" for i in elenco.members] if isinstance(elenco, Elenco) else [""]
            for member in members:
                assert plain.worth(calcolo.name, member) == world.value(calcolo.name, member), (
                    calcolo.name,
                    pair,
                )


def certain_stays_certain(pair: Pair) -> None:
    """Check that one more answer never adds a possible outcome, nor changes what was certain."""
    chance = random.Random(pair.seed + pair.index)
    axes = [axis for axis in pair.oracle.axes if not axis.hypothesis]
    answers, before = pair.answers, pair.diagram.outcomes
    while axes:
        answers = answered(pair.servizio, answers, chance.choice(axes), chance)
        case = Case(pair.servizio, ON, answers)
        after = build(case.formulas, case.esiti()).outcomes
        assert after <= before, (answers.values, pair)
        before, axes = (
            after,
            [axis for axis in Oracle(pair.servizio, ON, answers).axes if not axis.hypothesis],
        )


POINTS = """
servizio: prova
titolo: Prova
fonte: atto-prova
destinatario: nucleo
si applica il: giorno della domanda
requisiti:
  abbastanza:
    titolo: Punti
    fonte: atto-prova
    se: doppi almeno 10
calcoli:
  punti:
    tabella:
      > figli        | punti
      > almeno 1     | 3
      > almeno 4     | 2
    colpo: somma
    fonte: atto-prova
  doppi:
    calcolo: punti * 2
esiti:
  si_ammette:
    richiede:
      - abbastanza
    fonte: atto-prova
  motivi_ostativi:
    altrimenti: sì
    fonte: atto-prova
"""
CHILDREN = """
figli:
  domanda: Quanti sono i figli?
  tipo: numero
  minimo: 0
  massimo: 9
  prova: documento tecnico
  dato: ordinario
"""


def test_the_points_of_a_tabella_are_what_is_written() -> None:
    files = service(1) | {
        "rules/vocabolario.nt": CHILDREN.encode(),
        "rules/prova/dal-2020-01-01.nt": POINTS.encode(),
    }
    plain = Plain(assembled(files), ON, Answers({"figli": 5}))
    assert plain.worth("punti") == 5
    assert plain.worth("doppi") == 10


def test_options_are_contained_when_all_of_them_were_chosen() -> None:
    chosen = frozenset({"alto", "basso"})
    assert holds("contiene", chosen, (frozenset({"alto"}),))
    assert holds("contiene", chosen, (chosen,))
    assert not holds("contiene", chosen, (frozenset({"alto", "medio"}),))
    assert holds("non contiene", chosen, (frozenset({"medio"}),))
