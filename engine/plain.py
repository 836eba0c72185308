"""The plain evaluator: three truth values, clause by clause, as a person would read the rule.

Unknown is None. It explains every decision and is what the fast paths are compared with; where data
are missing it may say unknown although every completion agrees: the diagram is exact there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from fractions import Fraction
from itertools import product
from operator import ge, gt, le, lt

from engine.answers import Answers, Elenco
from engine.calcolo import Amount, Call, Day, Expression, Name, Operation
from engine.clause import Clause, Constant, Is, Joined, Members, Operand, Parameter, Row, Table, Test
from engine.days import FIRST, LAST, add_months, full_months, full_years
from engine.dimension import quantum
from engine.number import number
from engine.parametro import Period
from engine.servizio import Calcolo, Rounding, Servizio
from engine.tipo import Tipo, Value

#: What the comparators of ordered values say of a worth and of the values beside it.
ORDER: Mapping[str, Callable[..., bool]] = {
    **dict.fromkeys(("al massimo", "non dopo il"), le),
    **dict.fromkeys(("almeno", "non prima del"), ge),
    **dict.fromkeys(("meno di", "prima del"), lt),
    **dict.fromkeys(("più di", "dopo il"), gt),
    "tra": lambda worth, low, high: low <= worth <= high,
}

#: More months than the calendar has.
CENTURIES = 120_000


class Special(Enum):
    """Values that are no quantity: `non spetta`, and a campo that does not concern the family."""

    NOT_DUE = "non spetta"
    INAPPLICABLE = "non si applica"


NOT_DUE, INAPPLICABLE = Special.NOT_DUE, Special.INAPPLICABLE

#: What a name is worth: a quantity, a nominal value or a Special; None when it is not known.
Worth = Fraction | bool | str | frozenset[str] | Special | None


@dataclass(frozen=True)
class Plain:
    """One family on one day under one version of a service; `choices` fixes what the law leaves open.

    A choice is keyed by the parametro, or by parametro and row (`quota_isee#3`) in a tabella.
    """

    servizio: Servizio
    on: date
    answers: Answers
    choices: Mapping[str, Worth] = field(default_factory=dict)
    cache: dict[tuple[str, str], Worth] = field(default_factory=dict)

    def truth(self, clause: Clause, member: str = "") -> bool | None:
        """Return the truth of a clause (strong Kleene logic); `member` is elenco/id inside an elenco."""
        match clause:
            case Is():
                return self._test(clause.test, self.worth(clause.name, member), self.tipo(clause.name, member))
            case Members():
                return self._members(clause)
            case Joined("tutte"):
                return conjunction(self.truth(part, member) for part in clause.parts)
            case Joined("almeno una"):
                return disjunction(self.truth(part, member) for part in clause.parts)
        return negation(disjunction(self.truth(part, member) for part in clause.parts))

    def worth(self, name: str, member: str = "") -> Worth:
        """Return what a campo, definizione, calcolo or parametro is worth."""
        key = (name, member)
        if key not in self.cache:
            self.cache[key] = self._worth(name, member)
        return self.cache[key]

    def tipo(self, name: str, member: str = "") -> Tipo:
        """Return the tipo of a name."""
        elenco = member.partition("/")[0]
        if elenco and name in self.servizio.campi[elenco].campi:
            return self.servizio.campi[elenco].campi[name].tipo
        if name in self.servizio.calcoli:
            return self.servizio.calcoli[name].tipo
        if name in self.servizio.parametri:
            return self.servizio.parametri[name].tipo
        return self.servizio.campi[name].tipo if name in self.servizio.campi else Tipo("sì/no")

    def possible(self, operand: Operand, tipo: Tipo) -> list[Worth]:
        """Return what an operand may be worth: several values when the law leaves it open, None when unknown."""
        match operand:
            case Constant(value):
                return [NOT_DUE if value is None else quantity(tipo, value)]
            case Parameter(name):
                return self._parameter(name)
        return [self.day(operand.text)]

    def day(self, text: str) -> Worth:
        """Return `giorno della domanda` or `giorno della decisione` as a quantity, if it is known."""
        if text == self.servizio.applies_on:
            return Fraction(self.on.toordinal())
        value = self.answers.values.get(text.replace(" ", "_"))
        return Fraction(value) if isinstance(value, int) else None

    def _worth(self, name: str, member: str) -> Worth:
        elenco, _, identity = member.partition("/")
        if elenco and name in self.servizio.campi[elenco].campi:
            return self._member_campo(elenco, identity, name)
        if name in self.servizio.definizioni:
            return self.truth(self.servizio.definizioni[name].clause)
        if name in self.servizio.calcoli:
            return self._calcolo(self.servizio.calcoli[name], member)
        if name in self.servizio.parametri:
            values = self._parameter(name)
            return values[0] if len(set(values)) == 1 else None
        return self._campo(name)

    def _campo(self, name: str) -> Worth:
        applies = self.truth(self.servizio.guards[name]) if name in self.servizio.guards else True
        value = self.answers.values.get(name)
        if not applies:
            return None if applies is None else INAPPLICABLE
        return None if value is None or isinstance(value, Elenco) else quantity(self.servizio.campi[name].tipo, value)

    def _member_campo(self, elenco: str, identity: str, name: str) -> Worth:
        guard = self.servizio.guards.get(f"{elenco}/{name}")
        applies = self.truth(guard, f"{elenco}/{identity}") if guard else True
        known = self.answers.values.get(elenco)
        value = known.members.get(identity, {}).get(name) if isinstance(known, Elenco) else None
        if not applies:
            return None if applies is None else INAPPLICABLE
        return None if value is None else quantity(self.servizio.campi[elenco].campi[name].tipo, value)

    def _members(self, clause: Members) -> bool | None:
        applies = self.truth(self.servizio.guards[clause.elenco]) if clause.elenco in self.servizio.guards else True
        known = self.answers.values.get(clause.elenco)
        elenco = known if isinstance(known, Elenco) else Elenco(False, {})
        each: list[bool | None] = [
            self.truth(clause.clause, f"{clause.elenco}/{identity}") for identity in elenco.members
        ]
        rest: list[bool | None] = [] if elenco.complete else [None]
        over = disjunction([*each, *rest]) if clause.kind == "almeno un" else conjunction([*each, *rest])
        return conjunction([applies, over])

    def _test(self, test: Test, worth: Worth, tipo: Tipo) -> bool | None:
        if worth is INAPPLICABLE:
            return False
        operands = [self.possible(operand, tipo) for operand in test.operands]
        if worth is None or any(values == [None] for values in operands):
            return None
        verdicts = {holds(test.comparator, worth, chosen) for chosen in product(*operands)}
        return verdicts.pop() if len(verdicts) == 1 else None

    def period(self, name: str) -> Period:
        """Return the period of a parametro in force on the day."""
        return self.servizio.period(name, self.on)

    def _parameter(self, name: str) -> list[Worth]:
        if name in self.choices:
            return [self.choices[name]]
        period, tipo = self.period(name), self.servizio.parametri[name].tipo
        if period.tabella is not None:
            worth = self.lookup(self.servizio.tables[name, period.since], tipo, name)
            return [worth]
        if period.unknown:
            return [None]
        return [period.members] if period.members else [quantity(tipo, value) for value in period.alternatives]

    def lookup(self, table: Table, tipo: Tipo, name: str, member: str = "") -> Worth:
        """Look up a tabella: unknown unless every row that may match gives the same."""
        verdicts = [self.row(table, row, member) for row in table.rows]
        if table.policy == "somma":
            return self._points(table, tipo, verdicts)
        results: list[Worth] = []
        for index, (row, verdict) in enumerate(zip(table.rows, verdicts, strict=True)):
            if verdict is True:
                results = results if table.policy == "prima" else []
            if verdict is not False:
                results += self._results(row, tipo, f"{name}#{index}")
            if verdict is True:
                break
        return results[0] if len(set(results)) == 1 else None

    def row(self, table: Table, row: Row, member: str = "") -> bool | None:
        """Return whether a row of a tabella matches."""
        subjects = [(self.worth(name, member), self.tipo(name, member)) for name in table.columns]
        tested = zip(subjects, row.tests, strict=True)
        return conjunction(self._test(test, worth, tipo) for (worth, tipo), tests in tested for test in tests)

    def _results(self, row: Row, tipo: Tipo, key: str) -> list[Worth]:
        if key in self.choices:
            return [self.choices[key]]
        return [worth for operand in row.result for worth in self.possible(operand, tipo)]

    def _points(self, table: Table, tipo: Tipo, verdicts: list[bool | None]) -> Worth:
        points = [self.possible(row.result[0], tipo) for row in table.rows]
        if None in verdicts or any(len(p) != 1 for p, verdict in zip(points, verdicts, strict=True) if verdict):
            return None
        chosen = [p[0] for p, verdict in zip(points, verdicts, strict=True) if verdict]
        return sum((p for p in chosen if isinstance(p, Fraction)), Fraction(0)) if None not in chosen else None

    def _calcolo(self, calcolo: Calcolo, member: str) -> Worth:
        if calcolo.table is not None:
            worth = self.lookup(calcolo.table, calcolo.tipo, calcolo.name, member)
        else:
            assert calcolo.expression is not None
            worth = self.compute(calcolo.expression, member)
        if worth is INAPPLICABLE and calcolo.default is not None:
            worth = calcolo.default
        return rounded(worth, calcolo.rounding) if isinstance(worth, Fraction) and calcolo.rounding else worth

    def compute(self, expression: Expression, member: str = "") -> Worth:
        """Compute an expression; unknown if any part is, `non si applica` before `non spetta` before a number."""
        match expression:
            case Amount():
                return amount(expression)
            case Day():
                return self.day(expression.text)
            case Name():
                return self.worth(expression.text, member)
            case Operation():
                left, right = self.compute(expression.left, member), self.compute(expression.right, member)
                step = date_step(expression, self.tipo, member)
                return special([left, right]) or operate(expression.symbol, left, right, step)
            case Call("conta" | "somma"):
                return self._over_members(expression)
        parts = [self.compute(argument, member) for argument in expression.arguments]
        return special(parts) or call(expression.function, parts)

    def _over_members(self, expression: Call) -> Worth:
        name = expression.arguments[0]
        assert isinstance(name, Name)
        applies = self.truth(self.servizio.guards[name.text]) if name.text in self.servizio.guards else True
        elenco = self.answers.values.get(name.text)
        if not applies:
            return None if applies is None else INAPPLICABLE
        if not isinstance(elenco, Elenco) or not elenco.complete:
            return None
        if expression.function == "conta":
            return Fraction(len(elenco.members))
        what = expression.arguments[1]
        assert isinstance(what, Name)
        each = [self.worth(what.text, f"{name.text}/{identity}") for identity in elenco.members]
        applicable = [worth for worth in each if worth is not INAPPLICABLE]
        if None in applicable or NOT_DUE in applicable:
            return None if None in applicable else NOT_DUE
        return sum((worth for worth in applicable if isinstance(worth, Fraction)), Fraction(0))


def conjunction(values: Iterable[bool | None]) -> bool | None:
    """Join by «and»: false if any is false, otherwise unknown if any is unknown."""
    found = set(values)
    return False if False in found else None if None in found else True


def disjunction(values: Iterable[bool | None]) -> bool | None:
    """Join by «or»: true if any is true, otherwise unknown if any is unknown."""
    found = set(values)
    return True if True in found else None if None in found else False


def negation(value: bool | None) -> bool | None:
    """Negate; unknown stays unknown."""
    return None if value is None else not value


def quantity(tipo: Tipo, value: Value) -> Worth:
    """Return what a value is worth: ordered ones in euro, months, days or units, the others as they are."""
    if tipo.ordered and isinstance(value, int):
        return value * quantum(tipo)
    return value  # type: ignore[return-value]  # an int is of an ordered tipo


def holds(comparator: str, worth: Worth, values: tuple[Worth, ...]) -> bool:
    """Return whether a known worth meets a comparator with known values."""
    order = ORDER.get(comparator)
    if order is not None:
        return all(isinstance(value, Fraction) for value in (worth, *values)) and order(worth, *values)
    if isinstance(worth, frozenset):
        return all(isinstance(value, frozenset) and value <= worth for value in values) != comparator.startswith("non ")
    accepted: set[Worth] = set()
    for value in values:
        accepted |= value if isinstance(value, frozenset) else {value}
    return (worth in accepted) != comparator.startswith("non ")


def special(parts: Iterable[Worth]) -> Special | None:
    """Return the Special that the parts of an expression make of it: the first that rules over the others."""
    found = set(parts)
    if INAPPLICABLE in found:
        return INAPPLICABLE
    return NOT_DUE if NOT_DUE in found and None not in found else None


def amount(expression: Amount) -> Fraction:
    """Return the quantity of a number with its unit."""
    worth = {"percentuale": Fraction(1, 100), "euro all'anno": Fraction(1, 12), "anni": Fraction(12)}
    return number(expression.number) * worth.get(expression.unit, Fraction(1))


def date_step(expression: Operation, tipo_of: Callable[[str, str], Tipo], member: str = "") -> str:
    """Return `giorni` or `mesi` when an operation moves a date by them, otherwise nothing."""
    if not _is_date(expression.left, tipo_of, member):
        return ""
    return "giorni" if _days(expression.right, tipo_of, member) else "mesi"


def _is_date(expression: Expression, tipo_of: Callable[[str, str], Tipo], member: str) -> bool:
    match expression:
        case Day():
            return True
        case Name():
            return tipo_of(expression.text, member).name == "data"
        case Operation():
            return _is_date(expression.left, tipo_of, member)
        case Call("min" | "max"):
            return _is_date(expression.arguments[0], tipo_of, member)
    return False


def _days(expression: Expression, tipo_of: Callable[[str, str], Tipo], member: str) -> int:
    """Return the power of days in an expression: 1 in `giorni * 2`, 0 in `giorni / giorni * 1 mese`."""
    match expression:
        case Amount():
            return int(expression.unit == "giorni")
        case Name():
            return int(tipo_of(expression.text, member).unit == "giorni")
        case Operation():
            left, right = _days(expression.left, tipo_of, member), _days(expression.right, tipo_of, member)
            return {"*": left + right, "/": left - right}.get(expression.symbol, left)
        case Call("min" | "max"):
            return _days(expression.arguments[0], tipo_of, member)
        case Call("somma", (Name(elenco), what)):
            return _days(what, tipo_of, f"{elenco}/")
    return 0


def operate(symbol: str, left: Worth, right: Worth, step: str) -> Fraction | None:
    """Apply an operation to two quantities; unknown if either is, or when it divides by zero."""
    if not isinstance(left, Fraction) or not isinstance(right, Fraction) or (symbol == "/" and not right):
        return None
    if step == "mesi":
        months = math.floor(max(Fraction(-CENTURIES), min(Fraction(CENTURIES), right)))
        return Fraction(add_months(int(left), months if symbol == "+" else -months))
    if step == "giorni":
        return on_calendar(left + right if symbol == "+" else left - right)
    match symbol:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    return left / right


def on_calendar(day: Fraction) -> Fraction:
    """Return a day, or the first or the last of the calendar for one that lies outside."""
    return max(Fraction(FIRST), min(Fraction(LAST), day))


def call(function: str, parts: list[Worth]) -> Fraction | None:
    """Apply a function to quantities; unknown if one of them is."""
    values = [part for part in parts if isinstance(part, Fraction)]
    if len(values) < len(parts):
        return None
    match function:
        case "min":
            return min(values)
        case "max":
            return max(values)
    days = [int(on_calendar(value)) for value in values]
    return Fraction(full_years(*days) if function == "anni_compiuti" else full_months(*days))


def rounded(value: Fraction, rounding: Rounding) -> Fraction:
    """Round to the step: to the nearest (halves away from zero), down or up."""
    steps = value / rounding.step
    match rounding.way:
        case "difetto":
            whole = math.floor(steps)
        case "eccesso":
            whole = math.ceil(steps)
        case _:
            whole = math.floor(abs(steps) + Fraction(1, 2)) * (1 if steps >= 0 else -1)
    return whole * rounding.step
