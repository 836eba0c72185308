"""Calcoli as they are written: `min(canone_annuo; tetto_contributo) * quota_isee`.

sum     := product (("+" | "-") product)*
product := factor (("*" | "×" | " x " | "/") factor)*
factor  := "-" factor | "(" sum ")" | function "(" sum (";" sum)* ")" | amount | name | day
amount  := number [ "€" [" al mese" | " all'anno"] | "%" | giorni | mesi | anni ]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.document import Text
from engine.number import WrongValue, number
from engine.problem import Place, Problem, problem, suggestion

FUNCTIONS = {
    "min": (2, 9),
    "max": (2, 9),
    "conta": (1, 1),
    "somma": (2, 2),
    "anni_compiuti": (2, 2),
    "mesi_tra": (2, 2),
}
DAYS = ("giorno della domanda", "giorno della decisione")

_TOKEN = re.compile(
    r"(?P<amount>[0-9][0-9.,]*(?: ?€(?: al mese| all'anno)?| ?%| giorn[oi]\b| mes[ei]\b| ann[oi]\b)?)"
    r"|(?P<day>giorno della (?:domanda|decisione))"
    r"|(?P<times>(?<=\s)x(?=\s))"
    r"|(?P<name>[^\W0-9]\w*)"
    r"|(?P<symbol>[-+*×/();])"
)
_UNITS = {
    "": "numero",
    "€": "euro",
    "€ al mese": "euro al mese",
    "€ all'anno": "euro all'anno",
    "%": "percentuale",
    **dict.fromkeys(("giorno", "giorni"), "giorni"),
    **dict.fromkeys(("mese", "mesi"), "mesi"),
    **dict.fromkeys(("anno", "anni"), "anni"),
}


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with its unit, as in `12 mesi`; `number` is the text before the unit."""

    number: str
    unit: str
    place: Place


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a campo, parametro or calcolo."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Day:
    """`giorno della domanda` or `giorno della decisione`."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Operation:
    """Two expressions joined by `+`, `-`, `*` or `/`."""

    symbol: str
    left: Expression
    right: Expression
    place: Place


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments."""

    function: str
    arguments: tuple[Expression, ...]
    place: Place


Expression = Amount | Name | Day | Operation | Call


def names(expression: Expression) -> Iterator[Name]:
    """Yield every name of an expression, in the order in which they are written."""
    match expression:
        case Name():
            yield expression
        case Operation():
            yield from names(expression.left)
            yield from names(expression.right)
        case Call():
            for argument in expression.arguments:
                yield from names(argument)


def parse_expression(text: Text) -> tuple[Expression | None, list[Problem]]:
    """Read an expression; a mistake gives one Problem at its place."""
    try:
        return _Parser(text).whole(), []
    except _Mistake as mistake:
        return None, [mistake.problem]


class _Mistake(Exception):
    def __init__(self, found: Problem) -> None:
        self.problem = found


class _Parser:
    """Recursive descent over the grammar of the module docstring, one method a line of it."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.tokens = list(self._tokens())
        self.index = 0

    def _tokens(self) -> Iterator[tuple[str, str, Place]]:
        value, offset = self.text.value.replace("\n", " "), 0
        while offset < len(value):
            if value[offset] == " ":
                offset += 1
                continue
            match = _TOKEN.match(value, offset)
            if match is None:
                raise _Mistake(problem("calcolo.character", self.text.at(offset), character=value[offset]))
            kind = match.lastgroup or ""
            yield kind, "*" if kind == "times" or match[0] == "×" else match[0], self.text.at(offset)
            offset = match.end()

    def whole(self) -> Expression:
        result = self.sum()
        if self.index < len(self.tokens):
            _, token, place = self.tokens[self.index]
            code = "calcolo.semicolon_outside" if token == ";" else "calcolo.unexpected"
            raise _Mistake(problem(code, place, token=token))
        return result

    def sum(self) -> Expression:
        left = self.product()
        while (token := self._next_of("+-")) is not None:
            left = Operation(token[1], left, self.product(), token[2])
        return left

    def product(self) -> Expression:
        left = self.factor()
        while (token := self._next_of("*/")) is not None:
            left = Operation(token[1], left, self.factor(), token[2])
        return left

    def factor(self) -> Expression:
        if self.index == len(self.tokens):
            raise _Mistake(problem("calcolo.incomplete", self.text.at(max(0, len(self.text.value) - 1))))
        kind, token, place = self.tokens[self.index]
        self.index += 1
        if token == "-":
            return Operation("*", Amount("-1", "numero", place), self.factor(), place)
        if token == "(":
            inner = self.sum()
            self._expect(")", place)
            return inner
        if kind == "amount":
            return _amount(token, place)
        if kind == "day":
            return Day(token, place)
        if kind == "name":
            return self._call(token, place) if self._next_of("(") else Name(token, place)
        raise _Mistake(problem("calcolo.unexpected", place, token=token))

    def _call(self, function: str, place: Place) -> Expression:
        if function not in FUNCTIONS:
            hint = suggestion(function, FUNCTIONS)
            raise _Mistake(problem("calcolo.unknown_function", place, function=function, hint=hint))
        arguments = [self.sum()]
        while self._next_of(";"):
            arguments.append(self.sum())
        self._expect(")", place)
        low, high = FUNCTIONS[function]
        if not low <= len(arguments) <= high:
            wanted = str(low) if low == high else f"da {low} a {high}"
            raise _Mistake(problem("calcolo.arguments", place, function=function, found=len(arguments), wanted=wanted))
        return Call(function, tuple(arguments), place)

    def _next_of(self, symbols: str) -> tuple[str, str, Place] | None:
        if self.index < len(self.tokens) and self.tokens[self.index][1] in symbols:
            self.index += 1
            return self.tokens[self.index - 1]
        return None

    def _expect(self, symbol: str, opened: Place) -> None:
        if self._next_of(symbol) is None:
            raise _Mistake(problem("calcolo.unclosed", opened))


def _amount(token: str, place: Place) -> Amount:
    match = re.fullmatch(r"([0-9.,]+) ?(.*)", token)
    assert match is not None
    try:
        number(match[1])
    except WrongValue as wrong:
        raise _Mistake(Problem(wrong.code, place, tuple(wrong.data.items()))) from None
    return Amount(match[1], _UNITS[match[2]], place)
