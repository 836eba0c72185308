"""A complete family before the steps of a decision: which answers are its own."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from engine.answers import Answers, Elenco
from engine.case import Case
from engine.diagram import Level, locate
from engine.dimension import quantum
from engine.formula import Formula, Variable
from engine.plain import NOT_DUE, Worth
from engine.steps import Decision, Step
from engine.term import bounds, variables
from tests.world import World, scaled


class Unsure(Exception):
    """What a question asks is freer than what it stands for: any of its answers may be the one."""


class Walker:
    """One complete family before the steps: which cell of each question it is in."""

    def __init__(self, decision: Decision, world: World, *, law_open: bool) -> None:
        self.decision = decision
        self.world = world
        self.law_open = law_open
        self.case = Case(decision.servizio, decision.on, Answers())
        self.case.esiti()
        self.freer = False

    def reached(self) -> set[str]:
        """Return the outcomes at which the steps may end."""
        if not self.decision.steps:
            return {self.decision.start}
        found, waiting = set(), [1]
        while waiting:
            step = self.decision.steps[waiting.pop() - 1]
            cells = self.cells(step)
            for answer in step.answers:
                if cells & set(answer.cells):
                    found |= {answer.esito} if answer.esito else set()
                    waiting += [answer.step] if answer.step else []
        return found

    def cells(self, step: Step) -> set[int]:
        """Return the cells of a question that the family may be in."""
        level = self.decision.diagram.levels[step.level]
        every = {index for answer in step.answers for index in answer.cells}
        try:
            return {self.cell(level)}
        except Unsure:
            level = self.decision.diagram.levels[step.level]
            self.freer |= not all(self.variable(number).hypothesis for number in level.variables)
            return every

    def cell(self, level: Level) -> int:
        if level.term is None:
            variable = self.variable(level.variables[0])
            return locate(variable, level, self.value(variable))
        box = {number: (self.quantity(number), self.quantity(number)) for number in set(variables(level.term))}
        worth, _ = bounds(level.term, box)
        return next(index for index, span in enumerate(level.spans) if worth in span)

    def variable(self, number: int) -> Variable:
        return self.decision.diagram.formulas.variables[number]

    def quantity(self, number: int) -> Fraction:
        variable = self.variable(number)
        value = self.value(variable)
        assert isinstance(value, int)
        return value * quantum(variable.tipo)

    def value(self, variable: Variable) -> object:
        """Return what a variable is worth for the family."""
        if variable.hypothesis:
            return self.hypothesis(variable)
        path, _, option = variable.path.partition(":")
        elenco, plus, inner = path.partition("/+")
        if plus:
            return self.others(elenco, inner.removeprefix("/"), variable)
        value = self.world.answers.values[path]
        if isinstance(value, frozenset) and option:
            return option in value
        if option:
            raise Unsure
        return value

    def hypothesis(self, variable: Variable) -> object:
        if self.law_open or ":" in variable.path:
            raise Unsure
        path = variable.path[1:]
        name, _, row = path.partition("#")
        parametro = self.decision.servizio.parametri[name]
        period, chosen = parametro.at(self.decision.on), self.world.choices[path]
        assert period is not None
        if period.unknown:
            return int(chosen / quantum(variable.tipo)) if isinstance(chosen, Fraction) else chosen
        named = period.results[int(row)] if row else period.alternatives
        worths: list[Worth] = [NOT_DUE if v is None else scaled(parametro.tipo, v) for v in named]
        return worths.index(chosen)

    def others(self, elenco: str, inner: str, variable: Variable) -> object:
        given = self.world.answers.values[elenco]
        assert isinstance(given, Elenco)
        if not inner:
            return len(given.members)
        if not inner.isdecimal():
            raise Unsure
        patterns = self.case.others.patterns[elenco]
        pattern = next(p for p, t in patterns.items() if t.variable == self.case.formulas.by_path[variable.path])
        return any(self.fits(pattern, member) for member in given.members.values())

    def fits(self, formula: Formula, member: Mapping[str, object]) -> bool:
        """Return whether a member meets a pattern."""
        if formula.kind in ("and", "or"):
            each = [self.fits(part, member) for part in formula.parts]
            return all(each) if formula.kind == "and" else any(each)
        if formula.kind != "test":
            raise Unsure
        path = self.case.formulas.variables[formula.variable].path
        name, _, option = path.rpartition("/")[2].partition(":")
        value = member[name]
        assert formula.accepts is not None
        if option:
            assert isinstance(value, frozenset)
            return formula.accepts.accepts(option in value)
        return formula.accepts.accepts(value)  # type: ignore[arg-type]
