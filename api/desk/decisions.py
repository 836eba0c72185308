"""Decisions: what a person may do with a procedimento, and what the law does not allow however it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from api.desk.procedimenti import (
    ADOPTED,
    GRANTED,
    NOTICE,
    NOTICE_READ,
    OBSERVED,
    RECEIVED,
    REFUSED,
    UNDER_WAY,
    WAITING,
    Procedimento,
    Standing,
)
from api.identity.person import Person
from engine.messages import sentence

Json = dict[str, Any]
#: The two ways in which a domanda may end.
GRANT, REFUSE = "accogliere", "respingere"
#: Events that have a page of their own, where what the law wants is asked.
OWN_PAGE = frozenset({RECEIVED, NOTICE, OBSERVED, ADOPTED, "proposta_trasmessa"})


class Refused(Exception):
    """Something that the law, or the procedura, does not allow as things stand; the sentence says what is missing."""

    def __init__(self, code: str, **data: str) -> None:
        self.code = code
        self.said = sentence(f"decidere.{code}", data)
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Hand:
    """Who does something, on which day it is done, and what time it is."""

    who: Person
    today: date
    at: str

    def day(self, day: date, standing: Standing) -> date:
        """Return a day on which something happened: not ahead, and not before the domanda was received."""
        if day > self.today:
            raise Refused("ahead", day=f"{day:%d/%m/%Y}")
        if day < standing.procedimento.received:
            raise Refused(
                "before_received", day=f"{day:%d/%m/%Y}", received=f"{standing.procedimento.received:%d/%m/%Y}"
            )
        return day


def happened(standing: Standing, evento: str, day: date, note: str, hand: Hand) -> Procedimento:
    """Write that something happened; what has a page of its own is written there."""
    if standing.procedura is None or evento not in standing.procedura.eventi or evento in OWN_PAGE:
        raise Refused("no_event")
    if evento == NOTICE_READ and standing.procedimento.day_of(NOTICE) is None:
        raise Refused("no_notice_sent")
    return standing.procedimento.with_event(evento, hand.day(day, standing), hand.who, hand.at, note)


def give_notice(standing: Standing, day: date, hand: Hand) -> Procedimento:
    """Tell the family the grounds that stand in the way (L. 241/1990 art. 10-bis): never before all is known."""
    found = standing.procedimento
    _under_way(found)
    if standing.procedura and standing.procedura.competitive:
        raise Refused("competitive")
    if standing.advice["esito"] != "motivi_ostativi":
        raise Refused("no_grounds")
    if not standing.advice["istruttoria_completa"]:
        raise Refused("inquiry_open", requisiti="; ".join(unknown(standing.advice)))
    return found.with_(motivi=grounds(standing.advice)).with_event(NOTICE, hand.day(day, standing), hand.who, hand.at)


def observe(standing: Standing, text: str, day: date, hand: Hand) -> Procedimento:
    """Write what the family answers to the notice, as it was said."""
    found = standing.procedimento
    if found.day_of(NOTICE) is None:
        raise Refused("no_notice_sent")
    if not text:
        raise Refused("no_text")
    one = {"testo": text, "giorno": hand.day(day, standing).isoformat(), "risposta": "", "accolta": None}
    added = found.with_(osservazioni=[*found.data.get("osservazioni", ()), one])
    return added.with_event(OBSERVED, day, hand.who, hand.at)


def answer(standing: Standing, number: int, accepted: bool, text: str, hand: Hand) -> Procedimento:
    """Answer an observation: each of them, one by one."""
    found = standing.procedimento
    observations = [dict(one) for one in found.data.get("osservazioni", ())]
    if not 0 <= number < len(observations):
        raise Refused("no_observation")
    if not text:
        raise Refused("no_answer")
    observations[number] |= {"risposta": text, "accolta": accepted, "chi": hand.who.id, "quando": hand.at}
    return found.with_(osservazioni=observations)


def propose(standing: Standing, what: str, reasons: str, hand: Hand) -> Procedimento:
    """Propose how to decide: as the rules advise, or otherwise and why (L. 241/1990 artt. 3, 5, 6)."""
    found = standing.procedimento
    _under_way(found)
    advised = advised_by(standing.advice)
    if missing := unexplained(standing):
        raise Refused("judgement_without_reasons", questions="; ".join(missing))
    if what not in (GRANT, REFUSE):
        raise Refused("no_choice")
    if what != advised and not reasons:
        raise Refused("no_departure_reasons")
    if what == REFUSE:
        may_refuse(standing, hand.today)
    proposal = {
        "esito": what,
        "conforme": what == advised,
        "motivazione": reasons,
        "chi": hand.who.id,
        "quando": hand.at,
    }
    proposed = found.with_(proposta=proposal)
    return proposed.with_event("proposta_trasmessa", hand.today, hand.who, hand.at)


@dataclass(frozen=True, slots=True)
class Measure:
    """The act that decides: which way, its number and day, who signs it, and why if it departs from the proposal."""

    what: str
    number: str
    day: date
    signed_by: str
    reasons: str = ""


def decide(standing: Standing, measure: Measure, hand: Hand, *, funded: bool) -> Procedimento:
    """Write the decision; without money a domanda that is granted waits its turn, and is not refused."""
    found = standing.procedimento
    proposal = found.data.get("proposta")
    if found.day_of(ADOPTED) is not None:
        raise Refused("already_decided")
    if proposal is None:
        raise Refused("no_proposal")
    if measure.what not in (GRANT, REFUSE):
        raise Refused("no_choice")
    if measure.what != proposal["esito"] and not measure.reasons:
        raise Refused("no_departure_from_proposal")
    if measure.what == REFUSE:
        may_refuse(standing, hand.today)
    if measure.what == GRANT and not funded:
        return found.with_(stato=WAITING)
    if not measure.number or not measure.signed_by:
        raise Refused("no_number")
    act = {
        "esito": measure.what,
        "numero": measure.number,
        "giorno": hand.day(measure.day, standing).isoformat(),
        "firma": measure.signed_by,
        "conforme": measure.what == proposal["esito"],
        "motivazione": measure.reasons,
        "chi": hand.who.id,
    }
    decided = found.with_(provvedimento=act, stato=GRANTED if measure.what == GRANT else REFUSED)
    return decided.with_event(ADOPTED, measure.day, hand.who, hand.at)


def may_refuse(standing: Standing, today: date) -> None:
    """Raise Refused unless a refusal is possible: a notice, its time gone, and every observation answered."""
    found = standing.procedimento
    if standing.procedura and standing.procedura.competitive:
        return
    if found.day_of(NOTICE) is None:
        raise Refused("refusal_without_notice")
    observations = found.data.get("osservazioni", ())
    if any(not one["risposta"] for one in observations):
        raise Refused("observations_unanswered")
    if not observations and not window_closed(standing, today):
        raise Refused("window_open")


def window_closed(standing: Standing, today: date) -> bool:
    """Whether the time to answer the notice is surely over: it runs from when the family received it."""
    windows = [one for one in standing.deadlines if one.termine.name == "osservazioni" and one.since]
    return bool(windows) and all(one.latest is not None and today > one.latest for one in windows)


def advised_by(advice: Json) -> str:
    """Return what the rules advise; nothing while they do not say."""
    esito = advice["esito"]
    if esito in ("da_integrare", "da_confermare", "valutazione_professionale"):
        return ""
    return REFUSE if esito == "motivi_ostativi" else GRANT


def grounds(advice: Json) -> list[Json]:
    """Return the requisiti that are surely not met: each with its reason, source and data."""
    return [one for one in advice["requisiti"] if one["valore"] == "falso"]


def unknown(advice: Json) -> list[str]:
    """Return the requisiti that nobody can yet say."""
    return [one["titolo"] for one in advice["requisiti"] if one["valore"] == "ignoto"]


def unexplained(standing: Standing) -> list[str]:
    """Return the professional judgements that were given without their reasons."""
    data = (datum for one in standing.advice["requisiti"] for datum in one["dati"])
    return list(
        dict.fromkeys(d["domanda"] for d in data if d["prova"] == "giudizio professionale" and not d.get("motivazione"))
    )


def _under_way(found: Procedimento) -> None:
    if found.stato not in (UNDER_WAY, WAITING):
        raise Refused("already_decided")
