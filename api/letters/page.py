"""The letter as HTML: a page of its own that can be printed, or a piece of another page."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from api.letters.words import texts
from engine.ente import Ente
from engine.letter import Letter

TEMPLATES = Environment(
    loader=PackageLoader("api"),
    undefined=StrictUndefined,
    autoescape=select_autoescape(),
    trim_blocks=True,
    lstrip_blocks=True,
)


def letter_page(letter: Letter, ente: Ente) -> str:
    """Return a whole HTML page with the letter of an office and nothing else."""
    return TEMPLATES.get_template("lettera.html").render(letter=letter, body=letter_part(letter, ente))


def letter_part(letter: Letter, ente: Ente, level: int = 1) -> Markup:
    """Return the letter to put in another page, its title a heading of that level; it wants `lettere.css`."""
    template = TEMPLATES.get_template("lettera_parte.html")
    return Markup(template.render(letter=letter, ente=ente, level=level, **texts(letter, ente)))  # noqa: S704 - escaped
