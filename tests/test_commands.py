"""The commands as they are typed: output, exit codes, bad input."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from api.rules import signature
from engine.__main__ import DONE, PROBLEMS, USAGE, main, read_folder

ROOT = Path(__file__).parents[1]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run a command in this process; return its exit code and what it printed."""
    try:
        code = main(arguments)
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def answers(folder: Path, text: str) -> str:
    """Write a file of answers and return its path."""
    path = folder / "risposte.json"
    path.write_text(text, "utf-8")
    return str(path)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a copy of the real data folders."""
    for name in ("regolamento", "rules", "forms"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def test_check_and_esempi_of_the_real_rules(capsys: pytest.CaptureFixture[str]) -> None:
    """The real rulebook has no problem and its esempi come out right."""
    assert run(capsys, "check") == (DONE, "Nessun problema: 6 servizi, 6 versioni, 6 procedure.\n", "")
    code, out, _ = run(capsys, "esempi")
    assert code == DONE
    assert out.endswith("Esempi sbagliati: 0.\n")
    assert run(capsys, "esempi", "tirocinio")[0] == DONE


def test_decide_in_words_and_in_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Both dates are read; the JSON holds what other systems rely on."""
    path = answers(tmp_path, '{"comune_residenza": "Palermo", "percettore_adi": true}')
    code, out, err = run(capsys, "decide", "tirocinio", "--risposte", path, "--al", "01/03/2024")
    assert (code, err) == (DONE, "")
    assert "ESITO PROPOSTO: ammissibile." in out
    assert "art. 19, comma da confermare" in out
    code, out, _ = run(capsys, "decide", "tirocinio", "--risposte", path, "--al", "2024-03-01", "--json")
    decision = json.loads(out)
    assert code == DONE
    assert list(decision)[:8] == [
        "servizio",
        "titolo",
        "versione",
        "impronta",
        "al",
        "esito",
        "possibili",
        "provvisorio",
    ]
    assert decision["esito"] == "ammissibile"
    assert decision["al"] == "2024-03-01"
    assert decision["calcoli"]["indennita_massima"]["valore"] == "3000.00"
    assert {item["id"]: item["valore"] for item in decision["requisiti"]} == {
        "residenza": "vero",
        "destinatari": "vero",
    }


def test_missing_data_are_asked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Nothing answered: everything that matters is missing, in the order of the form."""
    path = answers(tmp_path, "{}")
    decision = json.loads(run(capsys, "decide", "tirocinio", "--risposte", path, "--al", "2024-03-01", "--json")[1])
    assert decision["esito"] == "da_integrare"
    assert decision["mancano"][0]["campo"] == "comune_residenza"
    assert all(item["domanda"].endswith("?") for item in decision["mancano"])
    text = run(capsys, "decide", "contributo-autonomia", "--risposte", path, "--al", "2024-03-01")[1]
    assert "Che cosa manca per l'esito" in text
    assert "Che cosa manca per l'importo" in text


WRONG_ANSWERS = {
    '{"isee": [9360.5]}': "/isee: Serve un numero decimale scritto come testo, con il punto",
    '{"isee": 9360.5}': '/isee: 9360.5 si capisce (9.360,50 €), ma in JSON si scrive "9360.50".',
    '{"isee": "-1"}': "/isee: -1,00 € è meno del minimo ammesso, 0,00 €.",
    '{"isee": "1.234"}': "/isee: «1.234» non è chiaro: qui il punto separa i decimali",
    '{"ise": "1"}': "/ise: «ise» non è un campo del vocabolario. Forse «isee»?",
    '{"percettore_adi": "sì"}': '/percettore_adi: "sì" si capisce (sì), ma in JSON si scrive true.',
    '{"cittadinanza": "marziana"}': "/cittadinanza: «marziana» non è fra le opzioni.",
    '{"data_firma_pais": "31/12/2023"}': '/data_firma_pais: "31/12/2023" si capisce (31/12/2023), ma in JSON si scrive',
    '{"data_firma_pais": "2023-02-30"}': "/data_firma_pais: Il giorno «2023-02-30» non esiste sul calendario.",
    '{"annualita_gia_avute": 1.5}': "/annualita_gia_avute: Serve un numero intero; qui c'è 1.5.",
    '{"componenti": {}}': "/componenti: Serve la lista delle voci, da sola oppure sotto «membri»",
    '{"componenti": [{}]}': "/componenti/0: Ogni voce di un elenco è un oggetto con un «id»",
    '{"componenti": [{"id": "a"}, {"id": "a"}]}': "/componenti/1/id: L'id «a» compare due volte.",
    '{"componenti": [{"id": "a/b"}]}': "/componenti/0/id: L'id «a/b» non può contenere «/».",
    '{"componenti": {"membri": [], "completo": true}}': "/componenti: Le voci sono 0, ne serve almeno 1.",
    '{"componenti": {"membri": [], "completo": "sì"}}': "/componenti/completo: Serve true (sì) oppure false (no)",
    '{"componenti": {"membri": [{}]}}': "/componenti/membri/0: Ogni voce di un elenco è un oggetto con un «id»",
    '{"componenti": [{"id": "a", "eta": 3}]}': "/componenti/0/eta: «eta» non è un campo del vocabolario.",
    '{"presa_in_carico": {"valore": true, "nota": ""}}': "/presa_in_carico/nota: «nota» non è previsto",
    '{"presa_in_carico": {"valore": {"valore": true}}}': "/presa_in_carico/valore: «valore» non è previsto",
    '{"presa_in_carico": {"valore": true, "motivazione": 3}}': "/presa_in_carico/motivazione: Serve un testo",
    "[]": "/: Le risposte sono un oggetto JSON, con i campi per nome.",
    '{"isee": "1", "isee": "2"}': "Nel JSON la chiave «isee» compare due volte",
    '{"isee": }': ":1:10: il file non è JSON valido",
    '{"isee": ' + "9" * 5000 + "}": "c'è un numero con migliaia di cifre",
    "[" * 100_000: "ha troppe parentesi una dentro l'altra",
}


@pytest.mark.parametrize(("text", "message"), WRONG_ANSWERS.items(), ids=lambda text: text[:40])
def test_wrong_answers(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, message: str) -> None:
    """Every wrong answer is named by its place, with a sentence, and nothing is decided."""
    code, out, err = run(capsys, "decide", "tirocinio", "--risposte", answers(tmp_path, text), "--al", "2024-03-01")
    assert (code, out) == (PROBLEMS, "")
    assert message in err


def test_all_wrong_answers_together(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """All mistakes are told at once."""
    path = answers(tmp_path, '{"isee": true, "percettore_adi": 1, "zzz": null}')
    _, _, err = run(capsys, "decide", "tirocinio", "--risposte", path, "--al", "2024-03-01")
    assert err.count("risposte.json: /") == 3
    assert err.endswith("Risposte da correggere: 3.\n")


def test_a_file_that_is_not_utf8(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A file saved by an old program is refused with what to do."""
    (tmp_path / "r.json").write_bytes('{"comune_residenza": "Cefalù"}'.encode("cp1252"))
    code, _, err = run(capsys, "decide", "tirocinio", "--risposte", str(tmp_path / "r.json"), "--al", "2024-03-01")
    assert code == PROBLEMS
    assert "non è scritto in UTF-8" in err


USES = [
    ([], "uso: python -m engine"),
    (["check", "--dati", "/cartella/che/non/esiste"], "non c'è"),
    (["decide", "tirocinio"], "Il comando non è scritto bene"),
    (["decide", "tirocnio", "--risposte", "x", "--al", "2024-03-01"], "Forse «tirocinio»?"),
    (["decide", "tirocinio", "--risposte", "/non/esiste.json", "--al", "2024-03-01"], "non si può leggere"),
    (["decide", "tirocinio", "--risposte", "x", "--al", "32/13/2024"], "non esiste sul calendario"),
    (["decide", "tirocinio", "--risposte", "x", "--al", "01/01/2019"], "la prima è del 01/01/2024"),
    (["esempi", "tirocini"], "Ci sono:"),
    (["schema", "x"], "Ci sono:"),
]


@pytest.mark.parametrize(("arguments", "message"), USES, ids=lambda value: " ".join(value)[:40])
def test_wrong_uses(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    """A wrong command says how to use it and ends with 2."""
    code, _, err = run(capsys, *arguments)
    assert code == USAGE
    assert message in err


def test_an_empty_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A folder without rules is told apart from one with no problem."""
    code, _, err = run(capsys, "check", "--dati", str(tmp_path))
    assert code == USAGE
    assert "non ci sono né" in err


#: What editors and systems leave beside a file, and what is left by a person: only the second is told.
LEFT = {
    "rules/tirocinio/.~lock.dal-2024-01-01.nt#": True,
    "rules/tirocinio/.dal-2024-01-01.nt.swp": True,
    "rules/tirocinio/dal-2024-01-01.nt~": True,
    "rules/tirocinio/#dal-2024-01-01.nt#": True,
    "rules/tirocinio/~$dal-2024-01-01.nt": True,
    "forms/.tirocinio.nt": True,
    "regolamento/.storia/parametri.nt": True,
    "rules/tirocinio/dal-2024-01-01 - Copia.nt": False,
    "rules/tirocinio/dal-2024-01-01.nt.bak": False,
    "rules/tirocinio/Copia di dal-2024-01-01.nt": False,
    "forms/tirocinio (1).nt": False,
    "rules/tirocinio/#dal-2024-01-01.nt": False,
    "rules/~vecchie/dal-2024-01-01.nt": False,
}


@pytest.mark.parametrize("name", LEFT)
def test_what_an_editor_leaves_is_no_file_of_the_rules(
    capsys: pytest.CaptureFixture[str], data: Path, name: str
) -> None:
    """The files that nobody sees are not read; a copy that a person made is told, because it may be a mistake."""
    before, looked = read_folder(data), signature(data)
    (data / name).parent.mkdir(exist_ok=True)
    (data / name).write_bytes(b"\x00 non si legge")
    code, out, _ = run(capsys, "check", "--dati", str(data))
    assert (read_folder(data) == before, signature(data) == looked) == (LEFT[name], LEFT[name])
    assert code == (DONE if LEFT[name] else PROBLEMS)
    assert LEFT[name] or f"Nessuno legge il file «{name}»" in out


def test_a_folder_of_hidden_files_is_empty(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/.DS_Store").write_bytes(b"x")
    code, _, err = run(capsys, "check", "--dati", str(tmp_path))
    assert (code, "non ci sono né" in err) == (USAGE, True)


def test_rules_with_problems_decide_nothing(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    """With a mistake in the rules `check` tells it and `decide` refuses."""
    path = data / "rules/tirocinio/dal-2024-01-01.nt"
    path.write_text(path.read_text("utf-8").replace("isee al massimo soglia", "ise al massimo soglia"), "utf-8")
    code, out, _ = run(capsys, "check", "--dati", str(data))
    assert code == PROBLEMS
    assert "Forse «isee»?" in out
    assert "^" in out
    risposte = answers(data, "{}")
    code, out, err = run(
        capsys, "decide", "tirocinio", "--risposte", risposte, "--al", "2024-03-01", "--dati", str(data)
    )
    assert (code, out) == (PROBLEMS, "")
    assert "non si decide" in err


def test_an_esempio_that_comes_out_otherwise(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    """A changed threshold shows at once in the esempi."""
    path = data / "regolamento/parametri.nt"
    path.write_text(path.read_text("utf-8").replace("valore: 9.360 €\n", "valore: 9.000 €\n", 1), "utf-8")
    code, out, _ = run(capsys, "esempi", "tirocinio", "--dati", str(data))
    assert code == PROBLEMS
    assert "ISEE esattamente alla soglia" in out
    assert "l'esempio dice «ammissibile», le regole danno «motivi ostativi»" in out


def test_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """The schema is valid and accepts what the engine accepts."""
    for name in ("tirocinio", "contributo-autonomia"):
        code, out, _ = run(capsys, "schema", name, "--al", "22/11/2026")
        schema = json.loads(out)
        assert code == DONE
        jsonschema.Draft202012Validator.check_schema(schema)
        assert jsonschema.Draft202012Validator(schema).is_valid({"comune_residenza": "Palermo", "isee": "9360.00"})
        assert not jsonschema.Draft202012Validator(schema).is_valid({"isee": 9360})
    assert run(capsys, "schema", "tirocinio")[0] == DONE


def test_an_esempio_that_lacks_something_else(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    """What an esempio says is missing must be all that is missing."""
    path = data / "rules/tirocinio/dal-2024-01-01.nt"
    text = path.read_text("utf-8")
    assert text.count("    mancano:\n      - ") > 0
    path.write_text(text.replace("    mancano:\n      - ", "    mancano:\n      - cittadinanza\n      - ", 1), "utf-8")
    code, out, _ = run(capsys, "esempi", "tirocinio", "--dati", str(data))
    assert code == PROBLEMS
    assert "Per «mancano» l'esempio dice «cittadinanza; " in out


def test_a_reader_that_stops_reading_is_no_mistake() -> None:
    """As in `… | head`: nothing in English about a broken pipe, whatever is left to print."""
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    for arguments in (["check"], ["schema", "contributo-autonomia"]):
        command = [sys.executable, "-m", "engine", *arguments]
        with subprocess.Popen(
            command, cwd=ROOT, env=buffered, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout
            assert process.stderr
            process.stdout.close()
            assert process.stderr.read() == b""
        assert process.returncode == DONE


def test_help_is_italian() -> None:
    """The help, and the whole command, run as a real process."""
    done = subprocess.run(
        [sys.executable, "-m", "engine", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("uso: python -m engine")
    assert "controlla tutte le regole" in done.stdout
    assert "show this help" not in done.stdout


PRATICA = '{"eventi": [{"evento": "domanda_ricevuta", "giorno": "2026-03-02"}], "stati": ["esito_certo"]}'


def test_where_a_file_stands_in_words_and_in_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = answers(tmp_path, PRATICA)
    code, out, err = run(capsys, "procedura", "tirocinio", "--eventi", path, "--al", "10/03/2026")
    assert (code, err) == (DONE, "")
    assert "Conclusione del procedimento: in corso" in out
    assert "Ultimo giorno utile: 01/04/2026." in out
    code, out, _ = run(capsys, "procedura", "tirocinio", "--al", "10/03/2026", "--json")
    whole = json.loads(out)
    assert code == DONE
    assert [termine["stato"] for termine in whole["termini"]] == ["non_avviato", "non_avviato"]


def test_what_has_happened_may_be_wrong(capsys: pytest.CaptureFixture[str], tmp_path: Path, data: Path) -> None:
    path = answers(tmp_path, PRATICA.replace("domanda_ricevuta", "domanda"))
    code, out, err = run(capsys, "procedura", "tirocinio", "--eventi", path, "--al", "10/03/2026")
    assert (code, out) == (PROBLEMS, "")
    assert f'{path}: /eventi/0/evento: "domanda" non è un evento' in err
    assert err.endswith("Eventi da correggere: 1.\n")
    code, _, err = run(capsys, "procedura", "tirocini", "--al", "10/03/2026")
    assert (code, "Forse «tirocinio»?" in err) == (USAGE, True)
    (data / "rules" / "tirocinio" / "procedura.nt").unlink()
    code, _, err = run(capsys, "procedura", "tirocinio", "--al", "10/03/2026", "--dati", str(data))
    assert (code, err) == (USAGE, "Il servizio «tirocinio» non ha il file «rules/tirocinio/procedura.nt».\n")
