"""The real command, with two places that fail as a mistake of ours would: with what a family has typed in the error."""

from __future__ import annotations

import sys
from datetime import date

from api import routes, valutazioni
from api.__main__ import main
from api.pages import Pages
from api.rules import Edition

MARK = "GUASTO"
evaluate, sent = valutazioni.evaluate_all, Pages.sent


def failing_evaluate(edition: Edition, content: bytes, today: date) -> bytes:
    """Evaluate, or fail where the request asks for it."""
    if MARK.encode() in content:
        raise RuntimeError(content.decode())
    return evaluate(edition, content, today)


def failing_sent(pages: Pages, typed: dict[str, list[str]]) -> object:
    """Answer a page, or fail where it asks for it."""
    if MARK in str(typed):
        raise RuntimeError(str(typed))
    return sent(pages, typed)


if __name__ == "__main__":
    routes.evaluate_all = failing_evaluate  # type: ignore[attr-defined]
    Pages.sent = failing_sent  # type: ignore[method-assign,assignment]
    sys.exit(main(sys.argv[1:]))
