"""Other systems: how they get a token, what it lets them do, and what gets none."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import quote_plus

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from api.app import make_app
from api.identity.oauth import JWT_BEARER, REFUSED
from api.identity.rights import rights
from api.identity.systems import Client, import_key
from api.refusal import PROBLEM_JSON
from engine.messages import SENTENCES
from tests.modi import ERRORS, WARNINGS
from tests.office import HTTPS, RULES, Office, text, written
from tests.test_identity import SAID as PAGES

SAID = {
    "invalid_request": "La richiesta non si legge: serve un modulo (application/x-www-form-urlencoded) con grant_type, "
    "ogni nome una volta sola, e un solo modo di farsi riconoscere.",
    "invalid_client": "Il sistema non si riconosce: controllare client_id e segreto, o la firma dell'asserzione. Se "
    "sono giusti, il sistema potrebbe essere sospeso.",
    "invalid_scope": "Fra gli ambiti chiesti ce n'era uno che questo sistema non ha.",
    "unsupported_grant_type": "Qui si ottiene un token solo con grant_type=client_credentials.",
}
GRANT = {"grant_type": "client_credentials"}
KEY = ECKey.generate_key("P-256", auto_kid=True)
OTHER_KEY = ECKey.generate_key("P-256", auto_kid=True)
PUBLIC = json.dumps(KEY.as_dict(private=False))


@pytest.fixture
def office() -> Office:
    """Return an office."""
    return Office()


@pytest.fixture
def client(office: Office) -> TestClient:
    """Return a client that is no browser."""
    return TestClient(office.app, base_url=HTTPS)


def system(office: Office, key: str = "") -> tuple[Client, str]:
    """Let a system ask."""
    return office.identity.systems.create("prova", "Portale", ("identita",), key)


def ask(client: TestClient, typed: dict[str, str], headers: dict[str, str] | None = None) -> Response:
    """Ask for a token."""
    return client.post("/oauth/token", data=typed, headers=headers)


def basic(name: str, secret: str) -> dict[str, str]:
    """Return the header of a name and a secret."""
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def bearer(token: str) -> dict[str, str]:
    """Return the header of a token."""
    return {"Authorization": f"Bearer {token}"}


def token_of(client: TestClient, found: Client, secret: str) -> str:
    """Return a token for a system."""
    response = ask(client, GRANT, basic(found.id, secret))
    assert response.status_code == 200, response.text
    return str(response.json()["access_token"])


def denied(response: Response, kind: str) -> None:
    """Check that a token was refused as RFC 6749 says."""
    assert response.status_code == REFUSED[kind]
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == {"error": kind, "error_description": SAID[kind]}
    assert ("www-authenticate" in response.headers) is (kind == "invalid_client")


def test_every_sentence_is_pinned_and_as_the_standard_allows() -> None:
    found = {code.removeprefix("oauth."): said for code, said in SENTENCES.items() if code.startswith("oauth.")}
    assert found == SAID
    assert SAID.keys() == REFUSED.keys()
    assert all(re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", said) for said in SAID.values())


@pytest.mark.parametrize("method", ["basic", "post"])
def test_a_secret_gets_a_token_and_the_token_says_who_asks(office: Office, client: TestClient, method: str) -> None:
    found, secret = system(office)
    posted = {"client_id": found.id, "client_secret": secret} if method == "post" else {}
    response = ask(client, {**GRANT, **posted}, basic(found.id, quote_plus(secret)) if not posted else None)
    answer = response.json()
    assert (answer["token_type"], answer["expires_in"], answer["scope"]) == ("Bearer", 600, "identita")
    assert response.headers["cache-control"] == "no-store"
    assert "x-ratelimit-limit" in response.headers
    asked = client.get("/v1/identita", headers=bearer(answer["access_token"]))
    assert asked.json() == {"cliente": found.id, "nome": "Portale", "ambiti": ["identita"]}
    assert office.actions()[-1] == "token_dato"


def test_a_token_is_verified_with_what_is_published(office: Office, client: TestClient) -> None:
    token = token_of(client, *system(office))
    metadata = client.get("/.well-known/oauth-authorization-server").json()
    assert metadata["issuer"] == HTTPS
    keys: Any = client.get(metadata["jwks_uri"].removeprefix(HTTPS)).json()
    assert not {"d", "p", "q"} & {name for key in keys["keys"] for name in key}
    read = jwt.decode(token, KeySet.import_key_set(keys), ["ES256"])
    assert (read.header["typ"], read.claims["iss"], read.claims["aud"]) == ("at+jwt", HTTPS, HTTPS)
    assert read.claims["exp"] - read.claims["iat"] == 600


def test_the_private_key_is_closed_in_the_store(office: Office, client: TestClient) -> None:
    token_of(client, *system(office))
    record = office.store.find("chiave-firma").records[0]
    assert '"d"' not in str(record.document)
    assert b'"d"' not in base64.b64decode(record.document["privata"])


WRONG: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    "another secret": (GRANT, basic("ID", "altro"), "invalid_client"),
    "no secret": (GRANT, basic("ID", ""), "invalid_client"),
    "nobody": (GRANT, basic("nessuno", "SECRET"), "invalid_client"),
    "nothing at all": (GRANT, {}, "invalid_client"),
    "a name alone": ({**GRANT, "client_id": "ID"}, {}, "invalid_client"),
    "not base64": (GRANT, {"Authorization": "Basic $$$"}, "invalid_client"),
    "not text": (GRANT, {"Authorization": "Basic /w=="}, "invalid_client"),
    "another scheme": (GRANT, {"Authorization": "Digest SUQ6"}, "invalid_client"),
    "another name in the body": ({**GRANT, "client_id": "altro"}, basic("ID", "SECRET"), "invalid_client"),
    "two ways at once": ({**GRANT, "client_secret": "SECRET"}, basic("ID", "SECRET"), "invalid_request"),
    "no grant": ({}, basic("ID", "SECRET"), "invalid_request"),
    "another grant": ({"grant_type": "password"}, basic("ID", "SECRET"), "unsupported_grant_type"),
    "another scope": ({**GRANT, "scope": "identita pratiche"}, basic("ID", "SECRET"), "invalid_scope"),
    "an assertion of another kind": ({**GRANT, "client_assertion": "x"}, {}, "invalid_request"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_gets_no_token(office: Office, client: TestClient, case: str) -> None:
    found, secret = system(office)
    typed, headers, kind = WRONG[case]

    def real(text: str) -> str:
        return text.replace("SECRET", secret).replace("ID", found.id)

    if headers.get("Authorization", "").startswith("Basic ") and case not in ("not base64", "not text"):
        name, _, given = base64.b64decode(headers["Authorization"][6:]).decode().partition(":")
        headers = basic(real(name), real(given))
    denied(ask(client, {name: real(value) for name, value in typed.items()}, headers), kind)
    event = office.store.events()[-1].event
    assert event.action == "token_rifiutato"
    assert secret not in str(event)


def test_what_is_no_form_gets_no_token(office: Office, client: TestClient) -> None:
    found, secret = system(office)
    headers = basic(found.id, secret)
    denied(client.post("/oauth/token", json=GRANT, headers=headers), "invalid_request")
    twice = "grant_type=client_credentials&scope=identita&scope=identita"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    denied(client.post("/oauth/token", content=twice, headers={**headers, **kind}), "invalid_request")
    assert client.get("/oauth/token").status_code == 405
    assert client.get("/oauth/token").headers["content-type"] == PROBLEM_JSON


# Tokens


def test_a_token_ends(office: Office, client: TestClient) -> None:
    token = token_of(client, *system(office))
    office.clock.on(minutes=10, seconds=29)
    assert client.get("/v1/identita", headers=bearer(token)).status_code == 200
    office.clock.on(seconds=2)
    response = client.get("/v1/identita", headers=bearer(token))
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="comma", error="invalid_token"'
    assert response.headers["content-type"] == PROBLEM_JSON


def test_a_suspended_system_has_no_token_any_more(office: Office, client: TestClient) -> None:
    found, secret = system(office)
    token = token_of(client, found, secret)
    office.identity.systems.suspend("prova", found.id, True)
    assert client.get("/v1/identita", headers=bearer(token)).status_code == 401
    denied(ask(client, GRANT, basic(found.id, secret)), "invalid_client")
    office.identity.systems.suspend("prova", found.id, False)
    assert client.get("/v1/identita", headers=bearer(token)).status_code == 200


def test_a_new_secret_ends_the_old_one(office: Office, client: TestClient) -> None:
    found, secret = system(office)
    fresh = office.identity.systems.renew("prova", found.id)
    denied(ask(client, GRANT, basic(found.id, secret)), "invalid_client")
    assert token_of(client, found, fresh)
    assert fresh not in written(office.store)


def forged(office: Office, header: dict[str, Any], claims: dict[str, Any], key: Any = None) -> str:
    """Return a token like those that we give, but for what is said."""
    ours = office.identity.systems.keys.signing()
    now = int(office.clock().timestamp())
    said = {"iss": HTTPS, "aud": HTTPS, "sub": "ID", "exp": now + 60, "scope": "identita", **claims}
    made = {"alg": "ES256", "typ": "at+jwt", "kid": ours.kid, **header}
    kept = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(made, kept, key or ours, [made["alg"]])


FORGED: dict[str, tuple[dict[str, Any], dict[str, Any], Any]] = {
    "signed by another": ({}, {}, OTHER_KEY),
    "with another name of key": ({"kid": "altra"}, {}, None),
    "of another kind": ({"typ": "JWT"}, {}, None),
    "from elsewhere": ({}, {"iss": "https://altro.example"}, None),
    "for somebody else": ({}, {"aud": "https://altro.example"}, None),
    "for nobody": ({}, {"aud": None}, None),
    "over": ({}, {"exp": 1}, None),
    "without an end": ({}, {"exp": None}, None),
    "of nobody": ({}, {"sub": "nessuno"}, None),
    "without a scope": ({}, {"scope": None}, None),
    "signed with a secret": ({"alg": "HS256"}, {}, OctKey.import_key("quattro gatti sul divano e un cane sotto")),
}


@pytest.mark.parametrize("case", FORGED)
def test_a_token_that_is_not_ours_is_nobodys(office: Office, client: TestClient, case: str) -> None:
    found, _ = system(office)
    header, claims, key = FORGED[case]
    assert client.get("/v1/identita", headers=bearer(forged(office, {}, {"sub": found.id}))).status_code == 200
    token = forged(office, header, {"sub": found.id, **claims}, key)
    assert client.get("/v1/identita", headers=bearer(token)).status_code == 401


def test_a_token_without_a_signature_is_nobodys(office: Office, client: TestClient) -> None:
    found, secret = system(office)
    head, body, signature = token_of(client, found, secret).split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').rstrip(b"=").decode()
    for token in (f"{none}.{body}.", f"{head}.{body}.", f"{head}.{body}", f"{head}.{body}.{signature[::-1]}", "", "x"):
        assert client.get("/v1/identita", headers=bearer(token)).status_code == 401


def test_a_scope_taken_from_a_system_is_taken_from_its_tokens(office: Office, client: TestClient) -> None:
    found, secret = system(office)
    token = token_of(client, found, secret)
    now = office.identity.systems.get(found.id)
    assert now
    office.store.commit([Client(now.id, now.nome, (), now.hash, revision=now.revision).put()])
    response = client.get("/v1/identita", headers=bearer(token))
    assert response.status_code == 403
    assert response.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="identita"'
    denied(ask(client, GRANT, basic(found.id, secret)), "invalid_scope")


def test_a_person_is_no_system(office: Office) -> None:
    office.account("rosa")
    assert office.browser("rosa").client.get("/v1/identita").status_code == 403


def test_an_address_takes_no_parameters(office: Office, client: TestClient) -> None:
    token = token_of(client, *system(office))
    assert client.get("/v1/identita?x=1", headers=bearer(token)).status_code == 400


# Keys


def test_keys_change_and_overlap(office: Office, client: TestClient) -> None:
    found, secret = system(office)
    token, keys = token_of(client, found, secret), office.identity.systems.keys
    first = [key["kid"] for key in keys.published()]
    assert len(first) == 1
    office.clock.on(minutes=5)
    keys.rotate("prova")
    published = [key["kid"] for key in keys.published()]
    assert published[1:] == first
    assert client.get("/v1/identita", headers=bearer(token)).status_code == 200
    assert client.get("/v1/identita", headers=bearer(token_of(client, found, secret))).status_code == 200
    office.clock.on(hours=1)
    assert [key["kid"] for key in keys.published()] == published[:1]
    office.clock.on(days=90)
    token_of(client, found, secret)
    assert [key["kid"] for key in keys.published()][1:] == published[:1]


def test_the_key_is_the_same_for_another_process(office: Office, client: TestClient) -> None:
    token = token_of(client, *system(office))
    other = Office(store=office.store, clock=office.clock, master=office.master)
    assert TestClient(other.app, base_url=HTTPS).get("/v1/identita", headers=bearer(token)).status_code == 200
    assert other.identity.systems.keys.signing().kid == office.identity.systems.keys.signing().kid


# A system with a key of its own


def assertion(office: Office, id_: str, key: Any = KEY, alg: str = "ES256", **claims: Any) -> dict[str, str]:
    """Return what a system sends that has signed who it is."""
    now = int(office.clock().timestamp())
    said = {"iss": id_, "sub": id_, "aud": f"{HTTPS}/oauth/token", "exp": now + 60, "jti": "uno", **claims}
    kept = {name: value for name, value in said.items() if value is not None}
    signed = jwt.encode({"alg": alg}, kept, key, [alg])
    return {**GRANT, "client_assertion_type": JWT_BEARER, "client_assertion": signed}


def test_a_signature_gets_a_token_once(office: Office, client: TestClient) -> None:
    found, secret = system(office, PUBLIC)
    assert secret == ""
    sent = assertion(office, found.id)
    token = ask(client, sent).json()["access_token"]
    assert client.get("/v1/identita", headers=bearer(token)).status_code == 200
    denied(ask(client, sent), "invalid_client")
    assert ask(client, assertion(office, found.id, jti="due", aud=HTTPS)).status_code == 200
    denied(ask(client, GRANT, basic(found.id, "")), "invalid_client")
    office.clock.on(minutes=20)
    ask(client, assertion(office, found.id, jti="tre"))
    assert office.store.find("asserzione").total == 1


ASSERTIONS: dict[str, dict[str, Any]] = {
    "signed by another": {"key": OTHER_KEY},
    "for somebody else": {"aud": "https://altro.example"},
    "of somebody else": {"iss": "altro"},
    "over": {"exp": 1},
    "without an end": {"exp": None},
    "that lasts too long": {"exp": 4102444800},
    "without a name of its own": {"jti": None},
    "signed with what is public": {"alg": "HS256", "key": OctKey.import_key(PUBLIC)},
}


@pytest.mark.parametrize("case", ASSERTIONS)
def test_a_signature_that_gets_no_token(office: Office, client: TestClient, case: str) -> None:
    found, _ = system(office, PUBLIC)
    denied(ask(client, assertion(office, found.id, **ASSERTIONS[case])), "invalid_client")


@pytest.mark.parametrize("sent", ["x", "a.b.c", "..", "e30.e30.e30", "x" * 10000])
def test_what_is_no_signature_gets_no_token(office: Office, client: TestClient, sent: str) -> None:
    system(office, PUBLIC)
    typed = {**GRANT, "client_assertion_type": JWT_BEARER, "client_assertion": sent}
    denied(ask(client, typed), "invalid_client")


KEYS = {
    "a key of ours": (PUBLIC, True),
    "RSA": (json.dumps(RSAKey.generate_key(2048).as_dict(private=False)), True),
    "private": (json.dumps(KEY.as_dict(private=True)), False),
    "a secret": ('{"kty":"oct","k":"c2VncmV0bw"}', False),
    "another curve": (json.dumps(ECKey.generate_key("P-384").as_dict(private=False)), False),
    "a list": ("[]", False),
    "nothing that can be read": ("{", False),
    "half of a key": ('{"kty":"EC","crv":"P-256","x":"AA"}', False),
    "a short RSA key": ('{"kty":"RSA","e":"AQAB","n":"' + "s" * 170 + 'Q"}', False),
}


@pytest.mark.parametrize("case", KEYS)
def test_which_keys_a_system_may_have(office: Office, case: str) -> None:
    office.account("capo", "amministratore")
    capo = office.browser("capo")
    written, good = KEYS[case]
    typed = {"nome": "Portale", "ambito:identita": "sì", "chiave": written}
    response = capo.send("/amministrazione/sistemi", **typed)
    assert response.status_code == (200 if good else 422)
    assert (PAGES["no_key"] in text(response)) is not good
    if good:
        import_key(written)
        assert "non c'è un segreto" in text(response)


# The pages


def test_an_administrator_lets_a_system_in_and_sees_the_secret_once(office: Office, client: TestClient) -> None:
    office.account("capo", "amministratore")
    capo = office.browser("capo")
    capo.open("/amministrazione/sistemi/nuovo")
    shown = capo.send("/amministrazione/sistemi", nome="Anagrafe", **{"ambito:identita": "sì"})
    id_, secret = re.findall(r'<code class="segreto" tabindex="0">([^<]+)</code>', shown.text)
    token = ask(client, GRANT, basic(id_, secret))
    assert token.status_code == 200
    for path in ("/amministrazione/sistemi", f"/amministrazione/sistemi/{id_}"):
        page = capo.open(path).text
        assert "Anagrafe" in page
        assert secret not in page
    assert capo.send(f"/amministrazione/sistemi/{id_}", azione="sospendi").status_code == 303
    assert "sospeso" in capo.open("/amministrazione/sistemi").text
    denied(ask(client, GRANT, basic(id_, secret)), "invalid_client")
    capo.send(f"/amministrazione/sistemi/{id_}", azione="riattiva")
    fresh = re.findall(
        r'<code class="segreto" tabindex="0">([^<]+)</code>',
        capo.send(f"/amministrazione/sistemi/{id_}", azione="segreto").text,
    )[1]
    assert ask(client, GRANT, basic(id_, fresh)).status_code == 200
    kept = office.identity.systems.keys.published()
    office.clock.on(minutes=1)
    assert capo.send("/amministrazione/sistemi", azione="chiave").status_code == 303
    assert len(office.identity.systems.keys.published()) == len(kept) + 1
    assert {"cliente_creato", "cliente_sospeso", "cliente_riattivato", "cliente_segreto", "chiave_nuova"} <= set(
        office.actions()
    )


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({"ambito:identita": "sì"}, "no_system_name"),
        ({"nome": "x" * 81, "ambito:identita": "sì"}, "no_system_name"),
        ({"nome": "a\x00b", "ambito:identita": "sì"}, "no_system_name"),
        ({"nome": "Portale"}, "no_scope"),
        ({"nome": "Portale", "ambito:tutto": "sì"}, "no_scope"),
    ],
)
def test_a_system_that_will_not_do_is_explained(office: Office, typed: dict[str, str], code: str) -> None:
    office.account("capo", "amministratore")
    response = office.browser("capo").send("/amministrazione/sistemi", **typed)
    assert response.status_code == 422
    assert text(response).count(PAGES[code]) == 2
    assert office.store.find("cliente").total == 0


def test_a_system_that_is_not_there(office: Office) -> None:
    office.account("capo", "amministratore")
    capo = office.browser("capo")
    assert capo.open("/amministrazione/sistemi/niente").status_code == 404
    assert capo.send("/amministrazione/sistemi/niente", azione="sospendi").status_code == 404


# What is told to who programs the other systems


@pytest.mark.parametrize("address", [HTTPS, "http://localhost:8000"])
def test_the_openapi_document_says_how_a_token_is_asked_for(address: str) -> None:
    client = TestClient(Office(address).app, base_url=address)
    document = client.get("/v1/openapi.json").json()
    assert [place for rule in (*ERRORS, *WARNINGS) for place in rule(document)] == []
    scheme = document["components"]["securitySchemes"]["token"]
    if address == HTTPS:
        flow = scheme["flows"]["clientCredentials"]
        assert flow == {"tokenUrl": f"{HTTPS}/oauth/token", "scopes": dict(rights().scopes)}
    else:
        assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            action = rights().action(method.upper(), path)
            assert action
            needed = [{"token": [action.scope]}] if action.scope else None
            assert operation.get("security") == needed, path
    page = text(client.get("/documentazione"))
    assert "Serve un" in page
    assert f"{address}/oauth/token" in page


def test_without_accounts_there_is_no_token_to_ask_for() -> None:
    client = TestClient(make_app(RULES))
    assert "securitySchemes" not in client.get("/v1/openapi.json").json()["components"]
    assert "/oauth/token" not in client.get("/documentazione").text
