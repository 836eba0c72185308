"""docs/sicurezza.nt: every requirement of ASVS 5.0.0 at levels 1 and 2 has an answer, and the tests it names exist.

`python -m tests.test_asvs` writes docs/sicurezza.md again.
"""

from __future__ import annotations

import ast
import re
from collections import Counter

import nestedtext
import pytest

from tests.source import ROOT, imported, python_files, tree

FILE, PAGE = ROOT / "docs/sicurezza.nt", ROOT / "docs/sicurezza.md"
ROWS: dict[str, dict[str, str]] = nestedtext.loads(FILE.read_text("utf-8"), top="dict")  # type: ignore[assignment]
ANSWERS = ("come", "non si applica", "aperto")
MARKS = {"come": "sì", "non si applica": "non si applica", "aperto": "**aperto**"}
#: How many requirements each chapter has at levels 1 and 2.
CHAPTERS = dict(enumerate((27, 11, 19, 10, 9, 35, 18, 7, 7, 29, 14, 9, 13, 9, 13, 16, 7), 1))
TITLES = {
    1: "Codifica e pulizia dei dati",
    2: "Validazione e logica",
    3: "Il browser",
    4: "API e servizi",
    5: "File",
    6: "Autenticazione",
    7: "Sessioni",
    8: "Autorizzazione",
    9: "Token autonomi",
    10: "OAuth e OpenID Connect",
    11: "Crittografia",
    12: "Comunicazioni",
    13: "Configurazione",
    14: "Protezione dei dati",
    15: "Codice e architettura",
    16: "Registri ed errori",
    17: "WebRTC",
}
#: Where the tests of the other parts of the desk will be: one that is there is looked into like any other.
AWAITED: frozenset[str] = frozenset()


def chapter(key: str) -> int:
    """Return the chapter of a requirement."""
    return int(key.removeprefix("V").split(".")[0])


def answer_of(row: dict[str, str]) -> str:
    """Return which of the answers a row gives."""
    return next(name for name in ANSWERS if name in row)


def faults(key: str, row: dict[str, str]) -> list[str]:
    """Return what is wrong with a row."""
    found = []
    if not re.fullmatch(r"V\d+\.\d+\.\d+ L[12]", key):
        found.append("key")
    if not row.get("chiede") or sum(name in row for name in ANSWERS) != 1:
        found.append("answer")
    if set(row) - {"chiede", "prova", *ANSWERS} or any(not text.strip() for text in row.values()):
        found.append("names")
    if ("prova" in row) != ("come" in row):
        found.append("proof")
    return found + [proof for proof in row.get("prova", "").split() if not there(proof)]


def there(proof: str) -> bool:
    """Whether a test, or a document, is there."""
    name, colons, function = proof.partition("::")
    if not colons:
        return (ROOT / name).is_file()
    path = ROOT / "tests" / name
    if not path.is_file():
        return name in AWAITED
    return re.search(rf"^(async )?def {re.escape(function)}\(", path.read_text("utf-8"), re.MULTILINE) is not None


@pytest.mark.parametrize("key", ROWS)
def test_a_requirement_has_an_answer_and_its_tests_exist(key: str) -> None:
    assert faults(key, ROWS[key]) == []


def test_every_requirement_of_both_levels_is_there() -> None:
    """The numbers are those of the standard: 70 requirements at level 1, 183 more at level 2."""
    assert Counter(key[-1] for key in ROWS) == {"1": 70, "2": 183}
    assert Counter(map(chapter, ROWS)) == CHAPTERS
    numbers = [tuple(map(int, key[1:-3].split("."))) for key in ROWS]
    assert numbers == sorted(set(numbers))


WRONG: list[tuple[str, dict[str, str], str]] = [
    ("1.1.1 L1", {"chiede": "a", "aperto": "b"}, "key"),
    ("V1.1.1 L3", {"chiede": "a", "aperto": "b"}, "key"),
    ("V1.1.1 L1", {"chiede": "a"}, "answer"),
    ("V1.1.1 L1", {"chiede": "a", "come": "b", "aperto": "c", "prova": "SECURITY.md"}, "answer"),
    ("V1.1.1 L1", {"chiede": "a", "come": "b"}, "proof"),
    ("V1.1.1 L1", {"chiede": "a", "aperto": "b", "prova": "SECURITY.md"}, "proof"),
    ("V1.1.1 L1", {"chiede": "a", "come": "b", "prova": "test_asvs.py::test_niente"}, "test_asvs.py::test_niente"),
    ("V1.1.1 L1", {"chiede": "a", "come": "b", "prova": "docs/niente.md"}, "docs/niente.md"),
    ("V1.1.1 L1", {"chiede": "a", "aperto": " "}, "names"),
]


@pytest.mark.parametrize(("key", "row", "fault"), WRONG)
def test_a_row_that_is_wrong_is_found(key: str, row: dict[str, str], fault: str) -> None:
    assert fault in faults(key, row)


def test_the_page_is_that_of_the_file() -> None:
    assert PAGE.read_text("utf-8") == page()


def test_no_program_is_started_through_a_shell() -> None:
    started = [path for path in python_files("api", "engine") if "subprocess" in imported(path)]
    assert {path.as_posix() for path in started} <= {"api/procedure/steps.py"}
    for path in python_files("api", "engine"):
        for node in ast.walk(tree(path)):
            assert not (isinstance(node, ast.keyword) and node.arg == "shell"), path
            assert not (
                isinstance(node, ast.Attribute) and node.attr in ("system", "popen") and ast.unparse(node.value) == "os"
            )


def test_names_of_files_are_ours() -> None:
    """In what says how a file is called there is a constant, or a name made of what the routes let through."""
    for path in python_files("api"):
        for text in re.findall(r'"Content-Disposition": (.*)', path.read_text("utf-8")):
            assert re.search(r'filename="(\w+\.\w+|\{name\})"', text), f"{path}: {text}"


#: What in a script would take text for something else, or keep data in the browser.
RISKY = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|postMessage|Storage|__proto__"
)


def test_the_scripts_of_the_pages_take_text_for_text_and_keep_nothing() -> None:
    for path in sorted((ROOT / "api/static").glob("*.js")):
        assert not RISKY.search(path.read_text("utf-8")), path
    assert RISKY.search("a.innerHTML = b")
    assert RISKY.search("localStorage.setItem(a, b)")


HEAD = """# La sicurezza, requisito per requisito

Lo standard è l'OWASP Application Security Verification Standard (ASVS), versione 5.0.0, livelli 1 e 2: i {total}
requisiti dell'elenco in inglese pubblicato da OWASP (github.com/OWASP/ASVS, cartella `5.0`, licenza CC BY-SA 4.0). Qui
ogni requisito è detto con parole nostre, in breve; il testo che fa fede è quello. Non è una certificazione: dice che
cosa fa Comma, quale prova lo mostra, che cosa non lo riguarda e che cosa è ancora aperto.

Questa pagina nasce da `docs/sicurezza.nt`; una prova controlla che ogni test nominato ci sia. I nomi dei test sono in
`tests/`.

| capitolo | sì | non si applica | aperto |
| --- | ---: | ---: | ---: |
"""


def page() -> str:
    """Return the page that the file says."""
    counts = {
        number: Counter(answer_of(row) for key, row in ROWS.items() if chapter(key) == number) for number in TITLES
    }
    lines = [
        f"| V{number} {title} | " + " | ".join(str(counts[number][name]) for name in ANSWERS) + " |"
        for number, title in TITLES.items()
    ]
    totals = Counter(answer_of(row) for row in ROWS.values())
    lines.append("| **tutti** | " + " | ".join(str(totals[name]) for name in ANSWERS) + " |")
    lines += ["", "## Ciò che è aperto", ""]
    lines += [f"- **{key[:-3]}**, {row['chiede']}: {row['aperto']}." for key, row in ROWS.items() if "aperto" in row]
    for number, title in TITLES.items():
        lines += [
            "",
            f"## V{number} {title}",
            "",
            "| | livello | chiede | | come, o perché no | prova |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        lines += [_line(key, row) for key, row in ROWS.items() if chapter(key) == number]
    return HEAD.format(total=len(ROWS)) + "\n".join(lines) + "\n"


def _line(key: str, row: dict[str, str]) -> str:
    answer = answer_of(row)
    proofs = "<br>".join(f"`{proof}`" for proof in row.get("prova", "").split())
    return f"| {key[:-3]} | {key[-1]} | {row['chiede']} | {MARKS[answer]} | {row[answer]} | {proofs} |"


def main() -> None:
    """Write the page again."""
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
