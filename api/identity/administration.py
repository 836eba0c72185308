"""Pages of who administers the accounts of people: list, invitation, role and desk, suspension, stand-ins."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from api.identity.accounts import UTENTE, Account, Accounts, StandIn, new_account, read_account
from api.identity.entering import Typed, fields, said
from api.identity.person import AT_A_DESK, PEOPLE
from api.identity.rights import Rights
from api.identity.secret import fresh_id, stamp
from api.identity.visitor import signed_in
from api.pages import page, problem_page
from engine.ente import Ente
from engine.number import WrongValue
from engine.tipo import parse_day, show_day

PER_PAGE = 50
_USERNAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{1,38})[a-z0-9]")
_NAMED = 80


@dataclass(frozen=True, slots=True)
class Administration:
    """The pages of the accounts; `desks` are those of the rules, `address` what an invitation begins with."""

    accounts: Accounts
    rights: Rights
    desks: Callable[[], Mapping[str, str]]
    ente: Callable[[], Ente]
    address: str

    async def listed(self, request: Request) -> Response:
        """List the accounts by username, some at a time."""
        return await run_in_threadpool(self._listed, request.query_params.get("da", ""))

    async def asked(self) -> Response:
        """Show the form of a new account."""
        return self._page("utente_nuovo.html", {}, typed={})

    async def created(self, request: Request) -> Response:
        """Create an account, and show its invitation once."""
        typed = await fields(request)
        return await run_in_threadpool(self._created, typed)

    async def shown(self, request: Request) -> Response:
        """Show an account."""
        return await run_in_threadpool(self._shown, request.path_params["utente"], {}, {})

    async def changed(self, request: Request) -> Response:
        """Change an account as a button says."""
        typed = await fields(request)
        return await run_in_threadpool(self._changed, request.path_params["utente"], typed)

    def _listed(self, after: str) -> HTMLResponse:
        found = self.accounts.store.find(UTENTE, after=after, limit=PER_PAGE)
        shown = [read_account(record) for record in found.records]
        return self._page("utenti.html", {}, utenti=shown, total=found.total, after=found.after)

    def _created(self, typed: Typed) -> HTMLResponse:
        username, nome = typed.get("username", "").strip().lower(), " ".join(typed.get("nome", "").split())
        errors = self._wrong(typed)
        if not nome or len(nome) > _NAMED or not nome.isprintable():
            errors = {"nome": said("no_name"), **errors}
        if not _USERNAME.fullmatch(username):
            errors = {"username": said("username"), **errors}
        if errors:
            return self._page("utente_nuovo.html", errors, typed=typed)
        account = new_account(username, nome, typed["ruolo"], typed.get("sportello", ""))
        secret = self.accounts.create(signed_in().id, account)
        if secret is None:
            return self._page("utente_nuovo.html", {"username": said("username_taken")}, typed=typed)
        return self._invitation(account, secret)

    def _invitation(self, account: Account, secret: str) -> HTMLResponse:
        return self._page("utente_invito.html", {}, account=account, link=invitation_link(self.address, secret))

    def _shown(self, id_: str, errors: Typed, typed: Typed) -> HTMLResponse:
        account = self.accounts.get(id_)
        if account is None:
            return problem_page(404, self.ente())
        colleagues = [read_account(record) for record in self.accounts.store.find(UTENTE, limit=1000).records]
        others = {one.id: one for one in colleagues if one.id != id_}
        now = stamp(self.accounts.now())
        values: dict[str, Any] = {
            "account": account,
            "others": others,
            "own": account.id == signed_in().id,
            "locked": account.locked_until > now,
            "typed": typed,
            "show_day": lambda day: show_day(date.fromisoformat(day)),
        }
        return self._page("utente.html", errors, **values)

    def _changed(self, id_: str, typed: Typed) -> Response:
        account, by = self.accounts.get(id_), signed_in().id
        if account is None:
            return problem_page(404, self.ente())
        action, _, rest = typed.get("azione", "").partition(":")
        if id_ == by and action in ("assegna", "sospendi", "azzera"):
            return self._shown(id_, {"azione": said("oneself")}, typed)
        if account.provider and action in ("assegna", "azzera"):
            return self._shown(id_, {"azione": said("of_provider")}, typed)
        if action == "azzera":
            return self._invitation(account, self.accounts.invite(by, id_))
        errors = self._act(account, by, action, typed, rest)
        return self._shown(id_, errors, typed) if errors else RedirectResponse(f"/amministrazione/utenti/{id_}", 303)

    def _act(self, account: Account, by: str, action: str, typed: Typed, rest: str) -> Typed:
        """Do what a button says; return what is wrong with what was typed."""
        if action == "assegna":
            errors = self._wrong(typed)
            if not errors:
                self.accounts.assign(by, account.id, typed["ruolo"], typed.get("sportello", ""))
            return errors
        if action in ("sospendi", "riattiva"):
            self.accounts.suspend(by, account.id, action == "sospendi")
        elif action == "togli":
            self.accounts.no_longer(by, account.id, rest)
        elif action == "supplenza":
            return self._stand_in(account, by, typed)
        return {}

    def _stand_in(self, account: Account, by: str, typed: Typed) -> Typed:
        colleague, errors = self.accounts.get(typed.get("collega", "")), Typed()
        if colleague is None or colleague.id == account.id or not colleague.sportello:
            errors["collega"] = said("no_colleague")
        days: dict[str, date] = {}
        for name in ("dal", "al"):
            try:
                days[name] = parse_day(typed.get(name, "").strip())
            except WrongValue as wrong:
                errors[name] = str(wrong)
        if len(days) == 2 and days["al"] < days["dal"]:
            errors["al"] = said("ends_before")
        if not errors and colleague is not None:
            added = StandIn(fresh_id(), colleague.id, days["dal"].isoformat(), days["al"].isoformat())
            self.accounts.stand_in(by, account.id, added)
        return errors

    def _wrong(self, typed: Typed) -> Typed:
        """Return what is wrong with a role and a desk."""
        ruolo, sportello = typed.get("ruolo", ""), typed.get("sportello", "")
        if ruolo not in PEOPLE:
            return {"ruolo": said("no_role")}
        if ruolo in AT_A_DESK and sportello not in self.desks():
            return {"sportello": said("no_desk")}
        return {"sportello": said("desk_not_needed")} if sportello and ruolo not in AT_A_DESK else {}

    def _page(self, name: str, errors: Typed, **values: Any) -> HTMLResponse:
        roles = {ruolo: self.rights.roles[ruolo] for ruolo in PEOPLE}
        shared = {"roles": roles, "desks": self.desks(), "errors": errors}
        return page(name, 422 if errors else 200, ente=self.ente(), **shared, **values)

    def router(self) -> APIRouter:
        """Return the addresses of these pages."""
        found = APIRouter(prefix="/amministrazione/utenti", include_in_schema=False)
        found.add_api_route("", self.listed, methods=["GET"])
        found.add_api_route("", self.created, methods=["POST"])
        found.add_api_route("/nuovo", self.asked, methods=["GET"])
        found.add_api_route("/{utente}", self.shown, methods=["GET"])
        found.add_api_route("/{utente}", self.changed, methods=["POST"])
        return found


def invitation_link(address: str, secret: str) -> str:
    """Return the address of an invitation."""
    return f"{address}/invito/{secret}"
