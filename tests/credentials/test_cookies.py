"""The session cookie is the one that a Better Auth server sets and reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credentials import cookies
from credentials.tokens import Signer
from tests.credentials.golden import GOLDEN, GoldenSession

WEEK = 7 * 24 * 3600
PLAIN, SECURE = "better-auth.session_token", "__Secure-better-auth.session_token"


@pytest.mark.parametrize("session", GOLDEN.sessions, ids=lambda session: session.token)
def test_we_write_the_line_that_better_auth_writes(session: GoldenSession) -> None:
    """Byte for byte, over http and over https."""
    secure = session.set_cookie.startswith("__Secure-")
    signed = Signer((GOLDEN.secret,)).sign(session.token)

    assert cookies.write(signed, secure=secure, max_age=WEEK) == session.set_cookie


def test_logout_clears_the_cookie_as_better_auth_does() -> None:
    """The line that its sign-out sends."""
    assert cookies.clear(secure=False) == f"{PLAIN}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"
    assert cookies.clear(secure=True).startswith(f"{SECURE}=; Max-Age=0; Path=/; HttpOnly; Secure;")


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (None, None),
        ("", None),
        (f"{PLAIN}=a.b%3D", "a.b%3D"),
        (f"theme=dark; {PLAIN}=a.b; lang=ur", "a.b"),
        (f"theme=dark;{PLAIN}=a.b;lang=ur", "a.b"),
        (f"; ;; {PLAIN}=a.b;;", "a.b"),
        (f"{PLAIN}=first; {PLAIN}=second", "first"),
        (f"{PLAIN}; {PLAIN}=after one without a value", "after one without a value"),
        (f'{PLAIN}="a.b"', "a.b"),
        (f'{PLAIN}="', '"'),
        (f'{PLAIN}=""', None),
        (f"{PLAIN}=", None),
        (f"{PLAIN}=; {PLAIN}=second", None),
        (f"{PLAIN} \t=\t a.b ", "a.b"),
        (f"{PLAIN}=a=b==", "a=b=="),
        (f"x{PLAIN}=a; {PLAIN}2=b; Better-Auth.Session_Token=c", None),
        (f"other={PLAIN}=a", None),
        (f"{SECURE}=a", None),
    ],
)
def test_which_cookie_is_the_session(header: str | None, value: str | None) -> None:
    """The first of that exact name, as Better Auth reads them."""
    assert cookies.read(header, secure=False) == value


def test_over_https_only_the_prefixed_cookie_counts() -> None:
    """A network attacker can set the other one over http."""
    assert cookies.read(f"{PLAIN}=planted", secure=True) is None
    assert cookies.read(f"{PLAIN}=planted; {SECURE}=true", secure=True) == "true"


@given(st.text(), st.booleans(), st.integers())
def test_nothing_can_break_out_of_the_value(value: str, secure: bool, max_age: int) -> None:  # noqa: FBT001
    """No line break, no attribute, no second cookie; and what we write is one line of ASCII."""
    line = cookies.write(value, secure=secure, max_age=max_age)
    written, *attributes = line.split("; ")
    names = [attribute.partition("=")[0] for attribute in attributes]

    assert line.isascii()
    assert line.isprintable()
    assert written.count(";") == 0
    assert written.startswith(cookies.name(secure) + "=")
    assert names == ["Max-Age", "Path", "HttpOnly", *["Secure"] * secure, "SameSite"]
    assert 0 <= int(attributes[0].partition("=")[2]) <= 400 * 24 * 3600


@given(st.text(min_size=1, max_size=80), st.booleans(), st.text("abc=\" ,'", max_size=20))
def test_what_we_write_we_read(token: str, secure: bool, before: str) -> None:  # noqa: FBT001
    """With another site's cookie in front of it."""
    line = cookies.write(token, secure=secure, max_age=WEEK)
    pair = line.partition(";")[0]

    assert cookies.read(f"{before}; {pair}", secure=secure) == pair.partition("=")[2]
