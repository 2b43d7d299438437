"""A Better Auth server's JWT as credential: what it opens, and when it does not."""

import time
from typing import Any
from uuid import uuid4

import httpx2
import jwt
import pytest
from attrs import evolve
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from settings import Settings
from tests.live import AUTH, PASSWORD, Live, Reader, Serve

ISSUER = "https://book.example"
KEY, STRANGER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
PUBLISH = "insert into jwks (id, public_key, private_key) values ($1, $2, 'encrypted')"


@pytest.fixture
def better_auth(serve: Serve, settings: Settings) -> Live:
    """A service that trusts the Better Auth server named in its settings."""
    return serve(evolve(settings, better_auth_url=ISSUER))


def publish(live: Live) -> str:
    """The id of our key, which Better Auth has put into the database."""
    key_id = str(uuid4())
    live.sql(PUBLISH, key_id, OKPAlgorithm.to_jwk(KEY.public_key(), as_dict=False))
    return key_id


def signed(
    reader: Reader, key_id: str, key: Ed25519PrivateKey = KEY, **changed: object
) -> dict[str, str]:
    """The header with a JWT of *reader*'s."""
    now = int(time.time())
    usual = {"iss": ISSUER, "aud": ISSUER, "sub": reader.user_id, "iat": now, "exp": now + 900}
    payload: dict[str, Any] = usual | changed
    token = jwt.encode(payload, key, algorithm="EdDSA", headers={"kid": key_id})
    return {"Authorization": f"Bearer {token}"}


def session(live: Live, headers: dict[str, str]) -> httpx2.Response:
    return live.client.get(f"{AUTH}/session", headers=headers)


def test_a_jwt_of_better_auth_is_its_reader(better_auth: Live) -> None:
    """With the user's history; it opens no session, and ends with itself."""
    live, reader = better_auth, better_auth.reader()
    conversation_id = reader.ask("How bright is the lamp?")
    headers = signed(reader, publish(live), exp=int(time.time()) + 600)
    told = session(live, headers).json()
    page = live.client.get("/api/v1/conversations", headers=headers).json()

    assert (told["user_id"], told["email"]) == (reader.user_id, reader.email)
    assert [item["conversation_id"] for item in page["items"]] == [conversation_id]
    assert live.client.post(f"{AUTH}/logout", headers=headers).status_code == 204
    assert session(live, headers).status_code == 200


def test_a_password_changed_with_a_jwt_ends_every_session(better_auth: Live) -> None:
    """None of them is the one that changed it."""
    live, reader = better_auth, better_auth.reader()
    body = {"current_password": PASSWORD, "new_password": "difference engine 1822"}
    headers = signed(reader, publish(live))
    changed = live.client.put(f"{AUTH}/password", json=body, headers=headers)

    assert changed.status_code == 204
    assert not reader.is_known


def test_a_jwt_that_does_not_prove_itself_is_refused(better_auth: Live) -> None:
    """Also where nobody needs a credential; nor does it count as a cookie."""
    live, reader = better_auth, better_auth.reader()
    key_id, now = publish(live), int(time.time())
    good = signed(reader, key_id)
    assert session(live, good).status_code == 200
    refused = [
        signed(reader, key_id, STRANGER),
        signed(reader, str(uuid4())),
        signed(reader, "../key"),
        signed(reader, key_id, iss="https://evil.example"),
        signed(reader, key_id, aud="https://evil.example"),
        signed(reader, key_id, exp=now - 60),
        signed(reader, key_id, sub=str(uuid4())),
        {"Cookie": f"__Secure-better-auth.session_token={good['Authorization'].split()[1]}"},
    ]
    question = {"query_text": "How bright is the lamp?"}
    for headers in refused:
        assert session(live, headers).status_code == 401
        asked = live.client.post("/api/v1/chat", json=question, headers=headers)
        assert (asked.status_code, asked.json()["error"]) == (401, "unauthorized")


@pytest.mark.parametrize(
    "end",
    [
        "update jwks set expires_at = now() - interval '1 hour' where $1::text is not null",
        "delete from jwks where $1::text is not null",
        "delete from users where id::text = $1",
    ],
    ids=["the key has expired", "the key is gone", "the reader is gone"],
)
def test_what_stands_behind_a_jwt_must_still_be_there(better_auth: Live, end: str) -> None:
    """The database is asked each time."""
    live, reader = better_auth, better_auth.reader()
    headers = signed(reader, publish(live))
    assert session(live, headers).status_code == 200
    live.sql(end, reader.user_id)

    assert session(live, headers).status_code == 401


def test_without_a_better_auth_server_no_jwt_is_good(live: Live) -> None:
    """Whatever stands in the table."""
    reader = live.reader()

    assert session(live, signed(reader, publish(live))).status_code == 401
