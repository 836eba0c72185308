"""Atti and fonti: the acts that are cited, and what a citation says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from engine.condition import Word, split_words
from engine.document import Section, Text
from engine.number import WrongValue
from engine.problem import Place, Problem, problem
from engine.tipo import parse_day

CONFIRMED = "confermato"
TO_CONFIRM = "da confermare"

_CITATION = re.compile(
    r"(?P<atto>\S+)(?: art\. (?P<articolo>[0-9]+(?:-[a-z]+)?))?(?: c\. (?P<comma>[0-9]+(?:-[a-z]+)?))?"
    r"(?: lett\. (?P<lettera>[a-z](?:-[a-z]+)?))?"
)
_COMMA = re.compile(r"([0-9]+(?:-[a-z]+)?)\. ")


@dataclass(frozen=True, slots=True)
class Atto:
    """An act of the law: when it is in force and whether its text is in our hands."""

    id: str
    titolo: str
    riferimento: str
    since: date
    until: date | None
    acquired: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A part of an article, as Markdown: a comma with its number, or (no number) what is said around the commas."""

    comma: str
    text: str


@dataclass(frozen=True, slots=True)
class Articolo:
    """What our file of an article says."""

    atto: str
    number: str
    titolo: str
    paragraphs: tuple[Paragraph, ...]

    @property
    def commas(self) -> frozenset[str]:
        """The numbers of its commas."""
        return frozenset(found.comma for found in self.paragraphs if found.comma)


def parse_articolo(atto: str, number: str, text: str) -> Articolo:
    """Read a file of an article: a line that begins `1. ` opens a comma, a heading closes it."""
    titolo, parts = f"art. {number}", [("", list[str]())]
    for line in text.splitlines():
        comma = _COMMA.match(line)
        if line.startswith("# "):
            titolo = line.removeprefix("# ").strip()
        elif comma is not None:
            parts.append((comma[1], [line[comma.end() :]]))
        else:
            parts += [("", [])] if line.startswith("#") else []
            parts[-1][1].append(line)
    paragraphs = (Paragraph(comma, "\n".join(lines).strip()) for comma, lines in parts)
    return Articolo(atto, number, titolo, tuple(found for found in paragraphs if found.comma or found.text))


@dataclass(frozen=True, slots=True)
class Citation:
    """One place of the law: act, and where known article, comma and letter."""

    atto: str
    articolo: str
    comma: str
    lettera: str
    place: Place

    def show(self, atti: dict[str, Atto]) -> str:
        """Write the citation for people; a comma that nobody can have seen is said to be unconfirmed."""
        atto = atti[self.atto]
        parts = [atto.riferimento]
        parts += [f"art. {self.articolo}"] if self.articolo else []
        parts += [f"c. {self.comma}"] if self.comma else []
        parts += [f"lett. {self.lettera}"] if self.lettera else []
        unseen = ["comma da confermare"] if self.articolo and not atto.acquired else []
        return ", ".join([" ".join(parts), *unseen])


@dataclass(frozen=True, slots=True)
class Fonte:
    """The source of a rule or of a value: citations, `stato`, and where it was seen (`riscontro`)."""

    citations: tuple[Citation, ...]
    stato: str
    riscontro: str
    place: Place

    @property
    def confirmed(self) -> bool:
        """Whether the cabina di regia has confirmed it."""
        return self.stato == CONFIRMED

    def show(self, atti: dict[str, Atto]) -> str:
        """Write the citations for people."""
        return "; ".join(citation.show(atti) for citation in self.citations)


def parse_atti(root: Section) -> tuple[dict[str, Atto], list[Problem]]:
    """Read `atti.nt`, whose shape is already checked."""
    atti: dict[str, Atto] = {}
    problems: list[Problem] = []
    for key, node in root.entries:
        assert isinstance(node, Section)
        since = _day(node, "in vigore dal", problems)
        until = _day(node, "in vigore fino al", problems)
        acquired = node.text("testo") == "acquisito"
        titolo, riferimento = node.text("titolo"), node.text("riferimento")
        atti[key.value] = Atto(key.value, titolo, riferimento, since or date.min, until, acquired, key.place)
    return atti, problems


def _day(node: Section, key: str, problems: list[Problem]) -> date | None:
    text = node.get(key)
    if not isinstance(text, Text):
        return None
    try:
        return parse_day(text.value)
    except WrongValue as wrong:
        problems.append(Problem(wrong.code, text.place, tuple(wrong.data.items())))
        return None


def parse_fonte(node: Section) -> tuple[Fonte, list[Problem]]:
    """Read `fonte`, `stato` and `riscontro` of a section; where there is no fonte nothing is cited."""
    text, citations, problems = node.get("fonte"), list[Citation](), list[Problem]()
    for word in split_words(Word(text.value, text.place), ";") if isinstance(text, Text) else ():
        match = _CITATION.fullmatch(word.text)
        if match is None or (match["comma"] and not match["articolo"]):
            problems.append(problem("fonte.syntax", word.place, text=word.text))
            continue
        parts = match.groupdict(default="")
        citations.append(Citation(parts["atto"], parts["articolo"], parts["comma"], parts["lettera"], word.place))
    stato = node.text("stato") or CONFIRMED
    return Fonte(tuple(citations), stato, node.text("riscontro"), node.place_of("fonte")), problems
