"""The oracle: every completion of what is not known, each decided on its own."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import combinations, combinations_with_replacement, product

from engine.answers import Answers, Elenco
from engine.calcolo import Call, Day, Expression, Operation, names
from engine.campo import Campo
from engine.clause import Clause, Constant, Is, Operand, Parameter, Table, Today, atoms
from engine.plain import NOT_DUE, Worth
from engine.servizio import Servizio
from engine.tipo import Tipo, Value
from tests.world import World, scaled

#: Days tried on each side of the day of the decision where a date has no limits.
WINDOW = 6
#: Grid steps tried below and above the limits of the campi for a quantity of the law that nobody knows.
BEYOND = 2
#: A comune and a state that no rule names, so that they are read and written like any other.
ELSEWHERE, FAR_AWAY = "F205", "Z110"
OTHERS = "+"

Group = tuple[tuple[tuple[str, Value], ...], ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """One thing that is not known, with all that it may be; `subject` is the campo or the parametro."""

    path: str
    subject: str
    hypothesis: bool
    values: tuple[Value | Group | Worth, ...]


MISSING = object()


@dataclass(frozen=True)
class Oracle:
    """Every completion of the answers about one family on one day."""

    servizio: Servizio
    on: date
    answers: Answers

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """All that is not known and that the rules may read."""
        return tuple(_axes(self.servizio, self.on, self.answers))

    @property
    def size(self) -> int:
        """How many completions there are."""
        return math.prod(len(axis.values) for axis in self.axes)

    @cached_property
    def worlds(self) -> list[World]:
        """Every completion, the last axis turning fastest."""
        return [self._world(chosen) for chosen in product(*(axis.values for axis in self.axes))]

    def _world(self, chosen: Sequence[object]) -> World:
        values = dict(self.answers.values)
        choices: dict[str, Worth] = {}
        members = {n: {i: dict(m) for i, m in e.members.items()} for n, e in values.items() if isinstance(e, Elenco)}
        for axis, value in zip(self.axes, chosen, strict=True):
            name, *rest = axis.path.split("/")
            if axis.hypothesis:
                choices[axis.path] = value  # type: ignore[assignment]
            elif rest == [OTHERS]:
                assert isinstance(value, tuple)
                members.setdefault(name, {}).update({f"+{i}": dict(member) for i, member in enumerate(value)})
            elif rest:
                members[name][rest[0]][rest[1]] = value  # type: ignore[assignment]
            else:
                values[name] = value  # type: ignore[assignment]
        values.update({name: Elenco(complete=True, members=found) for name, found in members.items()})
        return World(self.servizio, self.on, Answers(values), choices)

    @cached_property
    def results(self) -> list[str]:
        """The outcome of every completion."""
        return [world.outcome() for world in self.worlds]

    @property
    def outcomes(self) -> frozenset[str]:
        """The outcomes that some completion gives."""
        return frozenset(self.results)

    @cached_property
    def mancano(self) -> frozenset[str]:
        """The campi on which the outcome depends."""
        return self.depends(self.results, hypothesis=False)

    @cached_property
    def da_confermare(self) -> frozenset[str]:
        """The parametri on which the outcome depends."""
        return self.depends(self.results, hypothesis=True)

    def depends(self, results: Sequence[Hashable], *, hypothesis: bool) -> frozenset[str]:
        """Return the subjects that alone make two completions differ; MISSING is passed over."""
        found, stride = set(), len(results)
        for axis in self.axes:
            size, stride = len(axis.values), stride // len(axis.values)
            firsts = (i for i in range(len(results)) if i // stride % size == 0)
            lines = (set(results[i : i + stride * size : stride]) - {MISSING} for i in firsts)
            if axis.hypothesis == hypothesis and any(len(line) > 1 for line in lines):
                found.add(axis.subject)
        return frozenset(found)

    def requisito(self, name: str) -> frozenset[str]:
        """Return what a requisito may be: `vero`, `falso`, `non_applicabile`."""
        return frozenset(world.requisito(name) for world in self.worlds)

    def amounts(self, calcolo: str, esito: str) -> list[Hashable]:
        """Return what a calcolo is worth in every completion that gives the esito, MISSING in the others."""
        pairs = zip(self.worlds, self.results, strict=True)
        return [world.value(calcolo) if result == esito else MISSING for world, result in pairs]

    @cached_property
    def complete(self) -> bool:
        """Whether the small domains stand for all values: nothing without limits enters arithmetic."""
        loose = {axis.subject for axis in self.axes if axis.hypothesis and axis.path in self._unknown}
        loose |= {"giorno della domanda", "giorno della decisione"} - {self.servizio.applies_on}
        return not loose & set(_in_arithmetic(self.servizio))

    @property
    def _unknown(self) -> set[str]:
        periods = {name: parametro.at(self.on) for name, parametro in self.servizio.parametri.items()}
        return {name for name, period in periods.items() if period is not None and period.unknown}


def _in_arithmetic(servizio: Servizio) -> Iterator[str]:
    """Yield the names that enter expressions, results of tables, or comparisons with what is computed."""
    for calcolo in servizio.calcoli.values():
        yield from (name.text for name in names(calcolo.expression)) if calcolo.expression else ()
        yield from _days(calcolo.expression) if calcolo.expression else ()
    for clause in _clauses(servizio):
        if clause.name in servizio.calcoli or clause.name in servizio.parametri:
            yield from (_named(operand) for operand in clause.test.operands)
    for table in _tables(servizio):
        yield from (_named(operand) for row in table.rows for operand in row.result)


def _days(expression: Expression) -> Iterator[str]:
    match expression:
        case Day(text):
            yield text
        case Operation():
            yield from (*_days(expression.left), *_days(expression.right))
        case Call():
            yield from (day for argument in expression.arguments for day in _days(argument))


def _named(operand: Operand) -> str:
    return operand.name if isinstance(operand, Parameter) else operand.text if isinstance(operand, Today) else ""


def _tables(servizio: Servizio) -> list[Table]:
    return [*servizio.tables.values(), *(c.table for c in servizio.calcoli.values() if c.table)]


def clauses(servizio: Servizio) -> dict[str, Clause]:
    """Return the clause of every requisito and definizione."""
    found = {requisito.name: requisito.clause for requisito in servizio.requisiti.values()}
    return found | {definizione.name: definizione.clause for definizione in servizio.definizioni.values()}


def _clauses(servizio: Servizio) -> Iterator[Is]:
    """Yield every test of the service, those of its tables too."""
    guards = (r.guard for r in servizio.requisiti.values() if r.guard)
    for clause in (*clauses(servizio).values(), *guards, *servizio.guards.values()):
        yield from atoms(clause)
    for table in _tables(servizio):
        for row in table.rows:
            for column, tests in zip(table.columns, row.tests, strict=True):
                yield from (Is(column, test, "", row.place) for test in tests)


def _axes(servizio: Servizio, on: date, answers: Answers) -> Iterator[Axis]:
    places = _places(servizio)
    for name, campo in servizio.campi.items():
        if campo.campi:
            yield from _elenco_axes(campo, answers.values.get(name), on, places)
        elif name not in answers.values:
            yield Axis(
                name,
                name,
                hypothesis=False,
                values=domain(campo.tipo, campo.minimo, campo.massimo, on, places),
            )
    yield from _hypotheses(servizio, on, places)


def _every(servizio: Servizio) -> Iterator[Campo]:
    for campo in servizio.campi.values():
        yield from (campo, *campo.campi.values())


def _places(servizio: Servizio) -> tuple[str, ...]:
    constants = {c.value for clause in _clauses(servizio) for c in clause.test.operands if isinstance(c, Constant)}
    periods = [period for p in servizio.parametri.values() if not p.tipo.options for period in p.periods]
    constants |= {value for period in periods for value in (*period.alternatives, *period.members)}
    options = {option for campo in _every(servizio) for option in campo.tipo.options}
    return (*sorted(c for c in constants if isinstance(c, str) and c not in options), ELSEWHERE)


def domain(tipo: Tipo, low: int | None, high: int | None, on: date, places: tuple[str, ...]) -> tuple[Value, ...]:
    if tipo.name == "sì/no":
        return (False, True)
    if tipo.name == "più scelte":
        sizes = range(len(tipo.options) + 1)
        return tuple(frozenset(found) for size in sizes for found in combinations(tipo.options, size))
    if not tipo.ordered:
        codes = tuple(place for place in places if re.fullmatch("[A-Z][0-9]{3}", place))
        return tipo.options or (codes if tipo.name == "comune" else places)
    if tipo.name == "data":
        low, high = low or on.toordinal() - WINDOW, high or on.toordinal() + WINDOW
    assert low is not None
    assert high is not None
    return tuple(range(low, high + 1))


def _elenco_axes(campo: Campo, known: object, on: date, places: tuple[str, ...]) -> Iterator[Axis]:
    elenco = known if isinstance(known, Elenco) else Elenco(complete=False, members={})
    domains = {n: domain(c.tipo, c.minimo, c.massimo, on, places) for n, c in campo.campi.items()}
    for identity, values in elenco.members.items():
        for name in (name for name in domains if name not in values):
            path = f"{campo.name}/{identity}/{name}"
            yield Axis(path, path, hypothesis=False, values=domains[name])
    if not elenco.complete:
        assert campo.massimo is not None
        kinds = [tuple(zip(domains, chosen, strict=True)) for chosen in product(*domains.values())]
        named = len(elenco.members)
        sizes = range(max(0, (campo.minimo or 0) - named), max(0, campo.massimo - named) + 1)
        groups = tuple(group for size in sizes for group in combinations_with_replacement(kinds, size))
        yield Axis(f"{campo.name}/{OTHERS}", campo.name, hypothesis=False, values=groups)


def _hypotheses(servizio: Servizio, on: date, places: tuple[str, ...]) -> Iterator[Axis]:
    for name, parametro in servizio.parametri.items():
        period, tipo = parametro.at(on), parametro.tipo
        assert period is not None
        if period.unknown:
            tops = [c.massimo or 0 for c in _every(servizio) if c.tipo.ordered and c.tipo.name != "data"]
            low, high = (None, None) if tipo.name == "data" else (-BEYOND, max([4, *tops]) + BEYOND)
            found = tuple(scaled(tipo, value) for value in domain(tipo, low, high, on, (*places, FAR_AWAY)))
            yield Axis(name, name, hypothesis=True, values=found)
        elif len(period.alternatives) > 1:
            yield Axis(
                name,
                name,
                hypothesis=True,
                values=tuple(scaled(tipo, value) for value in period.alternatives),
            )
        for index, results in enumerate(period.results):
            if len(results) > 1:
                worths = tuple(NOT_DUE if value is None else scaled(tipo, value) for value in results)
                yield Axis(f"{name}#{index}", name, hypothesis=True, values=worths)
