"""Our guests are Better Auth's anonymous users, and keep what they asked when they sign in."""

import asyncio
from uuid import UUID, uuid4

import pytest

from tests.better_auth.browser import Browser, Server, new_email
from tests.better_auth.pair import Pair
from tests.live import run_sql

KEEP = "insert into conversations (conversation_id, user_id, title) values ($1, $2, 'What is fog?')"
KEEPERS = "select user_id from conversations where conversation_id = $1"


def owner(pair: Pair, conversation_id: UUID) -> str | None:
    rows = asyncio.run(run_sql(pair.dsn, KEEPERS, conversation_id))
    return str(rows[0]["user_id"]) if rows else None


@pytest.mark.parametrize("server", ["better_auth", "footnote"])
def test_a_guest_of_one_server_is_a_guest_of_both(pair: Pair, server: Server) -> None:
    """The same user, and no account: ``isAnonymous`` there, ``is_guest`` here."""
    browser = Browser(pair)
    assert browser.at(server).start_guest()

    assert browser.user()
    assert browser.better_auth.send("GET", "/get-session").json()["user"]["isAnonymous"] is True
    session = browser.footnote.send("GET", "/session").json()
    assert (session["is_guest"], session["email"]) == (True, None)


def test_who_signs_up_at_better_auth_is_no_guest(pair: Pair) -> None:
    """The plugin writes our column for every user."""
    browser = Browser(pair)
    assert browser.better_auth.register(new_email())

    assert browser.footnote.send("GET", "/session").json()["is_guest"] is False


@pytest.mark.parametrize("guest_of", ["better_auth", "footnote"])
@pytest.mark.parametrize("account_of", ["better_auth", "footnote"])
@pytest.mark.parametrize("is_new", [True, False], ids=["register", "login"])
def test_a_guest_who_signs_in_takes_their_conversations_along(
    pair: Pair, guest_of: Server, account_of: Server, *, is_new: bool
) -> None:
    """Whichever server opened the guest's session, and whichever has the form to sign in."""
    email, conversation_id = new_email(), uuid4()
    assert is_new or Browser(pair).footnote.register(email)
    browser = Browser(pair)
    assert browser.at(guest_of).start_guest()
    guest = browser.user()
    asyncio.run(run_sql(pair.dsn, KEEP, conversation_id, guest))
    accounts = browser.at(account_of)
    assert accounts.register(email) if is_new else accounts.login(email)

    reader = Browser(pair)
    assert reader.footnote.login(email)
    assert owner(pair, conversation_id) == reader.user()
    assert not asyncio.run(run_sql(pair.dsn, "select id from users where id = $1", guest))
