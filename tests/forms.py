"""The form of a page, read and sent as a browser would: what it holds, with some answers changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

from httpx2 import Response

from tests.office import Browser

#: The form of the pages of a file.
FORM = "modulo"
Attributes = list[tuple[str, str | None]]


@dataclass
class Form(HTMLParser):
    """What the form of a page holds, by name; what is disabled is not sent."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    action: str = ""
    _inside: bool = False
    _disabled: int = 0
    _select: str = ""
    _text: str | None = None

    def __post_init__(self) -> None:
        """Get ready to read."""
        super().__init__()

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        """Look at a tag that opens."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside, self.action = given.get("id") == FORM, given.get("action", "")
        elif not self._inside:
            return
        elif tag == "fieldset" and (self._disabled or "disabled" in given):
            self._disabled += 1
        elif self._disabled:
            return
        elif tag == "input":
            self._input(given)
        elif tag == "select":
            self._select = given["name"]
            self.fields.setdefault(self._select, [])
        elif tag == "option" and self._select and (not self.fields[self._select] or "selected" in given):
            self.fields[self._select] = [given["value"]]
        elif tag == "textarea":
            self.fields[given["name"]] = [""]
            self._text = given["name"]

    def _input(self, given: Mapping[str, str]) -> None:
        if given.get("type") not in ("radio", "checkbox") or "checked" in given:
            self.fields.setdefault(given["name"], []).append(given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        """Look at a tag that closes."""
        if tag == "fieldset" and self._disabled:
            self._disabled -= 1
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._text = None
        elif tag == "form" and self._inside:
            self._inside = False

    def handle_data(self, data: str) -> None:
        """Look at what stands between tags."""
        if self._text is not None:
            self.fields[self._text] = [data.removeprefix("\n")]


def form_of(response: Response) -> Form:
    """Return the form of a page."""
    found, action = Form(), ""
    for part in response.text.split("<form ")[1:]:
        one = Form()
        one.feed(f"<form {part}")
        if one.fields:
            found, action = one, one.action
    found.action = action
    return found


def send(
    browser: Browser,
    page: Response | Form,
    azione: str = "avanti",
    changes: Mapping[str, str | Sequence[str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Send the form of a page with some answers changed, by a button."""
    form = page if isinstance(page, Form) else form_of(page)
    asked = {name: [value] if isinstance(value, str) else [*value] for name, value in (changes or {}).items()}
    data = {**form.fields, **asked, "azione": [azione]}
    return browser.client.post(
        form.action, data={name: texts for name, texts in data.items() if texts}, headers=headers
    )
