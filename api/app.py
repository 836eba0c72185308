"""The application: the pages and the addresses for other systems, and what every response carries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date

from fastapi import FastAPI, Request
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api.idempotency import Replays
from api.limits import LIMIT, Limits, for_systems, refusal_of
from api.pace import Pace
from api.pages import Pages, problem_page
from api.rate import Rate
from api.reference import reference_page
from api.refusal import Refusal
from api.routes import Api
from api.rules import Rules
from api.rules import in_rome as now_in_rome

__all__ = ["LIMIT", "make_app"]
FIELDS = 5000
#: Requests that a client may make in a minute.
REQUESTS = 6000
ADDRESS = "http://localhost:8000"


def in_rome() -> date:
    """Return today's date in Palermo."""
    return now_in_rome().date()


def make_app(
    rules: Rules, today: Callable[[], date] = in_rome, *, limit: int = REQUESTS, address: str = ADDRESS
) -> FastAPI:
    """Return the application that serves these rules; nothing that is typed or sent is written down."""
    api = Api(rules, today, address, Replays(), Pace())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        """Follow the files of the rules as long as the server lasts."""
        with rules.watched():
            yield

    app = FastAPI(
        title="Comma", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False, lifespan=lifespan
    )
    app.openapi = api.document  # type: ignore[method-assign]  # written by hand, with the campi of these rules
    app.add_middleware(Limits, rate=Rate(limit), refuse=_refuse)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Refusal, _refused)
    api.add_to(app)
    app.mount("/static", StaticFiles(packages=[("api", "static")]), name="static")
    _add_pages(app, Pages(rules, today), api)
    return app


def _add_pages(app: FastAPI, pages: Pages, api: Api) -> None:
    @app.get("/")
    async def services() -> Response:
        """List the services in force today."""
        return pages.services()

    @app.get("/documentazione")
    async def reference() -> Response:
        """Show how other systems use the API."""
        return reference_page(api.document())

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


def _refuse(path: str, refusal: Refusal) -> Response:
    return refusal.response(path) if for_systems(path) else problem_page(refusal.status)


async def _refused(request: Request, error: Exception) -> Response:
    """Answer what is refused: a page, or a problem for other systems. OPTIONS is told what is allowed."""
    assert isinstance(error, HTTPException | Refusal)
    refusal = error if isinstance(error, Refusal) else refusal_of(error)
    allowed = refusal.headers.get("Allow", "") and _allowed(request)
    if request.method == "OPTIONS" and allowed:
        return Response(status_code=204, headers={"Allow": allowed})
    response = _refuse(request.url.path, refusal)
    if allowed:
        response.headers["Allow"] = allowed
    return response


def _allowed(request: Request) -> str:
    """Return every method that the address of the request answers to: a path may stand in several routes."""
    found = {"OPTIONS"}
    for route in request.app.router.routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            found |= getattr(route, "methods", None) or {"GET", "HEAD"}
    return ", ".join(sorted(found))
