"""Calls: one request to a page of the desk, and how its answer is made, in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.desk.archive import Gone
from api.identity.person import Person
from api.identity.visitor import signed_in
from api.pages import FIELDS, page
from api.visit import ACTION
from engine.ente import Ente

#: The revision on which a page was opened, and why it changes what was submitted.
REVISION, REASON = "revisione", "motivo"


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks, the names in the address, what stands after the question mark, and what was sent."""

    who: Person
    path: Mapping[str, str]
    query: Mapping[str, str]
    typed: Mapping[str, Sequence[str]]
    wants_json: bool = False

    def first(self, name: str) -> str:
        """Return the first text sent with a name, without the spaces around it."""
        return next(iter(self.typed.get(name, ())), "").strip()

    @property
    def action(self) -> tuple[str, str]:
        """The button that was pressed, and what it is about."""
        action, _, rest = self.first(ACTION).partition(":")
        return action, rest

    @property
    def base(self) -> int:
        """The revision on which the page was opened."""
        return self.revision(REVISION)

    def revision(self, name: str) -> int:
        """Return a revision that the page holds; refuse what is none."""
        text = self.first(name)
        if not (text.isascii() and text.isdecimal()) or len(text) > 9:
            raise HTTPException(400)
        return int(text)

    def page(self, name: str, status: int = 200, /, *, ente: Ente, **values: Any) -> HTMLResponse:
        """Render a page for whoever asks."""
        return page(name, status, ente=ente, **values)


Run = Callable[[Call], Response]


def add(routes: APIRouter, method: str, path: str, run: Run) -> None:
    """Add an address to the pages of the desk."""

    async def endpoint(request: Request) -> Response:
        typed: dict[str, list[str]] = {}
        if request.method == "POST":
            form = await request.form(max_files=0, max_fields=FIELDS)
            typed = {key: [str(value) for value in form.getlist(key)] for key in form}
        wants_json = "application/json" in request.headers.get("accept", "")
        call = Call(signed_in(), request.path_params, request.query_params, typed, wants_json)
        try:
            return await run_in_threadpool(run, call)
        except Gone:  # its key was destroyed while somebody was reading
            raise HTTPException(404) from None

    methods = ["GET", "HEAD"] if method == "GET" else [method]
    routes.add_api_route(path, endpoint, methods=methods, include_in_schema=False, name=f"{method} {path}")


def see(path: str) -> Response:
    """Send the browser to another page, which it may open again without sending anything twice."""
    return RedirectResponse(path, 303)
