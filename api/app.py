"""The application: which address shows which page, and what every response carries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from api.pages import Pages, problem_page
from api.rulebook_pages import router
from api.rules import Rules

ROME = ZoneInfo("Europe/Rome")
LIMIT = 256 * 1024
FIELDS = 5000
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

Next = Callable[[Request], Awaitable[Response]]


def in_rome() -> date:
    """Return today's date in Palermo."""
    return datetime.now(ROME).date()


def make_app(rules: Rules, today: Callable[[], date] = in_rome) -> FastAPI:
    """Return the application that serves these rules; nothing that is typed is kept."""
    app, pages = FastAPI(title="Comma", docs_url=None, redoc_url=None, openapi_url=None), Pages(rules, today)
    app.mount("/static", StaticFiles(packages=[("api", "static")]), name="static")
    app.middleware("http")(_safely)
    app.add_exception_handler(HTTPException, _refused)
    app.include_router(router(rules, today))

    @app.get("/")
    async def services() -> Response:
        """List the services in force today."""
        return pages.services()

    @app.get("/servizi/{name}")
    async def empty(name: str) -> Response:
        """Show the questions of a service."""
        return pages.service(name, {}) or problem_page(404)

    @app.post("/servizi/{name}")
    async def filled(name: str, request: Request) -> Response:
        """Show the outcome of what was typed, and what is still missing."""
        form = await request.form(max_files=0, max_fields=FIELDS)
        typed = {key: [str(value) for value in form.getlist(key)] for key in form}
        return pages.service(name, typed) or problem_page(404)

    return app


async def _safely(request: Request, following: Next) -> Response:
    """Refuse a body that is too large or of unknown length, and put the security headers on every response."""
    length = request.headers.get("content-length", "0")
    unknown = "transfer-encoding" in request.headers
    refused = unknown or not length.isdecimal() or int(length) > LIMIT
    response = problem_page(413) if refused else await following(request)
    for key, value in HEADERS.items():
        response.headers.setdefault(key, value)
    return response


async def _refused(request: Request, error: Exception) -> Response:
    return problem_page(error.status_code if isinstance(error, HTTPException) else 500)
