"""Names and values: every name stands for one thing, and every value fits what it is compared with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.calcolo import DAYS
from engine.campo import Campo
from engine.clause import Clause, Constant, Is, Joined, Members, Operand, Parameter, Row, Table, Test, Today
from engine.condition import Comparison, Condition, Group, Leaf, Quantified, Word
from engine.dimension import dimension
from engine.number import WrongValue
from engine.parametro import Parametro
from engine.problem import Place, Problem, problem, suggestion
from engine.tabella import NOT_DUE, Tabella
from engine.tipo import NOMINAL, Tipo

EQUALITY = ("è", "non è", "è uno di", "non è uno di")
COMPARATORS_OF: Mapping[str, tuple[str, ...]] = {
    "sì/no": ("è",),
    "più scelte": ("contiene", "non contiene"),
    "data": (*EQUALITY, "prima del", "dopo il", "non prima del", "non dopo il", "tra"),
    **dict.fromkeys(("scelta", "testo", "comune"), EQUALITY),
    "codice fiscale": (),
    "elenco": (),
}
ORDER = (*EQUALITY, "al massimo", "almeno", "più di", "meno di", "tra")
#: The tipo of a name whose own text has a mistake: nothing more is said where it is used.
LOST = Tipo("?")


@dataclass(frozen=True, slots=True)
class Symbol:
    """What a name stands for: its kind (`campo`, `parametro`, …), tipo and place."""

    kind: str
    tipo: Tipo
    place: Place
    table: bool = False


@dataclass
class Scope:
    """The names that a rule may use, the problems found, and the names that were used."""

    symbols: dict[str, Symbol]
    campi: Mapping[str, Campo]
    problems: list[Problem] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    member_of: str = ""
    applies_on: str = ""

    def of_members(self, elenco: str, more: Mapping[str, Symbol]) -> Scope:
        """Return the scope inside an elenco: only the campi of its members, and what is computed for each."""
        inner = campo_symbols(self.campi[elenco].campi)
        parametri = {name: symbol for name, symbol in self.symbols.items() if symbol.kind == "parametro"}
        return Scope({**parametri, **inner, **more}, self.campi, self.problems, self.used, elenco, self.applies_on)

    @property
    def lost_campi(self) -> bool:
        """Whether the text of some campo has a mistake, so that not every elenco is known."""
        return any(symbol.kind == "campo" and symbol.tipo == LOST for symbol in self.symbols.values())

    def use(self, word: Word, kinds: Iterable[str]) -> Symbol | None:
        """Return what a name stands for; an unknown one, or one of another kind, is a Problem."""
        symbol, kinds = self.symbols.get(word.text), tuple(kinds)
        if symbol is None:
            known = [name for name, found in self.symbols.items() if found.kind in kinds]
            code = "names.unknown_in_members" if self.member_of else "names.unknown"
            self.problems.append(
                problem(code, word.place, name=word.text, elenco=self.member_of, hint=suggestion(word.text, known))
            )
            return None
        self.used.add(f"{self.member_of}/{word.text}" if self.member_of and symbol.kind == "campo" else word.text)
        if symbol.kind not in kinds:
            wanted = " o ".join(kinds)
            self.problems.append(
                problem("names.kind", word.place, symbol.place, name=word.text, kind=symbol.kind, wanted=wanted)
            )
            return None
        return symbol


def campo_symbols(campi: Mapping[str, Campo]) -> dict[str, Symbol]:
    """Return the symbols of the campi of a vocabolario or of an elenco."""
    return {name: Symbol("campo", campo.tipo, campo.place) for name, campo in campi.items()}


def parametro_symbols(parametri: Mapping[str, Parametro]) -> dict[str, Symbol]:
    """Return the symbols of the parametri."""
    return {
        name: Symbol("parametro", p.tipo, p.place, any(period.tabella for period in p.periods))
        for name, p in parametri.items()
    }


def resolve(condition: Condition, scope: Scope) -> Clause:
    """Resolve the names of a condition and read its values; mistakes go to `scope.problems`."""
    match condition:
        case Leaf():
            return _leaf(condition, scope)
        case Group():
            return Joined(condition.kind, tuple(resolve(part, scope) for part in condition.parts))
    return _quantified(condition, scope)


def resolve_table(table: Tabella, scope: Scope, results: tuple[tuple[Operand, ...], ...]) -> Table:
    """Resolve the columns and the cells of a tabella; `results` are already read."""
    subjects = [scope.use(word, ("campo", "calcolo", "definizione", "parametro")) for word in table.columns]
    rows = []
    for row, result in zip(table.rows, results, strict=True):
        tests = []
        for cell, symbol in zip(row.cells, subjects, strict=True):
            tests.append(tuple(_test(c, symbol, scope) for c in cell.comparisons) if symbol else ())
        rows.append(Row(tuple(tests), result, row.place))
    return Table(tuple(word.text for word in table.columns), tuple(rows), table.policy)


def resolve_result(word: Word, tipo: Tipo, scope: Scope) -> Operand:
    """Read the result of a row of a tabella: a parametro, a literal of the tipo, or `non spetta`."""
    if word.text == NOT_DUE or tipo == LOST:
        return Constant(None)
    return _operand(word, Symbol("calcolo", tipo, word.place), scope)


def _leaf(leaf: Leaf, scope: Scope) -> Is:
    symbol = scope.use(leaf.name, ("campo", "definizione", "calcolo", "parametro"))
    test = _test(leaf.comparison, symbol, scope) if symbol else Test("è", ())
    if symbol and symbol.kind == "parametro" and not symbol.table and symbol.tipo != LOST:
        scope.problems.append(problem("names.parametro_subject", leaf.name.place, name=leaf.name.text))
    return Is(leaf.name.text, test, leaf.text, leaf.name.place)


def _quantified(condition: Quantified, scope: Scope) -> Clause:
    elenco = next((n for n, c in scope.campi.items() if c.voce == condition.voce.text), None)
    if elenco is None or scope.member_of:
        voci = [campo.voce for campo in scope.campi.values() if campo.voce]
        hint = suggestion(condition.voce.text, voci)
        code = "names.nested_members" if scope.member_of else "names.unknown_voce"
        if scope.member_of or not scope.lost_campi:
            scope.problems.append(problem(code, condition.voce.place, voce=condition.voce.text, hint=hint))
        return Joined("tutte", ())
    scope.used.add(elenco)
    computed = {n: s for n, s in scope.symbols.items() if s.kind == f"calcolo per {elenco}"}
    more = {name: Symbol("calcolo", s.tipo, s.place, s.table) for name, s in computed.items()}
    return Members(condition.kind, elenco, resolve(condition.condition, scope.of_members(elenco, more)))


def _test(comparison: Comparison, symbol: Symbol, scope: Scope) -> Test:
    if symbol.tipo == LOST:
        return Test(comparison.comparator, ())
    allowed = _comparators(symbol)
    if comparison.comparator not in allowed:
        code = "names.no_comparators" if not allowed else "names.comparator"
        scope.problems.append(
            problem(
                code,
                comparison.place,
                comparator=comparison.comparator,
                tipo=symbol.tipo.name,
                allowed=", ".join(allowed),
            )
        )
        return Test(comparison.comparator, ())
    operands = tuple(_operand(word, symbol, scope) for word in comparison.values)
    _check_order(comparison, operands, scope)
    return Test(comparison.comparator, operands)


def _comparators(symbol: Symbol) -> tuple[str, ...]:
    return ("è",) if symbol.kind == "definizione" else COMPARATORS_OF.get(symbol.tipo.name, ORDER)


def _check_order(comparison: Comparison, operands: tuple[Operand, ...], scope: Scope) -> None:
    values = [operand.value for operand in operands if isinstance(operand, Constant)]
    if comparison.comparator == "tra" and len(values) == 2 and all(isinstance(v, int) for v in values):
        low, high = values
        if isinstance(low, int) and isinstance(high, int) and low > high:
            scope.problems.append(problem("names.between_order", comparison.values[0].place))
    if len(values) > 1 and len(set(values)) < len(values) and comparison.comparator != "tra":
        scope.problems.append(problem("names.repeated_value", comparison.values[0].place))


def _operand(word: Word, symbol: Symbol, scope: Scope) -> Operand:
    if word.text in DAYS:
        return _day(word, symbol, scope)
    if word.text == NOT_DUE and symbol.table:
        return Constant(None)
    named = scope.symbols.get(word.text)
    if named is not None and word.text not in symbol.tipo.options:
        return _named(word, symbol, named, scope)
    tipo = Tipo("numero", decimals=6) if symbol.tipo.name == "numero" and symbol.kind == "calcolo" else symbol.tipo
    try:
        return Constant(tipo.parse(word.text))
    except WrongValue as wrong:
        known = [*symbol.tipo.options, *(n for n, s in scope.symbols.items() if s.kind == "parametro")]
        hint = suggestion(word.text, known)
        scope.problems.append(problem("names.value", word.place, wrong=str(wrong), hint=hint))
        return Constant(None)


def _day(word: Word, symbol: Symbol, scope: Scope) -> Operand:
    if symbol.tipo.name != "data":
        scope.problems.append(problem("names.day_for_dates", word.place, text=word.text, tipo=symbol.tipo.name))
    use_day(word, scope)
    return Today(word.text)


def use_day(word: Word, scope: Scope) -> None:
    """Note the use of a day; one that is not the day of the rules is a campo, to be asked like any other."""
    campo = word.text.replace(" ", "_")
    if not scope.applies_on or word.text == scope.applies_on:
        return
    scope.used.add(campo)
    if campo not in scope.campi or scope.campi[campo].tipo.name != "data":
        scope.problems.append(
            problem("names.other_day", word.place, text=word.text, applies_on=scope.applies_on, campo=campo)
        )


def _named(word: Word, symbol: Symbol, named: Symbol, scope: Scope) -> Operand:
    if named.kind != "parametro":
        scope.problems.append(problem("names.two_campi", word.place, name=word.text, kind=named.kind.split(" ")[0]))
        return Constant(None)
    scope.used.add(word.text)
    if named.tipo == LOST:
        return Parameter(word.text)
    same = named.tipo.name == symbol.tipo.name and named.tipo.name in NOMINAL
    if not same and (dimension(named.tipo) is None or dimension(named.tipo) != dimension(symbol.tipo)):
        scope.problems.append(
            problem(
                "names.parametro_tipo",
                word.place,
                named.place,
                name=word.text,
                found=named.tipo.name,
                wanted=symbol.tipo.name,
            )
        )
    if named.table:
        scope.problems.append(problem("names.table_as_value", word.place, name=word.text))
    return Parameter(word.text)
