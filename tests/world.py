"""World: one completion of a family's answers, decided by a two-valued evaluator made for the tests."""

from __future__ import annotations

import calendar
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from engine.answers import Answers, Elenco
from engine.calcolo import Amount, Call, Day, Expression, Name, Operation
from engine.campo import Campo
from engine.clause import Clause, Constant, Is, Joined, Operand, Parameter, Row, Table, Test
from engine.plain import INAPPLICABLE, NOT_DUE, Worth
from engine.servizio import Calcolo, Rounding, Servizio
from engine.tipo import Tipo, Value


def scaled(tipo: Tipo, value: Value, *, computed: bool = False) -> Worth:
    """Return a value of the grid in units; what a rule compares a computed number with has six decimals."""
    if isinstance(value, (bool, str, frozenset)):
        return value
    steps = {"euro": 100, "euro al mese": 100, "euro all'anno": 1200, "percentuale": 10_000}
    if tipo.name == "durata" and tipo.unit == "anni":
        return Fraction(value * 12)
    return Fraction(
        value, 10 ** (6 if computed else tipo.decimals) if tipo.name == "numero" else steps.get(tipo.name, 1)
    )


@dataclass
class World:
    """One completion: everything is answered, every choice of the law is made; nothing here is unknown."""

    servizio: Servizio
    on: date
    answers: Answers
    choices: Mapping[str, Worth]
    cache: dict[str, Worth] = field(default_factory=dict)

    def outcome(self) -> str:
        """Return the first esito whose requisiti all hold or do not apply."""
        return next(e.name for e in self.servizio.esiti if all(self.met(name) for name in e.requires))

    def met(self, name: str) -> bool:
        """Return whether a requisito holds or does not apply, or a definizione holds."""
        if name in self.servizio.definizioni:
            return self.value(name) is True
        return self.requisito(name) != "falso"

    def requisito(self, name: str) -> str:
        """Return `vero`, `falso` or `non_applicabile`."""
        requisito = self.servizio.requisiti[name]
        if requisito.guard is not None and not self.true(requisito.guard):
            return "non_applicabile"
        return "vero" if self.true(requisito.clause) else "falso"

    def true(self, clause: Clause, member: str = "") -> bool:
        """Return whether a clause holds; `member` is elenco/id."""
        if isinstance(clause, Is):
            tipo, computed = self._tipo(clause.name, member)
            return self.passes(clause.test, self.value(clause.name, member), tipo, computed=computed)
        if isinstance(clause, Joined):
            if clause.kind == "tutte":
                return all(self.true(part, member) for part in clause.parts)
            return any(self.true(part, member) for part in clause.parts) == (clause.kind == "almeno una")
        if not self._applies(clause.elenco, ""):
            return False
        each = (self.true(clause.clause, f"{clause.elenco}/{identity}") for identity in self._elenco(clause.elenco))
        return any(each) if clause.kind == "almeno un" else all(each)

    def value(self, name: str, member: str = "") -> Worth:
        """Return what a name is worth."""
        elenco, _, identity = member.partition("/")
        if elenco and name in self.servizio.campi[elenco].campi:
            if not self._applies(f"{elenco}/{name}", member):
                return INAPPLICABLE
            return scaled(self.servizio.campi[elenco].campi[name].tipo, self._elenco(elenco)[identity][name])
        key = f"{member}:{name}"
        if key not in self.cache:
            self.cache[key] = self._value(name, member)
        return self.cache[key]

    def _value(self, name: str, member: str) -> Worth:
        if name in self.servizio.definizioni:
            return self.true(self.servizio.definizioni[name].clause)
        if name in self.servizio.calcoli:
            return self._calcolo(self.servizio.calcoli[name], member)
        if name in self.servizio.parametri:
            return self._parametro(name)
        if not self._applies(name, ""):
            return INAPPLICABLE
        value = self.answers.values[name]
        assert not isinstance(value, Elenco)
        return scaled(self.servizio.campi[name].tipo, value)

    def _tipo(self, name: str, member: str) -> tuple[Tipo, bool]:
        elenco = member.partition("/")[0]
        if elenco and name in self.servizio.campi[elenco].campi:
            return self.servizio.campi[elenco].campi[name].tipo, False
        if name in self.servizio.calcoli:
            return self.servizio.calcoli[name].tipo, True
        known: Mapping[str, Campo | object] = {**self.servizio.parametri, **self.servizio.campi}
        return getattr(known.get(name), "tipo", Tipo("sì/no")), False

    def _applies(self, name: str, member: str) -> bool:
        guard = self.servizio.guards.get(name)
        return guard is None or self.true(guard, member)

    def _elenco(self, name: str) -> Mapping[str, Mapping[str, Value]]:
        elenco = self.answers.values[name]
        assert isinstance(elenco, Elenco)
        assert elenco.complete
        return elenco.members

    def passes(self, test: Test, worth: Worth, tipo: Tipo, *, computed: bool) -> bool:
        """Return whether a value meets a test; what does not apply meets none."""
        if worth is INAPPLICABLE:
            return False
        values = [self._operand(operand, tipo, computed=computed) for operand in test.operands]
        word = test.comparator
        if isinstance(worth, frozenset):
            wanted = {v for value in values for v in (value if isinstance(value, frozenset) else [value])}
            return (wanted <= worth) == (word == "contiene")
        if word in ("è", "non è", "è uno di", "non è uno di"):
            found = any(worth in v if isinstance(v, frozenset) else worth == v for v in values)
            return found != word.startswith("non")
        numbers = [value for value in (worth, *values) if isinstance(value, Fraction)]
        return len(numbers) == len(values) + 1 and _ORDERS[word](*numbers)

    def _operand(self, operand: Operand, tipo: Tipo, *, computed: bool) -> Worth:
        if isinstance(operand, Constant):
            return NOT_DUE if operand.value is None else scaled(tipo, operand.value, computed=computed)
        return self._parametro(operand.name) if isinstance(operand, Parameter) else self._day(operand.text)

    def _day(self, text: str) -> Fraction:
        if text == self.servizio.applies_on:
            return Fraction(self.on.toordinal())
        value = self.answers.values[text.replace(" ", "_")]
        assert isinstance(value, int)
        return Fraction(value)

    def _parametro(self, name: str) -> Worth:
        if name in self.choices:
            return self.choices[name]
        parametro = self.servizio.parametri[name]
        period = parametro.at(self.on)
        assert period is not None
        if period.tabella is not None:
            return self._lookup(self.servizio.tables[name, period.since], parametro.tipo, name, "", computed=False)
        return period.members or scaled(parametro.tipo, period.alternatives[0])

    def _calcolo(self, calcolo: Calcolo, member: str) -> Worth:
        if calcolo.table is not None:
            worth = self._lookup(calcolo.table, calcolo.tipo, calcolo.name, member, computed=True)
        else:
            assert calcolo.expression is not None
            worth = self._compute(calcolo.expression, member)
        if worth is INAPPLICABLE and calcolo.default is not None:
            worth = calcolo.default
        return rounded(worth, calcolo.rounding) if calcolo.rounding and isinstance(worth, Fraction) else worth

    def _lookup(self, table: Table, tipo: Tipo, name: str, member: str, *, computed: bool) -> Worth:
        rows = [(i, row) for i, row in enumerate(table.rows) if self._matches(table, row, member)]
        results = [
            self.choices.get(f"{name}#{i}", self._operand(row.result[0], tipo, computed=computed)) for i, row in rows
        ]
        if table.policy == "somma":
            return sum((r for r in results if isinstance(r, Fraction)), Fraction(0))
        assert len(results) == 1 or (results and table.policy == "prima"), f"{name}: {len(results)} rows match"
        return results[0]

    def _matches(self, table: Table, row: Row, member: str) -> bool:
        for column, tests in zip(table.columns, row.tests, strict=True):
            tipo, computed = self._tipo(column, member)
            if not all(self.passes(test, self.value(column, member), tipo, computed=computed) for test in tests):
                return False
        return True

    def _compute(self, expression: Expression, member: str) -> Worth:
        match expression:
            case Amount(text, unit):
                number = Fraction(text.replace(".", "").replace(",", "."))
                return number * _PARTS.get(unit, Fraction(1))
            case Day(text):
                return self._day(text)
            case Name(text):
                return self.value(text, member)
            case Operation(symbol, left, right):
                parts = [self._compute(left, member), self._compute(right, member)]
                return _special(parts) or self._operate(symbol, expression, parts, member)
            case Call("conta" | "somma", arguments):
                return self._total(expression.function, [a.text for a in arguments if isinstance(a, Name)])
        parts = [self._compute(argument, member) for argument in expression.arguments]
        found = _special(parts)
        return found or _FUNCTIONS[expression.function](*[p for p in parts if isinstance(p, Fraction)])

    def _operate(self, symbol: str, operation: Operation, parts: list[Worth], member: str) -> Fraction:
        one, two = (part for part in parts if isinstance(part, Fraction))
        if self._unit(operation.left, member) == "data" and self._unit(operation.right, member) != "giorni":
            return Fraction(month_later(int(one), int(two) if symbol == "+" else -int(two)))
        return {"+": one + two, "-": one - two, "*": one * two}[symbol] if symbol != "/" else one / two

    def _unit(self, expression: Expression, member: str) -> str:
        """Return `data`, `giorni` or another measure; enough to tell how a date moves."""
        match expression:
            case Amount():
                return expression.unit
            case Day():
                return "data"
            case Name(text):
                tipo, _ = self._tipo(text, member)
                return tipo.unit or tipo.name
            case Operation():
                return self._unit(expression.left, member)
        return self._unit(expression.arguments[0], member)

    def _total(self, function: str, named: list[str]) -> Worth:
        if not self._applies(named[0], ""):
            return INAPPLICABLE
        members = self._elenco(named[0])
        if function == "conta":
            return Fraction(len(members))
        each = [self.value(named[1], f"{named[0]}/{identity}") for identity in members]
        return NOT_DUE if NOT_DUE in each else sum((e for e in each if isinstance(e, Fraction)), Fraction(0))


def _special(parts: list[Worth]) -> Worth:
    return INAPPLICABLE if INAPPLICABLE in parts else NOT_DUE if NOT_DUE in parts else None


def month_later(day: int, months: int) -> int:
    """Return the same day so many months later, or the last of a shorter month."""
    start = date.fromordinal(day)
    months += start.year * 12 + start.month - 1
    last = calendar.monthrange(months // 12, months % 12 + 1)[1]
    return date(months // 12, months % 12 + 1, min(start.day, last)).toordinal()


def months_between(start: Fraction, end: Fraction) -> Fraction:
    """Return the complete months between two days."""
    one, two = sorted([int(start), int(end)])
    months = next(n for n in range(1, 13 * 120) if month_later(one, n) > two) - 1
    return Fraction(months if start <= end else -months)


def rounded(value: Fraction, rounding: Rounding) -> Fraction:
    """Round to a step as the words say: halves away from zero unless a way is given."""
    steps = value / rounding.step
    down = Fraction(steps.numerator // steps.denominator)
    if rounding.way == "vicino":
        half = Fraction(1, 2)
        up = steps - down > half or (steps - down == half and steps > 0)
        return (down + 1 if up else down) * rounding.step
    return (down if rounding.way == "difetto" or down == steps else down + 1) * rounding.step


_PARTS = {"percentuale": Fraction(1, 100), "euro all'anno": Fraction(1, 12), "anni": Fraction(12)}
_ORDERS: Mapping[str, Callable[..., bool]] = {
    **dict.fromkeys(("al massimo", "non dopo il"), lambda x, a: x <= a),
    **dict.fromkeys(("meno di", "prima del"), lambda x, a: x < a),
    **dict.fromkeys(("almeno", "non prima del"), lambda x, a: x >= a),
    **dict.fromkeys(("più di", "dopo il"), lambda x, a: x > a),
    "tra": lambda x, a, b: a <= x <= b,
}
_FUNCTIONS: Mapping[str, Callable[..., Fraction]] = {
    "min": min,
    "max": max,
    "mesi_tra": months_between,
    "anni_compiuti": lambda a, b: Fraction(math.trunc(months_between(a, b) / 12)),
}
