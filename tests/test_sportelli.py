"""The way to a desk: the real table against who is served by whom, told here a second time and by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from itertools import product
from pathlib import Path

import jsonschema
import nestedtext
import pytest

from engine import report as page
from engine.__main__ import PROBLEMS, USAGE, main, read_folder
from engine.answers import read_answers
from engine.esempi import run_routes
from engine.evaluation import NotInForce
from engine.messages import SENTENCES, sentence
from engine.report import route_report
from engine.route import Route, route
from engine.rulebook import Rulebook, read_rulebook
from engine.schema import schema
from engine.sportelli import Sportelli
from tests.reading import read_once
from tests.test_errate import BASE
from tests.test_lingua import completed

ROOT = Path(__file__).parents[1]
FILES = read_folder(ROOT)
BOOK, FOUND = read_once(FILES)
DAY = date(2026, 3, 1)

CIRCOSCRIZIONI = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII")
SERVED = {
    **dict.fromkeys(("Monreale", "Piana degli Albanesi", "Altofonte", "Santa Cristina Gela"), "monreale"),
    **dict.fromkeys(("Villabate", "Belmonte Mezzagno", "Ficarazzi"), "villabate"),
    **dict.fromkeys(("Ustica", "Lampedusa e Linosa"), "da_chiedere_isole"),
    **dict.fromkeys(("Bagheria", "Roma"), "da_chiedere_altro_comune"),
}
DOMAINS: dict[str, tuple[object, ...]] = {
    "seguito_uo_specialistica": (True, False),
    "comune_residenza": ("Palermo", *SERVED),
    "circoscrizione": CIRCOSCRIZIONI,
}


def sportelli(rulebook: Rulebook = BOOK) -> Sportelli:
    """Return the desks of a rulebook."""
    assert rulebook.sportelli is not None
    return rulebook.sportelli


def way(**given: object) -> Route:
    """Return where a family goes."""
    return route(sportelli(), read_answers(given, BOOK.law.campi), DAY)


def desk(whole: tuple[object, ...]) -> str:
    """Say by hand who serves a family of which everything is known."""
    specialist, comune, circoscrizione = whole
    if specialist:
        return "uo_specialistica"
    if comune == "Palermo":
        return f"circoscrizione_{CIRCOSCRIZIONI.index(str(circoscrizione)) + 1}"
    return SERVED[str(comune)]


def completions(given: dict[str, object]) -> Iterator[tuple[object, ...]]:
    """Yield everything that may be true of a family."""
    yield from product(*([given[name]] if name in given else DOMAINS[name] for name in DOMAINS))


def settles(given: dict[str, object], name: str) -> bool:
    """Whether two completions that differ in that campo alone lead to different desks."""
    at = list(DOMAINS).index(name)
    return any(
        len({desk((*whole[:at], value, *whole[at + 1 :])) for value in DOMAINS[name]}) > 1
        for whole in completions(given)
    )


def partial() -> Iterator[dict[str, object]]:
    """Yield every family, known in whole or in part."""
    for chosen in product(*((None, *values) for values in DOMAINS.values())):
        yield {name: value for name, value in zip(DOMAINS, chosen, strict=True) if value is not None}


@pytest.mark.parametrize("specialist", [True, False, None])
def test_every_family_known_in_whole_or_in_part_goes_where_it_should(specialist: bool | None) -> None:
    """What is possible and what is missing are exact, over every completion."""
    for given in partial():
        if given.get("seguito_uo_specialistica") is not specialist:
            continue
        found = way(**given)
        possible = {desk(whole) for whole in completions(given)}
        assert {item.name for item in found.possible} == possible, given
        assert found.evaluation.exact
        wanted = {name for name in DOMAINS if name not in given and settles(given, name)}
        assert set(found.missing) == wanted, given
        only = possible.pop() if len(possible) == 1 else ""
        assert found.name == only
        assert found.state == (("da_chiedere" if only[:2] == "da" else "sportello") if only else "da_integrare")
        assert (found.sportello is not None, found.questione is not None) == (
            found.state == "sportello",
            found.state == "da_chiedere",
        )


def test_the_eleven_desks_and_what_is_asked() -> None:
    assert FOUND == []
    assert len(sportelli().sportelli) == 11
    assert sportelli().campi == ("seguito_uo_specialistica", "comune_residenza", "circoscrizione")
    assert len({d.email for d in sportelli().sportelli.values() if d.email}) == 8
    outcomes = list(run_routes(sportelli()))
    assert [difference for outcome in outcomes for difference in outcome.differences] == []
    assert len(outcomes) >= 12


def test_no_contact_of_a_desk_is_said_to_be_sure() -> None:
    """Nobody has confirmed them yet: what is not known is named, what is known says where it was seen."""
    for item in sportelli().as_json(DAY)["sportelli"]:
        assert (item["stato"], bool(item["riscontro"])) == ("da confermare", True)
        unknown = {name for name in ("telefono", "email", "indirizzo") if not item[name]}
        assert unknown == {*item["da_confermare"]} - {"quartieri"}


def test_the_list_of_the_desks_says_whom_each_serves() -> None:
    whole = sportelli().as_json(DAY)
    served = {item["id"]: item["serve"] for item in whole["sportelli"]}
    assert served["circoscrizione_3"] == [{"comune_residenza": "Palermo", "circoscrizione": "III"}]
    assert served["uo_specialistica"] == [{"seguito_uo_specialistica": "sì"}]
    assert served["villabate"] == [{"comune_residenza": "è uno di Villabate; Belmonte Mezzagno; Ficarazzi"}]
    assert [item["riguarda"] for item in whole["questioni"]] == [
        [{"comune_residenza": "è uno di Ustica; Lampedusa e Linosa"}],
        [{}],
    ]
    assert (whole["versione"], whole["fonte"], whole["stato"]) == (
        "2026-02-01",
        "Progetto PA4.4.11.1.a",
        "da confermare",
    )
    assert json.loads(json.dumps(whole)) == whole
    before = sportelli().as_json(date(2026, 1, 31))
    assert before["versione"] is None
    assert "fonte" not in before
    assert all(item["serve"] == [] for item in before["sportelli"])


def test_a_way_in_json() -> None:
    found = way(seguito_uo_specialistica=False, comune_residenza="Ustica").as_json()
    assert found["esito"] == "da_chiedere"
    assert found["sportello"] is None
    assert found["questione"]["id"] == "da_chiedere_isole"
    assert found["provvisorio"]
    assert found["regola"]["passi"] == [
        "sportello = da_chiedere_isole (riga: comune_residenza è uno di Ustica; Lampedusa e Linosa)"
    ]
    nothing = way().as_json()
    assert (nothing["esito"], nothing["sportello"], nothing["questione"]) == ("da_integrare", None, None)
    assert nothing["regola"]["passi"] == []
    assert [item["campo"] for item in nothing["mancano"]] == list(DOMAINS)
    assert "circoscrizione" not in [item["campo"] for item in nothing["prossime_domande"]]
    assert json.loads(json.dumps(nothing)) == nothing


def test_the_answers_of_the_way_have_a_schema() -> None:
    version = sportelli().at(DAY)
    assert version is not None
    made = schema(version)
    jsonschema.Draft202012Validator.check_schema(made)
    assert list(made["properties"]) == list(sportelli().campi)


def test_before_the_project_there_is_no_way() -> None:
    assert sportelli().at(date(2026, 1, 31)) is None
    with pytest.raises(NotInForce):
        route(sportelli(), read_answers({}, BOOK.law.campi), date(2026, 1, 31))


REPORTS = {
    '{"seguito_uo_specialistica": false, "comune_residenza": "Palermo", "circoscrizione": "I"}': """\
SPORTELLO COMPETENTE: Servizio Sociale di Comunità, circoscrizione I.
  telefono: 091 7405419; 091 7405418
  email: sscprimacircoscrizione@comune.palermo.it
  indirizzo: da confermare
  Contatti: da confermare; rosalio.it del 27/03/2020; palermotoday.it per i quartieri.

Progetto PA4.4.11.1.a — da confermare
""",
    '{"seguito_uo_specialistica": false, "comune_residenza": "Ustica"}': """\
Nessuno sportello indicato per Ustica e per Lampedusa e Linosa.
DA CHIEDERE ALLA CABINA DI REGIA: A quale sportello si rivolge chi abita a Ustica o a Lampedusa e
Linosa, che sono nel Distretto 42?

Progetto PA4.4.11.1.a — da confermare
""",
    '{"comune_residenza": "Villabate"}': """\
SPORTELLO DA TROVARE: con i dati che ci sono può essere: Unità organizzativa specialistica del
Settore Cittadinanza Solidale; Sportello di Villabate.

Le domande che risolvono di più, in ordine
  - Il caso è seguito dall'unità organizzativa specialistica del Settore Cittadinanza Solidale?
    (acquisito d'ufficio)

Progetto PA4.4.11.1.a — da confermare
""",
}


def command(folder: Path, text: str, *more: str) -> int:
    """Run the command with those answers."""
    path = folder / "risposte.json"
    path.write_text(text, "utf-8")
    return main(["sportello", "--risposte", str(path), *more])


@pytest.mark.parametrize("text", REPORTS)
def test_the_command_in_words(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str) -> None:
    assert command(tmp_path, text, "--al", "01/03/2026") == 0
    assert capsys.readouterr().out == REPORTS[text]


def test_the_command_in_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert command(tmp_path, '{"seguito_uo_specialistica": true}', "--al", "2026-03-01", "--json") == 0
    assert json.loads(capsys.readouterr().out)["sportello"]["id"] == "uo_specialistica"


WRONG = {
    ('{"circoscrizione": "IX"}', "01/03/2026"): (PROBLEMS, "/circoscrizione: «IX» non è fra le opzioni."),
    ('{"circoscrizione": 3}', "01/03/2026"): (PROBLEMS, "/circoscrizione: Serve un testo fra virgolette"),
    ('{"seguito_uo_specialistica": "sì"}', "01/03/2026"): (PROBLEMS, '"sì" si capisce (sì), ma in JSON si scrive true'),
    ('{"sportello": "monreale"}', "01/03/2026"): (PROBLEMS, "/sportello: «sportello» non è un campo"),
    ("{}", "31/01/2026"): (USAGE, "Il 31/01/2026 nessuna versione di «sportelli» è in vigore: la prima è del"),
    ("{}", "31/02/2026"): (USAGE, "La data non va bene"),
}


@pytest.mark.parametrize(("text", "day"), WRONG)
def test_the_command_with_a_mistake(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, day: str) -> None:
    code, said = WRONG[text, day]
    assert command(tmp_path, text, "--al", day) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err


def test_without_the_file_nobody_knows_who_serves_whom(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    data = tmp_path / "dati"
    for name, content in BASE.items():
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_bytes(content)
    assert command(tmp_path, "{}", "--al", "01/03/2026", "--dati", str(data)) == USAGE
    assert "non c'è il file «rules/sportelli.nt»" in capsys.readouterr().err
    assert main(["esempi", "--dati", str(data)]) == 0


def test_every_sentence_of_the_way_is_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    said: set[str] = set()

    def noted(code: str, data: dict[str, str]) -> str:
        said.add(code)
        return sentence(code, data)

    monkeypatch.setattr(page, "sentence", noted)
    for text in REPORTS:
        assert route_report(way(**json.loads(text)))
    assert {code for code in SENTENCES if code.startswith("smistamento.")} <= said


# Small rulebooks with a table of their own

DESK = {"telefono": "091 12345", "email": "uno@comune.palermo.it", "indirizzo": "da confermare"}


def small(tables: dict[str, str], esempi: dict[str, object], **parametri: object) -> tuple[Rulebook, list[str]]:
    """Read a rulebook with two desks, one question and those tables."""
    desks = {
        "titolo": "Sportello competente",
        "sportelli": {"uno": {"titolo": "Uno", **DESK}, "due": {"titolo": "Due", **DESK}},
        "questioni": {"nessuno": {"titolo": "Nessuno", "domanda": "E gli altri?"}},
        "competenza": {day: {"fonte": "prova", "colpo": "prima", "tabella": text} for day, text in tables.items()},
        "esempi": esempi,
    }
    data = {
        "vocabolario": {"comune": {"tipo": "comune"}, "bisogno": {"tipo": "sì/no"}},
        "servizio": {
            "requisiti": {"r": {"se": "bisogno è sì"}},
            "esempi": {"niente": {"al": "01/01/2020", "esito": "da integrare"}},
        },
        **({"parametri": parametri} if parametri else {}),
    }
    files = completed(data)
    files["forms/prova.nt"] = files["forms/prova.nt"].replace(b"- comune\n", b"")
    book, problems = read_rulebook({**files, "rules/sportelli.nt": (nestedtext.dumps(desks) + "\n").encode()})
    return book, [str(found) for found in problems]


FIRST = "comune | sportello\nTrapani | uno\nMarsala | due\nqualsiasi | nessuno"
THEN = "comune | sportello\nTrapani | due\nMarsala | uno\nqualsiasi | nessuno"


def test_a_table_that_changes_from_a_day() -> None:
    """An old day is still answered as it was, and each table has an esempio of its own."""
    esempi: dict[str, object] = {
        "prima": {"al": "31/12/2020", "dati": {"comune": "Trapani"}, "sportello": "uno"},
        "dopo": {"al": "01/01/2021", "dati": {"comune": "Trapani"}, "sportello": "due"},
    }
    book, problems = small({"dal 01/01/2021": THEN, "dal 01/01/2020": FIRST}, esempi)
    assert problems == []
    found = sportelli(book)
    assert [version.since.year for version in found.versions] == [2020, 2021]
    assert [outcome.differences for outcome in run_routes(found)] == [(), ()]
    assert found.served("uno", date(2020, 5, 1)) == [{"comune": "Trapani"}]
    assert found.served("uno", date(2021, 5, 1)) == [{"comune": "Marsala"}]


def test_an_esempio_that_does_not_come_out_is_said_where_it_is_written() -> None:
    esempi: dict[str, object] = {
        "sbagliato": {"al": "01/01/2020", "dati": {"comune": "Trapani"}, "sportello": "due"},
        "aperto": {"al": "01/01/2020", "sportello": "uno", "mancano": ["bisogno"]},
    }
    book, problems = small({"dal 01/01/2020": FIRST}, esempi)
    assert problems == []
    said = [d.message for outcome in run_routes(sportelli(book)) for d in outcome.differences]
    assert said == [
        "Per «sportello» l'esempio dice «due», le regole danno «uno».",
        "Per «sportello» l'esempio dice «uno», le regole danno «da integrare».",
        "Per «mancano» l'esempio dice «bisogno», le regole danno «comune».",
    ]


def test_what_the_law_leaves_open_is_not_asked_of_the_family() -> None:
    """A desk that rests on two readings of an act is to be confirmed, and nothing is missing."""
    value = {"dal 01/01/2020": {"valore": "Trapani oppure Marsala", "fonte": "prova"}}
    esempi: dict[str, object] = {
        "confine": {"al": "01/01/2020", "dati": {"comune": "Trapani"}, "sportello": "da confermare"}
    }
    table = "comune | sportello\nErice | nessuno\nè confine | uno\nqualsiasi | due"
    book, problems = small(
        {"dal 01/01/2020": table}, esempi, confine={"titolo": "Confine", "tipo": "comune", "valori": value}
    )
    assert problems == []
    found = route(sportelli(book), read_answers({"comune": "Trapani"}, book.law.campi), date(2020, 1, 1))
    assert (found.state, found.missing, found.sportello) == ("da_confermare", (), None)
    assert [item.name for item in found.possible] == ["uno", "due"]
    assert [item["parametro"] for item in found.as_json()["da_confermare"]] == ["confine"]
    assert [outcome.differences for outcome in run_routes(sportelli(book))] == [()]


def test_a_form_may_ask_what_only_the_way_uses() -> None:
    """A form that lists a campo of the table is right; one that does not is right too."""
    asked = FILES["forms/tirocinio.nt"].replace(
        b"- comune_residenza\n", b"- comune_residenza\n      - circoscrizione\n"
    )
    assert asked != FILES["forms/tirocinio.nt"]
    assert read_rulebook({**FILES, "forms/tirocinio.nt": asked})[1] == []
    without = {name: content for name, content in FILES.items() if name != "rules/sportelli.nt"}
    codes = {found.code for found in read_rulebook({**without, "forms/tirocinio.nt": asked})[1]}
    assert codes == {"forms.never_used", "forms.unused_campo"}


def test_a_wrong_table_sends_nobody_anywhere() -> None:
    """With a mistake in the file no table is used, and what it would have used is not called unused."""
    wrong = FILES["rules/sportelli.nt"].replace(b"| monreale\n", b"| monrele\n")
    book, problems = read_rulebook({**FILES, "rules/sportelli.nt": wrong})
    assert [found.code for found in problems] == ["sportelli.unknown"]
    assert sportelli(book).versions == ()
    with pytest.raises(NotInForce):
        route(sportelli(book), read_answers({}, book.law.campi), DAY)
    unreadable, problems = read_rulebook({**FILES, "rules/sportelli.nt": b"- elenco\n"})
    assert [found.code for found in problems] == ["document.top_list"]
    assert unreadable.sportelli is None
