"""Files in the archive: read back as they were written, at every revision; found by name or code; each at its desk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.desk.archive import Archive, Gone
from api.desk.desk import Clashed, Desk, Saved
from api.desk.pratica import Attached, Pratica, Texts, campo_of, known, looked_for, words
from api.identity.person import Person
from api.store.contract import Conflict, Event, Put, Store, Unavailable
from api.store.keys import MASTER, Keys, new_master
from tests.memory_store import MemoryStore
from tests.office import RULES, written

OLGA = Person("olga", "Olga Inventata", "operatore", "circoscrizione_1")
ALDO = Person("aldo", "Aldo Inventato", "operatore", "circoscrizione_2")
CODE = "RSSMRA80A01H501U"
CAMPI = RULES.rulebook.law.campi


def archive_on(store: Store) -> Archive:
    """Return an archive whose clock goes on by a second at each look."""
    seconds = count()
    begin = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    return Archive(
        store, Keys.from_environment(store, {MASTER: new_master()}), lambda: begin + timedelta(0, next(seconds))
    )


@pytest.fixture
def archive() -> Archive:
    """Return an empty archive."""
    return archive_on(MemoryStore())


def named(archive: Archive, nome: str, cognome: str = "", desk: str = OLGA.sportello, **more: str) -> Pratica:
    """Open the file of somebody."""
    values = {"richiedente.nome": nome, "richiedente.cognome": cognome, **more}
    return archive.create(OLGA, desk, {name: (text,) for name, text in values.items() if text})


# What is kept is what was written

CONTROLS = st.sampled_from(["richiedente.nome", "isee", "nucleo.1.persona", "nucleo.righe", "cittadinanza"])
WRITTEN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
CHANGES = st.dictionaries(CONTROLS, st.lists(WRITTEN, max_size=2).map(tuple), max_size=4)


@settings(deadline=None, max_examples=60)
@given(st.lists(CHANGES, min_size=1, max_size=6))
def test_every_earlier_revision_comes_back(saves: list[dict[str, Texts]]) -> None:
    archive = archive_on(MemoryStore())
    pratica = archive.create(OLGA, OLGA.sportello, {})
    history = {1: pratica.values}
    for values in saves:
        pratica = archive.save(OLGA, pratica, values)
        history[pratica.revision] = pratica.values
    again = archive.get(pratica.id)
    assert again == pratica
    assert {revision: archive.values_at(again, revision) for revision in history} == history
    assert [change.revision for change in archive.changes(pratica.id)] == [*history]


def test_an_answer_knows_who_when_and_how_it_is_proved(archive: Archive) -> None:
    first = named(archive, "Zaira", isee="4.000")
    proved = first.proved("isee", "documento tecnico", [Attached("attestazione 12", "01/02/2026")])
    second = archive.replace(OLGA, first, proved, {}, action="prove")
    third = archive.save(ALDO, second, {"isee": ("5.000",)}, "errore di battitura")
    reply = archive.get(third.id).replies["isee"]
    assert (reply.texts, reply.who, reply.revision, reply.prova) == (("5.000",), "aldo", 3, "documento tecnico")
    assert reply.attached == (Attached("attestazione 12", "01/02/2026"),)
    assert reply.at > archive.get(third.id).replies["richiedente.nome"].at
    last = archive.changes(third.id)[-1]
    assert (last.who, last.reason, last.before, last.after) == (
        "aldo",
        "errore di battitura",
        {"isee": ("4.000",)},
        {"isee": ("5.000",)},
    )


def test_the_second_to_save_over_the_same_revision_is_told(archive: Archive) -> None:
    pratica = named(archive, "Zaira")
    archive.save(OLGA, pratica, {"isee": ("1",)})
    with pytest.raises(Conflict):
        archive.save(ALDO, pratica, {"isee": ("2",)})
    assert archive.get(pratica.id).values["isee"] == ("1",)


def desk_on(archive: Archive) -> Desk:
    """Return a desk where everybody may do anything."""
    return Desk(RULES, archive, lambda: archive.now().date(), lambda *_: True, str)


def test_what_two_people_save_is_put_together_or_asked(archive: Archive) -> None:
    desk, pratica = desk_on(archive), named(archive, "Zaira", isee="1")
    desk.save(OLGA, pratica, 1, {"isee": ("2",)})
    now = archive.get(pratica.id)
    other = desk.save(ALDO, now, 1, {"isee": ("1",), "cittadinanza": ("x",)})
    assert isinstance(other, Saved)
    assert (other.theirs, other.pratica.values["isee"]) == (("isee",), ("2",))
    clash = desk.save(ALDO, other.pratica, 1, {"isee": ("3",)})
    assert isinstance(clash, Clashed)
    assert [one.control for one in clash.clashes] == ["isee"]
    assert archive.get(pratica.id) == other.pratica


class Racing(MemoryStore):
    """A store in which somebody else saves just before each of the first commits."""

    def __init__(self, times: int) -> None:
        """Remember how often."""
        super().__init__()
        self.left = 0
        self.other: Iterator[None] = iter(())
        self.times = times

    def commit(self, puts: Sequence[Put], events: Sequence[Event] = ()) -> None:
        """Let the other write first."""
        if self.left:
            self.left -= 1
            next(self.other)
        super().commit(puts, events)


@pytest.mark.parametrize(("times", "arrives"), [(1, True), (4, True), (5, False)])
def test_a_save_is_tried_again_and_then_given_up(times: int, arrives: bool) -> None:
    store = Racing(times)
    archive = archive_on(store)
    desk, pratica = desk_on(archive), named(archive, "Zaira")

    def others() -> Iterator[None]:
        for number in range(times):
            left, store.left = store.left, 0
            archive.save(ALDO, archive.get(pratica.id), {f"nucleo.{number}.persona": (f"P{number}",)})
            store.left = left
            yield

    store.other, store.left = others(), times
    if arrives:
        saved = desk.save(OLGA, pratica, 1, {"isee": ("7",)})
        assert isinstance(saved, Saved)
        assert len(saved.theirs) == times
        assert archive.get(pratica.id).values["isee"] == ("7",)
    else:
        with pytest.raises(Unavailable) as failed:
            desk.save(OLGA, pratica, 1, {"isee": ("7",)})
        assert failed.value.code == "archivio.busy"
    assert len(archive.changes(pratica.id)) == 1 + times + arrives


def test_nothing_is_written_when_nothing_has_changed(archive: Archive) -> None:
    pratica = named(archive, "Zaira")
    saved = desk_on(archive).save(OLGA, pratica, 1, {"richiedente.nome": ("Zaira",), "isee": ()})
    assert saved == Saved(pratica)
    assert len(archive.changes(pratica.id)) == 1


# Looking for a file

SEARCHES: dict[str, tuple[str, ...]] = {
    "Zaira": ("zaira",),
    "zaira": ("zaira",),
    "ZAIRA  provaluna": ("zaira",),
    "Provaluna Zaira": ("zaira",),
    "Àngelo": ("angelo",),
    "angelo": ("angelo",),
    "D'Àngelo": ("angelo",),
    "d’angelo": ("angelo",),
    "dangelo": ("angelo",),
    "Zaira Fintomare": (),
    "Zai": (),
    CODE: ("zaira",),
    "rss mra 80a01 h501u": ("zaira",),
    "12345678903": ("angelo",),
    "RSSMRA80A01H501X": (),
    "Nestore": ("zaira",),
    "%": ("angelo", "zaira", "niente"),
    "": ("angelo", "zaira", "niente"),
}


@pytest.mark.parametrize("text", SEARCHES)
def test_a_file_is_found_by_whole_words_and_codes(archive: Archive, text: str) -> None:
    numbers = {
        named(archive, "Àngelo", "D’Àngelo", **{"richiedente.codice_fiscale": "12345678903"}).id: "angelo",
        named(
            archive,
            "Zaira",
            "Provaluna",
            **{"nucleo.2.persona": "Nestore Provaluna", "nucleo.2.codice_fiscale": CODE.lower()},
        ).id: "zaira",
        named(archive, "", isee="1").id: "niente",
    }
    found, page = archive.found(OLGA.sportello, "", text)
    assert sorted(numbers[one.id] for one in found) == sorted(SEARCHES[text])
    assert page.total == len(found)
    assert archive.found(ALDO.sportello, "", text)[0] == []


@given(st.text(max_size=20))
def test_any_name_is_found_by_itself(name: str) -> None:
    assert looked_for(name) in ([*words(name)], ["".join(name.split()).upper()])
    assert all(word.isascii() and word.isalnum() for word in words(name))


def test_what_is_looked_for_is_not_in_the_store(archive: Archive) -> None:
    named(archive, "Zaira", "Provaluna", **{"richiedente.codice_fiscale": CODE})
    kept = written(archive.store).casefold()
    assert not [word for word in ("zaira", "provaluna", CODE.casefold()) if word in kept]


def test_a_list_is_in_order_and_loses_nobody_while_others_write(archive: Archive) -> None:
    opened = [named(archive, f"Zaira{number}").id for number in range(7)]
    seen, after = [], ""
    while True:
        found, page = archive.found(OLGA.sportello, after=after, limit=2)
        seen += [one.id for one in found]
        named(archive, "Nuova")
        archive.save(OLGA, archive.get(opened[0]), {"isee": (str(len(seen)),)})
        after = page.after
        if not after or len(seen) > 20:
            break
    assert seen[:7] == opened
    assert len(seen) == len(set(seen))


def test_a_list_by_state(archive: Archive) -> None:
    first, second = named(archive, "Zaira"), named(archive, "Iside")
    archive.store.commit([archive.put(replace(second, stato="chiusa"), 1)])
    assert [one.id for one in archive.found("", "aperta")[0]] == [first.id]
    assert [one.id for one in archive.found("", "chiusa")[0]] == [second.id]


def test_the_same_person_elsewhere_is_known_and_nothing_else(archive: Archive) -> None:
    here = named(archive, "Zaira", **{"richiedente.codice_fiscale": CODE})
    assert archive.elsewhere(here) == []
    there = named(archive, "Maria", desk=ALDO.sportello, **{"nucleo.1.codice_fiscale": f" {CODE.lower()} "})
    (record,) = archive.elsewhere(here)
    assert (record.id, record.index["sportello"]) == (there.id, [ALDO.sportello])
    assert archive.elsewhere(there)[0].id == here.id


# A key that is no more


def test_without_its_key_a_file_is_gone(archive: Archive) -> None:
    pratica, other = named(archive, "Zaira", isee="1"), named(archive, "Iside")
    archive.store.commit([archive.keys.destroy(archive.store, pratica.id)])
    for look in (archive.get, archive.changes, archive.sealer):
        with pytest.raises(Gone):
            look(pratica.id)
    with pytest.raises(Gone):
        archive.save(OLGA, pratica, {"isee": ("2",)})
    assert [one.id for one in archive.found(OLGA.sportello)[0]] == [other.id]


def test_a_file_that_never_was_is_gone(archive: Archive) -> None:
    with pytest.raises(Gone):
        archive.get("BCDF-GHJK")


# Which controls a file has

SITUATIONS: Mapping[str, tuple[bool, str]] = {
    "richiedente.nome": (True, ""),
    "richiedente.altro": (False, ""),
    "giorno_della_domanda": (True, ""),
    "isee_richiesto": (False, ""),
    "presa_in_carico": (True, "presa_in_carico"),
    "presa_in_carico.motivazione": (True, "presa_in_carico"),
    "presa_in_carico.altro": (False, ""),
    "pais_firmato.motivazione": (False, ""),
    "": (False, ""),
    ".": (False, ""),
    "csrf": (False, ""),
}


@pytest.mark.parametrize("control", SITUATIONS)
def test_only_the_controls_of_a_file_are_kept(control: str) -> None:
    campo = campo_of(CAMPI, control)
    assert (known(CAMPI, control), campo.name if campo else "") == SITUATIONS[control]


def test_the_controls_of_an_elenco() -> None:
    name, elenco = next((n, c) for n, c in CAMPI.items() if c.tipo.name == "elenco" and c.voce == "componente")
    inner = next(iter(elenco.campi))
    there = ["righe", "completo", "1.persona", "12.codice_fiscale", f"3.{inner}"]
    assert [part for part in there if not known(CAMPI, f"{name}.{part}")] == []
    wrong = ["", "1", "x.persona", "²." + inner, f"1.{inner}.motivazione", "1.altro", "righe.1", "1.persona.x"]
    assert [part for part in wrong if known(CAMPI, f"{name}.{part}")] == []
    assert campo_of(CAMPI, f"{name}.3.{inner}") == elenco.campi[inner]
