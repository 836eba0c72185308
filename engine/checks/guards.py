"""Guards: a campo that may not concern the family is negated only beside its guard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.calcolo import Call, Expression, Name, Operation
from engine.checks.whole import Version, Whole
from engine.clause import Clause, Constant, Is, Joined, Table, atoms
from engine.condition import NEGATIVE
from engine.guards import shown
from engine.problem import Place, Problem, problem
from engine.servizio import Calcolo, Servizio
from engine.tabella import Tabella

Fact = tuple[object, ...]
Facts = frozenset[Fact]
NOTHING: Facts = frozenset()


def check_guards(whole: Whole) -> list[Problem]:
    """Return the negations without their guard, and the calcoli that read what may not apply."""
    found: list[Problem] = []
    for version, servizio in whole.resolved():
        reader = _Reader(servizio)
        reader.version(version)
        found += [*reader.problems, *_unguarded_calcoli(servizio)]
    return found


@dataclass
class _Reader:
    """Reads clauses with what is sure where they stand: the other parts of the same `tutte`."""

    servizio: Servizio
    problems: list[Problem] = field(default_factory=list)
    code: str = "guards.negation"

    def version(self, version: Version) -> None:
        servizio, draft = self.servizio, version.draft
        for name, guard in servizio.guards.items():
            self.clause(guard, NOTHING, negated=False, elenco=name.rpartition("/")[0])
        for definizione in servizio.definizioni.values():
            self.clause(definizione.clause, NOTHING, negated=False)
        for requisito in servizio.requisiti.values():
            known = NOTHING
            if requisito.guard is not None:
                self.clause(requisito.guard, NOTHING, negated=False)
                known = self.facts(requisito.guard)
            self.clause(requisito.clause, known, negated=False)
        for coerenza in servizio.coerenze:
            self.clause(coerenza.clause, NOTHING, negated=False)
        self.code = "guards.cell"
        for calcolo in servizio.calcoli.values():
            if calcolo.table is not None:
                self.table(calcolo.table, draft.calcoli[calcolo.name].tabella, calcolo.elenco)
        for (name, since), table in servizio.tables.items():
            period = servizio.parametri[name].at(since)
            self.table(table, period.tabella if period else None, "")

    def table(self, table: Table, tabella: Tabella | None, elenco: str) -> None:
        for row, written in zip(table.rows, tabella.rows if tabella else (), strict=False):
            tests = [
                (column, Is(name, test, written.cells[column].text, written.cells[column].place))
                for column, name in enumerate(table.columns)
                for test in row.tests[column]
            ]
            for column, test in tests:
                others = [self.facts(other) for index, other in tests if index != column]
                self.clause(test, NOTHING.union(*others), negated=False, elenco=elenco)

    def clause(self, clause: Clause, known: Facts, *, negated: bool, elenco: str = "", at: Place | None = None) -> None:
        match clause:
            case Is():
                self._is(clause, known, negated=negated, elenco=elenco, at=at)
            case Joined(kind, parts):
                if kind == "tutte":
                    known = known.union(*map(self.facts, parts))
                for part in parts:
                    self.clause(part, known, negated=negated or kind == "nessuna", elenco=elenco, at=at)
            case _:
                of, inner = clause.elenco, clause.clause
                for place in _first_place(inner) if negated and of in self.servizio.guards else ():
                    self._needs(self.servizio.guards[of], known, of, place, at)
                self.clause(inner, NOTHING, negated=negated, elenco=of, at=at)

    def _is(self, test: Is, known: Facts, *, negated: bool, elenco: str, at: Place | None) -> None:
        definizione = None if elenco else self.servizio.definizioni.get(test.name)
        if definizione is not None:
            if negated != (test.test.operands == (Constant(False),)):
                self.clause(definizione.clause, known, negated=True, at=at or test.place)
            return
        guard = self.servizio.guards.get(f"{elenco}/{test.name}" if elenco else test.name)
        if guard is not None and (negated or test.test.comparator in NEGATIVE):
            self._needs(guard, known, test.name, test.place, at)

    def _needs(self, guard: Clause, known: Facts, name: str, place: Place, at: Place | None) -> None:
        if not self._sure(guard, known):
            here, also = (place, ()) if at is None or at == place else (at, (place,))
            data = {"name": name, "guard": shown(guard, self.servizio.campi)}
            self.problems.append(problem(self.code, here, *also, *_first_place(guard), **data))

    def _sure(self, guard: Clause, known: Facts) -> bool:
        if _fact(guard) in known:
            return True
        return isinstance(guard, Joined) and guard.kind == "tutte" and all(self._sure(p, known) for p in guard.parts)

    def facts(self, clause: Clause) -> Facts:
        """Return what is sure when a clause holds."""
        found = frozenset({_fact(clause)})
        match clause:
            case Joined("tutte", parts):
                return found.union(*map(self.facts, parts))
            case Is(name, test) if name in self.servizio.definizioni and test.operands == (Constant(True),):
                return found | self.facts(self.servizio.definizioni[name].clause)
        return found


def _fact(clause: Clause) -> Fact:
    """Return a clause without its places."""
    match clause:
        case Is(name, test):
            return name, test
        case Joined(kind, parts):
            return kind, frozenset(map(_fact, parts))
    return clause.kind, clause.elenco, _fact(clause.clause)


def _first_place(clause: Clause) -> list[Place]:
    return [test.place for test in atoms(clause)][:1]


def _unguarded_calcoli(servizio: Servizio) -> Iterator[Problem]:
    for calcolo in servizio.calcoli.values():
        if calcolo.default is None and calcolo.expression is not None:
            yield from _unguarded(servizio, calcolo, calcolo.expression)


def _unguarded(servizio: Servizio, calcolo: Calcolo, expression: Expression) -> Iterator[Problem]:
    """Yield the campi with a guard that a calcolo reads; a sum leaves out whom they do not concern."""
    match expression:
        case Name(name, place):
            own = calcolo.elenco and name in servizio.campi[calcolo.elenco].campi
            guard = servizio.guards.get(f"{calcolo.elenco}/{name}" if own else name)
            if guard is not None:
                data = {"name": name, "guard": shown(guard, servizio.campi)}
                yield problem("guards.calcolo", place, *_first_place(guard), **data)
        case Operation():
            yield from _unguarded(servizio, calcolo, expression.left)
            yield from _unguarded(servizio, calcolo, expression.right)
        case Call("somma", arguments):
            yield from _unguarded(servizio, calcolo, arguments[0])
        case Call():
            for argument in expression.arguments:
                yield from _unguarded(servizio, calcolo, argument)
