"""Procedimenti: what happens after a submission: events, grounds, observations, proposal, decision, payments, plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from api.desk.archive import Archive, Commit
from api.desk.presentazioni import Presentazione, presentazioni
from api.identity.person import Person
from api.store.contract import Put, Record
from engine.clock import Deadline, Happening, clock
from engine.effects import Effects
from engine.happened import Happened
from engine.procedura import Procedura

Json = dict[str, Any]
PROCEDIMENTO, DEADLINE = "procedimento", "termine"
RECEIVED, ADOPTED, NOTICE, NOTICE_READ, OBSERVED = (
    "domanda_ricevuta",
    "provvedimento_adottato",
    "preavviso_comunicato",
    "preavviso_ricevuto",
    "osservazioni_ricevute",
)
#: What a procedimento may be at.
STATES = UNDER_WAY, WAITING, GRANTED, REFUSED, CLOSED = "in_corso", "lista_attesa", "accolta", "respinta", "chiusa"
#: Far enough for a deadline whose end nobody knows: it comes last in the agenda.
UNKNOWN_END = "9999-12-31"

Steps = Callable[[Procedura, frozenset[str]], Effects]
Holidays = Callable[[int], frozenset[date]]


@dataclass(frozen=True, slots=True)
class Procedimento:
    """One service asked for by one file: `data` holds what was done, in the order in which it was."""

    id: str
    pratica: str
    servizio: str
    revision: int
    order: str
    data: Json

    @property
    def events(self) -> list[Json]:
        """What has happened: the event, its day, who wrote it and when, a note."""
        return list(self.data.get("eventi", ()))

    @property
    def stato(self) -> str:
        """Where it is."""
        return str(self.data.get("stato", UNDER_WAY))

    @property
    def received(self) -> date:
        """The day on which it was received."""
        return date.fromisoformat(self.data["ricevuta"])

    def day_of(self, evento: str) -> date | None:
        """Return the last day on which something happened."""
        days = [date.fromisoformat(event["giorno"]) for event in self.events if event["evento"] == evento]
        return max(days, default=None)

    def with_(self, **changes: object) -> Procedimento:
        """Return the procedimento with some parts changed."""
        return Procedimento(self.id, self.pratica, self.servizio, self.revision, self.order, {**self.data, **changes})

    def with_event(self, evento: str, day: date, who: Person, at: str, note: str = "") -> Procedimento:
        """Return the procedimento in which one more thing has happened."""
        event = {"evento": evento, "giorno": day.isoformat(), "chi": who.id, "quando": at, "nota": note}
        return self.with_(eventi=[*self.events, event])


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a procedimento stands on a day: what the rules advise, what follows, and until when."""

    procedimento: Procedimento
    presentazione: Presentazione
    procedura: Procedura | None
    effects: Effects | None
    deadlines: tuple[Deadline, ...]

    @property
    def advice(self) -> Json:
        """What the rules said of the last submission."""
        return self.presentazione.decision


@dataclass(frozen=True)
class Procedimenti:
    """The procedimenti of an archive; `procedura` finds that of a service, `steps` what follows from what happened."""

    archive: Archive
    procedura: Callable[[str], Procedura | None]
    steps: Steps
    holidays: Holidays
    today: Callable[[], date]

    def opened(self, who: Person, found: Presentazione, desk: str) -> Commit:
        """Return what opens the procedimento of a first submission; with a correction it goes on."""
        id_ = f"{found.pratica}.{found.servizio}"
        existing = self.get(id_)
        if existing is not None:
            return self.written(who, existing.with_(presentazione=found.id), desk, "corretto")
        data = {"presentazione": found.id, "ricevuta": found.document["al"], "protocollo": found.document["protocollo"]}
        new = Procedimento(
            id_, found.pratica, found.servizio, 0, f"{found.document['al']} {self.archive.moment()}", data
        )
        new = new.with_event(RECEIVED, found.day, who, self.archive.moment())
        return self.written(who, new, desk, "aperto")

    def get(self, id_: str) -> Procedimento | None:
        """Return a procedimento, or None; raise Gone if the key of its file was destroyed."""
        record = self.archive.store.get(PROCEDIMENTO, id_)
        return self.read(record) if record else None

    def read(self, record: Record) -> Procedimento:
        """Read a record of the store."""
        (pratica,), (servizio,) = record.index["pratica"], record.index["servizio"]
        data = self.archive.unseal(record)
        return Procedimento(record.id, pratica, servizio, record.revision, record.order, data)

    def of(self, pratica: str) -> list[Procedimento]:
        """Return the procedimenti of a file."""
        return [self.read(record) for record in self.archive.of(PROCEDIMENTO, pratica)]

    def save(
        self, who: Person, new: Procedimento, desk: str, action: str, puts: Sequence[Put] = (), **detail: str
    ) -> Procedimento:
        """Write the next revision, with the deadlines as they are now; raise Conflict if somebody was faster."""
        written, events = self.written(who, new, desk, action, **detail)
        self.archive.store.commit([*written, *puts], events)
        return Procedimento(new.id, new.pratica, new.servizio, new.revision + 1, new.order, new.data)

    def written(self, who: Person, new: Procedimento, desk: str, action: str, **detail: str) -> Commit:
        """Return what writes the next revision, with the deadlines as they are now."""
        sealed = self.archive.sealer(new.pratica).seal(new.data, f"{PROCEDIMENTO}/{new.id}")
        index = {"pratica": [new.pratica], "servizio": [new.servizio], "sportello": [desk], "stato": [new.stato]}
        put = Put(PROCEDIMENTO, new.id, new.revision, sealed, index, new.order)
        event = self.archive.event(who, f"procedimento.{action}", new.pratica, servizio=new.servizio, **detail)
        return [put, *self._deadlines(new, desk)], [event]

    # Where it stands

    def standing(self, found: Procedimento) -> Standing:
        """Return where a procedimento stands today."""
        last = self._presentazione(found)
        procedura = self.procedura(found.servizio)
        effects = self.steps(procedura, self.facts(found, last)) if procedura else None
        return Standing(found, last, procedura, effects, self.deadlines(found))

    def facts(self, found: Procedimento, last: Presentazione) -> frozenset[str]:
        """Return the names of what has happened, with what the rules and the decision say."""
        happened = Happened(self._happenings(found), states(found, last.decision))
        return happened.facts(self.today())

    def deadlines(self, found: Procedimento) -> tuple[Deadline, ...]:
        """Return every termine as it stands today."""
        procedura = self.procedura(found.servizio)
        if procedura is None:
            return ()
        years = range(found.received.year, self.today().year + 3)
        holidays = frozenset(day for year in years for day in self.holidays(year))
        return clock(procedura, self._happenings(found), self.today(), holidays)

    def _happenings(self, found: Procedimento) -> tuple[Happening, ...]:
        return tuple(Happening(date.fromisoformat(each["giorno"]), each["evento"]) for each in found.events)

    def _presentazione(self, found: Procedimento) -> Presentazione:
        mine = [one for one in presentazioni(self.archive, found.pratica) if one.servizio == found.servizio]
        return mine[-1]

    def _deadlines(self, new: Procedimento, desk: str) -> list[Put]:
        """Return the rows of the deadlines: what the agenda reads, with ids and days only."""
        puts = []
        running: dict[str, Deadline] = {}
        for deadline in self.deadlines(new):
            if deadline.since is not None:
                running[deadline.termine.name] = deadline
        for name, deadline in running.items():
            id_ = f"{new.id}.{name}"
            kept = self.archive.store.get(DEADLINE, id_)
            document = {"termine": name, "procedimento": new.id, **_row(deadline)}
            index = {
                "sportello": [desk],
                "pratica": [new.pratica],
                "procedimento": [new.id],
                "servizio": [new.servizio],
                "stato": ["aperto" if deadline.stopped is None and new.stato != CLOSED else "concluso"],
            }
            order = deadline.soonest.isoformat() if deadline.soonest else UNKNOWN_END
            puts.append(Put(DEADLINE, id_, kept.revision if kept else 0, document, index, order))
        return puts


def states(found: Procedimento, advice: Mapping[str, Any]) -> frozenset[str]:
    """Return the states that a procedura may ask about, as the rules and the decision give them."""
    named = {"da_integrare": "da integrare", "da_confermare": "da confermare"}
    named["valutazione_professionale"] = "valutazione professionale"
    esito = str(advice["esito"])
    now = {named.get(esito, "esito certo")}
    if esito == "motivi_ostativi":
        now.add("motivi ostativi")
    if advice["istruttoria_completa"]:
        now.add("istruttoria completa")
    if found.stato == GRANTED:
        now.add("domanda accolta")
    return frozenset(name.replace(" ", "_") for name in now)


def _row(deadline: Deadline) -> Json:
    def day(value: date | None) -> str | None:
        return value.isoformat() if value else None

    return {
        "stato": deadline.state,
        "dal": day(deadline.since),
        "fine": day(deadline.soonest),
        "al_piu_tardi": day(deadline.latest),
        "giorni": list(deadline.days),
        "da_confermare": list(deadline.unsettled),
    }
