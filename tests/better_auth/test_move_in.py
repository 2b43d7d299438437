"""A site with Better Auth's own tables, hash and ids moves into ours, and nobody notices."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from attrs import frozen

import migrate
from tests.better_auth.browser import PASSWORD, Browser
from tests.better_auth.conftest import settings_for
from tests.better_auth.pair import EXAMPLE, VARIANTS, Pair, run, serving
from tests.live import run_sql, running

MOVE_IN = (EXAMPLE / "move-in.sql").read_text()
# What the README says to do before `make migrate`.
RENAME = "alter table jwks rename to jwks_before"


async def execute(dsn: str, script: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(script, timeout=20)
    finally:
        await connection.close()


@frozen
class Moved:
    """A moved site, and what its readers' browsers and apps still hold."""

    pair: Pair
    cookie: str
    guest_cookie: str
    old_id: str


@pytest.fixture(scope="module")
def moved(module_empty_dsn: str, home: Path) -> Iterator[Moved]:
    dsn = module_empty_dsn
    with serving(dsn, VARIANTS, VARIANT="default") as url:
        before = Pair(better_auth=url, footnote="http://127.0.0.1:9", dsn=dsn)
        reader, guest = Browser(before), Browser(before)
        assert reader.better_auth.register("Ada@example.com")
        assert reader.better_auth.send("GET", "/token").is_success  # which makes a key
        assert guest.better_auth.start_guest()
        old_id = reader.better_auth.user() or ""
    asyncio.run(execute(dsn, RENAME))
    asyncio.run(migrate.apply(dsn))
    asyncio.run(execute(dsn, MOVE_IN))
    with serving(dsn) as url, running(settings_for(dsn, home, url)) as live:
        pair = Pair(better_auth=url, footnote=live.url, dsn=dsn)
        yield Moved(pair, reader.cookie or "", guest.cookie or "", old_id)


def test_readers_stay_signed_in(moved: Moved) -> None:
    """Their cookies open both servers, under an id that is a uuid now."""
    user_id = Browser(moved.pair, cookie=moved.cookie).user()
    (row,) = asyncio.run(run_sql(moved.pair.dsn, "select moved_id($1)::text", moved.old_id))

    assert user_id == row[0] != moved.old_id


def test_old_passwords_open_both(moved: Moved) -> None:
    """Their scrypt hashes have moved as they were."""
    for server in (Browser(moved.pair).better_auth, Browser(moved.pair).footnote):
        assert not server.login("ada@example.com", "analytical engine 1844")
        assert server.login("ada@example.com", PASSWORD)


def test_guests_stay_guests(moved: Moved) -> None:
    """The anonymous plugin's column moves, where there is one."""
    guest = Browser(moved.pair, cookie=moved.guest_cookie)

    assert guest.footnote.send("GET", "/session").json()["is_guest"] is True


def test_moved_readers_can_do_everything(moved: Moved) -> None:
    """Change the password, take a JWT, sign out: their accounts are like any other."""
    browser, new = Browser(moved.pair), "difference engine 1822"
    assert browser.footnote.login("ada@example.com")
    jwt = browser.better_auth.send("GET", "/token").json()["token"]
    assert Browser(moved.pair, token=jwt).footnote.user() == browser.user()
    assert browser.footnote.change_password(PASSWORD, new)
    assert browser.better_auth.change_password(new, PASSWORD)
    assert browser.better_auth.logout()

    assert browser.user() is None


def test_the_planner_is_content_with_a_moved_site(moved: Moved) -> None:
    """The renamed table of keys was the only one in the way."""
    plan = run(EXAMPLE / "plan.mjs", moved.pair.dsn)

    assert plan.returncode == 0, plan.stdout + plan.stderr


def test_moving_twice_changes_nothing(moved: Moved) -> None:
    """So it can be tried, and run again for who signed up in between."""
    count = (
        "select (select count(*) from users) as users, (select count(*) from accounts) as accounts"
    )
    before = asyncio.run(run_sql(moved.pair.dsn, count))
    asyncio.run(execute(moved.pair.dsn, MOVE_IN))

    assert asyncio.run(run_sql(moved.pair.dsn, count)) == before


def test_an_address_that_has_an_account_here_stops_the_whole_move(moved: Moved) -> None:
    """It might be somebody else's; the owner of the site decides."""
    add = "insert into users (email) values ('grace@example.com')"
    theirs = (
        'insert into "user" (id, name, email, "emailVerified", "createdAt", "updatedAt")'
        " values ('one', '', 'one@example.com', false, now(), now()),"
        " ('two', '', 'Grace@example.com', false, now(), now())"
    )
    asyncio.run(execute(moved.pair.dsn, f"{add}; {theirs}"))
    with pytest.raises(asyncpg.UniqueViolationError, match="users_email_key"):
        asyncio.run(execute(moved.pair.dsn, MOVE_IN))

    one = "select id from users where email = 'one@example.com'"
    assert asyncio.run(run_sql(moved.pair.dsn, one)) == []


def test_an_id_that_is_a_uuid_stays(moved: Moved) -> None:
    """In whatever case it is written; others always become the same one."""
    sql = "select moved_id($1)::text as id, moved_id($1) = moved_id($1) as is_stable"
    known = "5b1f0c5e-0a86-4f0c-9d7c-2a9d7d0f4a11"
    ids = [known, known.upper(), "42", "abcDEF0123456789abcDEF0123456789"]
    rows = [asyncio.run(run_sql(moved.pair.dsn, sql, id_))[0] for id_ in ids]

    assert [row["id"] for row in rows[:2]] == [known, known]
    assert [row["id"][14] + row["id"][19] for row in rows[2:]] == ["88", "88"]
