"""Pages of who lets other systems in: list, scopes, secret or key, suspension; and the keys that sign."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from joserfc.errors import JoseError
from starlette.concurrency import run_in_threadpool

from api.identity.entering import Typed, fields, said
from api.identity.rights import Rights
from api.identity.sessions import shown_moment
from api.identity.systems import CLIENTE, Client, Systems, import_key, read_client
from api.identity.visitor import signed_in
from api.pages import page, problem_page
from engine.ente import Ente

_NAMED = 80
SCOPE = "ambito:"


@dataclass(frozen=True, slots=True)
class SystemsPages:
    """The pages of the other systems."""

    systems: Systems
    rights: Rights
    ente: Callable[[], Ente]

    async def listed(self) -> Response:
        """List the systems and the keys."""
        return await run_in_threadpool(self._listed)

    async def asked(self) -> Response:
        """Show the form of a new system."""
        return self._page("sistema_nuovo.html", {}, typed={})

    async def created(self, request: Request) -> Response:
        """Create a system and show its secret once; or change the key that signs."""
        typed = await fields(request)
        return await run_in_threadpool(self._created, typed)

    async def shown(self, request: Request) -> Response:
        """Show a system."""
        client = await run_in_threadpool(self.systems.get, request.path_params["cliente"])
        return self._page("sistema.html", {}, client=client) if client else problem_page(404, self.ente())

    async def changed(self, request: Request) -> Response:
        """Change a system as a button says."""
        typed = await fields(request)
        return await run_in_threadpool(self._changed, request.path_params["cliente"], typed)

    def _listed(self) -> HTMLResponse:
        found = [read_client(record) for record in self.systems.store.find(CLIENTE, limit=1000).records]
        keys = [(shown_moment(since), kid) for since, kid in self.systems.keys.dated()]
        return self._page("sistemi.html", {}, clients=found, keys=keys)

    def _created(self, typed: Typed) -> Response:
        if typed.get("azione") == "chiave":
            self.systems.keys.rotate(signed_in().id)
            return RedirectResponse("/amministrazione/sistemi", 303)
        nome, key = " ".join(typed.get("nome", "").split()), typed.get("chiave", "").strip()
        scopes = tuple(name for name in self.rights.scopes if f"{SCOPE}{name}" in typed)
        errors = Typed()
        if not nome or len(nome) > _NAMED or not nome.isprintable():
            errors["nome"] = said("no_system_name")
        if not scopes:
            errors["ambiti"] = said("no_scope")
        if key and not _readable(key):
            errors["chiave"] = said("no_key")
        if errors:
            return self._page("sistema_nuovo.html", errors, typed=typed)
        return self._secret(*self.systems.create(signed_in().id, nome, scopes, key))

    def _changed(self, id_: str, typed: Typed) -> Response:
        client, by, action = self.systems.get(id_), signed_in().id, typed.get("azione", "")
        if client is None:
            return problem_page(404, self.ente())
        if action == "segreto":
            return self._secret(client, self.systems.renew(by, id_))
        if action in ("sospendi", "riattiva"):
            self.systems.suspend(by, id_, action == "sospendi")
        return RedirectResponse(f"/amministrazione/sistemi/{id_}", 303)

    def _secret(self, client: Client, secret: str) -> HTMLResponse:
        return self._page("sistema_segreto.html", {}, client=client, secret=secret, issuer=self.systems.issuer)

    def _page(self, name: str, errors: Typed, **values: Any) -> HTMLResponse:
        shared = {"scopes": self.rights.scopes, "errors": errors}
        return page(name, 422 if errors else 200, ente=self.ente(), **shared, **values)

    def router(self) -> APIRouter:
        """Return the addresses of these pages."""
        found = APIRouter(prefix="/amministrazione/sistemi", include_in_schema=False)
        found.add_api_route("", self.listed, methods=["GET"])
        found.add_api_route("", self.created, methods=["POST"])
        found.add_api_route("/nuovo", self.asked, methods=["GET"])
        found.add_api_route("/{cliente}", self.shown, methods=["GET"])
        found.add_api_route("/{cliente}", self.changed, methods=["POST"])
        return found


def _readable(key: str) -> bool:
    try:
        import_key(key)
    except (JoseError, ValueError, TypeError, RecursionError):
        return False
    return True
