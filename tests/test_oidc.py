"""The office's own provider: a real server on this machine, what it recognises, and all that is not taken from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from fastapi.responses import JSONResponse
from httpx2 import Response
from joserfc.jwk import OctKey

from api.identity.install import first_link
from api.identity.secret import derived
from api.identity.settings import WrongSettings, read_settings
from tests.office import HTTPS, PASSWORD, Browser, Clock, Office, text
from tests.provider import KEY, OTHER, SECRET, FakeProvider, failing
from tests.serving import serving
from tests.test_identity import SAID

FILE = """
provider:
  nome: Accesso del Comune
  emittente: {issuer}
  client_id: comma
  claim:
    nome: name
    ruolo: realm_access > roles
    sportello: sportello
  ruoli:
    comma-responsabile: responsabile
    comma-operatore: operatore
    comma-revisore: revisore
  sportelli:
    SSC-1: circoscrizione_1
    SSC-2: circoscrizione_2
    chiuso: luna
"""
NAME = "Accesso del Comune"


@pytest.fixture(scope="module")
def clock() -> Clock:
    """Return the clock of the provider and of the office."""
    return Clock()


@pytest.fixture(scope="module")
def server(clock: Clock) -> Iterator[FakeProvider]:
    """Serve the provider on this machine."""
    provider = FakeProvider(lambda: clock().timestamp())
    with serving(provider.app()) as address:
        provider.issuer = address
        yield provider


@pytest.fixture
def provider(server: FakeProvider, clock: Clock) -> FakeProvider:
    """Return the provider as it is when it does not err."""
    fresh = FakeProvider(server.now)
    for name in ("claims", "header", "key", "alg", "metadata", "token_answer", "keys"):
        setattr(server, name, getattr(fresh, name))
    return server


@pytest.fixture
def office(provider: FakeProvider, clock: Clock) -> Office:
    """Return an office that has that provider."""
    return office_of(provider.issuer, clock)


def office_of(issuer: str, clock: Clock, file: str = FILE) -> Office:
    """Return an office with a provider."""
    known = read_settings(file.format(issuer=issuer))
    return Office(settings={"recognition": known, "provider_secret": SECRET}, clock=clock)


def away(browser: Browser, there: str = "/profilo") -> str:
    """Send a browser to the provider, and return where the provider sends it back."""
    out = browser.client.get("/accesso/oidc", params={"dopo": there})
    assert out.status_code == 303, text(out)
    answer = httpx2.get(out.headers["location"])
    assert answer.status_code == 302
    back = str(answer.headers["location"])
    assert back.startswith(f"{HTTPS}/accesso/oidc/ritorno?")
    return back.removeprefix(HTTPS)


def enter(office: Office) -> tuple[Browser, Response]:
    """Enter by the provider."""
    browser = office.browser()
    return browser, browser.client.get(away(browser))


def said(code: str) -> str:
    """Return a sentence about the provider."""
    return str(SAID[code]).format(provider=NAME)


def refused(office: Office, response: Response, code: str) -> None:
    """Check that somebody was not let in, and told why."""
    assert response.status_code == (503 if code == "oidc_unreachable" else 403)
    assert said(code) in text(response)
    assert "set-cookie" not in response.headers or "comma_sessione=" not in response.headers["set-cookie"]
    assert office.store.find("sessione").total == 0
    event = office.store.events()[-1].event
    assert (event.action, event.detail["motivo"]) == ("accesso_fallito", code)


def test_the_office_lets_in_with_role_and_desk(office: Office) -> None:
    browser, response = enter(office)
    assert (response.status_code, response.headers["location"]) == (303, "/profilo")
    page = text(browser.open("/profilo"))
    for shown in ("Rosa Bianchi", "r.bianchi", "Operatore di sportello", "circoscrizione I"):
        assert shown in page
    assert "Cambia la password" not in page
    assert {"utente_creato", "accesso"} <= set(office.actions())


def test_the_entrance_offers_the_provider(office: Office) -> None:
    page = text(office.browser().open("/accesso?dopo=/profilo"))
    assert f"Entra con {NAME}" in page
    assert 'href="/accesso/oidc?dopo=/profilo"' in page
    assert 'name="password"' in page
    closed = office_of("https://altro.example", office.clock, "accesso locale: no\n" + FILE.strip())
    browser = closed.browser()
    assert 'name="password"' not in browser.open("/accesso").text
    closed.account("rosa")
    browser.csrf = derived(browser.client.cookies[closed.identity.cookies.form], "csrf")
    assert browser.send("/accesso", username="rosa", password=PASSWORD).status_code == 422
    assert first_link(closed.identity) is None
    assert first_link(office.identity)


def test_what_the_provider_changes_is_changed_here(office: Office, provider: FakeProvider) -> None:
    first, _ = enter(office)
    provider.claims = {"realm_access": {"roles": ["comma-revisore"]}, "name": "Rosa Verdi"}
    second, _ = enter(office)
    page = text(second.open("/profilo"))
    assert "Rosa Verdi" in page
    assert "Revisore" in page
    assert "circoscrizione I" not in page
    assert first.open("/profilo").status_code == 303  # the role has changed: the old session is over
    assert office.store.find("utente").total == 1


def test_the_first_line_of_the_table_decides_among_several_roles(office: Office, provider: FakeProvider) -> None:
    provider.claims = {"realm_access": {"roles": ["comma-operatore", "comma-responsabile"]}}
    browser, _ = enter(office)
    assert "Responsabile del procedimento" in browser.open("/profilo").text


def test_leaving_offers_to_leave_the_provider_too(office: Office, provider: FakeProvider) -> None:
    browser, _ = enter(office)
    browser.open("/profilo")
    response = browser.send("/uscita")
    page = browser.open(response.headers["location"]).text
    assert f"Esci anche da {NAME}" in page
    assert f'href="{provider.issuer}/logout?client_id=comma&amp;post_logout_redirect_uri=https%3A%2F%2Fcomma' in page


def test_an_account_of_the_office_is_administered_there(office: Office) -> None:
    office.account("capo", "amministratore")
    capo, _ = office.browser("capo"), enter(office)
    found = next(one for one in office.store.find("utente").records if one.document["provider"])
    path = f"/amministrazione/utenti/{found.id}"
    assert "ruolo e sportello vengono da lì" in capo.open(path).text
    for action in ("assegna", "azzera"):
        assert SAID["of_provider"] in text(capo.send(path, azione=action, ruolo="revisore"))
    assert capo.send(path, azione="sospendi").status_code == 303
    _, response = enter(office)
    assert response.status_code == 403
    assert said("oidc_suspended") in text(response)


ERRS: dict[str, tuple[dict[str, Any], str]] = {
    "another nonce": ({"claims": {"nonce": "altro"}}, "oidc_nonce"),
    "no nonce": ({"claims": {"nonce": None}}, "oidc_nonce"),
    "for another service": ({"claims": {"aud": "altro"}}, "oidc_audience"),
    "for two services": ({"claims": {"aud": ["comma", "altro"]}}, "oidc_audience"),
    "for nobody": ({"claims": {"aud": None}}, "oidc_audience"),
    "from another provider": ({"claims": {"iss": "https://altro.example"}}, "oidc_audience"),
    "of nobody": ({"claims": {"sub": None}}, "oidc_audience"),
    "over": ({"claims": {"exp": 1}}, "oidc_expired"),
    "without an end": ({"claims": {"exp": None}}, "oidc_audience"),
    "from the future": ({"claims": {"iat": 4102444800}}, "oidc_audience"),
    "signed with another key": ({"key": OTHER}, "oidc_signature"),
    "signed with another key under our name": ({"key": OTHER, "header": {"kid": KEY.kid}}, "oidc_signature"),
    "signed with a secret": ({"key": OctKey.import_key(SECRET * 3), "alg": "HS256"}, "oidc_signature"),
    "without a role": ({"claims": {"realm_access": None}}, "oidc_role"),
    "with another role": ({"claims": {"realm_access": {"roles": ["direttore"]}}}, "oidc_role"),
    "with a role that is no text": ({"claims": {"realm_access": {"roles": [1, {"a": 2}]}}}, "oidc_role"),
    "without a desk": ({"claims": {"sportello": None}}, "oidc_desk"),
    "with a desk that the table has not": ({"claims": {"sportello": "SSC-99"}}, "oidc_desk"),
    "with a desk that is not there any more": ({"claims": {"sportello": "chiuso"}}, "oidc_desk"),
    "no token": ({"token_answer": JSONResponse({"access_token": "x"})}, "oidc_signature"),
    "a refusal": ({"token_answer": JSONResponse({"error": "invalid_grant"}, 400)}, "oidc_failed"),
    "a page instead of a token": ({"token_answer": failing()}, "oidc_unreachable"),
    "a list instead of a token": ({"token_answer": JSONResponse([1])}, "oidc_failed"),
}


@pytest.mark.parametrize("case", ERRS)
def test_what_is_not_taken_from_the_provider(office: Office, provider: FakeProvider, case: str) -> None:
    changes, code = ERRS[case]
    for name, value in changes.items():
        setattr(provider, name, value)
    browser, response = enter(office)
    refused(office, response, code)
    assert browser.open("/profilo").status_code == 303


def test_a_token_for_two_services_of_which_we_are_the_one_that_asked(office: Office, provider: FakeProvider) -> None:
    provider.claims = {"aud": ["comma", "altro"], "azp": "comma"}
    assert enter(office)[1].status_code == 303


def test_whoever_comes_back_must_have_gone_from_the_same_browser(office: Office) -> None:
    """Otherwise one could be made to enter as somebody else."""
    mine, theirs = office.browser(), office.browser()
    back = away(mine)
    refused(office, theirs.client.get(back), "oidc_state")
    away(theirs)
    refused(office, theirs.client.get(back), "oidc_state")
    assert mine.client.get(back).status_code == 303


def test_one_comes_back_once(office: Office) -> None:
    browser = office.browser()
    back = away(browser)
    assert browser.client.get(back).status_code == 303
    assert browser.client.get(back).status_code == 403


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("error=access_denied", "oidc_denied"),
        ("error=server_error&error_description=%3Cscript%3E", "oidc_failed"),
        ("code=inventato", "oidc_failed"),
        ("", "oidc_failed"),
        ("code=x&iss=https%3A%2F%2Faltro.example", "oidc_audience"),
    ],
)
def test_what_comes_back_without_a_good_code(office: Office, query: str, code: str) -> None:
    browser = office.browser()
    state = away(browser).rpartition("state=")[2]
    response = browser.client.get(f"/accesso/oidc/ritorno?state={state}&{query}")
    refused(office, response, code)
    assert "script" not in response.text


@pytest.mark.parametrize("query", ["", "state=", "state=x&code=y", "code=y", "error=access_denied"])
def test_what_comes_back_out_of_nowhere(office: Office, query: str) -> None:
    refused(office, office.browser().client.get(f"/accesso/oidc/ritorno?{query}"), "oidc_state")


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://altro.example"},
        {"token_endpoint": "file:///etc/passwd"},
        {"jwks_uri": None},
        {"authorization_endpoint": "http://altro.example/"},
    ],
)
def test_a_provider_that_is_not_who_it_should_be(office: Office, provider: FakeProvider, metadata: Any) -> None:
    provider.metadata = metadata
    refused(office, office.browser().client.get("/accesso/oidc"), "oidc_unreachable")


def test_a_provider_that_does_not_answer(clock: Clock) -> None:
    silent = office_of("http://127.0.0.1:9", clock)
    refused(silent, silent.browser().client.get("/accesso/oidc"), "oidc_unreachable")


def test_new_keys_of_the_provider_are_found_but_not_at_every_request(office: Office, provider: FakeProvider) -> None:
    assert enter(office)[1].status_code == 303
    asked = len(provider.asked)
    provider.key = OTHER
    provider.keys = [*provider.keys, dict(OTHER.as_dict(private=False))]
    assert enter(office)[1].status_code == 403
    assert len(provider.asked) == asked
    office.clock.on(seconds=61)
    assert enter(office)[1].status_code == 303
    assert len(provider.asked) == asked + 1


@pytest.mark.parametrize("there", ["https://altro.example", "//altro.example", "/\\altro"])
def test_one_goes_on_only_to_our_own_pages(office: Office, there: str) -> None:
    browser = office.browser()
    assert browser.client.get(away(browser, there)).headers["location"] == "/"
    name = office.identity.cookies.provider
    back = away(browser)
    secret = browser.client.cookies[name].partition(".")[0]
    browser.client.cookies.clear()
    assert browser.client.get(back, headers={"Cookie": f"{name}={secret}.%%%"}).headers["location"] == "/"


def test_without_a_provider_there_is_no_such_page() -> None:
    office = Office()
    assert office.browser().open("/accesso/oidc").status_code == 404
    assert office.browser().open("/accesso/oidc/ritorno").status_code == 404


def test_nothing_of_a_person_is_written_down(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    enter(office)
    written = caplog.text + str([one.event for one in office.store.events()])
    assert not [word for word in ("Rosa", "bianchi", "7f3a") if word in written]


# The settings file

WRONG = {
    "no provider and no passwords": ("accesso locale: no\n", "settings_missing", "provider"),
    "neither yes nor no": ("accesso locale: forse\n", "settings_value", "«forse»"),
    "a word that is not there": ("acceso locale: sì\n", "settings_unknown", "«acceso locale»"),
    "not NestedText": ("provider\n", "settings_unreadable", "riga 1"),
    "a provider that is no mapping": ("provider: sì\n", "settings_value", "«sì»"),
}
WRONG_LINES = {
    "no issuer": ("  emittente: {issuer}\n", "", "settings_missing", "«emittente»"),
    "an issuer without TLS": ("{issuer}", "http://altro.example", "settings_value", "«http://altro.example»"),
    "an issuer that is no address": ("{issuer}", "comune", "settings_value", "«comune»"),
    "no claim of the role": ("    ruolo: realm_access > roles\n", "", "settings_missing", "«ruolo»"),
    "a claim that is not there": ("    nome: name", "    cognome: x", "settings_unknown", "«cognome»"),
    "a role that is not there": (": revisore", ": direttore", "settings_value", "«direttore»"),
    "a role that is no person's": (": revisore", ": sistema", "settings_value", "«sistema»"),
    "another way to be known": ("  claim:", "  autenticazione: boh\n  claim:", "settings_value", "«boh»"),
}


@pytest.mark.parametrize("case", [*WRONG, *WRONG_LINES])
def test_a_settings_file_that_will_not_do(case: str) -> None:
    if case in WRONG:
        file, code, shown = WRONG[case]
    else:
        old, new, code, shown = WRONG_LINES[case]
        assert old in FILE
        file = FILE.replace(old, new).replace("{issuer}", "https://login.example.it")
    with pytest.raises(WrongSettings) as wrong:
        read_settings(file)
    assert wrong.value.code == code
    assert shown in str(wrong.value)


def test_a_settings_file_that_says_nothing() -> None:
    assert read_settings("accesso locale: sì\n").local
    assert read_settings("accesso locale: sì\n").provider is None
