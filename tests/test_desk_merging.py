"""Merging: whatever two people write in one file, no answer of either is lost, and only what both touched is asked."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.desk.merging import merge
from api.desk.pratica import Texts
from api.typed import rows_in

Side = Mapping[str, str]


def texts(side: Side) -> dict[str, Texts]:
    """Return the values of a table: one text each, none where it is empty."""
    return {name: (text,) if text else () for name, text in side.items()}


#: What was there, what they have saved since, what my page holds; what is to be written, and what must be chosen.
CASES: dict[str, tuple[Side, Side, Side, Side, set[str]]] = {
    "nobody else": ({"a": "1"}, {"a": "1"}, {"a": "2"}, {"a": "2"}, set()),
    "the same words": ({"a": "1"}, {"a": "2"}, {"a": "2"}, {}, set()),
    "one answer each": ({"a": "1", "b": "1"}, {"a": "2", "b": "1"}, {"a": "1", "b": "2"}, {"b": "2"}, set()),
    "the same answer": ({"a": "1"}, {"a": "2"}, {"a": "3"}, {}, {"a"}),
    "I empty what they write": ({"a": "1"}, {"a": "2"}, {"a": ""}, {}, {"a"}),
    "they empty what I write": ({"a": "1"}, {}, {"a": "2"}, {}, {"a"}),
    "both empty": ({"a": "1"}, {}, {"a": ""}, {}, set()),
    "I only opened the page": ({"a": "1"}, {"a": "2", "b": "3"}, {"a": "1", "b": ""}, {}, set()),
    "a row each, under one number": (
        {"n.righe": "1"},
        {"n.righe": "1 2", "n.2.persona": "Zaira"},
        {"n.righe": "1 2", "n.2.persona": "Nestore", "n.1.persona": ""},
        {"n.righe": "1 2 3", "n.3.persona": "Nestore"},
        set(),
    ),
    "the same row, sent twice": (
        {"n.righe": "1"},
        {"n.righe": "1 2", "n.2.persona": "Zaira"},
        {"n.righe": "1 2", "n.2.persona": "Zaira"},
        {},
        set(),
    ),
    "a row each, and the next number is taken": (
        {"n.righe": "1 -2"},
        {"n.righe": "1 -2 3 4", "n.3.p": "A", "n.4.p": "B"},
        {"n.righe": "1 -2 3", "n.3.p": "C"},
        {"n.righe": "1 -2 3 4 5", "n.5.p": "C"},
        set(),
    ),
    "I take out a row": (
        {"n.righe": "1 2", "n.2.p": "A"},
        {"n.righe": "1 2", "n.2.p": "A", "b": "1"},
        {"n.righe": "1 -2", "n.2.p": ""},
        {"n.righe": "1 -2", "n.2.p": ""},
        set(),
    ),
    "I take out a row where they write: it stays whole": (
        {"n.righe": "1 2", "n.2.p": "A"},
        {"n.righe": "1 2", "n.2.p": "A", "n.2.q": "nuovo"},
        {"n.righe": "1 -2", "n.2.p": ""},
        {},
        set(),
    ),
    "they take out a row where I write: it comes back whole": (
        {"n.righe": "1 2", "n.2.p": "A", "n.2.q": "x"},
        {"n.righe": "1 -2"},
        {"n.righe": "1 2", "n.2.q": "nuovo"},
        {"n.righe": "1 2", "n.2.p": "A", "n.2.q": "nuovo"},
        set(),
    ),
    "both take it out": (
        {"n.righe": "1 2", "n.2.p": "A"},
        {"n.righe": "1 -2"},
        {"n.righe": "1 -2", "n.2.p": ""},
        {},
        set(),
    ),
    "rows that are no numbers": (
        {"n.righe": "1"},
        {"n.righe": "1 2", "n.2.p": "A"},
        {"n.righe": f"1 x 2 {'9' * 5000}", "n.2.p": "B"},
        {"n.righe": "1 2 3", "n.3.p": "B"},
        set(),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_two_people_write(case: str) -> None:
    base, theirs, mine, written, chosen = CASES[case]
    found = merge(texts(base), texts(theirs), texts(mine))
    assert found.values == texts(written)
    assert {clash.control for clash in found.clashes} == chosen


def test_a_choice_shows_both_versions() -> None:
    found = merge({"a": ("1",)}, {"a": ("2", "3")}, {"a": ("4",)})
    (clash,) = found.clashes
    assert (clash.mine, clash.theirs, found.theirs) == (("4",), ("2", "3"), ("a",))


# Laws, on two people who do anything

ANSWERS = ("a", "b", "c")
PARTS = ("p", "q")
TEXT = st.sampled_from(["", "uno", "due", "tre"])
Deed = tuple[str, int, int, str]
DEED = st.tuples(st.sampled_from(["answer", "row", "add", "remove"]), st.integers(0, 3), st.integers(0, 1), TEXT)
DEEDS = st.lists(DEED, max_size=6)


def after(base: Mapping[str, Texts], deeds: list[Deed], new: str) -> dict[str, Texts]:
    """Return a whole page, as somebody leaves it; what is written in a new row says whose it is."""
    page = {name: base.get(name, ()) for name in (*base, *ANSWERS)}
    for what, number, part, text in deeds:
        rows = rows_in(page, "n")
        tokens = " ".join(page.get("n.righe", ())).split()
        if what == "answer":
            page[ANSWERS[number % 3]] = (text,) if text else ()
        elif what == "row" and rows:
            row = rows[number % len(rows)]
            mark = "" if f"n.{row}.p" in base else new
            page[f"n.{row}.{PARTS[part]}"] = (mark + text,) if text else ()
        elif what == "add":
            number = max((int(token.lstrip("-")) for token in tokens), default=0) + 1
            page |= {"n.righe": (" ".join([*tokens, str(number)]),), f"n.{number}.p": (f"{new}{number}",)}
        elif what == "remove" and rows:
            row = rows[number % len(rows)]
            page |= {name: () for name in page if name.startswith(f"n.{row}.")}
            page["n.righe"] = (" ".join(f"-{token}" if token == row else token for token in tokens),)
    return page


def kept(page: Mapping[str, Texts]) -> dict[str, Texts]:
    """Return what a file keeps of a page: what is not empty."""
    return {name: held for name, held in page.items() if held}


BASES = DEEDS.map(lambda deeds: kept(after({}, deeds, "base ")))


@settings(deadline=None)
@given(BASES, DEEDS, DEEDS)
def test_no_answer_of_either_is_lost(base: dict[str, Texts], yours: list[Deed], ours: list[Deed]) -> None:
    theirs, mine = kept(after(base, yours, "loro ")), after(base, ours, "mio ")
    found = merge(base, theirs, mine)
    whole = kept({**theirs, **found.values})
    clashing = {clash.control for clash in found.clashes}
    changed = {name for name in {**base, **theirs} if base.get(name) != theirs.get(name)}
    for name in changed - clashing:
        if name in theirs and not name.endswith(".righe"):
            assert whole.get(name) == theirs[name]
    there = {text for held in whole.values() for text in held}
    asked = {text for clash in found.clashes for text in clash.mine}
    for name, written in mine.items():
        if not name.endswith(".righe") and written and written != base.get(name, ()):
            assert {*written} <= there | asked, name
    rows = rows_in(whole, "n")
    for name in whole:
        if name.startswith("n.") and name != "n.righe":
            assert name.split(".")[1] in rows, f"{name}: an answer of nobody"


@settings(deadline=None)
@given(BASES, DEEDS, DEEDS)
def test_only_what_both_have_changed_is_asked(base: dict[str, Texts], yours: list[Deed], ours: list[Deed]) -> None:
    theirs, mine = kept(after(base, yours, "loro ")), after(base, ours, "mio ")
    for clash in merge(base, theirs, mine).clashes:
        assert base.get(clash.control, ()) not in (clash.mine, clash.theirs)
        assert clash.mine != clash.theirs


@settings(max_examples=60, deadline=None)
@given(BASES, DEEDS)
def test_with_itself_or_with_nothing_there_is_nothing_to_write(base: dict[str, Texts], deeds: list[Deed]) -> None:
    page = after(base, deeds, "mio ")
    for theirs, mine in ((kept(page), page), (kept(page), {**dict.fromkeys(page, ()), **base})):
        found = merge(base, theirs, mine)
        assert (dict(found.values), found.clashes) == ({}, ())


@settings(max_examples=60, deadline=None)
@given(BASES, DEEDS)
def test_alone_one_writes_what_the_page_holds(base: dict[str, Texts], deeds: list[Deed]) -> None:
    page = after(base, deeds, "mio ")
    found = merge(base, base, page)
    assert kept({**base, **found.values}) == kept(page)
    assert found.clashes == ()
