"""Phrases: conditions, tests and tables of a version of a service in words, with the values of a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from engine.clause import Clause, Constant, Is, Joined, Operand, Parameter, Table, Test, atoms
from engine.messages import sentence
from engine.plain import Plain, Special
from engine.tabella import ANY
from engine.tipo import Tipo

Json = dict[str, Any]

#: The comparators that are no words of an answer by themselves, and the sentence of each.
_ANSWERS = {
    "è": "is",
    "non è": "is_not",
    "è uno di": "one_of",
    "non è uno di": "none_of",
    "contiene": "contains",
    "non contiene": "lacks",
}
_GROUPS = {"tutte": "all", "almeno una": "any", "nessuna": "none", "almeno un": "some_member", "ogni": "every_member"}
_JOINTS = {"tutte": " e ", "almeno una": " oppure ", "nessuna": " né "}


@dataclass(frozen=True, slots=True)
class Phrases:
    """The words for what a version says; `days` tells, of the days that rules mention, which ones they are."""

    plain: Plain
    days: Mapping[str, str] = field(default_factory=dict)

    # Names

    def title(self, name: str, elenco: str = "") -> str:
        """Return how people call a name: the question of a campo, the title of anything else."""
        servizio = self.plain.servizio
        if elenco and name in servizio.campi[elenco].campi:
            return servizio.campi[elenco].campi[name].domanda
        for part in (servizio.definizioni, servizio.calcoli, servizio.parametri):
            if name in part:
                return part[name].titolo
        return servizio.campi[name].domanda

    def kind(self, name: str, elenco: str = "") -> str:
        """Return what a name stands for."""
        servizio = self.plain.servizio
        if not (elenco and name in servizio.campi[elenco].campi):
            if name in servizio.definizioni:
                return "definizione"
            if name in servizio.calcoli:
                return "calcolo"
            if name in servizio.parametri:
                return "parametro"
        return "campo"

    def parametro(self, name: str) -> str:
        """Write the value of a parametro on the day, with the alternatives that the law leaves open."""
        tipo, period = self.plain.servizio.parametri[name].tipo, self.plain.period(name)
        if period.members:
            return ", ".join(sorted(map(tipo.show, period.members)))
        if period.unknown:
            return sentence("spiega.unstated", {})
        return " oppure ".join(tipo.show(value) for value in period.alternatives)

    # Tests

    def test(self, test: Test, tipo: Tipo) -> str:
        """Write a comparator and what it compares with, as `al massimo 9.360,00 €`."""
        return f"{test.comparator} {self._operands(test, tipo)}"

    def answer(self, test: Test, tipo: Tipo) -> str:
        """Write a test as the answer to its question, as `sì` or `al massimo 9.360,00 €`."""
        code = _ANSWERS.get(test.comparator)
        if code is None:
            return self.test(test, tipo)
        return sentence(f"prosa.{code}", {"values": self._operands(test, tipo)})

    def _operands(self, test: Test, tipo: Tipo) -> str:
        return (" e " if test.comparator == "tra" else "; ").join(self.operand(o, tipo) for o in test.operands)

    def operand(self, operand: Operand, tipo: Tipo) -> str:
        """Write what a name or a value is compared with."""
        match operand:
            case Constant(None):
                return Special.NOT_DUE.value
            case Constant(value):
                assert value is not None
                return tipo.show(value)
            case Parameter(name) if self.plain.period(name).unknown:
                return sentence("spiega.unstated_value", {"title": self.plain.servizio.parametri[name].titolo})
            case Parameter(name):
                return self.parametro(name)
        known = self.days.get(operand.text)
        return f"{operand.text} ({known})" if known else operand.text

    def cell(self, tests: tuple[Test, ...], tipo: Tipo) -> str:
        """Write a cell of a tabella."""
        return " e ".join(self.test(test, tipo) for test in tests) or ANY

    # Conditions

    def phrase(self, clause: Clause, elenco: str = "") -> str:
        """Write a clause on one line, as `isee al massimo 9.360,00 € e presa in carico è sì`."""
        match clause:
            case Is():
                tipo = self.plain.tipo(clause.name, elenco)
                name = clause.name.replace("_", " ")
                return f"{name} {self.test(clause.test, tipo)}" if clause.test.operands else clause.text
            case Joined():
                words = _JOINTS[clause.kind].join(self._part(part, elenco) for part in clause.parts)
                return f"né {words}" if clause.kind == "nessuna" else words
        voce = self.plain.servizio.campi[clause.elenco].voce
        return f"{clause.kind} {voce} con {self.phrase(clause.clause, clause.elenco)}"

    def _part(self, part: Clause, elenco: str) -> str:
        words = self.phrase(part, elenco)
        return f"({words})" if isinstance(part, Joined) and len(part.parts) > 1 else words

    def tree(self, clause: Clause, elenco: str = "") -> Json:
        """Return a clause as questions with the answer that each wants, in groups that say how they go together."""
        match clause:
            case Is():
                return self._leaf(clause, elenco)
            case Joined():
                parts = [self.tree(part, elenco) for part in clause.parts]
                return {"testo": sentence(f"prosa.{_GROUPS[clause.kind]}", {}), "parti": parts}
        campo = self.plain.servizio.campi[clause.elenco]
        said = {"question": campo.domanda, "member": campo.voce}
        inner = self.tree(clause.clause, clause.elenco)
        return {"testo": sentence(f"prosa.{_GROUPS[clause.kind]}", said), "parti": [inner]}

    def _leaf(self, clause: Is, elenco: str) -> Json:
        kind, subject = self.kind(clause.name, elenco), self.title(clause.name, elenco)
        answer = self.answer(clause.test, self.plain.tipo(clause.name, elenco))
        return {
            "testo": sentence("prosa.answer", {"subject": subject, "answer": answer}),
            "nome": clause.name,
            "genere": kind,
            "soggetto": subject,
            "risposta": answer,
            "riga": clause.text,
            "parametri": named([clause.test]),
        }

    # Tables

    def table(self, table: Table, name: str, elenco: str = "") -> Json:
        """Return a tabella as titles and cells in words, the result in the last column."""
        tipi = [self.plain.tipo(column, elenco) for column in table.columns]
        rows = []
        for row in table.rows:
            cells = [self.cell(tests, tipo) for tests, tipo in zip(row.tests, tipi, strict=True)]
            result = " oppure ".join(self.operand(operand, self.plain.tipo(name)) for operand in row.result)
            rows.append([*cells, result])
        columns = [*(self.title(column, elenco) for column in table.columns), self.title(name)]
        policy = sentence(f"prosa.{_POLICIES[table.policy]}", {})
        return {"colonne": columns, "righe": rows, "colpo": policy}


_POLICIES = {"unica": "one_row", "prima": "first_row", "somma": "sum_rows"}


def named(tests: list[Test]) -> list[str]:
    """Return the parametri that some tests compare with."""
    operands = chain.from_iterable(test.operands for test in tests)
    return list(dict.fromkeys(operand.name for operand in operands if isinstance(operand, Parameter)))


def used(clause: Clause) -> list[str]:
    """Return the parametri that a clause names."""
    return named([atom.test for atom in atoms(clause)])
