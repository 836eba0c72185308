"""The pages of a procedimento: where it stands, what happens, who decides; nothing is decided by silence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from fastapi.responses import Response
from starlette.exceptions import HTTPException

from api.desk import decisions
from api.desk.calls import Call, see
from api.desk.decisions import GRANT, Hand, Measure, Refused, advised_by
from api.desk.funds import Fund, fund
from api.desk.pratica import Pratica
from api.desk.procedimenti import CLOSED, GRANTED, PROCEDIMENTO, WAITING, Procedimenti, Procedimento, Standing
from api.desk.screens import Screens, notice_of
from api.store.contract import Conflict, Put
from engine.messages import sentence
from engine.number import WrongValue
from engine.tipo import Tipo, parse_day

#: The six areas of the assessment (D.Lgs. 147/2017 art. 5), as the plan keeps them.
AREAS = {
    "personale": "Condizioni e funzionamenti personali e sociali",
    "economica": "Situazione economica",
    "lavorativa": "Situazione lavorativa e profilo di occupabilità",
    "formativa": "Educazione, istruzione e formazione",
    "abitativa": "Condizione abitativa",
    "reti": "Reti familiari, di prossimità e sociali",
}
GOALS, MONITORINGS = 8, 12

Run = Callable[[Call, Standing, Hand], tuple[Procedimento, str, list[Put]]]


@dataclass(frozen=True)
class ProcedurePages(Screens):
    """What happens to a domanda after it was submitted."""

    procedimenti: Procedimenti

    def shown(self, call: Call) -> Response:
        """Show where a procedimento stands."""
        pratica = self.desk.read(call.who, call.path["pratica"], "procedimento_leggere")
        return self._shown(call, pratica, self._standing(call, pratica))

    def events(self, call: Call) -> Response:
        """Write that something happened."""
        return self._done(call, "procedimento_scrivere", self._happened)

    def observations(self, call: Call) -> Response:
        """Write what the family answers to the notice."""
        return self._done(call, "procedimento_scrivere", self._observed)

    def checks(self, call: Call) -> Response:
        """Write what came of a check on what was declared: it never excludes by itself."""
        return self._done(call, "procedimento_scrivere", self._checked)

    def decide(self, call: Call) -> Response:
        """Do what only the responsabile does: the notice, the answers, the proposal, the decision."""
        acts = {"preavviso": self._noticed, "risposta": self._answered, "proposta": self._proposed}
        action, _ = call.action
        return self._done(call, "procedimento_decidere", acts.get(action, self._decided))

    def pay(self, call: Call) -> Response:
        """Write a payment, of what was bound."""
        return self._done(call, "procedimento_pagare", self._paid)

    def plan(self, call: Call) -> Response:
        """Show the Piano Individualizzato."""
        pratica = self.desk.read(call.who, call.path["pratica"], "procedimento_leggere")
        return self._plan(call, pratica, self._standing(call, pratica))

    def save_plan(self, call: Call) -> Response:
        """Save the Piano Individualizzato, whatever is in it."""
        pratica = self.desk.pratica(call.who, call.path["pratica"], "piano_scrivere")
        standing = self._standing(call, pratica)
        plan = {
            "aree": {name: call.first(f"area.{name}") for name in AREAS},
            "obiettivi": _rows(call, ("obiettivo", "intervento", "scadenza", "risultato"), GOALS),
            "monitoraggi": _rows(call, ("giorno_monitoraggio", "monitoraggio"), MONITORINGS),
            "chiusura": call.first("chiusura"),
        }
        new = standing.procedimento.with_(piano=plan)
        if call.base != new.revision:
            return self._plan(
                call, pratica, replace(standing, procedimento=new), sentence("pagine.changed_meanwhile", {})
            )
        self.procedimenti.save(call.who, new, pratica.sportello, "piano")
        return see(f"/pratiche/{pratica.id}/procedimenti/{new.servizio}/piano?salvata=1")

    # What is done

    def _happened(self, call: Call, standing: Standing, hand: Hand) -> tuple[Procedimento, str, list[Put]]:
        evento = call.first("evento")
        new = decisions.happened(standing, evento, _day(call, "giorno_evento"), call.first("nota"), hand)
        closed = evento == "esito_finale_registrato"
        return (new.with_(stato=CLOSED) if closed else new), evento, []

    def _observed(self, call: Call, standing: Standing, hand: Hand) -> tuple[Procedimento, str, list[Put]]:
        text, day = call.first("osservazione"), _day(call, "giorno_osservazione")
        return decisions.observe(standing, text, day, hand), "osservazioni", []

    def _checked(self, call: Call, standing: Standing, hand: Hand) -> tuple[Procedimento, str, list[Put]]:
        text, found = call.first("controllo"), standing.procedimento
        if not text:
            raise Refused("no_text")
        check = {"testo": text, "difforme": bool(call.first("difforme")), "chi": hand.who.id, "quando": hand.at}
        return found.with_(controlli=[*found.data.get("controlli", ()), check]), "controllo", []

    def _noticed(self, call: Call, standing: Standing, hand: Hand) -> tuple[Procedimento, str, list[Put]]:
        return decisions.give_notice(standing, _day(call, "giorno_preavviso"), hand), "preavviso", []

    def _answered(self, call: Call, standing: Standing, hand: Hand) -> tuple[Procedimento, str, list[Put]]:
        _, number = call.action
        if not number.isdecimal():
            raise Refused("no_observation")
        accepted = call.first(f"accolta.{number}") == "sì"
        new = decisions.answer(standing, int(number), accepted, call.first(f"risposta.{number}"), hand)
        return new, "risposta", []

    def _proposed(self, call: Call, standing: Standing, hand: Hand) -> tuple[Procedimento, str, list[Put]]:
        return decisions.propose(standing, call.first("proposta"), call.first("motivazione"), hand), "proposta", []

    def _decided(self, call: Call, standing: Standing, hand: Hand) -> tuple[Procedimento, str, list[Put]]:
        found, what = standing.procedimento, call.first("decisione")
        measure = Measure(
            what,
            call.first("numero"),
            _day(call, "giorno_provvedimento"),
            call.first("firma"),
            call.first("motivazione_decisione"),
        )
        money = fund(self.procedimenti.archive.store, found.servizio) if what == GRANT else None
        amount = _euro(call, "importo") if money else Decimal(0)
        funded = money is None or (amount <= money.free and self._first_in_line(found))
        new = decisions.decide(standing, measure, hand, funded=funded)
        if money is None or not funded:
            return new, "deciso" if funded else "in_attesa", []
        bound = {"importo": str(amount), "pagato": "0"}
        return new.with_(fondo=bound), "deciso", [money.binding(amount).put()]

    def _first_in_line(self, found: Procedimento) -> bool:
        """Whether nobody who asked before is waiting for the same money (L.R. Sicilia 7/2019 art. 7)."""
        where = {"servizio": found.servizio, "stato": WAITING}
        waiting = self.procedimenti.archive.store.find(PROCEDIMENTO, where, until=found.order, limit=1)
        return not waiting.records

    def _paid(self, call: Call, standing: Standing, hand: Hand) -> tuple[Procedimento, str, list[Put]]:
        found, amount = standing.procedimento, _euro(call, "importo_pagato")
        bound = found.data.get("fondo")
        if found.stato != GRANTED or bound is None:
            raise Refused("nothing_bound")
        paid = Decimal(bound["pagato"]) + amount
        if paid > Decimal(bound["importo"]):
            raise Refused("more_than_bound", left=_shown(Decimal(bound["importo"]) - Decimal(bound["pagato"])))
        day = hand.day(_day(call, "giorno_pagamento"), standing)
        one = {
            "giorno": day.isoformat(),
            "importo": str(amount),
            "chi": hand.who.id,
            "nota": call.first("nota_pagamento"),
        }
        new = found.with_(fondo={**bound, "pagato": str(paid)}, pagamenti=[*found.data.get("pagamenti", ()), one])
        money = fund(self.procedimenti.archive.store, found.servizio)
        return new, "pagato", [money.paying(amount).put()] if money else []

    # What they share

    def _done(self, call: Call, action: str, run: Run) -> Response:
        """Do one thing and come back; what is not possible is said, and what was typed is still there."""
        pratica = self.desk.pratica(call.who, call.path["pratica"], action)
        standing = self._standing(call, pratica)
        hand = Hand(call.who, self.desk.today(), self.procedimenti.archive.moment())
        try:
            _same(call, standing)
            new, name, puts = run(call, standing, hand)
            self.procedimenti.save(call.who, new, pratica.sportello, name, puts)
        except (Refused, WrongValue, Conflict) as error:
            said = sentence("decidere.changed_meanwhile", {}) if isinstance(error, Conflict) else None
            said = said or (error.said if isinstance(error, Refused) else str(error))
            return self._shown(call, pratica, self._standing(call, pratica), said)
        return see(f"/pratiche/{pratica.id}/procedimenti/{new.servizio}?salvata=fatto")

    def _standing(self, call: Call, pratica: Pratica) -> Standing:
        found = self.procedimenti.get(f"{pratica.id}.{call.path['servizio']}")
        if found is None:
            raise HTTPException(404)
        return self.procedimenti.standing(found)

    def _shown(self, call: Call, pratica: Pratica, standing: Standing, wrong: str = "") -> Response:
        found = standing.procedimento
        own = decisions.OWN_PAGE
        money: Fund | None = fund(self.procedimenti.archive.store, found.servizio)
        values: dict[str, Any] = {
            "procedimento": found,
            "standing": standing,
            "advised": advised_by(standing.advice),
            "events": {n: t for n, t in standing.procedura.eventi.items() if n not in own}
            if standing.procedura
            else {},
            "names": standing.procedura.eventi if standing.procedura else {},
            "typed": {name: next(iter(texts), "") for name, texts in call.typed.items()},
            "errors": {call.first("modulo") or "che-cosa": wrong} if wrong else {},
            "fund": money,
            "grounds": decisions.grounds(standing.advice),
            "unknown": decisions.unknown(standing.advice),
            "notice": notice_of(call),
            "may": lambda action: self.desk.allowed(call.who, action, pratica.sportello),
        }
        visit = self.desk.visit(pratica.values)
        return self.page(call, "pratica/procedimento.html", pratica, visit, **values)

    def _plan(self, call: Call, pratica: Pratica, standing: Standing, wrong: str = "") -> Response:
        plan = standing.procedimento.data.get("piano", {})
        values: dict[str, Any] = {
            "procedimento": standing.procedimento,
            "standing": standing,
            "areas": AREAS,
            "plan": plan,
            "goals": GOALS,
            "monitorings": MONITORINGS,
            "errors": {"piano": wrong} if wrong else {},
            "notice": notice_of(call),
            "may_write": self.desk.allowed(call.who, "piano_scrivere", pratica.sportello),
        }
        return self.page(call, "pratica/piano.html", pratica, self.desk.visit(pratica.values), **values)


def _same(call: Call, standing: Standing) -> None:
    if call.base != standing.procedimento.revision:
        raise Refused("changed_meanwhile")


def _day(call: Call, name: str) -> date:
    return parse_day(call.first(name))


def _euro(call: Call, name: str) -> Decimal:
    text = call.first(name)
    cents = Tipo("euro").parse(text if "€" in text else f"{text} €")
    assert isinstance(cents, int)
    if cents <= 0:
        raise Refused("no_amount")
    return Decimal(cents) / 100


def _shown(amount: Decimal) -> str:
    return Tipo("euro").show(int(amount * 100))


def _rows(call: Call, names: tuple[str, ...], most: int) -> list[dict[str, str]]:
    rows = [{name: call.first(f"{name}.{number}") for name in names} for number in range(most)]
    return [row for row in rows if any(row.values())]
