"""Conditions as they are written: one comparison a line, grouped by `tutte`, `almeno una`, `nessuna`.

leaf       := name comparator value
group      := tutte | almeno una | nessuna : list of leaf or group
quantified := almeno un VOCE con | ogni VOCE con : leaf, list of leaves or group
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.document import Items, Node, Section, Text
from engine.problem import Place, Problem, problem, suggestion

#: The comparators, longest first so that `non è uno di` is never read as `non è`.
COMPARATORS = (
    "non prima del",
    "non è uno di",
    "non dopo il",
    "non contiene",
    "prima del",
    "dopo il",
    "al massimo",
    "contiene",
    "più di",
    "meno di",
    "è uno di",
    "almeno",
    "non è",
    "tra",
    "è",
)
NEGATIVE = frozenset({"non è", "non è uno di", "non contiene"})
GROUPS = ("tutte", "almeno una", "nessuna")
DEPTH = 2

_NAME = re.compile(r"[^\s]+")
_QUANTIFIED = re.compile(r"(almeno un|ogni) (\S+) con")


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of a staff file that stands for a name or a value."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparator with its values, as in `più di 0 €`."""

    comparator: str
    values: tuple[Word, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Leaf:
    """One comparison of a named thing, as in `isee al massimo soglia`."""

    name: Word
    comparison: Comparison
    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """Several conditions joined by `tutte`, `almeno una` or `nessuna`."""

    kind: str
    parts: tuple[Condition, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Quantified:
    """A condition over the members of an elenco: `almeno un` or `ogni` voce con …"""

    kind: str
    voce: Word
    condition: Condition
    place: Place


Condition = Leaf | Group | Quantified


def leaves(condition: Condition) -> Iterator[Leaf]:
    """Yield every leaf of a condition, in the order in which they are written."""
    match condition:
        case Leaf():
            yield condition
        case Group():
            for part in condition.parts:
                yield from leaves(part)
        case _:
            yield from leaves(condition.condition)


def parse_condition(node: Node) -> tuple[Condition | None, list[Problem]]:
    """Read a condition from the value of `se` or `solo se`, whose shape is already checked."""
    problems: list[Problem] = []
    condition = _condition(node, DEPTH, problems)
    return (None if problems else condition), problems


def parse_comparison(text: str, place: Place) -> tuple[Comparison | None, list[Problem]]:
    """Read `al massimo 3` or `tra 1 e 3`; a text with no comparator means `è`."""
    for comparator in COMPARATORS:
        if text == comparator or text.startswith(comparator + " "):
            rest = text[len(comparator) :]
            start = len(comparator) + len(rest) - len(rest.lstrip())
            return _compared(comparator, Word(rest.strip(), place.shifted(start)), place)
    return Comparison("è", (Word(text, place),), place), []


def split_words(word: Word, separator: str) -> list[Word]:
    """Split at the separator, keeping the place of each piece and dropping white space around it."""
    words, start = [], 0
    for piece in word.text.split(separator):
        lead = len(piece) - len(piece.lstrip())
        words.append(Word(piece.strip(), word.place.shifted(start + lead)))
        start += len(piece) + len(separator)
    return words


def _condition(node: Node, depth: int, problems: list[Problem]) -> Condition | None:
    match node:
        case Text():
            return _leaf(node, problems)
        case Section():
            return _keyed(node, depth, problems)
    problems.append(problem("condition.bare_list", node.place))
    return None


def _keyed(node: Section, depth: int, problems: list[Problem]) -> Condition | None:
    ((key, value),) = node.entries
    if depth == 0:
        problems.append(problem("condition.too_deep", key.place))
        return None
    if key.value in GROUPS:
        return _group(key, value, depth, problems)
    match = _QUANTIFIED.fullmatch(key.value)
    assert match is not None
    voce = Word(match[2], key.place.shifted(match.start(2)))
    condition = _inside(key, value, depth, problems)
    return condition and Quantified(match[1], voce, condition, key.place)


def _inside(key: Text, value: Node, depth: int, problems: list[Problem]) -> Condition | None:
    if isinstance(value, Items):
        return _group(Text("tutte", key.place), value, 1, problems)
    return _condition(value, depth - 1, problems)


def _group(key: Text, value: Node, depth: int, problems: list[Problem]) -> Condition | None:
    assert isinstance(value, Items)
    parts = [_condition(item, depth - 1, problems) for item in value.items]
    known = tuple(part for part in parts if part is not None)
    return Group(key.value, known, key.place) if len(known) == len(parts) else None


def _leaf(node: Text, problems: list[Problem]) -> Leaf | None:
    text = " ".join(node.value.split("\n"))
    match = _NAME.match(text)
    if match is None:
        problems.append(problem("condition.empty", node.place))
        return None
    rest = text[match.end() :]
    lead = len(rest) - len(rest.lstrip())
    place = node.at(match.end() + lead) if rest.strip() else node.place
    comparator = next((c for c in COMPARATORS if rest.strip() == c or rest.strip().startswith(c + " ")), None)
    if comparator is None:
        problems.append(_no_comparator(match[0], rest.strip(), place))
        return None
    comparison, found = parse_comparison(rest.strip(), place)
    problems += found
    return None if comparison is None else Leaf(Word(match[0], node.place), comparison, text)


def _no_comparator(name: str, rest: str, place: Place) -> Problem:
    words = " ".join(rest.split(" ")[:2])
    hint = suggestion(words, COMPARATORS) or suggestion(words.split(" ")[0], COMPARATORS)
    return problem("condition.no_comparator", place, name=name, rest=rest, hint=hint)


def _compared(comparator: str, value: Word, place: Place) -> tuple[Comparison | None, list[Problem]]:
    if not value.text:
        return None, [problem("condition.no_value", place, comparator=comparator)]
    if comparator in ("è", "non è") and value.text == "noto":
        return None, [problem("condition.known_only_in_procedure", place)]
    if comparator == "tra":
        low, separator, high = value.text.partition(" e ")
        if not separator:
            return None, [problem("condition.between", value.place)]
        second = Word(high.strip(), value.place.shifted(len(low) + len(separator)))
        return Comparison(comparator, (Word(low.strip(), value.place), second), place), []
    if comparator.endswith("uno di"):
        words = split_words(value, ";")
        empty = next((word for word in words if not word.text), None)
        if empty:
            return None, [problem("condition.empty_choice", empty.place)]
        return Comparison(comparator, tuple(words), place), []
    return Comparison(comparator, (value,), place), []
