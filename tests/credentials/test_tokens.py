"""A session token counts only with a signature of ours, and Better Auth's are ours."""

from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from credentials import tokens
from credentials.tokens import Signer
from tests.credentials.golden import GOLDEN, GoldenSession

SIGNER = Signer(("the current secret", "the previous secret"))
TOKEN = "vsZw3c9xet2NnsQ37kAsHXwC9RsrohsU"
TOKENS = st.text(tokens.ALPHABET + ".", min_size=1, max_size=64)


@given(TOKENS)
def test_what_we_sign_we_accept(token: str) -> None:
    """Raw as a bearer sends it, percent-encoded as a cookie holds it."""
    signed = SIGNER.sign(token)

    assert SIGNER.verified(signed) == token
    assert SIGNER.verified(quote(signed, safe="")) == token


@given(TOKENS, st.data())
def test_any_change_of_one_character_is_refused(token: str, data: st.DataObject) -> None:
    """Wherever it is, and also where base64 would decode to the same bytes."""
    signed = SIGNER.sign(token)
    at = data.draw(st.integers(0, len(signed) - 1))
    changed = data.draw(st.characters().filter(lambda char: char != signed[at]))

    assert SIGNER.verified(signed[:at] + changed + signed[at + 1 :]) is None


@pytest.mark.parametrize("session", GOLDEN.sessions, ids=lambda session: session.token)
def test_better_auth_signs_as_we_do(session: GoldenSession) -> None:
    """Its bearer value and its cookie's value, captured, are what we would have made."""
    signer = Signer((GOLDEN.secret,))
    cookie = session.set_cookie.partition("=")[2].partition(";")[0]

    assert signer.sign(session.token) == session.bearer
    assert signer.verified(session.bearer) == session.token
    assert signer.verified(cookie) == session.token


def test_the_previous_secret_still_verifies_but_no_longer_signs() -> None:
    """Rotation ends no session; a third secret is a stranger's."""
    assert SIGNER.verified(Signer(("the previous secret",)).sign(TOKEN)) == TOKEN
    assert SIGNER.sign(TOKEN) == Signer(("the current secret",)).sign(TOKEN)
    assert SIGNER.verified(Signer(("a third secret",)).sign(TOKEN)) is None


@pytest.mark.parametrize(
    "presented",
    [
        TOKEN,
        "",
        ".",
        TOKEN + ".",
        "." + SIGNER.sign(TOKEN).rpartition(".")[2],
        SIGNER.sign(TOKEN).removesuffix("="),
        SIGNER.sign(TOKEN) + "=",
        SIGNER.sign(TOKEN) + "\n",
        " " + SIGNER.sign(TOKEN),
        SIGNER.sign(TOKEN).replace(".", "%2E%2E"),
        quote(quote(SIGNER.sign(TOKEN), safe=""), safe=""),
        SIGNER.sign("a" * 512),
        "%",
        "%ff%fe.%",
        "٣" * 32 + SIGNER.sign(TOKEN)[32:],
    ],
)
def test_what_lacks_our_signature_is_nobody_s(presented: str) -> None:
    """The bare token above all: it stands in the database, and Better Auth shows it to pages."""
    assert SIGNER.verified(presented) is None


@given(st.text())
@example("\ud800." + "A" * 43 + "=")
@example("%" * 600)
@example("." * 100_000)
def test_garbage_never_raises(presented: str) -> None:
    """Anyone may send anything."""
    assert SIGNER.verified(presented) is None


def test_a_new_token_is_32_letters_and_digits() -> None:
    """As long as Better Auth's, from the same alphabet, never twice."""
    made = {tokens.new() for _ in range(1000)}

    assert len(made) == 1000
    assert {len(token) for token in made} == {32}
    assert set("".join(made)) == set(tokens.ALPHABET)


def test_secrets_do_not_show() -> None:
    """A signer in a traceback or a log line gives nothing away."""
    assert "secret" not in repr(SIGNER)


@pytest.mark.parametrize("secrets", [(), ("",), ("current", "")])
def test_an_empty_secret_is_no_secret(secrets: tuple[str, ...]) -> None:
    """BETTER_AUTH_SECRET_PREVIOUS= in a file of settings must not let everyone in."""
    with pytest.raises(ValueError, match="secrets"):
        Signer(secrets)
