"""Case: a service and a family on a day, as formulas over what is not known.

What is answered becomes true, false or a number at once; what is not becomes a variable, and so does
what the law leaves open (a hypothesis).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import product

from engine.answers import Answers, Elenco
from engine.calcolo import Amount, Call, Day, Expression, Name, Operation
from engine.campo import Campo
from engine.clause import Clause, Constant, Is, Joined, Members, Operand, Parameter, Row, Table, Test
from engine.days import FIRST, LAST
from engine.diagram import TooLarge
from engine.dimension import quantum
from engine.formula import FALSE, TRUE, Choice, Formula, Formulas, Variable
from engine.others import HYPOTHETICAL, Others
from engine.parametro import Period
from engine.plain import INAPPLICABLE, NOT_DUE, amount, date_step, quantity
from engine.servizio import Calcolo, Servizio
from engine.term import Applied, Term, Unknown, apply
from engine.tipo import Tipo
from engine.worth import MOST_CASES, Outcome, Worths, added, alternatives, applied, compare, definite, merged, totals


@dataclass
class Case:
    """One family on one day under one version of a service.

    A parametro in `free` is treated as if nobody knew its value: to see whether an outcome rests on it.
    """

    servizio: Servizio
    on: date
    answers: Answers
    free: frozenset[str] = frozenset()
    formulas: Formulas = field(default_factory=Formulas)
    _clauses: dict[tuple[str, str], Formula] = field(default_factory=dict)
    _worths: dict[tuple[str, str], Worths] = field(default_factory=dict)
    others: Others = field(init=False)

    def __post_init__(self) -> None:
        self.others = Others(self.formulas, self.servizio.campi, lambda name: len(self._elenco(name).members))

    @property
    def inexact(self) -> bool:
        """Whether more may be called possible than is."""
        return self.formulas.inexact

    # Decisions

    def esiti(self) -> list[tuple[str | None, Formula]]:
        """Return the decision of the service: its esiti in order, what cannot be first."""
        decisions = [(e.name, self.formulas.both(self.holds(name) for name in e.requires)) for e in self.servizio.esiti]
        return self.possible(decisions)

    def requisito(self, name: str) -> list[tuple[str | None, Formula]]:
        """Return the decision of one requisito: `non_applicabile`, `vero` or `falso`."""
        requisito = self.servizio.requisiti[name]
        applies = TRUE if requisito.guard is None else self.clause(requisito.guard)
        decisions = [
            ("non_applicabile", self.formulas.negate(applies)),
            ("vero", self.clause(requisito.clause)),
        ]
        return self.possible([*decisions, ("falso", TRUE)])

    def truth(self, formula: Formula) -> list[tuple[str | None, Formula]]:
        """Return the decision of one formula: `vero` or `falso`."""
        return self.possible([("vero", formula), ("falso", TRUE)])

    def possible(self, decisions: Sequence[tuple[str | None, Formula]]) -> list[tuple[str | None, Formula]]:
        """Put first what no completion can be (the members of an open elenco have to exist together)."""
        impossible = self.formulas.negate(self.others.constraint(formula for _, formula in decisions))
        return [(None, impossible), *decisions]

    def firsts(self, without: str = "") -> dict[str, Formula]:
        """Return when each esito is the one, the first that holds; perhaps without a requisito."""
        found: dict[str, Formula] = {}
        above: list[Formula] = []
        for esito in self.servizio.esiti:
            held = self.formulas.both(TRUE if name == without else self.holds(name) for name in esito.requires)
            found[esito.name] = self.formulas.both([held, *above])
            above.append(self.formulas.negate(held))
        return found

    def holds(self, name: str) -> Formula:
        """Return when a requisito holds or does not apply, or a definizione holds."""
        if name in self.servizio.definizioni:
            return self.definizione(name)
        requisito = self.servizio.requisiti[name]
        clause = self.clause(requisito.clause)
        if requisito.guard is None:
            return clause
        return self.formulas.either([self.formulas.negate(self.clause(requisito.guard)), clause])

    def definizione(self, name: str) -> Formula:
        """Return when a definizione holds."""
        if (name, "") not in self._clauses:
            self._clauses[name, ""] = self.clause(self.servizio.definizioni[name].clause)
        return self._clauses[name, ""]

    # Clauses

    def clause(self, clause: Clause, member: str = "") -> Formula:
        """Return when a clause holds; `member` is elenco/id inside an elenco."""
        match clause:
            case Is():
                return self._is(clause, member)
            case Members():
                return self._members(clause)
            case Joined("tutte"):
                return self.formulas.both(self.clause(part, member) for part in clause.parts)
            case Joined("almeno una"):
                return self.formulas.either(self.clause(part, member) for part in clause.parts)
        return self.formulas.negate(self.formulas.either(self.clause(part, member) for part in clause.parts))

    def _is(self, clause: Is, member: str) -> Formula:
        if clause.name in self.servizio.definizioni:
            wanted = clause.test.operands[0] == Constant(True)
            formula = self.definizione(clause.name)
            return formula if wanted else self.formulas.negate(formula)
        campo = self._campo_named(clause.name, member)
        if campo is not None and campo.tipo.name == "più scelte":
            return self._contains(campo, clause.test, member)
        return self._test(clause.test, self.worths(clause.name, member), self._tipo(clause.name, member), clause.text)

    def _test(self, test: Test, worths: Worths, tipo: Tipo, text: str) -> Formula:
        found = []
        for when, worth in worths:
            if worth is not INAPPLICABLE and when is not FALSE:
                found.append(self.formulas.both([when, self._meets(test, worth, tipo, text)]))
        return self.formulas.either(found)

    def _meets(self, test: Test, worth: Outcome, tipo: Tipo, text: str) -> Formula:
        found = []
        for combination in product(*(self._operand(operand, tipo) for operand in test.operands)):
            when = self.formulas.both(formula for formula, _ in combination)
            found.append(
                self.formulas.both(
                    [when, compare(self.formulas, test.comparator, worth, [v for _, v in combination], text)]
                )
            )
        return self.formulas.either(found)

    def _contains(self, campo: Campo, test: Test, member: str) -> Formula:
        applies, known = self._applies(campo.name, member), self._known(campo.name, member)
        found = []
        for operand in test.operands:
            assert isinstance(operand, Constant)
            assert isinstance(operand.value, frozenset)
            for value in sorted(operand.value):
                if isinstance(known, frozenset):
                    found.append(TRUE if value in known else FALSE)
                    continue
                path = f"{self._path(campo.name, member)}:{value}"
                variable = self.formulas.variable(path, Tipo("sì/no"), values=(False, True))
                found.append(self.formulas.test(variable, Choice(frozenset({True}))))
        contained = self.formulas.both(found)
        return self.formulas.both(
            [applies, self.formulas.negate(contained) if test.comparator.startswith("non ") else contained]
        )

    # Operands

    def _operand(self, operand: Operand, tipo: Tipo) -> Worths:
        match operand:
            case Constant(value):
                return [(TRUE, NOT_DUE if value is None else definite(quantity(tipo, value)))]
            case Parameter(name):
                return self._parametro(name)
        return [(TRUE, self._day(operand.text))]

    def _day(self, text: str) -> Term:
        if text == self.servizio.applies_on:
            return Fraction(self.on.toordinal())
        path = text.replace(" ", "_")
        value = self.answers.values.get(path)
        if isinstance(value, int):
            return Fraction(value)
        campo = self.servizio.campi.get(path)
        low, high = (campo.minimo, campo.massimo) if campo else (None, None)
        variable = self._variable(path, Tipo("data"), low, high)
        return Unknown(variable.number, Fraction(1))

    def period(self, name: str) -> Period:
        """Return the period of a parametro in force on the day."""
        return self.servizio.period(name, self.on)

    def _parametro(self, name: str) -> Worths:
        period, tipo = self.period(name), self.servizio.parametri[name].tipo
        if name in self.free or period.unknown:
            return [(TRUE, self._hypothetical(f"?{name}", tipo))]
        if period.tabella is not None:
            return self._lookup(self.servizio.tables[name, period.since], tipo, name, "")
        if period.members:
            return [(TRUE, period.members)]
        return alternatives(self.formulas, f"?{name}", [quantity(tipo, value) for value in period.alternatives])

    def _hypothetical(self, path: str, tipo: Tipo) -> Outcome:
        """Return the variable of a value of the law that nobody knows."""
        variable = self._variable(path, tipo, None, None)
        return Unknown(variable.number, quantum(tipo)) if tipo.ordered else variable

    # Names

    def worths(self, name: str, member: str = "") -> Worths:
        """Return what a campo, calcolo or parametro may be worth, and when."""
        if (name, member) not in self._worths:
            self._worths[name, member] = merged(self._worths_of(name, member), self.formulas)
        return self._worths[name, member]

    def _worths_of(self, name: str, member: str) -> Worths:
        if self._campo_named(name, member) is not None:
            return self._campo(name, member)
        if name in self.servizio.calcoli:
            return self._calcolo(self.servizio.calcoli[name], member)
        return self._parametro(name)

    def _campo_named(self, name: str, member: str) -> Campo | None:
        elenco = member.partition("/")[0]
        if elenco and name in self.servizio.campi[elenco].campi:
            return self.servizio.campi[elenco].campi[name]
        return None if name in self.servizio.calcoli else self.servizio.campi.get(name)

    def _tipo(self, name: str, member: str) -> Tipo:
        campo = self._campo_named(name, member)
        if campo is not None:
            return campo.tipo
        if name in self.servizio.calcoli:
            return self.servizio.calcoli[name].tipo
        return self.servizio.parametri[name].tipo if name in self.servizio.parametri else Tipo("sì/no")

    @staticmethod
    def _path(name: str, member: str) -> str:
        return f"{member}/{name}" if member else name

    def _applies(self, name: str, member: str) -> Formula:
        guard = self.servizio.guards.get(f"{member.partition('/')[0]}/{name}" if member else name)
        return TRUE if guard is None else self.clause(guard, member)

    def _known(self, name: str, member: str) -> object:
        if not member:
            return self.answers.values.get(name)
        elenco, _, identity = member.partition("/")
        known = self.answers.values.get(elenco)
        return known.members.get(identity, {}).get(name) if isinstance(known, Elenco) else None

    def _campo(self, name: str, member: str) -> Worths:
        campo = self._campo_named(name, member)
        assert campo is not None
        applies, known = self._applies(name, member), self._known(name, member)
        if known is not None and not isinstance(known, Elenco):
            worth = definite(quantity(campo.tipo, known))  # type: ignore[arg-type]
        else:
            variable = self._variable(self._path(name, member), campo.tipo, campo.minimo, campo.massimo)
            worth = Unknown(variable.number, quantum(campo.tipo)) if campo.tipo.ordered else variable
        return [(applies, worth), (self.formulas.negate(applies), INAPPLICABLE)]

    def _variable(self, path: str, tipo: Tipo, low: int | None, high: int | None) -> Variable:
        if tipo.name == "data":
            low, high = low or FIRST, high or LAST
        if tipo.ordered:
            return self.formulas.variable(path, tipo, low=low, high=high)
        if tipo.name == "sì/no":
            return self.formulas.variable(path, tipo, values=(False, True))
        return self.formulas.variable(path, tipo, values=tipo.options, unlisted=not tipo.options)

    # Calcoli and tabelle

    def _calcolo(self, calcolo: Calcolo, member: str) -> Worths:
        if calcolo.table is not None:
            worths = self._lookup(calcolo.table, calcolo.tipo, calcolo.name, member)
        else:
            assert calcolo.expression is not None
            worths = self.expression(calcolo.expression, member)
        found: Worths = []
        for when, worth in worths:
            value: Outcome = calcolo.default if worth is INAPPLICABLE and calcolo.default is not None else worth
            if calcolo.rounding is not None and isinstance(value, (Fraction, Unknown, Applied)):
                value = apply("arrotonda", (value,), calcolo.rounding)
            found.append((when, value))
        return found

    def _lookup(self, table: Table, tipo: Tipo, name: str, member: str) -> Worths:
        rows = [self.row(table, row, member) for row in table.rows]
        if table.policy == "somma":
            weights = [self._operand(row.result[0], tipo) for row in table.rows]
            return totals(self.formulas, rows, weights)
        found: Worths = []
        before: list[Formula] = []
        for index, (row, when) in enumerate(zip(table.rows, rows, strict=True)):
            if table.policy == "prima":
                when, earlier = self.formulas.both([when, *map(self.formulas.negate, before)]), when
                before.append(earlier)
            for alternative, worth in self._row_result(row, tipo, f"?{name}#{index}"):
                found.append((self.formulas.both([when, alternative]), worth))
        return found

    def row(self, table: Table, row: Row, member: str = "") -> Formula:
        """Return when a row of a tabella matches."""
        tested = []
        for name, tests in zip(table.columns, row.tests, strict=True):
            for test in tests:
                tested.append(self._is(Is(name, test, name, row.place), member))
        return self.formulas.both(tested)

    def _row_result(self, row: Row, tipo: Tipo, path: str) -> Worths:
        if len(row.result) == 1:
            return self._operand(row.result[0], tipo)
        worths = [self._operand(operand, tipo)[0][1] for operand in row.result]
        return alternatives(self.formulas, path, worths)

    def expression(self, expression: Expression, member: str = "") -> Worths:
        """Return what an expression may be worth, and when."""
        match expression:
            case Amount():
                return [(TRUE, amount(expression))]
            case Day():
                return [(TRUE, self._day(expression.text))]
            case Name():
                return self.worths(expression.text, member)
            case Operation():
                step = date_step(expression, self._tipo, member)
                operator = (step if expression.symbol == "+" else f"meno {step}") if step else expression.symbol
                return self._combined(operator, [expression.left, expression.right], member)
            case Call("conta"):
                return self._count(expression)
            case Call("somma"):
                return self._sum(expression)
        return self._combined(expression.function, list(expression.arguments), member)

    def _combined(self, operator: str, parts: list[Expression], member: str) -> Worths:
        found: Worths = []
        worths = [self.expression(part, member) for part in parts]
        if math.prod(map(len, worths)) > MOST_CASES:
            raise TooLarge
        for combination in product(*worths):
            when = self.formulas.both(formula for formula, _ in combination)
            if when is not FALSE:
                found.append((when, applied(operator, [worth for _, worth in combination])))
        return merged(found, self.formulas)

    # Elenchi

    def _elenco(self, name: str) -> Elenco:
        known = self.answers.values.get(name)
        return known if isinstance(known, Elenco) else Elenco(False, {})

    def _members(self, clause: Members) -> Formula:
        """Some member meets the clause, or not every one fails to; others may exist unless declared complete."""
        elenco, some = self._elenco(clause.elenco), clause.kind == "almeno un"
        each = [self.clause(clause.clause, f"{clause.elenco}/{identity}") for identity in elenco.members]
        each = each if some else [self.formulas.negate(formula) for formula in each]
        if not elenco.complete:
            pattern = self.clause(clause.clause, f"{clause.elenco}/{HYPOTHETICAL}")
            each.append(self.others.fitting(clause.elenco, pattern if some else self.formulas.negate(pattern)))
        exists = self.formulas.either(each)
        return self.formulas.both([self._applies(clause.elenco, ""), exists if some else self.formulas.negate(exists)])

    def _count(self, expression: Call) -> Worths:
        name = expression.arguments[0]
        assert isinstance(name, Name)
        elenco, applies = self._elenco(name.text), self._applies(name.text, "")
        count: Term = Fraction(len(elenco.members))
        if not elenco.complete:
            count = apply("+", (count, Unknown(self.others.number(name.text).number, Fraction(1))))
        return [(applies, count), (self.formulas.negate(applies), INAPPLICABLE)]

    def _sum(self, expression: Call) -> Worths:
        name, what = expression.arguments
        assert isinstance(name, Name)
        assert isinstance(what, Name)
        elenco, applies = self._elenco(name.text), self._applies(name.text, "")
        total: Worths = [(TRUE, Fraction(0))]
        each = [self.worths(what.text, f"{name.text}/{identity}") for identity in elenco.members]
        if not elenco.complete:
            each.append(self._sum_of_others(name.text, what.text))
        for worths in each:
            pairs = [(self.formulas.both([a, b]), added(x, y)) for (a, x), (b, y) in product(total, worths)]
            total = merged([(when, worth) for when, worth in pairs if when is not FALSE], self.formulas)
        summed = [(self.formulas.both([applies, when]), worth) for when, worth in total]
        return [*summed, (self.formulas.negate(applies), INAPPLICABLE)]

    def _sum_of_others(self, elenco: str, what: str) -> Worths:
        """Return the sum over the members that nobody has named yet."""
        member = f"{elenco}/{HYPOTHETICAL}"
        found = self.worths(what, member)
        not_due = self.others.fitting(elenco, self.formulas.either(when for when, w in found if w is NOT_DUE))
        each = [worth for _, worth in found]
        plain = len(each) == 1 and what not in self.servizio.calcoli
        total = self.others.sum(elenco, what, self._tipo(what, member), each, plain=plain)
        return [(self.formulas.negate(not_due), total), (not_due, NOT_DUE)]
