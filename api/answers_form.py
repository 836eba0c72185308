"""Answers typed in a page: texts as Italians write them, read by the tipo of each campo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.answers import Answers, Elenco, check_limits
from engine.campo import Campo
from engine.tipo import MONEY, Tipo, Value, WrongValue

#: An empty row is always offered, so that one more member can be added without JavaScript.
SPARE_ROWS = 1


@dataclass
class TypedAnswers:
    """What was typed, what was understood, and what is wrong with the rest, by the name of the control."""

    answers: Answers
    typed: Mapping[str, Sequence[str]]
    errors: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return what was typed in a control, exactly as it was."""
        return next(iter(self.typed.get(name, [])), "")

    def rows(self, elenco: str) -> list[str]:
        """Return the ids of the members typed so far, and of a spare one."""
        ids = self.text(f"{elenco}.righe").split()
        return [*(row for row in ids if self.present(elenco, row)), *_fresh(ids)]

    def present(self, elenco: str, row: str) -> bool:
        """Whether a row is a member: it was ticked, or something was written in it."""
        start = f"{elenco}.{row}."
        return any(text.strip() for name, texts in self.typed.items() if name.startswith(start) for text in texts)


def read_typed(typed: Mapping[str, Sequence[str]], campi: Mapping[str, Campo]) -> TypedAnswers:
    """Read every control of a page; what cannot be read is an error beside it and nothing is lost."""
    reading = TypedAnswers(Answers(), typed)
    values: dict[str, Value | Elenco] = {}
    motivations = {
        n: text for n, c in campi.items() if c.judgement and (text := reading.text(f"{n}.motivazione").strip())
    }
    for name, campo in campi.items():
        value = _elenco(campo, reading) if campo.tipo.name == "elenco" else _value(campo, name, reading)
        values.update({name: value} if value is not None else {})
    reading.answers = Answers(values, motivations)
    return reading


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


def _value(campo: Campo, name: str, reading: TypedAnswers) -> Value | None:
    given = [text for text in reading.typed.get(name, []) if text.strip()]
    if not given:
        return None
    try:
        value = campo.tipo.parse(
            as_typed(campo.tipo, "; ".join(given) if campo.tipo.name == "più scelte" else given[0])
        )
        check_limits(campo, value)
    except WrongValue as wrong:
        reading.errors[name] = str(wrong)
        return None
    return value


def _elenco(campo: Campo, reading: TypedAnswers) -> Elenco | None:
    members: dict[str, Mapping[str, Value]] = {}
    for row in reading.rows(campo.name):
        if not reading.present(campo.name, row):
            continue
        values = {name: _value(inner, f"{campo.name}.{row}.{name}", reading) for name, inner in campo.campi.items()}
        members[row] = {name: value for name, value in values.items() if value is not None}
    complete = bool(reading.text(f"{campo.name}.completo"))
    if complete and campo.minimo is not None and len(members) < campo.minimo:
        reading.errors[f"{campo.name}.completo"] = str(
            WrongValue("json.too_few", found=len(members), limit=campo.minimo)
        )
        return None
    return Elenco(complete, members) if members or complete else None


def _fresh(ids: Sequence[str]) -> list[str]:
    highest = max((int(row) for row in ids if row.isdecimal()), default=0)
    return [str(highest + n) for n in range(1, SPARE_ROWS + 1)]
