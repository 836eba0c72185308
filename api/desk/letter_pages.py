"""The letters of a procedimento: shown in the browser, printed as PDF, kept as they were sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi.responses import Response
from starlette.exceptions import HTTPException

from api.desk.archive import Gone
from api.desk.calls import Call, see
from api.desk.decisions import OWN_PAGE, Hand, Refused, happened
from api.desk.letter_values import Source
from api.desk.pratica import Pratica
from api.desk.procedimenti import Procedimenti, Standing
from api.desk.screens import Screens
from api.desk.submissions import answered
from api.letters.page import letter_part
from api.letters.pdf import print_letter
from api.store.contract import Conflict
from api.store.editions import keep, rulebook_of
from engine.ente import Ente
from engine.letter import Letter, compose
from engine.messages import sentence

#: The kind of the records of letters that were sent.
LETTER = "lettera"


@dataclass(frozen=True)
class LetterPages(Screens):
    """The letters of one procedimento."""

    procedimenti: Procedimenti

    def shown(self, call: Call) -> Response:
        """Show a letter as it would be sent today, with what it still lacks."""
        pratica, standing = self._found(call)
        letter = self._composed(call, pratica, standing)
        values: dict[str, Any] = {
            "procedimento": standing.procedimento,
            "letter": letter,
            "body": letter_part(letter, self.ente, 2),
            "name": call.path["lettera"],
            "redacted": letter.redacted,
            "can_redact": self._lettera(call).redacted is not None,
            "sent": self._sent(standing),
            "sending": self._event(call, standing),
            "may": self.desk.allowed(call.who, "procedimento_scrivere", pratica.sportello),
            "errors": {},
        }
        return self.page(call, "pratica/lettera.html", pratica, self.desk.visit(pratica.values), **values)

    def printed(self, call: Call) -> Response:
        """Print a letter as it would be sent today."""
        pratica, standing = self._found(call)
        return _pdf(print_letter(self._composed(call, pratica, standing), self.ente), call)

    def send(self, call: Call) -> Response:
        """Keep a letter as it is sent: whatever changes later, it can be printed again, byte by byte."""
        pratica = self.desk.pratica(call.who, call.path["pratica"], "procedimento_scrivere")
        standing, archive = self._standing(call, pratica), self.desk.archive
        hand = Hand(call.who, self.desk.today(), archive.moment())
        found, name, evento = standing.procedimento, call.path["lettera"], self._event(call, standing)
        count = sum(1 for record in archive.of(LETTER, pratica.id) if record.id.startswith(f"{found.id}.{name}."))
        id_ = f"{found.id}.{name}.{count + 1}"
        document = {
            "nome": name,
            "valori": self._source(pratica, standing).values(),
            "regole": keep(archive.store, self.desk.edition.files),
            "chi": call.who.id,
            "quando": archive.moment(),
        }
        put = archive.seal(LETTER, id_, pratica, document, archive.moment(), {"servizio": found.servizio})
        try:
            new = found if not evento or evento in OWN_PAGE else happened(standing, evento, hand.today, "", hand)
            self.procedimenti.save(call.who, new, pratica.sportello, "lettera", [put], lettera=name)
        except (Refused, Conflict):
            return see(f"/pratiche/{pratica.id}/procedimenti/{found.servizio}/lettere/{name}")
        return see(f"/pratiche/{pratica.id}/procedimenti/{found.servizio}?salvata=fatto")

    def sent(self, call: Call) -> Response:
        """Print again a letter that was sent, from what was kept."""
        _, standing = self._found(call)
        id_ = f"{standing.procedimento.id}.{call.path['lettera']}"
        record = self.desk.archive.store.get(LETTER, id_)
        if record is None:
            raise HTTPException(404)
        try:
            document = self.desk.archive.unseal(record)
            book = rulebook_of(self.desk.archive.store, document["regole"])
        except (Gone, KeyError):
            raise HTTPException(404) from None
        letter = compose(book.lettere[document["nome"]], document["valori"])
        return _pdf(print_letter(letter, book.ente), call)

    # What they share

    def _found(self, call: Call) -> tuple[Pratica, Standing]:
        pratica = self.desk.read(call.who, call.path["pratica"], "procedimento_leggere")
        return pratica, self._standing(call, pratica)

    def _standing(self, call: Call, pratica: Pratica) -> Standing:
        found = self.procedimenti.get(f"{pratica.id}.{call.path['servizio']}")
        if found is None:
            raise HTTPException(404)
        return self.procedimenti.standing(found)

    def _lettera(self, call: Call) -> Any:
        lettera = self.desk.edition.rulebook.lettere.get(call.path["lettera"])
        if lettera is None:
            raise HTTPException(404)
        return lettera

    def _composed(self, call: Call, pratica: Pratica, standing: Standing) -> Letter:
        lettera, redacted = self._lettera(call), call.query.get("oscurata") == "sì"
        if redacted and lettera.redacted is None:
            raise HTTPException(404)
        return compose(lettera, self._source(pratica, standing).values(), redacted=redacted)

    def _source(self, pratica: Pratica, standing: Standing) -> Source:
        ente: Ente = self.ente
        visit = self.desk.visit({name: r.texts for name, r in standing.presentazione.replies.items()})
        answers = answered(self.desk, visit, standing.presentazione.replies)
        desk = self.desk.desks.get(pratica.sportello, pratica.sportello)
        return Source(pratica, standing, answers, ente, desk, self.desk.today(), self.desk.name_of)

    def _sent(self, standing: Standing) -> list[str]:
        """Return the letters of this procedimento that were sent, each with its name and number."""
        start = f"{standing.procedimento.id}."
        records = self.desk.archive.of(LETTER, standing.procedimento.pratica)
        return [record.id.removeprefix(start) for record in records if record.id.startswith(start)]

    def _event(self, call: Call, standing: Standing) -> str:
        """Return the event that says that this letter was sent; nothing if the procedura does not name it."""
        found = standing.procedura.lettere.get(call.path["lettera"]) if standing.procedura else None
        return found.sent_by.text if found else ""


def _pdf(content: bytes, call: Call) -> Response:
    name = sentence("lettere.file", {"name": call.path["lettera"], "pratica": call.path["pratica"]})
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(content, headers=headers, media_type="application/pdf")
