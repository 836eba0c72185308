"""The pages, asked without a browser: starts that do not do, whatever may be sent, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.__main__ import main
from api.app import LIMIT, make_app
from api.rules import read_rules
from tests.chance import tenths
from tests.conftest import DAY, ROOT


@pytest.fixture(scope="module")
def client() -> TestClient:
    """Return a client of the application, on a day of ours."""
    return TestClient(make_app(read_rules(ROOT), lambda: DAY))


WRONG_STARTS = [
    ({"al": "31/02/2024"}, "non esiste sul calendario"),
    ({"al": "ieri"}, "non è una data"),
    ({"al": "01/01/2019"}, "la prima versione è del"),
    ({"servizi": []}, "Scegli almeno un intervento"),
    ({"servizi": ["nessuno"]}, "Scegli almeno un intervento"),
    ({"informativa": ""}, "conferma di aver letto"),
]


@pytest.mark.parametrize(("change", "message"), WRONG_STARTS)
def test_a_start_that_does_not_do(client: TestClient, change: dict[str, str], message: str) -> None:
    sent = {"al": "01/03/2024", "servizi": ["tirocinio"], "informativa": "sì", "isee": "1", "azione": "esito", **change}
    response = client.post("/verifica", data=sent)
    assert response.status_code == 422
    assert message in response.text
    assert '<input type="hidden" name="isee" value="1">' in response.text


def test_an_outcome_with_an_answer_that_cannot_be_read_goes_back_to_it(client: TestClient) -> None:
    sent = {"al": "01/03/2024", "servizi": ["tirocinio"], "informativa": "sì", "isee": "9.36", "azione": "esito"}
    response = client.post("/verifica", data=sent)
    assert response.status_code == 422
    assert "<title>Errore: Condizione economica" in response.text
    assert 'value="9.36"' in response.text


NAMES = """al servizi informativa pagina mostrate torna azione isee comune_residenza componenti.righe altro
    componenti.1.perdita_lavoro componenti.completo presa_in_carico presa_in_carico.motivazione canone_mensile"""
VALUES = """01/03/2024|tirocinio|contributo-autonomia|sì|no|1|2|avanti|indietro|indietro:riepilogo|riepilogo|esito|vai:1
    |vai:99|aggiungi:componenti|togli:componenti:1|togli:isee|aggiungi:|Palermo|9.360,00|1 2 -3 x"""


@settings(max_examples=tenths(150), suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(
        st.sampled_from(NAMES.split()),
        st.lists(
            st.one_of(
                st.sampled_from([text.strip() for text in VALUES.split("|")]),
                st.text(max_size=12),
            ),
            max_size=3,
        ),
    )
)
def test_whatever_is_sent_gets_a_page(client: TestClient, sent: dict[str, list[str]]) -> None:
    """No button, value or name that a hand may invent breaks the program."""
    response = client.post("/verifica", data=sent)
    assert response.status_code in (200, 422)
    assert "</html>" in response.text


def test_refusals(client: TestClient) -> None:
    """Unknown pages, wrong methods and bodies that are too large are answered in Italian."""
    assert client.get("/verifica?servizio=nessuno").status_code == 404
    assert "Pagina non trovata" in client.get("/altro").text
    assert client.delete("/").status_code == 405
    assert client.post("/verifica", content=b"x" * (LIMIT + 1)).status_code == 413
    head = client.get("/").headers
    assert head["cache-control"] == "no-store"
    policy = head["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "<script" not in client.get("/verifica").text


def test_the_server_refuses_rules_with_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that is not one, or with mistakes, is told before serving anything."""
    assert main(["--dati", str(tmp_path / "assente")]) == 2
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/vocabolario.nt").write_text("a\n")
    assert main(["--dati", str(tmp_path)]) == 1
    assert "Problemi trovati" in capsys.readouterr().err
