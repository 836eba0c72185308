"""Ente: the administration and the office whose pages these are (`regolamento/ente.nt`)."""

from __future__ import annotations

from dataclasses import dataclass

from engine.document import Section


@dataclass(frozen=True, slots=True)
class Ente:
    """How the office is named in the pages, and where it can be reached; what is not known is empty.

    `accessibility`, `privacy` and `feedback` are addresses: the declaration made on AgID's own form, the notice
    of the data controller, and where to report what does not work.
    """

    nome: str = "Comune"
    ufficio: str = "Ufficio"
    indirizzo: str = ""
    telefono: str = ""
    accessibility: str = ""
    privacy: str = ""
    feedback: str = ""


#: What stands in the pages while nobody has written the file.
UNNAMED = Ente()


def parse_ente(root: Section) -> Ente:
    """Read the file, whose shape is already checked; «da confermare» is not known yet."""
    keys = ("nome", "ufficio", "indirizzo", "telefono", "accessibilità", "privacy", "segnalazioni")
    texts = (root.text(key) for key in keys)
    return Ente(*("" if text == "da confermare" else text for text in texts))
