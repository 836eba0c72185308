"""The commands: `check`, `decide`, `esempi`, `schema`, `sportello`, `procedura`; only here files are opened."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Container, Mapping, Sequence
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn

from holidays import country_holidays

from engine.answers import Answers, WrongAnswers, read_answers
from engine.campo import Campo
from engine.esempi import run_esempi, run_routes
from engine.evaluation import evaluate
from engine.explanation import explain
from engine.happened import Happened, read_happened
from engine.messages import sentence
from engine.number import WrongValue
from engine.problem import suggestion
from engine.progress import progress, progress_report
from engine.report import report, route_report
from engine.route import route
from engine.rulebook import Rulebook, read_rulebook
from engine.schema import schema
from engine.servizio import Servizio
from engine.sportelli import SPORTELLI
from engine.tipo import parse_day, show_day

DONE, PROBLEMS, USAGE = 0, 1, 2
FOLDERS = ("regolamento", "rules", "forms")


class Refused(Exception):
    """The command cannot go on: what to tell the person, and the exit code."""

    def __init__(self, code: int, reason: str, /, **data: object) -> None:
        self.code = code
        super().__init__(sentence(f"comandi.{reason}", {key: str(value) for key, value in data.items()}))


class Parser(argparse.ArgumentParser):
    """An argument parser that speaks Italian."""

    def error(self, message: str) -> NoReturn:
        """Say how to use the command and stop with exit code 2."""
        del message  # it is in English
        self.exit(USAGE, f"{self.format_usage()}{sentence('comandi.usage', {'prog': self.prog})}\n")

    def format_help(self) -> str:
        """Return the help, with the words of argparse in Italian."""
        return _italian(super().format_help())

    def format_usage(self) -> str:
        """Return the usage line in Italian."""
        return _italian(super().format_usage())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 done, 1 problems found, 2 wrong use."""
    options = _parser().parse_args(arguments)
    try:
        code = int(options.run(options))
        sys.stdout.flush()
    except Refused as refused:
        print(refused, file=sys.stderr)
        return refused.code
    except BrokenPipeError:  # as in `… | head`: what is left to print goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return code


def read_folder(folder: Path) -> dict[str, bytes]:
    """Return the files of a data folder by their path in it; raise Refused if it is not one."""
    if not folder.is_dir():
        raise Refused(USAGE, "no_folder", folder=folder)
    found = (path for part in FOLDERS for path in sorted((folder / part).rglob("*")) if path.is_file())
    names = ((path.relative_to(folder), path) for path in found)
    files = {name.as_posix(): path for name, path in names if not any(map(unseen, name.parts))}
    if not files:
        raise Refused(USAGE, "empty_folder", folder=folder)
    return {name: path.read_bytes() for name, path in files.items()}


def unseen(name: str) -> bool:
    """Whether a name is hidden, or of what an editor leaves beside the file that is open: nobody's rules."""
    return name.startswith((".", "~$")) or name.endswith("~") or (name.startswith("#") and name.endswith("#"))


def _italian(text: str) -> str:
    for english, italian in (
        ("usage:", "uso:"),
        ("positional arguments:", "argomenti:"),
        ("options:", "opzioni:"),
        ("show this help message and exit", "mostra questo aiuto"),
    ):
        text = text.replace(english, italian)
    return text


def _parser() -> Parser:
    parser = Parser(prog="python -m engine", description=sentence("comandi.description", {}), allow_abbrev=False)
    shared = Parser(add_help=False, allow_abbrev=False)
    shared.add_argument(
        "--dati",
        type=Path,
        default=Path(__file__).parents[1],
        metavar="CARTELLA",
        help=sentence("comandi.help_dati", {}),
    )
    commands = parser.add_subparsers(required=True, metavar="COMANDO", title="comandi")

    def command(name: str, run: Any) -> argparse.ArgumentParser:
        text = sentence(f"comandi.help_{name}", {})
        made = commands.add_parser(name, parents=[shared], help=text, description=text, allow_abbrev=False)
        made.set_defaults(run=run)
        return made

    command("check", _check)
    decide = command("decide", _decide)
    decide.add_argument("servizio", metavar="SERVIZIO")
    for made in (decide, command("sportello", _sportello)):
        made.add_argument(
            "--risposte", type=Path, required=True, metavar="FILE", help=sentence("comandi.help_risposte", {})
        )
        made.add_argument("--al", required=True, metavar="DATA", help=sentence("comandi.help_al", {}))
        made.add_argument("--json", action="store_true", help=sentence("comandi.help_json", {}))
    command("esempi", _esempi).add_argument("servizio", metavar="SERVIZIO", nargs="?")
    schemas = command("schema", _schema)
    schemas.add_argument("servizio", metavar="SERVIZIO")
    schemas.add_argument("--al", metavar="DATA", help=sentence("comandi.help_al", {}))
    stands = command("procedura", _procedura)
    stands.add_argument("servizio", metavar="SERVIZIO")
    stands.add_argument("--eventi", type=Path, metavar="FILE", help=sentence("comandi.help_eventi", {}))
    stands.add_argument("--al", required=True, metavar="DATA", help=sentence("comandi.help_al", {}))
    stands.add_argument("--json", action="store_true", help=sentence("comandi.help_json", {}))
    return parser


def holidays_of_palermo() -> Container[date]:
    """Return the public holidays, Santa Rosalia included; a year is worked out when one of its days is asked."""
    return country_holidays("IT", subdiv="PA")


def _rulebook(options: argparse.Namespace) -> Rulebook:
    """Read the rules; with problems nothing is decided."""
    rulebook, problems = read_rulebook(read_folder(options.dati))
    if problems:
        for found in problems:
            print(found, file=sys.stderr)
        raise Refused(PROBLEMS, "problems", count=len(problems))
    return rulebook


def _check(options: argparse.Namespace) -> int:
    rulebook, problems = read_rulebook(read_folder(options.dati))
    for found in problems:
        print(found)
    versions = sum(len(found) for found in rulebook.servizi.values())
    name = "problems" if problems else "checked_procedure" if rulebook.procedure else "checked"
    counts = {"count": problems, "servizi": rulebook.servizi, "procedure": rulebook.procedure}
    data = {key: str(len(found)) for key, found in counts.items()}
    print(sentence(f"comandi.{name}", {**data, "versioni": str(versions)}))
    return PROBLEMS if problems else DONE


def _decide(options: argparse.Namespace) -> int:
    day = _day(options.al)
    servizio = _version(_rulebook(options), options.servizio, day)
    explanation = explain(evaluate(servizio, _known_of(options.risposte, servizio.campi), day))
    print(_dumped(explanation.as_json()) if options.json else report(explanation))
    return DONE


def _sportello(options: argparse.Namespace) -> int:
    day, rulebook = _day(options.al), _rulebook(options)
    sportelli = rulebook.sportelli
    if sportelli is None:
        raise Refused(USAGE, "no_sportelli")
    if sportelli.at(day) is None:
        since = show_day(sportelli.versions[0].since)
        raise Refused(USAGE, "not_in_force", name=SPORTELLI, day=show_day(day), since=since)
    found = route(sportelli, _known_of(options.risposte, rulebook.law.campi), day)
    print(_dumped(found.as_json()) if options.json else route_report(found))
    return DONE


def _known_of(path: Path, campi: Mapping[str, Campo]) -> Answers:
    """Return the answers in a file; raise Refused once every wrong one is told."""
    try:
        return read_answers(_answers(path), campi)
    except WrongAnswers as wrong:
        for mistake in wrong.errors:
            print(f"{path}: {mistake.pointer or '/'}: {mistake.sentence}", file=sys.stderr)
        raise Refused(PROBLEMS, "wrong_answers", count=len(wrong.errors)) from None


def _esempi(options: argparse.Namespace) -> int:
    rulebook = _rulebook(options)
    if options.servizio:
        _known(rulebook, options.servizio)
    names = [options.servizio] if options.servizio else list(rulebook.servizi)
    right = wrong = 0
    of_services = (o for name in names for version in rulebook.servizi[name] for o in run_esempi(version))
    of_sportelli = run_routes(rulebook.sportelli) if rulebook.sportelli and not options.servizio else ()
    for outcome in chain(of_services, of_sportelli):
        for difference in outcome.differences:
            print(f"{outcome.esempio.titolo}\n{difference}")
        wrong += bool(outcome.differences)
        right += not outcome.differences
    print(sentence("comandi.esempi", {"right": str(right), "wrong": str(wrong)}))
    return PROBLEMS if wrong else DONE


def _schema(options: argparse.Namespace) -> int:
    rulebook = _rulebook(options)
    _known(rulebook, options.servizio)
    latest = rulebook.servizi[options.servizio][-1]
    print(_dumped(schema(_version(rulebook, options.servizio, _day(options.al)) if options.al else latest)))
    return DONE


def _procedura(options: argparse.Namespace) -> int:
    day, rulebook = _day(options.al), _rulebook(options)
    _known(rulebook, options.servizio)
    procedura = rulebook.procedure.get(options.servizio)
    if procedura is None:
        raise Refused(USAGE, "no_procedura", name=options.servizio)
    try:
        happened = read_happened(_answers(options.eventi), procedura) if options.eventi else Happened()
    except WrongAnswers as wrong:
        for mistake in wrong.errors:
            print(f"{options.eventi}: {mistake.pointer or '/'}: {mistake.sentence}", file=sys.stderr)
        raise Refused(PROBLEMS, "wrong_events", count=len(wrong.errors)) from None
    found = progress(procedura, happened, day, holidays_of_palermo())
    print(_dumped(found.as_json()) if options.json else progress_report(found))
    return DONE


def _known(rulebook: Rulebook, name: str) -> None:
    if name not in rulebook.servizi:
        names = ", ".join(rulebook.servizi)
        raise Refused(USAGE, "no_service", name=name, hint=suggestion(name, rulebook.servizi), names=names)


def _version(rulebook: Rulebook, name: str, day: date) -> Servizio:
    _known(rulebook, name)
    servizio = rulebook.at(name, day)
    if servizio is None:
        raise Refused(
            USAGE,
            "not_in_force",
            name=name,
            day=show_day(day),
            since=show_day(rulebook.servizi[name][0].since),
        )
    return servizio


def _day(text: str) -> date:
    try:
        return parse_day(text)
    except WrongValue as wrong:
        raise Refused(USAGE, "day", wrong=wrong) from None


def _answers(path: Path) -> object:
    try:
        return json.loads(path.read_text("utf-8-sig"), object_pairs_hook=_no_repetition)
    except OSError:
        raise Refused(USAGE, "no_file", path=path) from None
    except UnicodeDecodeError:
        raise Refused(PROBLEMS, "not_utf8", path=path) from None
    except json.JSONDecodeError as error:
        raise Refused(PROBLEMS, "not_json", path=path, line=error.lineno, column=error.colno) from None
    except ValueError:  # Python does not read integers of thousands of digits
        raise Refused(PROBLEMS, "too_many_digits", path=path) from None
    except RecursionError:
        raise Refused(PROBLEMS, "too_deep", path=path) from None


def _no_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise Refused(PROBLEMS, "repeated_key", key=key)
        found[key] = value
    return found


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


if __name__ == "__main__":
    sys.exit(main())
