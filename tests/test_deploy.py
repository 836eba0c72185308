"""What an administrator copies: the service and the proxies say what docs/installazione.md says of them."""

from __future__ import annotations

import re
import shlex

import pytest

from api.__main__ import main
from tests.source import ROOT

GUIDE = (ROOT / "docs" / "installazione.md").read_text("utf-8")
UNIT = (ROOT / "deploy" / "comma.service").read_text("utf-8")
PROXIES = {name: (ROOT / "deploy" / name).read_text("utf-8") for name in ("nginx.conf", "Caddyfile")}
#: What keeps the service from writing, from other privileges and from the network.
HARDENED = {
    "DynamicUser": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "RestrictAddressFamilies": "AF_INET AF_INET6",
    "IPAddressDeny": "any",
    "IPAddressAllow": "localhost",
    "MemoryDenyWriteExecute": "yes",
    "MemoryMax": "1G",
}


def settings(unit: str) -> dict[str, str]:
    """Return the settings of a unit, the last of each name."""
    return dict(re.findall(r"^(\w+)=(.*)$", unit, re.MULTILINE))


def unhardened(unit: str) -> set[str]:
    """Return the settings that a unit does not have as they should be."""
    found = settings(unit)
    return {name for name, value in HARDENED.items() if found.get(name) != value}


def test_the_service_is_closed_in() -> None:
    assert not unhardened(UNIT)


@pytest.mark.parametrize("name", HARDENED)
def test_a_service_left_open_is_found_out(name: str) -> None:
    assert unhardened(re.sub(rf"^{name}=.*\n", "", UNIT, flags=re.MULTILINE)) == {name}


def test_the_service_starts_what_exists(capsys: pytest.CaptureFixture[str]) -> None:
    """Every option of the service is one of the command, and its folder is the one of the guide."""
    words = shlex.split(settings(UNIT)["ExecStart"])
    assert words[1:4] == ["-B", "-m", "api"]
    assert words[0].startswith(settings(UNIT)["WorkingDirectory"])
    with pytest.raises(SystemExit):
        main(["--help"])
    printed = capsys.readouterr().out
    assert not [word for word in words if word.startswith("--") and word not in printed]
    assert settings(UNIT)["WorkingDirectory"] in GUIDE


@pytest.mark.parametrize("name", PROXIES)
def test_a_proxy_wants_tls_keeps_nothing_and_does_not_believe_who_calls(name: str) -> None:
    whole = PROXIES[name]
    assert "Strict-Transport-Security" in whole
    assert "127.0.0.1:8000" in whole
    assert re.search(r"256 ?[kK]", whole)
    assert re.search(r"X-Forwarded-For (\$remote_addr|\{remote_host\})", whole)
    assert "access_log off;" in whole or not re.search(r"^\s*log\b", whole, re.MULTILINE)


def test_the_guide_names_what_is_to_be_copied() -> None:
    named = set(re.findall(r"`(deploy/\w+(?:\.\w+)?)`", GUIDE))
    assert named == {str(path.relative_to(ROOT)) for path in (ROOT / "deploy").iterdir()}
