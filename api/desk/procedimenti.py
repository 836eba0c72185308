"""Procedimenti: what happens after a submission: events, grounds, observations, proposal, decision, payments, plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from api.desk import termini
from api.desk.archive import Archive, Commit, Gone
from api.desk.presentazioni import Presentazione, presentazione
from api.desk.termini import CHANGING, Whose
from api.identity.person import Person
from api.store.contract import Conflict, Put, Record
from engine.clock import Deadline, Happening, clock
from engine.effects import Effects
from engine.happened import Happened
from engine.procedura import Procedura
from engine.progress import Progress, progress

Json = dict[str, Any]
PROCEDIMENTO = "procedimento"
RECEIVED, ADOPTED, NOTICE, NOTICE_READ, OBSERVED, PROPOSED, CLOSING = (
    "domanda_ricevuta",
    "provvedimento_adottato",
    "preavviso_comunicato",
    "preavviso_ricevuto",
    "osservazioni_ricevute",
    "proposta_trasmessa",
    "esito_finale_registrato",
)
#: What a procedimento may be at.
STATES = UNDER_WAY, WAITING, GRANTED, REFUSED, CLOSED = "in_corso", "lista_attesa", "accolta", "respinta", "chiusa"
#: How many procedimenti have their deadlines brought up to date in one commit, and how often it is tried.
BATCH, TRIES = 50, 1000

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
    def key(self) -> str:
        """Its name inside the file, as addresses have it: the service, and from the second time on which one."""
        return self.id.removeprefix(f"{self.pratica}.")

    @property
    def number(self) -> int:
        """Which one it is of those of the same file and service, from 1."""
        return int(self.key.removeprefix(self.servizio).removeprefix(".") or 1)

    @property
    def decided(self) -> bool:
        """Whether a person has decided."""
        return self.stato in (GRANTED, REFUSED, CLOSED)

    @property
    def received(self) -> date:
        """The day on which it was received."""
        return date.fromisoformat(self.data["ricevuta"])

    def day_of(self, evento: str) -> date | None:
        """Return the last day on which something happened."""
        days = [date.fromisoformat(event["giorno"]) for event in self.events if event["evento"] == evento]
        return max(days, default=None)

    def times(self, evento: str) -> int:
        """Return how many times something happened."""
        return sum(event["evento"] == evento for event in self.events)

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
    progress: Progress | None = None

    @property
    def procedura(self) -> Procedura | None:
        """The procedura of the service, if it has one."""
        return self.progress.procedura if self.progress else None

    @property
    def effects(self) -> Effects | None:
        """The open fasi and the lettere to send."""
        return self.progress.effects if self.progress else None

    @property
    def deadlines(self) -> tuple[Deadline, ...]:
        """Every termine as it stands."""
        return self.progress.deadlines if self.progress else ()

    @property
    def advice(self) -> Json:
        """What the rules said of the last submission."""
        return self.presentazione.decision

    @property
    def competitive(self) -> bool:
        """Whether the procedura is concorsuale, where the notice of art. 10-bis has no place."""
        return self.procedura is not None and self.procedura.competitive


@dataclass(frozen=True)
class Procedimenti:
    """The procedimenti of an archive; `procedura` finds that of a service, `steps` what follows from what happened."""

    archive: Archive
    procedura: Callable[[str], Procedura | None]
    steps: Steps
    holidays: Holidays
    today: Callable[[], date]

    def opened(self, who: Person, found: Presentazione, desk: str) -> Commit:
        """Return what opens the procedimento of a submission.

        While nobody has decided, another submission corrects the first; after a decision it opens a new procedimento,
        because what was decided is not changed.
        """
        mine = [one for one in self.of(found.pratica) if one.servizio == found.servizio]
        last = max(mine, key=lambda one: one.number, default=None)
        if last is not None and not last.decided:
            return self.written(who, last.with_(presentazione=found.id), desk, "corretto")
        number = last.number + 1 if last else 1
        id_ = f"{found.pratica}.{found.servizio}" + (f".{number}" if number > 1 else "")
        data = {"presentazione": found.id, "ricevuta": found.document["al"], "protocollo": found.document["protocollo"]}
        order = f"{found.document['al']} {self.archive.moment()}"
        new = Procedimento(id_, found.pratica, found.servizio, 0, order, data)
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
        rows = termini.puts(self.archive.store, self._whose(new, desk), self.deadlines(new), self.today())
        return [put, *rows], [event]

    # The rows of the deadlines, day after day

    def refresh(self) -> None:
        """Bring up to date the rows that a day has changed by itself: who reads the agenda asks for it first.

        They are found by their day, so that it costs nothing on all the other days, and nobody can forget to run it.
        """
        until = (self.today() + timedelta(days=1)).isoformat()
        for _ in range(TRIES):
            changing = self.archive.store.find(CHANGING, until=until, limit=BATCH).records
            if not changing:
                return
            try:
                self.archive.store.commit([put for one in changing for put in self._refreshed(one)])
            except Conflict:  # somebody is writing on one of them, or is refreshing them too
                continue

    def _refreshed(self, changing: Record) -> list[Put]:
        store = self.archive.store
        record = store.get(PROCEDIMENTO, changing.id)
        try:
            found = self.read(record) if record else None
        except Gone:
            found = None
        if record is None or found is None:
            return [*termini.forgotten(store, changing.id)]
        (desk,) = record.index["sportello"]
        return termini.puts(store, self._whose(found, desk), self.deadlines(found), self.today())

    def _whose(self, found: Procedimento, desk: str) -> Whose:
        procedura = self.procedura(found.servizio)
        windows = [*procedura.windows()] if procedura else []
        closed = found.stato == CLOSED
        return Whose(found.id, found.pratica, found.servizio, desk, windows, found.decided, closed)

    # Where it stands

    def standing(self, found: Procedimento) -> Standing:
        """Return where a procedimento stands today."""
        last, procedura = self._presentazione(found), self.procedura(found.servizio)
        if procedura is None:
            return Standing(found, last)
        happened = Happened(self._happenings(found), states(found, last.decision))
        return Standing(found, last, progress(procedura, happened, self.today(), self._holidays(found), self.steps))

    def deadlines(self, found: Procedimento) -> tuple[Deadline, ...]:
        """Return every termine as it stands today."""
        procedura = self.procedura(found.servizio)
        if procedura is None:
            return ()
        return clock(procedura, self._happenings(found), self.today(), self._holidays(found))

    def _holidays(self, found: Procedimento) -> frozenset[date]:
        years = range(found.received.year, self.today().year + 3)
        return frozenset(day for year in years for day in self.holidays(year))

    def _happenings(self, found: Procedimento) -> tuple[Happening, ...]:
        return tuple(Happening(date.fromisoformat(each["giorno"]), each["evento"]) for each in found.events)

    def _presentazione(self, found: Procedimento) -> Presentazione:
        last = presentazione(self.archive, found.data["presentazione"])
        if last is None:
            raise Gone(found.id)
        return last


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
