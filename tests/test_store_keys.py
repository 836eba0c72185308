"""Keys: without its key nobody reads a document; with the wrong master key nobody reads anything, and it is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.rules import read_rules
from api.store.contract import Conflict, Put, Store, Unavailable
from api.store.editions import FILE, edition, keep
from api.store.keys import BLIND, KEY, MASTER, PREVIOUS, Keys, NoKey, Sealer, new_master
from engine.__main__ import read_folder
from engine.messages import sentence
from tests.stores import ROOT

FIRST, SECOND = new_master(), new_master()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def keys(store: Store) -> Keys:
    """Return the keys of an empty store."""
    return Keys.from_environment(store, {MASTER: FIRST})


def written(store: Store, keys: Keys, file_id: str) -> Sealer:
    """Write a file with its key and one sealed document."""
    made, sealer = keys.new(file_id)
    store.commit([made, Put("pratica", file_id, 0, sealer.seal({"nome": "Rosalia"}, f"pratica/{file_id}"))])
    return sealer


def said(refused: pytest.ExceptionInfo[Unavailable]) -> str:
    """Return the sentence of what was refused."""
    return sentence(refused.value.code, refused.value.data)


@given(document=st.dictionaries(st.text(), JSON), context=st.text(max_size=20))
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_opened_is_what_was_sealed(keys: Keys, document: dict[str, object], context: str) -> None:
    sealer = keys.new("f1")[1]
    context = context.encode("utf-8", "ignore").decode()
    assert sealer.open(sealer.seal(document, context), context) == document


def test_two_seals_of_the_same_document_are_not_alike_and_show_nothing(keys: Keys) -> None:
    sealer = keys.new("f1")[1]
    one, other = (sealer.seal({"nome": "Rosalia"}, "pratica/f1") for _ in range(2))
    assert one != other
    assert "Rosalia" not in str(one)
    assert FIRST not in repr(keys)
    assert repr(sealer) == "Sealer()"


def test_a_document_moved_changed_or_sealed_by_another_key_does_not_open(keys: Keys) -> None:
    (_, sealer), (_, other) = keys.new("f1"), keys.new("f2")
    sealed = sealer.seal({"nome": "Rosalia"}, "pratica/f1")
    text = sealed["chiuso"]
    wrong = [
        (sealer, sealed, "pratica/f2"),
        (other, sealed, "pratica/f1"),
        (sealer, {"chiuso": ("B" if text[0] == "A" else "A") + text[1:]}, "pratica/f1"),
        (sealer, {"chiuso": text[:-8]}, "pratica/f1"),
        (sealer, {"chiuso": ""}, "pratica/f1"),
        (sealer, {"chiuso": "è"}, "pratica/f1"),
        (sealer, {"chiuso": None}, "pratica/f1"),
        (sealer, {}, "pratica/f1"),
    ]
    for opener, document, context in wrong:
        with pytest.raises(Unavailable) as refused:
            opener.open(document, context)
        assert said(refused) == (
            f"Un documento dell'archivio non si apre ({context}): è stato cambiato, oppure viene da un altro posto. "
            "Chi gestisce il servizio ripristini una copia."
        )


def test_once_the_key_is_destroyed_nobody_opens_the_file(store: Store, keys: Keys) -> None:
    elsewhere = Keys.from_environment(store, {MASTER: FIRST})
    written(store, keys, "f1")
    written(store, keys, "f2")
    record = store.get("pratica", "f1")
    sealer = elsewhere.sealer(store, "f1")
    assert record
    assert sealer
    assert sealer.open(record.document, "pratica/f1") == {"nome": "Rosalia"}
    store.commit([keys.destroy(store, "f1")])
    for each in (keys, elsewhere, Keys.from_environment(store, {MASTER: FIRST})):
        assert each.sealer(store, "f1") is None
        assert each.sealer(store, "f2") is not None
        assert each.sealer(store, "f3") is None
    store.commit([keys.destroy(store, "f1"), keys.destroy(store, "f3")])  # what is not there is destroyed already
    again = keys.new("f1")[1]
    with pytest.raises(Unavailable):
        again.open(record.document, "pratica/f1")


def test_the_key_that_blinds_is_not_that_of_a_file(store: Store, keys: Keys) -> None:
    assert keys.sealer(store, BLIND) is None
    assert keys.destroy(store, BLIND) == Put(KEY, BLIND, 0, None)
    with pytest.raises(Conflict):
        store.commit([keys.destroy(store, BLIND)])
    with pytest.raises(ValueError, match=r"\*"):
        keys.new(BLIND)


def test_a_blind_word_is_the_same_everywhere_in_this_store_and_only_here(
    store: Store, keys: Keys, tmp_path: Path
) -> None:
    word = keys.blind("RSSMRA80A01G273Z")
    assert len(word) == 64
    assert word == Keys.from_environment(store, {MASTER: FIRST}).blind("RSSMRA80A01G273Z")
    assert word != keys.blind("RSSMRA80A01G273z")
    assert keys.blind("\ud800") != keys.blind("?")
    from api.store.tiny import TinyStore  # noqa: PLC0415

    other = TinyStore(tmp_path / "altro.db")
    assert Keys.from_environment(other, {MASTER: FIRST}).blind("RSSMRA80A01G273Z") != word
    other.close()


def test_a_rotation_wraps_every_key_again_and_touches_no_document(store: Store, keys: Keys) -> None:
    for n in range(3):
        written(store, keys, f"f{n}")
    documents = [store.get("pratica", f"f{n}") for n in range(3)]
    word = keys.blind("rossi")
    both = Keys.from_environment(store, {MASTER: SECOND, PREVIOUS: FIRST})
    written(store, both, "f3")
    assert both.sealer(store, "f0")
    assert both.rotate(store) == 4  # three files, and the key that blinds
    assert both.rotate(store) == 0
    after = Keys.from_environment(store, {MASTER: SECOND})
    assert after.blind("rossi") == both.blind("rossi") == word
    assert [store.get("pratica", f"f{n}") for n in range(3)] == documents
    for n in range(4):
        record = store.get("pratica", f"f{n}")
        sealer = after.sealer(store, f"f{n}")
        assert record
        assert sealer
        assert sealer.open(record.document, f"pratica/f{n}") == {"nome": "Rosalia"}
    with pytest.raises(NoKey):
        keys.sealer(store, "f1")
    with pytest.raises(NoKey):
        Keys.from_environment(store, {MASTER: FIRST})


def test_a_key_under_a_third_master_key_stops_the_rotation_with_a_sentence(store: Store, keys: Keys) -> None:
    written(store, keys, "f1")
    both = Keys.from_environment(store, {MASTER: SECOND, PREVIOUS: FIRST})
    both.rotate(store)
    written(store, keys, "f2")  # by a server that was not restarted
    with pytest.raises(NoKey) as refused:
        Keys.from_environment(store, {MASTER: SECOND}).rotate(store)
    assert said(refused) == (
        "Chiavi ancora sotto un'altra chiave principale: 1. Mettete anche quella in COMMA_CHIAVE_PRECEDENTE e ripetete."
    )
    assert both.rotate(store) == 1


def test_a_key_moved_to_another_file_does_not_open(store: Store, keys: Keys) -> None:
    written(store, keys, "f1")
    record = store.get(KEY, "f1")
    assert record
    store.commit([Put(KEY, "f2", 0, record.document)])
    with pytest.raises(NoKey):
        keys.sealer(store, "f2")


MALFORMED = ["abc", "è", "AAAA", new_master()[:-4], new_master() + new_master(), "A" * 44]
ENVIRONMENTS = [
    ({}, "Manca la chiave principale"),
    ({MASTER: ""}, "Manca la chiave principale"),
    ({PREVIOUS: FIRST}, "Manca la chiave principale"),
    *(({MASTER: text}, "La variabile COMMA_CHIAVE non contiene una chiave") for text in MALFORMED),
    *(({MASTER: FIRST, PREVIOUS: text}, "La variabile COMMA_CHIAVE_PRECEDENTE non contiene") for text in MALFORMED),
    ({MASTER: SECOND}, "La chiave principale non è quella di questo archivio"),
]


@pytest.mark.parametrize(("environment", "message"), ENVIRONMENTS)
def test_a_master_key_that_is_missing_or_wrong_is_said_at_once(
    store: Store, keys: Keys, environment: dict[str, str], message: str
) -> None:
    with pytest.raises(NoKey) as refused:
        Keys.from_environment(store, environment)
    assert said(refused).startswith(message)
    assert not any(text in said(refused) for text in environment.values() if text)


def test_an_edition_of_the_rules_comes_back_as_it_was(store: Store) -> None:
    rules = read_rules(ROOT)
    files = read_folder(ROOT)
    assert rules.edition
    impronta = keep(store, files)
    assert impronta == rules.edition.impronta
    assert edition(store, impronta) == files
    shared = store.find(FILE).total
    assert keep(store, files) == impronta
    changed = {**files, "rules/vocabolario.nt": files["rules/vocabolario.nt"] + b"\n# \xff"}
    other = keep(store, changed)
    assert edition(store, other) == changed
    assert edition(store, impronta) == files
    assert store.find(FILE).total == shared + 1


def test_an_edition_that_was_not_kept_or_was_changed_is_not_given(store: Store) -> None:
    impronta = keep(store, {"a": b"1", "b": b"1", "c": b"2"})
    for missing in ("", "x", impronta[:-1]):
        with pytest.raises(KeyError):
            edition(store, missing)
    one = store.find(FILE).records[0]
    store.commit([Put(FILE, one.id, 1, store.find(FILE).records[1].document)])
    with pytest.raises(KeyError):
        edition(store, impronta)
    store.commit([Put(FILE, one.id, 2, None)])
    with pytest.raises(KeyError):
        edition(store, impronta)
