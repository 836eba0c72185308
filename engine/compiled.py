"""Compiled: one service on one day as generated Python, for many families at once.

`decide` runs the rules straight on the answers, as a function written by hand would. Where that needs
what nobody knows it looks at the three-valued trace, and where that does not settle it says nothing:
the diagram is exact there. `trace` gives the truth of every requisito and of every line of the rules.
Texts of the rule files enter the source as plain words in quotes, or else as named constants.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import reduce
from graphlib import TopologicalSorter
from itertools import product
from operator import and_, or_
from typing import Any

from engine.answers import Answers, Elenco
from engine.clause import Clause, Constant, Is, Joined, Members, Row, Test, Today, atoms
from engine.dimension import quantum
from engine.interval import compared
from engine.plain import Plain, Worth, holds, quantity, rounded
from engine.servizio import Esito, Servizio
from engine.term import Ranges
from engine.tipo import NOMINAL, Tipo, Value

Truth = bool | None
Values = Mapping[str, Value | Elenco]
Trace = tuple[Truth, ...]

#: Looking up an unknown raises KeyError, as looking up a campo that is missing does.
KNOWN = {True: True, False: False}
#: A `solo se` with longer code has a function of its own.
SHORT = 60
YES = (Constant(value=True),)

_PLAIN_WORDS = re.compile(r"[A-Za-z0-9_ ]{1,80}")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A service on a day, ready to run; `leaves` says whose each truth of a trace is, and of which clause.

    Definizioni come before requisiti; of each the lines of `solo se` and `se`, parts before their whole.
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
    tracer = _Tracer(source)
    tracer.write()
    _Decider(source).write()
    source.names["partly"] = _partly(servizio, tracer.places)
    text = "\n\n\n".join(source.blocks) + "\n"
    exec(compile(text, "<compiled>", "exec", dont_inherit=True), source.names)  # noqa: S102
    return Compiled(servizio, on, text, tuple(tracer.leaves), source.names["decide"], source.names["trace"])


def _partly(servizio: Servizio, places: Mapping[tuple[str, str], int]) -> Callable[[Trace], str | None]:
    """Return what a trace settles: the first esito that holds, if every one before it certainly does not."""
    asked = [(e.name, [(places.get((n, "guard")), places[n, "clause"]) for n in e.requires]) for e in servizio.esiti]

    def partly(trace: Trace) -> str | None:
        for outcome, needs in asked[:-1]:
            pairs = [(guard is None or trace[guard], trace[clause]) for guard, clause in needs]
            held = {applies is False or holds or (applies and holds) for applies, holds in pairs}
            if False not in held:
                return None if None in held else outcome
        return asked[-1][0]

    return partly


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
        self.functions: dict[int, str] = {}
        self.guards: dict[int, str] = {}
        self.definizioni: dict[str, str] = {}

    def literal(self, value: object) -> str:
        """Return a value as it is written in the source: itself if harmless, or else a constant's name."""
        if isinstance(value, int) or (isinstance(value, str) and _PLAIN_WORDS.fullmatch(value)):
            return repr(value)
        return self.constant("K", value)

    def constant(self, prefix: str, value: object) -> str:
        """Give a value a name in the source."""
        name = f"{prefix}{len(self.names)}"
        self.names[name] = value
        return name

    def write(self, name: str, lines: Iterable[str]) -> None:
        """Write a function of the answers."""
        self.blocks.append("\n".join([f"def {name}(known):", *(f"    {line}" for line in lines)]))

    def clause(self, clause: Clause, elenco: str = "") -> str:
        """Return the code of a clause: true or false, or KeyError."""
        match clause:
            case Joined():
                return joined(clause.kind, [self.clause(part, elenco) for part in clause.parts])
            case Is(name) if name in self.definizioni and not elenco:
                return f"{'' if clause.test.operands == YES else 'not '}{self.definizioni[name]}"
            case Is() if elenco or self.direct(clause):
                return self.leaf(clause, elenco)
        return f"KNOWN[{self.function(clause)}(known)]"

    def direct(self, leaf: Is) -> bool:
        """Whether a line tests a campo against what is the same for every family."""
        return leaf.name in self.servizio.campi and self.static(leaf.test)

    def leaf(self, leaf: Is, elenco: str = "") -> str:
        """Return the code of the test of a campo."""
        campi = self.servizio.campi[elenco].campi if elenco else self.servizio.campi
        if leaf.name not in campi or not self.static(leaf.test):
            raise _NotDirect
        code, certain = self.test(leaf.test, campi[leaf.name].tipo, f"known[{self.literal(leaf.name)}]")
        code = code if certain else f"KNOWN[{code}]"
        guard = self.guard(leaf.name, elenco)
        return f"({guard} and {code})" if guard else code

    def guard(self, name: str, elenco: str = "") -> str:
        """Return the code of the `solo se` of a campo, if it has one."""
        guard = self.servizio.guards.get(f"{elenco}/{name}" if elenco else name)
        if guard is None:
            return ""
        if id(guard) not in self.guards:
            code = self.clause(guard, elenco)
            if len(code) > SHORT:
                function = self.constant("applies", None)
                self.write(function, [f"return {code}"])
                code = f"{function}(known)"
            self.guards[id(guard)] = code
        return self.guards[id(guard)]

    def static(self, test: Test) -> bool:
        """Whether what a test compares with is the same for every family."""
        return not any(isinstance(o, Today) and o.text != self.servizio.applies_on for o in test.operands)

    def choices(self, test: Test, tipo: Tipo) -> list[tuple[Worth, ...]]:
        """Return what a test may compare with: several when the law leaves it open."""
        return list(product(*(self.plain.possible(operand, tipo) for operand in test.operands)))

    def test(self, test: Test, tipo: Tipo, subject: str) -> tuple[str, bool]:
        """Return the code of a test of a known value, and whether that never gives None."""
        choices, comparator = self.choices(test, tipo), test.comparator
        if tipo.ordered and all(isinstance(value, Fraction) for choice in choices for value in choice):
            sets = [compared(comparator, choice) for choice in choices]  # type: ignore[arg-type]
            inside, around = (reduce(join, sets).on_grid(quantum(tipo)) for join in (and_, or_))
            code = ranges(inside, subject)
            if inside == around:
                return code, True
            return f"(True if {code} else None if {ranges(around, subject)} else False)", False
        if len(choices) == 1 and None not in choices[0] and tipo.name in ("sì/no", *NOMINAL):
            return self.nominal(comparator, choices[0], subject), True
        verdict = self.constant("test", lambda value: settled(comparator, choices, quantity(tipo, value)))
        return f"{verdict}({subject})", False

    def nominal(self, comparator: str, choice: tuple[Worth, ...], subject: str) -> str:
        """Compare with one value or with a set of them."""
        accepted = frozenset[Any]().union(*(v if isinstance(v, frozenset) else {v} for v in choice))
        negative = comparator.startswith("non ")
        if len(accepted) != 1:
            return f"{subject} {'not ' if negative else ''}in {self.constant('K', accepted)}"
        (value,) = accepted
        if isinstance(value, bool):
            return subject if value is not negative else f"not {subject}"
        return f"{subject} {'!=' if negative else '=='} {self.literal(value)}"

    def function(self, clause: Is | Members) -> str:
        """Return the name of the function (three truth values, or KeyError) of any other line."""
        if id(clause) not in self.functions:
            try:
                lines = self.members(clause) if isinstance(clause, Members) else self.lookup(clause)
            except _NotDirect:
                self.functions[id(clause)] = self.constant("plain", self.evaluator(clause))
            else:
                self.functions[id(clause)] = self.constant("line", None)
                self.write(self.functions[id(clause)], lines)
        return self.functions[id(clause)]

    def evaluator(self, clause: Clause) -> Callable[[Values], Truth]:
        """Return the plain evaluator of a clause as a function of the answers."""
        return lambda values: Plain(self.servizio, self.plain.on, Answers(values)).truth(clause)

    def members(self, clause: Members) -> list[str]:
        """Return the function that goes over the members of an elenco, up to the one that settles it."""
        some, guard = clause.kind == "almeno un", self.guard(clause.elenco)
        code = self.clause(clause.clause, clause.elenco)
        lines = [f"if not {guard}:", "    return False"] if guard else []
        lines += [f"elenco = known[{self.literal(clause.elenco)}]", "for known in elenco.members.values():"]
        lines += [f"    if {code if some else f'not {code}'}:", f"        return {some}"]
        return [*lines, f"return {not some} if elenco.complete else None"]

    def lookup(self, leaf: Is) -> list[str]:
        """Return the function that looks a tabella up, row by row, with what the line says in each."""
        calcolo = self.servizio.calcoli.get(leaf.name)
        table = calcolo.table if calcolo else None
        if leaf.name in self.servizio.parametri:
            table = self.servizio.tables.get((leaf.name, self.plain.period(leaf.name).since))
        if table is None or table.policy == "somma" or not self.static(leaf.test):
            raise _NotDirect
        lines = []
        for row in table.rows:
            cells = zip(table.columns, row.tests, strict=True)
            codes = [self.leaf(Is(name, t, "", row.place)) for name, tests in cells for t in tests]
            lines += [f"if {joined('tutte', codes)}:", f"    return {self.verdict(leaf, row)}"]
        return [*lines, "return None"]

    def verdict(self, leaf: Is, row: Row) -> Truth:
        """Return what a line says where a row matches."""
        calcolo, tipo = self.servizio.calcoli.get(leaf.name), self.plain.tipo(leaf.name)
        found = {worth for operand in row.result for worth in self.plain.possible(operand, tipo)}
        worth = found.pop() if len(found) == 1 else None
        if isinstance(worth, Fraction) and calcolo is not None and calcolo.rounding is not None:
            worth = rounded(worth, calcolo.rounding)
        return settled(leaf.test.comparator, self.choices(leaf.test, tipo), worth)


def settled(comparator: str, choices: list[tuple[Worth, ...]], worth: Worth) -> Truth:
    """Return whether a worth meets a comparator, if all that the law leaves open agrees."""
    if worth is None or any(None in choice for choice in choices):
        return None
    found = {holds(comparator, worth, choice) for choice in choices}
    return found.pop() if len(found) == 1 else None


def joined(kind: str, codes: list[str]) -> str:
    """Join codes that are true or false as `tutte`, `almeno una` or `nessuna` does."""
    if kind == "tutte":
        return f"({' and '.join(codes or ['True'])})"
    return f"({'not ' if kind == 'nessuna' else ''}({' or '.join(codes or ['False'])}))"


def kleene(kind: str, parts: list[str]) -> str:
    """Join variables with three truth values as `tutte`, `almeno una` or `nessuna` does."""
    if kind == "tutte":
        some_false = " or ".join(f"{part} is False" for part in parts)
        return f"True if {' and '.join(parts)} else False if {some_false} else None"
    unknown, found = " or ".join(f"{part} is None" for part in parts), kind == "almeno una"
    return f"{found} if {' or '.join(parts)} else None if {unknown} else {not found}"


def ranges(found: Ranges, subject: str) -> str:
    """Return the code of the test that a whole number is in some ranges; it always looks the number up."""
    if not found or (None, None) in found:
        return f"{subject} is {'not ' if found else ''}None"
    codes = []
    for low, high in found:
        above, below = "" if low is None else f"{low} <= ", "" if high is None else f" <= {high}"
        codes.append(f"{subject} == {low}" if low == high else f"{above}{subject}{below}")
    return f"({' or '.join(codes)})" if len(codes) > 1 else codes[0]


class _Decider:
    """Writes `decide`: the esiti from the top, with short circuits."""

    def __init__(self, source: _Source) -> None:
        self.source = source
        self.servizio = source.servizio
        self.owners = owners(source.servizio)
        self.asked = [name for esito in self.servizio.esiti for name in esito.requires]
        clauses = [clause for own in self.owners.values() for clause in own.values()]
        self.uses = [*self.asked, *(leaf.name for clause in clauses for leaf in atoms(clause))]
        self.kept: dict[str, str] = {}

    def write(self) -> None:
        """Write the function: a definizione that is used more than once is worked out before the esiti."""
        lines: list[str] = []
        for name in [owner for owner in self.owners if owner in self.servizio.definizioni]:
            code = self.source.clause(self.servizio.definizioni[name].clause)
            if self.uses.count(name) > 1:
                lines += [f"# definizione {name!a}", f"d{len(lines)} = {code}"]
                code = f"d{len(lines) - 2}"
            self.source.definizioni[name] = code
        esiti = [line for esito in self.servizio.esiti for line in self.esito(esito)]
        lines += [f"{' = '.join(self.kept.values())} = None"] if self.kept else []
        body = [f"    {line}" for line in [*lines, *esiti]]
        self.source.write("decide", ["try:", *body, "except KeyError:", "    return partly(trace(known))"])

    def esito(self, esito: Esito) -> list[str]:
        """Return the lines that answer with an esito if all that it asks for holds."""
        answer, lines = f"return {self.source.literal(esito.name)}", [f"# esito {esito.name!a}"]
        for index, name in enumerate(esito.requires):
            lines += [f"    # {name!a}", f"    {'and ' if index else ''}{self.held(name)}"]
        return [lines[0], "if (", *lines[1:], "):", f"    {answer}"] if esito.requires else [*lines, answer]

    def held(self, name: str) -> str:
        """Return the code of what an esito asks for, remembered if another one asks for it too."""
        if name in self.servizio.definizioni:
            return self.source.definizioni[name]
        requisito = self.servizio.requisiti[name]
        code = self.source.clause(requisito.clause)
        if requisito.guard is not None:
            code = f"(not {self.source.clause(requisito.guard)} or {code})"
        if self.asked.count(name) == 1:
            return code
        kept = self.kept.setdefault(name, f"r{len(self.kept)}")
        return f"({kept} if {kept} is not None else ({kept} := {code}))"


class _Tracer:
    """Writes `trace`: a local variable for each campo, each line and each clause of several lines."""

    def __init__(self, source: _Source) -> None:
        self.source = source
        self.servizio = source.servizio
        self.lines = ["get = known.get"]
        self.locals: dict[str, str] = {}
        self.leaves: list[tuple[str, Clause]] = []
        self.results: list[str] = []
        self.places: dict[tuple[str, str], int] = {}

    def write(self) -> None:
        """Write the function."""
        for name, clauses in owners(self.servizio).items():
            for role, clause in clauses.items():
                self.lines.append(f"# {role} {name!a}")
                self.locals[name] = self.truth(clause, name)
                self.places[name, role] = len(self.leaves) - 1
        self.source.write("trace", [*self.lines, f"return ({', '.join([*self.results, ''])})"])

    def truth(self, clause: Clause, owner: str = "") -> str:
        """Return the variable that holds the truth of a clause; with an owner it is part of the trace."""
        if isinstance(clause, Joined):
            code = kleene(clause.kind, [self.truth(part, owner) for part in clause.parts])
        else:
            code = self.leaf(clause)
        truth = code if code.isidentifier() else self.assign("t", code)
        self.leaves += [(owner, clause)] if owner else []
        self.results += [truth] if owner else []
        return truth

    def leaf(self, leaf: Is | Members) -> str:
        """Return the code of one line, with three truth values."""
        if isinstance(leaf, Is) and leaf.name in self.servizio.definizioni:
            found = self.locals[leaf.name]
            return found if leaf.test.operands == YES else f"None if {found} is None else not {found}"
        if isinstance(leaf, Members) or not self.source.direct(leaf):
            truth, plain = f"t{len(self.lines)}", self.source.constant("plain", self.source.evaluator(leaf))
            self.lines += [f"try: {truth} = {self.source.function(leaf)}(known)"]
            self.lines += [f"except KeyError: {truth} = {plain}(known)"]
            return truth
        campo, applies = self.campo(leaf.name)
        code, _ = self.source.test(leaf.test, self.servizio.campi[leaf.name].tipo, campo)
        code = campo if code == campo else f"None if {campo} is None else {code}"
        return f"{applies} and ({code})" if applies else code

    def campo(self, name: str) -> tuple[str, str]:
        """Return the variable of a campo, and that of whether it applies if it has a `solo se`."""
        if f"?{name}" not in self.locals:
            guard = self.servizio.guards.get(name)
            self.locals[f"!{name}"] = "" if guard is None else self.truth(guard)
            self.locals[f"?{name}"] = self.assign("c", f"get({self.source.literal(name)})")
        return self.locals[f"?{name}"], self.locals[f"!{name}"]

    def assign(self, prefix: str, code: str) -> str:
        """Write the line that gives a variable of its own to some code."""
        self.lines.append(f"{prefix}{len(self.lines)} = {code}")
        return f"{prefix}{len(self.lines) - 1}"


def owners(servizio: Servizio) -> dict[str, dict[str, Clause]]:
    """Return the clauses of definizioni (after those that they use) and requisiti, and their `guard`."""
    rules = servizio.definizioni
    uses = {n: [leaf.name for leaf in atoms(d.clause) if leaf.name in rules] for n, d in rules.items()}
    found = {n: {"clause": rules[n].clause} for n in TopologicalSorter(uses).static_order()}
    for requisito in servizio.requisiti.values():
        guard = {} if requisito.guard is None else {"guard": requisito.guard}
        found[requisito.name] = {**guard, "clause": requisito.clause}
    return found
