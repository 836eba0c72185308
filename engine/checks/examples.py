"""Examples: each esempio is about a day of its version, and names only what there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.answers import read_example
from engine.checks.assemble import Lawbook
from engine.checks.whole import Version, Whole
from engine.document import Items, Section, Text
from engine.draft import Draft, Esempio
from engine.number import WrongValue
from engine.problem import Problem, problem, suggestion
from engine.servizio import Servizio
from engine.sportelli import SportelliDraft, unknown
from engine.tabella import NOT_DUE
from engine.tipo import Tipo, parse_day, show_day

OPEN = ("da integrare", "valutazione professionale", "da confermare")


def check_examples(whole: Whole) -> list[Problem]:
    """Return the problems of the esempi; whether they come out right is another command's business."""
    found: list[Problem] = []
    for version in whole.every():
        draft = version.draft
        if not draft.esempi and whole.read(draft.document.source.name):
            code = "sportelli.no_example" if version.routing else "examples.none"
            found.append(problem(code, draft.place, since=show_day(draft.since)))
        for esempio in draft.esempi:
            found += [*_day(esempio, version), *_result(esempio, version, whole.sportelli)]
            found += [*_data(esempio, whole.law), *_missing(esempio, whole.law)]
            found += _amounts(esempio, draft, version.servizio)
    return found


def _day(esempio: Esempio, version: Version) -> Iterator[Problem]:
    text = esempio.node.get("al")
    assert isinstance(text, Text)
    try:
        day = parse_day(text.value)
    except WrongValue as wrong:
        yield Problem(wrong.code, text.place, tuple(wrong.data.items()))
        return
    since, until = version.draft.since, version.until
    if day < since or (until is not None and day >= until):
        limits = f"dal {show_day(since)}" + (f", e fino a prima del {show_day(until)}" if until else "")
        yield problem("examples.day", text.place, day=show_day(day), limits=limits)


def _result(esempio: Esempio, version: Version, sportelli: SportelliDraft | None) -> Iterator[Problem]:
    """Check the esito, or the sportello where the tables of the sportelli decide."""
    if sportelli is None or not version.routing:
        yield from _outcome(esempio, version.draft)
        return
    text, names = esempio.node.get("sportello"), [*sportelli.sportelli, *sportelli.questioni, *OPEN]
    assert isinstance(text, Text)
    if text.value not in names and text.value not in sportelli.lost:
        yield unknown(text, names)


def _outcome(esempio: Esempio, draft: Draft) -> Iterator[Problem]:
    text = esempio.node.get("esito")
    names = [*draft.esiti, *OPEN]
    if not isinstance(text, Text):
        yield problem("examples.no_outcome", esempio.place, allowed=", ".join(f"«{name}»" for name in names))
    elif text.value not in names and text.value not in draft.lost:
        allowed = ", ".join(f"«{name}»" for name in names)
        hint = suggestion(text.value, names)
        yield problem("examples.outcome", text.place, found=text.value, hint=hint, allowed=allowed)


def _data(esempio: Esempio, law: Lawbook) -> list[Problem]:
    found: list[Problem] = []
    data = esempio.node.get("dati")
    if isinstance(data, Section):
        read_example(data, law.campi, found)
    return [wrong for wrong in found if wrong.code != "names.unknown" or dict(wrong.data)["name"] not in law.lost]


def _missing(esempio: Esempio, law: Lawbook) -> Iterator[Problem]:
    for key in ("mancano", "mancano per l'importo"):
        yield from _listed(esempio, key, {*law.campi, *law.lost})
    yield from _listed(esempio, "da confermare", {*law.parametri, *law.lost})


def _listed(esempio: Esempio, key: str, known: Iterable[str]) -> Iterator[Problem]:
    names, items = sorted(known), esempio.node.get(key)
    for item in items.items if isinstance(items, Items) else ():
        if isinstance(item, Text) and item.value.partition("/")[0] not in names:
            yield problem("names.unknown", item.place, name=item.value, hint=suggestion(item.value, names))


def _amounts(esempio: Esempio, draft: Draft, servizio: Servizio | None) -> Iterator[Problem]:
    amounts = esempio.node.get("importi")
    given = list(dict.fromkeys(word.text for esito in draft.esiti.values() for word in esito.importi))
    for key, value in amounts.entries if isinstance(amounts, Section) else ():
        calcolo = servizio.calcoli.get(key.value) if servizio else None
        if key.value not in given and key.value not in draft.lost:
            yield problem("examples.amount", key.place, name=key.value, hint=suggestion(key.value, given))
        elif calcolo is not None:
            assert isinstance(value, Text)
            yield from _amount(value, calcolo.tipo)


def _amount(text: Text, tipo: Tipo) -> Iterator[Problem]:
    """Check `5.400,00 €`, `da 0,00 € a 600,00 €` or `non spetta`."""
    low, separator, high = text.value.removeprefix("da ").partition(" a ")
    parts = [low, high] if text.value.startswith("da ") and separator else [text.value]
    for part in parts:
        if part == NOT_DUE:
            continue
        try:
            tipo.parse(part)
        except WrongValue as wrong:
            at = text.at(text.value.rindex(part) if part else 0)
            yield Problem(wrong.code, at, tuple(wrong.data.items()))
