"""Pratica: one file per family; each answer with who wrote it, when, how it is proved, and the documents beside it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from api.typed import COMPLETE, REASON, ROWS, controls, rows_in
from engine.campo import Campo

Texts = tuple[str, ...]
#: What each control holds, as it was typed; a control without texts holds nothing.
Values = Mapping[str, Texts]

STATES = OPEN, PRESENTED, CLOSED = "aperta", "presentata", "chiusa"
#: Who asks. These are not campi: no rule looks at them.
APPLICANT = ("nome", "cognome", "codice_fiscale", "nascita", "telefono", "email", "indirizzo")
#: And of each person of the nucleo, beside what the rules ask of it.
MEMBER = ("persona", "codice_fiscale")
DAY = "giorno_della_domanda"
#: What the members of an elenco of people are called in the vocabulary.
PERSON = "componente"


@dataclass(frozen=True, slots=True)
class Attached:
    """A document beside an answer: at least its reference and its date, as they were typed."""

    riferimento: str
    data: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What one control holds: the texts, who wrote them and when (RFC 3339, UTC), at which revision; and the proof."""

    texts: Texts
    who: str
    at: str
    revision: int
    prova: str = ""
    attached: tuple[Attached, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the reply as it is kept."""
        found: dict[str, Any] = {"testi": list(self.texts), "chi": self.who, "quando": self.at, "rev": self.revision}
        if self.prova:
            found["prova"] = self.prova
        if self.attached:
            found["documenti"] = [[one.riferimento, one.data] for one in self.attached]
        return found


def read_reply(data: Mapping[str, Any]) -> Reply:
    """Read a reply as it is kept."""
    attached = tuple(Attached(*one) for one in data.get("documenti", ()))
    return Reply(tuple(data["testi"]), data["chi"], data["quando"], data["rev"], data.get("prova", ""), attached)


@dataclass(frozen=True, slots=True)
class Pratica:
    """One family's file: `opened` is when it was (RFC 3339, UTC); `revision` grows by one at each save."""

    id: str
    sportello: str
    opened: str
    stato: str = OPEN
    revision: int = 0
    replies: Mapping[str, Reply] = field(default_factory=dict)
    presentazioni: tuple[str, ...] = ()

    @property
    def values(self) -> dict[str, Texts]:
        """What each control holds."""
        return {name: reply.texts for name, reply in self.replies.items()}

    def text(self, name: str) -> str:
        """Return what was typed in a control, or nothing."""
        reply = self.replies.get(name)
        return next(iter(reply.texts), "") if reply else ""

    @property
    def applicant(self) -> str:
        """Name and surname of who asks; empty as long as nobody has typed them."""
        return " ".join(filter(None, (self.text("richiedente.nome"), self.text("richiedente.cognome"))))

    def changed(self, values: Values, who: str, at: str) -> Pratica:
        """Return the next revision, where some controls hold something else; their proof stays with them."""
        number, replies = self.revision + 1, dict(self.replies)
        for name, texts in values.items():
            old = replies.get(name)
            if texts:
                first = old or Reply(texts, who, at, number)
                replies[name] = replace(first, texts=texts, who=who, at=at, revision=number)
            else:
                replies.pop(name, None)
        return replace(self, replies=replies, revision=number)

    def proved(self, name: str, prova: str, attached: Sequence[Attached]) -> Pratica:
        """Return the file where an answer has this proof and these documents; the revision is that of the save."""
        reply = replace(self.replies[name], prova=prova, attached=tuple(attached))
        return replace(self, replies={**self.replies, name: reply})

    def as_json(self) -> dict[str, Any]:
        """Return what is sealed; the rest stands beside it in the store."""
        return {"risposte": {name: reply.as_json() for name, reply in self.replies.items()}}

    # Looking for it

    def words(self) -> Iterator[str]:
        """Yield what the file is found by: words of the names, and every codice fiscale."""
        for name in self.replies:
            if name.rpartition(".")[2] in ("nome", "cognome", "persona"):
                yield from words(self.text(name))
        yield from self.codici_fiscali()

    def codici_fiscali(self) -> Iterator[str]:
        """Yield the codice fiscale of everybody, without spaces, in capitals."""
        for name in self.replies:
            if name.rpartition(".")[2] == "codice_fiscale" and (text := _code(self.text(name))):
                yield text


def words(text: str) -> Iterator[str]:
    """Yield the words by which a name is looked for: `D'Àngelo Rosa` is dangelo and rosa."""
    plain = unicodedata.normalize("NFD", text.casefold()).encode("ascii", "ignore").decode()
    yield from re.findall("[a-z0-9]+", plain.replace("'", ""))


def looked_for(text: str) -> list[str]:
    """Return what somebody looks for, as `Pratica.words` would give it."""
    code = _code(text)
    return [code] if re.fullmatch("[A-Z0-9]{11}|[A-Z0-9]{16}", code) and re.search("[0-9]", code) else [*words(text)]


def _code(text: str) -> str:
    return "".join(text.split()).upper()


def people(campi: Mapping[str, Campo], values: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Yield the elenco and the row of every person of the nucleo typed so far."""
    for name, campo in campi.items():
        if campo.tipo.name == "elenco" and campo.voce == PERSON:
            yield from ((name, row) for row in rows_in(values, name))


def covered(shown: Iterable[str], campi: Mapping[str, Campo], typed: Mapping[str, Sequence[str]]) -> dict[str, Texts]:
    """Return what each control of the campi that a page showed holds now; those left empty hold nothing."""
    names = controls({name: campi[name] for name in shown if name in campi}, typed)
    return {name: tuple(text for text in typed.get(name, ()) if text.strip()) for name in names}


def campo_of(campi: Mapping[str, Campo], control: str) -> Campo | None:
    """Return the campo that a control holds, or that its motivation is about; None where it is no answer to a rule."""
    name, *rest = control.split(".")
    campo = campi.get(name)
    if campo is not None and campo.tipo.name == "elenco":
        row, inner, *rest = [*rest, "", ""][: max(2, len(rest))]
        campo = campo.campi.get(inner) if _number(row) else None
    if campo is None or not rest:
        return campo
    return campo if campo.judgement and rest == [REASON] else None


def known(campi: Mapping[str, Campo], control: str) -> bool:
    """Whether a file has such a control: nothing else that is sent is kept."""
    name, _, rest = control.partition(".")
    campo = campi.get(name)
    if campo is None or campo.tipo.name != "elenco":
        return campo_of(campi, control) is not None or control == DAY or (name == "richiedente" and rest in APPLICANT)
    row, _, part = rest.partition(".")
    member = campo.voce == PERSON and part in MEMBER and _number(row)
    return rest in (ROWS, COMPLETE) or member or campo_of(campi, control) is not None


def _number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def people_controls(campi: Mapping[str, Campo], typed: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the controls of the page about the people."""
    yield from (f"richiedente.{part}" for part in APPLICANT)
    elenchi = (name for name, campo in campi.items() if campo.tipo.name == "elenco" and campo.voce == PERSON)
    yield from (f"{name}.{ROWS}" for name in elenchi)
    for elenco, row in people(campi, typed):
        yield from (f"{elenco}.{row}.{part}" for part in MEMBER)
