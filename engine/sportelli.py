"""Sportelli: the desks, and the dated tables that say whom each serves (`rules/sportelli.nt`).

Each table becomes the Draft of a service whose esiti are the desks, so that what evaluates, checks and
explains a service does the same here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from engine.atto import TO_CONFIRM, Fonte, parse_fonte
from engine.condition import Comparison, Leaf, Word, split_words
from engine.document import Document, Node, Section, Text
from engine.draft import Calcolo, Definizione, Draft, Esempio, Esito
from engine.number import WrongValue
from engine.problem import Place, Problem, problem, suggestion
from engine.reach import reach
from engine.servizio import Servizio
from engine.tabella import POLICIES, Tabella, parse_table
from engine.tipo import parse_day

SPORTELLI = "sportelli"
FILE = "rules/sportelli.nt"
#: The parts of the file that hold named items.
SECTIONS = ("sportelli", "questioni", "competenza", "esempi")
#: The name of the tables, and so of their last column.
RESULT = "sportello"
CONTACTS = ("telefono", "email", "indirizzo", "quartieri")

_PHONE = re.compile(r"[0-9]{2,4} [0-9]{5,8}")
_EMAIL = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class Sportello:
    """A desk and how to reach it; `to_confirm` are the contacts that nobody knows yet."""

    name: str
    titolo: str
    telefono: tuple[str, ...]
    email: str
    indirizzo: str
    quartieri: tuple[str, ...]
    to_confirm: tuple[str, ...]
    stato: str
    riscontro: str
    place: Place

    def as_json(self) -> dict[str, Any]:
        """Return the desk as JSON; a contact that nobody knows is null or empty, and named in `da_confermare`."""
        return {
            "id": self.name,
            "titolo": self.titolo,
            "telefono": list(self.telefono),
            "email": self.email or None,
            "indirizzo": self.indirizzo or None,
            "quartieri": list(self.quartieri),
            "da_confermare": list(self.to_confirm),
            "stato": self.stato,
            "riscontro": self.riscontro or None,
        }


@dataclass(frozen=True, slots=True)
class Questione:
    """What only the cabina di regia can answer: the result of a row that leads to no desk."""

    name: str
    titolo: str
    domanda: str
    place: Place

    def as_json(self) -> dict[str, Any]:
        """Return the question as JSON."""
        return {"id": self.name, "titolo": self.titolo, "domanda": self.domanda}


@dataclass(frozen=True, slots=True)
class SportelliDraft:
    """The file as it was written: the tables are Drafts in the order of time, `lost` the names with a mistake."""

    titolo: str
    aiuto: str
    sportelli: dict[str, Sportello]
    questioni: dict[str, Questione]
    drafts: tuple[Draft, ...]
    lost: frozenset[str]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names by which the tables tell families apart, in the order in which they are written."""
        return tuple(dict.fromkeys(word.text for draft in self.drafts for word in _table(draft).columns))


@dataclass(frozen=True, slots=True)
class Sportelli:
    """The desks, the open questions, and the checked tables, each in force from a day."""

    titolo: str
    aiuto: str
    sportelli: dict[str, Sportello]
    questioni: dict[str, Questione]
    versions: tuple[Servizio, ...]
    tabelle: dict[date, Tabella]

    @property
    def campi(self) -> tuple[str, ...]:
        """The campi to ask a family, each after the campi of its guard."""
        asked: dict[str, None] = {}
        for version in self.versions:
            used = set(reach(version, RESULT))
            asked |= dict.fromkeys(name for name in version.order if name in used)
        return tuple(asked)

    def at(self, day: date) -> Servizio | None:
        """Return the table in force on that day, as a version of a service."""
        return next((version for version in self.versions if version.in_force(day)), None)

    def served(self, name: str, day: date) -> list[dict[str, str]]:
        """Return the rows that lead to a desk or to a question on that day: what each asks of a campo, as written."""
        version = self.at(day)
        tabella = self.tabelle[version.since] if version else None
        rows = [row for row in tabella.rows if row.result.text == name] if tabella else []
        columns = [word.text for word in tabella.columns] if tabella else []
        return [{c: cell.text for c, cell in zip(columns, r.cells, strict=True) if cell.comparisons} for r in rows]

    def as_json(self, day: date) -> dict[str, Any]:
        """Return every desk with whom it serves on that day, and the open questions with whom they concern."""
        version = self.at(day)
        fonte = {"fonte": version.fonte.show(version.atti), "stato": version.fonte.stato} if version else {}
        return {
            "titolo": self.titolo,
            "aiuto": self.aiuto,
            "al": day.isoformat(),
            "versione": version.since.isoformat() if version else None,
            **fonte,
            "sportelli": [{**item.as_json(), "serve": self.served(n, day)} for n, item in self.sportelli.items()],
            "questioni": [{**item.as_json(), "riguarda": self.served(n, day)} for n, item in self.questioni.items()],
            "campi": list(self.campi),
        }


def checked(draft: SportelliDraft, versions: tuple[Servizio, ...]) -> Sportelli:
    """Return the Sportelli with the tables that the checks have accepted."""
    tabelle = {each.since: _table(each) for each in draft.drafts}
    return Sportelli(draft.titolo, draft.aiuto, draft.sportelli, draft.questioni, versions, tabelle)


def esito_of(name: str) -> str:
    """Return the name of the esito of a desk or of a question, which no other name can be."""
    return f"{RESULT}: {name}"


def name_of(esito: str) -> str:
    """Return the desk or the question of an esito."""
    return esito.removeprefix(f"{RESULT}: ")


# From the file to the Drafts


def parse_sportelli(document: Document, out: Mapping[tuple[str, str], Place]) -> tuple[SportelliDraft, list[Problem]]:
    """Read the file, whose shape is already checked; `out` are the items left out for a mistake of shape."""
    root, problems = document.root, list[Problem]()
    desks = {key.value: _sportello(key, node, problems) for key, node in _sections(root.get("sportelli"))}
    questioni = {
        key.value: Questione(key.value, node.text("titolo"), node.text("domanda"), key.place)
        for key, node in _sections(root.get("questioni"))
    }
    lost = frozenset(key for part, key in out if part in ("sportelli", "questioni"))
    periods = _sections(root.get("competenza"))
    read = (_draft(key, node, document, (*desks, *questioni), problems) for key, node in periods)
    drafts = sorted((draft for draft in read if draft is not None), key=lambda draft: draft.since)
    problems += _repeated(desks, questioni)
    unknown = list(_unknown(drafts, [*desks, *questioni, *sorted(lost)]))
    if not out and not unknown and len(drafts) == len(periods):
        problems += _unreached(drafts, [*desks.values(), *questioni.values()])
    with_esempi = _with_esempi(drafts, _sections(root.get("esempi")))
    found = SportelliDraft(root.text("titolo"), root.text("aiuto"), desks, questioni, with_esempi, lost)
    return found, [*problems, *unknown]


def _sections(node: Node | None) -> list[tuple[Text, Section]]:
    entries = node.entries if isinstance(node, Section) else ()
    return [(key, value) for key, value in entries if isinstance(value, Section)]


def _sportello(key: Text, node: Section, problems: list[Problem]) -> Sportello:
    to_confirm = tuple(name for name in CONTACTS if node.text(name) == TO_CONFIRM)
    contacts = {name: _contacts(node, name) for name in CONTACTS}
    for name, form in (("telefono", _PHONE), ("email", _EMAIL)):
        wrong = (word for word in contacts[name] if not form.fullmatch(word.text))
        problems += [problem(f"sportelli.{name}", word.place, text=word.text) for word in wrong]
    telefono, email, indirizzo, quartieri = (tuple(word.text for word in words) for words in contacts.values())
    seen, _ = parse_fonte(node)
    return Sportello(
        key.value,
        node.text("titolo"),
        telefono,
        "; ".join(email),
        "; ".join(indirizzo),
        quartieri,
        to_confirm,
        seen.stato,
        seen.riscontro,
        key.place,
    )


def _contacts(node: Section, name: str) -> list[Word]:
    """Return what is written, separated by `;`, or nothing when it is to be confirmed."""
    text = node.get(name)
    if not isinstance(text, Text) or text.value == TO_CONFIRM:
        return []
    word = Word(text.value, text.place)
    return split_words(word, ";") if name in ("telefono", "quartieri") else [word]


def _draft(key: Text, node: Section, document: Document, names: Iterable[str], problems: list[Problem]) -> Draft | None:
    """Return a table as a service: a tabella that gives the desk, and for each desk an esito when it is the one."""
    rows = node.get("tabella")
    assert isinstance(rows, Text)
    tabella, found = parse_table(rows, node.text("colpo") or POLICIES[0])
    fonte, also_found = parse_fonte(node)
    problems += [*found, *also_found]
    try:
        since = parse_day(key.value.removeprefix("dal "))
    except WrongValue as wrong:
        problems.append(Problem(wrong.code, key.place, tuple(wrong.data.items())))
        return None
    if tabella is None:
        return None
    given = {row.result.text for row in tabella.rows}
    results = [name for name in names if name in given]
    titolo = document.root.text("titolo")
    scelta = Text("scelta", key.place)
    calcolo = Calcolo(RESULT, titolo, None, tabella, "", None, None, None, scelta, "", fonte, key.place)
    return Draft(
        SPORTELLI,
        titolo,
        since,
        fonte,
        "nucleo",
        "giorno della domanda",
        {d.name: d for d in (_definizione(name, fonte, key.place) for name in results)},
        {},
        {RESULT: calcolo},
        {e.name: e for e in _esiti(results, fonte, key.place)},
        {},
        (),
        document,
        key.place,
        {},
    )


def _definizione(name: str, fonte: Fonte, place: Place) -> Definizione:
    text = f"{RESULT} è {name}"
    leaf = Leaf(Word(RESULT, place), Comparison("è", (Word(name, place),), place), text)
    return Definizione(text, text, fonte, leaf, place)


def _esiti(results: list[str], fonte: Fonte, place: Place) -> Iterator[Esito]:
    """Yield an esito for each result; the last needs nothing, because the checks leave no family without a row."""
    for name in results:
        last = name == results[-1]
        requires = () if last else (Word(f"{RESULT} è {name}", place),)
        yield Esito(esito_of(name), name, fonte, requires, (), (), last, False, place)


def _with_esempi(drafts: list[Draft], sections: list[tuple[Text, Section]]) -> tuple[Draft, ...]:
    """Give each esempio to the table in force on its day, or else to the first."""
    starts = [draft.since for draft in drafts]
    given: list[list[Esempio]] = [[] for _ in drafts]
    for key, node in sections if drafts else ():
        try:
            at = bisect_right(starts, parse_day(node.text("al"))) - 1
        except WrongValue:
            at = 0
        given[max(at, 0)].append(Esempio(key.value, node, key.place))
    return tuple(replace(draft, esempi=tuple(esempi)) for draft, esempi in zip(drafts, given, strict=True))


# What must hold inside the file


def _repeated(desks: Mapping[str, Sportello], questioni: Mapping[str, Questione]) -> Iterator[Problem]:
    """Yield the names that are both a desk and a question, and the desks that people could not tell apart."""
    for name in desks.keys() & questioni.keys():
        yield problem("sportelli.name_twice", questioni[name].place, desks[name].place, name=name)
    titles: dict[str, Sportello] = {}
    for desk in desks.values():
        first = titles.setdefault(desk.titolo, desk)
        if first is not desk:
            yield problem("sportelli.title_twice", desk.place, first.place, titolo=desk.titolo)


def _unknown(drafts: Iterable[Draft], names: Collection[str]) -> Iterator[Problem]:
    """Yield the results of the rows that are neither a desk nor a question."""
    for row in (row for draft in drafts for row in _table(draft).rows):
        if row.result.text not in names:
            yield unknown(row.result, names)


def unknown(word: Word | Text, names: Collection[str]) -> Problem:
    """Return the Problem of what is neither a desk nor a question."""
    text = word.text if isinstance(word, Word) else word.value
    data = {"name": text, "hint": suggestion(text, names), "allowed": ", ".join(f"«{name}»" for name in names)}
    return problem("sportelli.unknown", word.place, **data)


def _unreached(drafts: list[Draft], named: Iterable[Sportello | Questione]) -> Iterator[Problem]:
    """Yield the desks and the questions to which no row of any table leads."""
    given = {row.result.text for draft in drafts for row in _table(draft).rows}
    for item in named:
        if item.name not in given:
            code = "unreached" if isinstance(item, Sportello) else "unused"
            yield problem(f"sportelli.{code}", item.place, name=item.name)


def _table(draft: Draft) -> Tabella:
    tabella = draft.calcoli[RESULT].tabella
    assert tabella is not None
    return tabella
