"""Puts the desk into an application: the files, the procedimenti, the agenda, and their pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime
from functools import cache

import holidays
from fastapi import FastAPI

from api.desk.archive import Archive
from api.desk.desk import Desk
from api.desk.pages import desk_router
from api.desk.procedimenti import Procedimenti, Steps
from api.desk.statistics import Statistics
from api.identity.accounts import Accounts
from api.identity.visitor import allowed
from api.procedure.steps import Steps as Worker
from api.rules import ROME, Rules
from api.store.contract import Store
from api.store.keys import Keys
from engine.procedura import Procedura

Clock = Callable[[], datetime]


@cache
def palermo_holidays(year: int) -> frozenset[date]:
    """Return the holidays of a year in Palermo, Santa Rosalia among them."""
    return frozenset(holidays.country_holidays("IT", subdiv="PA", years=year))


@cache
def worker() -> Worker:
    """Return who works out what follows from what has happened: one for all that this process serves."""
    return Worker()


def install_desk(
    app: FastAPI, store: Store, keys: Keys, rules: Rules, accounts: Accounts, clock: Clock, steps: Steps | None = None
) -> Desk:
    """Put the desk into an application that has an identity; call it once, before it serves.

    Without `steps` the worker is asked, and `GET /status` says who answers; it is stopped when the server ends.
    """
    if steps is None:
        steps = app.state.steps = worker()
        _stopped_at_the_end(app, worker())

    def name_of(id_: str) -> str:
        account = accounts.get(id_)
        return account.nome if account else id_

    def today() -> date:
        return clock().astimezone(ROME).date()

    archive = Archive(store, keys, clock)
    desk = Desk(rules, archive, today, allowed, name_of)

    def procedura(servizio: str) -> Procedura | None:
        return rules.rulebook.procedure.get(servizio)

    app.include_router(desk_router(desk, Procedimenti(archive, procedura, steps, palermo_holidays, today)))
    count = Statistics(desk).answer
    app.add_api_route("/v1/statistiche", count, methods=["GET", "HEAD"], include_in_schema=False, response_model=None)
    return desk


def _stopped_at_the_end(app: FastAPI, answering: Worker) -> None:
    """Stop the worker when the server ends, whatever it is doing."""
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(served: FastAPI) -> AsyncIterator[None]:
        try:
            async with inner(served):
                yield
        finally:
            answering.close()

    app.router.lifespan_context = lifespan
