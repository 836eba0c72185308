"""Rulebook: the whole data folder, read and checked; every service with its versions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from engine.atto import parse_atti
from engine.campo import parse_campi
from engine.checks import CHECKS
from engine.checks.assemble import Lawbook, assemble, resolve_guards
from engine.document import Document, Section, read
from engine.draft import Draft, parse
from engine.form import Form, asked_order, parse_form
from engine.parametro import parse_parametri
from engine.problem import Place, Problem, Source, problem
from engine.servizio import Servizio
from engine.shape import shape

T = TypeVar("T")

_VERSION = re.compile(r"rules/([a-z0-9-]+)/dal-([0-9]{4}-[0-9]{2}-[0-9]{2})\.nt")
_FORM = re.compile(r"forms/([a-z0-9-]+)\.nt")
_ARTICLE = re.compile(r"regolamento/([a-z0-9-]+)/art-([0-9]+(?:-[a-z]+)?)\.md")
_COMMA = re.compile(r"^([0-9]+(?:-[a-z]+)?)\. ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All services, by name, with their versions in the order of time, their forms, and the law they share."""

    servizi: dict[str, tuple[Servizio, ...]]
    forms: dict[str, Form]
    law: Lawbook

    def at(self, name: str, day: date) -> Servizio | None:
        """Return the version of a service in force on that day."""
        return next((version for version in self.servizi.get(name, ()) if version.in_force(day)), None)


def read_rulebook(files: Mapping[str, bytes]) -> tuple[Rulebook, list[Problem]]:
    """Read the files of a data folder, by their path in it; every mistake is a Problem, all at once."""
    problems: list[Problem] = []
    law = _lawbook(files, problems)
    forms = _forms(files, problems)
    drafts = _drafts(files, problems)
    servizi: dict[str, tuple[Servizio, ...]] = {}
    used: set[str] = set()
    for name, versions in drafts.items():
        days = [draft.since for draft in versions]
        checked = []
        for draft, until in zip(versions, [*days[1:], None], strict=True):
            servizio, names, found = assemble(draft, law, until, asked_order(forms.get(name), law.campi, law.guards))
            problems += found
            used |= names
            checked += [servizio] if servizio else []
        servizi[name] = tuple(checked)
    rulebook = Rulebook(servizi, forms, law)
    for check in CHECKS:
        problems += check(rulebook, used)
    return rulebook, sorted(set(problems), key=_position)


def _position(found: Problem) -> tuple[str, int, int, str]:
    return found.place.source.name, found.place.line, found.place.column, found.message


def _read(files: Mapping[str, bytes], name: str, kind: str, problems: list[Problem]) -> Document | None:
    """Read one file and check its shape."""
    if name not in files:
        problems.append(problem("rulebook.missing_file", Place(Source(name, ()), 1, 1), name=name))
        return None
    document, found = read(name, files[name])
    problems += found
    if document is None:
        return None
    found = shape(document, kind)
    problems += found
    return None if found else document


def _parsed(
    files: Mapping[str, bytes],
    name: str,
    kind: str,
    parse_root: Callable[[Section], tuple[dict[str, T], list[Problem]]],
    problems: list[Problem],
) -> dict[str, T]:
    document = _read(files, name, kind, problems)
    if document is None:
        return {}
    values, found = parse_root(document.root)
    problems += found
    return values


def _lawbook(files: Mapping[str, bytes], problems: list[Problem]) -> Lawbook:
    atti = _parsed(files, "regolamento/atti.nt", "atti", parse_atti, problems)
    campi = _parsed(files, "rules/vocabolario.nt", "vocabolario", parse_campi, problems)
    parametri = _parsed(files, "regolamento/parametri.nt", "parametri", parse_parametri, problems)
    guards, found = resolve_guards(campi)
    problems += found
    articles = {}
    for name, content in files.items():
        if match := _ARTICLE.fullmatch(name):
            articles[match[1], match[2]] = frozenset(_COMMA.findall(content.decode("utf-8", "replace")))
    return Lawbook(atti, articles, campi, guards, parametri)


def _drafts(files: Mapping[str, bytes], problems: list[Problem]) -> dict[str, list[Draft]]:
    drafts: dict[str, list[Draft]] = {}
    for name in sorted(files):
        match = _VERSION.fullmatch(name)
        if match is None:
            continue
        document = _read(files, name, "servizio", problems)
        if document is None:
            continue
        try:
            since = date.fromisoformat(match[2])
        except ValueError:
            problems.append(problem("rulebook.version_date", document.root.place, name=name))
            continue
        draft, found = parse(document, since)
        problems += found
        if document.root.text("servizio") != match[1]:
            place = document.root.place_of("servizio")
            problems.append(problem("rulebook.servizio_name", place, found=document.root.text("servizio"), folder=match[1]))
        if draft is not None:
            drafts.setdefault(match[1], []).append(draft)
    return drafts


def _forms(files: Mapping[str, bytes], problems: list[Problem]) -> dict[str, Form]:
    forms = {}
    for name in sorted(files):
        match = _FORM.fullmatch(name)
        document = _read(files, name, "form", problems) if match else None
        if match is None or document is None:
            continue
        form, found = parse_form(document)
        problems += found
        if form.servizio != match[1]:
            place = document.root.place_of("servizio")
            problems.append(problem("rulebook.servizio_name", place, found=form.servizio, folder=match[1]))
        forms[match[1]] = form
    return forms
