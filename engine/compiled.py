"""Compiled: one service on one day as generated Python, for many families at once.

`decide` runs the rules straight on the answers, as a function written by hand would. Where that needs
what nobody knows it looks at the three-valued trace, and where that does not settle it says nothing:
the diagram is exact there. `trace` gives the truth of every requisito and of every line of the rules.
Texts of the rule files enter the source as plain words in quotes, or else as named constants.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import reduce
from itertools import product
from operator import and_, or_
from typing import Any

from engine.answers import Answers, Elenco
from engine.clause import Clause, Constant, Is, Joined, Members, Row, Table, Test, Today, atoms
from engine.dimension import quantum
from engine.interval import compared
from engine.plain import Plain, Worth, holds, quantity, rounded
from engine.servizio import Servizio
from engine.term import Ranges
from engine.tipo import NOMINAL, Tipo, Value

Truth = bool | None
Values = Mapping[str, Value | Elenco]
Trace = tuple[Truth, ...]

#: Looking up an unknown raises KeyError, as looking up a campo that is missing does.
KNOWN = {True: True, False: False}
EQUALITY = ("è", "non è", "è uno di", "non è uno di")

_PLAIN_WORDS = re.compile(r"[A-Za-z0-9_ ]{1,80}")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A service on a day, ready to run; `leaves` tells whose truth each place of a trace is, and of which clause.

    Definizioni come before requisiti; of each, its lines (those of `solo se` first), then the whole
    clauses that hold more than one line.
    """

    servizio: Servizio
    on: date
    source: str
    leaves: tuple[tuple[str, Clause], ...]
    decide: Callable[[Values], str | None]
    trace: Callable[[Values], Trace]


def compile_servizio(servizio: Servizio, on: date) -> Compiled:
    """Generate and compile the Python of a service, with the parametri of that day as constants."""
    source = _Source(servizio, on)
    tracer, decider = _Tracer(source), _Decider(source)
    tracer.write()
    decider.write()
    source.names["partly"] = _partly(servizio, tracer.places)
    text = "\n\n".join(source.blocks) + "\n"
    exec(compile(text, "<compiled>", "exec", dont_inherit=True), source.names)  # noqa: S102
    return Compiled(servizio, on, text, tuple(tracer.leaves), source.names["decide"], source.names["trace"])


def _partly(servizio: Servizio, places: Mapping[tuple[str, str], int]) -> Callable[[Trace], str | None]:
    """Return what a trace settles: the first esito that holds, if every one before it certainly does not."""
    asked = [(e.name, [(places.get((n, "guard")), places[n, "clause"]) for n in e.requires]) for e in servizio.esiti]

    def partly(trace: Trace) -> str | None:
        for outcome, needs in asked:
            held = {_held(None if guard is None else trace[guard], trace[clause], guard is None) for guard, clause in needs}
            if False not in held:
                return None if None in held else outcome
        return None

    return partly


def _held(applies: Truth, clause: Truth, always: bool) -> Truth:
    """Return whether a requisito holds or does not apply."""
    if clause is True or always:
        return clause
    return None if applies is None else not applies or clause


class _NotDirect(Exception):
    """A clause that rests on more than campi and constants: the plain evaluator computes it."""


class _Source:
    """The functions written so far, what they refer to by name, and how a clause reads in Python.

    The code of a clause looks campi up in `known`; it raises KeyError where it needs what is missing.
    """

    def __init__(self, servizio: Servizio, on: date) -> None:
        self.servizio = servizio
        self.plain = Plain(servizio, on, Answers())
        self.blocks: list[str] = []
        self.names: dict[str, Any] = {"__builtins__": {}, "KeyError": KeyError, "KNOWN": KNOWN}
        self.functions: dict[tuple[int, str], str] = {}

    def literal(self, value: object) -> str:
        """Return a value as it is written in the source: itself if it is harmless, or else a constant's name."""
        if isinstance(value, int) or (isinstance(value, str) and _PLAIN_WORDS.fullmatch(value)):
            return repr(value)
        return self.constant("K", value)

    def constant(self, prefix: str, value: object) -> str:
        """Give a value a name in the source."""
        name = f"{prefix}{len(self.names)}"
        self.names[name] = value
        return name

    def campo(self, name: str, elenco: str = "") -> Tipo | None:
        """Return the tipo of a campo, or nothing if the name is no campo there."""
        campi = self.servizio.campi[elenco].campi if elenco else self.servizio.campi
        return campi[name].tipo if name in campi else None

    # Clauses

    def clause(self, clause: Clause, elenco: str = "") -> str:
        """Return the code of a clause over campi: true or false, or KeyError."""
        match clause:
            case Is():
                return self.leaf(clause, elenco)
            case Joined():
                return joined(clause.kind, [self.clause(part, elenco) for part in clause.parts])
        return f"KNOWN[{self.function(clause)}(known)]"

    def leaf(self, leaf: Is, elenco: str = "") -> str:
        """Return the code of one line."""
        tipo = self.campo(leaf.name, elenco)
        if tipo is None and elenco:
            raise _NotDirect
        if tipo is None or not self.static(leaf.test):
            return f"KNOWN[{self.function(leaf)}(known)]"
        code, certain = self.test(leaf.test, tipo, f"known[{self.literal(leaf.name)}]")
        code = code if certain else f"KNOWN[{code}]"
        guard = self.guard(leaf.name, elenco)
        return f"({guard} and {code})" if guard else code

    def guard(self, name: str, elenco: str = "") -> str:
        """Return the code of the `solo se` of a campo, if it has one; a long one has a function of its own."""
        guard = self.servizio.guards.get(f"{elenco}/{name}" if elenco else name)
        if guard is None:
            return ""
        if isinstance(guard, Is) and f"{elenco}/{guard.name}".lstrip("/") not in self.servizio.guards:
            return self.clause(guard, elenco)
        key = (id(guard), elenco)
        if key not in self.functions:
            code = self.clause(guard, elenco)
            self.functions[key] = self.constant("applies", None)
            self.blocks.append(f"def {self.functions[key]}(known):\n    return {code}")
        return f"{self.functions[key]}(known)"

    def static(self, test: Test) -> bool:
        """Whether what a test compares with is the same for every family."""
        return not any(isinstance(o, Today) and o.text != self.servizio.applies_on for o in test.operands)

    # Tests of one value

    def test(self, test: Test, tipo: Tipo, subject: str) -> tuple[str, bool]:
        """Return the code of a test of a known value; it may give None too unless it is certain."""
        operands = [self.plain.possible(operand, tipo) for operand in test.operands]
        if any(None in values for values in operands):
            return f"({subject} and None)", False
        choices = list(product(*operands))
        if tipo.ordered and all(isinstance(value, Fraction) for choice in choices for value in choice):
            return self.ordered(test.comparator, choices, tipo, subject)
        if len(choices) == 1 and tipo.name in ("sì/no", *NOMINAL) and test.comparator in EQUALITY:
            return self.nominal(test.comparator, choices[0], subject), True
        return f"{self.constant('V', _verdict(test.comparator, choices, tipo))}({subject})", len(choices) == 1

    def ordered(self, comparator: str, choices: list[Any], tipo: Tipo, subject: str) -> tuple[str, bool]:
        """Compare whole numbers on the grid: certainly inside, perhaps inside or outside."""
        sets = [compared(comparator, choice) for choice in choices]
        inside, around = (reduce(join, sets).on_grid(quantum(tipo)) for join in (and_, or_))
        if inside == around:
            return ranges(inside, subject), True
        return f"(True if {ranges(inside, subject)} else None if {ranges(around, subject)} else False)", False

    def nominal(self, comparator: str, choice: tuple[Worth, ...], subject: str) -> str:
        """Compare with one value or with a set of them."""
        accepted: frozenset[Any] = frozenset().union(*(v if isinstance(v, frozenset) else {v} for v in choice))
        negative = comparator.startswith("non ")
        if len(accepted) != 1:
            return f"{subject} {'not ' if negative else ''}in {self.constant('K', accepted)}"
        (value,) = accepted
        if isinstance(value, bool):
            return subject if value is not negative else f"not {subject}"
        return f"{subject} {'!=' if negative else '=='} {self.literal(value)}"

    # Functions of their own

    def function(self, clause: Clause) -> str:
        """Return the name of the function (three truth values, or KeyError) of a line or of an elenco."""
        key = (id(clause), "")
        if key not in self.functions:
            try:
                code = self.members(clause) if isinstance(clause, Members) else self.lookup(clause)
            except _NotDirect:
                self.functions[key] = self.constant("plain", _plain(self.plain, clause))
            else:
                self.functions[key] = self.constant("line", None)
                self.blocks.append(f"def {self.functions[key]}(known):\n{code}")
        return self.functions[key]

    def members(self, clause: Members) -> str:
        """Return the body of the function that goes over the members of an elenco."""
        some = clause.kind == "almeno un"
        code = self.clause(clause.clause, clause.elenco)
        guard = self.guard(clause.elenco)
        lines = [f"    if not {guard}:", "        return False"] if guard else []
        return "\n".join(
            [
                *lines,
                f"    elenco = known[{self.literal(clause.elenco)}]",
                "    for known in elenco.members.values():",
                f"        if {code if some else f'not ({code})'}:",
                f"            return {some}",
                f"    return {not some} if elenco.complete else None",
            ]
        )

    def lookup(self, leaf: Clause) -> str:
        """Return the body of the function that looks a tabella up: the rows in order, each with its verdict."""
        assert isinstance(leaf, Is)
        table, tipo = self.table(leaf.name)
        if table.policy == "somma" or not all(map(self.campo, table.columns)) or not self.static(leaf.test):
            raise _NotDirect
        lines = []
        for row in table.rows:
            tests = zip(table.columns, row.tests, strict=True)
            codes = [self.leaf(Is(name, test, "", row.place)) for name, several in tests for test in several]
            lines += [f"    if {joined('tutte', codes)}:", f"        return {self.verdict(leaf, row, tipo)}"]
        return "\n".join(lines)

    def table(self, name: str) -> tuple[Table, Tipo]:
        """Return the tabella, of the rules or of the law, that gives a name its value."""
        calcolo = self.servizio.calcoli.get(name)
        if calcolo is not None:
            if calcolo.table is None:
                raise _NotDirect
            return calcolo.table, calcolo.tipo
        return self.servizio.tables[name, self.plain.period(name).since], self.servizio.parametri[name].tipo

    def verdict(self, leaf: Is, row: Row, tipo: Tipo) -> Truth:
        """Return what a line says where a row matches."""
        rounding = self.servizio.calcoli[leaf.name].rounding if leaf.name in self.servizio.calcoli else None
        found = {worth for operand in row.result for worth in self.plain.possible(operand, tipo)}
        worth = found.pop() if len(found) == 1 else None
        if isinstance(worth, Fraction) and rounding is not None:
            worth = rounded(worth, rounding)
        choices = [self.plain.possible(operand, tipo) for operand in leaf.test.operands]
        if worth is None or any(None in values for values in choices):
            return None
        verdicts = {holds(leaf.test.comparator, worth, choice) for choice in product(*choices)}
        return verdicts.pop() if len(verdicts) == 1 else None


def joined(kind: str, codes: list[str]) -> str:
    """Join codes that are true or false as `tutte`, `almeno una` or `nessuna` does."""
    if kind == "tutte":
        return f"({' and '.join(codes)})" if codes else "True"
    either = f"({' or '.join(codes)})" if codes else "False"
    return either if kind == "almeno una" else f"(not {either})"


def ranges(found: Ranges, subject: str) -> str:
    """Return the code of the test that a whole number is in some closed ranges; it looks it up in any case."""
    codes = []
    for low, high in found:
        if low is None or high is None:
            both = f"{subject} is not None"
            codes.append(f"{subject} <= {high}" if high is not None else both if low is None else f"{subject} >= {low}")
        else:
            codes.append(f"{subject} == {low}" if low == high else f"{low} <= {subject} <= {high}")
    return f"({' or '.join(codes)})" if len(codes) > 1 else codes[0] if codes else f"{subject} is None"


def _verdict(comparator: str, choices: list[Any], tipo: Tipo) -> Callable[[Value], Truth]:
    """Return the function that tests a known value against all that the law leaves open."""

    def verdict(value: Value) -> Truth:
        found = {holds(comparator, quantity(tipo, value), choice) for choice in choices}
        return found.pop() if len(found) == 1 else None

    return verdict


def _plain(plain: Plain, clause: Clause) -> Callable[[Values], Truth]:
    """Return the plain evaluator of one clause as a function of the answers."""
    return lambda values: Plain(plain.servizio, plain.on, Answers(values)).truth(clause)


def _unless_missing(function: str, names: Mapping[str, Any], plain: Callable[[Values], Truth]) -> Callable[[Values], Truth]:
    """Return a generated function with the plain evaluator behind it, for where something is missing."""

    def truth(values: Values) -> Truth:
        try:
            return names[function](values)  # type: ignore[no-any-return]
        except KeyError:
            return plain(values)

    return truth
