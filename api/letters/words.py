"""The words around a letter: what the printer and the page add to it."""

from __future__ import annotations

from engine.ente import Ente
from engine.letter import Letter
from engine.messages import sentence


def texts(letter: Letter, ente: Ente) -> dict[str, str]:
    """Return where the office is, the word for the subject, what is missing in a draft, and the foot of the page."""
    telephone = sentence("stampa.telephone", {"number": ente.telefono}) if ente.telefono else ""
    return {
        "contacts": ", ".join(part for part in (ente.indirizzo, telephone) if part),
        "subject": sentence("stampa.subject", {}),
        "draft": sentence("stampa.draft", {"missing": "; ".join(letter.missing)}) if letter.lacking else "",
        "foot": sentence("stampa.foot", {"title": letter.titolo, "hash": letter.impronta[:12]}),
    }
