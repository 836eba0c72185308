"""Markdown of the articles as HTML: no HTML of its own, no pictures, no links but to other sites."""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

_READER = MarkdownIt("commonmark", {"html": False}).disable("image")
#: The smallest heading of HTML.
SMALLEST = 6


def rendered(text: str, below: int) -> Markup:
    """Return Markdown as safe HTML, its headings below one of that level."""
    tokens = _READER.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(SMALLEST, int(token.tag[1:]) + below - 1)}"
        if token.children:
            token.children = _without_inner_links(token.children)
    return Markup(_READER.renderer.render(tokens, _READER.options, {}))  # noqa: S704 (markdown-it escapes what it reads)


def _without_inner_links(tokens: Sequence[Token]) -> list[Token]:
    """Drop the links between our files: in a page they would lead nowhere."""
    kept, dropped = list[Token](), list[bool]()
    for token in tokens:
        if token.type == "link_open":
            dropped.append(not str(token.attrs.get("href", "")).startswith(("https://", "http://")))
        drop = dropped[-1] if dropped and token.type in ("link_open", "link_close") else False
        if token.type == "link_close":
            dropped.pop()
        if not drop:
            kept.append(token)
    return kept
