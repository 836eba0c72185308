"""The addresses where other systems get a token (RFC 6749, client credentials) and find the keys that verify it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.body import JSON_TYPE
from api.identity.systems import ALGORITHMS, TOKEN, Client, Systems
from api.identity.visitor import signed_in
from api.refusal import Refusal, written
from engine.messages import sentence

FORM = "application/x-www-form-urlencoded"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt")
#: The kinds of refusal of RFC 6749, each with its status.
REFUSED = {"invalid_request": 400, "invalid_client": 401, "invalid_scope": 400, "unsupported_grant_type": 400}


class Denied(Exception):
    """A token that is not given: the kind of RFC 6749, and who had asked."""

    def __init__(self, kind: str, client: str = "", basic: bool = False) -> None:
        self.kind, self.client, self.basic = kind, client, basic
        super().__init__(kind)


@dataclass(frozen=True, slots=True)
class OAuth:
    """The addresses of the tokens."""

    systems: Systems

    async def token(self, request: Request) -> Response:
        """Give a token to a system that proves who it is."""
        try:
            typed = await _form(request)
            answer = await run_in_threadpool(self._token, typed, request.headers.get("authorization", ""))
        except Denied as denied:
            await run_in_threadpool(self.systems.refuse, denied.client)
            headers = {"WWW-Authenticate": 'Basic realm="comma"'} if denied.kind == "invalid_client" else {}
            said = {"error": denied.kind, "error_description": sentence(f"oauth.{denied.kind}", {})}
            return _json(said, REFUSED[denied.kind], headers)
        return _json(answer)

    async def keys(self) -> Response:
        """Publish the keys with which tokens are signed."""
        return _json({"keys": await run_in_threadpool(self.systems.keys.published)})

    async def metadata(self) -> Response:
        """Say where and how a token is asked for (RFC 8414)."""
        issuer = self.systems.issuer
        return _json(
            {
                "issuer": issuer,
                "token_endpoint": f"{issuer}/oauth/token",
                "jwks_uri": f"{issuer}/.well-known/jwks.json",
                "grant_types_supported": ["client_credentials"],
                "response_types_supported": [],
                "token_endpoint_auth_methods_supported": list(METHODS),
                "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
                "service_documentation": f"{issuer}/documentazione",
            }
        )

    async def identita(self, request: Request) -> Response:
        """Say as whom a system was recognised, and with which scopes."""
        if request.url.query:
            raise Refusal("unknown_parameter", name=next(iter(request.query_params), ""), names="-")
        client = signed_in()
        return _json({"cliente": client.id, "nome": client.nome, "ambiti": sorted(client.scopes)})

    def _token(self, typed: Mapping[str, str], authorization: str) -> dict[str, Any]:
        client = self._client(typed, authorization)
        if typed.get("grant_type") != "client_credentials":
            raise Denied("unsupported_grant_type" if typed.get("grant_type") else "invalid_request", client.id)
        scopes = tuple(dict.fromkeys(typed.get("scope", "").split())) or client.scopes
        if not scopes or set(scopes) - set(client.scopes):
            raise Denied("invalid_scope", client.id)
        token = self.systems.token(client, scopes)
        seconds = int(TOKEN.total_seconds())
        return {"access_token": token, "token_type": "Bearer", "expires_in": seconds, "scope": " ".join(scopes)}

    def _client(self, typed: Mapping[str, str], authorization: str) -> Client:
        """Return who asks, by the one method that was used."""
        used = [bool(authorization), "client_secret" in typed, "client_assertion" in typed]
        if sum(used) > 1:
            raise Denied("invalid_request")
        if "client_assertion" in typed:
            if typed.get("client_assertion_type") != JWT_BEARER:
                raise Denied("invalid_request")
            found = self.systems.asserted(typed["client_assertion"])
            self.systems.purge()
            name = found.id if found else ""
        else:
            name, secret = _basic(authorization) if authorization else (typed.get("client_id", ""), "")
            found = self.systems.known(name, secret or typed.get("client_secret", ""))
        if found is None or typed.get("client_id", found.id) != found.id:
            raise Denied("invalid_client", name)
        return found

    def router(self) -> APIRouter:
        """Return the addresses."""
        found = APIRouter(include_in_schema=False)
        found.add_api_route("/oauth/token", self.token, methods=["POST"])
        found.add_api_route("/.well-known/jwks.json", self.keys, methods=["GET"])
        found.add_api_route("/.well-known/oauth-authorization-server", self.metadata, methods=["GET"])
        found.add_api_route("/v1/identita", self.identita, methods=["GET", "HEAD"])
        return found


async def _form(request: Request) -> dict[str, str]:
    """Read what was sent; a name may stand there once."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise Denied("invalid_request")
    form = await request.form(max_files=0, max_fields=50)
    if len(form.multi_items()) > len(form):
        raise Denied("invalid_request")
    return {name: str(value) for name, value in form.items() if value}


def _basic(authorization: str) -> tuple[str, str]:
    """Read the name and the secret of a Basic authorization."""
    scheme, _, value = authorization.partition(" ")
    try:
        name, _, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Denied("invalid_client") from None
    if scheme.lower() != "basic":
        raise Denied("invalid_client")
    return unquote_plus(name), unquote_plus(secret)


def _json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(written(value), status, dict(headers or {}), JSON_TYPE)
