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
from functools import cached_property
from typing import Any

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
    decided: Decided = field(repr=False, compare=False)
    plain: Plain = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Decided:
    """What an Evaluation says apart from its amounts: the same for families in the same situation.

    `said` keeps the words for it, made once.
    """

    possible: tuple[str, ...]
    missing: tuple[str, ...]
    next_questions: tuple[str, ...]
    requisiti: Mapping[str, Verdict]
    qualifiche: Mapping[str, Verdict]
    rests_on: tuple[str, ...]
    warnings: tuple[str, ...]
    exact: bool
    said: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


def evaluate(servizio: Servizio, answers: Answers, on: date) -> Evaluation:
    """Evaluate a family on a day; raise NotInForce if this version does not govern that day."""
    evaluator = Evaluator(servizio, answers, on)
    decided = evaluator.decided()
    return evaluator.evaluation(decided, evaluator.importi(decided.possible))


class Evaluator:
    """One evaluation: the plain evaluator first, the diagram where it is not certain.

    Raises NotInForce if the version does not govern that day.
    """

    def __init__(
        self, servizio: Servizio, answers: Answers, on: date, used: dict[str, tuple[str, ...]] | None = None
    ) -> None:
        if not servizio.in_force(on):
            raise NotInForce(servizio.name, on)
        self.servizio = servizio
        self.answers = answers
        self.on = on
        self.plain = Plain(servizio, on, answers)
        self.exact = True
        #: The parametri not confirmed that each amount uses: the same for every family on a day.
        self.used = {} if used is None else used

    @cached_property
    def case(self) -> Case:
        """The formulas over what is not known."""
        return Case(self.servizio, self.on, self.answers)

    def evaluation(self, decided: Decided, amounts: Mapping[str, Importo]) -> Evaluation:
        """Return the evaluation made of what is decided and of the amounts."""
        missing = decided.missing
        lacking = {campo for amount in amounts.values() for campo in amount.missing} - set(missing)
        for_importo = self._in_order(lacking) if lacking else ()
        following = decided.next_questions
        if not missing and for_importo:
            following = next_questions(self.plain, None, for_importo)
        return Evaluation(
            self.servizio,
            self.on,
            self.answers,
            self._state(decided.possible, missing),
            decided.possible,
            missing,
            following,
            decided.requisiti,
            decided.qualifiche,
            amounts,
            for_importo,
            self._rests_on(decided.rests_on, amounts),
            decided.warnings,
            decided.exact,
            decided,
            self.plain,
        )

    def decided(self) -> Decided:
        """Return the outcome and what it rests on."""
        possible, subjects, diagram = self._outcome()
        missing = self._in_order(name for name in subjects if not name.startswith("?"))
        requisiti = {name: self._requisito(name) for name in self.servizio.requisiti}
        names = [q for esito in self.servizio.esiti if esito.name in possible for q in esito.qualifiche]
        qualifiche = {name: self._definizione(name) for name in dict.fromkeys(names)}
        following = next_questions(self.plain, diagram, missing) if missing else ()
        rests_on = self._outcome_rests_on(subjects)
        warnings = tuple(c.warning for c in self.servizio.coerenze if self.plain.truth(c.clause) is False)
        return Decided(possible, missing, following, requisiti, qualifiche, rests_on, warnings, self.exact)

    def _outcome(self) -> tuple[tuple[str, ...], frozenset[str], Diagram | None]:
        """Return the possible outcomes in the order of the rules, and what they depend on (parametri with `?`)."""
        certain = self._kleene(self.plain)
        if len(certain) == 1:
            return certain, frozenset(), None
        try:
            decisions = self.case.esiti()
            diagram = build(self.case.formulas, decisions)
        except TooLarge:
            self.exact = False
            return certain, self._unsettled(), None
        self.exact = not self.case.inexact and (not diagram.derived or certified(diagram, decisions))
        possible = tuple(esito.name for esito in self.servizio.esiti if esito.name in diagram.outcomes)
        return possible, self._subjects(diagram), diagram

    def _subjects(self, diagram: Diagram) -> frozenset[str]:
        found = (self.case.formulas.variables[number] for number in diagram.support)
        return frozenset("?" + v.subject if v.hypothesis else v.subject for v in found)

    def _kleene(self, plain: Plain) -> tuple[str, ...]:
        """Return the outcomes that three-valued logic cannot exclude."""
        *firsts, otherwise = self.servizio.esiti
        found = []
        for esito in firsts:
            holds = self._holds(esito, plain)
            found += [esito.name] if holds is not False else []
            if holds is True:
                return tuple(found)
        return (*found, otherwise.name)

    def _holds(self, esito: Esito, plain: Plain) -> bool | None:
        return conjunction(self._satisfied(name, plain) for name in esito.requires)

    def _satisfied(self, name: str, plain: Plain) -> bool | None:
        if name in self.servizio.definizioni:
            return plain.truth(self.servizio.definizioni[name].clause)
        requisito = self.servizio.requisiti[name]
        applies = True if requisito.guard is None else plain.truth(requisito.guard)
        return disjunction([negation(applies), plain.truth(requisito.clause)])

    def _state(self, possible: tuple[str, ...], missing: tuple[str, ...]) -> str:
        if len(possible) == 1:
            return possible[0]
        if not missing:
            return TO_CONFIRM
        return JUDGEMENT if all(self._campo(path).judgement for path in missing) else TO_COMPLETE

    def _campo(self, path: str) -> Campo:
        return campo_of(self.servizio.campi, path)

    def _in_order(self, paths: Iterable[str]) -> tuple[str, ...]:
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

    def _requisito(self, name: str) -> Verdict:
        requisito = self.servizio.requisiti[name]
        applies = True if requisito.guard is None else self.plain.truth(requisito.guard)
        if applies is False:
            return Verdict(INAPPLICABLE)
        holds = self.plain.truth(requisito.clause)
        if applies and holds is not None:
            return Verdict(TRUE if holds else FALSE)
        return self._verdict(lambda: build(self.case.formulas, self.case.requisito(name)))

    def _definizione(self, name: str) -> Verdict:
        holds = self.plain.truth(self.servizio.definizioni[name].clause)
        if holds is not None:
            return Verdict(TRUE if holds else FALSE)
        return self._verdict(lambda: build(self.case.formulas, self.case.truth(self.case.definizione(name))))

    def _verdict(self, make: Callable[[], Diagram]) -> Verdict:
        try:
            diagram = make()
        except TooLarge:
            subjects, value = self._unsettled(), UNKNOWN
        else:
            subjects = self._subjects(diagram)
            value = next(iter(diagram.outcomes)) if len(diagram.outcomes) == 1 else UNKNOWN
        missing = self._in_order(name for name in subjects if not name.startswith("?"))
        return Verdict(value, missing, tuple(sorted(name[1:] for name in subjects if name.startswith("?"))))

    def _unsettled(self) -> frozenset[str]:
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
        """Return the amounts of the possible esiti."""
        esiti: dict[str, list[str]] = {}
        for esito in self.servizio.esiti:
            for name in esito.importi if esito.name in possible else ():
                esiti.setdefault(name, []).append(esito.name)
        found: dict[str, Importo] = {}
        for name, among in esiti.items():
            worth = self.plain.worth(name)
            if isinstance(worth, Fraction):
                found[name] = Importo(name, worth, worth)
            elif worth is NOT_DUE:
                found[name] = Importo(name, Fraction(0), Fraction(0), not_due=True)
            elif (amount := self._importo(among, name)) is not None:
                found[name] = amount
        return found

    def _importo(self, esiti: Sequence[str], name: str) -> Importo | None:
        """Return an amount that is not one number, over the completions that give one of the esiti."""
        try:
            return importo(self.case, esiti, name)
        except TooLarge:
            missing = frozenset(subject for subject in self._unsettled() if not subject.startswith("?"))
            open_names = frozenset(subject[1:] for subject in self._unsettled() - missing)
            return Importo(name, -math.inf, math.inf, missing, open_names, not_due=True, exact=False)

    def _outcome_rests_on(self, subjects: frozenset[str]) -> tuple[str, ...]:
        """Return the parametri not confirmed on which the outcome rests: where freeing one would change it."""
        open_names = {name[1:] for name in subjects if name.startswith("?")}
        waiting = [name for name in self._unconfirmed if name not in open_names]
        return tuple(
            name for name in self.servizio.parametri if name in open_names or (name in waiting and self._matters(name))
        )

    def _rests_on(self, outcome: tuple[str, ...], importi: Mapping[str, Importo]) -> dict[str, tuple[str, ...]]:
        """Return what is not confirmed: on which the outcome rests, and, for amounts, what they use."""
        rests = {"esito": outcome} if outcome else {}
        for name, amount in importi.items():
            if name not in self.used:
                self.used[name] = tuple(p for p in self._unconfirmed if p in parametri_of(self.servizio, name))
            found = self.used[name]
            if not amount.hypotheses <= set(found):
                found = tuple(p for p in self.servizio.parametri if p in amount.hypotheses or p in self.used[name])
            rests.update({name: found} if found else {})
        return rests

    @cached_property
    def _unconfirmed(self) -> list[str]:
        """The parametri whose value nobody has confirmed yet."""
        return [name for name in self.servizio.parametri if not self.plain.period(name).fonte.confirmed]

    def _matters(self, parametro: str) -> bool:
        """Whether two values of a parametro, all else equal, give different outcomes."""
        freed = Plain(self.servizio, self.on, self.answers, {parametro: None})
        if len(self._kleene(freed)) == 1:
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
