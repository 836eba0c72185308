"""Termini of a procedura: what starts and stops them, their sospensioni, and the parametri that measure them."""

from __future__ import annotations

from collections.abc import Iterator

from engine.checks.assemble import Lawbook
from engine.checks.sources import fonte_problems
from engine.condition import Word
from engine.problem import Problem, problem, suggestion
from engine.procedura import Procedura, Sospensione, Termine


def check_termini(procedura: Procedura, law: Lawbook) -> Iterator[Problem]:
    """Yield the problems of the termini."""
    for termine in procedura.termini.values():
        yield from _same(termine.starts, termine.stops)
        for sospensione in termine.sospensioni:
            yield from _same(sospensione.since, sospensione.until)
            yield from _window(procedura, termine, sospensione)
        if law.complete:
            yield from _parametri(termine, law)
            for fonte in (termine.fonte, *(s.fonte for s in termine.sospensioni)) if procedura.dated else ():
                yield from fonte_problems(fonte, procedura.since, procedura.since, law)


def _same(start: Word, stop: Word) -> Iterator[Problem]:
    if start.text == stop.text:
        yield problem("procedure.same_event", stop.place, start.place, name=stop.text)


def _window(procedura: Procedura, termine: Termine, sospensione: Sospensione) -> Iterator[Problem]:
    """Yield what is wrong of a window: it is another termine, with no sospensioni, that stops with the same event."""
    word = sospensione.window
    if word is None or word.text in procedura.lost:
        return
    window = procedura.termini.get(word.text)
    if window is None or window is termine or window.sospensioni:
        others = [each.name for each in procedura.termini.values() if each is not termine and not each.sospensioni]
        yield problem("procedure.window", word.place, name=word.text, hint=suggestion(word.text, others))
    elif window.stops.text != sospensione.until.text:
        data = {"name": word.text, "stops": window.stops.text, "until": sospensione.until.text}
        yield problem("procedure.window_stop", sospensione.until.place, window.stops.place, **data)


def _parametri(termine: Termine, law: Lawbook) -> Iterator[Problem]:
    wanted = [(termine.durata, "durata"), *([(termine.moved, "sì/no")] if termine.moved else [])]
    for sospensione in termine.sospensioni:
        wanted += [(word, "durata") for word in (sospensione.longest, sospensione.after) if word]
        wanted += [(sospensione.times, "numero")] if sospensione.times else []
    for word, tipo in wanted:
        parametro = law.parametri.get(word.text)
        if parametro is None and word.text not in law.lost:
            near = suggestion(word.text, [p.name for p in law.parametri.values() if p.tipo.name == tipo])
            yield problem("procedure.unknown_parametro", word.place, name=word.text, wanted=tipo, hint=near)
        elif parametro is not None and parametro.tipo.name != tipo:
            data = {"name": word.text, "found": parametro.tipo.name, "wanted": tipo}
            yield problem("names.parametro_tipo", word.place, parametro.place, **data)
        elif parametro is not None and any(period.tabella for period in parametro.periods):
            yield problem("procedure.table", word.place, parametro.place, name=word.text)
