"""Letters: every placeholder is one that the letter may print, and what the law wants is always said."""

from __future__ import annotations

from collections.abc import Iterator

from engine.checks.whole import Whole
from engine.lettera import Lettera, Line, Passage, Slot
from engine.placeholder import CATALOGUE, Placeholder
from engine.problem import Problem, problem, suggestion


def check_letters(whole: Whole) -> list[Problem]:
    """Return what the letters say that they cannot, and what they do not say that they must."""
    found: list[Problem] = []
    for lettera in whole.lettere.values():
        names = CATALOGUE.of(lettera.name)
        unknown = [*_unknown(lettera.passages(), lettera.name, names)]
        redacted = [*_unknown(lettera.redacted_passages(), lettera.name, names)]
        hints = " ".join(one.message for one in unknown)
        found += [*unknown, *redacted, *_personal(lettera, names)]
        if whole.read(lettera.place.source.name):
            found += (one for one in _missing(lettera) if f"«{dict(one.data)['name']}»" not in hints)
        if lettera.name in CATALOGUE.redacted and lettera.redacted is None:
            found.append(problem("lettera.needs_redacted", lettera.place))
    return found


# Names


def _slots(line: Line) -> Iterator[Slot]:
    yield from (part for part in line.parts if isinstance(part, Slot))


def _elenco(passage: Passage, names: dict[str, Placeholder]) -> Placeholder | None:
    """Return the elenco that a passage goes through."""
    voce = passage.voce.name if passage.voce else None
    return next((each for each in names.values() if each.voce == voce), None) if voce else None


def _unknown(passages: Iterator[Passage], letter: str, names: dict[str, Placeholder]) -> Iterator[Problem]:
    voci = {each.voce: each for each in names.values() if each.voce}
    for passage in passages:
        elenco = _elenco(passage, names)
        if passage.voce and elenco is None:
            yield _no_voce(passage.voce, voci, names)
            continue
        for line in passage.lines:
            if line.given and line.given.name not in {**names, **(elenco.campi if elenco else {})}:
                yield _no_name(line.given, letter, names, elenco)
            for slot in _slots(line):
                if elenco and slot.name in elenco.campi:
                    continue
                found = names.get(slot.name)
                if found is None:
                    yield _no_name(slot, letter, names, elenco)
                elif found.voce:
                    yield problem("lettera.list", slot.place, name=slot.name, voce=found.voce)


def _no_voce(slot: Slot, voci: dict[str, Placeholder], names: dict[str, Placeholder]) -> Problem:
    plural = names.get(slot.name)
    hint = f" Forse «{plural.voce}»?" if plural and plural.voce else suggestion(slot.name, voci)
    allowed = ", ".join(f"«{voce}»" for voce in sorted(voci))
    return problem("lettera.voce", slot.place, name=slot.name, hint=hint, allowed=allowed)


def _no_name(slot: Slot, letter: str, names: dict[str, Placeholder], elenco: Placeholder | None) -> Problem:
    """Say that a name is of another letter, of the members of an elenco, or of nothing."""
    other = CATALOGUE.placeholders.get(slot.name)
    if other is not None:
        letters = ", ".join(f"«{name}»" for name in sorted(other.letters))
        return problem("lettera.other_letter", slot.place, name=slot.name, letter=letter, letters=letters)
    within = next((each for each in names.values() if slot.name in each.campi), None)
    if within is not None:
        return problem("lettera.inside_only", slot.place, name=slot.name, voce=within.voce)
    known = [*(elenco.campi if elenco else ()), *names]
    return problem("lettera.unknown", slot.place, name=slot.name, hint=suggestion(slot.name, known))


def _personal(lettera: Lettera, names: dict[str, Placeholder]) -> Iterator[Problem]:
    """Yield what would put personal data in the redacted letter."""
    for passage in lettera.redacted_passages():
        elenco = _elenco(passage, names)
        slots = [slot for line in passage.lines for slot in (*_slots(line), *([line.given] if line.given else []))]
        for slot in (*slots, *([passage.voce] if passage.voce else [])):
            found = elenco if elenco and slot.name in (*elenco.campi, elenco.voce) else names.get(slot.name)
            if found and not found.public:
                yield problem("lettera.personal", slot.place, name=slot.name)


# What the law wants


def _missing(lettera: Lettera) -> Iterator[Problem]:
    """Yield what the law wants in the letter and the letter does not say, or says only at times."""
    names = CATALOGUE.of(lettera.name)
    always, at_times = set[str](), dict[str, Slot]()
    for path, line in _paths(lettera, names):
        given = line.given
        if given is None or given.name in (path, *path.split("/")):
            always.add(path)
        else:
            at_times.setdefault(path, given)
    for path, law in CATALOGUE.required.get(lettera.name, {}).items():
        if path in always:
            continue
        elenco, _, inner = path.rpartition("/")
        data = {"name": inner, "what": CATALOGUE.meaning(path), "law": law}
        if path in at_times:
            yield problem("lettera.at_times", at_times[path].place, given=at_times[path].name, **data)
        elif elenco:
            yield problem("lettera.must_each", lettera.place, voce=CATALOGUE.placeholders[elenco].voce, **data)
        else:
            yield problem("lettera.must", lettera.place, **data)


def _paths(lettera: Lettera, names: dict[str, Placeholder]) -> Iterator[tuple[str, Line]]:
    """Yield every placeholder that the whole letter prints, by its path, with its line."""
    for passage in lettera.passages():
        elenco = _elenco(passage, names)
        for line in passage.lines:
            for slot in _slots(line):
                yield f"{elenco.name}/{slot.name}" if elenco and slot.name in elenco.campi else slot.name, line
