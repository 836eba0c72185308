"""The table of rights: it names every route and no other, and every role gets from each what it says, and no more."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse
from fastapi.responses import Response as Sent
from fastapi.testclient import TestClient
from httpx2 import Response
from starlette.middleware import Middleware

from api.app import make_app
from api.desk.install import palermo_holidays
from api.desk.presentazioni import CHANNELS, Submission, present
from api.desk.procedimenti import Procedimenti
from api.identity.addresses import Addresses, addresses
from api.identity.guard import Guard, Opened
from api.identity.person import PEOPLE, ROLES, Person
from api.identity.rights import Rights, read_rights, rights
from api.identity.visitor import allowed, desks_of, require, signed_in
from api.refusal import PROBLEM_JSON
from engine.effects import step
from tests.office import HTTPS, RULES, Browser, Office, text
from tests.source import ROOT

TABLE = rights()
OWN, OTHER = "circoscrizione_1", "circoscrizione_2"
#: What makes a file of a desk and returns what stands in an address for it, by the name between braces.
#: An address with a name that is not here, or in PLAIN, fails the test: say here how to make one.
FILES: dict[str, Callable[[Office, str], str]] = {
    "pratica": lambda *whose: pratica_at(*whose),  # noqa: PLW0108  # it stands below
    "presentazione": lambda *_: "tirocinio.1",
    "pagina": lambda *_: "1",
}
#: Names in an address that belong to no desk, with something that exists.
PLAIN = {
    "servizio": "tirocinio",
    "name": "tirocinio",
    "atto": "legge-241-1990",
    "articolo": "10-bis",
    "lettera": "ricevuta",
    "token": "niente",
    "utente": "niente",
    "cliente": "niente",
}


def pratica_at(office: Office, desk: str) -> str:
    """Return a file of a desk, with a domanda presented today: the same each time that it is asked for."""
    archive, today = office.desk.archive, office.desk.today()
    _, page = archive.found(desk, "presentata")
    if page.records:
        return page.records[0].id
    who = Person("prova", "Prova", "operatore", desk)
    pratica = archive.create(who, desk, {"richiedente.nome": ("Zaira",)})
    edition = office.desk.edition
    procedimenti = Procedimenti(archive, office.rules.rulebook.procedure.get, step, palermo_holidays, office.desk.today)
    said = Submission("tirocinio", "1/2026", today, CHANNELS[0])
    present(archive, edition, who, pratica, said, procedimenti.opened)
    return pratica.id


@pytest.fixture(scope="module")
def office() -> Office:
    """Return an office with a person of every role."""
    found = Office()
    for ruolo in PEOPLE:
        found.account(ruolo.replace("_", "."), ruolo, OWN)
    return found


@pytest.fixture(scope="module")
def browsers(office: Office) -> dict[str, Browser]:
    """Return a browser for every role, and one of nobody."""
    return {"": office.browser(), **{ruolo: office.browser(ruolo.replace("_", ".")) for ruolo in PEOPLE}}


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Return every method and path of an application; HEAD is GET without the body."""
    return [(m, path) for methods, path in addresses(app.routes) for m in sorted(methods) if m != "HEAD"]


ROUTES = routes(Office().app)


def test_every_route_is_named_by_the_table() -> None:
    assert [route for route in ROUTES if TABLE.action(*route) is None] == []


def test_every_line_of_the_table_has_a_route() -> None:
    lines = [address for action in TABLE.actions.values() for address in action.addresses]
    assert sorted(set(lines) - set(ROUTES)) == []
    assert len(lines) == len(set(lines))


def test_without_identity_the_addresses_are_those_that_were() -> None:
    plain = set(routes(make_app(RULES)))
    assert plain < set(ROUTES)
    assert all(TABLE.action(*route).public for route in plain)  # type: ignore[union-attr]
    assert TestClient(make_app(RULES)).get("/accesso").status_code == 404


def filled(template: str, office: Office, sportello: str) -> str:
    """Return an address with every name in it replaced by something that exists."""
    for name, make in FILES.items():
        if f"{{{name}}}" in template:
            template = template.replace(f"{{{name}}}", make(office, sportello))
    for name, value in PLAIN.items():
        template = template.replace(f"{{{name}}}", value)
    assert "{" not in template, f"{template}: say in FILES or in PLAIN what may stand there"
    return template.replace("…", "comma.css")


def ask(browser: Browser, method: str, path: str) -> Response:
    """Make a request with nothing in it but the code of the forms."""
    if method == "GET":
        return browser.client.get(path)
    return browser.client.request(method, path, data={"csrf": browser.csrf})


def refused(response: Response, known: bool) -> bool:
    """Whether the guard, or who answers, has said no to somebody."""
    if response.headers.get("content-type") == PROBLEM_JSON:
        return response.status_code == (403 if known else 401)
    there = str(response.headers.get("location", ""))
    return response.status_code == 403 if known else there.startswith("/accesso")


ENDS = ("uscita", "password", "uscita-ovunque")  # these would end the session that the next case needs
#: Addresses that say «there is no such thing» (404) of what stands in PLAIN: nothing of that kind was made.
NOTHING_THERE = {
    "/invito/{token}",
    "/amministrazione/utenti/{utente}",
    "/amministrazione/sistemi/{cliente}",
    "/pratiche/{pratica}/procedimenti/{servizio}/spedite/{lettera}",
    *("/accesso/oidc", "/accesso/oidc/ritorno"),  # this office has accounts of its own
    "/v1/identita",
    "/italia/…",
}
CASES = [(method, path, ruolo) for method, path in ROUTES for ruolo in ("", *PEOPLE)]


@pytest.mark.parametrize(("method", "path", "ruolo"), CASES, ids=lambda value: value or "nobody")
def test_every_role_on_every_route(
    office: Office, browsers: dict[str, Browser], method: str, path: str, ruolo: str
) -> None:
    action = TABLE.action(method, path)
    assert action is not None
    browser, person = browsers[ruolo], Person("x", "X", ruolo, OWN) if ruolo else None
    if path.rpartition("/")[2] in ENDS:
        assert TABLE.may(person, action.name) is (action.public or bool(ruolo))
        return
    if not TABLE.may(person, action.name):
        assert refused(ask(browser, method, filled(path, office, OWN)), bool(ruolo))
        return
    answer = ask(browser, method, filled(path, office, OWN))
    assert not refused(answer, bool(ruolo))
    assert answer.status_code < 400 or method != "GET" or path in NOTHING_THERE
    with_file = any(f"{{{name}}}" in path for name in FILES)
    if with_file and person is not None and TABLE.desks(person, action.name) is not None:
        assert refused(ask(browser, method, filled(path, office, OTHER)), known=True)


def test_nobody_gets_personal_data_by_role() -> None:
    """What the roles are for: rules without people, logs without files, accounts without files."""
    files = [action for action in TABLE.actions.values() if any("/pratiche" in path for _, path in action.addresses)]
    assert len(files) > 10
    for action in files:
        assert not action.public | bool(action.scope)
        assert not {"cabina_di_regia", "revisore", "amministratore"} & set(action.roles), action.name
    assert {name for name in TABLE.actions if TABLE.actions[name].everywhere == {"amministratore"}} >= {"utenti"}


# A small application with files, for what the real one never does

SMALL = (
    (ROOT / "api/rights.nt").read_text("utf-8")
    + """
  leggere:
    titolo: leggere una pratica
    tutti: responsabile
    sportello: operatore
    sistema: identita
    indirizzi:
      - GET /fascicoli
      - GET /fascicoli/{fascicolo}
      - POST /fascicoli/{fascicolo}
      - GET /v1/fascicoli/{fascicolo}
  distratta:
    titolo: mostrare senza chiedere di chi è
    sportello: operatore
    indirizzi:
      - GET /distratta
  aperta:
    titolo: la pagina di tutti
    pubblica: sì
    indirizzi:
      - GET /fascicoli/nuova
"""
)
DESK_OF = {"a": OWN, "b": OTHER}


def small_app(table: Rights) -> tuple[FastAPI, Office]:
    """Return an application with two files, and the office whose accounts it has."""
    office = Office()
    app = make_app(RULES, address=HTTPS)

    async def read(request: Request) -> Sent:
        require(signed_in(), "leggere", DESK_OF[request.path_params["fascicolo"]])
        return PlainTextResponse("dati di una famiglia")

    async def listed(request: Request) -> Sent:
        desks = desks_of(signed_in(), "leggere")
        return PlainTextResponse(" ".join(name for name, desk in DESK_OF.items() if desks is None or desk in desks))

    async def shown(request: Request) -> Sent:
        return PlainTextResponse("dati di una famiglia")

    app.add_api_route("/fascicoli", listed, methods=["GET"])
    app.add_api_route("/fascicoli/{fascicolo}", read, methods=["GET", "POST"])
    app.add_api_route("/fascicoli/nuova", shown, methods=["GET"])
    app.add_api_route("/v1/fascicoli/{fascicolo}", read, methods=["GET"])
    app.add_api_route("/distratta", shown, methods=["GET"])
    app.add_api_route("/dimenticata", shown, methods=["GET"])
    gate = office.identity.gate
    gate.rights = table
    gate.system = lambda token: Person("c", "C", "sistema", scopes=frozenset({token})) if token != "no" else None
    app.add_middleware(Opened, demonstration=False)
    app.user_middleware.append(Middleware(Guard, application=app, gate=gate))
    return app, office


@pytest.fixture(scope="module")
def small() -> tuple[TestClient, Office]:
    """Return a client of the small application."""
    app, office = small_app(read_rights(SMALL))
    for ruolo in PEOPLE:
        office.account(ruolo.replace("_", "."), ruolo, OWN)
    return TestClient(app, base_url=HTTPS, follow_redirects=False), office


def session_of(office: Office, ruolo: str) -> dict[str, str]:
    """Return the cookies of somebody who has entered."""
    account = office.identity.accounts.named(ruolo.replace("_", "."))
    assert account
    return {"Cookie": f"{office.identity.gate.session_cookie}={office.identity.sessions.open(account, 'password')}"}


FILE_CASES = [
    ("operatore", "/fascicoli/a", 200),
    ("operatore", "/fascicoli/b", 403),
    ("responsabile", "/fascicoli/a", 200),
    ("responsabile", "/fascicoli/b", 200),
    *(
        (ruolo, "/fascicoli/a", 403)
        for ruolo in ("assistente_sociale", "cabina_di_regia", "revisore", "amministratore")
    ),
    ("operatore", "/dimenticata", 403),
    ("amministratore", "/dimenticata", 403),
    ("operatore", "/distratta", 500),
]


@pytest.mark.parametrize(("ruolo", "path", "status"), FILE_CASES)
def test_a_file_is_of_its_desk(small: tuple[TestClient, Office], ruolo: str, path: str, status: int) -> None:
    client, office = small
    response = client.get(path, headers=session_of(office, ruolo))
    assert response.status_code == status
    assert ("dati di una famiglia" in response.text) is (status == 200)


def test_a_route_that_the_table_does_not_name_is_refused_and_written_down(
    small: tuple[TestClient, Office], caplog: pytest.LogCaptureFixture
) -> None:
    client, _ = small
    with caplog.at_level(logging.ERROR):
        assert client.get("/dimenticata").status_code == 403
    assert "/dimenticata" in caplog.text
    assert client.get("/accesso").status_code == 404  # the small application has no such page


def test_who_forgets_to_ask_about_the_desk_shows_nothing(
    small: tuple[TestClient, Office], caplog: pytest.LogCaptureFixture
) -> None:
    client, office = small
    with caplog.at_level(logging.ERROR):
        response = client.get("/distratta", headers=session_of(office, "operatore"))
    assert response.status_code == 500
    assert "UnaskedError" in caplog.text


def test_a_list_is_of_the_own_desks(small: tuple[TestClient, Office]) -> None:
    client, office = small
    assert client.get("/fascicoli", headers=session_of(office, "operatore")).text == "a"
    assert client.get("/fascicoli", headers=session_of(office, "responsabile")).text == "a b"


def test_the_order_of_the_routes_is_that_of_the_application(small: tuple[TestClient, Office]) -> None:
    """The page of all stands after the files: the router answers with a file, and the guard asks for its rights."""
    client, _ = small
    response = client.get("/fascicoli/nuova")
    assert response.status_code == 303
    assert response.headers["location"] == "/accesso?dopo=/fascicoli/nuova"


SCOPES = [("identita", 200, ""), ("altro", 403, 'Bearer error="insufficient_scope", scope="identita"'), ("no", 401, "")]


@pytest.mark.parametrize(("token", "status", "challenge"), SCOPES)
def test_a_system_needs_the_scope(small: tuple[TestClient, Office], token: str, status: int, challenge: str) -> None:
    client, _ = small
    response = client.get("/v1/fascicoli/b", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == status
    if status != 200:
        assert response.headers["content-type"] == PROBLEM_JSON
        wanted = challenge or 'Bearer realm="comma", error="invalid_token"'
        assert response.headers["www-authenticate"] == wanted


def test_an_address_of_the_api_without_a_token_says_how_to_ask(small: tuple[TestClient, Office]) -> None:
    response = small[0].get("/v1/fascicoli/a")
    assert (response.status_code, response.headers["www-authenticate"]) == (401, 'Bearer realm="comma"')
    assert response.json()["detail"].startswith("Per questo indirizzo serve un token valido")


def test_a_form_without_a_session_goes_to_the_entrance_and_not_back(small: tuple[TestClient, Office]) -> None:
    response = small[0].post("/fascicoli/a", data={"x": "1"})
    assert (response.status_code, response.headers["location"]) == (303, "/accesso")


def test_a_refusal_is_an_event_with_ids_only(small: tuple[TestClient, Office]) -> None:
    client, office = small
    account = office.identity.accounts.named("revisore")
    assert account
    client.get("/fascicoli/a", headers=session_of(office, "revisore"))
    event = office.store.events()[-1].event
    assert (event.who, event.action, event.about) == (account.id, "diniego", "leggere")


def test_the_page_of_a_refusal_says_who_may(small: tuple[TestClient, Office]) -> None:
    client, office = small
    said = text(client.get("/fascicoli/a", headers=session_of(office, "revisore")))
    assert "Questa pagina non è fra quelle del tuo ruolo" in said
    assert (
        "Qui si può leggere una pratica. Ruoli che possono: Operatore di sportello, Responsabile del procedimento."
        in said
    )


WRONG = {
    "a role that is not there": ("tutti: responsabile\n", "tutti: responsabille\n"),
    "a scope that is not there": (
        "sistema: identita\n    indirizzi:\n      - GET /fascicoli\n",
        "sistema: x\n    indirizzi:\n      - GET /fascicoli\n",
    ),
    "a word that is not there": ("sportello: operatore\n    sistema", "sportelli: operatore\n    sistema"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_table_with_a_mistake_is_not_read(case: str) -> None:
    with pytest.raises(ValueError, match=r"leggere: \["):
        read_rights(SMALL.replace(*WRONG[case]))


def test_the_table_names_every_role() -> None:
    assert tuple(TABLE.roles) == ROLES


@pytest.mark.parametrize(
    ("person", "action", "sportello", "expected"),
    [
        (Person("1", "A", "operatore", OWN), "leggere", OWN, True),
        (Person("1", "A", "operatore", OWN), "leggere", OTHER, False),
        (Person("1", "A", "operatore", OWN, (OTHER,)), "leggere", OTHER, True),
        (Person("1", "A", "operatore"), "leggere", "", False),
        (Person("1", "A", "responsabile", OWN), "leggere", OTHER, True),
        (Person("1", "A", "revisore"), "leggere", OWN, False),
        (Person("1", "A", "sistema", scopes=frozenset({"identita"})), "leggere", OTHER, True),
        (Person("1", "A", "sistema"), "leggere", OWN, False),
        (Person("1", "A", "revisore"), "aperta", OWN, True),
    ],
)
def test_who_may_do_what_where(person: Person, action: str, sportello: str, expected: bool) -> None:
    assert read_rights(SMALL).allowed(person, action, sportello) is expected


def test_asked_outside_a_request_the_table_is_the_real_one() -> None:
    assert allowed(Person("1", "A", "amministratore"), "utenti", OWN)
    assert not allowed(Person("1", "A", "operatore", OWN), "utenti", OWN)


def test_an_address_is_found_as_the_router_would() -> None:
    found = Addresses.of(small_app(read_rights(SMALL))[0].routes, read_rights(SMALL))
    there = {path: found.find("GET", path) for path in ("/fascicoli/nuova", "/regole/parametri", "/static/a/b", "/no")}
    templates = {path: address.template if address else "" for path, address in there.items()}
    assert templates == {
        "/fascicoli/nuova": "/fascicoli/{fascicolo}",
        "/regole/parametri": "/regole/parametri",
        "/static/a/b": "/static/…",
        "/no": "",
    }
    assert found.find("POST", "/distratta") is None
    assert found.find("HEAD", "/v1/servizi") is not None
