"""The contract of a store, held by each of them: what is read is what was written, all of it or nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.store.chain import link
from api.store.contract import Chained, Conflict, Event, Item, NotEmpty, Put, Record, Store
from api.store.tiny import TinyStore
from tests.stores import Opener, event, ids, put


def test_what_is_read_is_what_was_written(store: Store, opener: Opener) -> None:
    document: dict[str, object] = {
        "z": 1,
        "a": [None, True, 10**20, -0.5, 1e22, "è «così»\n\U0001f600 \ud800"],
        "": {"b": {}, "a": []},
    }
    store.commit([Put("pratica", "p/1 è", 0, document, {"stato": ["a b", ""], "parole": []}, "2026")])
    for each in (store, opener()):
        record = each.get("pratica", "p/1 è")
        assert record == Record("pratica", "p/1 è", 1, document, {"stato": ["a b", ""], "parole": []}, "2026")
        assert list(record.document) == ["z", "a", ""]
        assert each.get("pratica", "p2") is None
        assert each.get("altro", "p/1 è") is None


def test_what_a_reader_does_to_a_document_stays_with_him(store: Store) -> None:
    store.commit([Put("pratica", "p1", 0, {"dati": {"a": [1]}}, {"stato": ["bozza"]})])
    record = store.get("pratica", "p1")
    assert record
    record.document["dati"]["a"].append(2)
    record.index["stato"].append("altro")  # type: ignore[attr-defined]
    again = store.get("pratica", "p1")
    assert again
    assert (again.document, again.index) == ({"dati": {"a": [1]}}, {"stato": ["bozza"]})


@pytest.mark.parametrize("expected", [0, 1, 3])
@pytest.mark.parametrize("document", [{}, None], ids=["write", "remove"])
def test_a_revision_that_is_not_the_expected_one_is_a_conflict(
    store: Store, expected: int, document: dict[str, str] | None
) -> None:
    store.commit([put("p1")])
    store.commit([put("p1", 1)])
    with pytest.raises(Conflict) as refused:
        store.commit([put("p2"), Put("pratica", "p1", expected, document)], [event()])
    conflict = refused.value
    assert (conflict.kind, conflict.id, conflict.found, conflict.expected) == ("pratica", "p1", 2, expected)
    record = store.get("pratica", "p1")
    assert record
    assert record.document == {"testo": "p1, 2"}
    assert store.get("pratica", "p2") is None
    assert (store.events(), store.head()) == ((), (0, ""))


def test_what_is_not_there_conflicts_with_any_revision_but_zero(store: Store) -> None:
    documents: tuple[dict[str, str] | None, ...] = ({}, None)
    for document in documents:
        with pytest.raises(Conflict) as refused:
            store.commit([Put("pratica", "p1", 2, document)])
        assert (refused.value.found, refused.value.expected) == (0, 2)
    store.commit([Put("pratica", "p1", 0, None)])  # there must be none, and there is none
    assert store.get("pratica", "p1") is None


def test_removed_it_is_nowhere_and_may_come_again(store: Store, opener: Opener) -> None:
    other = opener()
    store.commit([put("p1", stato="aperta"), put("p2", stato="aperta")])
    assert other.find("pratica", {"stato": "aperta"}).total == 2
    store.commit([Put("pratica", "p1", 1, None)])
    for each in (store, other, opener()):
        assert each.get("pratica", "p1") is None
        assert ids(each.find("pratica", {"stato": "aperta"})) == ids(each.find("pratica")) == ["p2"]
    other.commit([put("p1", stato="chiusa")])
    again = store.get("pratica", "p1")
    assert again
    assert again.revision == 1


WRONG = {
    "a NUL in an id": Put("pratica", "p\0", 0, {}),
    "a NUL in a kind": Put("\0", "p", 0, {}),
    "half a character in the order": Put("pratica", "p", 0, {}, {}, "\ud800"),
    "a NUL in an indexed value": Put("pratica", "p", 0, {}, {"stato": ["a", "\0"]}),
    "half a character in an indexed field": Put("pratica", "p", 0, {}, {"\udc00": []}),
    "not a number": Put("pratica", "p", 0, {"a": float("nan")}),
    "infinity": Put("pratica", "p", 0, {"a": [float("inf")]}),
    "bytes": Put("pratica", "p", 0, {"a": b"x"}),
    "no bottom": Put("pratica", "p", 0, {"a": (deep := [])}),  # type: ignore[var-annotated]
    "a revision below zero": Put("pratica", "p", -1, {}),
}
deep.append(deep)


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_no_store_can_keep_is_refused_and_nothing_is_written(store: Store, wrong: Put) -> None:
    with pytest.raises(ValueError, match=r"text|JSON|revision"):
        store.commit([put("p1"), wrong], [event()])
    assert store.find("pratica").total == 0
    assert store.head() == (0, "")


def test_wrong_events_and_a_record_named_twice_are_refused(store: Store) -> None:
    for wrong in (event("\0"), Event("", "", "", "", {"a": "\ud800"}), Event("", "", "", "", {"\0": ""})):
        with pytest.raises(ValueError, match="text"):
            store.commit([put("p1")], [event(), wrong])
    with pytest.raises(ValueError, match="twice"):
        store.commit([put("p1"), put("p1", 1)])
    with pytest.raises(ValueError, match="limit"):
        store.find("pratica", limit=0)
    assert store.find("pratica").total == 0
    assert store.head() == (0, "")


def test_a_list_is_in_order_page_after_page(store: Store) -> None:
    days = {"p1": "2026-02", "p2": "2026-01", "p3": "2026-02", "p4": "2025-12", "p5": "è", "p6": "\U0001f600"}
    store.commit([put(id_, order=day, stato="aperta") for id_, day in days.items()])
    store.commit([put("altro", kind="nota", order="2026-01", stato="aperta")])
    chronological = ["p4", "p2", "p1", "p3", "p5", "p6"]
    for newest, expected in ((False, chronological), (True, chronological[::-1])):
        for limit in (1, 2, 4, 6, 7):
            shown, after = [], ""
            while True:
                page = store.find("pratica", {"stato": "aperta"}, limit=limit, newest=newest, after=after)
                assert page.total == 6
                shown += ids(page)
                after = page.after
                if not after:
                    break
                assert len(page.records) == limit
            assert shown == expected


BOUNDS = [
    ("", "", ["a", "b", "c"]),
    ("2026-01", "", ["a", "b", "c"]),
    ("2026-02", "", ["b", "c"]),
    ("", "2026-03", ["a", "b"]),
    ("2026-02", "2026-03", ["b"]),
    ("2026-03", "2026-02", []),
    ("2026-01-15", "2026-12", ["b", "c"]),
]


@pytest.mark.parametrize(("since", "until", "expected"), BOUNDS)
def test_bounds_let_the_first_in_and_the_second_out(store: Store, since: str, until: str, expected: list[str]) -> None:
    store.commit([put("a", order="2026-01"), put("b", order="2026-02"), put("c", order="2026-03")])
    for newest in (False, True):
        page = store.find("pratica", since=since, until=until, newest=newest, limit=1)
        assert page.total == len(expected)
        assert ids(page) == (expected[::-1] if newest else expected)[:1]
        assert bool(page.after) == (len(expected) > 1)


def test_pages_neither_repeat_nor_skip_while_others_write(store: Store, opener: Opener) -> None:
    store.commit([put(f"p{n:02}", order=f"{n:02}") for n in range(10)])
    first = store.find("pratica", limit=4)
    other = opener()
    other.commit([put("new", order="00"), put("newer", order="05"), Put("pratica", "p03", 1, None)])
    assert ids(first) == ["p00", "p01", "p02", "p03"]  # the last of them is gone meanwhile
    assert ids(store.find("pratica", limit=4, after=first.after)) == ["p04", "newer", "p05", "p06"]


@pytest.mark.parametrize(
    "after", ["x", "%%", "=", "bnVsbA", "WzEsMl0", "WyJcdTAwMDAiLCIiXQ", "\ud800", "\0", "W" * 9999]
)
def test_a_cursor_that_no_page_gave_starts_from_the_beginning(store: Store, after: str) -> None:
    store.commit([put("a"), put("b")])
    assert ids(store.find("pratica", after=after)) == ["a", "b"]


def test_every_condition_of_a_search_must_hold(store: Store) -> None:
    store.commit([put("a", stato="aperta", parola="rossi mario"), put("b", stato="chiusa", parola="rossi")])
    store.commit([put("c", kind="nota", stato="aperta", parola="rossi")])
    searches = {
        (("parola", "rossi"),): ["a", "b"],
        (("parola", "rossi"), ("stato", "chiusa")): ["b"],
        (("parola", "mario"), ("stato", "chiusa")): [],
        (("parola", "ross"),): [],
        (("", ""),): [],
        (("stato", "\0"),): [],
        (("\ud800", "a"),): [],
        (): ["a", "b"],
    }
    for where, expected in searches.items():
        page = store.find("pratica", dict(where))
        assert (ids(page), page.total) == (expected, len(expected))
    store.commit([put("a", 1, stato="chiusa", parola="bianchi")])
    assert ids(store.find("pratica", {"stato": "chiusa"})) == ["a", "b"]
    assert ids(store.find("pratica", {"parola": "mario"})) == []


def test_events_are_one_chain_in_the_order_in_which_they_were_written(store: Store, opener: Opener) -> None:
    store.commit([put("p1")], [event("p1"), event("p2")])
    opener().commit([], [event("p1", "scrittura")])
    first, second, third = store.events()
    assert first == Chained(1, link("", 1, event("p1")), event("p1"))
    assert second == Chained(2, link(first.hash, 2, event("p2")), event("p2"))
    assert store.head() == (3, link(second.hash, 3, event("p1", "scrittura"))) == (3, third.hash)
    assert store.events(about="p1") == (first, third)
    assert store.events(1, about="p1") == (third,)
    assert store.events(limit=1) == (first,)
    assert store.events(1, limit=1) == (second,)
    assert store.events(3) == store.events(about="p") == store.events(about="\0") == ()


def test_a_snapshot_is_one_moment_and_fills_another_store_exactly(store: Store, tmp_path: Path) -> None:
    store.commit([put("b", order="1", stato="x"), put("a"), put("è", kind="nota")], [event(), event("p2")])
    store.commit([put("b", 1, order="2"), Put("pratica", "a", 1, None)], [event("p3")])
    with store.snapshot() as items:
        first = next(items)
        store.commit([put("later", kind="zz"), put("b", 2)], [event("later")])
        seen = [first, *items]
    assert [item.id if isinstance(item, Record) else item.number for item in seen] == ["è", "b", 1, 2, 3]
    target = TinyStore(tmp_path / "altro.db")
    target.restore(seen)
    with target.snapshot() as items:
        assert list(items) == seen
    target.commit([put("b", 2)], [event("p4")])
    assert target.head() == (4, link(seen[-1].hash, 4, event("p4")))  # type: ignore[union-attr]
    target.close()


def test_only_an_empty_store_is_filled_and_all_or_nothing(store: Store) -> None:
    def broken() -> Iterator[Item]:
        yield Record("pratica", "p1", 7, {})
        yield Chained(1, "hash", event())
        raise OSError("torn")

    with pytest.raises(OSError, match="torn"):
        store.restore(broken())
    assert (store.find("pratica").total, store.head()) == (0, (0, ""))
    store.commit([], [event()])
    with pytest.raises(NotEmpty):
        store.restore([])


def test_threads_of_two_stores_lose_no_update(store: Store, opener: Opener) -> None:
    store.commit([Put("conto", "c", 0, {"n": 0})])
    stores = [store, opener()]
    conflicts = []

    def add(mine: Store) -> None:
        done = 0
        while done < 10:
            record = mine.get("conto", "c")
            assert record
            try:
                mine.commit([Put("conto", "c", record.revision, {"n": record.document["n"] + 1})], [event()])
                done += 1
            except Conflict:
                conflicts.append(1)

    threads = [threading.Thread(target=add, args=(stores[n % 2],)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    record = stores[1].get("conto", "c")
    assert record
    assert (record.document, record.revision) == ({"n": 60}, 61)
    assert store.head()[0] == 60


NAMES = st.sampled_from(["a", "b", "c", "è"])
PUTS = st.lists(
    st.builds(
        lambda id_, stale, remove, words, order: (id_, stale, remove, {"parola": words}, order),
        NAMES,
        st.integers(0, 9).map(lambda n: n == 0),
        st.booleans(),
        st.lists(st.sampled_from(["x", "y", "z"]), max_size=3),
        st.sampled_from(["", "1", "2", "ù"]),
    ),
    max_size=3,
    unique_by=lambda each: each[0],
)


@given(st.lists(st.tuples(PUTS, st.integers(0, 2)), max_size=8))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_store_does_what_a_dictionary_would(
    store: Store, opener: Opener, commits: list[tuple[list[tuple[str, bool, bool, dict[str, list[str]], str]], int]]
) -> None:
    kind = f"gruppo-{store.head()[0]}"
    store.commit([], [event(kind)])
    others = opener()
    model: dict[str, Record] = {}
    written = 1
    for puts, count in commits:
        wanted = []
        for id_, stale, remove, index, order in puts:
            revision = model[id_].revision if id_ in model else 0
            document = None if remove else {"n": written}
            wanted.append(Put(kind, id_, revision + stale, document, index, order))
        try:
            store.commit(wanted, [event(kind)] * count)
        except Conflict:
            assert any(stale for _, stale, *_ in puts)
            continue
        assert not any(stale for _, stale, *_ in puts)
        written += count
        for each in wanted:
            if each.document is None:
                model.pop(each.id, None)
            else:
                model[each.id] = Record(kind, each.id, each.expected + 1, each.document, each.index, each.order)
    for seen in (store, others):
        ordered = sorted(model.values(), key=lambda record: (record.order, record.id))
        assert seen.find(kind).records == tuple(ordered)
        for word in ("x", "y", "z"):
            wanted_ids = [record.id for record in ordered if word in record.index["parola"]]
            assert ids(seen.find(kind, {"parola": word}, limit=100)) == wanted_ids
            assert ids(seen.find(kind, {"parola": word}, newest=True)) == wanted_ids[::-1]
        assert len(seen.events(about=kind)) == written
    others.close()
