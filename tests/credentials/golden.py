"""What better-auth 1.7.25 itself signed and hashed, so that no test needs Node.

Made once on Node 20 through its HTTP handler on its memory adapter, with one fixed secret: sign-up
and sign-in for the cookies, the bearer values and its default scrypt hashes; the same with the
pre-hash rule of our example and bcryptjs 3.0.3 at cost 4; ``/token`` of its jwt plugin, configured
with ``iat`` 1700000000 and ``exp`` in the year 2100. The secret guards nothing.
"""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import cattrs
from attrs import frozen


@frozen
class GoldenSession:
    token: str
    set_cookie: str
    bearer: str


@frozen
class GoldenHash:
    shape: str
    password: str
    hash: str


@frozen
class GoldenJwt:
    token: str
    key_id: UUID
    public_key: str
    user_id: UUID


@frozen
class Golden:
    secret: str
    issuer: str
    sessions: list[GoldenSession]
    bcrypt: list[GoldenHash]
    scrypt: list[GoldenHash]
    jwt: GoldenJwt


def read_golden() -> Golden:
    converter = cattrs.Converter()
    converter.register_structure_hook(UUID, lambda text, _: UUID(text))
    raw: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
    return converter.structure(raw, Golden)


GOLDEN = read_golden()
