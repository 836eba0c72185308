"""The letters of a procedimento: shown in the browser, printed as PDF, kept as they were sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi.responses import Response
from starlette.exceptions import HTTPException

from api.desk.calls import Call, see
from api.desk.decisions import OWN_PAGE, Hand, Refused, happened
from api.desk.kept_letters import keeping, kept, printed_again, source
from api.desk.pratica import Pratica
from api.desk.procedimenti import Procedimenti, Procedimento, Standing
from api.desk.screens import Screens
from api.letters.page import letter_part
from api.letters.pdf import print_letter
from api.store.contract import Conflict
from engine.letter import Letter, compose
from engine.messages import sentence

#: The number of protocol of a letter, typed by hand, and how long it may be.
PROTOCOL, LONGEST = "protocollo", 60


@dataclass(frozen=True)
class LetterPages(Screens):
    """The letters of one procedimento."""

    procedimenti: Procedimenti

    def shown(self, call: Call) -> Response:
        """Show a letter as it would be sent today, with what it still lacks."""
        pratica, standing = self._found(call)
        return self._shown(call, pratica, standing)

    def printed(self, call: Call) -> Response:
        """Print a letter as it would be sent today."""
        pratica, standing = self._found(call)
        return _pdf(print_letter(self._composed(call, pratica, standing), self.ente), call)

    def send(self, call: Call) -> Response:
        """Keep a letter as it is sent, and write the event that says so; nothing that the law checks is bypassed."""
        pratica = self.desk.pratica(call.who, call.path["pratica"], "procedimento_scrivere")
        standing, name = self._standing(call, pratica), self._lettera(call).name
        found, evento = standing.procedimento, self._event(call, standing)
        hand = Hand(call.who, self.desk.today(), self.desk.archive.moment())
        try:
            self._may_leave(call, found, evento)
            new = happened(standing, evento, hand.today, "", hand) if evento and evento not in OWN_PAGE else found
            puts = keeping(self.desk, pratica, standing, [name], call.who, call.first(PROTOCOL))
            self.procedimenti.save(call.who, new, pratica.sportello, "lettera", puts, lettera=name)
        except Refused as refused:
            return self._shown(call, pratica, self._standing(call, pratica), refused)
        except Conflict:
            return self._shown(call, pratica, self._standing(call, pratica), Refused("changed_meanwhile"))
        return see(f"/pratiche/{pratica.id}/procedimenti/{found.key}?salvata=fatto")

    def sent(self, call: Call) -> Response:
        """Print again a letter that was sent, from what was kept."""
        _, standing = self._found(call)
        redacted = call.query.get("oscurata") == "sì"
        content = printed_again(self.desk, standing.procedimento, call.path["lettera"], redacted=redacted)
        if content is None:
            raise HTTPException(404)
        return _pdf(content, call)

    # What they share

    def _may_leave(self, call: Call, found: Procedimento, evento: str) -> None:
        """Raise Refused if the letter may not be sent: what the law wants of an act is asked where the act is done."""
        if call.base != found.revision:
            raise Refused("changed_meanwhile")
        if len(call.first(PROTOCOL)) > LONGEST:
            raise Refused("long_protocol", PROTOCOL, limit=str(LONGEST))
        if evento in OWN_PAGE and found.day_of(evento) is None:
            raise Refused("letter_before_act")

    def _shown(self, call: Call, pratica: Pratica, standing: Standing, refused: Refused | None = None) -> Response:
        letter = self._composed(call, pratica, standing)
        evento = self._event(call, standing)
        values: dict[str, Any] = {
            "procedimento": standing.procedimento,
            "letter": letter,
            "body": letter_part(letter, self.ente, 2),
            "name": call.path["lettera"],
            "redacted": letter.redacted,
            "can_redact": self._lettera(call).redacted is not None,
            "sent": [one for one in kept(self.desk, standing.procedimento) if one.name == letter.name],
            "waits": evento in OWN_PAGE and standing.procedimento.day_of(evento) is None,
            "may": self.desk.allowed(call.who, "procedimento_scrivere", pratica.sportello),
            "protocol": call.first(PROTOCOL),
            "errors": {"lettera": refused.said} if refused else {},
        }
        return self.page(call, "pratica/lettera.html", pratica, self.desk.visit(pratica.values), **values)

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
        values = {**source(self.desk, pratica, standing).values(), "protocollo": call.first(PROTOCOL) or None}
        return compose(lettera, values, redacted=redacted)

    def _event(self, call: Call, standing: Standing) -> str:
        """Return the event that says that this letter was sent; nothing if the procedura does not name it."""
        found = standing.procedura.lettere.get(call.path["lettera"]) if standing.procedura else None
        return found.sent_by.text if found else ""


def _pdf(content: bytes, call: Call) -> Response:
    name = sentence("lettere.file", {"name": call.path["lettera"], "pratica": call.path["pratica"]})
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(content, headers=headers, media_type="application/pdf")
