"""Sheets: the pages of questions of one visit, made from the forms of the services that are asked about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.campo import Campo
from engine.clause import Clause, atoms
from engine.evaluation import Evaluation
from engine.questions import applies
from engine.rulebook import Rulebook
from engine.schema import asked
from engine.servizio import Servizio
from engine.sportelli import Sportelli

GENERAL, SPECIFIC = "generali", "specifici"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page of questions: what every service shares (`generali`), or what one of them adds (`specifici`)."""

    key: str
    step: str
    titolo: str
    aiuto: str
    servizio: str
    campi: tuple[str, ...]


def sheets(book: Rulebook, servizi: Sequence[Servizio], desk: Sportelli | None = None) -> tuple[Sheet, ...]:
    """Return the sheets in the order in which they are asked, every campo once.

    What two forms ask, or the way to a desk, is general, and so is what it depends on: what most forms ask comes first.
    The words are those of the first form.
    """
    extra = desk.campi if desk else ()
    times = Counter(name for form in book.forms.values() for name in form.campi)
    shared = frozenset(_shared({name for name, count in times.items() if count > 1} | {*extra}, book.law.guards))
    wanted = {name for servizio in servizi for name in asked(servizio)}
    placed: set[str] = set()
    found: dict[tuple[str, str], Sheet] = {}
    for servizio in servizi:
        form = book.forms[servizio.name]
        for page in form.pages:
            for step in (GENERAL, SPECIFIC):
                names = [w.text for w in page.campi if w.text in wanted and (w.text in shared) == (step == GENERAL)]
                fresh = tuple(name for name in names if name not in placed)
                placed |= {*fresh}
                owner = "" if step == GENERAL else servizio.titolo
                _add(found, Sheet("", step, page.titolo, page.aiuto, owner, fresh))
    late = tuple(name for name in extra if name not in placed)
    if desk:
        _add(found, Sheet("", GENERAL, desk.titolo, desk.aiuto, "", late))

    def place(sheet: Sheet) -> tuple[str, int]:
        return sheet.step, 0 if sheet.step == SPECIFIC else -max(times[name] for name in sheet.campi)

    ordered = sorted(found.values(), key=place)
    return tuple(
        Sheet(str(n), sheet.step, sheet.titolo, sheet.aiuto, sheet.servizio, sheet.campi)
        for n, sheet in enumerate(ordered, 1)
    )


def _add(found: dict[tuple[str, str], Sheet], sheet: Sheet) -> None:
    """Add a sheet, or its campi to the one with the same title."""
    key = (sheet.titolo, sheet.servizio)
    first = found.get(key, sheet)
    campi = first.campi if first is sheet else (*first.campi, *sheet.campi)
    if campi:
        found[key] = Sheet("", first.step, first.titolo, first.aiuto, first.servizio, campi)


def _shared(names: Iterable[str], guards: Mapping[str, Clause]) -> Iterator[str]:
    """Yield some campi and all that their guards rest on."""
    waiting, seen = [*names], set[str]()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            yield name
            waiting += [atom.name for atom in atoms(guards[name])] if name in guards else []


def useful(evaluations: Iterable[Evaluation]) -> frozenset[str]:
    """Return what may still change an outcome or an amount, and concerns the family for sure: campi, and members'."""
    found: set[str] = set()
    for evaluation in evaluations:
        for path in (*evaluation.missing, *evaluation.missing_for_importo):
            if applies(evaluation.plain, path):
                found |= {path, path.partition("/")[0]}
    return frozenset(found)


def ignored(campi: Mapping[str, Campo], evaluations: Sequence[Evaluation]) -> frozenset[str]:
    """Return the campi that surely do not concern the family: their answers wait, and are not looked at."""
    return frozenset(
        name
        for name in campi
        for evaluation in evaluations[:1]
        if (guard := evaluation.servizio.guards.get(name)) and evaluation.plain.truth(guard) is False
    )
