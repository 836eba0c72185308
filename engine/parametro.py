"""Parametri: amounts, thresholds, durations and tables of amounts, each value from a date on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from engine.atto import Fonte, parse_fonte
from engine.campo import parse_tipo, parse_value
from engine.condition import Word, split_words
from engine.document import Section, Text
from engine.number import WrongValue
from engine.problem import Place, Problem, problem
from engine.tabella import NOT_DUE, Tabella, parse_table
from engine.tipo import NOMINAL, Tipo, Value, parse_day

UNKNOWN = "ignoto"
OR = " oppure "


@dataclass(frozen=True, slots=True)
class Period:
    """What a parametro is worth from a day on.

    One of: `alternatives` (several when the law leaves it open), `members` (a set of values),
    `unknown`, or `tabella` with the parsed alternatives of each row in `results`.
    """

    since: date
    fonte: Fonte
    place: Place
    alternatives: tuple[Value, ...] = ()
    members: frozenset[str] = frozenset()
    unknown: bool = False
    tabella: Tabella | None = None
    results: tuple[tuple[Value | None, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Parametro:
    """A named value of the law; in a tabella `None` as a result means `non spetta`."""

    name: str
    titolo: str
    tipo: Tipo
    periods: tuple[Period, ...]
    place: Place

    def at(self, day: date) -> Period | None:
        """Return the period in force on that day, or nothing before the first."""
        return next((period for period in reversed(self.periods) if period.since <= day), None)


def parse_parametri(root: Section) -> tuple[dict[str, Parametro], list[Problem]]:
    """Read `parametri.nt`, whose shape is already checked."""
    problems: list[Problem] = []
    parametri = {}
    for key, node in root.entries:
        assert isinstance(node, Section)
        tipo = parse_tipo(node, problems)
        values = node.get("valori")
        assert isinstance(values, Section)
        periods = [_period(name, value, tipo, key.value, problems) for name, value in values.entries]
        known = sorted((p for p in periods if p is not None), key=lambda period: period.since)
        parametri[key.value] = Parametro(key.value, node.text("titolo"), tipo, tuple(known), key.place)
    return parametri, problems


def parse_results(word: Word, tipo: Tipo, problems: list[Problem]) -> tuple[Value | None, ...]:
    """Read `90% oppure 80%` or `non spetta` (as None)."""
    results: list[Value | None] = []
    for part in split_words(word, OR):
        if part.text == NOT_DUE:
            results.append(None)
            continue
        value = _parse_word(tipo, part, problems)
        results += [] if value is None else [value]
    return tuple(results)


def _parse_word(tipo: Tipo, word: Word, problems: list[Problem]) -> Value | None:
    return parse_value(tipo, Text(word.text, word.place), problems)


def _period(key: Text, node: object, tipo: Tipo, name: str, problems: list[Problem]) -> Period | None:
    assert isinstance(node, Section)
    try:
        since = parse_day(key.value.removeprefix("dal ").strip())
    except WrongValue as wrong:
        problems.append(Problem(wrong.code, key.place, tuple(wrong.data.items())))
        return None
    fonte, found = parse_fonte(node)
    problems += found
    text, rows = node.get("valore"), node.get("tabella")
    if isinstance(text, Text) == isinstance(rows, Text):
        problems.append(problem("parametro.value_or_table", key.place))
        return None
    if isinstance(rows, Text):
        return _table_period(since, fonte, key, rows, tipo, name, problems)
    assert isinstance(text, Text)
    return _value_period(since, fonte, key, text, tipo, problems)


def _value_period(since: date, fonte: Fonte, key: Text, text: Text, tipo: Tipo, problems: list[Problem]) -> Period:
    if text.value == UNKNOWN:
        return Period(since, fonte, key.place, unknown=True)
    word = Word(text.value, text.place)
    if ";" in text.value and tipo.name in NOMINAL:
        words = split_words(word, ";")
        members = []
        for index, part in enumerate(words):
            if OR.strip() in part.text.split():
                problems.append(problem("parametro.set_alternatives", part.place, text=part.text))
            else:
                members.append(_parse_word(tipo, part, problems))
            if part.text and part.text in [other.text for other in words[:index]]:
                problems.append(problem("parametro.repeated_member", part.place, text=part.text))
        return Period(since, fonte, key.place, members=frozenset(str(m) for m in members if m is not None))
    values = parse_results(word, tipo, problems)
    if None in values:
        problems.append(problem("parametro.not_due_outside_table", text.place))
    if len(set(values)) < len(values):
        problems.append(problem("parametro.same_alternatives", text.place))
    return Period(since, fonte, key.place, alternatives=tuple(v for v in values if v is not None))


def _table_period(
    since: date, fonte: Fonte, key: Text, rows: Text, tipo: Tipo, name: str, problems: list[Problem]
) -> Period | None:
    tabella, found = parse_table(rows, "unica")
    problems += found
    if tabella is None:
        return None
    if tabella.result.text != name:
        problems.append(problem("parametro.result_column", tabella.result.place, found=tabella.result.text, name=name))
    results = tuple(parse_results(row.result, tipo, problems) for row in tabella.rows)
    return Period(since, fonte, key.place, tabella=tabella, results=results)
