"""Answers typed in a page: texts as Italians write them, read by the tipo of each campo."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from engine.answers import MEMBERS, Answers, Elenco, check_limits, check_size
from engine.campo import Campo
from engine.number import WrongValue
from engine.tipo import MONEY, Tipo, Value

ROWS, COMPLETE, REASON = "righe", "completo", "motivazione"
#: What is ticked to say that no option is right, which is not the same as not answering.
NONE = "nessuna di queste"


@dataclass(frozen=True)
class TypedAnswers:
    """What was typed, what was understood, and what is wrong with the rest, by the name of the control.

    The control of a campo has its name; that of a member is `elenco.row.campo`, and `elenco.righe` holds the
    rows, each a number that stays with its member.
    """

    answers: Answers
    typed: Mapping[str, Sequence[str]]
    errors: Mapping[str, str] = field(default_factory=dict)
    understood: Mapping[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return what was typed in a control, exactly as it was."""
        return next(iter(self.typed.get(name, [])), "")

    def rows(self, elenco: str) -> list[str]:
        """Return the numbers of the members typed so far; of too many, the first."""
        return rows_in(self.typed, elenco)[:MEMBERS]

    def of(self, campo: str) -> Iterator[str]:
        """Yield the controls of a campo, and of the members of an elenco."""
        return (name for name in self.typed if name == campo or name.startswith(f"{campo}."))

    def given(self, campo: str) -> bool:
        """Whether something was typed for a campo."""
        return any(text.strip() for name in self.of(campo) for text in self.typed[name])


def rows_in(typed: Mapping[str, Sequence[str]], elenco: str) -> list[str]:
    """Return the numbers of the rows of an elenco, each once, in the order in which they were added."""
    words = (word for text in typed.get(f"{elenco}.{ROWS}", []) for word in text.split())
    return list(dict.fromkeys(word for word in words if word.isascii() and word.isdecimal()))


def with_row(typed: Mapping[str, Sequence[str]], elenco: str) -> str:
    """Return `elenco.righe` with one row more, whose number no other has ever had."""
    words = " ".join(typed.get(f"{elenco}.{ROWS}", [])).split()
    highest = max((int(word.lstrip("-")) for word in words if re.fullmatch("-?[0-9]{1,6}", word)), default=0)
    return " ".join([*words, str(highest + 1)])


def without_row(typed: Mapping[str, Sequence[str]], elenco: str, row: str) -> str:
    """Return `elenco.righe` where a row is crossed out (`-2`): its number stays taken."""
    words = " ".join(typed.get(f"{elenco}.{ROWS}", [])).split()
    return " ".join(f"-{word}" if word == row else word for word in words)


def controls(campi: Mapping[str, Campo], typed: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the name of every control that these campi may have, with the rows that were typed."""
    for name, campo in campi.items():
        if campo.tipo.name == "elenco":
            yield from (f"{name}.{ROWS}", f"{name}.{COMPLETE}")
            for row in rows_in(typed, name)[:MEMBERS]:
                yield from (f"{name}.{row}.{inner}" for inner in controls(campo.campi, {}))
        else:
            yield name
            if campo.judgement:
                yield f"{name}.{REASON}"


def read_typed(typed: Mapping[str, Sequence[str]], campi: Mapping[str, Campo]) -> TypedAnswers:
    """Read every control; what cannot be read is an error beside it, and nothing is lost."""
    return _Reader(typed).read(campi)


def as_typed(tipo: Tipo, text: str) -> str:
    """Add the sign that people leave out when the question already says it: € or %."""
    text = " ".join(text.replace("\u00a0", " ").replace("’", "'").split())
    if tipo.name in MONEY and "€" not in text:
        return f"{text} €"
    if tipo.name == "percentuale" and "%" not in text:
        return f"{text}%"
    if tipo.name == "durata" and text.isdecimal():
        return f"{text} {tipo.unit}"
    return text


@dataclass
class _Reader:
    typed: Mapping[str, Sequence[str]]
    errors: dict[str, str] = field(default_factory=dict)
    understood: dict[str, str] = field(default_factory=dict)
    motivations: dict[str, str] = field(default_factory=dict)

    def read(self, campi: Mapping[str, Campo]) -> TypedAnswers:
        found = {name: self.elenco(c) if c.tipo.name == "elenco" else self.value(c, name) for name, c in campi.items()}
        answers = Answers({name: value for name, value in found.items() if value is not None}, self.motivations)
        return TypedAnswers(answers, self.typed, self.errors, self.understood)

    def value(self, campo: Campo, name: str) -> Value | None:
        if campo.judgement and (reason := " ".join(self.typed.get(f"{name}.{REASON}", [])).strip()):
            self.motivations[name.replace(".", "/")] = reason
        given = [text for text in self.typed.get(name, []) if text.strip()]
        if not given:
            return None
        several = [text for text in given if text != NONE]
        joined = "; ".join(several) if campo.tipo.name == "più scelte" else given[0]
        try:
            value = campo.tipo.parse(as_typed(campo.tipo, joined))
            check_limits(campo, value)
        except WrongValue as wrong:
            self.errors[name] = str(wrong)
            return None
        self.understood[name] = campo.tipo.show(value) or NONE
        return value

    def elenco(self, campo: Campo) -> Elenco | None:
        rows, members = rows_in(self.typed, campo.name), dict[str, Mapping[str, Value]]()
        complete = any(self.typed.get(f"{campo.name}.{COMPLETE}", []))
        for row in rows[:MEMBERS]:
            values = {name: self.value(inner, f"{campo.name}.{row}.{name}") for name, inner in campo.campi.items()}
            members[row] = {name: value for name, value in values.items() if value is not None}
        try:
            check_size(campo, len(rows), complete)
        except WrongValue as wrong:
            self.errors[f"{campo.name}.{COMPLETE}"] = str(wrong)
            return None
        return Elenco(complete, members) if members or complete else None
