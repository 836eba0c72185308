"""Letters on paper and in a page: what is printed is read back, and nothing that people wrote is markup."""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Browser
from pypdf import PdfReader

from api.letters.page import letter_page, letter_part
from api.letters.pdf import LOOKED_AT, print_letter
from engine.ente import Ente
from engine.letter import Letter, compose
from tests.letters import book, family
from tests.looking import faults
from tests.source import ROOT

NAMES = sorted(book().lettere)
CSS = (ROOT / "api/static/lettere.css").read_text("utf-8")


def made(name: str, **values: Any) -> Letter:
    """Return a letter to the invented family, some values changed."""
    return compose(book().lettere[name], {**family(), **values})


@cache
def letters() -> dict[str, Letter]:
    """Return every letter complete and empty, and the redacted one."""
    found = {name: made(name) for name in NAMES}
    found |= {f"{name} vuota": compose(book().lettere[name], {}) for name in NAMES}
    return {**found, "oscurata": compose(book().lettere["determinazione"], family(), redacted=True)}


@cache
def printed(title: str) -> bytes:
    """Return the PDF of a letter."""
    return print_letter(letters()[title], book().ente)


def read(pdf: bytes) -> PdfReader:
    """Open a PDF."""
    return PdfReader(io.BytesIO(pdf))


FOOT = re.compile(r"[^\n]* · testo ([0-9a-f]{12})\s+Pagina (\d) / (\d)\s*$")


def told(pdf: bytes) -> str:
    """Return the words of a PDF with one space between them, as if it were one page without its foot."""
    text = "".join(FOOT.sub("", page.extract_text()) + "\n" for page in read(pdf).pages)
    return re.sub(r"\s+", " ", text.replace("-\n", "").replace("\u00ad", "-"))


TITLES = sorted(letters())


@pytest.mark.parametrize("title", TITLES)
def test_a_letter_is_an_accessible_pdf(title: str) -> None:
    pdf = read(printed(title))
    root: Any = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "it-IT"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert root["/StructTreeRoot"]["/K"]
    assert pdf.metadata is not None
    assert pdf.metadata.title == letters()[title].title
    assert pdf.metadata.author == "Comune di Palermo"
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf.xmp_metadata.stream.get_data()  # type: ignore[union-attr]
    assert 1 <= len(pdf.pages) <= 3


def roles(node: Any) -> list[str]:
    """Return the roles of the structure of a PDF, in the order in which it is read."""
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        return [role for each in node for role in roles(each)]
    return [str(node.get("/S", "")), *roles(node.get("/K", []))] if isinstance(node, dict) else []


def test_headings_tables_and_lists_are_tagged_as_such() -> None:
    found = roles(read(printed("determinazione")).trailer["/Root"]["/StructTreeRoot"])  # type: ignore[index]
    assert {"/H1", "/H2", "/P", "/L", "/LI", "/Table", "/TH", "/TD"} <= set(found)
    assert found.count("/H1") == 1
    assert found.index("/H1") < found.index("/H2")


@pytest.mark.parametrize("title", TITLES)
def test_the_paper_says_what_the_letter_says(title: str) -> None:
    letter, text = letters()[title], told(printed(title)).replace(" ", "")
    parts = [run.text for block in letter.blocks for line in block.lines for run in line]
    parts += [run.text for block in letter.blocks for item in block.items for line in item for run in line]
    parts += [run.text for _, line in letter.riferimenti for run in line]
    parts += [letter.titolo, book().ente.ufficio, *letter.missing]
    missing = [part for part in parts if re.sub(r"[\s-]+", "", part) not in text.replace("-", "")]
    assert not missing


@pytest.mark.parametrize("title", TITLES)
def test_each_page_says_from_which_text_it_is(title: str) -> None:
    feet = [FOOT.search(page.extract_text()) for page in read(printed(title)).pages]
    count, letter = len(feet), letters()[title]
    found = [foot.groups() for foot in feet if foot]
    assert found == [(letter.impronta[:12], str(number), str(count)) for number in range(1, count + 1)]


@pytest.mark.parametrize("title", TITLES)
def test_a_letter_is_a_draft_while_something_is_missing(title: str) -> None:
    lacking = bool(letters()[title].lacking)
    assert lacking == ("Bozza da completare" in told(printed(title)))
    assert lacking == ("lettera-bozza" in letter_page(letters()[title], book().ente))


AGAIN = """
import hashlib, json, time
time.time = lambda: 2_000_000_000.0
from api.letters.pdf import print_letter
from tests.letters import book, family
from engine.letter import compose
found = {}
for name, lettera in sorted(book().lettere.items()):
    pdf = print_letter(compose(lettera, family()), book().ente)
    found[name] = hashlib.sha256(pdf).hexdigest()
print(json.dumps(found))
"""


def test_the_same_letter_is_the_same_bytes_in_another_process() -> None:
    """Another process, folder of work, time zone, language and day, as far as a process can tell."""
    environment = {"PATH": "", "PYTHONPATH": str(ROOT), "TZ": "Asia/Tokyo", "LANG": "C", "SOURCE_DATE_EPOCH": "1"}
    command = [sys.executable, "-c", AGAIN]
    run = subprocess.run(command, env=environment, cwd="/", check=True, capture_output=True, text=True)
    here = {name: hashlib.sha256(printed(name)).hexdigest() for name in NAMES}
    assert json.loads(run.stdout) == here
    assert hashlib.sha256(print_letter(made("esito"), book().ente)).hexdigest() == here["esito"]


def test_letters_printed_at_the_same_time_are_the_same_bytes() -> None:
    names = NAMES * 2
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda name: print_letter(made(name), book().ente), names))
    assert found == [printed(name) for name in names]


def test_the_file_has_no_date() -> None:
    pdf = printed("esito")
    assert b"CreationDate" not in pdf
    assert b"ModDate" not in pdf


# What people write

HOSTILE = (
    '#panic("no") $x^2$ *a* _b_ `c` @d <e> [f] \\ // /* g */ ~',
    "<script>alert(1)</script> &amp; </mark> {{ 7 * 7 }} {% raw %}",
    "Łukasz Ștefănescu Ğ İ Ελλάδα Иван",
    "riga uno\nriga due",
    '"},{"kind":"titolo"',
)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_people_write_is_never_markup(text: str) -> None:
    letter = made("preavviso", destinatario=text, motivi=[dict.fromkeys(family()["motivi"][0], text)])
    wanted = re.sub(r"\s+", "", text)
    assert told(print_letter(letter, book().ente)).replace(" ", "").count(wanted) >= 4
    html = letter_page(letter, book().ente)
    assert "<script" not in html
    assert "49" not in html.replace("2026/0004512", "")
    with_text = re.sub(r"<[^>]*>", "", html.replace("<br>", ""))
    assert re.sub(r"\s+", "", _unescaped(with_text)).count(wanted) >= 4


def _unescaped(text: str) -> str:
    for sign, code in (("<", "&lt;"), (">", "&gt;"), ('"', "&#34;"), ("'", "&#39;"), ("&", "&amp;")):
        text = text.replace(code, sign)
    return text


SIGNS = (("王小明", 3), ("😀", 1), ("বাংলা", 5), ("محمد", 0), ("€ – « » è", 0))


@pytest.mark.parametrize(("text", "count"), SIGNS)
def test_a_sign_that_no_font_has_is_written_in_words(text: str, count: int) -> None:
    pdf = print_letter(made("esito", destinatario=text), book().ente)
    assert told(pdf).replace(" ", "").count("[segnoU+") == 2 * count
    assert pdf == print_letter(made("esito", destinatario=text), book().ente)


def test_many_signs_that_no_font_has_do_not_stop_the_printer() -> None:
    text = "".join(chr(0x4E00 + index) for index in range(LOOKED_AT + 50))
    said = told(print_letter(made("ricevuta", operatore=text), book().ente)).replace(" ", "")
    assert said.count("[segnoU+") == LOOKED_AT + 50


def test_a_long_table_goes_over_pages_and_repeats_its_heads() -> None:
    rows = [{"domanda": f"Domanda numero {n}?", "risposta": f"risposta {n}", "prova": "nessuna"} for n in range(1, 32)]
    pages = [
        page.extract_text() for page in read(print_letter(made("dichiarazione", risposte=rows), book().ente)).pages
    ]
    assert len(pages) == 2
    assert all("Come si dimostra" in page for page in pages)
    assert [sum(f"Domanda numero {n}?" in page for page in pages) for n in range(1, 32)] == [1] * 31


def test_a_long_word_stays_in_its_column() -> None:
    word = "9f86d081884c7d659a2feaa0c55ad015" * 3
    rows = [{"domanda": word, "risposta": word, "prova": word}]
    pdf = print_letter(made("dichiarazione", risposte=rows), book().ente)
    lines = read(pdf).pages[0].extract_text().splitlines()
    assert max(len(line) for line in lines if line in word) < 40
    assert "".join(lines).count(word) == 3


@pytest.mark.parametrize("name", NAMES)
def test_with_empty_lists_a_letter_is_still_whole(name: str) -> None:
    empty: dict[str, Any] = {each: [] for each, value in family().items() if isinstance(value, list)}
    letter = made(name, **empty)
    assert not letter.lacking
    assert letter.titolo in told(print_letter(letter, book().ente))


def test_an_office_without_address_has_no_line_for_it() -> None:
    bare = Ente("Comune di Prova", "Ufficio")
    assert "lettera-contatti" not in letter_page(made("esito"), bare)
    assert "telefono ," not in told(print_letter(made("esito"), bare))


# The page


def test_a_letter_inside_a_page_keeps_the_order_of_the_headings() -> None:
    part = letter_part(made("esito"), book().ente, level=2)
    assert part.count("<h2 ") == 1
    assert part.count("<h3 ") == sum(block.kind == "titolo" for block in letters()["esito"].blocks)
    assert "<h1" not in part


@pytest.mark.parametrize("width", [320, 1280])
def test_every_letter_can_be_read_by_everybody(browser: Browser, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    for title, letter in letters().items():
        html = letter_page(letter, book().ente)
        link = '<link rel="stylesheet" href="/static/lettere.css">'
        assert link in html
        page.set_content(html.replace(link, f"<style>{CSS}</style>"))
        assert not faults(page), title
