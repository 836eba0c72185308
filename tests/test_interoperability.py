"""Vouchers of PDND and the evidence of who asks: what is accepted, what is refused and why, what is written down."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nestedtext
import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from api.identity.person import Person
from api.interoperability.settings import read_settings
from api.interoperability.signed import LEEWAY, Seen, issuer_of
from api.interoperability.vouchers import Vouchers, access_detail, install
from api.limits import Limits
from api.rate import Rate
from api.refusal import PROBLEM_JSON, Refusal, problem_type
from tests.source import ROOT

DATA: Any = nestedtext.loads((ROOT / "tests/voucher.nt").read_text("utf-8"), top="dict")
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
ISSUER, AUDIENCE = "interop.example.it", "https://comma.example.it/v1"


def rsa(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}, private=True)


def curve(kid: str, name: str = "P-256") -> ECKey:
    return ECKey.generate_key(name, {"kid": kid}, private=True)


PDND, PDND_CURVE = rsa("pdnd"), curve("curva")
INPS, INPS_CURVE, FALSE = rsa("inps"), curve("curva di inps"), rsa("falsa")
SIGNERS: Mapping[str, Any] = {
    "pdnd": PDND,
    "curva": PDND_CURVE,
    "inps": INPS,
    "curva di inps": INPS_CURVE,
    "falsa": FALSE,
    "libero": FALSE,
}


def jwks(*keys: Any) -> bytes:
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()


SETTINGS = f"""
emittente: {ISSUER}
chiavi: pdnd.json
destinatario: {AUDIENCE}
fruitori:
  inps:
    nome: INPS
    finalità:
      - finalita-inps
    ambiti:
      - valutazioni
    chiavi: inps.json
  libero:
    nome: Un altro Comune
    finalità:
      - finalita-libero
    tracciamento: facoltativo
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with settings and keys."""
    (tmp_path / "interoperabilita.nt").write_text(SETTINGS)
    (tmp_path / "pdnd.json").write_bytes(jwks(PDND, PDND_CURVE))
    (tmp_path / "inps.json").write_bytes(jwks(INPS, INPS_CURVE))
    return tmp_path


def served(folder: Path, more: str = "", now: Any = lambda: NOW) -> TestClient:
    """Return a client of an application that asks who is there as the guard does, and answers what it has learnt."""
    path = folder / "interoperabilita.nt"
    path.write_text(more + SETTINGS)
    vouchers: Vouchers

    async def who(request: Request) -> JSONResponse:
        token = request.headers.get("authorization", "").partition(" ")[2]
        person = await run_in_threadpool(vouchers.system, token)
        scopes = sorted(person.scopes) if person else []
        return JSONResponse(
            {
                "chi": person and [person.id, person.nome, person.ruolo],
                "ambiti": scopes,
                "evento": dict(access_detail()),
            }
        )

    app = Starlette(routes=[Route("/v1/chi", who)])
    vouchers = install(app, read_settings(path), now)
    app.add_middleware(Limits, rate=Rate(10**6), refuse=lambda path, refusal: refusal.response(path))
    return TestClient(app)


def changed(right: Mapping[str, Any], changes: Mapping[str, str]) -> dict[str, Any]:
    """Return claims with those of a case in their place."""
    found = dict(right)
    for name, text in changes.items():
        if not text:
            del found[name]
        elif text[0] in "+-":
            found[name] = SECONDS + int(text)
        else:
            found[name] = "x" * 300 if text == "LUNGO" else json.loads(text) if text[0] in '"[t' else text
    return found


def signed(claims: Mapping[str, Any], header: Mapping[str, Any], signer: str) -> str:
    """Sign claims as a case says, rightly or not."""
    if signer == "testo":
        return "no.jwt"
    if signer in ("nessuna", "segreto"):
        parts = ({**header, "alg": {"nessuna": "none", "segreto": "HS256"}[signer]}, claims)
        text = b".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
        mark = hmac.digest(PDND.as_pem(private=False), text, "sha256") if signer == "segreto" else b""
        return (text + b"." + urlsafe_b64encode(mark).rstrip(b"=")).decode()
    key = SIGNERS.get(signer, PDND)
    algorithm = "ES256" if isinstance(key, ECKey) else "RS256"
    token = jwt.encode({"alg": algorithm, **header}, dict(claims), key, algorithms=[algorithm])
    if signer == "guasta":
        head, body, signature = token.split(".")
        return ".".join([head, body, ("B" if signature[0] != "B" else "C") + signature[1:]])
    return token


def presented(case: Mapping[str, Any], number: int = 0) -> dict[str, str]:
    """Return the headers of the request of a case."""
    client = case.get("fruitore", "inps")
    times = {"iat": SECONDS - 10, "nbf": SECONDS - 10, "exp": SECONDS + 600}
    about = {"aud": AUDIENCE, "purposeId": f"finalita-{client}", **times}
    asking = {"iss": client, "jti": f"p{number}", "userID": "u-17", "userLocation": "sede-3", "LoA": "SPID_L2", **about}
    signer = case.get("firma prova", "inps")
    kid = {"curva di inps": signer}.get(signer, "inps")
    evidence = signed(
        changed(asking, case.get("prova", {})), changed({"kid": kid, "typ": "JWT"}, case.get("testa prova", {})), signer
    )
    claims = {"iss": ISSUER, "sub": client, "client_id": client, "jti": f"v{number}", "consumerId": "ente-1", **about}
    digest = hashlib.sha256(evidence.encode()).hexdigest()
    values = {"giusto": digest, "maiuscolo": digest.upper(), "altro": hashlib.sha256(b"altro").hexdigest(), "guasto": 7}
    if (how := case.get("digest", "giusto")) != "nessuno":
        claims["digest"] = {"alg": "SHA256", "value": values[how]}
    signer = case.get("firma", "pdnd")
    header = changed({"kid": "curva" if signer == "curva" else "pdnd", "typ": "at+jwt"}, case.get("testa voucher", {}))
    headers = {"Authorization": f"Bearer {signed(changed(claims, case.get('voucher', {})), header, signer)}"}
    times_sent = {"no": 0, "due volte": 2}.get(case.get("presenta", ""), 1)
    return {**headers, **({"Agid-JWT-TrackingEvidence": ",".join([evidence] * times_sent)} if times_sent else {})}


@pytest.mark.parametrize("name", DATA["casi"])
def test_a_request(name: str, folder: Path) -> None:
    case = DATA["casi"][name]
    response = served(folder).get("/v1/chi", headers=presented(case))
    if case["esito"] == "riconosciuto":
        assert response.json()["chi"][2] == "sistema"
        return
    what, _, reason = case["esito"].partition(" ")
    problem = response.json()
    assert (response.status_code, response.headers["content-type"]) == (401, PROBLEM_JSON)
    assert problem["type"] == problem_type(f"{what}_refused")
    assert problem["detail"] == DATA["frasi"][case["esito"]]
    assert response.headers["www-authenticate"] == 'Bearer realm="comma", error="invalid_token"'
    assert reason in ("expired", "early", "malformed", "audience", "signature", "client", "absent", "other")


def test_who_is_recognised_and_what_the_event_says(folder: Path) -> None:
    client = served(folder)
    found = client.get("/v1/chi", headers=presented({})).json()
    assert found == {
        "chi": ["pdnd:inps", "INPS", "sistema"],
        "ambiti": ["valutazioni"],
        "evento": {
            "fruitore": "inps",
            "ente": "ente-1",
            "finalita": "finalita-inps",
            "voucher": "v0",
            "prova": "p0",
            "utente": "u-17",
            "postazione": "sede-3",
            "livello": "SPID_L2",
        },
    }
    untracked = client.get(
        "/v1/chi", headers=presented({"fruitore": "libero", "presenta": "no", "digest": "nessuno"}, 1)
    )
    assert untracked.json()["evento"] == {
        "fruitore": "libero",
        "ente": "ente-1",
        "finalita": "finalita-libero",
        "voucher": "v1",
    }
    assert client.get("/v1/chi", headers={"Authorization": "Bearer altro"}).json() == {
        "chi": None,
        "ambiti": [],
        "evento": {},
    }


def test_a_token_of_somebody_else_is_left_to_others(folder: Path) -> None:
    client = served(folder)
    for token in (
        "",
        "a.b.c",
        "opaco",
        signed({"iss": "noi"}, {"kid": "pdnd"}, "pdnd"),
        signed({}, {"kid": "pdnd"}, "pdnd"),
    ):
        assert client.get("/v1/chi", headers={"Authorization": f"Bearer {token}"}).json()["chi"] is None
    assert issuer_of("é.è.ò") == ""


def test_tokens_used_again(folder: Path) -> None:
    """A voucher lasts until it expires, unless the settings say once; an evidence alone is good once."""
    client, again = served(folder), presented({})
    assert [client.get("/v1/chi", headers=again).status_code for _ in range(3)] == [200, 200, 200]
    evidence = again["Agid-JWT-TrackingEvidence"]
    other = {**presented({}, 2), "Agid-JWT-TrackingEvidence": evidence}
    refused = client.get("/v1/chi", headers=other).json()
    assert (
        refused["detail"] == DATA["frasi"]["evidence other"]
    )  # the digest of the second voucher is of its own evidence
    unbound = presented({"digest": "nessuno"}, 3)
    assert client.get("/v1/chi", headers=unbound).status_code == 200
    replayed = client.get("/v1/chi", headers=unbound)
    assert (replayed.status_code, replayed.json()["detail"]) == (401, DATA["frasi"]["evidence replayed"])
    elsewhere = {
        **presented({"digest": "nessuno"}, 4),
        "Agid-JWT-TrackingEvidence": unbound["Agid-JWT-TrackingEvidence"],
    }
    assert client.get("/v1/chi", headers=elsewhere).json()["detail"] == DATA["frasi"]["evidence replayed"]


def test_an_evidence_bound_to_a_second_voucher_is_refused(folder: Path) -> None:
    client, first = served(folder), presented({})
    second = presented({"voucher": {"jti": "altro"}})
    assert first["Agid-JWT-TrackingEvidence"] == second["Agid-JWT-TrackingEvidence"]
    assert client.get("/v1/chi", headers=first).status_code == 200
    assert client.get("/v1/chi", headers=second).json()["detail"] == DATA["frasi"]["evidence replayed"]


def test_a_voucher_that_is_good_once(folder: Path) -> None:
    client, headers = served(folder, "una volta sola: sì"), presented({})
    assert client.get("/v1/chi", headers=headers).status_code == 200
    replayed = client.get("/v1/chi", headers=headers)
    assert (replayed.status_code, replayed.json()["detail"]) == (401, DATA["frasi"]["voucher replayed"])
    assert client.get("/v1/chi", headers=presented({}, 1)).status_code == 200


def test_a_replay_is_refused_until_the_token_has_expired_and_then_forgotten() -> None:
    seen = Seen()
    assert seen.use(("v", "1"), "", until=100, now=0)
    assert not seen.use(("v", "1"), "", until=100, now=100 + LEEWAY)
    assert seen.use(("v", "2"), "", until=300, now=200)
    assert len(seen) == 1


def test_without_keys_nobody_gets_in_and_it_says_when_to_come_back(folder: Path) -> None:
    (folder / "pdnd.json").unlink()
    response = served(folder).get("/v1/chi", headers=presented({}))
    assert (response.status_code, response.headers["retry-after"]) == (503, "30")
    assert response.json()["detail"] == Refusal("no_keys").detail
    assert response.json()["detail"].startswith(
        "Le chiavi con cui si controlla la firma in questo momento non si possono"
    )
    (folder / "pdnd.json").write_bytes(jwks(PDND))
    (folder / "inps.json").unlink()
    assert served(folder).get("/v1/chi", headers=presented({})).status_code == 503


def test_other_tokens_are_asked_after_the_vouchers(folder: Path) -> None:
    vouchers = Vouchers(read_settings(folder / "interoperabilita.nt"), lambda: NOW)
    ours = Person("cliente", "Un sistema nostro", "sistema")
    system = vouchers.before(lambda token: ours if token == "nostro" else None)
    voucher = presented({"fruitore": "libero", "presenta": "no", "digest": "nessuno"})["Authorization"]
    found = system(voucher.removeprefix("Bearer "))
    assert found
    assert found.id == "pdnd:libero"
    assert system("nostro") is ours
    assert system("altro") is None
    with pytest.raises(Refusal, match="voucher_refused"):
        system(signed({"iss": ISSUER}, {"kid": "pdnd", "typ": "at+jwt"}, "pdnd"))
