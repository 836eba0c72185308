"""Reach: every name that a clause or a calcolo rests on, through definizioni, calcoli, tables and guards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.calcolo import Call, Expression, Name, Operation, names
from engine.clause import Clause, Is, Joined, Parameter, Row, Table, Test
from engine.servizio import Calcolo, Servizio


def reach(servizio: Servizio, *roots: str | Clause) -> tuple[str, ...]:
    """Return the names that the roots rest on, in the order in which they are met; members as elenco/campo."""
    found: dict[str, None] = {}
    waiting = [name for root in roots for name in ([root] if isinstance(root, str) else _of_clause(root, "", servizio))]
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found[name] = None
            waiting = [*_of_name(servizio, name), *waiting]
    return tuple(found)


def campi_of(servizio: Servizio) -> frozenset[str]:
    """Return the campi on which a version of a service rests, its warnings included."""
    clauses: list[Clause] = [c for r in servizio.requisiti.values() for c in (r.guard, r.clause) if c is not None]
    clauses += [coerenza.clause for coerenza in servizio.coerenze]
    used = reach(servizio, *servizio.calcoli, *servizio.definizioni, *clauses)
    return frozenset(name for name in used if name in servizio.campi)


def _of_name(servizio: Servizio, name: str) -> list[str]:
    if name in servizio.definizioni:
        return list(_of_clause(servizio.definizioni[name].clause, "", servizio))
    if name in servizio.calcoli:
        return list(_of_calcolo(servizio.calcoli[name], servizio))
    if name in servizio.parametri:
        tables = [table for (owner, _), table in servizio.tables.items() if owner == name]
        return [found for table in tables for found in _of_table(table, "", servizio)]
    elenco = name.partition("/")[0] if "/" in name else ""
    guard = servizio.guards.get(name)
    return ([elenco] if elenco else []) + (list(_of_clause(guard, elenco, servizio)) if guard else [])


def _of_clause(clause: Clause, elenco: str, servizio: Servizio) -> Iterator[str]:
    match clause:
        case Is():
            yield _qualified(clause.name, elenco, servizio)
            yield from _of_tests([clause.test])
        case Joined():
            for part in clause.parts:
                yield from _of_clause(part, elenco, servizio)
        case _:
            yield clause.elenco
            yield from _of_clause(clause.clause, clause.elenco, servizio)


def _of_tests(tests: Iterable[Test]) -> Iterator[str]:
    for test in tests:
        yield from (operand.name for operand in test.operands if isinstance(operand, Parameter))


def _of_calcolo(calcolo: Calcolo, servizio: Servizio) -> Iterator[str]:
    if calcolo.table is not None:
        yield from _of_table(calcolo.table, calcolo.elenco, servizio)
    if calcolo.expression is None:
        return
    members = {id(call.arguments[1]): call.arguments[0] for call in _sums(calcolo.expression)}
    for name in names(calcolo.expression):
        owner = members.get(id(name))
        yield _qualified(name.text, owner.text if isinstance(owner, Name) else calcolo.elenco, servizio)


def _sums(expression: Expression) -> Iterator[Call]:
    match expression:
        case Call(function="somma"):
            yield expression
        case Call():
            for argument in expression.arguments:
                yield from _sums(argument)
        case Operation():
            yield from _sums(expression.left)
            yield from _sums(expression.right)


def _of_table(table: Table, elenco: str, servizio: Servizio) -> Iterator[str]:
    yield from (_qualified(column, elenco, servizio) for column in table.columns)
    for row in table.rows:
        yield from _of_row(row)


def _of_row(row: Row) -> Iterator[str]:
    for tests in row.tests:
        yield from _of_tests(tests)
    yield from (operand.name for operand in row.result if isinstance(operand, Parameter))


def _qualified(name: str, elenco: str, servizio: Servizio) -> str:
    return f"{elenco}/{name}" if elenco and name in servizio.campi[elenco].campi else name
