"""Piano: the Piano Individualizzato: six areas, objectives, interventions, checks, how it goes on or ends.

Whatever is typed is kept, a day that cannot be read too: it is said beside it. Every save is a version of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from api.desk.archive import Archive
from api.desk.pratica import Pratica
from api.desk.procedimenti import Procedimento
from api.identity.person import Person
from api.store.contract import Put
from engine.number import WrongValue
from engine.tipo import parse_day

Json = dict[str, Any]
#: The kind of the versions of a plan.
PIANO = "piano"
#: The six areas of the assessment (D.Lgs. 147/2017 art. 5), as the plan keeps them.
AREAS = {
    "personale": "Condizioni e funzionamenti personali e sociali",
    "economica": "Situazione economica",
    "lavorativa": "Situazione lavorativa e profilo di occupabilità",
    "formativa": "Educazione, istruzione e formazione",
    "abitativa": "Condizione abitativa",
    "reti": "Reti familiari, di prossimità e sociali",
}
#: What stands in one line of the plan, outside its lists; `inizio` and `fine` are days.
ALONE = ("inizio", "fine", "rinnovo", "motivo_rinnovo", "chiusura")
#: Its lists: what each row holds, and how many there may be.
LISTS = {
    "obiettivi": (("area_obiettivo", "obiettivo", "intervento", "chi_realizza", "scadenza", "risultato", "esito"), 8),
    "impegni": (("impegno", "chi_si_impegna"), 8),
    "monitoraggi": (("giorno_monitoraggio", "monitoraggio"), 12),
}
DAYS = ("scadenza", "giorno_monitoraggio")
RENEWALS = ("", "sì", "no")


@dataclass(frozen=True, slots=True)
class Version:
    """A plan as it was saved once."""

    number: int
    plan: Json
    who: str
    at: str


def typed_plan(first: Callable[[str], str]) -> Json:
    """Return the plan that a page holds; `first` gives what was typed in a control."""
    areas = {name: first(f"area.{name}") for name in AREAS}
    alone = {name: first(name) for name in ALONE}
    alone["rinnovo"] = alone["rinnovo"] if alone["rinnovo"] in RENEWALS else ""
    lists = {
        name: [row for n in range(most) if any((row := {each: first(f"{each}.{n}") for each in names}).values())]
        for name, (names, most) in LISTS.items()
    }
    return {"aree": areas, **alone, **lists}


def unreadable(plan: Json) -> dict[str, str]:
    """Return what is wrong with the days of a plan, by control."""
    return {control: said for control, text in _days(plan) if (said := _wrong(text))}


def _days(plan: Json) -> Iterator[tuple[str, str]]:
    yield from ((name, plan.get(name, "")) for name in ("inizio", "fine"))
    for name in LISTS:
        for number, row in enumerate(plan.get(name, ())):
            yield from ((f"{each}.{number}", row.get(each, "")) for each in DAYS)


def _wrong(text: str) -> str:
    try:
        if text:
            parse_day(text)
    except WrongValue as wrong:
        return str(wrong)
    return ""


def version(archive: Archive, pratica: Pratica, found: Procedimento, plan: Json, who: Person) -> Put:
    """Return what keeps a plan as it is saved now, beside the versions that came before."""
    number, at = len(versions(archive, found)) + 1, archive.moment()
    document = {"numero": number, "piano": plan, "chi": who.id, "quando": at}
    id_ = f"{found.id}.{number:04}"
    return archive.seal(PIANO, id_, pratica, document, f"{number:04}", {"procedimento": found.id})


def versions(archive: Archive, found: Procedimento) -> list[Version]:
    """Return every version of a plan, the last first."""
    mine = [one for one in archive.of(PIANO, found.pratica) if found.id in one.index["procedimento"]]
    kept = (archive.unseal(record) for record in reversed(mine))
    return [Version(one["numero"], one["piano"], one["chi"], one["quando"]) for one in kept]
