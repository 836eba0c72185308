"""The measurements: `python -m bench` runs them all and writes docs/misure.md."""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench import desk, diagrams, evaluations, letters, pages, procedure, requests, rules, stores, validations
from bench.desk_figures import DESKS, at_the_desks
from bench.figures import number, table, verdict
from bench.timing import Times, once, percentile
from engine.rulebook import Rulebook, read_rulebook
from engine.tipo import parse_day, show_day
from engine.validation import validation
from tests.postgres import empty_schema, postgres

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("regolamento", "rules", "forms")
PAGE = ROOT / "docs" / "misure.md"


def data_files() -> dict[str, bytes]:
    """Read the data folders of the repository."""
    paths = (path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*")) if path.is_file())
    return {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in paths}


def processor() -> str:
    """Return the name of the processor, where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]}, {len(names)} processori" if names else platform.processor() or platform.machine()


def times_table(times: dict[str, Times]) -> str:
    """Write times in microseconds with their spread and their ratio to the function written by hand."""
    base = times[evaluations.BY_HAND]
    rows = []
    for name, each in times.items():
        low, high = (number(bound * 1e6) for bound in each.spread)
        rows.append([name, number(each.median * 1e6), f"{low} – {high}", number(each.ratio(base))])
    return table(["che cosa", "µs, mediana", "µs, dal minimo al massimo", "volte la funzione a mano"], rows)


def one_family() -> Iterator[str]:
    """Measure one evaluation of a family."""
    times, outcomes, settled = evaluations.one_family()
    shown = ", ".join(f"`{name}` {count}" for name, count in outcomes.items())
    base = times[evaluations.BY_HAND]
    decide, trace = (times[name].ratio(base) for name in (evaluations.DECIDE, evaluations.TRACE))
    yield "## Una famiglia\n"
    yield (
        f"{rules.REQUISITI} requisiti di {rules.CONDITIONS} condizioni su {rules.CAMPI} campi, tre esiti, "
        f"{rules.FAMILIES} famiglie ({shown}). Tutti danno gli stessi esiti: si controlla prima. "
        f"Con quattro risposte su dieci mancanti `decide` dà comunque l'esito di {settled} famiglie su "
        f"{rules.FAMILIES}; per le altre si chiede al diagramma.\n"
    )
    yield times_table(times)
    yield (
        f"Obiettivi: `decide` al massimo 2 volte la funzione a mano "
        f"({verdict(decide <= 2)}: {number(decide, 2)}); "
        f"`trace` al massimo 15 volte ({verdict(trace <= 15)}: {number(trace, 2)}).\n"
    )
    times, nodes = evaluations.walks()
    yield f"Sul diagramma dei primi {evaluations.WALKED} requisiti ({nodes} nodi), fatto una volta sola:\n"
    yield times_table(times)


def diagram_sizes(rulebook: Rulebook) -> Iterator[str]:
    """Measure the diagrams."""
    yield "## Diagrammi\n"
    rows = []
    for name, versions in rulebook.servizi.items():
        for servizio in versions:
            for on in diagrams.days(servizio):
                size = diagrams.real(servizio, on)
                nodes = "oltre il limite" if size.nodes is None else str(size.nodes)
                rows.append([f"{name}, parametri dal {show_day(on)}", nodes, number(size.seconds * 1e3)])
    yield table(["servizio", "nodi", "ms"], rows)
    rows = []
    for campi, requisiti, esiti in diagrams.SIZES:
        sizes = diagrams.random_rules(campi, requisiti, esiti)
        nodes_found = sorted(size.nodes for size in sizes if size.nodes is not None)
        over = sum(size.nodes is None for size in sizes)
        seconds = [size.seconds for size in sizes]
        counts = f"{number(median(nodes_found), 0)}", str(nodes_found[-1])
        spent = number(median(seconds) * 1e3), number(max(seconds) * 1e3)
        rows.append(
            [
                f"{campi} campi, {requisiti} requisiti, {esiti + 1} esiti",
                *counts,
                *spent,
                f"{over} su {len(sizes)}",
            ]
        )
    yield f"Regole a caso, {diagrams.SEEDS} per grandezza; limite {diagrams.BUDGET} nodi:\n"
    header = ["regole", "nodi, mediana", "nodi, massimo", "ms, mediana", "ms, massimo", "oltre il limite"]
    yield table(header, rows)
    dense = diagrams.real(rules.servizio(), rules.ON)
    nodes = "oltre il limite" if dense.nodes is None else f"{dense.nodes} nodi"
    yield (
        f"Il servizio di «Una famiglia», molto più fitto (ogni campo torna in quasi sette condizioni): "
        f"{nodes}, dopo {number(dense.seconds)} s.\n"
    )


def engine(word: str) -> None:
    """Run a command of the engine in a process of its own."""
    command = [sys.executable, "-m", "engine", word]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)  # noqa: S603


def reading(files: dict[str, bytes]) -> Iterator[str]:
    """Measure the check of all the staff files, and the start of the command."""
    seconds = [once(lambda: read_rulebook(files)) for _ in range(7)]
    check, start = ([once(partial(engine, word)) for _ in range(5)] for word in ("check", "--help"))
    size = sum(content.count(b"\n") for content in files.values())
    yield "## Lettura e controllo dei file\n"
    named = {"`read_rulebook` (lettura e controllo)": seconds, "`python -m engine check`, dall'avvio": check}
    rows = [
        [name, number(median(each), 3), f"{number(min(each), 3)} – {number(max(each), 3)}"]
        for name, each in {**named, "`python -m engine --help`, il solo avvio": start}.items()
    ]
    yield f"{len(files)} file, {size} righe.\n"
    yield table(["che cosa", "s, mediana", "s, dal minimo al massimo"], rows)
    reached = verdict(median(seconds) < 0.5)
    yield f"Obiettivo: lettura e controllo in meno di 0,5 s ({reached}).\n"


def esempi(rulebook: Rulebook) -> Iterator[str]:
    """Measure the evaluation of the esempi."""
    yield "## Gli esempi dei servizi\n"
    yield (
        "`evaluate` dà l'esito, che cosa manca, gli importi e su che cosa poggiano; "
        "le frasi si scrivono dopo, solo se chieste.\n"
    )
    rows = []
    for name, versions in rulebook.servizi.items():
        for servizio in versions:
            found = evaluations.esempi(servizio)
            kinds = {
                "nulla manca": found.complete,
                "manca qualcosa": found.incomplete,
                "le frasi": found.sentences,
            }
            for kind, times in kinds.items():
                if times:
                    spent = (median(times), percentile(times, 95))
                    rows.append([f"{name}, {kind}", str(len(times)), *(number(each * 1e3, 2) for each in spent)])
    yield table(["esempi", "quanti", "ms, mediana", "ms, 95° percentile"], rows)


def answers(rulebook: Rulebook) -> Iterator[str]:
    """Measure the validation and the reading of the answers that arrive."""
    servizio = validations.largest(rulebook)
    asked, (thirty, families) = validation(servizio), validations.thirty()
    found = validations.times(asked, asked.schema["examples"])
    more = validations.times(thirty, families[:20])
    yield "## Le risposte che arrivano\n"
    yield (
        f"«{servizio.name}», {len(asked.guards.campi)} campi con i loro `solo se`; e il servizio di «Una famiglia», "
        f"{rules.CAMPI} campi, tutti risposti. Con sei errori `read` li trova tutti e scrive le frasi; "
        "i due validatori dicono solo dove.\n"
    )
    rows = [
        [
            name,
            *(number(value, 0) for each in (found, more) for value in (each[name].median * 1e6, 1 / each[name].median)),
        ]
        for name in found
    ]
    yield table(["che cosa", "µs", "al secondo", f"µs, {rules.CAMPI} campi", f"al secondo, {rules.CAMPI} campi"], rows)
    spent = more[validations.READ].median * 1e6
    yield f"Obiettivo: {rules.CAMPI} risposte giuste in meno di 60 µs ({verdict(spent < 60)}: {number(spent)}).\n"


def procedures(rulebook: Rulebook) -> Iterator[str]:
    """Measure what follows from what has happened to a file."""
    times, started, served = procedure.measure(rulebook)
    yield "## Le procedure\n"
    yield (
        f"{procedure.FILES} pratiche a caso sulle {len(rulebook.procedure)} procedure; durable-rules sta in un "
        f"processo a parte, e il tempo comprende domanda e risposta. Danno lo stesso: si controlla prima.\n"
    )
    rows = [
        [name, number(each.median * 1e6, 0), " – ".join(number(s * 1e6, 0) for s in each.spread)]
        for name, each in times.items()
    ]
    yield table(["che cosa", "µs, mediana", "µs, dal minimo al massimo"], rows)
    yield f"Il processo comincia e dà la prima risposta in {number(started * 1e3, 0)} ms.\n"
    yield "" if served else "NON MISURATO: durable-rules qui non c'è, e ha risposto il punto fisso.\n"


def over_http(rulebook: Rulebook) -> Iterator[str]:
    """Measure the requests per second of the API beside those of an empty endpoint."""
    found = requests.measure(rulebook)
    base = found[requests.EMPTY]
    yield "## L'API\n"
    yield (
        f"`POST /v1/valutazioni` ({len(rulebook.servizi)} servizi) accanto a un indirizzo vuoto di FastAPI: server "
        f"veri, connessioni tenute aperte, {requests.CONNECTIONS} richieste in corso; {requests.FAMILIES} famiglie "
        f"tutte diverse. Il tempo è di una richiesta alla volta.\n"
    )
    rows = []
    for name, each in found.items():
        spent = (percentile(each.seconds, 50), percentile(each.seconds, 95))
        speed = number(each.rate, 0), f"{number(each.ratio(base) * 100)}%"
        rows.append([requests.TITLES[name], *speed, *(number(one * 1e3, 2) for one in spent)])
    yield table(["che cosa", "richieste al secondo", "del vuoto", "ms, mediana", "ms, 95° percentile"], rows)
    share = found[requests.COMPLETE].ratio(base)
    yield f"Obiettivo: almeno il 25% del vuoto ({verdict(share >= 0.25)}: {number(share * 100)}%).\n"


def in_browser() -> Iterator[str]:
    """Measure how soon a page of questions is ready."""
    found, many = pages.measure(), pages.many()
    yield "## Le pagine\n"
    yield (
        "Dal tasto «Avanti» a una pagina di domande pronta in Chromium, foglio di stile e caratteri compresi; "
        f"{pages.ROUNDS} volte. Il servizio di {pages.CAMPI} campi è inventato, con tutte le domande su una pagina.\n"
    )
    rows = [
        [name, *(number(value, 0) for value in (median(each.milliseconds), max(each.milliseconds)))]
        + [number(value, 0) for value in (each.controls, each.html, each.scripts)]
        for name, each in found.items()
    ]
    yield table(["pagina", "ms, mediana", "ms, massimo", "controlli", "byte di HTML", "byte di JavaScript"], rows)
    slow = max(median(each.milliseconds) for each in found.values())
    scripts = sum(each.scripts for each in found.values())
    yield f"Obiettivo: pronta in meno di 300 ms ({verdict(slow < 300)}), niente JavaScript ({verdict(not scripts)}).\n"
    yield (
        f"Lo schema JSON di {pages.CAMPI} campi ({number(pages.weight(), 0)} byte) si scrive in "
        f"{number(many['schema'], 2)} ms e si prepara per validare in {number(many['validazione'], 2)} ms.\n"
    )


def on_paper(rulebook: Rulebook) -> Iterator[str]:
    """Measure a letter, composed and printed."""
    found = letters.measure(rulebook)
    yield "## Le lettere\n"
    yield (
        "Dai valori alla lettera composta e stampata come PDF/UA, oppure mostrata come pagina; ogni volta per una "
        f"famiglia diversa, {letters.MEMBERS} voci in ogni elenco, {letters.ROUNDS} volte. "
        "La prima volta si legge anche il modello.\n"
    )
    rows = []
    for name, each in found.items():
        spent = (each.first, median(each.printed), max(each.printed), median(each.shown))
        rows.append([name, *(number(one * 1e3) for one in spent), number(each.size, 0)])
    header = ["lettera", "ms, la prima volta", "ms, PDF, mediana", "ms, massimo", "ms, pagina, mediana", "byte del PDF"]
    yield table(header, rows)
    slow = max(median(each.printed) for each in found.values())
    reached = f"{verdict(slow < 0.05)}: {number(slow * 1e3)}"
    yield f"Obiettivo: composta e stampata in meno di 50 ms, dopo la prima ({reached}).\n"


def in_stores() -> Iterator[str]:
    """Measure what the stores keep when they are killed, and how long they take."""
    with TemporaryDirectory() as name, postgres(fsync=True) as server:
        folder = Path(name)
        addresses = {
            "TinyDB": [str(folder / "uccisi.db"), str(folder / "insieme.db")],
            "PostgreSQL": [empty_schema(server) for _ in range(2)],
        }
        found = {name: (stores.killed(one), stores.crowded(other)) for name, (one, other) in addresses.items()}
        saved = stores.saving(folder)
        asked = stores.lists(empty_schema(server))
    yield "## L'archivio\n"
    yield (
        "Un processo scrive senza sosta (due documenti e un evento a ogni salvataggio) e si uccide con `kill -9` in un "
        f"momento a caso, {stores.KILLS} volte; poi si cerca ogni salvataggio di cui aveva avuto conferma. "
        f"{stores.PROCESSES} processi aggiungono uno, {stores.TIMES} volte ciascuno, allo stesso documento.\n"
    )
    rows = [
        [name, *(number(value, 0) for value in (*killed, added - kept)), f"{kept} su {added}"]
        for name, (killed, (added, kept)) in found.items()
    ]
    columns = ["uccisioni", "salvataggi confermati", "persi", "illeggibile", "aggiunte perse", "aggiunte rimaste"]
    yield table(["archivio", *columns], rows)
    safe = all(not (killed.lost or killed.unreadable or added - kept) for killed, (added, kept) in found.values())
    yield f"Obiettivo: niente perso, niente illeggibile ({verdict(safe)}).\n"
    yield (
        f"Un salvataggio su disco (un documento cifrato di 3 KB e un evento), con {number(stores.FILES, 0)} pratiche e "
        f"{number(stores.EVENTS, 0)} eventi: TinyDB sopra SQLite ({number(saved.size / 1e6, 0)} MB, si apre in "
        f"{number(saved.opening, 2)} s) accanto a SQLite da solo, a turno. Poi gli elenchi di uno sportello, 50 "
        f"pratiche per pagina, con {number(stores.LISTED, 0)} pratiche su PostgreSQL.\n"
    )
    times = {"salvataggio, TinyDB": saved.store, "salvataggio, SQLite da solo": saved.floor, **asked}
    rows = [
        [name, *(number(value * 1e3, 1) for value in (median(each), percentile(each, 95), max(each)))]
        for name, each in times.items()
    ]
    yield table(["che cosa", "ms, mediana", "ms, 95° percentile", "ms, massimo"], rows)
    slow = max(percentile(each, 95) for each in asked.values())
    yield (
        f"Obiettivi: un salvataggio in meno di 10 ms ({verdict(median(saved.store) < 0.01)}); "
        f"gli elenchi in meno di 300 ms al 95° percentile ({verdict(slow < 0.3)}).\n"
    )


def page(day: date, seconds: float) -> Iterator[str]:
    """Yield the page, part by part."""
    files = data_files()
    rulebook, _ = read_rulebook(files)
    yield "<!-- Scritto da `python -m bench`: non correggere a mano. -->\n"
    yield "# Misure\n"
    yield (
        f"Fatte il {show_day(day)} con `python -m bench` su {processor()}, "
        f"Python {platform.python_version()}, zen-engine {version('zen-engine')}. "
        "Tutti i confronti sono dello stesso avvio: a ogni giro i concorrenti si alternano; "
        "si dà la mediana dei giri, con il minimo e il massimo.\n"
    )
    yield from one_family()
    yield from diagram_sizes(rulebook)
    yield from reading(files)
    yield from esempi(rulebook)
    yield from answers(rulebook)
    yield from procedures(rulebook)
    yield from over_http(rulebook)
    yield from in_browser()
    yield from on_paper(rulebook)
    yield from in_stores()
    yield from at_the_desks(seconds)


def _desks_only(seconds: float) -> None:
    """Measure the desks alone, and leave the rest of the page as it is: theirs is the last part."""
    before = PAGE.read_text(encoding="utf-8").partition(DESKS)[0]
    part = "\n".join(at_the_desks(seconds))
    print(part)
    PAGE.write_text(f"{before.rstrip()}\n\n{part}", encoding="utf-8")


def main() -> None:
    """Run the measurements and write the page."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Misura il motore e scrive docs/misure.md.")
    parser.add_argument("--data", type=parse_day, default=datetime.now(UTC).date(), help="il giorno da scrivere")
    help_ = "quanti secondi lavorano gli sportelli: le misure di questa pagina sono di due minuti"
    parser.add_argument("--secondi", type=float, default=desk.SECONDS, help=help_)
    parser.add_argument("--sportello", action="store_true", help="solo gli sportelli: riscrive quella parte sola")
    options = parser.parse_args()
    if options.sportello:
        _desks_only(options.secondi)
        return
    parts = []
    for part in page(options.data, options.secondi):
        print(part, flush=True)
        parts.append(part)
    PAGE.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
