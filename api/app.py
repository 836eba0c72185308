"""The application: which address shows which page, and what every response carries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from api import rulebook_pages
from api.pages import problem_page, router
from api.rules import Rules

ROME = ZoneInfo("Europe/Rome")
LIMIT = 256 * 1024
#: bootstrap-italia, as npm installs it (`make` does); without it the pages are plainer and work the same.
ITALIA = Path(__file__).parents[1] / "node_modules/bootstrap-italia/dist"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
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
    app = FastAPI(title="Comma", docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/static", StaticFiles(packages=[("api", "static")]), name="static")
    if ITALIA.is_dir():
        app.mount("/italia", StaticFiles(directory=ITALIA), name="italia")
    app.middleware("http")(_safely)
    app.add_exception_handler(HTTPException, _refused)
    app.include_router(router(rules, today))
    app.include_router(rulebook_pages.router(rules, today))
    return app


async def _safely(request: Request, following: Next) -> Response:
    """Refuse a body that is too large or of unknown length, and put the security headers on every response."""
    length = request.headers.get("content-length", "0")
    unknown = "transfer-encoding" in request.headers
    refused = unknown or not length.isdecimal() or int(length) > LIMIT
    response = problem_page(413) if refused else await following(request)
    if request.url.path.startswith(("/static/", "/italia/")):
        response.headers["Cache-Control"] = "public, max-age=86400"
    for key, value in HEADERS.items():
        response.headers.setdefault(key, value)
    return response


async def _refused(request: Request, error: Exception) -> Response:
    return problem_page(error.status_code if isinstance(error, HTTPException) else 500)
