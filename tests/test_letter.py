"""Letters: their texts with values in them, what is missing, and the list of what they may print."""

from __future__ import annotations

import re
from typing import Any

import nestedtext
import pytest

from engine.ente import Ente
from engine.letter import WrongValues, compose, of_ente, readable
from engine.lettera import Lettera, Slot
from engine.placeholder import CATALOGUE
from engine.rulebook import read_rulebook
from tests.letters import HERE, book, family, told
from tests.source import ROOT
from tests.test_errate import BASE

CASES: dict[str, Any] = nestedtext.loads((HERE / "casi.nt").read_text("utf-8"), top="dict")  # type: ignore[assignment]
NAMES = sorted(CATALOGUE.required)


def lettera(text: str, name: str = "prova") -> Lettera:
    """Read a letter that has no problem."""
    found, problems = read_rulebook({**BASE, f"forms/lettere/{name}.nt": text.encode()})
    assert not problems, "\n".join(map(str, problems))
    return found.lettere[name]


# A small letter, and what it says


@pytest.mark.parametrize("title", CASES)
def test_what_a_letter_says(title: str) -> None:
    case = CASES[title]
    letter = compose(lettera(case["lettera"]), case.get("valori") or {})
    assert told(letter).splitlines() == case["testo"].splitlines()
    assert list(letter.lacking) == case.get("mancano", [])


WRONG: tuple[tuple[str, Any], ...] = (
    ("un nome che nessuna lettera ha", {"destinatrio": "Rosa"}),
    ("un elenco dove va un testo", {"destinatario": [{"destinatario": "Rosa"}]}),
    ("un testo dove va un elenco", {"allegati": "contratto"}),
    ("un testo vuoto dove va un elenco", {"allegati": ""}),
    ("una voce con un campo di un altro elenco", {"allegati": [{"motivo": "contratto"}]}),
    ("il nome di un campo fuori dal suo elenco", {"allegato": "contratto"}),
)


@pytest.mark.parametrize(("values"), [values for _, values in WRONG], ids=[title for title, _ in WRONG])
def test_values_that_no_letter_has_are_refused(values: Any) -> None:
    with pytest.raises(WrongValues):
        compose(book().lettere["ricevuta"], values)


def test_a_value_of_another_letter_is_passed_over() -> None:
    """One family's values serve all its letters."""
    assert compose(book().lettere["ricevuta"], {"numero": "512"}) == compose(book().lettere["ricevuta"], {})


@pytest.mark.parametrize("nothing", ["", " \n", None, "\u200b"])
def test_a_value_of_which_nothing_can_be_seen_is_none(nothing: str | None) -> None:
    """None given is known; what cannot be seen is the same as none."""
    text = told(compose(book().lettere["determinazione"], {**family(), "invio_motivi": nothing}))
    assert "non è stata inviata" in text
    assert "è stata inviata il" not in text


def test_a_letter_that_is_not_published_has_no_redacted_form() -> None:
    with pytest.raises(WrongValues):
        compose(book().lettere["ricevuta"], family(), redacted=True)


READABLE = (
    ("Niccolò", "Niccolò"),
    ("Niccolo\u0300", "Niccolò"),
    ("a\r\nb", "a\nb"),
    ("a\tb", "a b"),
    ("\u202emoc.elpmaxe\u202c", "moc.elpmaxe"),
    ("a\x00\x1b\ud800\ue000\ufeffb", "ab"),
    (" \n ", ""),
    ("王 😀 €", "王 😀 €"),
)


@pytest.mark.parametrize(("typed", "read"), READABLE)
def test_what_cannot_be_seen_is_left_out(typed: str, read: str) -> None:
    assert readable(typed) == read


def test_what_is_not_known_of_the_office_is_to_be_confirmed() -> None:
    assert of_ente(Ente("Comune", "Ufficio"))["telefono_ufficio"] == "da confermare"
    assert of_ente(book().ente)["ente"] == "Comune di Palermo"


# The real letters


def pinned(name: str) -> str:
    """Return all that a letter says: complete, with nothing known, and without personal data."""
    found = book().lettere[name]
    parts = {"COMPLETA": compose(found, family()), "SENZA VALORI": compose(found, {})}
    if found.redacted:
        parts["OSCURATA"] = compose(found, family(), redacted=True)
    return "\n".join(f"== {title} ==\n{told(letter)}" for title, letter in parts.items())


@pytest.mark.parametrize("name", NAMES)
def test_the_text_of_a_letter(name: str) -> None:
    assert pinned(name) == (HERE / f"{name}.txt").read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_complete_letter_lacks_nothing_and_an_empty_one_all_that_the_law_wants(name: str) -> None:
    found = book().lettere[name]
    complete, empty = compose(found, family()), compose(found, {})
    assert not complete.lacking
    assert not complete.missing
    assert {path.partition("/")[0] for path in CATALOGUE.required[name]} <= set(empty.lacking)
    assert len(empty.lacking) == len(set(empty.lacking))
    assert complete.impronta == empty.impronta == found.impronta


@pytest.mark.parametrize("name", NAMES)
def test_one_member_with_nothing_in_it_lacks_each_of_its_campi(name: str) -> None:
    elenchi: dict[str, Any] = {each: [{}] for each, found in CATALOGUE.of(name).items() if found.voce}
    lacking = compose(book().lettere[name], {**family(), **elenchi}).lacking
    assert {path for path in CATALOGUE.required[name] if "/" in path} <= set(lacking)


def texts(*, public: bool) -> list[str]:
    """Return the values of the invented family that may, or may not, be published."""
    values = [value for name, value in family().items() if CATALOGUE.placeholders[name].public == public]
    members = [member for value in values if isinstance(value, list) for member in value]
    return [value for value in values if isinstance(value, str)] + [text for each in members for text in each.values()]


def test_the_redacted_letter_names_nobody() -> None:
    found = book().lettere["determinazione"]
    whole, redacted = told(compose(found, family())), told(compose(found, family(), redacted=True))
    public = "\n".join([*texts(public=True), found.titolo, "2"])
    private = [text for text in texts(public=False) if text and text not in public]
    assert "Niccolò D'Esempio" in private
    assert sum(text in whole for text in private) > 15
    assert not [text for text in private if text in redacted]
    assert "512" in redacted


def test_the_hash_changes_with_the_text_and_with_nothing_else() -> None:
    text = "titolo: Invito\nfonte: legge-1 art. 3 c. 1\noggetto: Invito\ntesto:\n  Quando:\n    - Domani.\n"
    first = lettera(text)
    assert lettera(text.replace("\n", "\r\n")).impronta == first.impronta
    assert lettera(text.replace("Domani", "Oggi")).impronta != first.impronta


def test_a_letter_with_a_mistake_is_not_served() -> None:
    text = "titolo: Invito\nfonte: legge-1 art. 3 c. 1\noggetto: {{ xyz }}\ntesto:\n  Quando:\n    - Domani.\n"
    found, problems = read_rulebook({**BASE, "forms/lettere/invito.nt": text.encode()})
    assert len(problems) == 1
    assert not found.lettere


# The list of the placeholders


def test_each_letter_of_the_list_has_its_text_and_its_duties() -> None:
    assert set(NAMES) == set(book().lettere)
    assert {letter for found in CATALOGUE.placeholders.values() for letter in found.letters} == set(NAMES)
    assert set(NAMES) >= CATALOGUE.redacted


def test_no_name_stands_for_two_things() -> None:
    names = [*CATALOGUE.placeholders]
    names += [inner for found in CATALOGUE.placeholders.values() for inner in found.campi if inner != found.voce]
    names += [found.voce for found in CATALOGUE.placeholders.values() if found.voce]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)


def test_what_the_law_wants_may_be_printed_and_the_law_is_ours() -> None:
    law = book().law
    for letter, wanted in CATALOGUE.required.items():
        for path, cited in wanted.items():
            name, _, inner = path.partition("/")
            assert CATALOGUE.placeholders[name].allowed(letter), path
            assert not inner or inner in CATALOGUE.placeholders[name].campi, path
            match = re.fullmatch(r"(\S+) art\. (\S+)(?: c\. (\S+))?", cited)
            assert match, cited
            articolo = law.articles[match[1], match[2]]
            assert match[3] in articolo.commas if law.atti[match[1]].acquired else match[3] is None, cited


def test_every_placeholder_is_used_by_a_letter() -> None:
    used = {
        part.name
        for found in book().lettere.values()
        for passage in (*found.passages(), *found.redacted_passages())
        for line in passage.lines
        for part in (*line.parts, passage.voce)
        if isinstance(part, Slot)
    }
    names = {name for name, found in CATALOGUE.placeholders.items() if not found.voce}
    names |= {inner for found in CATALOGUE.placeholders.values() for inner in (*found.campi, found.voce) if inner}
    assert not names - used


def test_every_value_of_the_invented_family_is_one_of_the_list() -> None:
    assert set(family()) == set(CATALOGUE.placeholders)


def documented() -> list[str]:
    """Return the rows of the table of the placeholders, as the manual must have them."""
    rows = []
    for name, found in CATALOGUE.placeholders.items():
        letters = ", ".join(f"`{letter}`" for letter in sorted(found.letters)) or "tutte"
        letters += "; anche oscurata" if found.public else ""
        rows.append(f"| `{name}` | {found.meaning} | {letters} |")
        each = (f"| per ogni `{found.voce}`: `{inner}` | {meaning} | |" for inner, meaning in found.campi.items())
        rows += each
    return rows


def duties() -> list[str]:
    """Return the rows of the table of what the law wants, as the manual must have them."""
    return [
        f"| `{letter}` | `{path}` | {cited} |"
        for letter, wanted in CATALOGUE.required.items()
        for path, cited in wanted.items()
    ]


CHAPTER = ROOT / "docs" / "manuale" / "13-le-lettere.md"


@pytest.mark.parametrize(("mark", "rows"), [("segnaposti", documented()), ("obblighi", duties())])
def test_the_tables_of_the_manual_are_the_list(mark: str, rows: list[str]) -> None:
    after = CHAPTER.read_text("utf-8").split(f"<!-- tabella: {mark} -->\n", 1)[1]
    assert after.split("\n\n", 1)[0].splitlines()[2:] == rows


def rewrite() -> None:
    """Write the pinned texts and tables anew, to be reviewed by diff: python -m tests.test_letter."""
    for name in NAMES:
        (HERE / f"{name}.txt").write_text(pinned(name), "utf-8")
    text = CHAPTER.read_text("utf-8")
    for mark, rows in (("segnaposti", documented()), ("obblighi", duties())):
        before, after = text.split(f"<!-- tabella: {mark} -->\n", 1)
        table, rest = after.split("\n\n", 1)
        head = table.splitlines()[:2]
        text = f"{before}<!-- tabella: {mark} -->\n" + "\n".join([*head, *rows]) + "\n\n" + rest
    CHAPTER.write_text(text, "utf-8")


if __name__ == "__main__":
    rewrite()
