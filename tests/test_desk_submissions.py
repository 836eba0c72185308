"""Submissions: pinned to what decided them, never changed; decided again they give the same, beside today's."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.desk.archive import PRESENTAZIONE
from api.desk.discarding import COMMAND, discard, ended
from api.desk.discarding import main as discarding
from api.desk.presentazioni import form_hash, presentazione, presentazioni, replay
from api.desk.procedimenti import PROCEDIMENTO
from api.desk.termini import DEADLINE
from api.openapi import document
from api.rules import read_rules
from api.store.contract import Conflict, Event, Put
from api.store.editions import EDITION
from api.store.keys import MASTER, new_master
from api.store.tiny import TinyStore
from engine.messages import sentence
from tests.desks import HERE, THERE, Work, begun, family, staffed
from tests.modi import ERRORS, WARNINGS
from tests.office import HTTPS, RULES, Office, text
from tests.source import ROOT


@pytest.fixture
def office() -> Office:
    """Return an office with its people."""
    return staffed(Office())


def presented(office: Office, username: str = "aldo") -> Work:
    """Return a file that was submitted for the tirocinio."""
    more = {"richiedente__nome": "Zaira", "presa_in_carico__motivazione": "Seguita dal 2024"}
    work = begun(office, username, **family(office), **more)
    assert work.present().status_code == 303
    return work


# Pinned


def test_a_submission_is_pinned_to_everything_that_decided(office: Office) -> None:
    work = presented(office)
    edition = office.desk.edition
    (found,) = presentazioni(office.desk.archive, work.id)
    kept = found.document
    assert (found.servizio, found.number, found.day.isoformat()) == ("tirocinio", 1, "2026-11-20")
    assert (kept["protocollo"], kept["canale"], kept["sportello"]) == ("1234/2026", "allo sportello", HERE)
    assert kept["chi"] == office.person("aldo").id
    assert (kept["quando"], kept["quando_a_roma"]) == ("2026-11-23T09:00:00.000+00:00", "2026-11-23T10:00:00+01:00")
    assert kept["modulo"] == form_hash(edition.files, "tirocinio")
    assert kept["versione"] == edition.rulebook.at("tirocinio", found.day).since.isoformat()  # type: ignore[union-attr]
    assert kept["risposte"] == work.pratica.as_json()["risposte"]
    assert office.store.get(EDITION, kept["regole"])
    assert found.decision["requisiti"]


def test_a_submission_never_changes(office: Office) -> None:
    work = presented(office)
    archive, id_ = office.desk.archive, f"{work.id}.tirocinio.1"
    before = office.store.get(PRESENTAZIONE, id_)
    again = archive.seal(PRESENTAZIONE, id_, work.pratica, {"servizio": "altro"}, "", {})
    with pytest.raises(Conflict):
        office.store.commit([again])
    work.send("persone", {"richiedente.nome": "Iside", "motivo": "era un'altra"})
    work.present(protocollo="2/2026", motivo="il nome era sbagliato")
    assert office.store.get(PRESENTAZIONE, id_) == before
    first, second = presentazioni(archive, work.id)
    assert (first.replies["richiedente.nome"].texts, second.replies["richiedente.nome"].texts) == (
        ("Zaira",),
        ("Iside",),
    )
    assert (second.number, second.document["motivo"]) == (2, "il nome era sbagliato")
    assert work.pratica.presentazioni == (id_, f"{work.id}.tirocinio.2")


def test_a_submission_opens_its_procedimento_in_the_same_commit(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits: list[list[str]] = []
    commit = office.store.commit

    def counted(puts: list[Put], events: list[Event] = []) -> None:  # noqa: B006  # nobody changes it
        commits.append([put.kind for put in puts])
        commit(puts, events)

    work = begun(office, richiedente__nome="Zaira")
    monkeypatch.setattr(office.store, "commit", counted)
    work.present()
    (written,) = [kinds for kinds in commits if PRESENTAZIONE in kinds]
    assert {*written} == {"pratica", PRESENTAZIONE, PROCEDIMENTO, DEADLINE}
    assert not [kinds for kinds in commits if PROCEDIMENTO in kinds and kinds is not written]


# Decided again


@pytest.fixture
def changing(tmp_path: Path) -> Iterator[tuple[Office, Path]]:
    """Return an office whose rules are in a folder that can be changed."""
    for name in ("regolamento", "rules", "forms"):
        shutil.copytree(ROOT / name, tmp_path / "dati" / name)
    store = TinyStore(tmp_path / "archivio.db")
    yield staffed(Office(store=store, rules=read_rules(tmp_path / "dati"))), tmp_path / "dati"
    store.close()


def test_after_the_rules_have_changed_the_same_is_decided_again(changing: tuple[Office, Path]) -> None:
    office, folder = changing
    work = presented(office)
    (found,) = presentazioni(office.desk.archive, work.id)
    today = office.desk.today()
    assert replay(office.desk.archive, found, office.desk.edition, today).same
    path = folder / "regolamento/parametri.nt"
    before, mark, after = path.read_text("utf-8").partition("soglia_isee_tirocinio:")
    path.write_text(before + mark + after.replace("9.360 € oppure 10.140 €", "360 €", 1), "utf-8")
    edition = read_rules(folder).edition
    assert edition, [str(problem) for problem in read_rules(folder).problems]
    office.rules.edition = edition
    again = replay(office.desk.archive, found, edition, today)
    assert again.same
    assert again.then == again.again == found.decision
    assert again.today
    assert again.today["esito"] == "motivi_ostativi" != again.then["esito"]
    shown = text(work.open("presentazioni/tirocinio.1/confronto"))
    assert "lo stesso esito e le stesse ragioni" in shown
    assert "motivi ostativi" in shown
    assert "cambia</span>" in shown


def test_an_edition_that_is_gone_is_said(office: Office) -> None:
    work = presented(office)
    (found,) = presentazioni(office.desk.archive, work.id)
    record = office.store.get(EDITION, found.document["regole"])
    assert record
    office.store.commit([Put(EDITION, record.id, record.revision, None)])
    again = replay(office.desk.archive, found, office.desk.edition, office.desk.today())
    assert (again.again, again.same) == (None, False)
    assert "Le regole di allora non si trovano più" in text(work.open("presentazioni/tirocinio.1/confronto"))


def test_a_service_that_has_no_rules_today_is_said(office: Office) -> None:
    work = presented(office)
    (found,) = presentazioni(office.desk.archive, work.id)
    edition = office.desk.edition
    servizi = {name: each for name, each in edition.rulebook.servizi.items() if name != "tirocinio"}
    office.rules.edition, served = replace(edition, rulebook=replace(edition.rulebook, servizi=servizi)), edition
    try:
        again = replay(office.desk.archive, found, office.desk.edition, office.desk.today())
        assert (again.same, again.today) == (True, None)
        assert "oggi questo intervento non ha regole in vigore" in text(
            work.open("presentazioni/tirocinio.1/confronto")
        )
    finally:
        office.rules.edition = served


@pytest.mark.parametrize("name", ["niente.1", "tirocinio.9", "tirocinio", "..1"])
def test_a_submission_that_is_not_there(office: Office, name: str) -> None:
    work = presented(office)
    for page in (f"presentazioni/{name}", f"presentazioni/{name}/confronto"):
        assert work.open(page).status_code == 404


def test_the_submission_of_another_file_is_not_shown_from_here(office: Office) -> None:
    first, second = presented(office), presented(office)
    assert presentazione(office.desk.archive, f"{second.id}.tirocinio.1")
    assert first.open(f"presentazioni/{second.id}.tirocinio.1").status_code == 404


# Counted


def token(office: Office, *scopes: str) -> dict[str, str]:
    """Return the header of a system with these scopes."""
    system, _ = office.identity.systems.create("prova", "Portale", scopes)
    return {"Authorization": f"Bearer {office.identity.systems.token(system, scopes)}"}


def test_another_system_reads_only_how_many(office: Office) -> None:
    presented(office)
    begun(office, "bice", richiedente__nome="Iside")
    client = TestClient(office.app, base_url=HTTPS)
    answer = client.get("/v1/statistiche", headers=token(office, "statistiche"))
    assert answer.status_code == 200
    counted = {one["sportello"]: (one["pratiche"], one["servizi"]) for one in answer.json()["sportelli"]}
    assert answer.json()["al"] == "2026-11-23"
    asked = [{"servizio": "tirocinio", "domande": {"in_corso": 1}}]
    assert counted == {
        **dict.fromkeys(office.desk.desks, ({}, [])),
        HERE: ({"presentata": 1}, asked),
        THERE: ({"aperta": 1}, []),
    }
    assert office.actions()[-1] == "statistiche.lette"


REFUSED = {"nobody": ((), 401), "another scope": (("identita",), 403)}


@pytest.mark.parametrize("case", REFUSED)
def test_who_may_not_read_the_statistics(office: Office, case: str) -> None:
    scopes, status = REFUSED[case]
    client = TestClient(office.app, base_url=HTTPS)
    assert client.get("/v1/statistiche", headers=token(office, *scopes) if scopes else {}).status_code == status


def test_the_statistics_take_no_parameter(office: Office) -> None:
    client = TestClient(office.app, base_url=HTTPS)
    assert client.get("/v1/statistiche?al=2026-01-01", headers=token(office, "statistiche")).status_code == 400


def test_the_document_of_an_office_says_what_a_store_adds(office: Office) -> None:
    edition = RULES.edition
    assert edition
    found = document(edition, HTTPS, identity=True)
    assert [place for rule in (*ERRORS, *WARNINGS) for place in rule(found)] == []
    operation = found["paths"]["/v1/statistiche"]["get"]
    assert operation["security"] == [{"token": ["statistiche"]}]
    flow = found["components"]["securitySchemes"]["token"]["flows"]["clientCredentials"]
    assert flow["tokenUrl"] == f"{HTTPS}/oauth/token"
    assert {*flow["scopes"]} == {"identita", "statistiche"}
    assert "/v1/statistiche" not in document(edition, HTTPS)["paths"]
    assert TestClient(office.app, base_url=HTTPS).get("/v1/openapi.json").json() == found
    page = TestClient(office.app, base_url=HTTPS).get("/documentazione")
    assert "/v1/statistiche" in page.text


# Discarded


def test_a_file_that_is_discarded_leaves_only_events(office: Office) -> None:
    work, other = presented(office), presented(office)
    count = discard(office.desk.archive, work.id)
    with office.store.snapshot() as items:
        left = [str(item) for item in items if work.id in str(item)]
    assert count >= 5
    assert left
    assert all(line.startswith("Chained(") for line in left)
    assert office.actions()[-1] == "pratica.scartata"
    assert work.open().status_code == 404
    assert other.open().status_code == 200
    with pytest.raises(LookupError):
        discard(office.desk.archive, work.id)


def test_a_file_in_which_somebody_writes_meanwhile_stays(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    work = presented(office)
    commit = office.store.commit

    def late(puts: list[Put], events: object = ()) -> None:
        monkeypatch.setattr(office.store, "commit", commit)
        work.send("persone", {"richiedente.nome": "Iside", "motivo": "x"})
        commit(puts, events)  # type: ignore[arg-type]

    monkeypatch.setattr(office.store, "commit", late)
    with pytest.raises(Conflict):
        discard(office.desk.archive, work.id)
    assert work.pratica.applicant == "Iside"


def test_only_what_has_ended_before_a_day_is_listed(office: Office) -> None:
    first, second, _ = presented(office), presented(office), begun(office)
    archive = office.desk.archive
    assert [*ended(archive, datetime(2030, 1, 1, tzinfo=UTC).date())] == []
    for record in archive.of(PROCEDIMENTO, first.id):
        index = {**record.index, "stato": ["respinta"]}
        archive.store.commit([Put(PROCEDIMENTO, record.id, record.revision, record.document, index, record.order)])
    received = datetime(2026, 11, 20, tzinfo=UTC).date()
    assert [*ended(archive, received)] == []
    assert [*ended(archive, received.replace(day=21))] == [(first.id, received)]
    assert second.id


COMMANDS = {
    "the number again": (["N", "--conferma", "N"], 0, "scarta_done"),
    "the number typed again": (["N"], 0, "scarta_done"),
    "another number": (["N", "--conferma", "BBBB-BBBB"], 1, "scarta_unlike"),
    "a file that is not there": (["BBBB-BBBB", "--conferma", "BBBB-BBBB"], 1, "scarta_none"),
    "nothing": ([], 2, "scarta_what"),
    "both": (["N", "--chiuse-prima-del", "01/01/2030"], 2, "scarta_what"),
    "a list": (["--chiuse-prima-del", "01/01/2030"], 0, "scarta_count"),
    "a list of no day": (["--chiuse-prima-del", "31/02/2030"], 2, ""),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    arguments, code, said = COMMANDS[case]
    master, address = new_master(), str(tmp_path / "archivio.db")
    monkeypatch.setenv(MASTER, master)
    store = TinyStore(Path(address))
    office = Office(store=store, master=master)
    office.account("olga")
    work = begun(office, richiedente__nome="Zaira")
    store.close()
    monkeypatch.setattr("sys.stdin.readline", lambda: f"{work.id}\n")
    given = [work.id if each == "N" else each for each in arguments]
    try:
        found = discarding([*given, "--archivio", address])
    except SystemExit as left:
        found = int(left.code or 0)
    shown = capsys.readouterr()
    number = given[0] if given else ""
    data = {"pratica": number, "count": "0" if case == "a list" else "3"}
    assert found == code
    assert not said or sentence(f"comandi.{said}", data) in shown.out + shown.err
    assert "Zaira" not in shown.out + shown.err
    again = TinyStore(Path(address))
    assert (again.get("pratica", work.id) is None) is (said == "scarta_done")
    again.close()


def test_the_command_says_what_was_being_written(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        discarding(["--help"])
    flat = "".join(capsys.readouterr().out.split())
    for name in ("scarta", "scarta_pratica", "scarta_conferma", "scarta_prima"):
        assert "".join(sentence(f"comandi.help_{name}", {}).split()) in flat
    assert COMMAND == "scarta"
