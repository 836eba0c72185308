"""Every word in a name is English, or an Italian noun of the closed list in regolamento/glossario.nt.

No dictionary is needed: tests/english.txt lists the English words in use, and grows by hand.
`make words` prints what is in neither list.
"""

from __future__ import annotations

from pathlib import Path

import nestedtext

from tests.source import PACKAGES, ROOT, given_names, python_files, words

ENGLISH = ROOT / "tests" / "english.txt"
GLOSSARY = ROOT / "regolamento" / "glossario.nt"


def english() -> list[str]:
    """Return the listed English words, in the order of the file."""
    return ENGLISH.read_text(encoding="utf-8").split()


def italian() -> set[str]:
    """Return the words of the Italian nouns that the code may use."""
    assert GLOSSARY.exists(), "regolamento/glossario.nt is not there: each Italian noun of the code, `noun: meaning`"
    nouns = nestedtext.loads(GLOSSARY.read_text(encoding="utf-8"))
    assert isinstance(nouns, dict)
    return {word for noun in nouns for word in noun.split("_")}


def unlisted(paths: list[Path]) -> dict[str, str]:
    """Return the words in the names of those files that neither list has, each with a place."""
    known = set(english()) | italian()
    return {
        word: f"{path}:{line}, in {name}"
        for path in paths
        for name, line in given_names(path)
        for word in words(name)
        if word not in known
    }


def test_every_word_in_a_name_is_english_or_in_the_glossary() -> None:
    missing = unlisted(python_files(*PACKAGES))
    listing = "\n".join(f"  {word}  ({place})" for word, place in sorted(missing.items()))
    assert not missing, (
        f"Words in neither list:\n{listing}\n"
        "-- an English word: add it to tests/english.txt, in its alphabetical place;\n"
        "-- an Italian noun: add it to regolamento/glossario.nt with its meaning;\n"
        "-- an Italian verb or an abbreviation: rename."
    )


def test_the_english_words_are_sorted_and_listed_once() -> None:
    assert english() == sorted(set(english()))


def test_no_word_is_in_both_lists() -> None:
    assert not set(english()) & italian()


def test_the_words_of_a_name() -> None:
    assert words("parse_codice_fiscale") == ["parse", "codice", "fiscale"]
    assert words("HTTPProblem2") == ["http", "problem"]
    assert words("_SI_APPLICA") == ["si", "applica"]
    assert words("__str__") == []


if __name__ == "__main__":
    for missing_word, where in sorted(unlisted(python_files(*PACKAGES)).items()):
        print(f"{missing_word}\t{where}")
