"""The figures of the desk under load: a part of docs/misure.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench import desk
from bench.figures import number, table, verdict
from bench.timing import percentile
from tests.postgres import empty_schema, postgres

DESKS = "## Lo sportello"


def at_the_desks(seconds: float) -> Iterator[str]:
    """Measure all the desks at work at once, and the lists of a store that has all its files."""
    with TemporaryDirectory() as name, postgres(fsync=True) as server:
        found = {
            "PostgreSQL": (desk.ON_POSTGRES, *desk.measure(empty_schema(server), desk.ON_POSTGRES, seconds)),
            "TinyDB": (desk.EMBEDDED, *desk.measure(str(Path(name, "archivio.db")), desk.EMBEDDED, seconds)),
        }
    yield f"{DESKS}\n"
    yield (
        f"Un server vero su un archivio pieno; {desk.PEOPLE} persone già entrate a 11 sportelli, ciascuna da un "
        f"computer suo, che pensano {number(desk.THINK, 0)} s a ogni pagina, per {number(seconds, 0)} s: elenco, "
        f"ricerca, una pratica nuova con le persone, tutte le domande, riepilogo, esito, prove, presentazione, "
        f"procedimento, ricevuta a schermo e in PDF, agenda. Ogni lettura è un evento scritto su disco. Chi misura "
        f"sta sullo stesso calcolatore.\n"
    )
    yield from _loads({name: (files, load) for name, (files, _, load) in found.items()})
    yield from _lists({name: lists for name, (_, lists, _) in found.items()})


def _loads(found: Mapping[str, tuple[int, desk.Load]]) -> Iterator[str]:
    rows = []
    for name, (files, load) in found.items():
        every, errors = load.watch.all, str(len(load.watch.errors))
        busy = f"{number(load.processor / load.seconds * 100, 0)}%", number(load.busy)
        spent = (number(value * 1e3, 0) for value in (median(every), percentile(every, 95), max(every)))
        rows.append([f"{name}, {number(files, 0)} pratiche", str(len(every)), errors, *spent, *busy])
    times = ["ms, mediana", "ms, 95° percentile", "ms, massimo"]
    yield table(["archivio", "richieste", "errori", *times, "processore del server", "carico"], rows)
    slow = max(percentile(load.watch.all, 95) for _, load in found.values())
    wrong = sum(len(load.watch.errors) for _, load in found.values())
    yield (
        f"Il processore è quello del solo server, di uno dei due; il carico è quello di tutto il calcolatore. "
        f"Obiettivo: 95° percentile sotto 500 ms e nessun errore ({verdict(slow < 0.5 and not wrong)}).\n"
    )
    yield "Richiesta per richiesta:\n"
    yield _by_kind({name: load for name, (_, load) in found.items()})


def _lists(found: Mapping[str, Mapping[str, list[float]]]) -> Iterator[str]:
    yield "Gli elenchi, uno alla volta, sullo stesso archivio:\n"
    rows = [
        [kind, *(number(value * 1e3, 0) for lists in found.values() for value in _middle_and_high(lists[kind]))]
        for kind in desk.LISTS
    ]
    yield table(["pagina", *(f"{name}, {what}" for name in found for what in ("mediana", "95°"))], rows)
    slow = max(percentile(lists[kind], 95) for lists in found.values() for kind in desk.WITHIN)
    reached = f"{verdict(slow < 0.3)}: {number(slow * 1e3, 0)}"
    yield f"Obiettivo: agenda ed elenchi sotto 300 ms al 95° percentile ({reached}).\n"


def _by_kind(loads: Mapping[str, desk.Load]) -> str:
    kinds = sorted({kind for load in loads.values() for kind in load.watch.seconds})
    rows = []
    for kind in kinds:
        line = [kind]
        for load in loads.values():
            each = load.watch.seconds.get(kind, [0.0])
            line += [str(len(each)), *(number(value * 1e3, 0) for value in _middle_and_high(each))]
        rows.append(line)
    return table(["richiesta", *(f"{name}, {what}" for name in loads for what in ("quante", "mediana", "95°"))], rows)


def _middle_and_high(times: list[float]) -> tuple[float, float]:
    return median(times), percentile(times, 95)
