"""The manual for operators: every page, button and picture that it names is there."""

from __future__ import annotations

import re
import struct

import pytest

from api.identity.rights import rights
from engine.messages import SENTENCES
from tests.operator_pictures import FOLDER, PICTURES, WIDTH
from tests.source import ROOT

MANUAL = (ROOT / "docs" / "manuale-operatori.md").read_text("utf-8")
#: Everything that the pages may say.
SAID = " ".join(path.read_text("utf-8") for path in (ROOT / "api/templates").rglob("*.html"))
SAID = " ".join(re.sub("<[^>]+>", "", f"{SAID} {' '.join(SENTENCES.values())}").split())
NAMED = sorted(set(re.findall("`(/[^`]*)`", MANUAL)))
QUOTED = sorted(set(re.findall("«([^»]+)»", MANUAL.replace("\n", " "))))


@pytest.mark.parametrize("path", NAMED)
def test_every_page_exists(path: str) -> None:
    """The table of rights knows who may open it."""
    assert rights().action("GET", path) is not None


@pytest.mark.parametrize("words", QUOTED)
def test_every_word_in_quotes_stands_in_a_page(words: str) -> None:
    """What the manual says to press is called so."""
    assert words in SAID


def test_every_picture_is_cited_and_as_large_as_it_was_made() -> None:
    """`python -m tests.operator_pictures` makes them again; each has words for who does not see it."""
    cited = dict(re.findall(r"!\[([^]]+)\]\(operatori/([a-z_]+)\.png\)", MANUAL))
    assert sorted(cited.values()) == sorted(PICTURES)
    assert {path.stem for path in FOLDER.glob("*")} == {*PICTURES}
    for name, (_, height) in PICTURES.items():
        head = (FOLDER / f"{name}.png").read_bytes()[:24]
        assert head[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">II", head[16:]) == (WIDTH, height)
