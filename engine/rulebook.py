"""Rulebook: the whole data folder, read and checked; every service with its versions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from engine.atto import parse_articolo, parse_atti
from engine.campo import parse_campi
from engine.checks import CHECKS
from engine.checks.assemble import Lawbook, assemble, resolve_guards
from engine.checks.names import LOST, Symbol
from engine.checks.whole import Version, Whole
from engine.clause import atoms
from engine.document import Document, read
from engine.draft import Draft, parse
from engine.ente import UNNAMED, Ente, parse_ente
from engine.form import Form, asked_order, parse_form
from engine.lettera import Lettera, parse_lettera
from engine.parametro import parse_parametri
from engine.problem import Place, Problem, Source, problem
from engine.procedura import Procedura, parse_procedura
from engine.reach import campi_of
from engine.servizio import Servizio
from engine.shape import Lost, shape, without
from engine.sportelli import FILE, SECTIONS, SPORTELLI, Sportelli, SportelliDraft, checked, parse_sportelli

_VERSION = re.compile(r"rules/([a-z0-9-]+)/dal-([0-9]{4}-[0-9]{2}-[0-9]{2})\.nt")
_FORM = re.compile(r"forms/([a-z0-9-]+)\.nt")
_LETTER = re.compile(r"forms/lettere/([a-z][a-z0-9_]*)\.nt")
_ARTICLE = re.compile(r"regolamento/([a-z0-9-]+)/art-([0-9]+(?:-[a-z]+)?)\.md")
_PROCEDURE = re.compile(r"rules/([a-z0-9-]+)/procedura\.nt")

#: The files of the law with their shape and the kind of what they name.
LAW = {
    "regolamento/atti.nt": ("atti", "atto"),
    "rules/vocabolario.nt": ("vocabolario", "campo"),
    "regolamento/parametri.nt": ("parametri", "parametro"),
}
#: Rules without amounts need no parametri.
OPTIONAL = {"regolamento/parametri.nt"}
GLOSSARY, ENTE = "regolamento/glossario.nt", "regolamento/ente.nt"
#: The other files that may stand in the data folders.
OTHERS = {*LAW, GLOSSARY, ENTE, FILE}
#: The parts of a version that hold named items, and what each is called.
PARTS = {
    "definizioni": "definizione",
    "requisiti": "requisito",
    "calcoli": "calcolo",
    "esiti": "esito",
    "coerenze": "coerenza",
    "esempi": "esempio",
}
#: The parts with named items of each kind of file; the others have named items only.
PARTS_OF = {
    "servizio": tuple(PARTS),
    SPORTELLI: SECTIONS,
    "procedura": ("scheda", "eventi", "fasi", "lettere", "termini"),
}


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All services by name, with their versions in the order of time, their forms, and the law they share.

    `sportelli` is None where the data folder does not say who serves whom; `procedure` are by service.
    """

    servizi: dict[str, tuple[Servizio, ...]]
    forms: dict[str, Form]
    law: Lawbook
    ente: Ente = UNNAMED
    sportelli: Sportelli | None = None
    procedure: Mapping[str, Procedura] = field(default_factory=dict)
    lettere: Mapping[str, Lettera] = field(default_factory=dict)

    def at(self, name: str, day: date) -> Servizio | None:
        """Return the version of a service in force on that day."""
        return next((version for version in self.servizi.get(name, ()) if version.in_force(day)), None)


def read_rulebook(files: Mapping[str, bytes]) -> tuple[Rulebook, list[Problem]]:
    """Read the files of a data folder, by their path in it; every mistake is a Problem, all at once."""
    problems = list(_strangers(files))
    if GLOSSARY in files:
        _read(files, GLOSSARY, "glossario", problems)
    office = _read(files, ENTE, "ente", problems)[0] if ENTE in files else None
    law = _lawbook(files, problems)
    lettere = _lettere(files, problems)
    forms, drafts, desks = _forms(files, problems), _drafts(files, problems), _sportelli(files, problems)
    procedure = _procedure(files, problems)
    unread = frozenset(found.place.source.name for found in problems)
    versions = {}
    for name, each in drafts.items():
        asked = forms[name].campi if name in forms else ()
        versions[name] = _versions(each, law, asked, unread, problems)
    routing = _versions(desks.drafts, law, desks.columns, unread, problems) if desks else ()
    services, forms_named, letters = (_named(pattern, files) for pattern in (_VERSION, _FORM, _LETTER))
    whole = Whole(law, versions, forms, services, forms_named, unread, desks, routing, procedure, letters, lettere)
    for check in CHECKS:
        problems += check(whole)
    servizi = {name: _sound(each) for name, each in versions.items()}
    sportelli = checked(desks, _sound(routing)) if desks else None
    ente = parse_ente(office.root) if office else UNNAMED
    wrong = {found.place.source.name for found in problems}
    lettere = {name: lettera for name, lettera in lettere.items() if lettera.place.source.name not in wrong}
    sound = _sound_procedure(procedure, law, problems)
    book = Rulebook(servizi, forms, law, ente, sportelli, sound, lettere)
    return book, sorted(set(problems), key=_position)


def _sound(versions: tuple[Version, ...]) -> tuple[Servizio, ...]:
    return tuple(version.servizio for version in versions if version.servizio and version.sound)


def _sound_procedure(
    procedure: Mapping[str, Procedura], law: Lawbook, problems: Iterable[Problem]
) -> dict[str, Procedura]:
    """Return the procedure without a mistake, each with the parametri that measure its termini."""
    wrong = {found.place.source.name for found in problems}
    sound = {name: each for name, each in procedure.items() if each.document.source.name not in wrong}
    if not law.complete:
        return {}
    used = {name: {word.text for t in each.termini.values() for word in t.words()} for name, each in sound.items()}
    known = {name: {p: law.parametri[p] for p in sorted(used[name]) if p in law.parametri} for name in sound}
    return {
        name: replace(each, parametri=known[name], atti=law.atti)
        for name, each in sound.items()
        if known[name].keys() == used[name]
    }


def _named(pattern: re.Pattern[str], files: Mapping[str, bytes]) -> frozenset[str]:
    return frozenset(match[1] for name in files if (match := pattern.fullmatch(name)))


def _strangers(files: Mapping[str, bytes]) -> Iterator[Problem]:
    """Yield the files that look like files of the rules and that nothing reads, such as a copy."""
    for name in files:
        ours = name.startswith(("regolamento/", "rules/", "forms/")) and ".nt" in name.lower()
        if ours and name not in OTHERS and not any(p.fullmatch(name) for p in (_VERSION, _FORM, _PROCEDURE, _LETTER)):
            yield problem("rulebook.unknown_file", Place(Source(name, ()), 1, 1), name=name)


def _versions(
    drafts: Sequence[Draft], law: Lawbook, asked: Iterable[str], unread: frozenset[str], problems: list[Problem]
) -> tuple[Version, ...]:
    """Resolve the versions of a service; one is sound when nothing that it rests on has a mistake."""
    if not law.complete or not drafts:
        return ()
    found, order = [], asked_order(asked, law.campi, law.guards)
    days = [draft.since for draft in drafts]
    for draft, until in zip(drafts, [*days[1:], None], strict=True):
        servizio, used, mistakes = assemble(draft, law, until, order)
        problems += mistakes
        whole = (
            law.guarded
            and not draft.lost
            and draft.document.source.name not in unread
            and not _with_guards(used, law) & law.lost.keys()
        )
        sound = whole and not mistakes
        if servizio and sound:
            servizio = replace(servizio, rests_on=campi_of(servizio))
        found.append(Version(draft, until, servizio, frozenset(used), sound))
    return tuple(found)


def _with_guards(used: set[str], law: Lawbook) -> set[str]:
    """Return the names used, and those on which their guards rest in turn."""
    waiting, found = list(used), set[str]()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [atom.name for atom in atoms(law.guards[name])] if name in law.guards else []
    return found


def _position(found: Problem) -> tuple[str, int, int, str]:
    return found.place.source.name, found.place.line, found.place.column, found.message


def _read(files: Mapping[str, bytes], name: str, kind: str, problems: list[Problem]) -> tuple[Document | None, Lost]:
    """Read one file and check its shape; the items with a mistake are left out."""
    if name not in files:
        problems.append(problem("rulebook.missing_file", Place(Source(name, ()), 1, 1), name=name))
        return None, {}
    document, found = read(name, files[name])
    problems += found
    if document is None:
        return None, {}
    found = shape(document, kind)
    problems += found
    return without(document, found, PARTS_OF.get(kind, ()))


def _lawbook(files: Mapping[str, bytes], problems: list[Problem]) -> Lawbook:
    lost: dict[str, Symbol] = {}
    atti, campi, parametri = (
        _parsed(files, name, parse_root, lost, problems)
        for name, parse_root in zip(LAW, (parse_atti, parse_campi, parse_parametri), strict=True)
    )
    guards, found = resolve_guards(campi or {}, lost)
    problems += found
    articles = {}
    for name, content in files.items():
        if match := _ARTICLE.fullmatch(name):
            articles[match[1], match[2]] = parse_articolo(match[1], match[2], content.decode("utf-8-sig", "replace"))
    complete = None not in (atti, campi, parametri)
    guarded = all(mistake.code != "guards.cycle" for mistake in found)
    return Lawbook(atti or {}, articles, campi or {}, guards, parametri or {}, lost, complete, guarded)


def _parsed(
    files: Mapping[str, bytes], name: str, parse_root: Any, lost: dict[str, Symbol], problems: list[Problem]
) -> Any:
    """Read a file of the law; what has a mistake is left out, and its names are lost."""
    kind, noun = LAW[name]
    if name in OPTIONAL and name not in files:
        return {}
    document, out = _read(files, name, kind, problems)
    if document is None:
        return None
    values, found = parse_root(document.root)
    problems += found
    if found:
        left, also_out = without(document, found, ())
        assert left is not None
        values, _ = parse_root(left.root)
        out |= also_out
    for (_, key), place in out.items():
        lost |= {word: Symbol(noun, LOST, place) for word in (key, _as_name(key))}
    return values


def _as_name(word: str) -> str:
    """Return the name that somebody may have meant: `Canone mensile` is canone_mensile."""
    plain = unicodedata.normalize("NFD", word.lower()).encode("ascii", "ignore").decode()
    return re.sub("[^a-z0-9]+", "_", plain).strip("_")


def _drafts(files: Mapping[str, bytes], problems: list[Problem]) -> dict[str, list[Draft]]:
    drafts: dict[str, list[Draft]] = {}
    for name in sorted(files):
        match = _VERSION.fullmatch(name)
        document, lost = _read(files, name, "servizio", problems) if match else (None, {})
        if match is None or document is None:
            continue
        try:
            since = date.fromisoformat(match[2])
        except ValueError:
            problems.append(problem("rulebook.version_date", document.root.place, name=name))
            continue
        _same_name(document, match[1], problems)
        draft, found = parse(document, since)
        problems += found
        also_lost = {w: (PARTS[part], place) for (part, key), place in lost.items() for w in (key, _as_name(key))}
        drafts.setdefault(match[1], []).append(replace(draft, lost={**also_lost, **draft.lost}))
    return drafts


def _procedure(files: Mapping[str, bytes], problems: list[Problem]) -> dict[str, Procedura]:
    procedure = {}
    for name in sorted(files):
        match = _PROCEDURE.fullmatch(name)
        document, out = _read(files, name, "procedura", problems) if match else (None, {})
        if match is None or document is None:
            continue
        lost = frozenset(key for part, key in out if part != "scheda")
        procedure[match[1]], found = parse_procedura(document, match[1], lost)
        problems += found
    return procedure


def _sportelli(files: Mapping[str, bytes], problems: list[Problem]) -> SportelliDraft | None:
    document, out = _read(files, FILE, SPORTELLI, problems) if FILE in files else (None, {})
    if document is None:
        return None
    desks, found = parse_sportelli(document, out)
    problems += found
    return desks


def _same_name(document: Document, folder: str, problems: list[Problem]) -> None:
    found = document.root.text("servizio")
    if found and found != folder:
        place = document.root.place_of("servizio")
        problems.append(problem("rulebook.servizio_name", place, found=found, folder=folder))


def _forms(files: Mapping[str, bytes], problems: list[Problem]) -> dict[str, Form]:
    forms = {}
    for name in sorted(files):
        match = _FORM.fullmatch(name)
        before = len(problems)
        document, _ = _read(files, name, "form", problems) if match else (None, {})
        if match is None or document is None or len(problems) > before:
            continue
        form, found = parse_form(document)
        problems += found
        _same_name(document, match[1], problems)
        forms[match[1]] = form
    return forms


def _lettere(files: Mapping[str, bytes], problems: list[Problem]) -> dict[str, Lettera]:
    lettere = {}
    for name in sorted(files):
        match = _LETTER.fullmatch(name)
        before = len(problems)
        document, _ = _read(files, name, "lettera", problems) if match else (None, {})
        if match is None or document is None or len(problems) > before:
            continue
        lettere[match[1]], found = parse_lettera(match[1], document)
        problems += found
    return lettere
