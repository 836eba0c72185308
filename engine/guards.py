"""Guards: whether a campo concerns the family (`solo se`), by what is known of the other answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.answers import Elenco
from engine.campo import Campo
from engine.clause import Clause, Constant, Is, Joined, Members, Test
from engine.plain import conjunction, disjunction, holds, negation, quantity
from engine.tipo import Tipo, Value

Values = Mapping[str, Value | Elenco]


@dataclass(frozen=True, slots=True)
class Guards:
    """The guards of some campi; that of a member's campo is keyed `elenco/campo`."""

    campi: Mapping[str, Campo]
    clauses: Mapping[str, Clause]

    def of(self, name: str, elenco: str = "") -> Clause | None:
        """Return the guard of a campo, if it has one."""
        return self.clauses.get(f"{elenco}/{name}" if elenco else name)

    def campo(self, name: str, elenco: str = "") -> Campo:
        """Return a campo of the family, or of the members of an elenco."""
        return self.campi[elenco].campi[name] if elenco else self.campi[name]

    def truth(self, clause: Clause, values: Values, elenco: str = "") -> bool | None:
        """Return the truth of a guard (strong Kleene logic).

        A test of a campo that may not concern the family is false when either its own guard or the
        test is: in both cases what it guards does not apply.
        """
        match clause:
            case Is(name, test):
                guard = self.of(name, elenco)
                met = _meets(self.campo(name, elenco).tipo, test, values.get(name))
                return met if guard is None else conjunction([met, self.truth(guard, values, elenco)])
            case Members():
                guard = self.of(clause.elenco)
                over = self._members(clause, values.get(clause.elenco))
                return over if guard is None else conjunction([over, self.truth(guard, values)])
            case Joined("tutte", parts):
                return conjunction(self.truth(part, values, elenco) for part in parts)
            case Joined("almeno una", parts):
                return disjunction(self.truth(part, values, elenco) for part in parts)
        return negation(disjunction(self.truth(part, values, elenco) for part in clause.parts))

    def _members(self, clause: Members, known: Value | Elenco | None) -> bool | None:
        elenco = known if isinstance(known, Elenco) else Elenco(False, {})
        each = [self.truth(clause.clause, values, clause.elenco) for values in elenco.members.values()]
        rest: list[bool | None] = [] if elenco.complete else [None]
        return disjunction([*each, *rest]) if clause.kind == "almeno un" else conjunction([*each, *rest])

    def causes(self, clause: Clause, values: Values, elenco: str = "", *, truth: bool = False) -> Iterator[str]:
        """Yield the campi whose answers make a guard what it certainly is."""
        match clause:
            case Joined(kind, parts):
                wanted = truth != (kind == "nessuna")
                for part in parts:
                    if self.truth(part, values, elenco) is wanted:
                        yield from self.causes(part, values, elenco, truth=wanted)
                return
            case Is(name, test):
                guard, own = self.of(name, elenco), _meets(self.campo(name, elenco).tipo, test, values.get(name))
            case _:
                name, elenco = clause.elenco, ""
                guard, own = self.of(name), self._members(clause, values.get(name))
        if own is truth:
            yield name
        if guard is not None and not truth and self.truth(guard, values, elenco) is False:
            yield from self.causes(guard, values, elenco)


def _meets(tipo: Tipo, test: Test, value: Value | Elenco | None) -> bool | None:
    """Return whether an answer meets a test; the day of the decision is no answer, and not known here."""
    known = [operand.value for operand in test.operands if isinstance(operand, Constant) and operand.value is not None]
    if value is None or isinstance(value, Elenco) or len(known) < len(test.operands):
        return None
    return holds(test.comparator, quantity(tipo, value), tuple(quantity(tipo, each) for each in known))


def shown(clause: Clause, campi: Mapping[str, Campo]) -> str:
    """Write a guard on one line."""
    match clause:
        case Is():
            return clause.text
        case Joined(kind, parts):
            words = {"tutte": " e ", "almeno una": " oppure "}.get(kind, " né ")
            joined = words.join(shown(part, campi) for part in parts)
            return f"né {joined}" if kind == "nessuna" else joined
    return f"{clause.kind} {campi[clause.elenco].voce} con {shown(clause.clause, campi)}"
