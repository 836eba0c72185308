"""The letters of real procedimenti: what the law wants is in them, in the page and on paper, now and in ten years."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from httpx2 import Response
from pypdf import PdfReader

from api.desk.procedimenti import Procedimento
from api.rules import Rules, read_rules
from engine.messages import SENTENCES
from engine.placeholder import CATALOGUE
from tests.proceeding import FINE, ONE_GROUND, TWO_GROUNDS, UNKNOWN, Proceeding, day, plain, said
from tests.source import ROOT
from tests.test_procedimenti import PLAN, granted, measure, proposed

NAMES = ("Zenobia", "Straordinari", "RSSMRA80A01H501U", "Via delle Prove 7")
WHO = {"richiedente.codice_fiscale": "RSSMRA80A01H501U", "richiedente.indirizzo": "Via delle Prove 7"}


@pytest.fixture
def desk() -> Proceeding:
    """Return an office on the second of March."""
    return Proceeding()


def words(response: Response) -> str:
    """Return what a PDF says, on one line, words that a line has cut put together again."""
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/pdf"
    pages = PdfReader(io.BytesIO(response.content)).pages
    return squeezed(" ".join(page.extract_text() for page in pages))


def squeezed(text: str) -> str:
    """Return a text without spaces and signs that paper changes."""
    return re.sub(r"[\s\u00ad\u2010-]+", "", text)


def both(desk: Proceeding, found: Procedimento, name: str, more: str = "") -> tuple[str, str]:
    """Return a letter as its page says it, and as its PDF does."""
    page = desk.read(f"{desk.home(found)}/lettere/{name}{more}")
    sheet = page[page.index('<div class="foglio">') :]
    return plain(sheet), words(desk.browser().open(f"{desk.home(found)}/lettere/{name}/stampa{more}"))


def noticed(desk: Proceeding, answers: dict[str, str] = TWO_GROUNDS) -> Procedimento:
    """Return a domanda whose notice was sent and received."""
    found = desk.submitted(desk.family({**answers, **WHO}))
    found = desk.done(found, "decisioni", azione="preavviso", giorno_preavviso=day(desk.today))
    return desk.done(found, "eventi", evento="preavviso_ricevuto", giorno_evento=day(desk.today))


def refused(desk: Proceeding) -> Procedimento:
    """Return a domanda refused after an observation and its answer."""
    found = noticed(desk)
    desk.on(date(2026, 3, 9))
    found = desk.done(found, "osservazioni", osservazione="Abito a Palermo", giorno_osservazione="09/03/2026")
    answer = {"accolta.0": "no", "risposta.0": "All'anagrafe non risulta"}
    found = desk.done(found, "decisioni", azione="risposta:0", **answer)
    found = proposed(desk, found, "respingere")
    desk.on(date(2026, 5, 20))
    return desk.done(found, "decisioni", **measure(desk, "respingere"))


def planned(desk: Proceeding) -> Procedimento:
    """Return a domanda with a plan."""
    return desk.done(desk.asked(), "piano", **PLAN)


#: Each letter: the domanda at the right moment, and what it must say, `da confermare` where nobody has said yet.
LETTERS: dict[str, tuple[Callable[[Proceeding], Procedimento], tuple[str, ...]]] = {
    "ricevuta": (
        lambda desk: desk.asked(FINE),
        (
            *("Zenobia Straordinari", "Tirocinio formativo / Borsa lavoro", "02/03/2026", "30 giorni", "01/04/2026"),
            *("Comune di Palermo", "Palazzo Magnisi", "da confermare", "L.R. Sicilia 7/2019"),
        ),
    ),
    "richiesta_integrazione": (
        lambda desk: desk.asked({}),
        ("Zenobia Straordinari", "In quale comune", "30 giorni", "si ferma", "da confermare"),
    ),
    "preavviso": (
        noticed,
        (
            *("Residenza in un comune del Distretto", "La residenza risulta a Milano", "Milano", "acquisito d'ufficio"),
            *("Almeno una delle situazioni", "20.000,00 €", "10 giorni", "10-bis", "da confermare"),
        ),
    ),
    "proposta": (
        lambda desk: proposed(desk, desk.asked(ONE_GROUND), motivazione="C'è un minore di due anni"),
        (
            *("C'è un minore di due anni", "Persona responsabile", "motivi ostativi", "la domanda è accolta"),
            *("Colloquio del 20 febbraio", "Avviso tirocini", "il requisito non c'è", "da confermare"),
        ),
    ),
    "determinazione": (
        refused,
        (
            *("7/2026", "20/05/2026", "Il dirigente", "la domanda è respinta", "Abito a Palermo", "30 giorni"),
            *("All'anagrafe non risulta", "79 giorni", "Milano", "da confermare", "Persona responsabile"),
        ),
    ),
    "esito": (
        refused,
        ("7/2026", "20/05/2026", "la domanda è respinta", "All'anagrafe non risulta", "da confermare", "Zenobia"),
    ),
    "piano_individualizzato": (
        planned,
        (
            *(text for name, text in PLAN.items() if not name.startswith("area_")),
            "Condizione abitativa",
            "Chi segue il piano allo sportello",
        ),
    ),
    "dichiarazione": (
        lambda desk: desk.submitted(desk.family({**ONE_GROUND, **WHO})),
        (*NAMES[:1], "RSSMRA80A01H501U", "20.000,00 €", "art. 75", "minori", "acquisito d'ufficio"),
    ),
}


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_says_what_it_must_in_the_page_and_on_paper(desk: Proceeding, name: str) -> None:
    make, wanted = LETTERS[name]
    page, paper = both(desk, make(desk), name)
    for text in wanted:
        assert squeezed(text) in squeezed(page), text
        assert squeezed(text) in paper, text


def test_all_the_letters_of_the_folder_are_here() -> None:
    assert set(LETTERS) == {path.stem for path in (ROOT / "forms" / "lettere").glob("*.nt")}


def test_what_is_missing_is_seen(desk: Proceeding) -> None:
    found = desk.asked()
    page = desk.read(f"{desk.home(found)}/lettere/ricevuta")
    assert "Mancano ancora:" in page
    assert CATALOGUE.meaning("protocollo") in plain(page)


# The notice


def test_the_letter_of_the_notice_has_the_grounds_of_the_notice_and_no_other(desk: Proceeding) -> None:
    found = noticed(desk, ONE_GROUND)
    before = both(desk, found, "preavviso")[0]
    assert "Residenza in un comune del Distretto" not in before
    found = desk.corrected(found, comune_residenza="Milano")
    after = both(desk, found, "preavviso")[0]
    assert "Almeno una delle situazioni" in after
    assert "Residenza in un comune del Distretto" not in after
    assert after.count("Norma:") == 1


def test_the_ground_of_a_person_is_in_the_notice(desk: Proceeding) -> None:
    found = desk.asked()
    ground = {"motivo_scritto": "Il posto è di un altro", "fonte_scritta": "Reg. art. 9", "dato_scritto": "Contratto"}
    found = desk.done(found, "decisioni", azione="preavviso", giorno_preavviso="02/03/2026", **ground)
    page, paper = both(desk, found, "preavviso")
    for text in (*ground.values(), "accertato dal responsabile del procedimento"):
        assert text in page
        assert squeezed(text) in paper


def test_no_letter_goes_round_the_law(desk: Proceeding) -> None:
    """The notice, the proposal and the measure leave with their act; not from the page of the letter."""
    found = desk.asked(UNKNOWN)
    for name in ("preavviso", "proposta", "determinazione"):
        page = desk.read(f"{desk.home(found)}/lettere/{name}")
        assert "Questa lettera parte con l'atto che la riguarda" in plain(page)
        assert "conservala com'è" not in page
        response = desk.send(found, f"lettere/{name}")
        assert response.status_code == 422
        assert said(response).startswith("Questa lettera parte con l'atto che la riguarda: prima si scrive l'atto")
    assert desk.now(found) == found
    assert not desk.records("lettera")


def test_the_letters_of_the_acts_are_kept_with_the_acts(desk: Proceeding) -> None:
    found = refused(desk)
    assert [one.id for one in desk.records("lettera")] == [
        f"{found.id}.{name}.1" for name in ("preavviso", "proposta", "determinazione")
    ]
    paper = words(desk.browser().open(f"{desk.home(found)}/spedite/determinazione.1"))
    assert squeezed("la domanda è respinta") in paper
    assert squeezed("79 giorni") in paper
    assert "spedite/determinazione.1?oscurata=sì" in desk.read(desk.home(found))
    for one in desk.records("lettera"):
        assert "Zenobia" not in str(one.document), "letters are sealed"


# A letter that was sent


def test_sending_writes_the_event_that_the_procedura_names(desk: Proceeding) -> None:
    found = desk.asked()
    assert "ricevuta" in desk.procedimenti.standing(found).effects.lettere  # type: ignore[union-attr]
    found = desk.done(found, "lettere/ricevuta", "operatore", protocollo="AREG/77/2026")
    assert [one["evento"] for one in found.events] == ["domanda_ricevuta", "ricevuta_rilasciata"]
    assert "ricevuta" not in desk.procedimenti.standing(found).effects.lettere  # type: ignore[union-attr]
    paper = words(desk.browser().open(f"{desk.home(found)}/spedite/ricevuta.1"))
    assert "AREG/77/2026" in paper
    again = desk.done(found, "lettere/esito", "operatore")
    assert again.events[-1]["evento"] == "esito_comunicato"


@pytest.mark.parametrize(
    ("name", "typed", "status", "sentence"),
    [
        ("ricevuta", {"protocollo": "9" * 61}, 422, "Il numero di protocollo ha al massimo 60 caratteri."),
        ("ricevuta", {"revisione": "7"}, 422, "Mentre lavoravi un'altra persona"),
        ("nessuna", {}, 404, ""),
    ],
)
def test_a_letter_that_is_not_sent(
    desk: Proceeding, name: str, typed: dict[str, str], status: int, sentence: str
) -> None:
    found = desk.asked()
    response = desk.send(found, f"lettere/{name}", **typed)
    assert response.status_code == status
    assert said(response).startswith(sentence)
    assert typed.get("protocollo", "") in response.text
    assert desk.now(found) == found
    for page in ("spedite/ricevuta.1", "lettere/nessuna", "lettere/ricevuta?oscurata=sì", "lettere/nessuna/stampa"):
        assert desk.browser().open(f"{desk.home(found)}/{page}").status_code == 404


def test_a_kept_letter_is_the_same_bytes_when_texts_and_rules_have_changed(desk: Proceeding, tmp_path: Path) -> None:
    found = refused(desk)
    address = f"{desk.home(found)}/spedite/determinazione.1"
    first = desk.browser().open(address).content
    files = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for folder in ("regolamento", "rules", "forms")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file()
    }
    changed = files["forms/lettere/determinazione.nt"].replace(b"Si determina:", b"Ora si determina:")
    assert changed != files["forms/lettere/determinazione.nt"]
    files["forms/lettere/determinazione.nt"] = changed
    later = Proceeding(desk.store, _rules(files, tmp_path), desk.clock, desk.master)
    later.on(date(2031, 1, 1))
    assert "Ora si determina" in later.read(f"{later.home(found)}/lettere/determinazione")
    assert later.browser().open(address).content == first


def _rules(files: dict[str, bytes], folder: Path) -> Rules:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return read_rules(folder)


# The determinazione that may be published


def test_the_redacted_measure_has_nothing_of_the_family(desk: Proceeding) -> None:
    found = refused(desk)
    whole, _ = both(desk, found, "determinazione")
    assert "Zenobia" in whole
    page, paper = both(desk, found, "determinazione", "?oscurata=sì")
    kept = words(desk.browser().open(f"{desk.home(found)}/spedite/determinazione.1?oscurata=sì"))
    content = desk.browser().open(f"{desk.home(found)}/lettere/determinazione/stampa?oscurata=sì").content
    told = (*NAMES, "Milano", "20.000", "Abito a Palermo", "All'anagrafe non risulta", found.pratica, "Colloquio")
    for text in told:
        assert text not in page
        assert squeezed(text) not in paper
        assert squeezed(text) not in kept
        assert text.encode() not in content
    assert "7/2026" in page
    assert "7/2026" in paper
    assert paper == kept


def test_a_granted_one_says_the_amount(desk: Proceeding) -> None:
    page, _ = both(desk, granted(desk, desk.asked()), "determinazione")
    assert "3.000,00 €" in page
    assert "conforme alle risultanze" in page
    assert "la domanda è accolta" in page


def test_every_sentence_of_the_letters_is_used() -> None:
    code = "".join(path.read_text("utf-8") for path in (ROOT / "api" / "desk").glob("*.py"))
    names = {name.removeprefix("lettere.") for name in SENTENCES if name.startswith("lettere.")}
    assert {name for name in names if f'"{name}"' not in code and f"lettere.{name}" not in code} == set()
