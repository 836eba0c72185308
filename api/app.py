"""The application: the list of services and, for each, one page that asks and answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.exceptions import HTTPException

from api.answers_form import TypedAnswers, read_typed
from api.rules import Rules
from engine.evaluation import evaluate
from engine.explanation import Explanation, explain
from engine.report import MARKS, esito_sentence
from engine.schema import asked
from engine.servizio import Servizio
from engine.tipo import WrongValue, parse_day, show_day

ROME = ZoneInfo("Europe/Rome")
LIMIT = 256 * 1024
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

Next = Callable[[Request], Awaitable[Response]]


def make_app(rules: Rules, today: Callable[[], date] = lambda: datetime.now(ROME).date()) -> FastAPI:
    """Return the application that serves these rules; nothing that is typed is kept."""
    app = FastAPI(title="Comma", docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/static", StaticFiles(packages=[("api", "static")]), name="static")
    pages = Environment(loader=PackageLoader("api"), undefined=StrictUndefined, autoescape=select_autoescape())

    def page(name: str, status: int = 200, **values: Any) -> HTMLResponse:
        return HTMLResponse(pages.get_template(name).render(**values), status)

    @app.middleware("http")
    async def safe(request: Request, following: Next) -> Response:
        """Refuse bodies that are too large and put the security headers on every response."""
        length = request.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > LIMIT:
            response: Response = page(
                "errore.html", 413, titolo="Troppi dati", testo="La pagina inviata è troppo grande."
            )
        else:
            response = await following(request)
        for key, value in HEADERS.items():
            response.headers.setdefault(key, value)
        return response

    @app.exception_handler(HTTPException)
    async def wrong(request: Request, error: HTTPException) -> Response:
        """Say in Italian what was not found or not allowed."""
        texts = {
            404: ("Pagina non trovata", "Questo indirizzo non c'è."),
            405: ("Non si può", "Questa pagina non si usa così."),
        }
        titolo, testo = texts.get(error.status_code, ("Richiesta non valida", "La richiesta non si può leggere."))
        return page("errore.html", error.status_code, titolo=titolo, testo=testo)

    @app.get("/")
    async def services() -> Response:
        """List the services in force today."""
        day = today()
        found = [version for name in rules.rulebook.servizi if (version := rules.rulebook.at(name, day))]
        return page("servizi.html", servizi=found)

    @app.get("/servizi/{name}")
    async def empty(name: str) -> Response:
        """Show the questions of a service."""
        return answer(name, {})

    @app.post("/servizi/{name}")
    async def filled(name: str, request: Request) -> Response:
        """Show the outcome of what was typed, and what is still missing."""
        form = await request.form(max_files=0, max_fields=5000)
        typed = {key: [str(value) for value in form.getlist(key)] for key in form}
        return answer(name, typed)

    def answer(name: str, typed: dict[str, list[str]]) -> Response:
        text = next(iter(typed.get("al", [])), show_day(today()))
        try:
            day, wrong_day = parse_day(text.strip()), ""
        except WrongValue as wrong_value:
            day, wrong_day = today(), str(wrong_value)
        if name not in rules.rulebook.servizi:
            raise HTTPException(404)
        servizio = rules.rulebook.at(name, day)
        if servizio is None:
            first = rules.rulebook.servizi[name][0]
            wrong_day = (
                f"In quel giorno queste regole non c'erano ancora: la prima versione è del {show_day(first.since)}."
            )
            servizio = rules.rulebook.at(name, today()) or first
        return _service_page(page, servizio, day, text, wrong_day, typed)

    return app


def _service_page(
    page: Callable[..., HTMLResponse],
    servizio: Servizio,
    day: date,
    text: str,
    wrong_day: str,
    typed: dict[str, list[str]],
) -> HTMLResponse:
    names = asked(servizio)
    reading: TypedAnswers = read_typed(typed, {name: servizio.campi[name] for name in names})
    wrong = bool(reading.errors or wrong_day)
    explanation: Explanation | None = None
    if typed and not wrong:
        explanation = explain(evaluate(servizio, reading.answers, day))
    return page(
        "servizio.html",
        422 if wrong else 200,
        servizio=servizio,
        campi=[servizio.campi[name] for name in names],
        reading=reading,
        al=text,
        wrong_day=wrong_day,
        whole=explanation.as_json() if explanation else None,
        esito=esito_sentence(explanation) if explanation else "",
        marks=MARKS,
    )
