"""A provider of identity, as an office has one: it authorises, gives signed tokens, publishes its keys; it can err."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

Json = dict[str, Any]
SECRET = "un segreto del provider"
KEY = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
OTHER = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
ODD = ECKey.generate_key("P-256", {"use": "enc"}, auto_kid=True)


@dataclass(slots=True)
class FakeProvider:
    """What the provider says of a person, and how it errs: what is set in `claims` replaces what is right."""

    now: Callable[[], float]
    issuer: str = ""
    claims: Json = field(default_factory=dict)
    header: Json = field(default_factory=dict)
    key: Any = field(default_factory=lambda: KEY)
    alg: str = "RS256"
    metadata: Json = field(default_factory=dict)
    token_answer: Response | None = None
    keys: list[Json] = field(default_factory=lambda: [ODD.as_dict(private=False), {"kty": "boh"}, *_public(KEY)])
    codes: dict[str, Json] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def app(self) -> FastAPI:
        """Return the provider as an application."""
        app = FastAPI()
        app.add_api_route("/.well-known/openid-configuration", self.discovery)
        app.add_api_route("/authorize", self.authorize)
        app.add_api_route("/token", self.token, methods=["POST"])
        app.add_api_route("/keys", self.published)
        return app

    async def discovery(self) -> Json:
        """Say where the rest is."""
        self.asked.append("discovery")
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/logout",
            **self.metadata,
        }

    async def published(self) -> Json:
        """Publish the keys, and some that are of no use."""
        return {"keys": self.keys}

    async def authorize(self, request: Request) -> Response:
        """Recognise whoever asks, as if they had typed their password."""
        asked = dict(request.query_params)
        assert asked["response_type"] == "code"
        assert asked["client_id"] == "comma"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?code={code}&state={asked['state']}", 302)

    async def token(self, request: Request) -> Response:
        """Give a token for a code, once, to who has the secret and the verifier."""
        if self.token_answer is not None:
            return self.token_answer
        form = dict(await request.form())
        basic = "Basic " + base64.b64encode(f"comma:{SECRET}".encode()).decode()
        asked = self.codes.pop(str(form.get("code")), None)
        digest = hashlib.sha256(str(form.get("code_verifier", "")).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if request.headers.get("authorization") != basic:
            return JSONResponse({"error": "invalid_client"}, 401)
        if asked is None or asked["code_challenge"] != challenge or form["redirect_uri"] != asked["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": self.id_token(asked["nonce"])})

    def id_token(self, nonce: str) -> str:
        """Return who the person is, signed."""
        now = int(self.now())
        claims = {
            "iss": self.issuer,
            "aud": "comma",
            "sub": "7f3a",
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "name": "Rosa Bianchi",
            "preferred_username": "r.bianchi",
            "realm_access": {"roles": ["offline_access", "comma-operatore"]},
            "sportello": "SSC-1",
            **self.claims,
        }
        header = {"alg": self.alg, "kid": getattr(self.key, "kid", None), **self.header}
        return jwt.encode(_said(header), _said(claims), self.key, [self.alg])


def failing() -> Response:
    """Return a page of somebody's proxy."""
    return HTMLResponse("<h1>502</h1>", 502)


def _said(part: Json) -> Json:
    return {name: value for name, value in part.items() if value is not None}


def _public(key: RSAKey) -> list[Json]:
    return [dict(key.as_dict(private=False))]
