"""What stands around every request: security headers, whom it is for, the size of the body, how many, what fails."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.digests import Digested, verified
from api.rate import Rate
from api.refusal import Refusal

LIMIT = 256 * 1024
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: The pages of a file save a draft by themselves, where the browser runs scripts: ours only, and to us only.
SCRIPTED = {
    **HEADERS,
    "Content-Security-Policy": HEADERS["Content-Security-Policy"] + "; script-src 'self'; connect-src 'self'",
}
#: What has no data in it and seldom changes: the look of the pages.
KEPT = {**HEADERS, "Cache-Control": "public, max-age=86400"}
#: Added where the public address has TLS: for two years a browser uses nothing else.
STRICT = {"Strict-Transport-Security": "max-age=63072000; includeSubDomains"}
#: A body in one of these is not opened: a few bytes could become gigabytes.
COMPRESSED = frozenset({b"br", b"compress", b"deflate", b"gzip", b"x-compress", b"x-gzip", b"zstd"})
#: This computer, which a proxy on it and who looks after the service call by these names.
LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})
LOG = logging.getLogger("comma")

Refuse = Callable[[str, Refusal], Response]


def for_systems(path: str) -> bool:
    """Whether an address is of the API, which answers errors as problem+json."""
    return path in ("/status", "/v1") or path.startswith(("/v1/", "/oauth/", "/.well-known/"))


def hosts_of(address: str) -> frozenset[str]:
    """Return the names by which a server with that public address may be asked."""
    return LOCAL | {_name(urlsplit(address).netloc)}


class Limits:
    """ASGI middleware; `refuse` makes the answer to what is refused, a problem or a page.

    `hosts` are the names by which it may be asked (with none, any); `strict` says that the public address has TLS.
    """

    def __init__(
        self, app: ASGIApp, rate: Rate, refuse: Refuse, *, hosts: Iterable[str] = (), strict: bool = False
    ) -> None:
        self.app = app
        self.rate = rate
        self.refuse = refuse
        self.hosts = frozenset(hosts)
        more = STRICT if strict else {}
        self._headers, self._kept = _encoded({**HEADERS, **more}), _encoded({**KEPT, **more})
        self._scripted = _encoded({**SCRIPTED, **more})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, whatever happens."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        systems = for_systems(path)
        outward = Digested(send, scope["method"]) if systems else send
        sender = _Sender(outward, self._carried(path))
        try:
            if systems:
                self._count(scope, sender)
            inward = self._received(scope, receive)
            await self.app(scope, await verified(scope, inward) if systems else inward, sender)
        except Refusal as refusal:
            await self.refuse(path, refusal)(scope, receive, sender)
        except Exception as error:  # noqa: BLE001  # whatever it is, the client gets an answer
            # Neither the sentence of the exception nor the values around it: they may hold what a family answered.
            LOG.error("%s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))  # noqa: TRY400
            if sender.started:  # half an answer is cut, so that nobody takes it for a whole one
                raise ConnectionAbortedError from None
            await self.refuse(path, Refusal("failure"))(scope, receive, sender)

    def _carried(self, path: str) -> Sequence[tuple[bytes, bytes]]:
        """Return the headers that every answer at an address carries."""
        if path.startswith(("/static/", "/italia/")):
            return self._kept
        return self._scripted if path.startswith("/pratiche/") else self._headers

    def _received(self, scope: Scope, receive: Receive) -> Receive:
        """Return what gives the body; refuse what is for somebody else, compressed or too large."""
        headers = dict(scope["headers"])
        if self.hosts and _name(headers.get(b"host", b"").decode("latin-1")) not in self.hosts:
            raise Refusal("other_host")
        codings = headers.get(b"content-encoding", b"").lower().replace(b" ", b"").split(b",")
        if not COMPRESSED.isdisjoint(codings):
            raise Refusal("compressed")
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > LIMIT:
            raise too_large()
        return _Receiver(receive)

    def _count(self, scope: Scope, sender: _Sender) -> None:
        client = scope.get("client") or ("", 0)
        allowance = self.rate.take(client[0])
        sender.add(allowance.headers)
        if allowance.left < 0:
            after = {"Retry-After": str(allowance.reset)}
            raise Refusal("too_many_requests", (), after, limit=allowance.limit, seconds=allowance.reset)


class _Sender:
    """Sends the messages of a response, with headers added where they are not there."""

    def __init__(self, send: Send, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self._send = send
        self._headers = headers
        self.started = False

    def add(self, headers: Mapping[str, str]) -> None:
        self._headers = [*self._headers, *_encoded(headers)]

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            given = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(one for one in self._headers if one[0] not in given)]
        await self._send(message)


class _Receiver:
    """Receives the messages of a request and counts their bytes; too many are refused wherever they are read."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._size = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > LIMIT:
            raise too_large()
        return message


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def _name(host: str) -> str:
    """Return a host without its port, the brackets of IPv6 kept."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() and not name.endswith(":") else host).lower()


def too_large() -> Refusal:
    """Return the refusal of a body over the limit."""
    return Refusal("too_large", limit=LIMIT // 1024)


def refusal_of(error: HTTPException) -> Refusal:
    """Return the refusal that says what the framework has refused."""
    kind = {404: "no_address", 405: "not_allowed", 413: "too_large"}.get(error.status_code, "unreadable_request")
    return Refusal(kind, (), error.headers, limit=LIMIT // 1024)
