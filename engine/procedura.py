"""Procedura: the sheet of a service, what happens to a file, and which fasi, lettere and termini follow.

A condition is over names only: what has happened, what is known from outside, and what follows from
these. Only what comes from outside may be denied, so that what follows never takes anything back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import islice, product

from engine.atto import TO_CONFIRM, Atto, Fonte, parse_fonte
from engine.condition import Word
from engine.document import Document, Items, Node, Section, Text
from engine.number import WrongValue
from engine.parametro import Parametro
from engine.problem import Place, Problem, problem
from engine.tipo import parse_day

NOT, FASE, LETTERA, TERMINE = "non:", "fase:", "lettera:", "termine:"
DERIVED = {"fase": FASE, "lettera": LETTERA}
GROUPS = ("tutte", "almeno una")
DEPTH = 2
#: More ways than this, and a condition wants to be cut in two.
WAYS = 30
#: What the rule engine behind a procedura can take: names that must hold together.
NAMES = 16
#: What is known of a file from outside the procedura: of the first four at most one holds.
ADVICE = ("esito certo", "da integrare", "da confermare", "valutazione professionale")
STATES = (*ADVICE, "motivi ostativi", "istruttoria completa", "domanda accolta")
#: The notice of art. 10-bis, which has no place in a ranking.
NOTICE = "preavviso"


@dataclass(frozen=True, slots=True)
class When:
    """The ways in which a condition holds, each a set of names; `words` are the names as they were written."""

    ways: tuple[frozenset[str], ...] = (frozenset(),)
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Fase:
    """A step of the work: open once `when` holds, closed by an event."""

    name: str
    attivita: str
    note: str
    when: When
    closed_by: Word | None
    place: Place


@dataclass(frozen=True, slots=True)
class Lettera:
    """A letter: due once `when` holds, until the event that says that it was sent."""

    name: str
    when: When
    sent_by: Word
    place: Place


@dataclass(frozen=True, slots=True)
class Sospensione:
    """What stops a termine from running, from an event until another.

    With a `window` (a termine of the same procedura) the other event counts only inside it: the termine runs
    again `after` the event or, without one, from the end of the window.
    """

    name: str
    fonte: Fonte
    since: Word
    until: Word
    longest: Word | None
    times: Word | None
    window: Word | None
    after: Word | None
    place: Place

    def words(self) -> Iterator[Word]:
        """Yield the parametri that it rests on."""
        yield from (word for word in (self.longest, self.times, self.after) if word)


@dataclass(frozen=True, slots=True)
class Termine:
    """A time within which something must happen; `moved` says whether a holiday makes it end later."""

    name: str
    titolo: str
    fonte: Fonte
    durata: Word
    starts: Word
    stops: Word
    moved: Word | None
    sospensioni: tuple[Sospensione, ...]
    place: Place

    def words(self) -> Iterator[Word]:
        """Yield the parametri that it rests on, those of its sospensioni included."""
        yield self.durata
        yield from (self.moved,) if self.moved else ()
        for sospensione in self.sospensioni:
            yield from sospensione.words()


@dataclass(frozen=True, slots=True)
class Procedura:
    """The procedura of a service; `lost` are the names whose own text has a mistake."""

    servizio: str
    scheda: Mapping[str, str]
    since: date
    competitive: bool
    eventi: Mapping[str, str]
    fasi: Mapping[str, Fase]
    lettere: Mapping[str, Lettera]
    termini: Mapping[str, Termine]
    document: Document
    place: Place
    lost: frozenset[str] = frozenset()
    parametri: Mapping[str, Parametro] = field(default_factory=dict)
    atti: Mapping[str, Atto] = field(default_factory=dict)

    @property
    def dated(self) -> bool:
        """Whether the day of the sheet could be read."""
        return self.since > date.min

    @property
    def open_points(self) -> tuple[str, ...]:
        """What is to be confirmed: the metadata of the sheet, then the notes of the fasi."""
        sheet = (name for name, text in self.scheda.items() if text == TO_CONFIRM)
        return (*sheet, *(f"{FASE}{fase.name}" for fase in self.fasi.values() if fase.note == TO_CONFIRM))

    @property
    def rules(self) -> dict[str, When]:
        """The condition of everything that may follow, by its name with its kind in front."""
        fasi = {f"{FASE}{fase.name}": fase.when for fase in self.fasi.values()}
        lettere = {f"{LETTERA}{lettera.name}": lettera.when for lettera in self.lettere.values()}
        started = {f"{TERMINE}{t.name}": When((frozenset({t.starts.text}),)) for t in self.termini.values()}
        return fasi | lettere | started

    def windows(self) -> dict[str, Sospensione]:
        """Return the termini that are the window of a sospensione, with it."""
        found = (s for termine in self.termini.values() for s in termine.sospensioni)
        return {s.window.text: s for s in found if s.window}


def canonical(state: str) -> str:
    """Return the name by which a state is given: `esito certo` is esito_certo."""
    return state.replace(" ", "_")


def parse_procedura(document: Document, servizio: str, lost: frozenset[str]) -> tuple[Procedura, list[Problem]]:
    """Read a procedura, whose shape is already checked; `lost` are the items left out for a mistake of shape."""
    root, problems = document.root, list[Problem]()
    sheet = _entries(root, "scheda")
    scheda = {key.value: node.value for key, node in sheet if isinstance(node, Text)}
    fasi = {key.value: _fase(key, node, problems) for key, node in _sections(root, "fasi")}
    lettere = {key.value: _lettera(key, node, problems) for key, node in _sections(root, "lettere")}
    termini = {key.value: _termine(key, node, problems) for key, node in _sections(root, "termini")}
    eventi = {key.value: node.value for key, node in _entries(root, "eventi") if isinstance(node, Text)}
    return Procedura(
        servizio,
        scheda,
        _day(root.get("scheda"), problems),
        root.text("concorsuale") == "sì",
        eventi,
        fasi,
        lettere,
        termini,
        document,
        root.place_of("scheda"),
        lost,
    ), problems


def _entries(root: Section, part: str) -> tuple[tuple[Text, Node], ...]:
    node = root.get(part)
    return node.entries if isinstance(node, Section) else ()


def _sections(root: Section, part: str) -> list[tuple[Text, Section]]:
    return [(key, node) for key, node in _entries(root, part) if isinstance(node, Section)]


def _day(sheet: Node | None, problems: list[Problem]) -> date:
    text = sheet.get("data_versione_scheda") if isinstance(sheet, Section) else None
    try:
        return parse_day(text.value) if isinstance(text, Text) else date.min
    except WrongValue as wrong:
        assert isinstance(text, Text)
        problems.append(Problem(wrong.code, text.place, tuple(wrong.data.items())))
        return date.min


def _word(node: Section, key: str) -> Word | None:
    text = node.get(key)
    return Word(text.value, text.place) if isinstance(text, Text) else None


def _given(node: Section, key: str) -> Word:
    word = _word(node, key)
    assert word is not None
    return word


def _fonte(node: Section, problems: list[Problem]) -> Fonte:
    fonte, found = parse_fonte(node)
    problems += found
    return fonte


def _fase(key: Text, node: Section, problems: list[Problem]) -> Fase:
    when = _when(node.get("quando"), problems)
    return Fase(key.value, node.text("attivita"), node.text("note"), when, _word(node, "conclusa con"), key.place)


def _lettera(key: Text, node: Section, problems: list[Problem]) -> Lettera:
    return Lettera(key.value, _when(node.get("quando"), problems), _given(node, "inviata con"), key.place)


def _termine(key: Text, node: Section, problems: list[Problem]) -> Termine:
    durata, starts, stops = (_given(node, name) for name in ("durata", "decorre da", "si ferma con"))
    sospensioni = tuple(_sospensione(name, inner, problems) for name, inner in _sections(node, "sospensioni"))
    fonte = _fonte(node, problems)
    moved = _word(node, "se scade di festa")
    return Termine(key.value, node.text("titolo"), fonte, durata, starts, stops, moved, sospensioni, key.place)


def _sospensione(key: Text, node: Section, problems: list[Problem]) -> Sospensione:
    names = ("durata massima", "quante volte", "finestra", "riprende dopo")
    longest, times, window, after = (_word(node, name) for name in names)
    if (window is None) != (after is None) or (window is not None and longest is not None):
        problems.append(problem("procedure.window_pair", key.place, name=key.value))
    since, until = _given(node, "dal"), _given(node, "al")
    return Sospensione(key.value, _fonte(node, problems), since, until, longest, times, window, after, key.place)


# Conditions


def _when(node: Node | None, problems: list[Problem]) -> When:
    """Read a condition; without one it always holds."""
    if node is None:
        return When()
    words: list[Word] = []
    ways = _ways(node, DEPTH, words, problems)
    if len(ways) > WAYS:
        problems.append(problem("procedure.too_many_ways", node.place, most=WAYS))
    if any(len(way) > NAMES for way in ways):
        problems.append(problem("procedure.too_many_names", node.place, most=NAMES))
    return When(tuple(dict.fromkeys(ways)), tuple(words))


def _ways(node: Node, depth: int, words: list[Word], problems: list[Problem]) -> list[frozenset[str]]:
    if isinstance(node, Text):
        word = Word(_literal(node, problems), node.place)
        words.append(word)
        return [frozenset({word.text})]
    assert isinstance(node, Section)
    ((key, items),) = node.entries
    if depth == 0:
        problems.append(problem("procedure.too_deep", key.place))
        return []
    assert isinstance(items, Items)
    parts = [_ways(item, depth - 1, words, problems) for item in items.items]
    if key.value == GROUPS[0]:
        return [frozenset().union(*chosen) for chosen in islice(product(*parts), WAYS + 1)]
    return [way for part in parts for way in part]


def _literal(text: Text, problems: list[Problem]) -> str:
    """Return the name of what a line says: `non`, `fase` and `lettera` become a mark in front of it."""
    said = " ".join(text.value.split())
    rest = said.removeprefix("non ")
    kind, _, name = rest.partition(" ")
    if name and kind in DERIVED:
        if rest != said:
            problems.append(problem("procedure.denied", text.place, name=rest))
        return DERIVED[kind] + name
    return (NOT if rest != said else "") + (canonical(rest) if rest in STATES else rest)
