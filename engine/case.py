"""Case: a service and a family on a day, as formulas over what is not known.

What is answered becomes true, false or a number at once; what is not becomes a variable, and so does
what the law leaves open (a hypothesis).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import product

from engine.answers import Answers, Elenco
from engine.calcolo import Amount, Call, Day, Expression, Name, Operation
from engine.campo import Campo
from engine.clause import Clause, Constant, Is, Joined, Members, Operand, Parameter, Row, Table, Test
from engine.diagram import build
from engine.dimension import quantum
from engine.formula import FALSE, OTHER, TRUE, Cell, Choice, Formula, Formulas, Steps, Variable, cells, domain_bounds, walk
from engine.interval import Real, compared
from engine.parametro import Period
from engine.plain import INAPPLICABLE, NOT_DUE, Special, amount, date_step, holds, quantity
from engine.servizio import Calcolo, Servizio
from engine.term import Applied, Bounds, Term, Unknown, apply, bounds, variables
from engine.tipo import Tipo

#: What a name may be worth: a term, a variable that is not ordered, a known nominal value, or a Special.
Outcome = Term | Variable | bool | str | frozenset[str] | Special
#: What a name may be worth, and when; the formulas exclude each other and one always holds.
Worths = list[tuple[Formula, Outcome]]

HYPOTHETICAL = "*"
EXACT_PATTERNS = 5
FIRST_DAY, LAST_DAY = date(1, 1, 1).toordinal(), date(9999, 12, 31).toordinal()


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
    inexact: bool = False
    _clauses: dict[tuple[str, str], Formula] = field(default_factory=dict)
    _worths: dict[tuple[str, str], Worths] = field(default_factory=dict)
    _patterns: dict[str, dict[Formula, Formula]] = field(default_factory=dict)
    _sums: dict[str, dict[Variable, None]] = field(default_factory=dict)

    # Decisions

    def esiti(self) -> list[tuple[str | None, Formula]]:
        """Return the decision of the service: its esiti in order, what cannot be first."""
        decisions = [(e.name, self.formulas.both(self.holds(name) for name in e.requires)) for e in self.servizio.esiti]
        return self.possible(decisions)

    def requisito(self, name: str) -> list[tuple[str | None, Formula]]:
        """Return the decision of one requisito: `non_applicabile`, `vero` or `falso`."""
        requisito = self.servizio.requisiti[name]
        applies = TRUE if requisito.guard is None else self.clause(requisito.guard)
        decisions = [("non_applicabile", self.formulas.negate(applies)), ("vero", self.clause(requisito.clause))]
        return self.possible([*decisions, ("falso", TRUE)])

    def truth(self, formula: Formula) -> list[tuple[str | None, Formula]]:
        """Return the decision of one formula: `vero` or `falso`."""
        return self.possible([("vero", formula), ("falso", TRUE)])

    def possible(self, decisions: Sequence[tuple[str | None, Formula]]) -> list[tuple[str | None, Formula]]:
        """Put first what no completion can be (the members of an open elenco have to exist together)."""
        impossible = self.formulas.negate(self._constraint(formula for _, formula in decisions))
        return [(None, impossible), *decisions]

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
            case Joined("tutte"):
                return self.formulas.both(self.clause(part, member) for part in clause.parts)
            case Joined("almeno una"):
                return self.formulas.either(self.clause(part, member) for part in clause.parts)
            case Joined():
                return self.formulas.negate(self.formulas.either(self.clause(part, member) for part in clause.parts))
            case Members():
                return self._members(clause)

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
            found.append(self.formulas.both([when, self._compare(test.comparator, worth, [v for _, v in combination], text)]))
        return self.formulas.either(found)

    def _compare(self, comparator: str, worth: Outcome, values: list[Outcome], text: str) -> Formula:
        if isinstance(worth, (Fraction, Unknown, Applied)):
            numbers = [value for value in values if isinstance(value, Fraction)]
            if len(numbers) == len(values):
                return self.formulas.compare(worth, compared(comparator, tuple(numbers)))
            return self._compare_terms(comparator, worth, values)
        if any(isinstance(value, Variable) for value in values):
            return self._compare_unknown(comparator, worth, values, text)
        if isinstance(worth, Variable):
            accepted = {v for value in values for v in (value if isinstance(value, frozenset) else [value])}
            known = frozenset(v for v in accepted if isinstance(v, (str, bool)))
            return self.formulas.test(worth, Choice(known, not comparator.startswith("non ")))
        return TRUE if holds(comparator, worth, tuple(v for v in values if not isinstance(v, (Variable, Unknown, Applied)))) else FALSE

    def _compare_terms(self, comparator: str, worth: Term, values: list[Outcome]) -> Formula:
        """Compare with terms through the sign of the difference."""
        terms = [value for value in values if isinstance(value, (Fraction, Unknown, Applied))]
        differences = [apply("-", (worth, term)) for term in terms]
        zero = (Fraction(0),)
        if comparator == "tra":
            ends = zip(differences, ("almeno", "al massimo"), strict=True)
            return self.formulas.both(self.formulas.compare(d, compared(c, zero)) for d, c in ends)
        if comparator.endswith("uno di"):
            each = self.formulas.either(self.formulas.compare(d, compared("è", zero)) for d in differences)
            return self.formulas.negate(each) if comparator.startswith("non ") else each
        if len(differences) < len(values):
            return TRUE if comparator == "non è" else FALSE
        return self.formulas.compare(differences[0], compared(comparator, zero))

    def _compare_unknown(self, comparator: str, worth: Outcome, values: list[Outcome], text: str) -> Formula:
        """Compare with nominal values of which the law leaves some unknown."""
        found = []
        for value in values:
            if not isinstance(value, Variable):
                found.append(self._compare("è", worth, [value], text))
            elif not isinstance(worth, Variable):
                found.append(self.formulas.test(value, Choice(frozenset({worth}))) if isinstance(worth, str) else FALSE)
            elif worth.open or value.open:
                found.append(self._guess(f"{worth.path}:{text}", f"{value.path}:{text}"))
            else:
                each = [frozenset({option}) for option in worth.values]
                pairs = [(self.formulas.test(worth, Choice(o)), self.formulas.test(value, Choice(o))) for o in each]
                found.append(self.formulas.either(self.formulas.both(pair) for pair in pairs))
        equal = self.formulas.either(found)
        return self.formulas.negate(equal) if comparator.startswith("non ") else equal

    def _guess(self, *paths: str) -> Formula:
        """Return a test that may turn out either way, and that rests on all the subjects of the paths."""
        self.inexact = True
        guess = FALSE
        for path in paths:
            variable = self.formulas.variable(path, Tipo("sì/no"), values=(False, True))
            yes = self.formulas.test(variable, Choice(frozenset({True})))
            no = self.formulas.negate(yes)
            negated = self.formulas.negate(guess)
            guess = self.formulas.either([self.formulas.both([guess, no]), self.formulas.both([negated, yes])])
        return guess

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
        return self.formulas.both([applies, self.formulas.negate(contained) if test.comparator.startswith("non ") else contained])

    # Operands

    def _operand(self, operand: Operand, tipo: Tipo) -> Worths:
        match operand:
            case Constant(value):
                return [(TRUE, NOT_DUE if value is None else _outcome(quantity(tipo, value)))]
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
        period = self.servizio.parametri[name].at(self.on)
        assert period is not None
        return period

    def _parametro(self, name: str) -> Worths:
        period, tipo = self.period(name), self.servizio.parametri[name].tipo
        if name in self.free or period.unknown:
            return [(TRUE, self._hypothetical(f"?{name}", tipo))]
        if period.tabella is not None:
            return self._lookup(self.servizio.tables[name, period.since], tipo, name, "")
        if period.members:
            return [(TRUE, period.members)]
        return self._alternatives(f"?{name}", [quantity(tipo, value) for value in period.alternatives])

    def _hypothetical(self, path: str, tipo: Tipo) -> Outcome:
        """Return the variable of a value of the law that nobody knows."""
        variable = self._variable(path, tipo, None, None)
        return Unknown(variable.number, quantum(tipo)) if tipo.ordered else variable

    def _alternatives(self, path: str, values: Sequence[object]) -> Worths:
        if len(values) == 1:
            return [(TRUE, _outcome(values[0]))]
        variable = self.formulas.variable(path, Tipo("numero"), low=0, high=len(values) - 1)
        tests = [self.formulas.test(variable, Steps(((i, i),))) for i in range(len(values))]
        return [(test, _outcome(value)) for test, value in zip(tests, values, strict=True)]

    # Names

    def worths(self, name: str, member: str = "") -> Worths:
        """Return what a campo, calcolo or parametro may be worth, and when."""
        if (name, member) not in self._worths:
            self._worths[name, member] = _merged(self._worths_of(name, member), self.formulas)
        return self._worths[name, member]

    def _worths_of(self, name: str, member: str) -> Worths:
        if self._campo_named(name, member) is not None:
            return self._campo(name, member)
        if name in self.servizio.calcoli:
            return self._calcolo(self.servizio.calcoli[name], member)
        if name in self.servizio.definizioni:
            formula = self.definizione(name)
            return [(formula, True), (self.formulas.negate(formula), False)]
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
            worth = _outcome(quantity(campo.tipo, known))  # type: ignore[arg-type]
        else:
            variable = self._variable(self._path(name, member), campo.tipo, campo.minimo, campo.massimo)
            worth = Unknown(variable.number, quantum(campo.tipo)) if campo.tipo.ordered else variable
        return [(applies, worth), (self.formulas.negate(applies), INAPPLICABLE)]

    def _variable(self, path: str, tipo: Tipo, low: int | None, high: int | None) -> Variable:
        if tipo.name == "data":
            low, high = low or FIRST_DAY, high or LAST_DAY
        if tipo.ordered:
            return self.formulas.variable(path, tipo, low=low, high=high)
        if tipo.name == "sì/no":
            return self.formulas.variable(path, tipo, values=(False, True))
        return self.formulas.variable(path, tipo, values=tipo.options, open=not tipo.options)

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
            return self._points(table, rows, tipo)
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
        return self._alternatives(path, worths)

    def _points(self, table: Table, rows: list[Formula], tipo: Tipo) -> Worths:
        """Return the totals that some rows may sum to; each with the formula that they do."""
        weights = [self._operand(row.result[0], tipo) for row in table.rows]
        parts = [(self.formulas.both([when, also]), w) for when, each in zip(rows, weights, strict=True) for also, w in each]
        numbers = [(when, w) for when, w in parts if isinstance(w, Fraction) and when is not FALSE]
        totals = {Fraction(0)}
        for when, weight in numbers:
            totals = {t + weight for t in totals} | (set() if when is TRUE else totals)
        found: Worths = []
        for total in sorted(totals):
            found.append((self.formulas.points(numbers, compared("è", (total,))), total))
        return found

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
                step = date_step(expression, lambda name: self._tipo(name, member))
                operator = {"+mesi": "mesi", "-mesi": "meno mesi"}.get(expression.symbol + step, expression.symbol)
                return self._combined(operator, [expression.left, expression.right], member)
            case Call("conta"):
                return self._count(expression)
            case Call("somma"):
                return self._sum(expression)
            case Call():
                return self._combined(expression.function, list(expression.arguments), member)

    def _combined(self, operator: str, parts: list[Expression], member: str) -> Worths:
        found: Worths = []
        for combination in product(*(self.expression(part, member) for part in parts)):
            when = self.formulas.both(formula for formula, _ in combination)
            if when is not FALSE:
                found.append((when, _applied(operator, [worth for _, worth in combination])))
        return _merged(found, self.formulas)

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
            each.append(self._someone_else(clause.elenco, pattern if some else self.formulas.negate(pattern)))
        exists = self.formulas.either(each)
        return self.formulas.both([self._applies(clause.elenco, ""), exists if some else self.formulas.negate(exists)])

    def _others(self, elenco: str) -> Variable:
        """Return the number of members of an open elenco that nobody has named yet."""
        campo, named = self.servizio.campi[elenco], len(self._elenco(elenco).members)
        high = None if campo.massimo is None else max(0, campo.massimo - named)
        return self.formulas.variable(f"{elenco}/+", Tipo("numero"), low=max(0, (campo.minimo or 0) - named), high=high)

    def _someone_else(self, elenco: str, pattern: Formula) -> Formula:
        """Return when a member that nobody has named yet fits the pattern."""
        others = self._others(elenco)
        if pattern is FALSE or others.high == 0:
            return FALSE
        outer = self._outer(elenco, pattern)
        if outer is not None and any(n.kind == "compare" and n.mentions >> outer.number & 1 for n in walk([pattern])):
            return self._someone_perhaps(elenco, pattern, outer)
        if outer is not None:
            split = []
            for cell in cells(outer, walk([pattern])):
                narrowed = self.formulas.restrict(pattern, outer.number, cell, {})
                split.append(self.formulas.both([self._in_cell(outer, cell, pattern), self._someone_else(elenco, narrowed)]))
            return self.formulas.either(split)
        patterns = self._patterns.setdefault(elenco, {})
        if pattern not in patterns:
            path = f"{elenco}/+/{len(patterns)}"
            variable = self.formulas.variable(path, Tipo("sì/no"), values=(False, True))
            patterns[pattern] = self.formulas.test(variable, Choice(frozenset({True})))
        return patterns[pattern]

    def _someone_perhaps(self, elenco: str, pattern: Formula, outer: Variable) -> Formula:
        """Return a free test for a pattern that compares a member with what is not known outside of the elenco."""
        guess = self._guess(f"{elenco}/+/?{id(pattern)}", f"{outer.path}:{elenco}")
        return self.formulas.both([self._at_least(elenco, 1), guess])

    def _outer(self, elenco: str, pattern: Formula) -> Variable | None:
        """Return a variable of the pattern that is not about the member, if there is one."""
        inside = f"{elenco}/{HYPOTHETICAL}/"
        mentioned = (v for v in self.formulas.variables if pattern.mentions >> v.number & 1)
        return next((variable for variable in mentioned if not variable.path.startswith(inside)), None)

    def _in_cell(self, variable: Variable, cell: Cell, pattern: Formula) -> Formula:
        if variable.ordered:
            return self.formulas.test(variable, Steps(((cell.low, cell.high),)))
        if cell.value != OTHER:
            return self.formulas.test(variable, Choice(frozenset({cell.value})))
        named = frozenset(c.value for c in cells(variable, walk([pattern])) if c.value != OTHER)
        return self.formulas.test(variable, Choice(named, positive=False))

    def _count(self, expression: Call) -> Worths:
        name = expression.arguments[0]
        assert isinstance(name, Name)
        elenco, applies = self._elenco(name.text), self._applies(name.text, "")
        count: Term = Fraction(len(elenco.members))
        if not elenco.complete:
            count = apply("+", (count, Unknown(self._others(name.text).number, Fraction(1))))
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
            pairs = [(self.formulas.both([a, b]), _added(x, y)) for (a, x), (b, y) in product(total, worths)]
            total = _merged([(when, worth) for when, worth in pairs if when is not FALSE], self.formulas)
        summed = [(self.formulas.both([applies, when]), worth) for when, worth in total]
        return [*summed, (self.formulas.negate(applies), INAPPLICABLE)]

    def _sum_of_others(self, elenco: str, what: str) -> Worths:
        """Return the sum over the members that nobody has named yet."""
        tipo, others = self._tipo(what, f"{elenco}/{HYPOTHETICAL}"), self._others(elenco)
        found = self.worths(what, f"{elenco}/{HYPOTHETICAL}")
        not_due = self._someone_else(elenco, self.formulas.either(when for when, w in found if w is NOT_DUE))
        worths = [w for _, w in found]
        ends = [self._ends(w) for w in worths if isinstance(w, (Fraction, Unknown, Applied))]
        least, greatest = min((low for low, _ in ends), default=0), max((high for _, high in ends), default=0)
        least, greatest = (min(least, 0), max(greatest, 0)) if len(ends) < len(worths) else (least, greatest)
        few, many = others.low or 0, math.inf if others.high is None else others.high
        low, high = _times(few if least > 0 else many, least), _times(many if greatest > 0 else few, greatest)
        step = quantum(tipo)
        limits = (None if math.isinf(low) else math.floor(low / step), None if math.isinf(high) else math.ceil(high / step))
        variable = self.formulas.variable(f"{elenco}/+/{what}", tipo, low=limits[0], high=limits[1])
        self._sums.setdefault(elenco, {})[variable] = None
        alone = len(worths) == 1 and what not in self.servizio.calcoli and (low, high) == (0, math.inf)
        self.inexact = self.inexact or not alone
        return [(self.formulas.negate(not_due), Unknown(variable.number, step)), (not_due, NOT_DUE)]

    def _ends(self, term: Term) -> Bounds:
        return bounds(term, {n: domain_bounds(self.formulas.variables[n]) for n in variables(term)})

    def _constraint(self, decisions: Iterable[Formula]) -> Formula:
        """Return what holds of every completion: the members of an open elenco that fit patterns exist together."""
        mentioned = 0
        for formula in decisions:
            mentioned |= formula.mentions
        found = []
        for elenco in {**self._patterns, **self._sums}:
            of_elenco = [v.number for v in self.formulas.variables if v.path.startswith(f"{elenco}/+")]
            if any(mentioned >> number & 1 for number in of_elenco):
                found += [self._together(elenco), *self._sums_together(elenco)]
        return self.formulas.both(found)

    def _sums_together(self, elenco: str) -> list[Formula]:
        none = self.formulas.negate(self._at_least(elenco, 1))
        zero = Steps(((0, 0),))
        sums = self._sums.get(elenco, {})
        self.inexact = self.inexact or len(sums) > 1 or bool(sums and self._patterns.get(elenco))
        return [self.formulas.either([self.formulas.negate(none), self.formulas.test(v, zero)]) for v in sums]

    def _at_least(self, elenco: str, count: int) -> Formula:
        return self.formulas.test(self._others(elenco), Steps(((count, None),)))

    def _together(self, elenco: str) -> Formula:
        """Return which patterns may be met at once by how many members, none of whom is named yet."""
        patterns = self._patterns.get(elenco, {})
        if len(patterns) > EXACT_PATTERNS:
            self.inexact = True
            nobody = self.formulas.both(self.formulas.negate(test) for test in patterns.values())
            return self.formulas.either([self._at_least(elenco, 1), nobody])
        kinds = self._kinds(list(patterns))
        reached: list[frozenset[int]] = [frozenset({0})]
        while len(reached) < 2 or reached[-1] != reached[-2]:
            before = reached[-1] if len(reached) > 1 else frozenset({0})
            reached.append(frozenset(a | b for a in before for b in kinds))
        reached.pop()
        found = []
        for count, masks in enumerate(reached):
            last = count == len(reached) - 1
            exactly = self._at_least(elenco, count) if last else self.formulas.test(self._others(elenco), Steps(((count, count),)))
            met = self.formulas.either(self._exactly(list(patterns.values()), mask) for mask in masks)
            found.append(self.formulas.both([exactly, met]))
        return self.formulas.either(found)

    def _kinds(self, patterns: list[Formula]) -> frozenset[int]:
        """Return, as bit sets, which patterns one member may meet together."""
        kinds = set()
        for mask in range(1 << len(patterns)):
            formula = self._exactly(patterns, mask)
            if "sì" in build(self.formulas, [("sì", formula), ("no", TRUE)]).outcomes:
                kinds.add(mask)
        return frozenset(kinds)

    def _exactly(self, tests: list[Formula], mask: int) -> Formula:
        return self.formulas.both(t if mask >> i & 1 else self.formulas.negate(t) for i, t in enumerate(tests))


def _times(count: float, worth: Real) -> Real:
    return Fraction(0) if count == 0 or worth == 0 else count * worth


def _outcome(worth: object) -> Outcome:
    """Narrow what a value is worth: it is known."""
    assert worth is not None
    return worth  # type: ignore[return-value]


def _applied(operator: str, worths: list[Outcome]) -> Outcome:
    if INAPPLICABLE in worths or NOT_DUE in worths:
        return INAPPLICABLE if INAPPLICABLE in worths else NOT_DUE
    return apply(operator, tuple(w for w in worths if isinstance(w, (Fraction, Unknown, Applied))))


def _added(total: Outcome, worth: Outcome) -> Outcome:
    if worth is INAPPLICABLE:
        return total
    if NOT_DUE in (total, worth):
        return NOT_DUE
    return _applied("+", [total, worth]) if worth != 0 else total


def _merged(worths: Iterable[tuple[Formula, Outcome]], formulas: Formulas) -> Worths:
    """Join the cases that are worth the same, dropping those that cannot be."""
    by_worth: dict[Outcome, list[Formula]] = {}
    for when, worth in worths:
        if when is not FALSE:
            by_worth.setdefault(worth, []).append(when)
    return [(formulas.either(found), worth) for worth, found in by_worth.items()]
