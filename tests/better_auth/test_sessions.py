"""One session opens both servers, and what ends it anywhere ends it everywhere."""

import asyncio
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from tests.better_auth.browser import BOTH_WAYS, COOKIE, Browser, Server, new_email
from tests.better_auth.conftest import settings_for
from tests.better_auth.pair import Pair, serving
from tests.live import run_sql, running


@pytest.fixture(scope="module")
def email(pair: Pair) -> str:
    """A reader with an account."""
    email = new_email()
    assert Browser(pair).footnote.register(email)
    return email


def signed_in(pair: Pair, email: str, server: Server = "footnote") -> tuple[str, str]:
    """The cookie of a new session, percent-encoded, and its bare token."""
    browser = Browser(pair)
    assert browser.at(server).login(email)
    cookie = browser.cookie or ""
    return cookie, unquote(cookie).rpartition(".")[0]


def change(pair: Pair, token: str, columns: str) -> None:
    sql = f"update sessions set {columns} where token = $1 returning id"  # noqa: S608 - our text
    assert asyncio.run(run_sql(pair.dsn, sql, token))


@pytest.mark.parametrize(("one", "other"), BOTH_WAYS)
def test_a_session_of_one_server_opens_the_other(
    pair: Pair, email: str, one: Server, other: Server
) -> None:
    """As cookie and as bearer token, raw and percent-encoded."""
    cookie, _ = signed_in(pair, email, one)
    user_id = Browser(pair, cookie=cookie).at(one).user()

    assert user_id
    assert Browser(pair, cookie=cookie).at(other).user() == user_id
    assert Browser(pair, token=cookie).at(other).user() == user_id
    assert Browser(pair, token=unquote(cookie)).at(other).user() == user_id


def test_each_server_names_its_bearer_token_in_the_same_header(pair: Pair, email: str) -> None:
    """``set-auth-token``, which Better Auth's clients read; the token opens both."""
    there, here = Browser(pair), Browser(pair)
    credentials = {"email": email, "password": "analytical engine 1843"}
    replies = [
        there.better_auth.send("POST", "/sign-in/email", **credentials),
        here.footnote.send("POST", "/login", **credentials, transport="bearer"),
    ]

    assert here.cookie is None
    assert all(Browser(pair, token=reply.headers["set-auth-token"]).user() for reply in replies)


@pytest.mark.parametrize(("one", "other"), BOTH_WAYS)
def test_signing_out_at_one_ends_the_session_at_the_other(
    pair: Pair, email: str, one: Server, other: Server
) -> None:
    """At once, also for who has kept a copy; and the shared cookie is gone."""
    browser = Browser(pair)
    assert browser.at(other).login(email)
    copy = Browser(pair, cookie=browser.cookie)
    assert copy.user()

    assert browser.at(one).logout()
    assert browser.cookie is None
    assert copy.user() is None


def test_sessions_revoked_at_better_auth_end_at_footnote(pair: Pair, email: str) -> None:
    """Its "sign out everywhere" reaches sessions that Footnote opened."""
    cookies = [signed_in(pair, email, server)[0] for server in ("better_auth", "footnote")]
    assert Browser(pair, cookie=cookies[0]).better_auth.send("POST", "/revoke-sessions").is_success

    assert [Browser(pair, cookie=cookie).user() for cookie in cookies] == [None, None]


def test_an_account_deleted_at_footnote_is_gone_at_better_auth(pair: Pair) -> None:
    """With its sessions."""
    browser, email = Browser(pair), new_email()
    assert browser.better_auth.register(email)
    copy = Browser(pair, cookie=browser.cookie)
    assert browser.footnote.send("DELETE", "/account").status_code == 204

    assert copy.user() is None
    assert not copy.better_auth.login(email)


@pytest.mark.parametrize(("one", "other"), BOTH_WAYS)
def test_a_reader_changes_servers_within_one_browser(
    pair: Pair, email: str, one: Server, other: Server
) -> None:
    """A second login replaces the cookie of the first, although another server set it."""
    browser = Browser(pair)
    assert browser.at(one).login(email)
    first = browser.cookie
    assert browser.at(other).login(email)

    assert browser.user()
    assert browser.cookie != first
    assert [cookie.name for cookie in browser.http.cookies.jar] == [COOKIE]


def test_a_token_without_its_signature_opens_nothing(pair: Pair, email: str) -> None:
    """Whoever reads the database cannot sign in."""
    _, token = signed_in(pair, email)

    assert Browser(pair, token=token).user() is None
    assert Browser(pair, cookie=token).user() is None


@pytest.mark.parametrize("change_to", ["token", "signature", "length", "secret"])
def test_a_changed_token_opens_nothing(pair: Pair, email: str, change_to: str) -> None:
    """Neither server takes a byte that the other did not sign."""
    cookie, token = signed_in(pair, email)
    signature = unquote(cookie).rpartition(".")[2]
    forged = {
        "token": f"{token[:-1]}{'a' if token[-1] != 'a' else 'b'}.{signature}",
        "signature": f"{token}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
        "length": f"{token}.{signature[:-2]}",
        "secret": f"{token}.47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    }[change_to]

    assert Browser(pair, token=forged).user() is None
    assert Browser(pair, cookie=quote(forged, safe="")).user() is None


def test_an_expired_session_is_closed_at_both(pair: Pair, email: str) -> None:
    """Both go by ``expires_at``."""
    cookie, token = signed_in(pair, email)
    change(pair, token, "expires_at = now() - interval '1 second'")

    assert Browser(pair, cookie=cookie).user() is None


@pytest.mark.parametrize("server", ["better_auth", "footnote"])
def test_either_server_prolongs_a_session_that_is_used(
    pair: Pair, email: str, server: Server
) -> None:
    """To seven days, once a day; the other reads what the one wrote."""
    cookie, token = signed_in(pair, email)
    change(
        pair,
        token,
        "expires_at = now() + interval '5 days', updated_at = now() - interval '2 days'",
    )
    assert Browser(pair, cookie=cookie).at(server).user()
    left = "select expires_at - now() as left, now() - updated_at as idle from sessions"
    (row,) = asyncio.run(run_sql(pair.dsn, f"{left} where token = $1", token))

    assert 6.99 < row["left"].total_seconds() / 86400 < 7.01
    assert row["idle"].total_seconds() < 60
    assert Browser(pair, cookie=cookie).user()


def test_footnote_closes_after_thirty_days_what_better_auth_prolongs_forever(
    pair: Pair, email: str
) -> None:
    """The one difference; the README of the example tells it."""
    cookie, token = signed_in(pair, email)
    change(pair, token, "created_at = now() - interval '31 days'")

    assert Browser(pair, cookie=cookie).better_auth.user()
    assert Browser(pair, cookie=cookie).footnote.user() is None


def test_a_jwt_of_better_auth_opens_footnote(pair: Pair, email: str) -> None:
    """Verified with the key in the shared table; one changed letter, and it opens nothing."""
    cookie, _ = signed_in(pair, email, "better_auth")
    browser = Browser(pair, cookie=cookie)
    jwt = browser.better_auth.send("GET", "/token").json()["token"]
    head, payload, signature = jwt.split(".")
    forged = f"{head}.{payload}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"

    assert Browser(pair, token=jwt).footnote.user() == browser.user()
    assert Browser(pair, token=forged).footnote.user() is None


def test_a_jwt_of_another_issuer_opens_nothing(pair: Pair, email: str, home: Path) -> None:
    """Although a key of the shared table signed it: the issuer must be BETTER_AUTH_URL."""
    cookie, _ = signed_in(pair, email, "better_auth")
    jwt = Browser(pair, cookie=cookie).better_auth.send("GET", "/token").json()["token"]
    elsewhere = settings_for(pair.dsn, home, "http://127.0.0.1:9")
    with running(elsewhere) as live:
        other = Pair(better_auth=pair.better_auth, footnote=live.url, dsn=pair.dsn)

        assert Browser(other, token=jwt).footnote.user() is None
        assert Browser(other, cookie=cookie).footnote.user()


def test_a_server_with_another_secret_shares_nothing(pair: Pair, email: str) -> None:
    """The secret is what joins the two."""
    cookie, _ = signed_in(pair, email)
    with serving(pair.dsn, BETTER_AUTH_SECRET="another secret of forty characters -----") as url:
        stranger = Pair(better_auth=url, footnote=pair.footnote, dsn=pair.dsn)

        assert Browser(stranger, cookie=cookie).better_auth.user() is None
