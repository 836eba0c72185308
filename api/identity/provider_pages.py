"""Pages of who enters with the account of the office: to its provider and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from api.identity.accounts import NOBODY, Account
from api.identity.entering import Entering, said
from api.identity.guard import local
from api.identity.oidc import AWAY, Provider, Unrecognised
from api.identity.person import AT_A_DESK
from api.identity.secret import fresh_secret
from api.pages import problem_page

OIDC = "oidc"


@dataclass(frozen=True, slots=True)
class ProviderPages:
    """The way to the provider and back; with no provider there is no such page."""

    entering: Entering
    provider: Provider | None
    desks: Callable[[], Mapping[str, str]]

    async def out(self, request: Request) -> Response:
        """Send a browser to the provider, with a cookie that only it has."""
        if self.provider is None:
            return problem_page(404, self.entering.ente())
        secret, there = fresh_secret(), local(request.query_params.get("dopo", "/"))
        try:
            uri = await run_in_threadpool(self.provider.start, secret)
        except Unrecognised as unrecognised:
            return await self._refused(request, unrecognised.code)
        response = RedirectResponse(uri, 303)
        value = f"{secret}.{there.encode().hex()}"
        self.entering.cookies.give(response, self.entering.cookies.provider, value, AWAY)
        return response

    async def back(self, request: Request) -> Response:
        """Let in whom the provider has recognised."""
        if self.provider is None:
            return problem_page(404, self.entering.ente())
        secret, _, there = request.cookies.get(self.entering.cookies.provider, "").partition(".")
        try:
            account = await run_in_threadpool(self._recognised, self.provider, secret, dict(request.query_params))
        except Unrecognised as unrecognised:
            return await self._refused(request, unrecognised.code)
        return await self.entering.opened(request, account, OIDC, local(_decoded(there)))

    def _recognised(self, provider: Provider, secret: str, given: Mapping[str, str]) -> Account:
        claims, settings = provider.finish(secret, given), provider.settings
        ruolo, sportello = settings.role(claims), settings.desk(claims, self.desks())
        if not ruolo:
            raise Unrecognised("oidc_role")
        if ruolo in AT_A_DESK and not sportello:
            raise Unrecognised("oidc_desk")
        account = self.entering.accounts.recognised(
            settings.issuer,
            str(claims["sub"]),
            _shown(claims.get("preferred_username")) or "-",
            settings.name(claims) or "-",
            (ruolo, sportello if ruolo in AT_A_DESK else ""),
        )
        if account.suspended:
            raise Unrecognised("oidc_suspended")
        return account

    async def _refused(self, request: Request, code: str) -> Response:
        """Say why somebody was not let in, beside the other ways to enter."""
        accounts = self.entering.accounts
        event = accounts.event(NOBODY, "accesso_fallito", "", {"modo": OIDC, "motivo": code})
        await run_in_threadpool(accounts.store.commit, (), [event])
        errors = {OIDC: said(code, provider=self.entering.provider)}
        response = self.entering.form("accesso.html", 503 if code == "oidc_unreachable" else 403, errors=errors)
        self.entering.cookies.take(response, request, self.entering.cookies.provider)
        return response

    def router(self) -> APIRouter:
        """Return the addresses of these pages."""
        found = APIRouter(prefix="/accesso/oidc", include_in_schema=False)
        found.add_api_route("", self.out, methods=["GET"])
        found.add_api_route("/ritorno", self.back, methods=["GET"])
        return found


def _decoded(text: str) -> str:
    try:
        return bytes.fromhex(text).decode()
    except ValueError:
        return "/"


def _shown(claim: Any) -> str:
    return claim[:80] if isinstance(claim, str) and claim.isprintable() else ""
