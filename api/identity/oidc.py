"""The office's own provider of identity: OpenID Connect, code flow with PKCE; what it answers is verified."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.client import OAuth2Client
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import KeySet

from api.identity.secret import derived, same
from api.identity.settings import ProviderSettings
from api.identity.systems import jwt_header

ALGORITHMS = ("RS256", "PS256", "ES256", "RS384", "RS512", "ES384", "ES512", "PS384", "PS512")
#: Seconds for an answer, bytes of it, seconds for which the addresses of the provider are kept, leeway of its clock.
PATIENCE, LARGEST, KEPT, LEEWAY = 10, 1_000_000, 3600, 60
#: Its keys are asked for again when one is unknown, but not more often than this.
AGAIN = 60
#: How long a person may take at the provider.
AWAY = 900


class Unrecognised(Exception):
    """A person who was not recognised: the code of the sentence that says why."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(slots=True)
class _Known:
    """What the provider says of itself, and when it said so."""

    metadata: dict[str, Any]
    keys: KeySet
    at: float


@dataclass(slots=True)
class Provider:
    """A provider; `back` is our address to which it sends people back, `now` tells the time."""

    settings: ProviderSettings
    secret: str
    back: str
    now: Callable[[], datetime]
    _known: _Known | None = field(default=None, repr=False)

    def start(self, secret: str) -> str:
        """Return where to send a browser that holds this secret: all that must come back is derived from it."""
        uri, _ = self._client().create_authorization_url(
            self._discovered().metadata["authorization_endpoint"],
            derived(secret, "state"),
            derived(secret, "verifier"),
            nonce=derived(secret, "nonce"),
        )
        return str(uri)

    def finish(self, secret: str, given: Mapping[str, str]) -> dict[str, Any]:
        """Return the claims of the person with whom a browser comes back, once they are verified."""
        if not secret or not same(given.get("state", ""), derived(secret, "state")):
            raise Unrecognised("oidc_state")
        if given.get("iss", self.settings.issuer) != self.settings.issuer:
            raise Unrecognised("oidc_audience")
        if "error" in given:
            raise Unrecognised("oidc_denied" if given["error"] == "access_denied" else "oidc_failed")
        token = self._token(given.get("code", ""), derived(secret, "verifier"))
        return self._verified(str(token.get("id_token", "")), derived(secret, "nonce"))

    def leaving(self, back: str) -> str:
        """Return where one leaves the provider too; nothing if it does not say, or has not been asked yet."""
        there = self._known.metadata.get("end_session_endpoint") if self._known else None
        asked = urlencode({"client_id": self.settings.client_id, "post_logout_redirect_uri": back})
        return f"{there}?{asked}" if isinstance(there, str) else ""

    def _client(self) -> OAuth2Client:
        return OAuth2Client(
            _Session(),
            self.settings.client_id,
            self.secret,
            self.settings.method,
            scope=self.settings.scope,
            redirect_uri=self.back,
            code_challenge_method="S256",
        )

    def _token(self, code: str, verifier: str) -> dict[str, Any]:
        try:
            found = self._client().fetch_token(
                self._discovered().metadata["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
                redirect_uri=self.back,
            )
        except (AuthlibBaseError, ValueError):
            raise Unrecognised("oidc_failed") from None
        return dict(found)

    def _verified(self, token: str, nonce: str) -> dict[str, Any]:
        """Return the claims of an ID token: signed by the provider, for us, now, for this browser."""
        try:
            claims = jwt.decode(token, self._keys(str(jwt_header(token).get("kid", ""))), list(ALGORITHMS)).claims
        except (JoseError, ValueError, TypeError):
            raise Unrecognised("oidc_signature") from None
        ours: Any = {"essential": True, "value": self.settings.client_id}
        issuer: Any = {"essential": True, "value": self.settings.issuer}
        there: Any = {"essential": True}
        rules = jwt.JWTClaimsRegistry(
            int(self.now().timestamp()), LEEWAY, iss=issuer, aud=ours, sub=there, exp=there, iat=there
        )
        try:
            rules.validate(claims)
        except ExpiredTokenError:
            raise Unrecognised("oidc_expired") from None
        except JoseError:
            raise Unrecognised("oidc_audience") from None
        audience = claims["aud"]
        if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != self.settings.client_id:
            raise Unrecognised("oidc_audience")
        if not same(str(claims.get("nonce", "")), nonce):
            raise Unrecognised("oidc_nonce")
        return dict(claims)

    def _discovered(self) -> _Known:
        now = self.now().timestamp()
        if self._known is None or now - self._known.at > KEPT:
            self._known = self._discover(now)
        return self._known

    def _discover(self, now: float) -> _Known:
        metadata = _read(f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration")
        needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if metadata.get("issuer") != self.settings.issuer or not all(_safe(metadata.get(name)) for name in needed):
            raise Unrecognised("oidc_unreachable")
        return _Known(metadata, _key_set(_read(metadata["jwks_uri"])), now)

    def _keys(self, kid: str) -> KeySet:
        known, now = self._discovered(), self.now().timestamp()
        if kid not in {str(key.kid) for key in known.keys.keys} and now - known.at > AGAIN:
            known = self._known = self._discover(now)
        return known.keys


class _Session:
    """What Authlib sends its requests with: the standard library, which goes only where it is told."""

    def post(self, url: str, data: dict[str, str], headers: dict[str, str], auth: Any) -> _Answer:
        """Send a form."""
        url, headers, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        return _send(urllib.request.Request(url, body.encode(), headers))  # noqa: S310  # checked in _discover


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer, as Authlib reads it."""

    status_code: int
    content: bytes

    def json(self) -> Any:
        """Return the JSON of the answer; raise ValueError if it is none."""
        return json.loads(self.content)

    def raise_for_status(self) -> None:
        """Refuse an answer that is a failure."""
        if self.status_code >= 400:
            raise Unrecognised("oidc_unreachable")


class _Stay(urllib.request.HTTPRedirectHandler):
    """Goes nowhere else."""

    def redirect_request(self, *arguments: object) -> None:
        """Follow no redirection."""


def _send(request: urllib.request.Request) -> _Answer:
    opener = urllib.request.build_opener(_Stay, urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=PATIENCE) as response:
            return _Answer(response.status, response.read(LARGEST))
    except urllib.error.HTTPError as error:
        with error:
            return _Answer(error.code, error.read(LARGEST))
    except (OSError, ValueError):
        raise Unrecognised("oidc_unreachable") from None


def _read(url: str) -> dict[str, Any]:
    answer = _send(urllib.request.Request(url))  # noqa: S310  # checked with the settings, or in _discover
    try:
        found = answer.json() if answer.status_code == 200 else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Unrecognised("oidc_unreachable")
    return found


def _key_set(written: dict[str, Any]) -> KeySet:
    """Read the keys to verify with; those of a kind that is not known are left out."""
    keys = []
    for one in written.get("keys", []):
        try:
            keys += KeySet.import_key_set({"keys": [one]}).keys if one.get("use", "sig") == "sig" else []
        except (JoseError, ValueError, TypeError, AttributeError):
            continue
    return KeySet(keys)


def _safe(url: object) -> bool:
    return isinstance(url, str) and url.startswith(("https://", "http://127.0.0.1:", "http://localhost:"))
