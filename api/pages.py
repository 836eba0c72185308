"""Pages: the list of services, a service that asks and answers, and what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from api.answers_form import read_typed
from api.rules import Rules
from engine.evaluation import evaluate
from engine.explanation import explain
from engine.messages import sentence
from engine.report import MARKS, esito_sentence
from engine.schema import asked
from engine.servizio import Servizio
from engine.tipo import WrongValue, parse_day, show_day

TEMPLATES = Environment(loader=PackageLoader("api"), undefined=StrictUndefined, autoescape=select_autoescape())

Typed = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages made from the rules; `today` tells the day."""

    rules: Rules
    today: Callable[[], date]

    def services(self) -> HTMLResponse:
        """List the services in force today."""
        book, day = self.rules.rulebook, self.today()
        found = [version for name in book.servizi if (version := book.at(name, day))]
        return _page("servizi.html", servizi=found)

    def service(self, name: str, typed: Typed) -> HTMLResponse | None:
        """Show the questions of a service, and the outcome of what was typed; None if there is no such service."""
        versions = self.rules.rulebook.servizi.get(name)
        if not versions:
            return None
        text = next(iter(typed.get("al", [])), show_day(self.today()))
        day, wrong_day = _day(text)
        servizio = self.rules.rulebook.at(name, day) if day else None
        if day and servizio is None:
            wrong_day = sentence("pagine.not_yet", {"since": show_day(versions[0].since)})
        if day is None or servizio is None:
            return _asking(versions[-1], text, wrong_day, typed)
        return _asking(servizio, text, "", typed, day)


def problem_page(status: int) -> HTMLResponse:
    """Say what was not found, not allowed or too large."""
    code = {404: "not_found", 405: "not_allowed", 413: "too_large"}.get(status, "unreadable")
    texts = {"titolo": sentence(f"pagine.{code}_title", {}), "testo": sentence(f"pagine.{code}", {})}
    return _page("errore.html", status, **texts)


def _page(name: str, status: int = 200, **values: Any) -> HTMLResponse:
    return HTMLResponse(TEMPLATES.get_template(name).render(**values), status)


def _day(text: str) -> tuple[date | None, str]:
    try:
        return parse_day(text.strip()), ""
    except WrongValue as wrong:
        return None, str(wrong)


def _asking(servizio: Servizio, text: str, wrong_day: str, typed: Typed, day: date | None = None) -> HTMLResponse:
    campi = {name: servizio.campi[name] for name in asked(servizio)}
    reading = read_typed(typed, campi)
    wrong = bool(reading.errors or wrong_day)
    explanation = explain(evaluate(servizio, reading.answers, day)) if typed and day and not wrong else None
    return _page(
        "servizio.html",
        422 if wrong else 200,
        servizio=servizio,
        campi=campi.values(),
        reading=reading,
        day=text,
        wrong_day=wrong_day,
        whole=explanation.as_json() if explanation else None,
        esito=esito_sentence(explanation) if explanation else "",
        marks=MARKS,
    )
