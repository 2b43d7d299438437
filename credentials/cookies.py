"""The session cookie: its name, where it stands in a Cookie header, its Set-Cookie line.

Byte for byte what Better Auth writes, and read with its rules, which are not those of Starlette:
of two cookies with one name it takes the first. Knows no secret: ``tokens.Signer`` judges values.
"""

from urllib.parse import quote

SESSION = "better-auth.session_token"
LONGEST_AGE = 400 * 24 * 3600  # seconds; browsers cut longer ones (RFC 6265bis §5.5)


def name(secure: bool) -> str:  # noqa: FBT001 - the only thing there is to say
    """The cookie's name; over https it carries the prefix that plain http cannot set."""
    return f"__Secure-{SESSION}" if secure else SESSION


def read(header: str | None, *, secure: bool) -> str | None:
    """The session cookie's value, still percent-encoded; ``None`` if it is absent or empty."""
    wanted = name(secure)
    for pair in (header or "").split(";"):
        key, equals, value = pair.partition("=")
        if equals and key.strip(" \t") == wanted:
            return unquoted(value.strip(" \t")) or None
    return None


def unquoted(value: str) -> str:
    quoted = len(value) >= 2 and value[0] == value[-1] == '"'
    return value[1:-1] if quoted else value


def write(signed: str, *, secure: bool, max_age: int) -> str:
    """The Set-Cookie line that opens a session for *max_age* seconds, at most 400 days."""
    # The set of characters that JavaScript's encodeURIComponent leaves alone.
    value = quote(signed, safe="-_.!~*'()", errors="replace")
    return line(value, secure=secure, max_age=min(max(max_age, 0), LONGEST_AGE))


def clear(*, secure: bool) -> str:
    """The Set-Cookie line that makes the browser forget the session."""
    return line("", secure=secure, max_age=0)


def line(value: str, *, secure: bool, max_age: int) -> str:
    transport = "; Secure" if secure else ""
    return f"{name(secure)}={value}; Max-Age={max_age}; Path=/; HttpOnly{transport}; SameSite=Lax"
