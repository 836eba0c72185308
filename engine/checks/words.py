"""Words: the placeholders `{{ name }}` of the sentences that people will read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.checks.assemble import Lawbook
from engine.checks.whole import Version, Whole
from engine.document import Text
from engine.draft import Draft
from engine.problem import Problem, problem, suggestion

_PART = re.compile(r"\{\{(?P<inside>[^{}]*)\}\}|(?P<open>\{+)|(?P<close>\}+)")


def check_words(whole: Whole) -> list[Problem]:
    """Return the placeholders that name nothing, and the braces that are not closed."""
    if not whole.law.complete:
        return []
    found: list[Problem] = []
    for version in whole.every():
        names = _names(version, whole.law)
        for text in _texts(version.draft):
            found += _text(text, names)
    return found


def placeholders(draft: Draft) -> set[str]:
    """Return the names that the sentences of a version print."""
    matches = (match for text in _texts(draft) for match in _PART.finditer(text.value))
    return {match["inside"].strip() for match in matches if match["inside"]}


def _texts(draft: Draft) -> Iterator[Text]:
    for requisito in draft.requisiti.values():
        yield from (text for text in (requisito.reason_yes, requisito.reason_no) if text is not None)
    yield from (coerenza.warning for coerenza in draft.coerenze.values())


def _names(version: Version, law: Lawbook) -> set[str]:
    draft = version.draft
    return {*law.campi, *law.parametri, *law.lost, *draft.calcoli, *draft.definizioni, *draft.lost}


def _text(text: Text, names: set[str]) -> Iterator[Problem]:
    for match in _PART.finditer(text.value):
        place, name = text.at(match.start()), (match["inside"] or "").strip()
        if match["inside"] is None:
            yield problem("words.open" if match["open"] else "words.close", place, found=match[0])
        elif not name:
            yield problem("words.empty", place)
        elif name not in names:
            inside = text.at(match.start() + match[0].index(name))
            yield problem("words.unknown", inside, name=name, hint=suggestion(name, names))
