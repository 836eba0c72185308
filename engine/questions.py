"""Questions: among what is missing, what may be asked now, and what would settle most."""

from __future__ import annotations

from collections.abc import Sequence

from engine.diagram import Diagram
from engine.plain import Plain

#: Beyond this many nodes visited the order of the form is good enough.
WORK = 20_000


def next_questions(plain: Plain, diagram: Diagram | None, missing: Sequence[str]) -> tuple[str, ...]:
    """Order the missing campi that concern the family for sure: first what leaves least to ask, on average."""
    askable = [path for path in missing if applies(plain, path)]
    if diagram is None or diagram.size * len(diagram.levels) > WORK:
        return tuple(askable)
    left = {path: _left_to_ask(diagram, path) for path in askable}
    return tuple(sorted(askable, key=lambda path: left[path]))


def applies(plain: Plain, path: str) -> bool:
    """Whether a campo, or that of a member, concerns the family for sure."""
    elenco, _, rest = path.partition("/")
    member, _, campo = rest.partition("/")
    guard = plain.servizio.guards.get(f"{elenco}/{campo}" if rest else path)
    return guard is None or plain.truth(guard, f"{elenco}/{member}" if rest else "") is True


def _left_to_ask(diagram: Diagram, path: str) -> float:
    """Return how many variables still matter after the answer, averaged over its cells."""
    variables = diagram.formulas.variables
    levels = [
        i
        for i, level in enumerate(diagram.levels)
        if level.term is None and variables[level.variables[0]].subject == path
    ]
    counts = [
        len(diagram.restricted({index: cell}).support)
        for index in levels
        for cell in range(len(diagram.levels[index].cells))
    ]
    return sum(counts) / len(counts) if counts else len(variables)
