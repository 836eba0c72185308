"""Wording: names, values, tests and calculations of an Evaluation, in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from engine.calcolo import DAYS
from engine.clause import Clause, Is
from engine.dimension import grid_steps, quantum
from engine.evaluation import Evaluation
from engine.importo import Importo
from engine.messages import sentence
from engine.number import show_number
from engine.phrase import Phrases
from engine.plain import Special, Worth
from engine.reach import reach
from engine.tabella import ANY
from engine.tipo import Tipo

#: How many decimals are written of a value that falls between two steps.
DECIMALS = 6
PLACEHOLDER = re.compile(r"\{\{ *([a-z][a-z0-9_]*) *\}\}")
_NAME = re.compile(r"\b[a-z][a-z0-9_]*\b(?! *\()")


@dataclass(frozen=True, slots=True)
class Wording:
    """The words for what an Evaluation holds; each is made when it is asked for."""

    evaluation: Evaluation

    @property
    def phrases(self) -> Phrases:
        """The words for what the rules say."""
        plain = self.evaluation.plain
        return Phrases(plain, {text: self.shown(Tipo("data"), plain.day(text)) for text in DAYS})

    def compared(self, clause: Is, member: str = "") -> str:
        """Return a test with the values in place of the names, as `9.000,00 € al massimo 9.360,00 €`."""
        tipo = self.evaluation.plain.tipo(clause.name, member)
        return f"{self.worth(clause.name, member)} {self.phrases.test(clause.test, tipo)}"

    def phrase(self, clause: Clause) -> str:
        """Write a clause in words."""
        return self.phrases.phrase(clause)

    def filled(self, text: str) -> str:
        """Fill the placeholders of a sentence of the staff."""
        return PLACEHOLDER.sub(lambda match: self.worth(match[1]), text)

    def worth(self, name: str, member: str = "") -> str:
        """Write what a name is worth; what is not known is «non noto»."""
        servizio = self.evaluation.servizio
        if name in servizio.parametri and self.evaluation.plain.period(name).tabella is None:
            return self.phrases.parametro(name)
        amount = self.evaluation.importi.get(name)
        if amount is not None and not amount.not_due:
            return self.range(amount, servizio.calcoli[name].tipo)
        return self.shown(self.evaluation.plain.tipo(name, member), self.evaluation.plain.worth(name, member))

    def shown(self, tipo: Tipo, worth: Worth) -> str:
        """Write what something is worth, as its tipo reads."""
        if worth is None:
            return sentence("spiega.not_known", {})
        if isinstance(worth, Special):
            return worth.value
        if isinstance(worth, Fraction):
            return show_quantity(tipo, worth)
        return tipo.show(worth)

    def range(self, amount: Importo, tipo: Tipo) -> str:
        """Write an amount, or from what to what."""
        if amount.known:
            return show_quantity(tipo, Fraction(amount.low))
        both = (("low", amount.low), ("high", amount.high))
        ends = {end: show_quantity(tipo, at) for end, at in both if isinstance(at, Fraction)}
        code = {2: "spiega.range", 0: "spiega.not_known"}.get(
            len(ends), "spiega.from" if "low" in ends else "spiega.up_to"
        )
        return sentence(code, ends)

    def steps(self, name: str) -> list[str]:
        """Return the steps of a calcolo: what it rests on first, each with its values."""
        servizio = self.evaluation.servizio
        order = [found for found in reach(servizio, name) if found in servizio.calcoli or self._is_table(found)]
        return [
            self._step(found)
            for found in reversed(order)
            if found not in servizio.calcoli or not servizio.calcoli[found].elenco
        ]

    def _is_table(self, name: str) -> bool:
        return name in self.evaluation.servizio.parametri and self.evaluation.plain.period(name).tabella is not None

    def _step(self, name: str) -> str:
        servizio = self.evaluation.servizio
        calcolo = servizio.calcoli.get(name)
        if calcolo is None or calcolo.expression is None:
            return sentence("spiega.table_step", {"name": name, "row": self._row(name), "result": self.worth(name)})
        numbers = _NAME.sub(lambda match: self.worth(match[0]) if self._named(match[0]) else match[0], calcolo.text)
        rounding = f" ({calcolo.rounding.text})" if calcolo.rounding else ""
        return " = ".join(dict.fromkeys([name, calcolo.text, numbers, self.worth(name)])) + rounding

    def _named(self, word: str) -> bool:
        servizio = self.evaluation.servizio
        ordered = word in servizio.campi and servizio.campi[word].tipo.ordered
        return word in servizio.calcoli or word in servizio.parametri or ordered

    def _row(self, name: str) -> str:
        """Return the row of a tabella that applies, in words."""
        servizio, plain = self.evaluation.servizio, self.evaluation.plain
        table = (
            servizio.calcoli[name].table
            if name in servizio.calcoli
            else servizio.tables[name, plain.period(name).since]
        )
        assert table is not None
        for row in table.rows:
            if plain.row(table, row):
                tested = zip(table.columns, row.tests, strict=True)
                cells = [f"{n} {self.phrases.test(t, plain.tipo(n))}" for n, tests in tested for t in tests]
                return " e ".join(cells) or ANY
        return sentence("spiega.not_known", {})


def show_quantity(tipo: Tipo, quantity: Fraction) -> str:
    """Write a quantity in the words of its tipo; one that falls between two steps gets more decimals."""
    steps = grid_steps(tipo, quantity)
    if steps is not None:
        return tipo.show(steps)
    read = quantity / quantum(tipo) / tipo.scale * (100 if tipo.name == "percentuale" else 1)
    shown = f"{show_number(read, DECIMALS).rstrip('0').rstrip(',')} {_unit(tipo)}".strip()
    return shown if (read * 10**DECIMALS).denominator == 1 else sentence("spiega.about", {"value": shown})


def _unit(tipo: Tipo) -> str:
    if tipo.name == "percentuale":
        return "%"
    return "€" + tipo.name.removeprefix("euro") if tipo.name.startswith("euro") else tipo.unit
