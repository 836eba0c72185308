"""Parametri: a value on every day on which a rule uses it, and a set of values only where one is chosen."""

from __future__ import annotations

from collections.abc import Iterator

from engine.checks.whole import Version, Whole
from engine.condition import Comparison, Condition, leaves
from engine.parametro import Parametro
from engine.problem import Problem, problem
from engine.tabella import Tabella
from engine.tipo import show_day

CHOICES = ("è uno di", "non è uno di")


def check_parametri(whole: Whole) -> list[Problem]:
    """Return the problems of the parametri and of their uses."""
    found = [*_without_value(whole)]
    used = {name for version in whole.every() for name in version.used} | set(_of_procedure(whole))
    if whole.complete and whole.procedures_read:
        unused = [p for p in whole.law.parametri.values() if p.name not in used]
        found += [problem("parametri.unused", p.place, name=p.name) for p in unused]
    sets = {p.name: p for p in whole.law.parametri.values() if any(period.members for period in p.periods)}
    for version in whole.every():
        found += _sets(_comparisons(version), sets)
    for parametro in whole.law.parametri.values():
        for period in parametro.periods:
            found += _sets(_cells(period.tabella), sets)
    return found


def _of_procedure(whole: Whole) -> Iterator[str]:
    """Yield the parametri that measure the termini."""
    for procedura in whole.procedure.values():
        yield from (word.text for termine in procedura.termini.values() for word in termine.words())
        yield procedura.scheda.get("termine_in_giorni", "")


def _without_value(whole: Whole) -> Iterator[Problem]:
    """Yield the parametri that have no value yet when a version that uses them begins."""
    for version, servizio in whole.resolved():
        for parametro in servizio.parametri.values():
            if parametro.periods and parametro.at(servizio.since) is None:
                first = parametro.periods[0]
                data = {
                    "since": show_day(first.since),
                    "day": show_day(servizio.since),
                    "servizio": servizio.name,
                }
                place = version.draft.place
                yield problem("parametri.no_value", first.place, place, name=parametro.name, **data)


def _comparisons(version: Version) -> Iterator[Comparison]:
    draft = version.draft
    conditions: list[Condition] = [d.condition for d in draft.definizioni.values()]
    for requisito in draft.requisiti.values():
        conditions += [requisito.condition, *([requisito.guard] if requisito.guard else [])]
    conditions += [c.condition for c in draft.coerenze.values()]
    for condition in conditions:
        yield from (leaf.comparison for leaf in leaves(condition))
    for calcolo in draft.calcoli.values():
        yield from _cells(calcolo.tabella)


def _cells(tabella: Tabella | None) -> Iterator[Comparison]:
    for row in tabella.rows if tabella else ():
        for cell in row.cells:
            yield from cell.comparisons


def _sets(comparisons: Iterator[Comparison], sets: dict[str, Parametro]) -> Iterator[Problem]:
    for comparison in comparisons:
        for word in comparison.values:
            if word.text in sets and comparison.comparator not in CHOICES:
                place = sets[word.text].place
                data = {"name": word.text, "comparator": comparison.comparator}
                yield problem("parametri.set", word.place, place, **data)
