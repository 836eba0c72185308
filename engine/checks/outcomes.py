"""Outcomes: every esito can be reached, and only with a requisito; every requisito decides something."""

from __future__ import annotations

from collections.abc import Iterator

from engine.case import Case
from engine.checks.cases import cases, patiently, satisfiable, witness
from engine.checks.whole import Version, Whole
from engine.checks.words import placeholders
from engine.clause import Clause
from engine.diagram import BUDGET, build
from engine.formula import Formula
from engine.problem import Problem, problem
from engine.servizio import Esito, Servizio


def check_outcomes(whole: Whole) -> list[Problem]:
    """Return the problems of the esiti, and what leads to none."""
    found: list[Problem] = []
    for version in whole.every():
        found += [] if version.routing else _last(version)
    for version, servizio in whole.sound():
        if version.routing:
            continue
        found += _unused(version, servizio)
        if not any(True for _ in _last(version)):
            on_days = cases(servizio)
            found += patiently(_unreached(version, servizio, on_days))
            found += patiently(_without_requisito(version, servizio, on_days))
            found += patiently(_never_decides(version, servizio, on_days))
    return found


def _last(version: Version) -> Iterator[Problem]:
    """Yield what is wrong with the order of the esiti."""
    draft = version.draft
    if any(kind == "esito" for kind, _ in draft.lost.values()):
        return
    if not draft.esiti:
        yield problem("outcomes.none", draft.place)
        return
    *others, last = draft.esiti.values()
    for esito in others:
        if esito.otherwise:
            yield problem("outcomes.otherwise_early", esito.place, name=esito.name)
    if not last.otherwise:
        yield problem("outcomes.no_otherwise", last.place, name=last.name)


def _unused(version: Version, servizio: Servizio) -> Iterator[Problem]:
    used = version.used | placeholders(version.draft)
    for kind, part in (("definizione", servizio.definizioni), ("calcolo", servizio.calcoli)):
        for item in part.values():
            if item.name not in used:
                yield problem("outcomes.unused", item.place, name=item.name, kind=kind)
    required = {name for esito in servizio.esiti for name in esito.requires}
    for requisito in servizio.requisiti.values():
        if requisito.name not in required:
            yield problem("outcomes.unrequired", requisito.place, name=requisito.name)


def _unreached(version: Version, servizio: Servizio, on_days: list[Case]) -> Iterator[Problem]:
    reached: set[str] = set()
    for case in on_days:
        reached |= build(case.formulas, case.esiti(), BUDGET).outcomes
    for esito in servizio.esiti if on_days else ():
        if esito.name not in reached:
            yield problem("outcomes.unreached", version.draft.esiti[esito.name].place, name=esito.name)


def _without_requisito(version: Version, servizio: Servizio, on_days: list[Case]) -> Iterator[Problem]:
    """Yield the esiti that a family may get although none of their requisiti concerns it."""
    for esito in servizio.esiti:
        guards = _guards(servizio, esito)
        for case in on_days if guards else ():
            first = case.firsts()[esito.name]
            none = [case.formulas.negate(case.clause(guard)) for guard in guards]
            example = witness(case, case.formulas.both([first, *none]))
            if example:
                places = [servizio.requisiti[name].place for name in esito.requires]
                place = version.draft.esiti[esito.name].place
                yield problem("outcomes.no_requisito", place, *places, name=esito.name, example=example)
                break


def _guards(servizio: Servizio, esito: Esito) -> list[Clause]:
    """Return the guards of all that an esito requires; none if some of it concerns everyone."""
    requisiti = [servizio.requisiti.get(name) for name in esito.requires]
    guards = [requisito.guard for requisito in requisiti if requisito is not None and requisito.guard is not None]
    return guards if len(guards) == len(requisiti) else []


def _never_decides(version: Version, servizio: Servizio, on_days: list[Case]) -> Iterator[Problem]:
    """Yield the requisiti without which every family would get the same esito."""
    required = {name for esito in servizio.esiti for name in esito.requires}
    for requisito in servizio.requisiti.values():
        differs = (satisfiable(case, _differs(case, requisito.name)) for case in on_days)
        if requisito.name in required and on_days and not any(differs):
            yield problem("outcomes.never_decides", requisito.place, name=requisito.name)


def _differs(case: Case, without: str) -> Formula:
    """Return when the esito would be another without a requisito."""
    pairs = zip(case.firsts().values(), case.firsts(without).values(), strict=True)
    return case.formulas.either(case.formulas.both([a, case.formulas.negate(b)]) for a, b in pairs)
