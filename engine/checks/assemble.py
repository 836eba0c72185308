"""Assembly: from a Draft to a Servizio, in the order in which names depend on each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from engine import draft as drafts
from engine.atto import Articolo, Atto
from engine.calcolo import names
from engine.campo import Campo
from engine.checks.names import (
    LOST,
    Scope,
    Symbol,
    campo_symbols,
    parametro_symbols,
    resolve,
    resolve_result,
    resolve_table,
)
from engine.checks.units import convertible, infer, member_symbols
from engine.clause import Clause, Constant, Is, Joined, Table
from engine.condition import Word, leaves
from engine.dimension import dimension, quantum
from engine.draft import Draft
from engine.number import WrongValue
from engine.parametro import Parametro
from engine.problem import Place, Problem, problem, suggestion
from engine.servizio import Calcolo, Coerenza, Definizione, Esito, Requisito, Rounding, Servizio
from engine.tipo import Tipo

YES_NO = Tipo("sì/no")
#: What is computed may fall between whole numbers.
NUMERO = Tipo("numero", decimals=6)
ROUNDINGS = {
    f"{unit}{way}": Rounding(step, mode, f"{unit}{way}")
    for unit, step in (
        ("al centesimo", Fraction(1, 100)),
        ("all'euro", Fraction(1)),
        ("all'intero", Fraction(1)),
    )
    for way, mode in (("", "vicino"), (" per difetto", "difetto"), (" per eccesso", "eccesso"))
}


@dataclass(frozen=True, slots=True)
class Lawbook:
    """What every service shares: acts, articles seen, campi, their guards and parametri.

    `lost` are the names whose own text has a mistake; not `complete` means that a whole file is missing, not
    `guarded` that some guards go in circles.
    """

    atti: dict[str, Atto]
    articles: dict[tuple[str, str], Articolo]
    campi: dict[str, Campo]
    guards: dict[str, Clause]
    parametri: dict[str, Parametro]
    lost: dict[str, Symbol] = field(default_factory=dict)
    complete: bool = True
    guarded: bool = True


def assemble(
    draft: Draft, law: Lawbook, until: date | None, order: tuple[str, ...] = ()
) -> tuple[Servizio | None, set[str], list[Problem]]:
    """Resolve a Draft; return the names it uses, the problems, and the Servizio: whole if there are none."""
    scope = Scope(
        {**law.lost, **campo_symbols(law.campi), **parametro_symbols(law.parametri)},
        law.campi,
        applies_on=draft.applies_on,
    )
    _declare(draft, scope)
    ordered = _ordered(draft, law, scope)
    if ordered is None:
        return None, scope.used, scope.problems
    definizioni: dict[str, Definizione] = {}
    calcoli: dict[str, Calcolo] = {}
    for name in ordered:
        if name in draft.definizioni:
            definizioni[name] = _definizione(draft.definizioni[name], scope)
        elif (calcolo := _calcolo(draft.calcoli[name], scope)) is not None:
            calcoli[name] = calcolo
    requisiti = {name: _requisito(item, scope) for name, item in draft.requisiti.items()}
    esiti = tuple(_esito(item, scope) for item in draft.esiti.values())
    coerenze = tuple(Coerenza(c.name, resolve(c.condition, scope), c.warning.value) for c in draft.coerenze.values())
    tables = _parametro_tables(law, scope)
    servizio = Servizio(
        draft.servizio,
        draft.titolo,
        draft.since,
        until,
        draft.fonte,
        draft.destinatario,
        draft.applies_on,
        law.campi,
        law.guards,
        {name: law.parametri[name] for name in law.parametri if name in scope.used},
        tables,
        {name: definizioni[name] for name in draft.definizioni if name in definizioni},
        requisiti,
        calcoli,
        esiti,
        coerenze,
        draft.esempi,
        order,
        law.atti,
        draft.document,
    )
    return servizio, scope.used, scope.problems


def resolve_guards(
    campi: dict[str, Campo], lost: dict[str, Symbol] | None = None
) -> tuple[dict[str, Clause], list[Problem]]:
    """Resolve every `solo se` of the vocabolario; the guard of a member is keyed `elenco/campo`."""
    scope = Scope({**(lost or {}), **campo_symbols(campi)}, campi)
    guards: dict[str, Clause] = {}
    for name, campo in campi.items():
        _guard(name, campo, scope, guards)
        inner = scope.of_members(name, {}) if campo.campi else scope
        for member, its in campo.campi.items():
            _guard(f"{name}/{member}", its, inner, guards)
    return guards, [*scope.problems, *_cycle(guards)]


def _guard(name: str, campo: Campo, scope: Scope, guards: dict[str, Clause]) -> None:
    before = len(scope.problems)
    clause = resolve(campo.guard, scope) if campo.guard else None
    if clause is not None and len(scope.problems) == before:
        guards[name] = clause


def _cycle(guards: dict[str, Clause]) -> list[Problem]:
    """Return the Problem of guards that wait for each other."""
    uses = {name: dict(_needed(clause, name.rpartition("/")[0])) for name, clause in guards.items()}
    try:
        TopologicalSorter({name: [use for use in found if use in uses] for name, found in uses.items()}).prepare()
    except CycleError as error:
        cycle = list(reversed(error.args[1]))
        places = [uses[one][two] for one, two in pairwise(cycle)]
        path = " → ".join(name.rpartition("/")[2] for name in cycle)
        return [problem("guards.cycle", places[0], *places[1:], path=path)]
    return []


def _needed(clause: Clause, elenco: str) -> Iterator[tuple[str, Place]]:
    """Yield the campi that a guard reads, those of members as `elenco/campo`."""
    match clause:
        case Is():
            yield f"{elenco}/{clause.name}" if elenco else clause.name, clause.place
        case Joined():
            for part in clause.parts:
                yield from _needed(part, elenco)
        case _:
            for name, place in _needed(clause.clause, clause.elenco):
                yield from ((clause.elenco, place), (name, place))


def _declare(draft: Draft, scope: Scope) -> None:
    kinds: tuple[tuple[str, Iterable[tuple[str, Place]]], ...] = (
        ("definizione", ((d.name, d.place) for d in draft.definizioni.values())),
        ("calcolo", ((c.name, c.place) for c in draft.calcoli.values())),
        ("requisito", ((r.name, r.place) for r in draft.requisiti.values())),
        ("esito", ((e.name, e.place) for e in draft.esiti.values())),
    )
    for name, (kind, place) in draft.lost.items():
        scope.symbols.setdefault(name, Symbol(kind, LOST if kind == "calcolo" else YES_NO, place))
    for kind, entries in kinds:
        for name, place in entries:
            if name in scope.symbols and scope.symbols[name].tipo != LOST:
                other = scope.symbols[name]
                scope.problems.append(
                    problem("names.twice", place, other.place, name=name, kind=kind, other=other.kind)
                )
                continue
            scope.symbols[name] = Symbol(kind, LOST if kind == "calcolo" else YES_NO, place)


def _ordered(draft: Draft, law: Lawbook, scope: Scope) -> list[str] | None:
    """Return definizioni and calcoli, each after what it uses; a cycle is a Problem."""
    graph = {name: list(_uses(name, draft, law)) for name in (*draft.definizioni, *draft.calcoli)}
    inner = {name: {use.text for use in uses if use.text in graph} for name, uses in graph.items()}
    try:
        return list(TopologicalSorter(inner).static_order())
    except CycleError as error:
        cycle = list(reversed(error.args[1]))
        places = [use.place for one, two in pairwise(cycle) for use in graph[one] if use.text == two]
        scope.problems.append(problem("names.cycle", places[0], *places[1:], path=" → ".join(cycle)))
        return None


def _uses(name: str, draft: Draft, law: Lawbook) -> Iterator[Word]:
    """Yield the names that a definizione or a calcolo needs first; a tabella of the law brings its own."""
    if name in draft.definizioni:
        found = [leaf.name for leaf in leaves(draft.definizioni[name].condition)]
    else:
        calcolo = draft.calcoli[name]
        found = [Word(used.text, used.place) for used in names(calcolo.expression)] if calcolo.expression else []
        found += calcolo.tabella.columns if calcolo.tabella else ()
    for word in found:
        yield word
        periods = law.parametri[word.text].periods if word.text in law.parametri else ()
        for table in (period.tabella for period in periods if period.tabella):
            yield from (Word(column.text, word.place) for column in table.columns)


def _definizione(item: drafts.Definizione, scope: Scope) -> Definizione:
    return Definizione(item.name, item.titolo, item.fonte, resolve(item.condition, scope), item.place)


def _requisito(item: drafts.Requisito, scope: Scope) -> Requisito:
    guard = resolve(item.guard, scope) if item.guard else None
    clause = resolve(item.condition, scope)
    return Requisito(item.name, item.titolo, item.fonte, clause, guard, item.reason_yes, item.reason_no, item.place)


def _esito(item: drafts.Esito, scope: Scope) -> Esito:
    for words, kinds in (
        (item.requires, ("requisito", "definizione")),
        (item.importi, ("calcolo",)),
        (item.qualifiche, ("definizione",)),
    ):
        for word in words:
            scope.use(word, kinds)
    lists = [tuple(word.text for word in words) for words in (item.requires, item.importi, item.qualifiche)]
    return Esito(item.name, item.titolo, item.fonte, lists[0], lists[1], lists[2], item.full_inquiry, item.place)


def _calcolo(item: drafts.Calcolo, scope: Scope) -> Calcolo | None:
    elenco, inner = "", scope
    if item.voce is not None:
        voce = item.voce.text
        elenco = next((name for name, campo in scope.campi.items() if campo.voce == voce), "")
        if not elenco:
            hint = suggestion(voce, [c.voce for c in scope.campi.values() if c.voce])
            if not scope.lost_campi:
                scope.problems.append(problem("names.unknown_voce", item.voce.place, voce=voce, hint=hint))
            return None
        scope.used.add(elenco)
        inner = scope.of_members(elenco, member_symbols(elenco, scope))
    before = len(scope.problems)
    tipo, table = _shape(item, inner)
    kind = f"calcolo per {elenco}" if elenco else "calcolo"
    if len(scope.problems) > before or tipo == LOST:
        scope.symbols[item.name] = Symbol(kind, LOST, item.place)
        return None
    scope.symbols[item.name] = Symbol(kind, tipo, item.place, table is not None)
    default, rounding = _default(item, tipo, scope), _rounding(item, tipo, scope)
    return Calcolo(
        item.name,
        item.titolo,
        tipo,
        item.expression,
        table,
        item.text,
        elenco,
        default,
        rounding,
        item.fonte,
        item.place,
    )


def _declared(name: str, unit: str) -> Tipo:
    return NUMERO if name == "numero" else Tipo(name, unit=unit)


def _shape(item: drafts.Calcolo, scope: Scope) -> tuple[Tipo, Table | None]:
    declared = _declared(item.tipo.value, item.unit) if item.tipo else None
    if item.tabella is not None:
        return _table(item, declared, scope)
    assert item.expression is not None
    found = infer(item.expression, scope)
    if found is None:
        return LOST, None
    if declared is not None:
        if not convertible(found, declared):
            assert item.tipo is not None
            scope.problems.append(
                problem(
                    "units.declared",
                    item.tipo.place,
                    declared=declared.name,
                    found=found.name or "una misura senza nome",
                )
            )
        return declared, None
    if found.tipo is None:
        scope.problems.append(problem("units.no_tipo", item.place, name=item.name))
    return found.tipo or NUMERO, None


def _table(item: drafts.Calcolo, declared: Tipo | None, scope: Scope) -> tuple[Tipo, Table | None]:
    assert item.tabella is not None
    results = [row.result for row in item.tabella.rows]
    if item.tabella.result.text != item.name:
        scope.problems.append(
            problem(
                "parametro.result_column",
                item.tabella.result.place,
                found=item.tabella.result.text,
                name=item.name,
            )
        )
    tipo = declared or next((scope.symbols[w.text].tipo for w in results if w.text in scope.symbols), None)
    if tipo is not None and tipo.name == "scelta":
        tipo = Tipo("scelta", options=tuple(dict.fromkeys(word.text for word in results)))
    if tipo == LOST:
        return LOST, None
    if tipo is None:
        if item.tabella.policy == "somma":
            tipo = NUMERO
        else:
            scope.problems.append(problem("tabella.needs_tipo", item.place, name=item.name))
            return NUMERO, None
    operands = tuple((resolve_result(word, tipo, scope),) for word in results)
    if item.tabella.policy == "somma":
        for word, (operand,) in zip(results, operands, strict=True):
            if operand == Constant(None) or dimension(tipo) is None:
                scope.problems.append(problem("tabella.sum_needs_numbers", word.place))
    return tipo, resolve_table(item.tabella, scope, operands)


def _default(item: drafts.Calcolo, tipo: Tipo, scope: Scope) -> Fraction | None:
    if item.default is None:
        return None
    try:
        value = tipo.parse(item.default.value)
    except WrongValue as wrong:
        scope.problems.append(Problem(wrong.code, item.default.place, tuple(wrong.data.items())))
        return None
    return value * quantum(tipo) if isinstance(value, int) else None


def _rounding(item: drafts.Calcolo, tipo: Tipo, scope: Scope) -> Rounding | None:
    if item.rounding is None:
        return None
    if dimension(tipo) is None or tipo.name == "data":
        scope.problems.append(problem("calcolo.rounding_tipo", item.rounding.place, tipo=tipo.name))
    return ROUNDINGS[item.rounding.value]


def _parametro_tables(law: Lawbook, scope: Scope) -> dict[tuple[str, date], Table]:
    """Resolve the tables of the parametri in use; their columns may be calcoli of this service."""
    tables: dict[tuple[str, date], Table] = {}
    done: set[str] = set()
    while waiting := [name for name in law.parametri if name in scope.used and name not in done]:
        for parametro in (law.parametri[name] for name in waiting):
            done.add(parametro.name)
            for period in (period for period in parametro.periods if period.tabella):
                assert period.tabella is not None
                results = tuple(tuple(Constant(value) for value in row) for row in period.results)
                tables[parametro.name, period.since] = resolve_table(period.tabella, scope, results)
    return tables
