"""The pages of a procedimento: where it stands, what happens, who decides; nothing is decided by silence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from fastapi.responses import Response
from starlette.exceptions import HTTPException

from api.desk import decisions
from api.desk.calls import Call, see
from api.desk.decisions import GRANT, Ground, Hand, Measure, Refused, advised_by
from api.desk.funds import fund
from api.desk.kept_letters import keeping, kept, told
from api.desk.pratica import Pratica
from api.desk.procedimenti import (
    CLOSED,
    GRANTED,
    NOTICE,
    PROCEDIMENTO,
    WAITING,
    Procedimenti,
    Procedimento,
    Standing,
)
from api.desk.screens import Screens, notice_of
from api.store.contract import Conflict, Put
from engine.number import WrongValue
from engine.tipo import Tipo, parse_day

Run = Callable[[Call, Standing, Hand], tuple[Procedimento, str, list[Put]]]
YES_NO = {"sì": True, "no": False}
#: The forms of the page: what is wrong is said beside the one that was sent.
EVENTS, OBSERVATIONS, ANSWER, CHECKS, NOTICED, PROPOSAL, DECISION, PAYMENTS = (
    *("modulo-eventi", "modulo-osservazioni", "modulo-risposta-", "modulo-controlli"),
    *("modulo-preavviso", "modulo-proposta", "modulo-decisione", "modulo-pagamenti"),
)


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

    # What is done

    def _happened(self, call: Call, standing: Standing, hand: Hand) -> tuple[Procedimento, str, list[Put]]:
        evento, day = call.first("evento"), _day(call, "giorno_evento")
        return decisions.happened(standing, evento, day, call.first("nota"), hand), "evento", []

    def _observed(self, call: Call, standing: Standing, hand: Hand) -> tuple[Procedimento, str, list[Put]]:
        text, day = call.first("osservazione"), _day(call, "giorno_osservazione")
        return decisions.observe(standing, text, day, hand), "osservazioni", []

    def _checked(self, call: Call, standing: Standing, hand: Hand) -> tuple[Procedimento, str, list[Put]]:
        differs = bool(call.first("difforme"))
        return decisions.checked(standing, call.first("controllo"), hand, differs=differs), "controllo", []

    def _noticed(self, call: Call, standing: Standing, hand: Hand) -> tuple[Procedimento, str, list[Put]]:
        written = Ground(*(call.first(name) for name in ("motivo_scritto", "fonte_scritta", "dato_scritto")))
        return decisions.give_notice(standing, _day(call, "giorno_preavviso"), hand, written), "preavviso", []

    def _answered(self, call: Call, standing: Standing, hand: Hand) -> tuple[Procedimento, str, list[Put]]:
        _, number = call.action
        if not (number.isascii() and number.isdecimal()) or len(number) > 6:
            raise Refused("no_observation")
        accepted = YES_NO.get(call.first(f"accolta.{number}"))
        new = decisions.answer(standing, int(number), accepted, call.first(f"risposta.{number}"), hand)
        return new, "risposta", []

    def _proposed(self, call: Call, standing: Standing, hand: Hand) -> tuple[Procedimento, str, list[Put]]:
        return decisions.propose(standing, call.first("proposta"), call.first("motivazione"), hand), "proposta", []

    def _decided(self, call: Call, standing: Standing, hand: Hand) -> tuple[Procedimento, str, list[Put]]:
        found, what = standing.procedimento, call.first("decisione")
        number, signed_by, why = (call.first(name) for name in ("numero", "firma", "motivazione_decisione"))
        measure = Measure(what, number, _day(call, "giorno_provvedimento"), signed_by, why)
        money = fund(self.procedimenti.archive.store, found.servizio) if what == GRANT else None
        amount = _euro(call, "importo") if money else Decimal(0)
        funded = money is None or (amount <= money.free and self._first_in_line(found))
        new = decisions.decide(standing, measure, hand, funded=funded)
        if money is None:
            return new, "deciso", []
        if not funded:
            # The fund is written too: whoever binds money at this moment is told that somebody waits before them.
            return new, "in_attesa", [money.put()]
        bound = {"importo": str(amount), "pagato": "0"}
        return new.with_(fondo=bound), "deciso", [money.binding(amount).put()]

    def _first_in_line(self, found: Procedimento) -> bool:
        """Whether nobody who asked before is waiting for the same money (L.R. Sicilia 7/2019 art. 7)."""
        where = {"servizio": found.servizio, "stato": WAITING}
        waiting = self.procedimenti.archive.store.find(PROCEDIMENTO, where, limit=1)
        return all((record.order, record.id) >= (found.order, found.id) for record in waiting.records)

    def _paid(self, call: Call, standing: Standing, hand: Hand) -> tuple[Procedimento, str, list[Put]]:
        amount, day = _euro(call, "importo_pagato"), _day(call, "giorno_pagamento")
        new = decisions.pay(standing, amount, day, call.first("nota_pagamento"), hand)
        money = fund(self.procedimenti.archive.store, new.servizio)
        return new, "pagato", [money.paying(amount).put()] if money else []

    # What they share

    def _done(self, call: Call, action: str, run: Run) -> Response:
        """Do one thing and come back; what is not possible is said, and what was typed is still there.

        A letter that leaves with what is done is kept with it, all or nothing.
        """
        pratica = self.desk.pratica(call.who, call.path["pratica"], action)
        standing = self._standing(call, pratica)
        hand = Hand(call.who, self.desk.today(), self.procedimenti.archive.moment())
        try:
            _same(call, standing)
            new, name, puts = run(call, standing, hand)
            if letters := told(self.desk, standing, new):
                puts += keeping(self.desk, pratica, self.procedimenti.standing(new), letters, call.who)
            happened = ", ".join(one["evento"] for one in new.events[len(standing.procedimento.events) :])
            self.procedimenti.save(call.who, new, pratica.sportello, name, puts, evento=happened)
        except Refused as refused:
            return self._shown(call, pratica, self._standing(call, pratica), refused)
        except Conflict:
            return self._shown(call, pratica, self._standing(call, pratica), Refused("changed_meanwhile"))
        return see(f"/pratiche/{pratica.id}/procedimenti/{new.key}?salvata=fatto")

    def _standing(self, call: Call, pratica: Pratica) -> Standing:
        found = self.procedimenti.get(f"{pratica.id}.{call.path['servizio']}")
        if found is None:
            raise HTTPException(404)
        return self.procedimenti.standing(found)

    def _shown(self, call: Call, pratica: Pratica, standing: Standing, refused: Refused | None = None) -> Response:
        found, procedura = standing.procedimento, standing.procedura
        eventi, forms = procedura.eventi if procedura else {}, self._forms(call, pratica, found)
        where = call.first("modulo") if call.first("modulo") in forms else "che-cosa"
        values: dict[str, Any] = {
            "procedimento": found,
            "standing": standing,
            "advised": advised_by(standing.advice),
            "events": {name: title for name, title in eventi.items() if name not in decisions.OWN_PAGE},
            "names": eventi,
            "typed": {name: next(iter(texts), "") for name, texts in call.typed.items()},
            "forms": forms,
            "errors": {where: refused.said} if refused else {},
            "about": refused.about if refused else "",
            "fund": fund(self.procedimenti.archive.store, found.servizio),
            "grounds": decisions.grounds(standing.advice),
            "unknown": decisions.unknown(standing.advice),
            "sent": kept(self.desk, found),
            "others": [one for one in self.procedimenti.of(pratica.id) if _sibling(one, found)],
            "notice": notice_of(call),
        }
        return self.page(call, "pratica/procedimento.html", pratica, self.desk.visit(pratica.values), **values)

    def _forms(self, call: Call, pratica: Pratica, found: Procedimento) -> set[str]:
        """Return the forms that the page has for whoever reads it, as things stand."""

        def may(action: str) -> bool:
            return self.desk.allowed(call.who, action, pratica.sportello)

        forms = set[str]()
        if may("procedimento_scrivere"):
            forms |= {CHECKS} | ({EVENTS} if found.stato != CLOSED else set())
            forms |= {OBSERVATIONS} if found.day_of(NOTICE) and not found.decided else set()
        if may("procedimento_decidere") and not found.decided:
            forms |= {NOTICED, PROPOSAL} | ({DECISION} if "proposta" in found.data else set())
            listed = enumerate(found.data.get("osservazioni", ()))
            forms |= {f"{ANSWER}{number}" for number, one in listed if not one["risposta"]}
        if may("procedimento_pagare") and found.stato == GRANTED and "fondo" in found.data:
            forms.add(PAYMENTS)
        return forms


def _same(call: Call, standing: Standing) -> None:
    if call.base != standing.procedimento.revision:
        raise Refused("changed_meanwhile")


def _sibling(one: Procedimento, found: Procedimento) -> bool:
    return one.servizio == found.servizio and one.id != found.id


def _day(call: Call, name: str) -> date:
    try:
        return parse_day(call.first(name))
    except WrongValue as wrong:
        raise Refused("unreadable", decisions.DAY, why=str(wrong)) from None


def _euro(call: Call, name: str) -> Decimal:
    text = call.first(name)
    try:
        cents = Tipo("euro").parse(text if "€" in text else f"{text} €")
    except WrongValue as wrong:
        raise Refused("unreadable", decisions.AMOUNT, why=str(wrong)) from None
    assert isinstance(cents, int)
    if cents <= 0:
        raise Refused("no_amount")
    return Decimal(cents) / 100
