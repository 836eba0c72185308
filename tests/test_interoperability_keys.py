"""The keys with which vouchers are checked, where they come from, and the settings that say so."""

from __future__ import annotations

import json
import re
import threading
import warnings
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from joserfc.jwk import RSAKey

from api.interoperability import keys as key_module
from api.interoperability.keys import FAILED, OLD, STALE, UNKNOWN, Keys, NoKeys, fetched, read_keys
from api.interoperability.settings import WrongSettings, read_settings
from api.interoperability.vouchers import Vouchers
from tests.source import ROOT
from tests.test_interoperability import (
    AUDIENCE,
    DATA,
    ISSUER,
    NOW,
    PDND,
    PDND_CURVE,
    SETTINGS,
    curve,
    folder,
    jwks,
    presented,
)

__all__ = ["folder"]


class Source:
    """A source of keys that counts how often it is read, and can fail."""

    def __init__(self, content: bytes) -> None:
        self.content, self.reads, self.now = content, 0, 1000.0

    def __call__(self, source: str) -> bytes:
        self.reads += 1
        if not self.content:
            raise OSError(source)
        return self.content


def test_keys_are_kept_and_read_again_when_they_change() -> None:
    source = Source(jwks(PDND))
    keys = Keys("x", source, lambda: source.now)
    assert [keys.find("pdnd") is not None for _ in range(5)] == [True] * 5
    assert keys.find("curva") is None
    assert source.reads == 1
    source.content = jwks(PDND_CURVE)
    source.now += UNKNOWN - 1
    assert keys.find("curva") is None
    source.now += 1
    assert keys.find("curva") is not None  # rotated: the new one is there, the old one no more
    assert keys.find("pdnd") is None
    source.now += OLD
    assert keys.find("curva") is not None
    assert source.reads == 3


def test_keys_that_cannot_be_read_again_last_a_day() -> None:
    source = Source(jwks(PDND))
    keys = Keys("x", source, lambda: source.now)
    assert keys.find("pdnd")
    source.content = b""
    source.now += STALE - 1
    assert keys.find("pdnd")
    assert keys.find("pdnd")
    assert source.reads == 2  # after one that failed there is a pause
    source.now += FAILED
    with pytest.raises(NoKeys):
        keys.find("pdnd")
    source.content = jwks(PDND)
    source.now += FAILED
    assert keys.find("pdnd")


def test_only_keys_that_may_sign_are_taken() -> None:
    with warnings.catch_warnings(action="ignore"):
        weak = RSAKey.generate_key(1024, {"kid": "corta"}, private=True)
    found: list[object] = [key.as_dict(private=False) for key in (PDND, weak, curve("p384", "P-384"))]
    found += [
        {**PDND_CURVE.as_dict(private=False), "kid": "cifra", "use": "enc"},
        {"kty": "oct", "k": "AAAA", "kid": "s"},
    ]
    found += [
        {**PDND.as_dict(private=False), "kid": 7},
        {"kid": "vuota"},
        {"kty": "RSA", "n": "!", "e": "AQAB", "kid": "n"},
    ]
    assert list(read_keys(json.dumps({"keys": [*found, "no", None]}).encode())) == ["pdnd"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"keys":{}}', b" " * (key_module.MOST + 1)])
def test_what_is_no_set_of_keys(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # any of its kinds
        read_keys(content)


class Handler(BaseHTTPRequestHandler):
    """Answers with keys, elsewhere with a redirect to them, or with too much."""

    def do_GET(self) -> None:
        if self.path == "/altrove":
            self.send_response(302)
            self.send_header("Location", "/jwks.json")
            self.end_headers()
            return
        content = jwks(PDND) if self.path == "/jwks.json" else b" " * (key_module.MOST * 2)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # so it is called there
        """Say nothing."""


@pytest.fixture
def keys_address() -> Iterator[str]:
    """Serve keys on this machine."""
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_keys_from_an_address_and_no_other(keys_address: str, folder: Path) -> None:
    assert Keys(f"{keys_address}/jwks.json").find("pdnd")
    for path in ("/altrove", "/troppo"):
        with pytest.raises(NoKeys):
            Keys(f"{keys_address}{path}").find("pdnd")
    with pytest.raises(OSError, match="302"):
        fetched(f"{keys_address}/altrove")
    text = SETTINGS.replace("pdnd.json", f"{keys_address}/jwks.json")
    (folder / "b.nt").write_text(text)
    vouchers = Vouchers(read_settings(folder / "b.nt"), lambda: NOW)
    token = presented({"fruitore": "libero", "presenta": "no", "digest": "nessuno"})["Authorization"].removeprefix(
        "Bearer "
    )
    person = vouchers.system(token)
    assert person
    assert (person.id, person.scopes) == ("pdnd:libero", frozenset())


# Settings


@pytest.mark.parametrize("name", DATA["impostazioni"])
def test_settings_that_are_wrong(name: str, tmp_path: Path) -> None:
    case, path = DATA["impostazioni"][name], tmp_path / "i.nt"
    path.write_text(case["testo"])
    with pytest.raises(WrongSettings) as wrong:
        read_settings(path)
    assert str(wrong.value) == case["dice"].format(path=path)


def test_settings_that_are_not_there_or_not_text(tmp_path: Path) -> None:
    said = (
        f"Il file «{tmp_path / 'i.nt'}» non si può leggere: controllate il nome, i permessi e che sia scritto in UTF-8."
    )
    with pytest.raises(WrongSettings) as wrong:
        read_settings(tmp_path / "i.nt")
    assert str(wrong.value) == said
    (tmp_path / "i.nt").write_bytes(b"nome: citt\xe0")
    with pytest.raises(WrongSettings) as wrong:
        read_settings(tmp_path / "i.nt")
    assert str(wrong.value) == said


def test_settings(folder: Path) -> None:
    found = read_settings(folder / "interoperabilita.nt")
    assert (found.issuer, found.audience, found.once) == (ISSUER, AUDIENCE, False)
    assert found.keys == str(folder / "pdnd.json")
    inps, other = found.clients["inps"], found.clients["libero"]
    assert (inps.tracked, other.tracked, other.keys) == (True, False, "")
    assert inps.purposes == {"finalita-inps"}


def test_the_example_of_the_guide_is_read(tmp_path: Path) -> None:
    guide = (ROOT / "docs/installazione.md").read_text("utf-8")
    example = next(block for block in re.findall(r"```nestedtext\n(.*?)```", guide, re.DOTALL) if "fruitori:" in block)
    (tmp_path / "i.nt").write_text(example, "utf-8")
    found = read_settings(tmp_path / "i.nt")
    (client,) = found.clients.values()
    assert (found.issuer, found.once, client.tracked) == ("interop.pagopa.it", False, True)
    assert client.scopes == {"valutazioni"}
