"""Form: pages, order and help; what to ask is computed from the rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.campo import Campo
from engine.clause import Clause, atoms
from engine.condition import Word
from engine.document import Document, Items, Section, Text
from engine.problem import Place, Problem, problem


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a form: a title, a help line and the campi asked there, in order."""

    titolo: str
    aiuto: str
    campi: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """The pages of a service."""

    servizio: str
    titolo: str
    pages: tuple[Page, ...]
    place: Place

    @property
    def campi(self) -> tuple[str, ...]:
        """All the campi asked, in order."""
        return tuple(word.text for page in self.pages for word in page.campi)


def parse_form(document: Document) -> tuple[Form, list[Problem]]:
    """Read a form, whose shape is already checked; a campo asked twice is a Problem."""
    root, seen, problems = document.root, dict[str, Place](), list[Problem]()
    pages = []
    sections = root.get("pagine")
    for key, node in sections.entries if isinstance(sections, Section) else ():
        assert isinstance(node, Section)
        items = node.get("campi")
        words = [Word(i.value, i.place) for i in items.items if isinstance(i, Text)] if isinstance(items, Items) else []
        for word in words:
            if word.text in seen:
                problems.append(problem("form.asked_twice", word.place, seen[word.text], name=word.text))
            seen.setdefault(word.text, word.place)
        pages.append(Page(key.value, node.text("aiuto"), tuple(words)))
    return Form(root.text("servizio"), root.text("titolo"), tuple(pages), root.place_of("servizio")), problems


def asked_order(asked: Iterable[str], campi: Mapping[str, Campo], guards: Mapping[str, Clause]) -> tuple[str, ...]:
    """Return every campo: those asked in their order, then as in the vocabolario, each after those of its guard."""
    ordered: dict[str, None] = {}

    def put(name: str, above: frozenset[str]) -> None:
        if name not in campi or name in above or name in ordered:
            return
        for atom in atoms(guards[name]) if name in guards else ():
            put(atom.name, above | {name})
        ordered[name] = None

    for name in (*asked, *campi):
        put(name, frozenset())
    return tuple(ordered)
