"""Draft: one version of a service as it was written, names still text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from engine.atto import Fonte, parse_fonte
from engine.calcolo import Expression, parse_expression
from engine.condition import Condition, Word, parse_condition
from engine.document import Document, Items, Node, Section, Text
from engine.problem import Place, Problem, problem
from engine.tabella import POLICIES, Tabella, parse_table

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Definizione:
    """A condition with a name, used like a sì/no campo."""

    name: str
    titolo: str
    fonte: Fonte
    condition: Condition
    place: Place


@dataclass(frozen=True, slots=True)
class Requisito:
    """A condition that an esito asks for; `guard` says to whom it applies."""

    name: str
    titolo: str
    fonte: Fonte
    condition: Condition
    guard: Condition | None
    reason_yes: Text | None
    reason_no: Text | None
    place: Place


@dataclass(frozen=True, slots=True)
class Calcolo:
    """A computed value: an expression or a tabella, perhaps once for each member (`voce`)."""

    name: str
    titolo: str
    expression: Expression | None
    tabella: Tabella | None
    text: str
    voce: Word | None
    default: Text | None
    rounding: Text | None
    tipo: Text | None
    unit: str
    fonte: Fonte | None
    place: Place


@dataclass(frozen=True, slots=True)
class Esito:
    """An outcome: what it requires, and the amounts and qualifications that hang on it."""

    name: str
    titolo: str
    fonte: Fonte
    requires: tuple[Word, ...]
    importi: tuple[Word, ...]
    qualifiche: tuple[Word, ...]
    otherwise: bool
    full_inquiry: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Coerenza:
    """A warning for the operator when its condition is certainly false; it never decides."""

    name: str
    condition: Condition
    warning: Text
    place: Place


@dataclass(frozen=True, slots=True)
class Esempio:
    """A worked case that belongs to the rules: the data of a day and what must come out."""

    titolo: str
    node: Section
    place: Place


@dataclass(frozen=True, slots=True)
class Draft:
    """One version of a service, in force from a day; `lost` are the names whose own text has a mistake."""

    servizio: str
    titolo: str
    since: date
    fonte: Fonte
    destinatario: str
    applies_on: str
    definizioni: dict[str, Definizione]
    requisiti: dict[str, Requisito]
    calcoli: dict[str, Calcolo]
    esiti: dict[str, Esito]
    coerenze: dict[str, Coerenza]
    esempi: tuple[Esempio, ...]
    document: Document
    place: Place
    lost: dict[str, tuple[str, Place]]


def parse(document: Document, since: date) -> tuple[Draft, list[Problem]]:
    """Read a version of a service, whose shape is already checked; what has a mistake is `lost`."""
    root, problems = document.root, list[Problem]()
    lost: dict[str, tuple[str, Place]] = {}
    fonte, found = parse_fonte(root)
    problems += found
    definizioni = _each(root, ("definizioni", "definizione"), _definizione, problems, lost)
    requisiti = _each(root, ("requisiti", "requisito"), _requisito, problems, lost)
    calcoli = _each(root, ("calcoli", "calcolo"), _calcolo, problems, lost)
    esiti = _each(root, ("esiti", "esito"), _esito, problems, lost)
    coerenze = _each(root, ("coerenze", "coerenza"), _coerenza, problems, {})
    esempi = [Esempio(key.value, node, key.place) for key, node in _sections(root.get("esempi"))]
    return Draft(
        root.text("servizio"),
        root.text("titolo"),
        since,
        fonte,
        root.text("destinatario"),
        root.text("si applica il"),
        definizioni,
        requisiti,
        calcoli,
        esiti,
        coerenze,
        tuple(esempi),
        document,
        root.place_of("servizio"),
        lost,
    ), problems


def _sections(node: Node | None) -> list[tuple[Text, Section]]:
    entries = node.entries if isinstance(node, Section) else ()
    return [(key, value) for key, value in entries if isinstance(value, Section)]


def _each(
    root: Section,
    part: tuple[str, str],
    read: Callable[[Text, Section, list[Problem]], T | None],
    problems: list[Problem],
    lost: dict[str, tuple[str, Place]],
) -> dict[str, T]:
    """Read every item of a part; one with a mistake is lost, and so is nothing else."""
    read_well, (section, kind) = {}, part
    for key, node in _sections(root.get(section)):
        before = len(problems)
        value = read(key, node, problems)
        if value is not None and len(problems) == before:
            read_well[key.value] = value
        else:
            lost[key.value] = kind, key.place
    return read_well


def _condition(node: Section, key: str, problems: list[Problem]) -> Condition | None:
    value = node.get(key)
    if value is None:
        return None
    condition, found = parse_condition(value)
    problems += found
    return condition


def _fonte(node: Section, problems: list[Problem]) -> Fonte:
    fonte, found = parse_fonte(node)
    problems += found
    return fonte


def _words(node: Section, key: str) -> tuple[Word, ...]:
    items = node.get(key)
    if not isinstance(items, Items):
        return ()
    return tuple(Word(item.value, item.place) for item in items.items if isinstance(item, Text))


def _line(node: Section, key: str) -> Text | None:
    value = node.get(key)
    return value if isinstance(value, Text) else None


def _definizione(key: Text, node: Section, problems: list[Problem]) -> Definizione | None:
    fonte, condition = _fonte(node, problems), _condition(node, "se", problems)
    if condition is None:
        return None
    return Definizione(key.value, node.text("titolo"), fonte, condition, key.place)


def _requisito(key: Text, node: Section, problems: list[Problem]) -> Requisito | None:
    fonte, condition = _fonte(node, problems), _condition(node, "se", problems)
    guard = _condition(node, "solo se", problems)
    if condition is None:
        return None
    reasons = _line(node, "motivo se sì"), _line(node, "motivo se no")
    return Requisito(key.value, node.text("titolo"), fonte, condition, guard, *reasons, key.place)


def _calcolo(key: Text, node: Section, problems: list[Problem]) -> Calcolo | None:
    text, rows, voce = _line(node, "calcolo"), _line(node, "tabella"), _line(node, "per ogni")
    if (text is None) == (rows is None):
        problems.append(problem("calcolo.expression_or_table", key.place))
        return None
    expression = tabella = None
    if text is not None:
        expression, found = parse_expression(text)
        problems += found
    if rows is not None:
        tabella, found = parse_table(rows, node.text("colpo") or POLICIES[0])
        problems += found
    fonte = _fonte(node, problems) if node.get("fonte") else None
    if rows is not None and fonte is None:
        problems.append(problem("fonte.missing", key.place))
    return Calcolo(
        key.value,
        node.text("titolo") or key.value.replace("_", " "),
        expression,
        tabella,
        text.value if text else "",
        Word(voce.value, voce.place) if voce else None,
        _line(node, "se non si applica"),
        _line(node, "arrotonda"),
        _line(node, "tipo"),
        node.text("unità"),
        fonte,
        key.place,
    )


def _esito(key: Text, node: Section, problems: list[Problem]) -> Esito:
    fonte = _fonte(node, problems)
    lists = _words(node, "richiede"), _words(node, "importi"), _words(node, "qualifiche")
    flags = node.text("altrimenti") == "sì", node.text("istruttoria completa") == "sì"
    return Esito(key.value, node.text("titolo") or key.value.replace("_", " "), fonte, *lists, *flags, key.place)


def _coerenza(key: Text, node: Section, problems: list[Problem]) -> Coerenza | None:
    condition, warning = _condition(node, "se", problems), _line(node, "avviso")
    return Coerenza(key.value, condition, warning, key.place) if condition and warning else None
