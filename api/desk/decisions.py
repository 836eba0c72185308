"""Decisions: what a person may do with a procedimento, and what the law does not allow however it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from api.desk.procedimenti import (
    ADOPTED,
    CLOSED,
    CLOSING,
    GRANTED,
    NOTICE,
    NOTICE_READ,
    OBSERVED,
    PROPOSED,
    RECEIVED,
    REFUSED,
    UNDER_WAY,
    WAITING,
    Procedimento,
    Standing,
)
from api.identity.person import Person
from engine.messages import sentence
from engine.tipo import Tipo, show_day

Json = dict[str, Any]
#: The two ways in which a domanda may end.
GRANT, REFUSE = "accogliere", "respingere"
#: Events that have a page of their own, where what the law wants is asked.
OWN_PAGE = frozenset({RECEIVED, NOTICE, OBSERVED, ADOPTED, PROPOSED})
#: What a form must put right, by the code of the refusal; the other refusals are about the whole form.
DAY, TEXT, CHOICE, AMOUNT, NUMBER, REASONS, GROUND = (
    *("giorno", "testo", "scelta", "importo", "numero", "motivazione", "motivo"),
)
ABOUT = {
    **dict.fromkeys(("ahead", "before_received", "before_notice", "too_early"), DAY),
    **dict.fromkeys(("no_text", "no_answer"), TEXT),
    **dict.fromkeys(("no_choice", "no_acceptance", "no_event"), CHOICE),
    **dict.fromkeys(("no_amount", "more_than_bound"), AMOUNT),
    **dict.fromkeys(("no_departure_reasons", "no_departure_from_proposal", "new_grounds_unexplained"), REASONS),
    "no_number": NUMBER,
    "ground_incomplete": GROUND,
}


class Refused(Exception):
    """Something that the law, or the procedura, does not allow as things stand; the sentence says what is missing.

    `about` is the part of the form to put right.
    """

    def __init__(self, code: str, about: str = "", **data: str) -> None:
        self.code, self.about = code, about or ABOUT.get(code, "")
        self.said = sentence(f"decidere.{code}", data)
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Hand:
    """Who does something, on which day it is done, and what time it is."""

    who: Person
    today: date
    at: str

    def day(self, day: date, standing: Standing, notice: date | None = None) -> date:
        """Return a day on which something happened: not ahead, not before the domanda, nor before the notice."""
        received = standing.procedimento.received
        if day > self.today:
            raise Refused("ahead", day=show_day(day))
        if day < received:
            raise Refused("before_received", day=show_day(day), received=show_day(received))
        if notice is not None and day < notice:
            raise Refused("before_notice", day=show_day(day), notice=show_day(notice))
        return day


@dataclass(frozen=True, slots=True)
class Ground:
    """A ground that a person has found and the rules have not: what it is, by which norm, on which datum."""

    motivo: str = ""
    fonte: str = ""
    dato: str = ""

    def listed(self) -> list[Json]:
        """Return it as the rules give theirs; nothing if nothing was written."""
        if not (self.motivo or self.fonte or self.dato):
            return []
        if not (self.motivo and self.fonte and self.dato):
            raise Refused("ground_incomplete")
        datum = {"domanda": self.dato, "valore": "", "prova": sentence("lettere.found_by_person", {})}
        found: Json = {"id": "", "titolo": self.motivo, "motivo": "", "valore": "falso", "dati": [datum]}
        return [{**found, "fonte": self.fonte, "stato": "confermato"}]


@dataclass(frozen=True, slots=True)
class Measure:
    """The act that decides: which way, its number and day, who signs it, and why if it departs from the proposal."""

    what: str
    number: str
    day: date
    signed_by: str
    reasons: str = ""


# What happens


def happened(standing: Standing, evento: str, day: date, note: str, hand: Hand) -> Procedimento:
    """Write that something happened; what has a page of its own is written there."""
    found = standing.procedimento
    if found.stato == CLOSED:
        raise Refused("closed")
    if standing.procedura is None or evento not in standing.procedura.eventi or evento in OWN_PAGE:
        raise Refused("no_event")
    notice = found.day_of(NOTICE)
    if evento == NOTICE_READ and notice is None:
        raise Refused("no_notice_sent")
    if evento == CLOSING and found.stato not in (GRANTED, REFUSED):
        raise Refused("closing_undecided")
    day = hand.day(day, standing, notice if evento == NOTICE_READ else None)
    written = found.with_event(evento, day, hand.who, hand.at, note)
    return written.with_(stato=CLOSED) if evento == CLOSING else written


def give_notice(standing: Standing, day: date, hand: Hand, written: Ground | None = None) -> Procedimento:
    """Tell the family the grounds that stand in the way (L. 241/1990 art. 10-bis): never before all is known."""
    found, advice = standing.procedimento, standing.advice
    _under_way(found)
    if standing.competitive:
        raise Refused("competitive")
    listed = [
        *(grounds(advice) if advice["esito"] == "motivi_ostativi" else ()),
        *(written.listed() if written else ()),
    ]
    if not advice["istruttoria_completa"]:
        raise Refused("inquiry_open", requisiti="; ".join(unknown(advice)))
    if not listed:
        raise Refused("no_grounds")
    _explained(standing)
    return found.with_(motivi=listed).with_event(NOTICE, hand.day(day, standing), hand.who, hand.at)


def observe(standing: Standing, text: str, day: date, hand: Hand) -> Procedimento:
    """Write what the family answers to the notice, as it was said."""
    found = standing.procedimento
    _under_way(found)
    notice = found.day_of(NOTICE)
    if notice is None:
        raise Refused("no_notice_sent")
    if not text.strip():
        raise Refused("no_text")
    one: Json = {"testo": text.strip(), "giorno": hand.day(day, standing, notice).isoformat(), "risposta": ""}
    one |= {"accolta": None, "preavviso": found.times(NOTICE)}
    added = found.with_(osservazioni=[*found.data.get("osservazioni", ()), one])
    return added.with_event(OBSERVED, day, hand.who, hand.at)


def answer(standing: Standing, number: int, accepted: bool | None, text: str, hand: Hand) -> Procedimento:
    """Answer an observation: each of them, one by one, once."""
    found = standing.procedimento
    _under_way(found)
    observations = [dict(one) for one in found.data.get("osservazioni", ())]
    if not 0 <= number < len(observations):
        raise Refused("no_observation")
    if observations[number]["risposta"]:
        raise Refused("already_answered")
    if accepted is None:
        raise Refused("no_acceptance")
    if not text.strip():
        raise Refused("no_answer")
    observations[number] |= {"risposta": text.strip(), "accolta": accepted, "chi": hand.who.id, "quando": hand.at}
    return found.with_(osservazioni=observations)


def checked(standing: Standing, text: str, hand: Hand, *, differs: bool) -> Procedimento:
    """Write what came of a check on what was declared: it changes nothing by itself (DPR 445/2000 art. 75 c. 1-bis)."""
    found = standing.procedimento
    if not text.strip():
        raise Refused("no_text")
    check = {"testo": text.strip(), "difforme": differs, "chi": hand.who.id, "quando": hand.at}
    return found.with_(controlli=[*found.data.get("controlli", ()), check])


# Who decides


def propose(standing: Standing, what: str, reasons: str, hand: Hand) -> Procedimento:
    """Propose how to decide: as the rules advise, or otherwise and why (L. 241/1990 artt. 3, 5, 6)."""
    found = standing.procedimento
    _under_way(found)
    advised, reasons = advised_by(standing.advice), reasons.strip()
    _explained(standing)
    if what not in (GRANT, REFUSE):
        raise Refused("no_choice")
    if what != advised and not reasons:
        raise Refused("no_departure_reasons")
    if what == REFUSE:
        may_refuse(standing, hand.today, reasons)
    proposal = {"esito": what, "conforme": what == advised, "motivazione": reasons, "chi": hand.who.id}
    proposal |= {"quando": hand.at, "presentazione": found.data["presentazione"]}
    earlier = [found.data["proposta"]] if "proposta" in found.data else []
    proposed = found.with_(proposta=proposal, proposte_prima=[*found.data.get("proposte_prima", ()), *earlier])
    return proposed.with_event(PROPOSED, hand.today, hand.who, hand.at)


def decide(standing: Standing, measure: Measure, hand: Hand, *, funded: bool) -> Procedimento:
    """Write the decision; without money a domanda that is granted waits its turn, and is not refused."""
    found, reasons = standing.procedimento, measure.reasons.strip()
    proposal = found.data.get("proposta")
    if found.day_of(ADOPTED) is not None:
        raise Refused("already_decided")
    if proposal is None:
        raise Refused("no_proposal")
    if proposal["presentazione"] != found.data["presentazione"]:
        raise Refused("proposal_outdated")
    if measure.what not in (GRANT, REFUSE):
        raise Refused("no_choice")
    if measure.what != proposal["esito"] and not reasons:
        raise Refused("no_departure_from_proposal")
    if measure.what == GRANT and not funded:
        return found.with_(stato=WAITING)
    if not measure.number.strip() or not measure.signed_by.strip():
        raise Refused("no_number")
    day = hand.day(measure.day, standing)
    if measure.what == REFUSE:
        may_refuse(standing, day, reasons or proposal["motivazione"])
    act = {
        "esito": measure.what,
        "numero": measure.number.strip(),
        "giorno": day.isoformat(),
        "firma": measure.signed_by.strip(),
        "conforme": measure.what == proposal["esito"],
        "motivazione": reasons,
        "chi": hand.who.id,
        "presentazione": found.data["presentazione"],
    }
    decided = found.with_(provvedimento=act, stato=GRANTED if measure.what == GRANT else REFUSED)
    return decided.with_event(ADOPTED, day, hand.who, hand.at)


def pay(standing: Standing, amount: Decimal, day: date, note: str, hand: Hand) -> Procedimento:
    """Write a payment: of what was bound, and no more."""
    found = standing.procedimento
    bound = found.data.get("fondo")
    if found.stato != GRANTED or bound is None:
        raise Refused("nothing_bound")
    if amount <= 0:
        raise Refused("no_amount")
    paid, most = Decimal(bound["pagato"]) + amount, Decimal(bound["importo"])
    if paid > most:
        raise Refused("more_than_bound", left=Tipo("euro").show(int((most - Decimal(bound["pagato"])) * 100)))
    one = {"giorno": hand.day(day, standing).isoformat(), "importo": str(amount), "chi": hand.who.id, "nota": note}
    payments = [*found.data.get("pagamenti", ()), one]
    return found.with_(fondo={**bound, "pagato": str(paid)}, pagamenti=payments)


def may_refuse(standing: Standing, day: date, reasons: str) -> None:
    """Raise Refused unless a refusal of that day is possible.

    There must be a notice, its time gone or every observation answered, and no ground that the family has not read,
    save those that follow from its observations, with reasons. In a procedura concorsuale there is no notice.
    """
    found = standing.procedimento
    if standing.competitive:
        return
    notice, listed = found.day_of(NOTICE), found.data.get("osservazioni", ())
    if notice is None:
        raise Refused("refusal_without_notice")
    if any(not one["risposta"] for one in listed):
        raise Refused("observations_unanswered")
    answered = [one for one in listed if one["preavviso"] == found.times(NOTICE)]
    last = max((date.fromisoformat(one["giorno"]) for one in answered), default=notice)
    if day < last:
        raise Refused("too_early", day=show_day(day), last=show_day(last))
    if not answered and not window_closed(standing, notice, day):
        raise Refused("window_open")
    if added := unread(standing):
        if not answered:
            raise Refused("new_grounds", grounds="; ".join(added))
        if not reasons:
            raise Refused("new_grounds_unexplained", grounds="; ".join(added))


def window_closed(standing: Standing, notice: date, day: date) -> bool:
    """Whether the time to answer the last notice is surely over: it runs from when the family received it."""
    procedura = standing.procedura
    names = {n for n, s in procedura.windows().items() if s.since.text == NOTICE} if procedura else set()
    mine = [one for one in standing.deadlines if one.termine.name in names and one.since and one.since >= notice]
    return bool(mine) and all(one.latest is not None and day > one.latest for one in mine)


# What the rules say


def advised_by(advice: Json) -> str:
    """Return what the rules advise; nothing while they do not say."""
    esito = advice["esito"]
    if esito in ("da_integrare", "da_confermare", "valutazione_professionale"):
        return ""
    return REFUSE if esito == "motivi_ostativi" else GRANT


def grounds(advice: Json) -> list[Json]:
    """Return the requisiti that are surely not met: each with its reason, source and data."""
    return [one for one in advice["requisiti"] if one["valore"] == "falso"]


def unread(standing: Standing) -> list[str]:
    """Return the grounds of the rules that the family has not read in the notice."""
    if standing.advice["esito"] != "motivi_ostativi":
        return []
    told = {one["id"] for one in standing.procedimento.data.get("motivi", ())}
    return [one["titolo"] for one in grounds(standing.advice) if one["id"] not in told]


def unknown(advice: Json) -> list[str]:
    """Return the requisiti that nobody can yet say."""
    return [one["titolo"] for one in advice["requisiti"] if one["valore"] == "ignoto"]


def unexplained(standing: Standing) -> list[str]:
    """Return the professional judgements that were given without their reasons."""
    data = (datum for one in standing.advice["requisiti"] for datum in one["dati"])
    return list(
        dict.fromkeys(d["domanda"] for d in data if d["prova"] == "giudizio professionale" and not d.get("motivazione"))
    )


def _explained(standing: Standing) -> None:
    if missing := unexplained(standing):
        raise Refused("judgement_without_reasons", questions="; ".join(missing))


def _under_way(found: Procedimento) -> None:
    if found.stato not in (UNDER_WAY, WAITING):
        raise Refused("already_decided")
