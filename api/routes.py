"""The addresses for other systems: what is read (`api/reads.py`), what is evaluated, and how they are served."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response

from api.body import JSON_TYPE, read_content
from api.idempotency import Replays, read_key
from api.openapi import document
from api.pace import Pace
from api.reads import READS, Call, Read
from api.refusal import Refusal, written
from api.rules import Edition, Rules
from api.valutazioni import evaluate_all, evaluate_one
from api.versions import dated
from engine.messages import SHOWN, sentence
from engine.number import WrongValue

Json = dict[str, Any]
#: Seconds after which to come back when there are no rules.
WAIT = "10"


@dataclass(frozen=True, slots=True)
class Api:
    """The addresses for other systems, on the rules that are served at each request; `identity`: are there accounts."""

    rules: Rules
    today: Callable[[], date]
    address: str
    replays: Replays
    pace: Pace
    identity: Callable[[], bool] = bool

    def add_to(self, app: FastAPI) -> None:
        """Add every address to the application."""
        for path in ("/v1/valutazioni", "/v1/servizi/{servizio}/valutazioni"):
            app.router.add_route(path, self.evaluate, ["POST"], include_in_schema=False)
        for read in READS:
            _add(app, read.path, partial(self.read, read))
        _add(app, "/status", self.status)
        _add(app, "/v1/openapi.json", self.openapi)

    async def read(self, read: Read, request: Request) -> Response:
        """Answer from the rules."""
        day = _day(request, ("al",) if read.dated else ())
        return _json(read.answer(Call(self.edition, request.path_params, day, self.today())))

    async def status(self, request: Request) -> Response:
        """Say whether the rules can be served, which ones, and what came of reading them again."""
        _day(request, ())
        self.replays.forget()
        edition, attempt = self.edition, self.rules.attempt
        regole = {
            "impronta": edition.impronta,
            "lette_il": _moment(edition.read_at),
            "ultimo_tentativo": _moment(attempt.at),
            "problemi": len(attempt.problems),
        }
        answering = getattr(request.app.state, "steps", None)  # only an office has procedimenti
        return _json({"stato": "attivo", "regole": regole, "procedure": answering.engine if answering else None})

    async def openapi(self, request: Request) -> Response:
        """Return the OpenAPI document."""
        _day(request, ())
        return _json(self.document())

    def document(self) -> Json:
        """Return the OpenAPI document of the rules that are served."""
        return document(self.edition, self.address, self.identity())

    async def evaluate(self, request: Request) -> Response:
        """Evaluate a family; a request repeated with its key is answered as it was."""
        _day(request, ())
        edition, key = self.edition, read_key(request.headers.getlist("idempotency-key"))
        content, name = await read_content(request), request.path_params.get("servizio")
        if name is None:
            make = partial(evaluate_all, edition, content, self.today())
        else:
            make = partial(evaluate_one, edition, name, content, self.today())
        answer, replayed = await self.pace.run(partial(self.replays.once, request.scope["path"], key, content, make))
        headers = {"Idempotency-Replayed": "true"} if replayed else None
        return Response(answer, headers=headers, media_type=JSON_TYPE)

    @property
    def edition(self) -> Edition:
        """The rules to answer from; refuse while there are none."""
        if self.rules.edition is None:
            raise Refusal("no_rules", (), {"Retry-After": WAIT}, count=len(self.rules.problems))
        return self.rules.edition


def _add(app: FastAPI, path: str, answer: Callable[[Request], Any]) -> None:
    app.router.add_route(path, answer, ["GET", "HEAD"], include_in_schema=False)


def _day(request: Request, parameters: tuple[str, ...]) -> date | None:
    """Read the day after the question mark, if there is one; nothing else may stand there."""
    given = request.query_params.multi_items() if request.scope["query_string"] else []
    names = [name for name, _ in given]
    for name in names:
        if name not in parameters or names.count(name) > 1:
            raise Refusal("unknown_parameter", name=name, names=", ".join(parameters) or "-")
    for name, text in given:
        try:
            return dated(text)
        except WrongValue as wrong:
            error = {"parametro": name, "messaggio": _said(wrong, text), "valore": text}
            raise Refusal("wrong_content", [error], count=1) from None
    return None


def _said(wrong: WrongValue, text: str) -> str:
    """Return what is wrong with a day in an address, where it is not written as in JSON."""
    if wrong.code not in ("json.date", "json.italian"):
        return str(wrong)
    day = wrong.data.get("json", "2024-03-01").strip('"')
    shown = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
    return sentence("api.day_in_address", {"text": shown, "day": day})


def _json(value: Json) -> Response:
    return Response(written(value), media_type=JSON_TYPE)


def _moment(at: Any) -> str:
    return str(at.isoformat(timespec="seconds"))
