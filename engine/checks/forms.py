"""Forms: what a rule uses is asked, once its guard has been; what is asked is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.calcolo import Call, Day, Expression, Name, Operation
from engine.campo import Campo
from engine.checks.whole import Version, Whole
from engine.clause import Clause, Is, Joined, Table, Today
from engine.condition import Word
from engine.form import Form
from engine.problem import Place, Problem, problem, suggestion
from engine.servizio import Servizio
from engine.tabella import Tabella

#: The campi that something uses, with the place of the first use; those of members as `elenco/campo`.
Uses = dict[str, Place]


def check_forms(whole: Whole) -> list[Problem]:
    """Return what is asked in vain, what is never asked, and what is asked too early."""
    found = [*_unpaired(whole)]
    if not whole.law.complete:
        return found
    for form in whole.forms.values():
        found += _order(form, whole)
    by_service = {service: _of(versions, whole) for service, versions in whole.versions.items()}
    routing = _of(whole.routing, whole)
    for service, uses in by_service.items():
        if whole.known(service) and service in whole.forms:
            found += _asked(uses, whole.forms[service], whole)
            found += _unused({**uses, **routing}, whole.forms[service], whole)
    if whole.complete:
        found += _vocabolario(whole, {name for uses in (*by_service.values(), routing) for name in uses})
    return found


def _of(versions: Iterable[Version], whole: Whole) -> Uses:
    """Return what the versions use, and what the guards of that use in turn."""
    uses: Uses = {}
    for version in versions:
        for name, place in _closure(_uses(version), whole.law.guards):
            uses.setdefault(name, place)
    return uses


def _unpaired(whole: Whole) -> Iterator[Problem]:
    for service, versions in whole.versions.items():
        if versions and service not in whole.forms_named:
            yield problem("forms.no_form", versions[-1].draft.place, name=service)
    for name, form in whole.forms.items():
        if name not in whole.services:
            yield problem("forms.no_service", form.place, name=name, hint=suggestion(name, whole.services))


def _words(form: Form) -> list[Word]:
    return [word for page in form.pages for word in page.campi]


def _order(form: Form, whole: Whole) -> Iterator[Problem]:
    """Yield the campi that do not exist, and those asked before the campo that says whether to ask them."""
    words = _words(form)
    places = {word.text: index for index, word in enumerate(words)}
    known = {*whole.law.campi, *whole.law.lost}
    for index, word in enumerate(words):
        if word.text not in known:
            yield problem("forms.unknown", word.place, name=word.text, hint=suggestion(word.text, known))
        guard = whole.law.guards.get(word.text)
        for name, _ in _in_clause(guard, "") if guard else ():
            if places.get(name, -1) > index:
                other = words[places[name]].place
                yield problem("forms.order", word.place, other, name=word.text, guard=name)


def _asked(uses: Uses, form: Form, whole: Whole) -> Iterator[Problem]:
    words = _words(form)
    asked = {word.text for word in words}
    misspelt = [word for word in asked if word not in whole.law.campi]
    for name, place in uses.items():
        if any(suggestion(word, [name]) for word in misspelt):
            continue
        if "/" not in name and name not in asked:
            yield problem("forms.never_asked", place, form.place, name=name, file=form.place.source.name)


def _unused(uses: Uses, form: Form, whole: Whole) -> Iterator[Problem]:
    """Yield what a form asks and nothing uses; the way to a sportello is a use."""
    for word in _words(form) if whole.routed else ():
        if word.text not in uses and word.text in whole.law.campi:
            yield problem("forms.never_used", word.place, name=word.text)


def _vocabolario(whole: Whole, used: Iterable[str]) -> Iterator[Problem]:
    """Yield the campi that no service uses, nor the way to a sportello."""
    campi: dict[str, Campo] = dict(whole.law.campi)
    for name, campo in whole.law.campi.items():
        campi |= {f"{name}/{inner}": member for inner, member in campo.campi.items()}
    for name, campo in campi.items():
        if name not in used and name.partition("/")[0] in {*used, name}:
            yield problem("forms.unused_campo", campo.place, name=campo.name)


# What uses what


def _closure(uses: Uses, guards: Mapping[str, Clause]) -> Iterator[tuple[str, Place]]:
    """Yield what is used, and what their guards use in turn."""
    waiting, seen = list(uses.items()), set[str]()
    while waiting:
        name, place = waiting.pop(0)
        if name not in seen:
            seen.add(name)
            yield name, place
            waiting += _in_clause(guards[name], name.rpartition("/")[0]) if name in guards else ()


def _uses(version: Version) -> Uses:
    found: Uses = {}
    servizio = version.servizio
    if servizio is None:
        return found
    for name, place in _in_version(version, servizio):
        found.setdefault(name, place)
    today = servizio.applies_on.replace(" ", "_")
    return {name: place for name, place in found.items() if _is_campo(name, servizio) and name != today}


def _is_campo(name: str, servizio: Servizio) -> bool:
    elenco, _, inner = name.rpartition("/")
    if elenco:
        return elenco in servizio.campi and inner in servizio.campi[elenco].campi
    return inner in servizio.campi


def _in_version(version: Version, servizio: Servizio) -> Iterator[tuple[str, Place]]:
    for definizione in servizio.definizioni.values():
        yield from _in_clause(definizione.clause, "")
    for requisito in servizio.requisiti.values():
        for clause in (requisito.clause, requisito.guard):
            yield from _in_clause(clause, "") if clause else ()
    for coerenza in servizio.coerenze:
        yield from _in_clause(coerenza.clause, "")
    for calcolo in servizio.calcoli.values():
        members = servizio.campi[calcolo.elenco].campi if calcolo.elenco else {}
        prefix = {name: f"{calcolo.elenco}/{name}" for name in members}
        if calcolo.expression is not None:
            for name, place in _in_expression(calcolo.expression):
                yield prefix.get(name, name), place
        if calcolo.elenco:
            yield calcolo.elenco, calcolo.place
        tabella = version.draft.calcoli[calcolo.name].tabella
        yield from _in_table(calcolo.table, tabella, prefix)
    for (name, since), table in servizio.tables.items():
        period = servizio.parametri[name].at(since)
        yield from _in_table(table, period.tabella if period else None, {})


def _in_table(table: Table | None, tabella: Tabella | None, prefix: Mapping[str, str]) -> Iterator[tuple[str, Place]]:
    for word in tabella.columns if tabella else ():
        yield prefix.get(word.text, word.text), word.place
    for row in table.rows if table else ():
        operands = [operand for tests in row.tests for test in tests for operand in test.operands]
        yield from ((o.text.replace(" ", "_"), row.place) for o in operands if isinstance(o, Today))


def _in_clause(clause: Clause, elenco: str) -> Iterator[tuple[str, Place]]:
    match clause:
        case Is():
            yield f"{elenco}/{clause.name}" if elenco else clause.name, clause.place
            for operand in clause.test.operands:
                if isinstance(operand, Today):
                    yield operand.text.replace(" ", "_"), clause.place
        case Joined():
            for part in clause.parts:
                yield from _in_clause(part, elenco)
        case _:
            inner = [*_in_clause(clause.clause, clause.elenco)]
            yield from ((clause.elenco, place) for _, place in inner[:1])
            yield from inner


def _in_expression(expression: Expression) -> Iterator[tuple[str, Place]]:
    match expression:
        case Name():
            yield expression.text, expression.place
        case Day():
            yield expression.text.replace(" ", "_"), expression.place
        case Operation():
            yield from _in_expression(expression.left)
            yield from _in_expression(expression.right)
        case Call("somma", (Name(elenco, place), Name(inner, at))):
            yield elenco, place
            yield f"{elenco}/{inner}", at
        case Call():
            for argument in expression.arguments:
                yield from _in_expression(argument)
