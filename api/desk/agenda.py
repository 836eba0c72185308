"""The agenda: what is due, what is late, who waits and why, at one desk or at all; and a calendar to take away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from fastapi.responses import Response
from icalendar import Calendar
from icalendar import Event as Entry

from api.desk.calls import Call, see
from api.desk.funds import Fund, fund, funds
from api.desk.procedimenti import PROCEDIMENTO, WAITING, Procedimenti
from api.desk.row_words import row_why
from api.desk.screens import Screens, notice_of
from api.desk.termini import DEADLINE, DUE, UNKNOWN_END, WAITS
from api.store.contract import Conflict, Page, Record, Store
from engine.atto import TO_CONFIRM
from engine.messages import sentence
from engine.number import WrongValue
from engine.tipo import Tipo, show_day

#: Days ahead that count as soon, lines of each part of the page, and entries of each part of a calendar.
SOON, LINES, ENTRIES = 10, 50, 300


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the agenda: its lines, and how many there are in all."""

    records: tuple[Record, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Agenda:
    """What a desk has to look at on a day (every desk, with an empty name)."""

    late: Part
    soon: Part
    later: Part
    unknown: Part
    waits: Part
    waiting: Part


def agenda(store: Store, desk: str, today: date, lines: int = LINES) -> Agenda:
    """Return what is late, due soon, due later, without a known end, what waits for the family, who for money.

    Only the index is looked at, in one list for each part; `Procedimenti.refresh` has brought the rows up to date.
    """
    first, near = today.isoformat(), (today + timedelta(days=SOON + 1)).isoformat()

    def part(place: str, since: str = "", until: str = "") -> Part:
        where = {"elenco": f"{place} {desk}".strip()}
        return _part(store.find(DEADLINE, where, since=since, until=until, limit=lines))

    line = {"stato": WAITING, **({"sportello": desk} if desk else {})}
    return Agenda(
        part(DUE, "", first),
        part(DUE, first, near),
        part(DUE, near, UNKNOWN_END),
        part(DUE, UNKNOWN_END),
        part(WAITS),
        _part(store.find(PROCEDIMENTO, line, limit=lines)),
    )


def _part(page: Page) -> Part:
    return Part(page.records, page.total)


def calendar(found: Agenda, titles: Mapping[str, str], now: datetime) -> bytes:
    """Return the open deadlines as a calendar (RFC 5545): ids of files and names of services, no names of people.

    A day that is not certain is written where it is soonest, and says so; a window of the family where it closes.
    """
    whole = Calendar()
    whole.add("prodid", "-//Comma//Agenda//IT")
    whole.add("version", "2.0")
    parts = (found.late, found.soon, found.later, found.waits)
    if any(part.total > len(part.records) for part in parts):
        whole.add("x-wr-caldesc", sentence("agenda.first_only", {"count": str(ENTRIES)}))
    windows = (one for one in found.waits.records if one.document["finestra"] and one.document["al_piu_tardi"])
    for record in (*found.late.records, *found.soon.records, *found.later.records, *windows):
        document = record.document
        soonest, latest = document["fine"], document["al_piu_tardi"]
        entry = Entry()
        entry.add("uid", f"{record.id}@comma")
        entry.add("dtstamp", now)
        entry.add("dtstart", date.fromisoformat(latest if document["finestra"] else soonest))
        entry.add("summary", summary(record, titles))
        if latest != soonest:
            last = {"latest": show_day(date.fromisoformat(latest))} if latest else {"latest": TO_CONFIRM}
            entry.add("description", sentence("agenda.not_certain", last))
        whole.add_component(entry)
    return bytes(whole.to_ical())


def summary(record: Record, titles: Mapping[str, str]) -> str:
    """Return what a deadline is about, without saying whose it is."""
    (pratica,), (servizio,) = record.index["pratica"], record.index["servizio"]
    data = {"termine": str(record.document["titolo"]), "servizio": titles.get(servizio, servizio), "pratica": pratica}
    return sentence("agenda.summary", data)


@dataclass(frozen=True)
class AgendaPages(Screens):
    """The agenda, the calendar, and the money of each intervention."""

    procedimenti: Procedimenti

    def shown(self, call: Call) -> Response:
        """Show what there is to look at."""
        desk, desks = self._desk(call)
        found = self._agenda(desk)
        self.desk.archive.tell(call.who, "agenda.letta", "", sportello=desk)
        parts = {"in_ritardo": found.late, "presto": found.soon, "poi": found.later, "senza_fine": found.unknown}
        values: dict[str, Any] = {
            "parts": parts,
            "waits": found.waits,
            "waiting": found.waiting,
            "why": self._because,
            "desk": desk,
            "desks": desks,
            "titles": self._titles(),
            "today": self.desk.today(),
            "soon": SOON,
            "may_read": self.desk.allowed(call.who, "pratica_leggere", desk) if desk else False,
        }
        return call.page("pratica/agenda.html", ente=self.ente, **values)

    def _agenda(self, desk: str, lines: int = LINES) -> Agenda:
        self.procedimenti.refresh()
        return agenda(self.desk.archive.store, desk, self.desk.today(), lines)

    def _because(self, record: Record) -> list[str]:
        """Return why a deadline is where it is: since when it is suspended and by what, what the law leaves open."""
        procedura = self.procedimenti.procedura(*record.index["servizio"])
        return row_why(record.document, procedura, self.desk.today()) if procedura else []

    def exported(self, call: Call) -> Response:
        """Give the open deadlines as a calendar."""
        desk, _ = self._desk(call)
        found = self._agenda(desk, ENTRIES)
        self.desk.archive.tell(call.who, "agenda.esportata", "", sportello=desk)
        content = calendar(found, self._titles(), self.desk.archive.now())
        headers = {"Content-Disposition": 'attachment; filename="agenda.ics"'}
        return Response(content, headers=headers, media_type="text/calendar; charset=utf-8")

    def money(self, call: Call) -> Response:
        """Show how much each intervention has, has bound and has paid, and how many wait."""
        return self._money(call, "")

    def set_money(self, call: Call) -> Response:
        """Write how much was admitted for an intervention; never less than what is bound already."""
        servizio, store = call.first("servizio"), self.desk.archive.store
        self.desk.allowed(call.who, "fondi_scrivere", "")
        if servizio not in self.desk.edition.rulebook.servizi:
            return self._money(call, sentence("decidere.no_servizio", {}))
        try:
            text = call.first("ammesso")
            cents = Tipo("euro").parse(text if "€" in text else f"{text} €")
        except WrongValue as wrong:
            return self._money(call, str(wrong))
        assert isinstance(cents, int)
        old, admitted = fund(store, servizio), Decimal(cents) / 100
        if old and admitted < old.bound:
            bound = Tipo("euro").show(int(old.bound * 100))
            return self._money(call, sentence("decidere.less_than_bound", {"bound": bound}))
        new = replace(old, admitted=admitted) if old else Fund(servizio, admitted)
        try:
            store.commit([new.put()], [self.desk.archive.event(call.who, "fondi.scritti", "", servizio=servizio)])
        except Conflict:
            return self._money(call, sentence("pagine.changed_meanwhile", {}))
        return see("/fondi?salvata=fatto")

    def _money(self, call: Call, wrong: str) -> Response:
        self.desk.allowed(call.who, "fondi_leggere", "")
        store = self.desk.archive.store
        names = [*self.desk.edition.rulebook.servizi]
        waiting = {
            name: store.find(PROCEDIMENTO, {"servizio": name, "stato": WAITING}, limit=1).total for name in names
        }
        values: dict[str, Any] = {
            "funds": {one.servizio: one for one in funds(store)},
            "waiting": waiting,
            "titles": self._titles(),
            "wrong": wrong,
            "typed": {name: call.first(name) for name in ("servizio", "ammesso")},
            "notice": notice_of(call),
        }
        return call.page("pratica/fondi.html", 422 if wrong else 200, ente=self.ente, **values)

    def _desk(self, call: Call) -> tuple[str, dict[str, str]]:
        """Return the desk asked for, if the person may see it, and those to choose from; "" means all of them."""
        own = [name for name in call.who.desks if self.desk.allowed(call.who, "agenda_leggere", name)]
        wide = self.desk.allowed(call.who, "agenda_leggere", "")
        asked = call.query.get("sportello", "")
        names = [*self.desk.desks] if wide else own
        desk = asked if asked in names else ("" if wide else next(iter(own), "-"))
        return desk, {name: self.desk.desks.get(name, name) for name in names}

    def _titles(self) -> dict[str, str]:
        servizi = self.desk.edition.rulebook.servizi
        return {name: versions[-1].titolo for name, versions in servizi.items() if versions}
