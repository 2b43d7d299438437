"""Session tokens and their signature, as Better Auth makes them.

The database holds the bare token; what a client presents is ``token.signature``. So a leaked table
opens no session, and garbage is refused before it costs a query. Knows neither cookies nor SQL.
"""

import hmac
import re
import secrets
import string
from base64 import b64encode
from hashlib import sha256
from urllib.parse import unquote

from attrs import field
from attrs.validators import deep_iterable, min_len

from records import frozen

ALPHABET = string.ascii_letters + string.digits
LONGEST = 512  # characters of a presented value; ours have 77, percent-encoded 125 at most
# One spelling only: 32 bytes are 43 characters of standard base64 and one "=".
SIGNED = re.compile(r"(?P<token>[A-Za-z0-9._~-]+)\.(?P<signature>[A-Za-z0-9+/]{43}=)")


def new() -> str:
    """A token that nobody can guess: 32 letters and digits, 190 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(32))


@frozen
class Signer:
    """Signs with the first of *secrets*, accepts what any of them signed: that is rotation."""

    secrets: tuple[str, ...] = field(
        repr=False,
        # An empty secret would let anyone sign.
        validator=[min_len(1), deep_iterable(min_len(1))],
    )

    def sign(self, token: str) -> str:
        """What the client gets: ``token.signature``, not percent-encoded."""
        return f"{token}.{signature(token, self.secrets[0])}"

    def verified(self, presented: str) -> str | None:
        """The token that one of our secrets signed; raw or percent-encoded, it never raises."""
        if len(presented) > LONGEST:
            return None
        parts = SIGNED.fullmatch(unquote(presented))
        if parts is None:
            return None
        token, given = parts["token"], parts["signature"]
        ours = [hmac.compare_digest(signature(token, secret), given) for secret in self.secrets]
        return token if any(ours) else None


def signature(token: str, secret: str) -> str:
    """HMAC-SHA256 in standard, padded base64: 44 characters."""
    # Not hmac.digest(), which lets go of the interpreter: docs/decisions/0013.
    return b64encode(hmac.new(secret.encode(), token.encode(), sha256).digest()).decode()
