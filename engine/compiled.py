"""Compiled: one service on one day as generated Python, for many families at once.

`decide` runs the rules straight on the answers, as a function written by hand would. Where that needs
what nobody knows it looks at the three-valued trace, and where that does not settle it says nothing:
the diagram is exact there. `trace` gives the truth of every requisito and of every line of the rules.
Texts of the rule files enter the source as plain words in quotes, or else as named constants.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
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
from engine.servizio import Esito, Servizio
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
            held = {_held(guard is None or trace[guard], trace[clause]) for guard, clause in needs}
            if False not in held:
                return None if None in held else outcome
        return None

    return partly


def _held(applies: Truth, clause: Truth) -> Truth:
    """Return whether a requisito holds or does not apply."""
    if applies is False or clause is True:
        return True
    return False if applies and clause is False else None


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
        self.definizioni: dict[str, str] = {}

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
        if leaf.name in self.definizioni and not elenco:
            return f"{'' if leaf.test.operands == (Constant(True),) else 'not '}{self.definizioni[leaf.name]}"
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
            return f"({subject} is not None and None)", False
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

    def whatever_is_missing(self, clause: Clause) -> str:
        """Return the name of the function of a line or of an elenco that leaves what is missing to the plain evaluator."""
        name, plain = self.function(clause), _plain(self.plain, clause)

        def truth(values: Values) -> Truth:
            try:
                return self.names[name](values)  # type: ignore[no-any-return]
            except KeyError:
                return plain(values)

        return name if name.startswith("plain") else self.constant("whole", truth)

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
        tests = [leaf.test, *(test for row in table.rows for several in row.tests for test in several)]
        if table.policy == "somma" or not all(map(self.campo, table.columns)) or not all(map(self.static, tests)):
            raise _NotDirect
        lines = []
        for row in table.rows:
            cells = zip(table.columns, row.tests, strict=True)
            codes = [self.leaf(Is(name, test, "", row.place)) for name, several in cells for test in several]
            lines += [f"    if {joined('tutte', codes)}:", f"        return {self.verdict(leaf, row, tipo)}"]
        return "\n".join(lines)

    def table(self, name: str) -> tuple[Table, Tipo]:
        """Return the tabella, of the rules or of the law, that gives a name its value."""
        calcolo = self.servizio.calcoli.get(name)
        if calcolo is not None:
            if calcolo.table is None:
                raise _NotDirect
            return calcolo.table, calcolo.tipo
        if name not in self.servizio.parametri or self.plain.period(name).tabella is None:
            raise _NotDirect
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


class _Decider:
    """Writes `decide`: the esiti from the top, with short circuits."""

    def __init__(self, source: _Source) -> None:
        self.source = source
        self.servizio = source.servizio
        requested = [name for esito in self.servizio.esiti for name in esito.requires]
        self.uses = Counter([*requested, *(leaf.name for clause in _clauses(self.servizio) for leaf in atoms(clause))])
        self.asked = Counter(requested)
        self.early: list[str] = []
        self.kept: set[str] = set()

    def write(self) -> None:
        """Write the function."""
        for name in self.servizio.definizioni:
            self.definizione(name)
        lines = [line for esito in self.servizio.esiti for line in self.esito(esito)]
        shared = [f"{' = '.join(sorted(self.kept))} = None"] if self.kept else []
        body = [f"        {line}" for line in [*self.early, *shared, *lines]]
        self.source.blocks.append(
            "\n".join(["def decide(known):", "    try:", *body, "    except KeyError:", "        return partly(trace(known))"])
        )

    def definizione(self, name: str) -> str:
        """Return the code of a definizione, worked out before the esiti if it is used more than once."""
        source = self.source
        if name not in source.definizioni:
            clause = self.servizio.definizioni[name].clause
            for leaf in atoms(clause):
                if leaf.name in self.servizio.definizioni:
                    self.definizione(leaf.name)
            source.definizioni[name] = source.clause(clause)
            if self.uses[name] > 1:
                self.early += [f"# definizione {name!a}", f"d{len(self.early)} = {source.definizioni[name]}"]
                source.definizioni[name] = f"d{len(self.early) - 2}"
        return source.definizioni[name]

    def esito(self, esito: Esito) -> list[str]:
        """Return the lines that answer with an esito if all that it asks for holds."""
        answer = f"return {self.source.literal(esito.name)}"
        if not esito.requires:
            return [f"# esito {esito.name!a}", answer]
        lines = [f"# esito {esito.name!a}", "if ("]
        for index, name in enumerate(esito.requires):
            lines += [f"    # {name!a}", f"    {'and ' if index else ''}{self.held(name)}"]
        return [*lines, "):", f"    {answer}"]

    def held(self, name: str) -> str:
        """Return the code of what an esito asks for, remembered if another one asks for it too."""
        if name in self.servizio.definizioni:
            return self.definizione(name)
        requisito = self.servizio.requisiti[name]
        code = self.source.clause(requisito.clause)
        if requisito.guard is not None:
            code = f"(not {self.source.clause(requisito.guard)} or {code})"
        if self.asked[name] == 1:
            return code
        kept = f"r{list(self.servizio.requisiti).index(name)}"
        first = kept not in self.kept
        self.kept.add(kept)
        return f"({kept} := {code})" if first else f"({kept} if {kept} is not None else ({kept} := {code}))"


class _Tracer:
    """Writes `trace`: one local variable for each campo, for each line and for each clause of several lines."""

    def __init__(self, source: _Source) -> None:
        self.source = source
        self.servizio = source.servizio
        self.lines: list[str] = []
        self.locals: dict[tuple[str, str], str] = {}
        self.leaves: list[tuple[str, Clause]] = []
        self.results: list[str] = []
        self.places: dict[tuple[str, str], int] = {}

    def write(self) -> None:
        """Write the function."""
        for name in self.servizio.definizioni:
            self.definizione(name)
        for requisito in self.servizio.requisiti.values():
            if requisito.guard is not None:
                self.record(requisito.name, "guard", requisito.guard)
            self.record(requisito.name, "clause", requisito.clause)
        results = f"return ({''.join(f'{result}, ' for result in self.results)})"
        body = [f"    {line}" for line in ["get = known.get", *self.lines, results]]
        self.source.blocks.append("\n".join(["def trace(known):", *body]))

    def record(self, owner: str, role: str, clause: Clause) -> str:
        """Write the lines that work a clause out, and keep where its truth is; return its variable."""
        self.lines.append(f"# {owner!a}")
        truth = self.truth(clause, owner)
        self.places[owner, role] = len(self.leaves) - 1
        return truth

    def definizione(self, name: str) -> str:
        """Return the variable of a definizione, worked out after those that it uses."""
        if name not in self.locals:
            clause = self.servizio.definizioni[name].clause
            for leaf in atoms(clause):
                if leaf.name in self.servizio.definizioni:
                    self.definizione(leaf.name)
            self.locals[name] = self.record(name, "clause", clause)
        return self.locals[name]

    def truth(self, clause: Clause, owner: str = "") -> str:
        """Return the variable that holds the truth of a clause; with an owner it is part of the trace."""
        if isinstance(clause, Joined):
            code = kleene(clause.kind, [self.truth(part, owner) for part in clause.parts])
        else:
            code = self.leaf(clause)
        truth = self.assign("t", code)
        if owner:
            self.leaves.append((owner, clause))
            self.results.append(truth)
        return truth

    def leaf(self, leaf: Is | Members) -> str:
        """Return the code of one line, with three truth values."""
        if isinstance(leaf, Is) and leaf.name in self.servizio.definizioni:
            found = self.definizione(leaf.name)
            return found if leaf.test.operands == (Constant(True),) else f"None if {found} is None else not {found}"
        tipo = self.source.campo(leaf.name) if isinstance(leaf, Is) else None
        if isinstance(leaf, Members) or tipo is None or not self.source.static(leaf.test):
            return f"{self.source.whatever_is_missing(leaf)}(known)"
        campo, applies = self.campo(leaf.name)
        code, _ = self.source.test(leaf.test, tipo, campo)
        code = campo if code == campo else f"None if {campo} is None else {code}"
        return f"{applies} and ({code})" if applies else code

    def campo(self, name: str) -> tuple[str, str]:
        """Return the variable of a campo, and that of whether it applies if it has a `solo se`."""
        key = f"campo {name}"
        if key not in self.locals:
            guard = self.servizio.guards.get(name)
            self.locals[f"guard {name}"] = "" if guard is None else self.truth(guard)
            self.locals[key] = self.assign("c", f"get({self.source.literal(name)})")
        return self.locals[key], self.locals[f"guard {name}"]

    def assign(self, prefix: str, code: str) -> str:
        """Write the line that gives a variable of its own to some code."""
        variable = f"{prefix}{len(self.lines)}"
        self.lines.append(f"{variable} = {code}")
        return variable


def kleene(kind: str, parts: list[str]) -> str:
    """Join truths in variables as `tutte`, `almeno una` or `nessuna` does, with three truth values."""
    if kind == "tutte":
        return f"True if {' and '.join(parts)} else False if {' or '.join(f'{p} is False' for p in parts)} else None"
    some, doubtful = " or ".join(parts), " or ".join(f"{part} is None" for part in parts)
    found = kind == "almeno una"
    return f"{found} if {some} else None if {doubtful} else {not found}"


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


def _clauses(servizio: Servizio) -> Iterator[Clause]:
    """Yield the clauses of definizioni and requisiti."""
    yield from (definizione.clause for definizione in servizio.definizioni.values())
    for requisito in servizio.requisiti.values():
        yield from (requisito.clause,) if requisito.guard is None else (requisito.guard, requisito.clause)
