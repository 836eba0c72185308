"""Letter: a letter with its values, ready to be shown or printed; what is missing can be seen, and is listed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from engine.atto import TO_CONFIRM
from engine.ente import Ente
from engine.lettera import Labels, Lettera, Line, Part, Passage, Slot
from engine.messages import sentence
from engine.placeholder import CATALOGUE

Member = Mapping[str, str]
#: Values by the name of their placeholder. Absent: not known yet. Empty: known that there is none.
Values = Mapping[str, str | Sequence[Member] | None]

#: What a run of words is: of the file, a value, something that is still missing, something that nobody has confirmed.
WORDS, VALUE, LACKING, UNCONFIRMED = "testo", "valore", "manca", "da confermare"


_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


class WrongValues(ValueError):
    """A value that no letter knows, or a text where an elenco is wanted, or the other way round."""


@dataclass(frozen=True, slots=True)
class Run:
    """Some words of one kind."""

    text: str
    kind: str = WORDS


Words = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a letter: `titolo`, `paragrafo` (lines), `elenco` (items), `tabella` (headings, rows) or `firma`."""

    kind: str
    lines: tuple[Words, ...] = ()
    items: tuple[tuple[Words, ...], ...] = ()
    headings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Letter:
    """What is shown and printed: `impronta` says from which text, `lacking` which values are missing."""

    name: str
    titolo: str
    oggetto: Words
    destinatario: tuple[Words, ...]
    riferimenti: tuple[tuple[str, Words], ...]
    blocks: tuple[Block, ...]
    lacking: tuple[str, ...]
    impronta: str
    redacted: bool = False

    @property
    def title(self) -> str:
        """The title and the subject, as plain text."""
        return f"{self.titolo}: {''.join(run.text for run in self.oggetto)}"

    @property
    def missing(self) -> tuple[str, ...]:
        """What is missing, in words."""
        return tuple(dict.fromkeys(CATALOGUE.meaning(path) for path in self.lacking))

    def as_json(self) -> dict[str, Any]:
        """Return the letter as JSON: what the printer reads, and what can be stored."""
        return asdict(self)


def readable(text: str) -> str:
    """Return a text of people without what cannot be seen: control signs, and those that turn the line around."""
    plain = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\t", " "))
    return "".join(char for char in plain if char == "\n" or unicodedata.category(char) not in _UNSEEN).strip()


def of_ente(ente: Ente) -> dict[str, str]:
    """Return the values that every letter takes from the office; what is not known is to be confirmed."""
    found = {
        "ente": ente.nome,
        "ufficio": ente.ufficio,
        "indirizzo_ufficio": ente.indirizzo,
        "telefono_ufficio": ente.telefono,
    }
    return {name: value or TO_CONFIRM for name, value in found.items()}


def compose(lettera: Lettera, values: Values, *, redacted: bool = False) -> Letter:
    """Put the values in a letter; `redacted` makes the one without personal data, if the file has it.

    Raises WrongValues for what is no value of a letter, and for a redacted letter that the file does not have.
    """
    _refuse(values)
    short = lettera.redacted
    composer = _Composer(values)
    if not redacted:
        oggetto, destinatario = composer.line(lettera.oggetto, {}), composer.lines(lettera.destinatario, {})
        labels, blocks = _labels(lettera), composer.whole(lettera)
    elif short is None:
        raise WrongValues(lettera.name)
    else:
        oggetto, destinatario = composer.line(short.oggetto, {}), iter(())
        labels, blocks = short.riferimenti, composer.parts(short.testo)
    return Letter(
        lettera.name,
        lettera.titolo,
        oggetto,
        tuple(destinatario),
        composer.labels(labels),
        tuple(blocks),
        tuple(dict.fromkeys(composer.lacking)),
        lettera.impronta,
        redacted,
    )


def _labels(lettera: Lettera) -> Labels:
    """Return the labels of the whole letter: the other two forms of its subject are among them."""
    reduced = (sentence("stampa.reduced", {}), lettera.reduced)
    short = (sentence("stampa.redacted", {}), lettera.redacted.oggetto if lettera.redacted else None)
    return (*lettera.riferimenti, *((label, line) for label, line in (reduced, short) if line))


def _refuse(values: Values) -> None:
    """Raise WrongValues if a value has a name, or a form, that no letter has."""
    for name, value in values.items():
        found = CATALOGUE.placeholders.get(name)
        elenco = not isinstance(value, str)
        if found is None or (value is not None and elenco != bool(found.voce)):
            raise WrongValues(name)
        for member in value if value is not None and not isinstance(value, str) else ():
            if not member.keys() <= found.campi.keys():
                raise WrongValues(f"{name}: {', '.join(member.keys() - found.campi.keys())}")


@dataclass(slots=True)
class _Composer:
    """Turns lines into words with these values, and notes what is missing."""

    values: Values
    lacking: list[str] = field(default_factory=list)

    def whole(self, lettera: Lettera) -> Iterator[Block]:
        for passage in lettera.apertura:
            yield from self.block(passage)
        yield from self.parts(lettera.testo)
        for passage in lettera.firme:
            for block in self.block(passage):
                yield from (Block("firma", item) for item in block.items or (block.lines,))

    def parts(self, parts: Iterable[Part]) -> Iterator[Block]:
        for part in parts:
            blocks = [block for passage in part.passages for block in self.block(passage)]
            if blocks:
                yield Block("titolo", ((Run(part.titolo),),))
                yield from blocks

    def block(self, passage: Passage) -> Iterator[Block]:
        """Yield what a passage prints: nothing, if none of its lines is printed."""
        if passage.voce is None:
            lines = tuple(self.lines(passage.lines, {}))
            if lines:
                yield Block("paragrafo", lines)
            return
        elenco = next(each for each in CATALOGUE.placeholders.values() if each.voce == passage.voce.name)
        if elenco.name not in self.values:
            yield Block("paragrafo", ((self._lacks(elenco.name),),))
            return
        members = self.values[elenco.name] or ()
        assert not isinstance(members, str)
        items = [self._item(passage, member, elenco.name) for member in members]
        if items:
            kind = "tabella" if passage.headings else "elenco"
            yield Block(kind, items=tuple(items), headings=passage.headings)

    def _item(self, passage: Passage, member: Member, elenco: str) -> tuple[Words, ...]:
        if passage.headings:
            return tuple(next(self.lines((line,), member, elenco), ()) for line in passage.lines)
        return tuple(self.lines(passage.lines, member, elenco))

    def labels(self, labels: Labels) -> tuple[tuple[str, Words], ...]:
        return tuple((label, words) for label, line in labels for words in self.lines((line,), {}))

    def lines(self, lines: Iterable[Line], member: Member, elenco: str = "") -> Iterator[Words]:
        """Yield the lines that are printed; one that depends on what is not known says what is missing."""
        for line in lines:
            known = self._known(line.given, member, elenco) if line.given else not line.lacks
            if known is None:
                assert line.given is not None
                yield from self._unsettled(line.given, member, elenco, none=line.lacks)
            elif known != line.lacks:
                yield self.line(line, member, elenco)

    def line(self, line: Line, member: Member, elenco: str = "") -> Words:
        return tuple(Run(part) if isinstance(part, str) else self._value(part, member, elenco) for part in line.parts)

    def _known(self, slot: Slot, member: Member, elenco: str) -> bool | None:
        """Whether something is given, or is known to be none; None if it is not known."""
        values, _ = self._where(slot, member, elenco)
        if slot.name not in values:
            return None
        value = values[slot.name]
        return bool(readable(value) if isinstance(value, str) else value)

    def _unsettled(self, slot: Slot, member: Member, elenco: str, *, none: bool) -> Iterator[Words]:
        """Note what is missing, and say it once: where it would be given, an elenco where it is gone through."""
        _, path = self._where(slot, member, elenco)
        said = self._lacks(path)
        found = CATALOGUE.placeholders.get(path)
        if not none and not (found and found.voce):
            yield (said,)

    def _value(self, slot: Slot, member: Member, elenco: str) -> Run:
        values, path = self._where(slot, member, elenco)
        value = values.get(slot.name)
        assert value is None or isinstance(value, str)
        text = readable(value or "")
        if not text:
            return self._lacks(path)
        return Run(text, UNCONFIRMED if text == TO_CONFIRM else VALUE)

    def _where(self, slot: Slot, member: Member, elenco: str) -> tuple[Values, str]:
        inside = bool(elenco) and slot.name in CATALOGUE.placeholders[elenco].campi
        return (member, f"{elenco}/{slot.name}") if inside else (self.values, slot.name)

    def _lacks(self, path: str) -> Run:
        self.lacking.append(path)
        return Run(sentence("stampa.lacking", {"what": CATALOGUE.meaning(path)}), LACKING)
