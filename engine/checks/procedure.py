"""Procedure: every name is known and used, every condition can hold, every lettera has its template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import combinations, islice, product

from engine.atto import TO_CONFIRM
from engine.checks.terms import check_termini
from engine.checks.whole import Whole
from engine.condition import Word, split_words
from engine.document import Section, Text
from engine.problem import Place, Problem, problem, suggestion
from engine.procedura import (
    ADVICE,
    FASE,
    LETTERA,
    NOT,
    NOTICE,
    STATES,
    TERMINE,
    Fase,
    Lettera,
    Procedura,
    Sospensione,
    canonical,
)

#: What the rule engine behind a procedura can take: conditions that look at one name.
USES = 60
#: More ways than this are not followed: the condition is taken to be one that can hold.
FOLLOWED = 500
#: What a certain advice of `motivi ostativi` leaves out.
UNCERTAIN = tuple(canonical(state) for state in ADVICE if state != "esito certo")

Bases = dict[str, list[frozenset[str]]]


def check_procedure(whole: Whole) -> list[Problem]:
    """Return the problems of every procedura."""
    found: list[Problem] = []
    for procedura in whole.procedure.values():
        if procedura.servizio not in whole.services:
            found.append(problem("procedure.no_service", procedura.place, name=procedura.servizio))
        found += _conditions(procedura)
        found += _uses(procedura)
        found += _events(procedura)
        found += _possible(procedura)
        found += _letters(procedura, whole.letters)
        found += check_termini(procedura, whole.law)
        found += _sheet(procedura, whole)
        found += _notice(procedura)
    return found


def shown(literal: str) -> str:
    """Return a name as it is written in the file."""
    said = literal.replace(FASE, "fase ").replace(LETTERA, "lettera ").replace(NOT, "non ")
    states = {canonical(state): state for state in STATES}
    head, _, name = said.rpartition(" ")
    return " ".join(filter(None, (head, states.get(name, name))))


# Names


def _conditions(procedura: Procedura) -> Iterator[Problem]:
    """Yield what the conditions name that is nothing."""
    names = [*procedura.eventi, *STATES]
    names += [f"fase {name}" for name in procedura.fasi] + [f"lettera {name}" for name in procedura.lettere]
    known = {*procedura.eventi, *map(canonical, STATES), *(k for k in procedura.rules if k.startswith((FASE, LETTERA)))}
    items: list[Fase | Lettera] = [*procedura.fasi.values(), *procedura.lettere.values()]
    for item in items:
        for word in item.when.words:
            name = word.text.removeprefix(NOT)
            if name not in known and name.rpartition(":")[2] not in procedura.lost:
                said = shown(name)
                yield problem("procedure.unknown", word.place, name=said, hint=suggestion(said, names))


def _uses(procedura: Procedura) -> Iterator[Problem]:
    """Yield the names that too many conditions look at."""
    uses: dict[str, int] = {}
    places = _places(procedura)
    listed = ((item, name) for item, when in procedura.rules.items() for way in when.ways for name in sorted(way))
    for item, name in listed:
        uses[name] = uses.get(name, 0) + 1
        if uses[name] == USES + 1:
            yield problem("procedure.too_many_uses", places[item], name=shown(name), most=USES)


def _event_words(procedura: Procedura) -> Iterator[Word]:
    """Yield every place where only an event may stand."""
    yield from (fase.closed_by for fase in procedura.fasi.values() if fase.closed_by)
    yield from (lettera.sent_by for lettera in procedura.lettere.values())
    for termine in procedura.termini.values():
        yield from (termine.starts, termine.stops)
        for sospensione in termine.sospensioni:
            yield from (sospensione.since, sospensione.until)


def _events(procedura: Procedura) -> Iterator[Problem]:
    """Yield the events that are not there, those that nothing uses, and those called as a state."""
    used = {name.removeprefix(NOT) for when in procedura.rules.values() for way in when.ways for name in way}
    for word in _event_words(procedura):
        used.add(word.text)
        if word.text not in procedura.eventi and word.text not in procedura.lost:
            hint = suggestion(word.text, procedura.eventi)
            yield problem("procedure.unknown_event", word.place, name=word.text, hint=hint)
    eventi = procedura.document.root.get("eventi")
    for key, _ in eventi.entries if isinstance(eventi, Section) else ():
        if key.value in map(canonical, STATES):
            yield problem("procedure.event_state", key.place, name=key.value)
        elif key.value not in used and not procedura.lost:
            yield problem("procedure.unused_event", key.place, name=key.value)


# What can hold


def _possible(procedura: Procedura) -> Iterator[Problem]:
    """Yield the conditions that go in circles, or else those that can never hold."""
    rules = procedura.rules
    needs = {name: {n for way in when.ways for n in way if n in rules} for name, when in rules.items()}
    places = _places(procedura)
    try:
        order = [*TopologicalSorter(needs).static_order()]
    except CycleError as error:
        path = error.args[1]
        yield problem("procedure.cycle", places[path[0]], path=" → ".join(map(shown, reversed(path))))
        return
    bases: Bases = {}
    for name in order:
        ways = rules[name].ways
        bases[name] = list(islice((b for way in ways for b in _based(way, bases)), FOLLOWED))
        if ways and not bases[name] and all(bases[other] for other in needs[name]):
            one, two = _clash(ways[0], bases)
            yield problem("procedure.never", places[name], name=shown(name), one=shown(one), two=shown(two))


def _places(procedura: Procedura) -> Mapping[str, Place]:
    fasi = {f"{FASE}{fase.name}": fase.place for fase in procedura.fasi.values()}
    termini = {f"{TERMINE}{termine.name}": termine.place for termine in procedura.termini.values()}
    return fasi | termini | {f"{LETTERA}{lettera.name}": lettera.place for lettera in procedura.lettere.values()}


def _based(way: frozenset[str], bases: Bases) -> Iterator[frozenset[str]]:
    """Yield what a way comes down to, names from outside only, where it does not contradict itself."""
    plain = frozenset(name for name in way if name not in bases)
    for chosen in product(*(bases[name] for name in sorted(way & bases.keys()))):
        whole = plain.union(*chosen)
        if not any(_excludes(one, two) for one, two in combinations(sorted(whole), 2)):
            yield whole


def _clash(way: frozenset[str], bases: Bases) -> tuple[str, str]:
    """Return two names of a way that exclude each other."""
    plain = frozenset(name for name in way if name not in bases)
    whole = sorted(plain.union(*(bases[name][0] for name in way & bases.keys())))
    return next(pair for pair in combinations(whole, 2) if _excludes(*pair))


def _excludes(one: str, two: str) -> bool:
    advice = {canonical(state) for state in ADVICE}
    denied = one == NOT + two or two == NOT + one
    ostativi = {one, two} & set(UNCERTAIN) and "motivi_ostativi" in (one, two)
    return denied or {one, two} <= advice or bool(ostativi)


# Letters, the sheet, the notice


def _letters(procedura: Procedura, templates: frozenset[str]) -> Iterator[Problem]:
    """Yield the lettere that have no template; a folder without any has not been begun yet."""
    for lettera in procedura.lettere.values():
        if templates and lettera.name not in templates:
            hint = suggestion(lettera.name, templates)
            yield problem("procedure.no_template", lettera.place, name=lettera.name, hint=hint)


def _sheet(procedura: Procedura, whole: Whole) -> Iterator[Problem]:
    """Yield what the sheet cites that is not there."""
    sheet, law = procedura.document.root.get("scheda"), whole.law
    days, norme = (sheet.get(key) if isinstance(sheet, Section) else None for key in ("termine_in_giorni", "norme"))
    if isinstance(days, Text) and days.value != TO_CONFIRM and law.complete:
        parametro = law.parametri.get(days.value)
        if (parametro is None or parametro.tipo.unit != "giorni") and days.value not in law.lost:
            near = suggestion(days.value, [p.name for p in law.parametri.values() if p.tipo.unit == "giorni"])
            yield problem("procedure.sheet_days", days.place, name=days.value, hint=near)
    if isinstance(norme, Text) and norme.value != TO_CONFIRM and law.complete:
        for word in split_words(Word(norme.value, norme.place), ";"):
            act = word.text.partition(" ")[0]
            if act not in law.atti and act not in law.lost:
                yield problem("sources.unknown_act", word.place, atto=act, hint=suggestion(act, law.atti))


def _notice(procedura: Procedura) -> Iterator[Problem]:
    """Yield the notices of art. 10-bis in a ranking, to which it does not apply."""
    if not procedura.competitive:
        return
    items: list[Lettera | Sospensione] = [each for each in procedura.lettere.values() if each.name == NOTICE]
    items += [s for termine in procedura.termini.values() for s in termine.sospensioni if s.window]
    for item in items:
        yield problem("procedure.no_notice", item.place, name=item.name)
