"""Evaluation: what the rules of a day say of a family, given what is known about it.

A completion gives every campo a value. The possible outcomes are those that some completion gives:
one alone is certain, however much is missing. `missing` are the campi for which two completions that
differ in that campo alone give different outcomes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from engine.answers import Answers, Elenco
from engine.campo import Campo
from engine.case import Case
from engine.diagram import Diagram, TooLarge, build
from engine.importo import Importo, importo
from engine.parametro import Period
from engine.plain import NOT_DUE, Plain, conjunction, disjunction, negation
from engine.questions import next_questions
from engine.reach import reach
from engine.servizio import Esito, Servizio
from engine.witness import certified

TO_COMPLETE = "da_integrare"
JUDGEMENT = "valutazione_professionale"
TO_CONFIRM = "da_confermare"
STATES = (TO_COMPLETE, JUDGEMENT, TO_CONFIRM)

TRUE, FALSE, UNKNOWN, INAPPLICABLE = "vero", "falso", "ignoto", "non_applicabile"


class NotInForce(LookupError):
    """No version of the service governs that day."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The value of a requisito or of a definizione, and the campi that would settle it."""

    value: str
    missing: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The advice of the rules; nothing takes effect until a person confirms it.

    `esito` is an esito of the service, or one of STATES. `rests_on` names the parametri not confirmed on
    which the outcome (`esito`) or an amount (its name) rests. Not `exact`: `possible` and `missing` may
    hold more than they should, never less.
    """

    servizio: Servizio
    on: date
    answers: Answers
    esito: str
    possible: tuple[str, ...]
    missing: tuple[str, ...]
    next_questions: tuple[str, ...]
    requisiti: Mapping[str, Verdict]
    qualifiche: Mapping[str, Verdict]
    importi: Mapping[str, Importo]
    missing_for_importo: tuple[str, ...]
    rests_on: Mapping[str, tuple[str, ...]]
    warnings: tuple[str, ...]
    exact: bool
    plain: Plain = field(repr=False, compare=False)


def evaluate(servizio: Servizio, answers: Answers, on: date) -> Evaluation:
    """Evaluate a family on a day; raise NotInForce if this version does not govern that day."""
    if not servizio.in_force(on):
        raise NotInForce(servizio.name, on)
    return _Evaluator(servizio, answers, on).evaluation()


class _Evaluator:
    """One evaluation: the plain evaluator first, the diagram where it is not certain."""

    def __init__(self, servizio: Servizio, answers: Answers, on: date) -> None:
        self.servizio = servizio
        self.answers = answers
        self.on = on
        self.plain = Plain(servizio, on, answers)
        self.case = Case(servizio, on, answers)
        self.exact = True

    def evaluation(self) -> Evaluation:
        possible, subjects, diagram = self.outcome()
        missing = self.in_order(name for name in subjects if not name.startswith("?"))
        requisiti = {name: self.requisito(name) for name in self.servizio.requisiti}
        names = [q for esito in self.servizio.esiti if esito.name in possible for q in esito.qualifiche]
        qualifiche = {name: self.definizione(name) for name in dict.fromkeys(names)}
        importi = self.importi(possible)
        for_importo = self.in_order({campo for amount in importi.values() for campo in amount.missing} - set(missing))
        asked = missing or for_importo
        return Evaluation(
            self.servizio,
            self.on,
            self.answers,
            self.state(possible, missing),
            possible,
            missing,
            next_questions(self.plain, diagram, asked) if asked else (),
            requisiti,
            qualifiche,
            importi,
            for_importo,
            self.rests_on(subjects, importi),
            tuple(c.warning for c in self.servizio.coerenze if self.plain.truth(c.clause) is False),
            self.exact,
            self.plain,
        )

    def outcome(self) -> tuple[tuple[str, ...], frozenset[str], Diagram | None]:
        """Return the possible outcomes in the order of the rules, and what they depend on (parametri with `?`)."""
        certain = self.kleene(self.plain)
        if len(certain) == 1:
            return certain, frozenset(), None
        try:
            decisions = self.case.esiti()
            diagram = build(self.case.formulas, decisions)
        except TooLarge:
            self.exact = False
            return certain, self.unsettled(), None
        self.exact = not self.case.inexact and (not diagram.derived or certified(diagram, decisions))
        possible = tuple(esito.name for esito in self.servizio.esiti if esito.name in diagram.outcomes)
        return possible, self.subjects(diagram), diagram

    def subjects(self, diagram: Diagram) -> frozenset[str]:
        found = (self.case.formulas.variables[number] for number in diagram.support)
        return frozenset("?" + v.subject if v.hypothesis else v.subject for v in found)

    def kleene(self, plain: Plain) -> tuple[str, ...]:
        """Return the outcomes that three-valued logic cannot exclude."""
        *firsts, otherwise = self.servizio.esiti
        found = []
        for esito in firsts:
            holds = self.holds(esito, plain)
            found += [esito.name] if holds is not False else []
            if holds is True:
                return tuple(found)
        return (*found, otherwise.name)

    def holds(self, esito: Esito, plain: Plain) -> bool | None:
        return conjunction(self.satisfied(name, plain) for name in esito.requires)

    def satisfied(self, name: str, plain: Plain) -> bool | None:
        if name in self.servizio.definizioni:
            return plain.truth(self.servizio.definizioni[name].clause)
        requisito = self.servizio.requisiti[name]
        applies = True if requisito.guard is None else plain.truth(requisito.guard)
        return disjunction([negation(applies), plain.truth(requisito.clause)])

    def state(self, possible: tuple[str, ...], missing: tuple[str, ...]) -> str:
        if len(possible) == 1:
            return possible[0]
        if not missing:
            return TO_CONFIRM
        return JUDGEMENT if all(self.campo(path).judgement for path in missing) else TO_COMPLETE

    def campo(self, path: str) -> Campo:
        return campo_of(self.servizio.campi, path)

    def in_order(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Put paths in the order of the form, members after their elenco in the order in which they were given."""
        order = {name: index for index, name in enumerate(self.servizio.order)}
        members = {
            f"{n}/{m}": i
            for n, e in self.answers.values.items()
            if isinstance(e, Elenco)
            for i, m in enumerate(e.members)
        }

        def position(path: str) -> tuple[int, int, int, str]:
            name, _, rest = path.partition("/")
            inner = list(self.servizio.campi[name].campi) if rest else []
            last = path.rpartition("/")[2]
            place = inner.index(last) if last in inner else -1
            return order.get(name, len(order)), members.get(path.rpartition("/")[0], -1), place, path

        return tuple(sorted(paths, key=position))

    def requisito(self, name: str) -> Verdict:
        requisito = self.servizio.requisiti[name]
        applies = True if requisito.guard is None else self.plain.truth(requisito.guard)
        if applies is False:
            return Verdict(INAPPLICABLE)
        holds = self.plain.truth(requisito.clause)
        if applies and holds is not None:
            return Verdict(TRUE if holds else FALSE)
        return self.verdict(lambda: build(self.case.formulas, self.case.requisito(name)))

    def definizione(self, name: str) -> Verdict:
        holds = self.plain.truth(self.servizio.definizioni[name].clause)
        if holds is not None:
            return Verdict(TRUE if holds else FALSE)
        return self.verdict(lambda: build(self.case.formulas, self.case.truth(self.case.definizione(name))))

    def verdict(self, make: Callable[[], Diagram]) -> Verdict:
        try:
            diagram = make()
        except TooLarge:
            subjects, value = self.unsettled(), UNKNOWN
        else:
            subjects = self.subjects(diagram)
            value = next(iter(diagram.outcomes)) if len(diagram.outcomes) == 1 else UNKNOWN
        missing = self.in_order(name for name in subjects if not name.startswith("?"))
        return Verdict(value, missing, tuple(sorted(name[1:] for name in subjects if name.startswith("?"))))

    def unsettled(self) -> frozenset[str]:
        """Return all that has no answer, and all that the law leaves open: what may matter in a case too large."""
        known = self.answers.values
        elenchi = {name: value for name, value in known.items() if isinstance(value, Elenco)}
        found = {name for name in self.servizio.order if name not in known}
        found |= {name for name, elenco in elenchi.items() if not elenco.complete}
        for name, elenco in elenchi.items():
            for member, fields in elenco.members.items():
                found |= {
                    f"{name}/{member}/{inner}" for inner in self.servizio.campi[name].campi if inner not in fields
                }
        return frozenset(found | {f"?{name}" for name in self.servizio.parametri if _open(self.plain.period(name))})

    def importi(self, possible: tuple[str, ...]) -> dict[str, Importo]:
        esiti: dict[str, list[str]] = {}
        for esito in self.servizio.esiti:
            for name in esito.importi if esito.name in possible else ():
                esiti.setdefault(name, []).append(esito.name)
        found = ((name, self.importo(among, name)) for name, among in esiti.items())
        return {name: amount for name, amount in found if amount is not None}

    def importo(self, esiti: Sequence[str], name: str) -> Importo | None:
        worth = self.plain.worth(name)
        if isinstance(worth, Fraction):
            return Importo(name, worth, worth)
        if worth is NOT_DUE:
            return Importo(name, Fraction(0), Fraction(0), not_due=True)
        try:
            return importo(self.case, esiti, name)
        except TooLarge:
            missing = frozenset(subject for subject in self.unsettled() if not subject.startswith("?"))
            open_names = frozenset(subject[1:] for subject in self.unsettled() - missing)
            return Importo(name, -math.inf, math.inf, missing, open_names, not_due=True, exact=False)

    def rests_on(self, subjects: frozenset[str], importi: Mapping[str, Importo]) -> dict[str, tuple[str, ...]]:
        """Return what is not confirmed: for the outcome, where freeing it would change it; for amounts, where used."""
        open_names = {name[1:] for name in subjects if name.startswith("?")}
        waiting = [name for name in self.unconfirmed() if name not in open_names]
        outcome = [
            name for name in self.servizio.parametri if name in open_names or (name in waiting and self.matters(name))
        ]
        rests = {"esito": tuple(outcome)} if outcome else {}
        for name, amount in importi.items():
            used = parametri_of(self.servizio, name)
            found = tuple(
                p for p in self.servizio.parametri if p in amount.hypotheses or (p in used and p in self.unconfirmed())
            )
            rests.update({name: found} if found else {})
        return rests

    def unconfirmed(self) -> list[str]:
        return [name for name in self.servizio.parametri if not self.plain.period(name).fonte.confirmed]

    def matters(self, parametro: str) -> bool:
        """Whether two values of a parametro, all else equal, give different outcomes."""
        freed = Plain(self.servizio, self.on, self.answers, {parametro: None})
        if len(self.kleene(freed)) == 1:
            return False
        case = Case(self.servizio, self.on, self.answers, frozenset({parametro}))
        try:
            diagram = build(case.formulas, case.esiti())
        except TooLarge:
            return True
        return any(
            case.formulas.variables[n].subject == parametro
            for n in diagram.support
            if case.formulas.variables[n].hypothesis
        )


def campo_of(campi: Mapping[str, Campo], path: str) -> Campo:
    """Return the campo of a path: a campo, or elenco/member/campo."""
    name, *rest = path.split("/")
    return campi[name].campi[rest[-1]] if rest else campi[name]


def _open(period: Period) -> bool:
    """Whether the law leaves the value of a parametro open."""
    return period.unknown or len(period.alternatives) > 1 or any(len(results) > 1 for results in period.results)


def parametri_of(servizio: Servizio, name: str) -> frozenset[str]:
    """Return the parametri that a calcolo uses, through other calcoli and tables too."""
    return frozenset(found for found in reach(servizio, name) if found in servizio.parametri)
