"""The cookies of who enters: one for the session, one for the form with which one enters, one for the provider."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class Cookies:
    """Cookies that no script reads and that no other site sends; over TLS no other host can set them."""

    secure: bool

    @property
    def session(self) -> str:
        """The name of the cookie of the session."""
        return self._name("comma_sessione")

    @property
    def form(self) -> str:
        """The name of the cookie of the forms of who has not entered yet."""
        return self._name("comma_modulo")

    @property
    def provider(self) -> str:
        """The name of the cookie of who has gone to the provider and is expected back."""
        return self._name("comma_ritorno")

    def give(self, response: Response, name: str, value: str, seconds: int | None = None) -> None:
        """Set a cookie; it ends with the browser, or after some seconds."""
        response.set_cookie(name, value, seconds, path="/", secure=self.secure, httponly=True, samesite="lax")

    def take(self, response: Response, request: Request, *names: str) -> None:
        """Take away the cookies that the browser has."""
        for name in names:
            if name in request.cookies:
                response.delete_cookie(name, path="/", secure=self.secure, httponly=True, samesite="lax")

    def _name(self, plain: str) -> str:
        return f"__Host-{plain}" if self.secure else plain
