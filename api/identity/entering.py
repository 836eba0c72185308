"""Pages to enter and to leave: with a password, with an invitation; and the profile of who has entered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from api.identity.accounts import Account, Accounts
from api.identity.cookies import Cookies
from api.identity.guard import local
from api.identity.passwords import LONGEST, SHORTEST, weakness
from api.identity.secret import fresh_secret
from api.identity.sessions import Sessions, shown_moment
from api.identity.visitor import signed_in, visitor
from api.pages import page, problem_page
from engine.ente import Ente
from engine.messages import sentence

PASSWORD = "password"
Typed = dict[str, str]


@dataclass(frozen=True, slots=True)
class Entering:
    """The pages of who enters and leaves; `provider` is the name of the office's own, `local` whether passwords are."""

    accounts: Accounts
    sessions: Sessions
    cookies: Cookies
    ente: Callable[[], Ente]
    local: bool = True
    provider: str = ""
    leaving: Callable[[], str] = str

    async def shown(self, request: Request) -> Response:
        """Show the page with which one enters; who has entered goes on."""
        there = local(request.query_params.get("dopo", "/"))
        if visitor().person is not None:
            return RedirectResponse(there, 303)
        if "uscita" not in request.query_params:
            return self.form("accesso.html", dopo=there)
        leaving = self.leaving() if request.query_params["uscita"] == "oidc" else ""
        return self.form("accesso.html", dopo=there, notice=said("left"), leaving=leaving)

    async def entered(self, request: Request) -> Response:
        """Let in who knows the password."""
        typed = await fields(request)
        there, username = local(typed.get("dopo", "/")), typed.get("username", "")
        found = None
        if self.local:
            found = await run_in_threadpool(self.accounts.login, username, typed.get(PASSWORD, ""))
        if found is None:
            errors = {"username": said("refused")}
            return self.form("accesso.html", dopo=there, username=username, errors=errors)
        return await self.opened(request, found, PASSWORD, there)

    async def opened(self, request: Request, account: Account, how: str, there: str) -> Response:
        """Open a session with a new secret, and go on."""
        old = request.cookies.get(self.cookies.session, "")
        secret = await run_in_threadpool(self.sessions.open, account, how, old)
        response = RedirectResponse(there, 303)
        self.cookies.take(response, request, self.cookies.form, self.cookies.provider)
        self.cookies.give(response, self.cookies.session, secret)
        return response

    async def left(self, request: Request) -> Response:
        """Close the session of this browser."""
        person, how = visitor().person, ""
        if person is not None:
            how = await run_in_threadpool(self.sessions.close, visitor().secret, person.id)
        response = RedirectResponse(f"/accesso?uscita={'oidc' if how == 'oidc' else '1'}", 303)
        self.cookies.take(response, request, self.cookies.session, self.cookies.form)
        return response

    async def left_everywhere(self, request: Request) -> Response:
        """Close all the sessions of the person."""
        await run_in_threadpool(self.sessions.close_all, signed_in().id)
        response = RedirectResponse("/accesso?uscita=1", 303)
        self.cookies.take(response, request, self.cookies.session)
        return response

    async def invited(self, request: Request) -> Response:
        """Show the page where who was invited chooses a password."""
        found = await run_in_threadpool(self.accounts.invited, request.path_params["token"])
        if found is None:
            return problem_page(404, self.ente(), "invitation_over")
        return self.form("invito.html", account=found)

    async def accepted(self, request: Request) -> Response:
        """Take the password that was chosen, and let the person in."""
        token, typed = request.path_params["token"], await fields(request)
        found = await run_in_threadpool(self.accounts.invited, token)
        if found is None:
            return problem_page(404, self.ente(), "invitation_over")
        errors = chosen(typed, found.username)
        if errors:
            return self.form("invito.html", account=found, errors=errors)
        account = await run_in_threadpool(self.accounts.accept, token, typed["nuova"])
        if account is None:
            return problem_page(404, self.ente(), "invitation_over")
        return await self.opened(request, account, "invito", "/")

    async def profile(self, request: Request) -> Response:
        """Show who one is and from where one has entered."""
        return await run_in_threadpool(self._profile, {}, "cambiata" in request.query_params)

    async def password(self, request: Request) -> Response:
        """Change the password of who knows the present one."""
        typed, person = await fields(request), signed_in()
        account = await run_in_threadpool(self.accounts.get, person.id)
        assert account is not None, "a session has an account"
        errors = chosen(typed, account.username)
        if not errors and typed["nuova"] == typed.get("attuale"):
            errors = {"nuova": said("same_password")}
        known = None
        if not errors:
            known = await run_in_threadpool(self.accounts.login, account.username, typed.get("attuale", ""))
            errors = {} if known else {"attuale": said("wrong_password")}
        if errors or known is None:
            return await run_in_threadpool(self._profile, errors, False)
        await run_in_threadpool(self.accounts.set_password, person.id, typed["nuova"])
        return await self.opened(request, known, PASSWORD, "/profilo?cambiata=1")

    def _profile(self, errors: Typed, changed: bool) -> HTMLResponse:
        person = signed_in()
        values: dict[str, Any] = {
            "account": self.accounts.get(person.id),
            "sessions": self.sessions.of(person.id),
            "moment": shown_moment,
            "notice": said("password_changed") if changed else "",
            "errors": errors,
        }
        return page("profilo.html", 422 if errors else 200, ente=self.ente(), **values)

    def form(self, name: str, status: int = 0, /, **values: Any) -> HTMLResponse:
        """Show a form to a browser that may not have entered, bound to it by a cookie."""
        present, fresh = visitor(), ""
        if not present.secret:
            present.secret = fresh = fresh_secret()
        shown = {"local": self.local, "provider": self.provider, "leaving": "", "dopo": "/", "errors": {}, **values}
        response = page(name, status or (422 if shown["errors"] else 200), ente=self.ente(), **shown)
        if fresh:
            self.cookies.give(response, self.cookies.form, fresh)
        return response

    def router(self) -> APIRouter:
        """Return the addresses of these pages."""
        found = APIRouter(include_in_schema=False)
        found.add_api_route("/accesso", self.shown, methods=["GET"])
        found.add_api_route("/accesso", self.entered, methods=["POST"])
        found.add_api_route("/uscita", self.left, methods=["POST"])
        found.add_api_route("/invito/{token}", self.invited, methods=["GET"])
        found.add_api_route("/invito/{token}", self.accepted, methods=["POST"])
        found.add_api_route("/profilo", self.profile, methods=["GET"])
        found.add_api_route("/profilo/password", self.password, methods=["POST"])
        found.add_api_route("/profilo/uscita-ovunque", self.left_everywhere, methods=["POST"])
        return found


async def fields(request: Request) -> Typed:
    """Return what was typed in a form, one text for each name."""
    form = await request.form(max_files=0)
    return {name: str(form[name]) for name in form}


def said(code: str, **data: str) -> str:
    """Return a sentence of these pages; none for no code."""
    return sentence(f"accesso.{code}", data) if code else ""


def chosen(typed: Typed, username: str) -> Typed:
    """Return what is wrong with a password that was chosen, and written twice."""
    weak = weakness(typed.get("nuova", ""), username)
    if weak:
        return {"nuova": said(weak, shortest=str(SHORTEST), longest=str(LONGEST))}
    return {} if typed["nuova"] == typed.get("ripetuta") else {"ripetuta": said("not_repeated")}
