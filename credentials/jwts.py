"""JWTs that a Better Auth server's jwt plugin signed: a credential that we verify, never issue.

One algorithm, and a key that the caller looked up by ``key_id`` among those it trusts: nothing in
the token chooses either (RFC 8725 §3.1). Knows no table and fetches nothing.
"""

import re
from datetime import UTC, datetime
from uuid import UUID

from records import frozen

ALGORITHM = "EdDSA"
LONGEST = 8192  # characters
LEEWAY = 30  # seconds that two clocks may differ
REQUIRED = ["exp", "iat", "sub", "iss", "aud"]
# What PyJWT lets through when a JWK is not JSON, no object, or nested without end.
BROKEN_KEY = (ValueError, TypeError, AttributeError, RecursionError)
COMPACT = re.compile(r"ey[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


def looks_like_jwt(token: str) -> bool:
    """Whether to try this as a JWT at all; a signed session token never does. Imports nothing."""
    return len(token) <= LONGEST and COMPACT.fullmatch(token) is not None


def key_id(token: str) -> UUID | None:
    """The id of the key that the token says it was signed with. Nothing is verified yet."""
    if not looks_like_jwt(token):
        return None
    import jwt  # 0.2 s with its cryptography; most readers have a cookie

    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        return None
    return canonical(header.get("kid")) if header.get("alg") == ALGORITHM else None


@frozen
class Claims:
    """What a verified token says."""

    user_id: UUID
    expires_at: datetime


def claims(token: str, public_key: str, *, issuer: str) -> Claims | None:
    """Whom the token speaks for; ``None`` whatever is wrong with it, never an exception.

    *public_key* is JWK text, as in ``jwks.public_key``. *issuer* must be both ``iss`` and ``aud``.
    """
    if not looks_like_jwt(token):
        return None
    import jwt

    try:
        verified = jwt.decode(
            token,
            jwt.PyJWK.from_json(public_key),
            algorithms=[ALGORITHM],
            issuer=issuer,
            audience=issuer,
            leeway=LEEWAY,
            options={"require": REQUIRED, "strict_aud": True},
        )
        expires_at = datetime.fromtimestamp(verified["exp"], UTC)
    except (jwt.PyJWTError, OverflowError, OSError, *BROKEN_KEY):
        return None
    user_id = canonical(verified["sub"])
    return Claims(user_id, expires_at) if user_id else None


def canonical(text: object) -> UUID | None:
    """A UUID in its usual spelling; the braces and prefixes that ``UUID()`` also takes are not."""
    if not isinstance(text, str):
        return None
    try:
        value = UUID(text)
    except ValueError:
        return None
    return value if str(value) == text.lower() else None
