"""Steps: the decision of a service on a day as numbered questions, each answer a later step or an outcome.

It is the reduced diagram with nothing answered: what is asked here, and in this order, decides every family.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from engine.answers import Answers
from engine.case import Case
from engine.clause import Test
from engine.diagram import Diagram, Level, Node, TooLarge, build
from engine.evaluation import NotInForce
from engine.formula import OTHER, Choice, Formula, Variable
from engine.interval import BOTTOM, TOP, Reals
from engine.messages import sentence
from engine.number import show_number
from engine.others import HYPOTHETICAL
from engine.phrase import Json, Phrases
from engine.plain import Plain
from engine.servizio import Servizio
from engine.tipo import Tipo
from engine.wording import show_quantity

#: Beyond this many questions nobody follows a decision step by step.
MOST = 2_000

FAMILY, LAW, SUM = "campo", "parametro", "calcolo"


@dataclass(frozen=True, slots=True)
class Answer:
    """The cells of a question that lead to the same place: a later step (its number) or an outcome (its name)."""

    words: str
    cells: tuple[int, ...]
    step: int
    esito: str

    @property
    def target(self) -> int | str:
        """The step or the outcome."""
        return self.esito or self.step


@dataclass(frozen=True, slots=True)
class Step:
    """A question with its answers; `kind` tells whether it is about the family, the law or a calcolo."""

    number: int
    level: int
    kind: str
    question: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Decision:
    """The steps of a decision, the first first; with none, everyone has the outcome `start`."""

    servizio: Servizio
    on: date
    diagram: Diagram
    steps: tuple[Step, ...]
    start: str
    exact: bool

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes that some answers lead to, in the order of the rules."""
        return tuple(e.name for e in self.servizio.esiti if e.name in self.diagram.outcomes)

    def title(self, target: int | str) -> str:
        """Write where an answer leads."""
        if isinstance(target, int):
            return sentence("passi.step", {"number": str(target)})
        return next(e.titolo for e in self.servizio.esiti if e.name == target)

    def as_json(self) -> list[Json]:
        """Return the steps for pages and other systems."""
        return [
            {
                "numero": step.number,
                "genere": step.kind,
                "domanda": step.question,
                "risposte": [
                    {"testo": a.words, "passo": a.step or None, "esito": a.esito or None, "vai": self.title(a.target)}
                    for a in step.answers
                ],
            }
            for step in self.steps
        ]


def steps_of(servizio: Servizio, on: date) -> Decision | None:
    """Return the decision of a version on a day as steps; None when they are too many for anybody to follow."""
    if not servizio.in_force(on):
        raise NotInForce(servizio.name, on)
    case = Case(servizio, on, Answers())
    try:
        diagram = build(case.formulas, case.esiti(), MOST)
    except TooLarge:
        return None
    words = _Words(case, Phrases(Plain(servizio, on, Answers())))
    numbers = {node: number for number, node in enumerate(_numbered(diagram), 1)}
    steps = tuple(_step(node, numbers, diagram, words) for node in numbers)
    return Decision(servizio, on, diagram, steps, diagram.root.outcome or "", not case.inexact)


def _numbered(diagram: Diagram) -> list[Node]:
    """Return the questions by the longest way to them, so that every answer leads on to a greater number."""
    depth: dict[Node, int] = {diagram.root: 0}
    for node in sorted((n for n in diagram.nodes() if n.kids), key=lambda node: node.level):
        for kid in node.kids:
            depth[kid] = max(depth.get(kid, 0), depth[node] + 1)
    found = {node: position for position, node in enumerate(diagram.nodes()) if node.kids}
    return sorted(found, key=lambda node: (depth[node], node.level, found[node]))


def _step(node: Node, numbers: dict[Node, int], diagram: Diagram, words: _Words) -> Step:
    groups: dict[Node, list[int]] = {}
    for index, kid in enumerate(node.kids):
        if kid.kids or kid.outcome is not None:
            groups.setdefault(kid, []).append(index)
    level = diagram.levels[node.level]
    kind, question = words.question(level)
    answers = (
        Answer(words.cells(level, found), tuple(found), numbers.get(kid, 0), kid.outcome or "")
        for kid, found in groups.items()
    )
    return Step(numbers[node], node.level, kind, question, tuple(answers))


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of the questions of a case and of their answers."""

    case: Case
    phrases: Phrases

    def question(self, level: Level) -> tuple[str, str]:
        """Return what a level asks, and of whom."""
        if level.term is not None:
            return SUM, self._sum(level)
        variable = self.case.formulas.variables[level.variables[0]]
        if variable.hypothesis:
            return LAW, self._hypothesis(variable)
        return FAMILY, self._asked(variable)

    def _sum(self, level: Level) -> str:
        found = self._calcolo(level)
        if found:
            return sentence("passi.calcolo", {"title": self.phrases.title(found)})
        return sentence("passi.arithmetic", {"names": self._names(level.variables)})

    def _calcolo(self, level: Level) -> str:
        """Return the calcolo that a term is the value of, if there is one."""
        calcoli = (name for name, calcolo in self.case.servizio.calcoli.items() if not calcolo.elenco)
        worths = ((name, worth) for name in calcoli for _, worth in self.case.worths(name))
        return next((name for name, worth in worths if worth == level.term), "")

    def _names(self, numbers: Iterable[int]) -> str:
        subjects = dict.fromkeys(self._subject(self.case.formulas.variables[number]) for number in numbers)
        return " e ".join(f"«{subject}»" for subject in subjects)

    def _subject(self, variable: Variable) -> str:
        """Return what a variable is about, as people call it."""
        name = variable.subject
        if variable.hypothesis:
            return self.phrases.title(name)
        elenco, _, inner = name.partition(f"/{HYPOTHETICAL}/")
        return self.phrases.title(inner, elenco) if inner else self.phrases.title(elenco)

    def _hypothesis(self, variable: Variable) -> str:
        name, _, row = variable.path[1:].partition("#")
        title = self._subject(variable)
        if not row:
            return sentence("passi.open_value", {"title": title})
        table = self.case.servizio.tables[name, self.case.period(name).since]
        tested = zip(table.columns, table.rows[int(row)].tests, strict=True)
        cells = [
            sentence("passi.test", {"subject": self.phrases.title(column), "answer": self._cell(column, tests)})
            for column, tests in tested
            if tests
        ]
        return sentence("passi.open_row", {"title": title, "row": "; ".join(cells)})

    def _cell(self, column: str, tests: tuple[Test, ...]) -> str:
        return self.phrases.cell(tests, self.phrases.plain.tipo(column))

    def _asked(self, variable: Variable) -> str:
        path, _, rest = variable.path.partition(":")
        elenco, plus, inner = path.partition("/+")
        if plus:
            return self._others(elenco, inner.removeprefix("/"), variable)
        subject = self._subject(variable)
        if rest and rest in self.case.servizio.campi[path].tipo.options:
            return sentence("passi.option", {"question": subject, "option": rest})
        return sentence("passi.same", {"question": subject, "line": rest}) if rest else subject

    def _others(self, elenco: str, inner: str, variable: Variable) -> str:
        """Return the question about the members of an elenco."""
        campo = self.case.servizio.campi[elenco]
        said = {"question": campo.domanda, "member": campo.voce}
        if not inner:
            return sentence("passi.count", said)
        if inner in campo.campi or inner in self.case.servizio.calcoli:
            return sentence("passi.sum", {**said, "what": self.phrases.title(inner, elenco)})
        patterns = self.case.others.patterns.get(elenco, {})
        found = (pattern for pattern, test in patterns.items() if test.variable == variable.number)
        pattern = next(found, None)
        words = self._pattern(pattern) if pattern else sentence("passi.some_values", {"names": f"«{campo.domanda}»"})
        return sentence("passi.some_member", {**said, "pattern": words})

    def _pattern(self, formula: Formula, *, inside: bool = False) -> str:
        """Write what a formula says of a member."""
        if formula.kind == "test":
            return self._tested(formula)
        if formula.kind in ("and", "or"):
            joint = " e " if formula.kind == "and" else " oppure "
            words = joint.join(self._pattern(part, inside=True) for part in formula.parts)
            return f"({words})" if inside else words
        mentioned = (v.number for v in self.case.formulas.variables if formula.mentions >> v.number & 1)
        return sentence("passi.some_values", {"names": self._names(mentioned)})

    def _tested(self, formula: Formula) -> str:
        variable, accepts = self.case.formulas.variables[formula.variable], formula.accepts
        assert accepts is not None
        if isinstance(accepts, Choice):
            shown = ", ".join(variable.tipo.show(value) for value in sorted(accepts.values, key=str))
            words = shown if accepts.positive else sentence("prosa.is_not", {"values": shown})
        else:
            words = " oppure ".join(self._range(variable, low, high) for low, high in accepts.ranges)
        subject, option = self._subject(variable), variable.path.partition(":")[2]
        if option:
            subject = sentence("passi.option", {"question": subject, "option": option})
        return sentence("passi.test", {"subject": subject, "answer": words})

    # Answers

    def cells(self, level: Level, indexes: list[int]) -> str:
        """Write some cells of a level."""
        if level.term is not None:
            name = self._calcolo(level)
            tipo = self.case.servizio.calcoli[name].tipo if name else None
            return " oppure ".join(_span(level.spans[index], tipo) for index in indexes)
        variable = self.case.formulas.variables[level.variables[0]]
        found = [level.cells[index] for index in indexes]
        alternatives = self._alternatives(variable)
        if alternatives:
            return ", ".join(alternatives[cell.low or 0] for cell in found)
        if variable.ordered:
            runs: list[list[int]] = []
            for index in indexes:
                runs = [*runs[:-1], [*runs[-1], index]] if runs and runs[-1][-1] == index - 1 else [*runs, [index]]
            ranges = [(level.cells[run[0]].low, level.cells[run[-1]].high) for run in runs]
            return " oppure ".join(self._range(variable, low, high) for low, high in ranges)
        if any(cell.value == OTHER for cell in found):
            return sentence("passi.other", {})
        return ", ".join(variable.tipo.show(cell.value) for cell in found)

    def _alternatives(self, variable: Variable) -> list[str]:
        """Return what each value of a hypothesis stands for, when the law names them."""
        if not variable.hypothesis or ":" in variable.path:
            return []
        name, _, row = variable.path[1:].partition("#")
        period, tipo = self.case.period(name), self.case.servizio.parametri[name].tipo
        if row:
            table = self.case.servizio.tables[name, period.since]
            return [self.phrases.operand(operand, tipo) for operand in table.rows[int(row)].result]
        return [tipo.show(value) for value in period.alternatives]

    def _range(self, variable: Variable, low: int | None, high: int | None) -> str:
        tipo = variable.tipo
        low = None if low == variable.low and low != high else low
        high = None if high == variable.high and low != high else high
        if low is not None and low == high:
            return tipo.show(low)
        code = "up_to" if low is None else "from" if high is None else "between"
        if tipo.name == "data":
            code = {"up_to": "up_to_day", "from": "from_day", "between": "between_days"}[code]
        elif code == "from" and tipo.scale > 1:
            code, low = "beyond", (low or 0) - 1
        ends = {name: tipo.show(end) for name, end in (("low", low), ("high", high)) if end is not None}
        return sentence(f"passi.{code}", ends)


def _span(reals: Reals, tipo: Tipo | None) -> str:
    """Write a set of numbers."""

    def shown(value: Fraction | float) -> str:
        exact = Fraction(value)
        return show_quantity(tipo, exact) if tipo else show_number(exact, 2)

    parts = []
    for (low, after), (high, before) in reals.spans:
        ends = []
        if (low, after) != BOTTOM:
            ends.append(f"{'più di' if after > 0 else 'almeno'} {shown(low)}")
        if (high, before) != TOP:
            ends.append(f"{'meno di' if before < 0 else 'al massimo'} {shown(high)}")
        parts.append(shown(low) if low == high else " e ".join(ends))
    return " oppure ".join(parts)
