"""Situations: what two families must share to get the same decision, and a memory of the decisions made.

A decision does not look at an answer but at the cell in which it falls: an ISEE of 5.000 € and one of 6.000 €
meet the same tests when no rule speaks of an amount between them. Where a value enters a calculation, or is
compared with what nobody knows together with another, it counts as it is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from engine.answers import Answers, Elenco
from engine.calcolo import Call, Day, Expression, Name, Operation
from engine.clause import Clause, Constant, Is, Joined, Table, Test, Today
from engine.evaluation import Decided, Evaluation, Evaluator, NotInForce, campo_of
from engine.importo import Importo
from engine.servizio import Servizio
from engine.template import MOST, Template, templates
from engine.tipo import Value

#: How a value counts: as it is (None), or by the constants that tests compare it with.
Cuts = tuple[Value, ...] | None
Key = tuple[Hashable, ...]
Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class Situations:
    """The cuts of the campi on which a version of a service rests on a day, in a fixed order; members by elenco."""

    campi: tuple[tuple[str, Cuts], ...]
    elenchi: tuple[tuple[str, tuple[tuple[str, Cuts], ...]], ...]

    def of(self, answers: Answers, *, named: bool = True) -> Key:
        """Return the situation of a family: equal for two families that these rules cannot tell apart.

        Members count with their ids when they are `named`, for what is missing names them.
        """
        known = answers.values
        single = [known.get(name) if cuts is None else _cell(known.get(name), cuts) for name, cuts in self.campi]
        return (*single, *(_members(known.get(name), inner, named=named) for name, inner in self.elenchi))


def _members(elenco: object, inner: Sequence[tuple[str, Cuts]], *, named: bool) -> Hashable:
    if not isinstance(elenco, Elenco):
        return None
    each = tuple(tuple([_cell(fields.get(n), cuts) for n, cuts in inner]) for fields in elenco.members.values())
    return elenco.complete, tuple(elenco.members) if named else (), each


def _cell(value: object, cuts: Cuts) -> Hashable:
    """Return where a value falls among its cuts: twice the number of those below it, plus one if it is one of them."""
    if value is None or cuts is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        at = bisect_left(cuts, value)
        return 2 * at + (at < len(cuts) and cuts[at] == value)
    return value if value in cuts else "altro"


def situations(
    servizio: Servizio, on: date, *, outcome: bool, amounts: bool, inputs: Collection[str] = ()
) -> Situations:
    """Return the cuts on which the outcome rests on a day, those of the amounts alone, or both.

    What enters a calculation counts as it is, but for `inputs` that only enter those of the amounts.
    """
    cutter = _Cutter(servizio, on)
    for requisito in servizio.requisiti.values() if outcome else ():
        cutter.clauses([requisito.clause, *([requisito.guard] if requisito.guard else [])])
    if outcome:
        cutter.clauses(definizione.clause for definizione in servizio.definizioni.values())
        cutter.clauses(coerenza.clause for coerenza in servizio.coerenze)
    cutter.inputs = inputs
    for name in {name for esito in servizio.esiti for name in esito.importi} if amounts else ():
        cutter.calcolo(name)
    return cutter.situations()


@dataclass
class _Cutter:
    """Walks the rules and notes with what each campo is compared; `exact` are the campi that count as they are."""

    servizio: Servizio
    on: date
    cuts: dict[str, set[Value]] = field(default_factory=dict)
    exact: set[str] = field(default_factory=set)
    compared: dict[str, set[str]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    inputs: Collection[str] = ()

    def situations(self) -> Situations:
        for parametro, campi in self.compared.items():
            period = self.servizio.period(parametro, self.on)
            settled = period.fonte.confirmed and not period.unknown
            self.exact |= set() if settled or len(campi) < 2 else campi
        yes_no = {name for name in self.cuts if campo_of(self.servizio.campi, name).tipo.name == "sì/no"}
        whole = self.exact | yes_no
        found = {n: None if n in whole else tuple(sorted(v, key=_order)) for n, v in sorted(self.cuts.items())}
        elenchi = [n for n in found if n in self.servizio.campi and self.servizio.campi[n].tipo.name == "elenco"]
        inner = {n: tuple((m.partition("/")[2], c) for m, c in found.items() if m.startswith(f"{n}/")) for n in elenchi}
        single = tuple((n, cuts) for n, cuts in found.items() if "/" not in n and n not in elenchi)
        return Situations(single, tuple(inner.items()))

    def clauses(self, clauses: Iterable[Clause], elenco: str = "") -> None:
        for clause in clauses:
            match clause:
                case Is():
                    self.test(self.qualified(clause.name, elenco), clause.test)
                case Joined():
                    self.clauses(clause.parts, elenco)
                case _:
                    self.campo(clause.elenco)
                    self.clauses([clause.clause], clause.elenco)

    def qualified(self, name: str, elenco: str) -> str:
        return f"{elenco}/{name}" if elenco and name in self.servizio.campi[elenco].campi else name

    def test(self, name: str, test: Test) -> None:
        """Note what a name is compared with."""
        if name in self.servizio.definizioni:
            return
        is_campo = "/" in name or (name in self.servizio.campi and name not in self.servizio.calcoli)
        self.campo(name) if is_campo else self.calcolo(name)
        for operand in test.operands:
            match operand:
                case Constant(value):
                    self.cut(name, [value] if value is not None else [], is_campo)
                case Today(text) if text == self.servizio.applies_on:
                    self.cut(name, [self.on.toordinal()], is_campo)
                case Today(text):
                    other = text.replace(" ", "_")
                    self.campo(other)
                    self.exact |= {name, other}
                case _:
                    self.parametro(name, operand.name, is_campo)

    def cut(self, name: str, values: Iterable[Value], is_campo: bool) -> None:
        if is_campo:
            self.cuts[name] |= {v for value in values for v in (value if isinstance(value, frozenset) else [value])}

    def campo(self, name: str) -> None:
        """Note a campo, and what its guard rests on; for a member, its elenco too."""
        if name in self.seen:
            return
        self.seen.add(name)
        self.cuts.setdefault(name, set())
        elenco, _, inner = name.rpartition("/")
        campo = self.servizio.campi[elenco].campi[inner] if elenco else self.servizio.campi[inner]
        self.exact |= {name} if campo.tipo.name == "più scelte" else set()
        self.campo(elenco) if elenco else None
        guard = self.servizio.guards.get(name)
        self.clauses([guard] if guard else [], elenco)

    def parametro(self, name: str, parametro: str, is_campo: bool) -> None:
        period = self.servizio.period(parametro, self.on)
        self.cut(name, [*period.alternatives, *period.members], is_campo)
        self.compared.setdefault(parametro, set()).add(name)

    def calcolo(self, name: str) -> None:
        """Note what a calcolo, or a tabella of the law, rests on: what enters an expression counts as it is."""
        if name in self.seen:
            return
        self.seen.add(name)
        calcolo = self.servizio.calcoli.get(name)
        if calcolo is None:
            period = self.servizio.period(name, self.on)
            self.table(self.servizio.tables[name, period.since], "") if period.tabella is not None else None
        elif calcolo.table is not None:
            self.table(calcolo.table, calcolo.elenco)
        else:
            assert calcolo.expression is not None
            self.expression(calcolo.expression, calcolo.elenco)

    def expression(self, expression: Expression, elenco: str) -> None:
        match expression:
            case Name(name):
                self.entering(self.qualified(name, elenco))
            case Day(text) if text != self.servizio.applies_on:
                self.entering(text.replace(" ", "_"))
            case Operation():
                self.expression(expression.left, elenco)
                self.expression(expression.right, elenco)
            case Call("somma", (Name(members), Name(inner))):
                self.entering(members)
                self.entering(self.qualified(inner, members))
            case Call():
                for argument in expression.arguments:
                    self.expression(argument, elenco)

    def entering(self, name: str) -> None:
        """Note a name that enters a calculation: a campo counts as it is, a calcolo as what it rests on."""
        if "/" in name or (name in self.servizio.campi and name not in self.servizio.calcoli):
            self.campo(name)
            self.exact |= set() if name in self.inputs else {name}
        else:
            self.calcolo(name)

    def table(self, table: Table, elenco: str) -> None:
        """Note the tests of every row; its result is a value or a parametro, never a tabella (the checks see to it)."""
        for row in table.rows:
            for column, tests in zip(table.columns, row.tests, strict=True):
                for test in tests:
                    self.test(self.qualified(column, elenco), test)


def _order(value: Value) -> tuple[str, Value]:
    return type(value).__name__, value


@dataclass(frozen=True, slots=True)
class _Day:
    """What every family has in common with the others under a version of a service on a day.

    Where few choices are left, the campi that enter calculations (`inputs`) count for the amounts only by the tests
    that they meet: `of_template` when the outcome is certain, or else `of_templates`. `paying` are the esiti that give
    amounts.
    """

    of_outcome: Situations
    of_amounts: Situations
    of_template: Situations
    of_templates: Situations
    inputs: tuple[str, ...]
    paying: frozenset[str]
    used: dict[str, tuple[str, ...]] = field(default_factory=dict)


def _day(servizio: Servizio, on: date) -> _Day:
    alone = situations(servizio, on, outcome=False, amounts=True)
    inputs = tuple(name for name, cuts in alone.campi if cuts is None and servizio.campi[name].tipo.ordered)
    return _Day(
        situations(servizio, on, outcome=True, amounts=False),
        situations(servizio, on, outcome=True, amounts=True),
        situations(servizio, on, outcome=False, amounts=True, inputs=inputs),
        situations(servizio, on, outcome=True, amounts=True, inputs=inputs),
        inputs,
        frozenset(esito.name for esito in servizio.esiti if esito.importi),
    )


@dataclass
class Memory:
    """Decisions already made, by situation, for the rules of one rulebook; the oldest are forgotten beyond `size`.

    What it returns is what `evaluate` returns.
    """

    size: int = 20_000
    hits: int = 0
    asked: int = 0
    _days: dict[tuple[str, date, date], _Day] = field(default_factory=dict)
    _kept: OrderedDict[Key, Any] = field(default_factory=OrderedDict)

    def evaluate(self, servizio: Servizio, answers: Answers, on: date) -> Evaluation:
        """Evaluate a family on a day; raise NotInForce if this version does not govern that day."""
        which = (servizio.name, servizio.since, on)
        if which not in self._days:
            if not servizio.in_force(on):
                raise NotInForce(servizio.name, on)
            self._days[which] = _day(servizio, on)
        day = self._days[which]
        evaluator = Evaluator(servizio, answers, on, day.used)
        decided = self._recalled((*which, day.of_outcome.of(answers)), evaluator, evaluator.decided)
        return evaluator.evaluation(decided, self._amounts(which, day, evaluator, decided))

    def _amounts(self, which: Key, day: _Day, evaluator: Evaluator, decided: Decided) -> Mapping[str, Importo]:
        """Return the amounts: computed on their templates where there are, or recalled as they were."""
        answers, possible = evaluator.answers, decided.possible
        if day.paying.isdisjoint(possible):
            return {}
        if decided.exact and 2 ** len(decided.missing) <= MOST:
            cuts = day.of_template if len(possible) == 1 else day.of_templates
            key = (*which, possible, *cuts.of(answers, named=bool(decided.missing)))
            found = self._recalled(key, evaluator, lambda: _templates(evaluator, day.inputs, decided))
            if found is not None:
                return {n: each.importo(answers) if isinstance(each, Template) else each for n, each in found.items()}
        key = (*which, *day.of_amounts.of(answers))
        return self._recalled(key, evaluator, lambda: evaluator.importi(possible))

    def _recalled(self, key: Key, evaluator: Evaluator, make: Callable[[], Kept]) -> Kept:
        """Return what is kept, or make it; kept is what is exact: the rest rests on what happened to be answered."""
        self.asked += 1
        found = self._kept.get(key, self)
        if found is not self:
            self.hits += 1
            with suppress(KeyError):  # another thread has just forgotten it
                self._kept.move_to_end(key)
            recalled: Kept = found
            return recalled
        made = make()
        if evaluator.exact:
            self._kept[key] = made
            if len(self._kept) > self.size:
                self._kept.popitem(last=False)
        return made


def _templates(
    evaluator: Evaluator, inputs: Sequence[str], decided: Decided
) -> Mapping[str, Template | Importo] | None:
    known = [name for name in inputs if name in evaluator.answers.values]
    return templates(evaluator.servizio, evaluator.on, evaluator.answers, known, decided)
