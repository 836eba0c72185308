"""Lettera: the text of a letter as the staff writes it (`forms/lettere/<nome>.nt`)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.atto import Fonte, parse_fonte
from engine.document import Document, Items, Section, Text
from engine.problem import Place, Problem, problem

_PART = re.compile(r"\{\{(?P<inside>[^{}]*)\}\}|(?P<open>\{+)|(?P<close>\}+)")
_ONLY_IF = re.compile(r"(?i:solo se)(?P<lacks> manca)? +\{\{(?P<inside>[^{}]*)\}\} *: *")
_FOR_EACH = re.compile(r"(?i:per ogni) +(?P<voce>[a-z_]+) *(?P<sign>[:|])[ \n]*")
_CELL = re.compile(r"(?P<heading>[^:{}]+): *(?P<rest>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Slot:
    """A placeholder where it stands."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text and placeholders; printed only if `given` was given, or is known to be none (`lacks`)."""

    parts: tuple[str | Slot, ...]
    given: Slot | None = None
    lacks: bool = False


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph; with `voce` an item for each member of an elenco, and with `headings` a row of cells instead."""

    lines: tuple[Line, ...]
    voce: Slot | None = None
    headings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """What stands under a heading."""

    titolo: str
    passages: tuple[Passage, ...]


Labels = tuple[tuple[str, Line], ...]


@dataclass(frozen=True, slots=True)
class Redacted:
    """The letter without personal data, as it may be published."""

    oggetto: Line
    riferimenti: Labels
    testo: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Lettera:
    """The text of a letter; `impronta` is the hash of the file, so that what was sent can say from which text."""

    name: str
    titolo: str
    fonte: Fonte
    oggetto: Line
    reduced: Line | None
    destinatario: tuple[Line, ...]
    riferimenti: Labels
    apertura: tuple[Passage, ...]
    testo: tuple[Part, ...]
    firme: tuple[Passage, ...]
    redacted: Redacted | None
    impronta: str
    place: Place

    def passages(self) -> Iterator[Passage]:
        """Yield all that the whole letter prints, from the top; what stands alone is a passage of one line."""
        alone = [self.oggetto, *([self.reduced] if self.reduced else []), *self.destinatario]
        yield from (Passage((line,)) for line in (*alone, *(line for _, line in self.riferimenti)))
        yield from self.apertura
        yield from (passage for part in self.testo for passage in part.passages)
        yield from self.firme

    def redacted_passages(self) -> Iterator[Passage]:
        """Yield all that the redacted letter prints."""
        if self.redacted:
            yield Passage((self.redacted.oggetto,))
            yield from (Passage((line,)) for _, line in self.redacted.riferimenti)
            yield from (passage for part in self.redacted.testo for passage in part.passages)


def parse_lettera(name: str, document: Document) -> tuple[Lettera, list[Problem]]:
    """Read the file of a letter, whose shape is already checked; names are not looked up yet."""
    root, reader = document.root, _Reader([])
    fonte, reader.problems = parse_fonte(root)
    redacted = root.get("versione oscurata")
    lettera = Lettera(
        name,
        root.text("titolo"),
        fonte,
        reader.line(root, "oggetto"),
        reader.line(root, "oggetto ridotto") if root.get("oggetto ridotto") else None,
        reader.lines(root.get("destinatario")),
        reader.labels(root),
        reader.passages(root.get("apertura")),
        reader.parts(root),
        reader.passages(root.get("firme")),
        reader.redacted(redacted) if isinstance(redacted, Section) else None,
        hashlib.sha256("\n".join(document.source.lines).encode()).hexdigest(),
        root.place_of("titolo"),
    )
    return lettera, reader.problems


@dataclass(slots=True)
class _Reader:
    """Reads the texts of a file, and gathers what is wrong in them."""

    problems: list[Problem]

    def redacted(self, section: Section) -> Redacted:
        return Redacted(self.line(section, "oggetto oscurato"), self.labels(section), self.parts(section))

    def labels(self, section: Section) -> Labels:
        found = section.get("riferimenti")
        entries = found.entries if isinstance(found, Section) else ()
        return tuple((key.value, self._alone(_Piece.whole(node))) for key, node in entries if isinstance(node, Text))

    def parts(self, section: Section) -> tuple[Part, ...]:
        found = section.get("testo")
        entries = found.entries if isinstance(found, Section) else ()
        return tuple(Part(key.value, self.passages(node)) for key, node in entries)

    def line(self, section: Section, key: str) -> Line:
        node = section.get(key)
        assert isinstance(node, Text)
        return self._alone(_Piece.whole(node))

    def lines(self, node: object) -> tuple[Line, ...]:
        """Return the lines of a text, each on its own."""
        pieces = _Piece.whole(node).cut("\n") if isinstance(node, Text) else ()
        return tuple(self._alone(piece) for piece in pieces)

    def _alone(self, piece: _Piece) -> Line:
        if _FOR_EACH.match(piece.value) or piece.value.startswith("per ogni "):
            self.problems.append(problem("lettera.not_here", piece.at(0)))
            return Line(())
        return self._line(piece)

    def passages(self, node: object) -> tuple[Passage, ...]:
        items = node.items if isinstance(node, Items) else ()
        return tuple(self._passage(_Piece.whole(item)) for item in items if isinstance(item, Text))

    def _passage(self, piece: _Piece) -> Passage:
        opening = _FOR_EACH.match(piece.value)
        if opening is None:
            if piece.value.startswith("per ogni "):
                self.problems.append(problem("lettera.for_each", piece.at(0)))
                return Passage(())
            return Passage(tuple(map(self._line, piece.cut("\n"))))
        voce, rest = Slot(opening["voce"], piece.at(opening.start("voce"))), piece.after(opening.end())
        if opening["sign"] == "|":
            cells = [self._cell(cell) for cell in rest.cut("|")]
            return Passage(tuple(line for _, line in cells), voce, tuple(heading for heading, _ in cells))
        return Passage(tuple(map(self._line, rest.cut("\n"))), voce)

    def _cell(self, cell: _Piece) -> tuple[str, Line]:
        match = _CELL.fullmatch(cell.value)
        if match is None:
            self.problems.append(problem("lettera.cell", cell.at(0)))
            return "", Line(())
        return match["heading"].strip(), self._line(cell.after(match.start("rest")))

    def _line(self, piece: _Piece) -> Line:
        opening = _ONLY_IF.match(piece.value)
        if opening is None:
            if piece.value.startswith("solo se "):
                self.problems.append(problem("lettera.only_if", piece.at(0)))
                return Line(())
            return Line(tuple(self._parts(piece, 0)))
        given = Slot(opening["inside"].strip(), piece.at(_inside(opening)))
        return Line(tuple(self._parts(piece, opening.end())), given, bool(opening["lacks"]))

    def _parts(self, piece: _Piece, start: int) -> Iterator[str | Slot]:
        """Yield the words and the placeholders of a line from there on; a new line is a space."""
        for match in _PART.finditer(piece.value, start):
            if start < match.start():
                yield piece.value[start : match.start()].replace("\n", " ")
            start = match.end()
            if match["inside"] is None:
                code = "words.open" if match["open"] else "words.close"
                self.problems.append(problem(code, piece.at(match.start()), found=match[0]))
            elif not match["inside"].strip():
                self.problems.append(problem("words.empty", piece.at(match.start())))
            else:
                yield Slot(match["inside"].strip(), piece.at(_inside(match)))
        if piece.value[start:]:
            yield piece.value[start:].replace("\n", " ")


def _inside(match: re.Match[str]) -> int:
    """Return where the name inside the braces begins."""
    return match.start("inside") + len(match["inside"]) - len(match["inside"].lstrip())


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a text that still knows where it stands."""

    text: Text
    start: int
    value: str

    @classmethod
    def whole(cls, text: Text) -> _Piece:
        return cls(text, 0, text.value)

    def at(self, offset: int) -> Place:
        return self.text.at(self.start + offset)

    def after(self, offset: int) -> _Piece:
        return _Piece(self.text, self.start + offset, self.value[offset:])

    def cut(self, sign: str) -> Iterator[_Piece]:
        """Yield the parts between the signs, without the spaces around them; empty lines are passed over."""
        start = 0
        for part in self.value.split(sign):
            if part.strip() or sign != "\n":
                margin = len(part) - len(part.lstrip())
                yield _Piece(self.text, self.start + start + margin, part.strip())
            start += len(part) + 1
