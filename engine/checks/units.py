"""Units: what an expression gives, and where it adds what cannot be added."""

from __future__ import annotations

from collections.abc import Mapping

from engine.calcolo import Amount, Call, Day, Expression, Name, Operation
from engine.checks.names import LOST, Scope, Symbol, campo_symbols, use_day
from engine.condition import Word
from engine.dimension import DATE, DAYS, MONTHS, NUMBER, Dimension, dimension
from engine.problem import Place, problem
from engine.tipo import Tipo

_UNITS: Mapping[str, Dimension] = {
    "numero": NUMBER,
    "euro": Dimension(1),
    "euro al mese": Dimension(1, -1),
    "euro all'anno": Dimension(1, -1),
    "percentuale": Dimension(kind="percentuale"),
    "giorni": DAYS,
    "mesi": MONTHS,
    "anni": MONTHS,
}
NAMED = ("campo", "parametro", "calcolo")
NAMELESS = "una misura senza nome"


def infer(expression: Expression, scope: Scope) -> Dimension | None:
    """Return the dimension of an expression; mistakes go to `scope.problems` and give None."""
    match expression:
        case Amount():
            return _UNITS[expression.unit]
        case Day():
            use_day(Word(expression.text, expression.place), scope)
            return DATE
        case Name():
            return _named(expression, scope)
        case Operation():
            return _operation(expression, scope)
    return _CALLS.get(expression.function, _extreme)(expression, scope)


def _named(name: Name, scope: Scope) -> Dimension | None:
    symbol = scope.use(Word(name.text, name.place), NAMED)
    if symbol is None:
        return None
    found = dimension(symbol.tipo)
    if found is None and symbol.tipo != LOST:
        scope.problems.append(problem("units.not_a_number", name.place, name=name.text, tipo=symbol.tipo.name))
    return found


def _operation(operation: Operation, scope: Scope) -> Dimension | None:
    left, right = infer(operation.left, scope), infer(operation.right, scope)
    if left is None or right is None:
        return None
    if operation.symbol in "*/":
        return _product(operation, left, right, scope)
    if left == DATE and right in (MONTHS, DAYS):
        return DATE
    if left != right or left == DATE:
        return _mismatch(operation.symbol, operation.place, left, right, scope)
    return left


def _product(operation: Operation, left: Dimension, right: Dimension, scope: Scope) -> Dimension | None:
    if DATE in (left, right):
        return _mismatch(operation.symbol, operation.place, left, right, scope)
    result = left * right if operation.symbol == "*" else left / right
    if left.kind == right.kind == "percentuale" and operation.symbol == "/":
        return NUMBER
    return result


def _mismatch(symbol: str, place: Place, left: Dimension, right: Dimension, scope: Scope) -> Dimension | None:
    words = {"+": "sommare", "-": "sottrarre", "*": "moltiplicare", "/": "dividere"}
    sides = {"left": left.name or NAMELESS, "right": right.name or NAMELESS}
    scope.problems.append(problem("units.mismatch", place, verb=words.get(symbol, "confrontare"), **sides))
    return None


def _extreme(call: Call, scope: Scope) -> Dimension | None:
    found = [infer(argument, scope) for argument in call.arguments]
    known = [part for part in found if part is not None]
    if len(known) < len(found):
        return None
    for part in known[1:]:
        if part != known[0]:
            return _mismatch("", call.place, known[0], part, scope)
    return known[0]


def _elenco(call: Call, scope: Scope) -> str | None:
    argument = call.arguments[0]
    symbol = scope.use(Word(argument.text, argument.place), ("campo",)) if isinstance(argument, Name) else None
    if symbol is not None and symbol.tipo.name == "elenco" and isinstance(argument, Name):
        return argument.text
    if (symbol is not None and symbol.tipo != LOST) or not isinstance(argument, Name):
        scope.problems.append(problem("units.needs_elenco", argument.place, function=call.function))
    return None


def _count(call: Call, scope: Scope) -> Dimension | None:
    return NUMBER if _elenco(call, scope) else None


def _sum(call: Call, scope: Scope) -> Dimension | None:
    elenco, what = _elenco(call, scope), call.arguments[1]
    if elenco is None:
        return None
    if not isinstance(what, Name):
        scope.problems.append(problem("units.sum_needs_name", what.place))
        return None
    found = _named(what, scope.of_members(elenco, _computed_for(elenco, scope)))
    if found == DATE:
        scope.problems.append(problem("units.not_a_number", what.place, name=what.text, tipo=found.name))
        return None
    return found


def _computed_for(elenco: str, scope: Scope) -> dict[str, Symbol]:
    kind = f"calcolo per {elenco}"
    return {n: Symbol("calcolo", s.tipo, s.place) for n, s in scope.symbols.items() if s.kind == kind}


def _dates(call: Call, scope: Scope) -> Dimension | None:
    found = [infer(argument, scope) for argument in call.arguments]
    for argument, part in zip(call.arguments, found, strict=True):
        if part is not None and part != DATE:
            scope.problems.append(problem("units.needs_date", argument.place, function=call.function, found=part.name))
            return None
    return (NUMBER if call.function == "anni_compiuti" else MONTHS) if None not in found else None


_CALLS = {"conta": _count, "somma": _sum, "anni_compiuti": _dates, "mesi_tra": _dates}


def member_symbols(elenco: str, scope: Scope) -> dict[str, Symbol]:
    """Return what a calcolo made for each member of the elenco may use, besides the parametri."""
    return {**campo_symbols(scope.campi[elenco].campi), **_computed_for(elenco, scope)}


def convertible(found: Dimension, tipo: Tipo) -> bool:
    """Whether a calcolo of that dimension may be declared of that tipo."""
    wanted = dimension(tipo)
    pure = ("numero", "percentuale")
    return wanted is not None and (found == wanted or (found.kind in pure and wanted.kind in pure))
