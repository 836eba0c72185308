"""What stands around every request: security headers, the size of the body, how many requests, and what fails."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.rate import Rate
from api.refusal import Refusal

LIMIT = 256 * 1024
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
#: The pages of a file save a draft by themselves, where the browser runs scripts: ours only, and to us only.
SCRIPTED = {
    **HEADERS,
    "Content-Security-Policy": HEADERS["Content-Security-Policy"] + "; script-src 'self'; connect-src 'self'",
}
#: What has no data in it and seldom changes: the look of the pages.
KEPT = {**HEADERS, "Cache-Control": "public, max-age=86400"}
LOG = logging.getLogger("comma")

Refuse = Callable[[str, Refusal], Response]


def for_systems(path: str) -> bool:
    """Whether an address is of the API, which answers errors as problem+json."""
    return path in ("/status", "/v1") or path.startswith(("/v1/", "/oauth/", "/.well-known/"))


class Limits:
    """ASGI middleware; `refuse` makes the answer to what is refused, a problem or a page."""

    def __init__(self, app: ASGIApp, rate: Rate, refuse: Refuse) -> None:
        self.app = app
        self.rate = rate
        self.refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, whatever happens."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        sender = _Sender(send, _headers(path))
        try:
            if for_systems(path):
                self._count(scope, sender)
            await self.app(scope, _Receiver(scope, receive), sender)
        except Refusal as refusal:
            await self.refuse(path, refusal)(scope, receive, sender)
        except Exception as error:  # noqa: BLE001  # whatever it is, the client gets an answer
            # Neither the sentence of the exception nor the values around it: they may hold what a family answered.
            LOG.error("%s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))  # noqa: TRY400
            if sender.started:  # half an answer is cut, so that nobody takes it for a whole one
                raise ConnectionAbortedError from None
            await self.refuse(path, Refusal("failure"))(scope, receive, sender)

    def _count(self, scope: Scope, sender: _Sender) -> None:
        client = scope.get("client") or ("", 0)
        allowance = self.rate.take(client[0])
        sender.add(allowance.headers)
        if allowance.left < 0:
            after = {"Retry-After": str(allowance.reset)}
            raise Refusal("too_many_requests", (), after, limit=allowance.limit, seconds=allowance.reset)


def _headers(path: str) -> Mapping[str, str]:
    if path.startswith(("/static/", "/italia/")):
        return KEPT
    return SCRIPTED if path.startswith("/pratiche/") else HEADERS


class _Sender:
    """Sends the messages of a response, with headers added where they are not there."""

    def __init__(self, send: Send, headers: Mapping[str, str]) -> None:
        self._send = send
        self._headers: list[tuple[bytes, bytes]] = []
        self.started = False
        self.add(headers)

    def add(self, headers: Mapping[str, str]) -> None:
        self._headers += [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            given = {name.lower() for name, _ in message["headers"]}
            added = [header for header in self._headers if header[0] not in given]
            message["headers"] = [*message["headers"], *added]
        await self._send(message)


class _Receiver:
    """Receives the messages of a request and counts their bytes; too many are refused wherever they are read."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self._size = 0
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length) > LIMIT:
            raise too_large()

    async def __call__(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > LIMIT:
            raise too_large()
        return message


def too_large() -> Refusal:
    """Return the refusal of a body over the limit."""
    return Refusal("too_large", limit=LIMIT // 1024)


def refusal_of(error: HTTPException) -> Refusal:
    """Return the refusal that says what the framework has refused."""
    kind = {404: "no_address", 405: "not_allowed", 413: "too_large"}.get(error.status_code, "unreadable_request")
    return Refusal(kind, (), error.headers, limit=LIMIT // 1024)
