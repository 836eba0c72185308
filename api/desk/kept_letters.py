"""Kept letters: a letter as it was sent, with its values and its rules, so that it prints the same bytes for ever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.desk.archive import Gone
from api.desk.decisions import OWN_PAGE
from api.desk.desk import Desk
from api.desk.letter_values import Source
from api.desk.pratica import Pratica
from api.desk.procedimenti import Procedimento, Standing
from api.desk.submissions import answered
from api.identity.person import Person
from api.letters.pdf import print_letter
from api.store.contract import Put
from api.store.editions import keep, rulebook_of
from engine.letter import compose

#: The kind of the records of letters that were sent.
LETTER = "lettera"


@dataclass(frozen=True, slots=True)
class Kept:
    """A letter that was kept: its name in addresses, which letter it is, who sent it and when."""

    key: str
    name: str
    who: str
    at: str


def source(desk: Desk, pratica: Pratica, standing: Standing) -> Source:
    """Return all that the letters of a procedimento may speak of."""
    replies = standing.presentazione.replies
    visit = desk.visit({name: reply.texts for name, reply in replies.items()})
    title, ente = desk.desks.get(pratica.sportello, pratica.sportello), desk.rules.rulebook.ente
    return Source(pratica, standing, answered(desk, visit, replies), ente, title, desk.today(), desk.name_of)


def keeping(
    desk: Desk, pratica: Pratica, standing: Standing, names: Sequence[str], who: Person, protocol: str = ""
) -> list[Put]:
    """Return what keeps some letters as they are sent now."""
    archive, found, puts = desk.archive, standing.procedimento, list[Put]()
    values = {**source(desk, pratica, standing).values(), "protocollo": protocol or None}
    earlier = kept(desk, found)
    for name in names:
        number = 1 + sum(one.name == name for one in earlier)
        document = {"nome": name, "valori": values, "regole": keep(archive.store, desk.edition.files)}
        document |= {"chi": who.id, "quando": archive.moment()}
        index = {"servizio": found.servizio, "procedimento": found.id}
        puts.append(archive.seal(LETTER, f"{found.id}.{name}.{number}", pratica, document, archive.moment(), index))
    return puts


def told(desk: Desk, standing: Standing, new: Procedimento) -> list[str]:
    """Return the letters that leave with what was just done, among those that only the law's own pages may send."""
    added = {event["evento"] for event in new.events[len(standing.procedimento.events) :]} & OWN_PAGE
    lettere = standing.procedura.lettere.values() if standing.procedura else ()
    known = desk.edition.rulebook.lettere
    return [one.name for one in lettere if one.sent_by.text in added and one.name in known]


def kept(desk: Desk, found: Procedimento) -> list[Kept]:
    """Return the letters of a procedimento that were kept, the first sent first."""
    mine = [one for one in desk.archive.of(LETTER, found.pratica) if found.id in one.index["procedimento"]]
    opened = ((one.id.removeprefix(f"{found.id}."), desk.archive.unseal(one)) for one in mine)
    return [Kept(key, one["nome"], one["chi"], one["quando"]) for key, one in opened]


def printed_again(desk: Desk, found: Procedimento, key: str, *, redacted: bool = False) -> bytes | None:
    """Print a letter that was kept, from its own rules and values; None if it is not there or cannot be read."""
    record = desk.archive.store.get(LETTER, f"{found.id}.{key}")
    if record is None or found.id not in record.index["procedimento"]:
        return None
    try:
        document = desk.archive.unseal(record)
        book = rulebook_of(desk.archive.store, document["regole"])
    except (Gone, KeyError):
        return None
    lettera = book.lettere[document["nome"]]
    if redacted and lettera.redacted is None:
        return None
    return print_letter(compose(lettera, document["valori"], redacted=redacted), book.ente)
