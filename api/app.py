"""The application: the pages and the addresses for other systems, and what every response carries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount

from api import rulebook_pages
from api.idempotency import Replays
from api.limits import LIMIT, LOG, Limits, for_systems, refusal_of
from api.pace import Pace
from api.pages import problem_page, router
from api.rate import Rate
from api.reference import reference_page
from api.refusal import Refusal
from api.routes import Api
from api.rules import Rules
from api.rules import in_rome as now_in_rome
from api.store.contract import Unavailable
from engine.messages import sentence

__all__ = ["LIMIT", "make_app"]
#: bootstrap-italia, as npm installs it (`make` does); without it the pages are plainer and work the same.
ITALIA = Path(__file__).parents[1] / "node_modules/bootstrap-italia/dist"
#: Requests that a client may make in a minute.
REQUESTS = 6000
ADDRESS = "http://localhost:8000"
#: The methods that an address may answer to, and those of the files that give the pages their look.
METHODS, STATIC = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"), ("GET", "HEAD")


def in_rome() -> date:
    """Return today's date in Palermo."""
    return now_in_rome().date()


def make_app(
    rules: Rules,
    today: Callable[[], date] = in_rome,
    *,
    limit: int = REQUESTS,
    address: str = ADDRESS,
    office: bool = False,
) -> FastAPI:
    """Return the application that serves these rules; nothing that is typed or sent is written down.

    With `office` its documents say what a store adds, which `api/office.py` puts in.
    """
    api = Api(rules, today, address, Replays(), Pace(), office)

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
    app.add_exception_handler(Unavailable, _unavailable)
    api.add_to(app)
    app.include_router(router(rules, today))
    app.include_router(rulebook_pages.router(rules, today))

    @app.get("/documentazione")
    async def reference() -> Response:
        """Show how other systems use the API."""
        return reference_page(api.document(), rules.rulebook.ente)

    app.mount("/static", StaticFiles(packages=[("api", "static")]), name="static")
    if ITALIA.is_dir():
        app.mount("/italia", StaticFiles(directory=ITALIA), name="italia")
    return app


def _refuse(path: str, refusal: Refusal) -> Response:
    if for_systems(path):
        return refusal.response(path)
    response = problem_page(refusal.status, kind=refusal.kind)
    response.headers.update(refusal.headers)
    return response


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


async def _unavailable(request: Request, error: Exception) -> Response:
    """Say that the store cannot write or read now: what was typed is still in the page before."""
    assert isinstance(error, Unavailable)
    LOG.error(sentence(error.code, error.data))
    if for_systems(request.url.path):
        return Refusal("store_unavailable", (), {"Retry-After": "10"}).response(request.url.path)
    return problem_page(503, kind="store_unavailable")


def _allowed(request: Request) -> str:
    """Return every method that the address of the request answers to: a path may stand in several routes."""
    scope = {**request.scope, "root_path": request.scope.get("app_root_path", "")}  # as before any mount was entered
    found = {"OPTIONS"}
    for route in request.app.router.routes:
        methods = STATIC if isinstance(route, Mount) else METHODS
        found |= {method for method in methods if route.matches({**scope, "method": method})[0] is Match.FULL}
    return ", ".join(sorted(found))
