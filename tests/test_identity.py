"""Accounts, sessions and forms: who gets in, for how long, and what does not let in."""

from __future__ import annotations

import re
import threading
import time
from datetime import timedelta
from typing import Any

import nestedtext
import pytest
from argon2 import PasswordHasher

from api.identity.accounts import FREE, StandIn
from api.identity.guard import local
from api.identity.install import first_link
from api.identity.passwords import LONGEST, SHORTEST, Passwords, weakness
from api.identity.secret import digest
from engine.messages import SENTENCES
from tests.office import HTTPS, PASSWORD, Browser, Office, text, written
from tests.source import ROOT

WRONG = "una password sbagliata"
NEW = "tre lampioni e un tram"
#: Every sentence of these pages, as people read it.
SAID: Any = nestedtext.loads((ROOT / "tests/accesso.nt").read_text("utf-8"), top="dict")


@pytest.fixture
def office() -> Office:
    """Return an office with a caseworker and an administrator."""
    found = Office()
    found.account("rosa")
    found.account("capo", "amministratore")
    return found


def test_every_sentence_is_pinned() -> None:
    catalogue = {code.removeprefix("accesso."): said for code, said in SENTENCES.items() if code.startswith("accesso.")}
    numbers = {"{shortest}": str(SHORTEST), "{longest}": str(LONGEST)}
    assert {
        code: re.sub("{(short|long)est}", lambda m: numbers[m[0]], said) for code, said in catalogue.items()
    } == SAID


# Entering


def test_a_password_lets_in_and_the_pages_say_who(office: Office) -> None:
    browser = office.browser("rosa")
    said = text(browser.open("/"))
    assert "Persona rosa" in said
    assert "Operatore di sportello, Servizio Sociale di Comunità, circoscrizione I" in said
    assert 'action="/uscita"' in said


@pytest.mark.parametrize(
    ("username", "password"), [("rosa", WRONG), ("nessuno", PASSWORD), ("rosa", ""), ("", ""), ("rosa", "x" * 5000)]
)
def test_what_does_not_let_in_has_one_answer(office: Office, username: str, password: str) -> None:
    browser = office.browser()
    response = browser.enter(username, password)
    assert response.status_code == 422
    assert SAID["refused"] in text(response)
    assert "<title>Errore: Accedi" in response.text
    assert office.actions()[-1] == "accesso_fallito"
    assert browser.open("/profilo").status_code == 303
    if password:
        assert password not in response.text


def test_an_account_that_has_not_chosen_a_password_or_is_suspended_does_not_let_in(office: Office) -> None:
    accounts = office.identity.accounts
    rosa = accounts.named("rosa")
    assert rosa
    accounts.suspend("prova", rosa.id, True)
    assert office.browser().enter("rosa").status_code == 422
    accounts.suspend("prova", rosa.id, False)
    accounts.invite("prova", rosa.id)
    assert office.browser().enter("rosa").status_code == 422
    assert office.browser().enter("rosa", "").status_code == 422


def test_too_many_wrong_passwords_lock_longer_and_longer(office: Office) -> None:
    accounts = office.identity.accounts
    for _ in range(FREE):
        assert accounts.login("rosa", WRONG) is None
    assert office.actions()[-2:] == ["accesso_fallito", "account_bloccato"]
    assert accounts.login("rosa", PASSWORD) is None
    office.clock.on(seconds=31)
    assert accounts.login("rosa", WRONG) is None
    office.clock.on(seconds=31)
    assert accounts.login("rosa", PASSWORD) is None  # the wait has doubled
    office.clock.on(seconds=31)
    assert accounts.login("rosa", PASSWORD)
    assert accounts.login("rosa", WRONG) is None
    assert accounts.login("rosa", PASSWORD)  # the count began anew


def test_the_wait_is_never_longer_than_an_hour(office: Office) -> None:
    for _ in range(20):
        office.identity.accounts.login("rosa", WRONG)
        office.clock.on(hours=1, seconds=1)
    assert office.identity.accounts.login("rosa", PASSWORD)


def test_attempts_while_locked_do_not_make_it_longer(office: Office) -> None:
    for _ in range(FREE + 50):
        office.identity.accounts.login("rosa", WRONG)
    office.clock.on(seconds=31)
    assert office.identity.accounts.login("rosa", PASSWORD)


def test_attempts_at_once_are_all_counted(office: Office) -> None:
    """Forty guesses sent together are not forty guesses for the price of five."""
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(office.identity.accounts.login("rosa", WRONG))) for _ in range(40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rosa = office.identity.accounts.named("rosa")
    assert rosa
    assert found == [None] * 40
    assert rosa.failures == FREE
    assert office.identity.accounts.login("rosa", PASSWORD) is None


def test_who_does_not_exist_is_refused_in_the_same_time() -> None:
    """A hash is computed in every case: what is measured is far above what the rest takes."""
    office = Office()
    office.identity.accounts.passwords._hasher = PasswordHasher(time_cost=2, memory_cost=8192, parallelism=1)
    office.identity.accounts.passwords._decoy = office.identity.accounts.passwords.hash("altro")
    office.account("rosa")

    def seconds(username: str) -> float:
        found = []
        for _ in range(7):
            start = time.perf_counter()
            assert office.identity.accounts.login(username, WRONG) is None
            found.append(time.perf_counter() - start)
        return min(found)

    exists, absent, locked = seconds("rosa"), seconds("nessuno"), seconds("rosa")
    assert 0.5 < absent / exists < 2
    assert 0.5 < locked / exists < 2


def test_too_many_attempts_from_one_place_wait(office: Office) -> None:
    browser = office.browser()
    browser.open("/accesso")
    answers = [browser.send("/accesso", username="x", password="y") for _ in range(61)]  # noqa: S106
    assert [answer.status_code for answer in answers] == [422] * 60 + [429]
    assert int(answers[-1].headers["retry-after"]) <= 60


PASSWORDS = {
    "corta": "too_short",
    "x" * 129: "too_long",
    "rosa.bianchi va al mare": "has_username",
    "ROSA.BIANCHI2026": "has_username",
    "password1234!": "too_common",
    "Palermo2026!!": "too_common",
    "123456789012": "too_common",
    "aaaaaaaaaaaaaaa": "too_common",
    "abababababab": "too_common",
    "quattro gatti sul divano": "",
    "x" * 60 + "yz!": "",
    "àèìòù perché però": "",
    "             a": "too_common",
}


@pytest.mark.parametrize("password", PASSWORDS)
def test_which_passwords_may_be_chosen(password: str) -> None:
    assert weakness(password, "rosa.bianchi") == PASSWORDS[password]


def test_a_password_is_kept_as_argon2id_and_known_from_every_keyboard() -> None:
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    hashed = passwords.hash("perché no, perché sì")
    assert hashed.startswith("$argon2id$")
    assert passwords.match(hashed, "perche\u0301 no, perche\u0301 sì")
    assert not passwords.match(hashed, "perche no, perche si")
    assert not passwords.match("", "perché no, perché sì")
    assert not passwords.match("rotto", "perché no, perché sì")


# Sessions


def test_a_session_ends_when_nobody_uses_it(office: Office) -> None:
    browser = office.browser("rosa")
    office.clock.on(minutes=29)
    assert browser.open("/profilo").status_code == 200
    office.clock.on(minutes=29)
    assert browser.open("/profilo").status_code == 200
    office.clock.on(minutes=31)
    response = browser.open("/profilo")
    assert (response.status_code, response.headers["location"]) == (303, "/accesso?dopo=/profilo")


def test_a_session_ends_after_ten_hours_whatever_one_does(office: Office) -> None:
    browser = office.browser("rosa")
    for _ in range(29):
        office.clock.on(minutes=20)
        assert browser.open("/profilo").status_code == 200
    office.clock.on(minutes=21)
    assert browser.open("/profilo").status_code == 303


def test_many_requests_are_one_write(office: Office) -> None:
    browser = office.browser("rosa")
    office.clock.on(minutes=2)
    for _ in range(5):
        browser.open("/profilo")
    session = office.store.find("sessione").records[0]
    assert session.revision == 2


def test_only_the_hash_of_what_the_cookie_holds_is_kept(office: Office) -> None:
    browser = office.browser("rosa")
    secret = browser.client.cookies[office.identity.gate.session_cookie]
    assert secret not in written(office.store)
    assert office.store.get("sessione", digest(secret))


def test_the_cookie_is_closed(office: Office) -> None:
    browser = office.browser()
    browser.open("/accesso")
    response = browser.send("/accesso", username="rosa", password=PASSWORD)
    given = [value for name, value in response.headers.multi_items() if name == "set-cookie"]
    session = next(value for value in given if value.startswith("__Host-comma_sessione="))
    parts = {part.strip().lower() for part in session.split(";")[1:]}
    assert parts == {"httponly", "path=/", "samesite=lax", "secure"}
    plain = Office("http://localhost:8000")
    plain.account("rosa")
    assert "comma_sessione" in plain.browser("rosa").client.cookies


def test_leaving_ends_the_session_of_this_browser_only(office: Office) -> None:
    one, two = office.browser("rosa"), office.browser("rosa")
    cookie = one.client.cookies[office.identity.gate.session_cookie]
    response = one.send("/uscita")
    assert (response.status_code, response.headers["location"]) == (303, "/accesso?uscita=1")
    assert SAID["left"] in text(one.open("/accesso?uscita=1"))
    one.client.cookies.set(office.identity.gate.session_cookie, cookie)
    assert one.open("/profilo").status_code == 303
    assert two.open("/profilo").status_code == 200
    assert office.actions().count("uscita") == 1


def test_leaving_everywhere_ends_them_all(office: Office) -> None:
    one, two = office.browser("rosa"), office.browser("rosa")
    assert one.send("/profilo/uscita-ovunque").status_code == 303
    assert one.open("/profilo").status_code == two.open("/profilo").status_code == 303
    assert "uscita_ovunque" in office.actions()


def test_entering_again_gives_a_new_secret_and_ends_the_old_one(office: Office) -> None:
    browser = office.browser("rosa")
    old = browser.client.cookies[office.identity.gate.session_cookie]
    browser.open("/profilo")
    browser.send("/accesso", username="rosa", password=PASSWORD)
    assert browser.client.cookies[office.identity.gate.session_cookie] != old
    assert office.store.get("sessione", digest(old)) is None


@pytest.mark.parametrize("change", ["suspend", "assign", "invite", "set_password"])
def test_a_change_of_the_account_ends_its_sessions(office: Office, change: str) -> None:
    browser, accounts = office.browser("rosa"), office.identity.accounts
    rosa = accounts.named("rosa")
    assert rosa
    arguments: dict[str, tuple[Any, ...]] = {
        "suspend": ("prova", rosa.id, True),
        "assign": ("prova", rosa.id, "revisore", ""),
        "invite": ("prova", rosa.id),
        "set_password": (rosa.id, NEW),
    }
    getattr(accounts, change)(*arguments[change])
    assert browser.open("/profilo").status_code == 303


@pytest.mark.parametrize("cookie", ["", "niente", "è" * 10, "x" * 3000, '"; a=b'])
def test_a_cookie_of_nobody_is_nobody(office: Office, cookie: str) -> None:
    headers = {"Cookie": f"__Host-comma_sessione={cookie}".encode("latin-1", "replace")}
    browser = Browser(office.browser().client)
    assert browser.client.get("/profilo", headers=headers).status_code == 303  # type: ignore[arg-type]
    assert browser.client.get("/", headers=headers).status_code == 200  # type: ignore[arg-type]


def test_old_sessions_are_thrown_away(office: Office) -> None:
    office.browser("rosa")
    office.clock.on(hours=11)
    office.browser("rosa")
    assert office.store.find("sessione").total == 1


# Forms


FORMS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "without its code": ({"csrf": ""}, {}),
    "with a code that was made up": ({"csrf": "0" * 64}, {}),
    "with a code in other letters": ({"csrf": "è"}, {}),
    "from another site": ({}, {"Sec-Fetch-Site": "cross-site", "Origin": "https://altro.example"}),
    "from a sister site": ({}, {"Sec-Fetch-Site": "same-site"}),
    "from another origin": ({}, {"Origin": "https://altro.example"}),
}


@pytest.mark.parametrize("path", ["/profilo/uscita-ovunque", "/uscita", "/accesso", "/verifica"])
@pytest.mark.parametrize("case", FORMS)
def test_a_form_that_is_not_ours_does_nothing(office: Office, path: str, case: str) -> None:
    browser = office.browser("rosa")
    typed, headers = FORMS[case]
    response = browser.send(path, headers, **typed)
    assert response.status_code == 403
    assert "Pagina aperta da troppo tempo" in response.text
    assert browser.open("/profilo").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Sec-Fetch-Site": "same-origin", "Origin": HTTPS},
        {"Origin": "null"},
    ],
)
def test_a_form_that_is_ours_is_taken(office: Office, headers: dict[str, str]) -> None:
    browser = office.browser("rosa")
    assert browser.send("/profilo/uscita-ovunque", headers).status_code == 303


def test_a_script_of_ours_may_send_the_code_in_a_header(office: Office) -> None:
    browser = office.browser("rosa")
    assert browser.client.post("/verifica", json={}, headers={"X-CSRF-Token": browser.csrf}).status_code != 403
    assert browser.client.post("/verifica", json={}, headers={"X-CSRF-Token": "altro"}).status_code == 403


def test_the_form_to_enter_is_bound_to_the_browser(office: Office) -> None:
    """Otherwise somebody could make another person enter with an account that is not theirs."""
    mine, theirs = office.browser(), office.browser()
    mine.open("/accesso")
    theirs.open("/accesso")
    stolen = Browser(theirs.client, mine.csrf)
    assert stolen.send("/accesso", username="rosa", password=PASSWORD).status_code == 403
    bare = office.browser()
    assert bare.client.post("/accesso", data={"username": "rosa", "password": PASSWORD, "csrf": ""}).status_code == 403


def test_the_code_of_a_session_is_not_that_of_another(office: Office) -> None:
    one, two = office.browser("rosa"), office.browser("rosa")
    assert one.csrf != two.csrf
    assert Browser(two.client, one.csrf).send("/profilo/uscita-ovunque").status_code == 403


def test_the_pages_without_an_account_ask_for_no_code(office: Office) -> None:
    browser = office.browser()
    assert browser.client.post("/verifica", data={}).status_code == 422  # the informativa has not been read
    assert not browser.client.cookies


def test_the_verification_goes_on_for_who_has_entered(office: Office) -> None:
    browser = office.browser("rosa")
    browser.open("/verifica")
    response = browser.send("/verifica", informativa="sì", al="01/03/2026", servizi="tirocinio", azione="avanti")
    assert response.status_code == 200
    assert "In quale comune" in response.text


# Where one goes after having entered

LOCAL = {
    "/profilo": "/profilo",
    "/pratiche/1?x=2&y=3": "/pratiche/1?x=2&y=3",
    "//altro.example": "/",
    "https://altro.example": "/",
    "/\\altro.example": "/",
    "\\\\altro.example": "/",
    "/\t/altro.example": "/",
    "/ok\r\nSet-Cookie: a=b": "/",
    "javascript:alert(1)": "/",
    "": "/",
    "profilo": "/",
    "/perché": "/",
}


@pytest.mark.parametrize("asked", LOCAL)
def test_one_goes_on_only_to_our_own_pages(office: Office, asked: str) -> None:
    assert local(asked) == LOCAL[asked]
    browser = office.browser()
    browser.open("/accesso")
    response = browser.send("/accesso", username="rosa", password=PASSWORD, dopo=asked)
    assert response.headers["location"] == LOCAL[asked]
    again = browser.client.get("/accesso", params={"dopo": asked})
    assert again.headers["location"] == LOCAL[asked]


def test_the_entrance_remembers_where_one_was_going(office: Office) -> None:
    browser = office.browser()
    response = browser.client.get("/amministrazione/utenti?da=x%26y")
    there = response.headers["location"]
    assert there == "/accesso?dopo=/amministrazione/utenti%3Fda%3Dx%2526y"
    page = browser.open(there)
    kept = re.search(r'name="dopo" value="([^"]*)"', page.text)
    assert kept
    assert kept[1] == "/amministrazione/utenti?da=x%26y"


# The first administrator, invitations


def test_the_first_start_gives_one_link_until_somebody_has_used_it() -> None:
    office = Office()
    first, second = first_link(office.identity), first_link(office.identity)
    assert first
    assert second
    assert first != second
    browser = office.browser()
    assert browser.open(first.removeprefix(HTTPS)).status_code == 404
    path = second.removeprefix(HTTPS)
    assert "amministratore" in browser.open(path).text
    response = browser.send(path, nuova=NEW, ripetuta=NEW)
    assert response.status_code == 303
    assert browser.open("/amministrazione/utenti").status_code == 200
    assert first_link(office.identity) is None
    assert browser.open(path).status_code == 404
    assert office.browser().enter("amministratore", NEW).status_code == 303


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({"nuova": "corta", "ripetuta": "corta"}, "too_short"),
        ({}, "too_short"),
        ({"nuova": NEW, "ripetuta": NEW + "!"}, "not_repeated"),
        ({"nuova": NEW}, "not_repeated"),
        ({"nuova": "nuovo.arrivato 1", "ripetuta": "nuovo.arrivato 1"}, "has_username"),
        ({"nuova": "x" * 129, "ripetuta": "x" * 129}, "too_long"),
        ({"nuova": "benvenuto2026!", "ripetuta": "benvenuto2026!"}, "too_common"),
    ],
)
def test_a_password_that_will_not_do_is_explained(office: Office, typed: dict[str, str], code: str) -> None:
    path = invitation(office, office.browser("capo"))
    browser = office.browser()
    browser.open(path)
    response = browser.send(path, **typed)
    assert response.status_code == 422
    assert SAID[code] in text(response)
    assert all(f'value="{value}"' not in response.text for value in typed.values())
    assert browser.send(path, nuova=NEW, ripetuta=NEW).status_code == 303


def invitation(office: Office, capo: Browser, **typed: str) -> str:
    """Create an account in the pages and return the path of its invitation."""
    capo.open("/amministrazione/utenti/nuovo")
    given = {"username": "nuovo.arrivato", "nome": "Nuovo Arrivato", "ruolo": "operatore", "sportello": "monreale"}
    response = capo.send("/amministrazione/utenti", **{**given, **typed})
    found = re.search(r"https://comma\.example\.it(/invito/[\w-]{43})", response.text)
    assert found, text(response)
    return found[1]


def test_an_invitation_lasts_three_days(office: Office) -> None:
    path = invitation(office, office.browser("capo"))
    office.clock.on(days=3, seconds=-1)
    assert office.browser().open(path).status_code == 200
    office.clock.on(seconds=1)
    response = office.browser().open(path)
    assert response.status_code == 404
    assert "Questo collegamento non vale più" in response.text
    browser = office.browser()
    browser.open("/accesso")
    assert browser.send(path, nuova=NEW, ripetuta=NEW).status_code == 404


# What administrators do


def account_page(office: Office, username: str) -> str:
    """Return the address of the page of an account."""
    account = office.identity.accounts.named(username)
    assert account
    return f"/amministrazione/utenti/{account.id}"


def test_an_administrator_creates_and_the_person_chooses_the_password(office: Office) -> None:
    capo = office.browser("capo")
    path = invitation(office, capo)
    listed = text(capo.open("/amministrazione/utenti"))
    assert "Nuovo Arrivato" in listed
    assert "invitato" in listed
    browser = office.browser()
    browser.open(path)
    browser.send(path, nuova=NEW, ripetuta=NEW)
    assert "Sportello di Monreale" in browser.open("/profilo").text
    assert "invitato" not in capo.open("/amministrazione/utenti").text


WRONG_ACCOUNTS = [
    ({"username": "Rosa Bianchi"}, "username"),
    ({"username": "x"}, "username"),
    ({"username": "<script>"}, "username"),
    ({"username": ""}, "username"),
    ({"username": "rosa"}, "username_taken"),
    ({"username": "ROSA"}, "username_taken"),
    ({"nome": " "}, "no_name"),
    ({"nome": "x" * 81}, "no_name"),
    ({"ruolo": ""}, "no_role"),
    ({"ruolo": "sistema"}, "no_role"),
    ({"ruolo": "capo"}, "no_role"),
    ({"sportello": ""}, "no_desk"),
    ({"sportello": "luna"}, "no_desk"),
    ({"ruolo": "revisore"}, "desk_not_needed"),
]


@pytest.mark.parametrize(("typed", "code"), WRONG_ACCOUNTS)
def test_an_account_that_will_not_do_is_explained(office: Office, typed: dict[str, str], code: str) -> None:
    capo = office.browser("capo")
    capo.open("/amministrazione/utenti/nuovo")
    given = {"username": "nuovo", "nome": "Nuovo", "ruolo": "operatore", "sportello": "monreale"}
    response = capo.send("/amministrazione/utenti", **{**given, **typed})
    assert response.status_code == 422
    assert text(response).count(SAID[code]) == 2  # at the top and beside the field
    assert office.store.find("utente").total == 2


def test_suspension_takes_effect_at_the_next_request(office: Office) -> None:
    capo, rosa, path = office.browser("capo"), office.browser("rosa"), account_page(office, "rosa")
    assert capo.send(path, azione="sospendi").status_code == 303
    assert rosa.open("/profilo").status_code == 303
    assert office.browser().enter("rosa").status_code == 422
    assert "Sospeso" in capo.open(path).text
    capo.send(path, azione="riattiva")
    assert office.browser().enter("rosa").status_code == 303
    assert [a for a in office.actions() if a.startswith("utente_")][-2:] == ["utente_sospeso", "utente_riattivato"]


def test_role_and_desk_change(office: Office) -> None:
    capo, path = office.browser("capo"), account_page(office, "rosa")
    assert capo.send(path, azione="assegna", ruolo="responsabile", sportello="villabate").status_code == 303
    assert "Sportello di Villabate" in office.browser("rosa").open("/profilo").text
    response = capo.send(path, azione="assegna", ruolo="revisore", sportello="villabate")
    assert response.status_code == 422
    assert SAID["desk_not_needed"] in text(response)


def test_a_password_is_taken_away_and_chosen_again(office: Office) -> None:
    capo, path = office.browser("capo"), account_page(office, "rosa")
    response = capo.send(path, azione="azzera")
    found = re.search(r"/invito/[\w-]{43}", response.text)
    assert found
    assert office.browser().enter("rosa").status_code == 422
    rosa = office.browser()
    rosa.open(found[0])
    assert rosa.send(found[0], nuova=NEW, ripetuta=NEW).status_code == 303
    assert office.browser().enter("rosa", NEW).status_code == 303


@pytest.mark.parametrize("action", ["assegna", "sospendi", "azzera"])
def test_nobody_takes_away_their_own_administration(office: Office, action: str) -> None:
    capo = office.browser("capo")
    response = capo.send(account_page(office, "capo"), azione=action, ruolo="revisore")
    assert response.status_code == 422
    assert SAID["oneself"] in text(response)
    assert capo.open("/amministrazione/utenti").status_code == 200


def test_an_account_that_is_not_there(office: Office) -> None:
    capo = office.browser("capo")
    assert capo.open("/amministrazione/utenti/niente").status_code == 404
    assert capo.send("/amministrazione/utenti/niente", azione="sospendi").status_code == 404
    assert capo.send(account_page(office, "rosa"), azione="niente").status_code == 303


def test_many_accounts_are_listed_some_at_a_time(office: Office) -> None:
    for number in range(60):
        office.account(f"u{number:02}")
    capo = office.browser("capo")
    first = capo.open("/amministrazione/utenti")
    more = re.search(r'href="(/amministrazione/utenti\?da=[^"]+)"', first.text)
    assert more
    second = capo.open(more[1])
    seen = re.findall(r"Persona (u\d\d)", first.text + second.text)
    assert seen == [f"u{number:02}" for number in range(60)]


# Standing in for a colleague


def test_who_stands_in_has_the_desk_for_those_days_only(office: Office) -> None:
    office.account("ugo", sportello="villabate")
    capo, path = office.browser("capo"), account_page(office, "rosa")
    ugo, rosa = office.identity.accounts.named("ugo"), office.identity.accounts.named("rosa")
    assert ugo
    assert rosa
    assert capo.send(path, azione="supplenza", collega=ugo.id, dal="24/11/2026", al="25/11/2026").status_code == 303
    desks = {}
    for day in range(23, 27):
        browser = office.browser("rosa")
        desks[day] = "Sportello di Villabate" in browser.open("/profilo").text
        office.clock.on(days=1)
    assert desks == {23: False, 24: True, 25: True, 26: False}
    event = next(one.event for one in office.store.events() if one.event.action == "supplenza_data")
    assert (event.about, event.detail["al_posto_di"]) == (rosa.id, ugo.id)


def test_standing_in_ends_when_it_is_taken_away(office: Office) -> None:
    office.account("ugo", sportello="villabate")
    accounts = office.identity.accounts
    rosa, ugo = accounts.named("rosa"), accounts.named("ugo")
    assert rosa
    assert ugo
    accounts.stand_in("prova", rosa.id, StandIn("s1", ugo.id, "2026-11-01", "2026-12-31"))
    capo = office.browser("capo")
    assert "dal 01/11/2026 al 31/12/2026" in capo.open(account_page(office, "rosa")).text
    capo.send(account_page(office, "rosa"), azione="togli:s1")
    capo.send(account_page(office, "rosa"), azione="togli:s1")
    found = accounts.named("rosa")
    assert found
    assert accounts.person(found, "2026-11-23").desks == ("circoscrizione_1",)
    assert office.actions().count("supplenza_tolta") == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"collega": ""}, SAID["no_colleague"]),
        ({"collega": "capo"}, SAID["no_colleague"]),
        ({"collega": "rosa"}, SAID["no_colleague"]),
        ({"dal": "31/02/2026"}, "Il giorno «31/02/2026» non esiste sul calendario."),
        ({"al": "23/11/2026"}, SAID["ends_before"]),
    ],
)
def test_standing_in_that_will_not_do_is_explained(office: Office, typed: dict[str, str], said: str) -> None:
    office.account("ugo", sportello="villabate")
    ids = {name: account.id for name in ("ugo", "capo", "rosa") if (account := office.identity.accounts.named(name))}
    given = {"azione": "supplenza", "collega": "ugo", "dal": "24/11/2026", "al": "25/11/2026", **typed}
    given["collega"] = ids.get(given["collega"], given["collega"])
    response = office.browser("capo").send(account_page(office, "rosa"), **given)
    assert response.status_code == 422
    assert said in text(response)


# One's own password


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({"attuale": WRONG, "nuova": NEW, "ripetuta": NEW}, "wrong_password"),
        ({"nuova": NEW, "ripetuta": NEW}, "wrong_password"),
        ({"attuale": PASSWORD, "nuova": PASSWORD, "ripetuta": PASSWORD}, "same_password"),
        ({"attuale": PASSWORD, "nuova": "corta", "ripetuta": "corta"}, "too_short"),
        ({"attuale": PASSWORD, "nuova": NEW, "ripetuta": ""}, "not_repeated"),
    ],
)
def test_a_change_of_password_that_will_not_do(office: Office, typed: dict[str, str], code: str) -> None:
    rosa = office.browser("rosa")
    response = rosa.send("/profilo/password", **typed)
    assert response.status_code == 422
    assert SAID[code] in text(response)
    assert rosa.open("/profilo").status_code == 200


def test_a_change_of_password_ends_the_other_sessions(office: Office) -> None:
    rosa, other = office.browser("rosa"), office.browser("rosa")
    response = rosa.send("/profilo/password", attuale=PASSWORD, nuova=NEW, ripetuta=NEW)
    assert response.headers["location"] == "/profilo?cambiata=1"
    assert SAID["password_changed"] in text(rosa.open("/profilo?cambiata=1"))
    assert other.open("/profilo").status_code == 303
    assert office.browser().enter("rosa").status_code == 422
    assert office.browser().enter("rosa", NEW).status_code == 303


# What is written down


def test_everything_is_an_event_and_events_hold_ids_only(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    capo = office.browser("capo")
    invitation(office, capo)
    capo.send(account_page(office, "rosa"), azione="assegna", ruolo="responsabile", sportello="monreale")
    office.browser().enter("rosa", WRONG)
    office.browser().enter("Rosalia Bianchi", WRONG)
    capo.send("/uscita")
    written = str([one.event for one in office.store.events()])
    assert {"utente_creato", "utente_assegnato", "accesso", "accesso_fallito", "uscita"} <= set(office.actions())
    for personal in ("rosa", "capo", "Persona", "nuovo", "Nuovo", "Rosalia", WRONG, "argon2"):
        assert personal not in written
        assert personal not in caplog.text


def test_a_page_kept_ready_is_not_that_of_somebody_else(office: Office) -> None:
    """The pages of the rules are kept once made: never with the name of who asked for them first."""
    rosa, nobody = office.browser("rosa"), office.browser()
    for _ in range(2):
        assert "Persona rosa" in rosa.open("/regole/tirocinio").text
        said = nobody.open("/regole/tirocinio").text
        assert "Persona rosa" not in said
        assert 'name="csrf"' not in said
        assert "Persona capo" in office.browser("capo").open("/regole/tirocinio").text


def test_a_demonstration_says_so_on_every_page() -> None:
    office = Office(settings={"demonstration": True})
    office.account("rosa")
    browser = office.browser("rosa")
    for path in ("/", "/verifica", "/profilo", "/regole/tirocinio", "/niente", "/amministrazione/utenti"):
        assert "DIMOSTRAZIONE" in browser.open(path).text
    assert "DIMOSTRAZIONE" in browser.client.post("/verifica", content=b"x" * 300_000).text
    assert "DIMOSTRAZIONE" not in Office().browser().open("/").text


def test_the_hot_path_is_not_slower() -> None:
    """What the guard adds to an address of the public API is a look in a dictionary."""
    office, times = Office("http://localhost:8000"), {}
    scope = {"type": "http", "method": "POST", "path": "/v1/valutazioni", "headers": [], "query_string": b""}
    found = office.app.user_middleware[-1]

    async def answer(*arguments: object) -> None:
        """Do nothing, at once."""

    guard: Any = found.cls(answer, *found.args, **found.kwargs)

    def drive(call: Any) -> float:
        start = time.perf_counter()
        for _ in range(2000):
            coroutine = call(scope, None, None)
            with pytest.raises(StopIteration):
                coroutine.send(None)
        return time.perf_counter() - start

    drive(guard)
    times = {name: min(drive(call) for _ in range(5)) / 2000 for name, call in (("with", guard), ("without", answer))}
    assert times["with"] - times["without"] < timedelta(microseconds=30).total_seconds()
