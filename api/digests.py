"""Digests: the hash of a body in the headers beside it, on every answer of the API, checked where a request has one.

`Digest` (RFC 3230) is what ModI names, `Content-Digest` (RFC 9530) what came after it.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from hashlib import sha256
from secrets import compare_digest

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from api.refusal import Refusal

#: The one algorithm that is written and read; a request may add others, which are not looked at.
ALGORITHM = b"sha-256"
OLD, NEW = b"digest", b"content-digest"
SHOWN = {OLD: "Digest: sha-256=…", NEW: "Content-Digest: sha-256=:…:"}
SIZE = sha256().digest_size
#: One member of a dictionary of RFC 9530: a name, bytes between colons, parameters.
_MEMBER = re.compile(
    rb'([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/=]*):(?:; *[a-z*][a-z0-9_.*-]*(?:=(?:"[^"]*"|[^\s,;"]+))?)*'
)
_BETWEEN = re.compile(rb"[ \t]*,[ \t]*")


def digest_of(content: bytes) -> bytes:
    """Return the SHA-256 of some bytes in base64, as both headers write it."""
    return b64encode(sha256(content).digest())


EMPTY = digest_of(b"")


class Digested:
    """Sends an answer with the digests of its body, when all of it is there: what the API answers is short."""

    def __init__(self, send: Send, method: str) -> None:
        self._send = send
        self._head = method == "HEAD"
        self._start: Message = {}
        self._parts: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        """Take a message of the answer."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        body = message.get("body", b"")
        if self._parts or message.get("more_body", False):
            self._parts.append(body)
            if message.get("more_body", False):
                return
            body = b"".join(self._parts)
        value = digest_of(body)
        # Nothing is sent to HEAD: Digest is of what GET would give, Content-Digest of nothing.
        sent = EMPTY if self._head else value
        digests = [(OLD, ALGORITHM + b"=" + value), (NEW, ALGORITHM + b"=:" + sent + b":")]
        self._start["headers"] = [*self._start["headers"], *digests]
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": body})


async def verified(scope: Scope, receive: Receive) -> Receive:
    """Hold the body of a request against the digests in its headers; return what gives it once more."""
    given = [header for header in scope["headers"] if header[0] in (OLD, NEW)]
    if not given:
        return receive
    claims = list(_claims(given))
    body = await _whole(receive)
    found = sha256(body).digest()
    for name, claimed in claims:
        if not compare_digest(claimed, found):
            raise Refusal("digest_differs", header=name.decode().title())
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again


def _claims(headers: list[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """Yield each SHA-256 that the headers of a request claim, with the name of the header."""
    for name, read in ((OLD, _old), (NEW, _new)):
        for text in read(b",".join(value for header, value in headers if header == name)):
            try:
                claimed = b64decode(text, validate=True)
            except ValueError:
                claimed = b""
            if len(claimed) != SIZE:
                raise _malformed(name)
            yield name, claimed


def _old(text: bytes) -> Iterator[bytes]:
    """Yield what RFC 3230 says of the SHA-256: names in either case, separated by commas, some perhaps empty."""
    for part in filter(None, (part.strip(b" \t") for part in text.split(b","))):
        algorithm, equals, value = part.partition(b"=")
        if not equals or not value or not algorithm.strip():
            raise _malformed(OLD)
        if algorithm.lower() == ALGORITHM:
            yield value


def _new(text: bytes) -> Iterator[bytes]:
    """Yield what RFC 9530 says of the SHA-256: a dictionary of structured fields, where the last of a name counts."""
    text, at, found = text.strip(b" \t"), 0, dict[bytes, bytes]()
    while at < len(text):
        member = _MEMBER.match(text, at)
        if member is None:
            raise _malformed(NEW)
        found[member[1]] = member[2]
        at = member.end()
        comma = _BETWEEN.match(text, at)
        if at < len(text) and (comma is None or comma.end() == len(text)):
            raise _malformed(NEW)
        at = comma.end() if comma else at
    if ALGORITHM in found:
        yield found[ALGORITHM]


def _malformed(name: bytes) -> Refusal:
    return Refusal("digest_malformed", header=name.decode().title(), shown=SHOWN[name])


async def _whole(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)
