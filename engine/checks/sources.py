"""Sources: every fonte cites an act that is there and in force, to the comma where the text is ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from engine.atto import Atto, Citation, Fonte
from engine.checks.assemble import Lawbook
from engine.checks.whole import Version, Whole
from engine.number import WrongValue
from engine.problem import Problem, problem, suggestion
from engine.tipo import parse_day, show_day


def check_sources(whole: Whole) -> list[Problem]:
    """Return the problems of the acts and of every fonte."""
    if not whole.law.complete:
        return []
    found = list(_acts(whole.law))
    for version in whole.every():
        first, last = version.draft.since, _last_day(version)
        for fonte in _fonti(version):
            found += fonte_problems(fonte, first, last, whole.law)
    for parametro in whole.law.parametri.values():
        ends = [period.since - timedelta(days=1) for period in parametro.periods[1:]]
        starts = [period.since for period in parametro.periods[-1:]]
        for period, last in zip(parametro.periods, ends + starts, strict=True):
            found += fonte_problems(period.fonte, period.since, last, whole.law)
    for lettera in whole.lettere.values():
        found += fonte_problems(lettera.fonte, date.max, date.min, whole.law)  # a letter has no days of its own
    return found


def _acts(law: Lawbook) -> Iterator[Problem]:
    for atto in law.atti.values():
        if atto.until is not None and atto.until < atto.since:
            first, last = show_day(atto.since), show_day(atto.until)
            yield problem("sources.limits", atto.place, atto=atto.id, first=first, last=last)


def _fonti(version: Version) -> Iterator[Fonte]:
    draft = version.draft
    yield draft.fonte
    for part in (draft.definizioni, draft.requisiti, draft.calcoli, draft.esiti):
        yield from (item.fonte for item in part.values() if item.fonte is not None)


def _last_day(version: Version) -> date:
    """Return the last day of a version, or the last on which it is known to be used: that of an esempio."""
    if version.until is not None:
        return version.until - timedelta(days=1)
    days = [version.draft.since]
    for esempio in version.draft.esempi:
        try:
            days.append(parse_day(esempio.node.text("al")))
        except WrongValue:
            continue
    return max(days)


def fonte_problems(fonte: Fonte, first: date, last: date, law: Lawbook) -> Iterator[Problem]:
    """Yield what is wrong of a fonte that is cited from one day to another."""
    for citation in fonte.citations:
        atto = law.atti.get(citation.atto)
        if atto is None and citation.atto in law.lost:
            continue
        if atto is None:
            hint = suggestion(citation.atto, law.atti)
            yield problem("sources.unknown_act", citation.place, atto=citation.atto, hint=hint)
            continue
        yield from _in_force(citation, atto, first, last)
        yield from _article(citation, atto, law)


def _in_force(citation: Citation, atto: Atto, first: date, last: date) -> Iterator[Problem]:
    if atto.until is not None and atto.until < atto.since:
        return
    if first < atto.since:
        days = {"since": show_day(atto.since), "day": show_day(first)}
        yield problem("sources.too_early", citation.place, atto.place, atto=atto.id, **days)
    elif atto.until is not None and atto.until < last:
        days = {"until": show_day(atto.until), "day": show_day(last)}
        yield problem("sources.expired", citation.place, atto.place, atto=atto.id, **days)


def _article(citation: Citation, atto: Atto, law: Lawbook) -> Iterator[Problem]:
    data = {"atto": atto.id, "articolo": citation.articolo, "comma": citation.comma}
    if atto.acquired and not (citation.articolo and citation.comma):
        yield problem("sources.needs_comma", citation.place, atto.place, **data)
    if not atto.acquired and citation.comma:
        yield problem("sources.unseen_comma", citation.place, atto.place, **data)
    if not citation.articolo:
        return
    found = law.articles.get((atto.id, citation.articolo))
    if found is None:
        articles = [article for act, article in law.articles if act == atto.id]
        hint = suggestion(citation.articolo, articles)
        yield problem("sources.no_article", citation.place, hint=hint, **data)
    elif atto.acquired and citation.comma and citation.comma not in found.commas:
        listed = ", ".join(sorted(found.commas, key=_comma_order)) or "nessuno"
        yield problem("sources.no_comma", citation.place, listed=listed, **data)


def _comma_order(comma: str) -> tuple[int, str]:
    number, _, rest = comma.partition("-")
    return int(number), rest
