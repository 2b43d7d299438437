"""A JWT speaks for a user only if the trusted key signed it, for us, and not long ago."""

import json
import time
from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import digest
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st
from jwt.algorithms import OKPAlgorithm

from credentials import jwts
from credentials.jwts import key_id, looks_like_jwt
from tests.credentials.golden import GOLDEN

ISSUER = "https://book.example"
KEY, KID, USER = Ed25519PrivateKey.generate(), uuid4(), uuid4()
PUBLIC = OKPAlgorithm.to_jwk(KEY.public_key(), as_dict=False)
STRANGER = Ed25519PrivateKey.generate()


def subject(token: str, public_key: str, *, issuer: str) -> UUID | None:
    found = jwts.claims(token, public_key, issuer=issuer)
    return found.user_id if found else None


def claims(**changed: object) -> dict[str, Any]:
    now = int(time.time())
    usual = {"iss": ISSUER, "aud": ISSUER, "sub": str(USER), "iat": now, "exp": now + 900}
    return {name: value for name, value in (usual | changed).items() if value is not None}


def signed(key: Ed25519PrivateKey = KEY, *, payload: dict[str, Any] | None = None) -> str:
    return jwt.encode(payload or claims(), key, algorithm="EdDSA", headers={"kid": str(KID)})


def base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def part(value: object) -> str:
    return base64url(json.dumps(value).encode())


def with_header(**header: object) -> str:
    """A token of the right key whose header is *header* alone; PyJWT would refuse to make some."""
    signing_input = f"{part(header)}.{part(claims())}"
    return f"{signing_input}.{base64url(KEY.sign(signing_input.encode()))}"


@pytest.mark.parametrize("exp", [10**11, 10**18, 10**400])
def test_an_expiry_beyond_all_calendars_is_refused(exp: int) -> None:
    """A number that no date has must not be a failure of ours."""
    assert subject(signed(payload=claims(exp=exp)), PUBLIC, issuer=ISSUER) in (None, USER)


def test_a_token_of_better_auth_s_jwt_plugin_is_accepted() -> None:
    """Captured with its key; its payload holds the whole user besides."""
    golden = GOLDEN.jwt

    assert looks_like_jwt(golden.token)
    assert key_id(golden.token) == golden.key_id
    assert subject(golden.token, golden.public_key, issuer=GOLDEN.issuer) == golden.user_id


def test_ours_like_theirs() -> None:
    """The tokens that the refusals below start from are good ones."""
    assert key_id(signed()) == KID
    assert subject(signed(), PUBLIC, issuer=ISSUER) == USER
    assert subject(with_header(alg="EdDSA", kid=str(KID)), PUBLIC, issuer=ISSUER) == USER


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "https://other.example"},
        {"aud": [ISSUER, "https://other.example"]},
        {"aud": None},
        {"iss": "https://other.example"},
        {"iss": ISSUER + "/"},
        {"iss": None},
        {"exp": int(time.time()) - 60},
        {"exp": "later"},
        {"exp": float("inf")},
        {"exp": None},
        {"iat": int(time.time()) + 3600},
        {"iat": None},
        {"nbf": int(time.time()) + 3600},
        {"sub": "somebody"},
        {"sub": f"urn:uuid:{USER}"},
        {"sub": USER.hex},
        {"sub": ""},
        {"sub": None},
    ],
    ids=count(),  # not their times and keys: workers compare names
)
def test_claims_that_are_not_for_us_are_refused(changed: dict[str, object]) -> None:
    """Also by the right key: another service's token, one too old, one for ever, one for nobody."""
    assert subject(signed(payload=claims(**changed)), PUBLIC, issuer=ISSUER) is None


def test_clocks_may_differ_by_half_a_minute() -> None:
    """A token that our clock thinks just expired, or not yet issued, is still good."""
    now = int(time.time())

    assert subject(signed(payload=claims(exp=now - 15)), PUBLIC, issuer=ISSUER) == USER
    assert subject(signed(payload=claims(iat=now + 15)), PUBLIC, issuer=ISSUER) == USER


def test_an_unsigned_token_is_refused() -> None:
    """Alg "none", with and without something where the signature would be."""
    unsigned = f"{part({'alg': 'none', 'kid': str(KID)})}.{part(claims())}."

    for token in (unsigned, unsigned + "AAAA"):
        assert key_id(token) is None
        assert subject(token, PUBLIC, issuer=ISSUER) is None


def test_the_public_key_is_not_a_shared_secret() -> None:
    """HS256 over the JWK's text, which everybody can read (RFC 8725 §2.1)."""
    signing_input = f"{part({'alg': 'HS256', 'kid': str(KID)})}.{part(claims())}"
    code = digest(PUBLIC.encode(), signing_input.encode(), sha256)
    token = f"{signing_input}.{base64url(code)}"

    assert key_id(token) is None
    assert subject(token, PUBLIC, issuer=ISSUER) is None


@pytest.mark.parametrize("name", ["jku", "x5u", "jwk"])
def test_a_key_that_the_token_brings_along_is_not_used(name: str) -> None:
    """A stranger's token stays a stranger's, wherever its header points."""
    theirs = OKPAlgorithm.to_jwk(STRANGER.public_key(), as_dict=True)
    value = theirs if name == "jwk" else "http://127.0.0.1:9/jwks.json"
    headers = {"kid": str(KID), name: value}
    token = jwt.encode(claims(), STRANGER, algorithm="EdDSA", headers=headers)

    assert key_id(token) == KID
    assert subject(token, PUBLIC, issuer=ISSUER) is None


def test_another_key_or_a_changed_payload_is_refused() -> None:
    """The signature covers all of it."""
    header, payload, signature = signed().split(".")
    other = part(claims(sub=str(uuid4())))

    assert subject(signed(STRANGER), PUBLIC, issuer=ISSUER) is None
    assert subject(f"{header}.{other}.{signature}", PUBLIC, issuer=ISSUER) is None
    assert subject(f"{header}.{payload}.{signature[::-1]}", PUBLIC, issuer=ISSUER) is None


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "EdDSA"},
        {"alg": "EdDSA", "kid": 7},
        {"alg": "EdDSA", "kid": "../../etc/passwd"},
        {"alg": "EdDSA", "kid": f"{{{UUID(int=1)}}}"},
        {"alg": "ES256", "kid": str(UUID(int=1))},
        {"alg": ["EdDSA"], "kid": str(UUID(int=1))},
        {"kid": str(UUID(int=1))},
    ],
    ids=str,
)
def test_a_header_without_algorithm_and_uuid_names_no_key(header: dict[str, object]) -> None:
    """So the database is not asked for it."""
    assert key_id(with_header(**header)) is None


@pytest.mark.parametrize(
    "public_key",
    [
        "",
        "null",
        "[]",
        "{}",
        "[" * 5000,
        '{"kty":"oct","k":"AAAA"}',
        '{"kty":"OKP","crv":"Ed25519"}',
        '{"kty":"OKP","crv":"Ed25519","x":7}',
        '{"kty":"OKP","crv":"Ed25519","x":"AAAA"}',
    ],
)
def test_a_broken_key_accepts_nothing(public_key: str) -> None:
    """A row that somebody else wrote must not become a 500."""
    assert subject(signed(), public_key, issuer=ISSUER) is None


@pytest.mark.parametrize(
    "token",
    [
        "",
        "ey",
        "ey..",
        "eyJ.eyJ.",
        "eyJ.eyJ.a.b",
        "eyJ.eyJ.é",
        "eyJ.eyJ.a\n",
        "ayJ.eyJ.a",
        "eyJ.eyJ." + "a" * 8192,
        GOLDEN.sessions[0].bearer,
    ],
)
def test_what_is_no_jwt_does_not_look_like_one(token: str) -> None:
    """A signed session token above all: its second part is base64 with signs of its own."""
    assert not looks_like_jwt(token)
    assert key_id(token) is None
    assert subject(token, PUBLIC, issuer=ISSUER) is None


@given(st.text() | st.from_regex(r"ey[\w-]{2,50}\.[\w-]{2,50}\.[\w-]{2,50}", fullmatch=True))
@example(base64url(b'{"alg":' + b"[" * 3000) + ".e30.AAAA")
@example("ey\ud800.e30.AAAA")
def test_garbage_never_raises(token: str) -> None:
    """Anyone may send anything."""
    assert key_id(token) is None
    assert subject(token, PUBLIC, issuer=ISSUER) is None
