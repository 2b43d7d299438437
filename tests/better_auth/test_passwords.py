"""One password opens both servers, whatever it is made of and wherever it was set."""

from collections.abc import Iterator

import pytest

from tests.better_auth.browser import BOTH_WAYS, PASSWORD, Browser, Server, new_email
from tests.better_auth.pair import VARIANTS, Pair, serving

SHAPES = {
    "short": "correct h0rse bat",
    "72 bytes": "seventy-two bytes: " + "x" * 53,
    "73 bytes": "seventy-three bytes: " + "x" * 52,
    "128 characters": "a hundred and twenty-eight: " + "x" * 100,
    "Urdu": "کتاب کے صفحے پر لکھا ہوا ایک لمبا پاس ورڈ جو کوئی نہیں جانتا آج"[:64],
    "40 emoji": "🦀🐍" * 20,
    "128 emoji": "🦀🐍" * 64,
    "8 emoji": "🦀🐍🦀🐍🦀🐍🦀🦀",
    "ligatures": "eﬃcient ﬁsh of ℌamburg ①",
    "spaces": "  spaces all around  ",
    "NUL": "before\0after it",
}


@pytest.mark.parametrize(("one", "other"), BOTH_WAYS)
@pytest.mark.parametrize("password", SHAPES.values(), ids=SHAPES)
def test_a_password_set_at_one_opens_the_other(
    pair: Pair, password: str, one: Server, other: Server
) -> None:
    """Every character of it counts, the last one, too."""
    email = new_email()
    assert Browser(pair).at(one).register(email, password)
    browser = Browser(pair)

    assert not browser.at(other).login(email, password[:-1] + "?")
    assert browser.at(other).login(email, password)
    assert browser.user()


@pytest.mark.parametrize(
    ("password", "is_taken"),
    [
        ("🦀🐍🦀🐍🦀🐍7", False),
        ("🦀🐍🦀🐍🦀🐍77", True),
        ("x7" * 64, True),
        ("x7" * 64 + "x", False),
    ],
    ids=["7 characters", "8 characters", "128 characters", "129 characters"],
)
def test_both_take_passwords_of_the_same_lengths(
    pair: Pair, password: str, *, is_taken: bool
) -> None:
    """In characters: Better Auth alone would count a crab as two."""
    assert Browser(pair).better_auth.register(new_email(), password) == is_taken
    assert Browser(pair).footnote.register(new_email(), password) == is_taken


@pytest.mark.parametrize("server", ["better_auth", "footnote"])
def test_a_changed_password_holds_at_both_and_ends_the_other_sessions(
    pair: Pair, server: Server
) -> None:
    """Whoever changes it stays signed in; the old password opens neither."""
    email, new = new_email(), "difference engine 1822"
    browser, others = Browser(pair), [Browser(pair), Browser(pair)]
    assert browser.better_auth.register(email)
    assert others[0].better_auth.login(email)
    assert others[1].footnote.login(email)
    assert browser.at(server).change_password(PASSWORD, new)

    assert browser.user()
    assert [other.user() for other in others] == [None, None]
    for login in (Browser(pair).better_auth.login, Browser(pair).footnote.login):
        assert not login(email, PASSWORD)
        assert login(email, new)


@pytest.mark.parametrize("new", ["🦀🐍🦀🐍🦀🐍7", "x7" * 64 + "x"], ids=["short", "long"])
def test_better_auth_changes_no_password_to_one_that_footnote_would_refuse(
    pair: Pair, new: str
) -> None:
    """The configuration checks where a password is set, not where one is tried."""
    browser, email = Browser(pair), new_email()
    assert browser.better_auth.register(email)

    assert not browser.better_auth.change_password(PASSWORD, new)
    assert Browser(pair).footnote.login(email)


@pytest.fixture(scope="module")
def scrypt_pair(pair: Pair) -> Iterator[Pair]:
    """A Better Auth that has our tables, but its own hash."""
    with serving(pair.dsn, VARIANTS, VARIANT="scrypt") as url:
        yield Pair(better_auth=url, footnote=pair.footnote, dsn=pair.dsn)


@pytest.mark.parametrize("password", [PASSWORD, SHAPES["128 emoji"], SHAPES["ligatures"]])
def test_footnote_reads_better_auths_own_hash_and_leaves_it(
    pair: Pair, scrypt_pair: Pair, password: str
) -> None:
    """Who signed up before our configuration signs in everywhere, also where they came from."""
    email = new_email()
    assert Browser(scrypt_pair).better_auth.register(email, password)

    assert not Browser(pair).footnote.login(email, password[:-1] + "?")
    assert Browser(pair).footnote.login(email, password)
    assert Browser(pair).better_auth.login(email, password)
    assert Browser(scrypt_pair).better_auth.login(email, password)
