"""Changing a password: who may, and which sessions are left."""

import asyncio

import httpx2
import pytest

from database import connected
from tests.live import AUTH, PASSWORD, Live, Reader, run_sql

NEW = "difference engine 1822"


def change(reader: Reader, old: str = PASSWORD, new: str = NEW) -> httpx2.Response:
    body = {"current_password": old, "new_password": new}
    return reader.send("PUT", f"{AUTH}/password", body)


def test_the_new_password_holds_and_other_sessions_end(live: Live) -> None:
    """At once (ASVS 7.4.3); the session that changed it goes on."""
    other = live.reader()
    reader = live.reader(other.email)
    stranger = live.reader()

    assert change(reader).status_code == 204
    assert [one.is_known for one in (reader, other, stranger)] == [True, False, True]
    assert live.login(reader.email).status_code == 401
    assert live.login(reader.email, NEW).status_code == 200


def test_it_needs_the_current_password(live: Live) -> None:
    """A session left open on a shared machine is not enough (ASVS 6.2.3)."""
    other = live.reader()
    reader = live.reader(other.email)
    response = change(reader, old="not the password")

    assert (response.status_code, response.json()["error"]) == (403, "wrong_password")
    assert other.is_known
    assert live.login(reader.email).status_code == 200


@pytest.mark.parametrize("new", ["1234567", "q" * 64 + "w" * 65, "password1", "{email}"])
def test_a_weak_password_is_refused(live: Live, new: str) -> None:
    """As at registration; the old one holds."""
    reader = live.reader()
    response = change(reader, new=new.format(email=reader.email))

    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == ["/new_password"]
    assert live.login(reader.email).status_code == 200


def test_who_has_no_password_has_none_to_change(live: Live) -> None:
    """A guest, and who signs in through a provider only."""
    provider_only = live.reader()
    live.sql("update accounts set password = null where user_id = $1", provider_only.user_id)
    responses = [change(reader) for reader in (live.guest(), provider_only)]

    told = [(response.status_code, response.json()["error"]) for response in responses]
    assert told == [(403, "account_required")] * 2


def test_of_two_changes_at_once_one_holds(live: Live) -> None:
    """The second knew a password that is none any more: its session ends, too."""
    first = live.reader()
    second = live.reader(first.email)

    async def race() -> list[int]:
        dsn = live.state["settings"].database_url or ""
        async with connected(dsn) as connection, asyncio.timeout(5):
            async with connection.transaction():  # holds both back until both know the old hash
                await connection.execute(
                    "select from accounts where user_id = $1 for update", first.user_id
                )
                changes = [
                    asyncio.create_task(asyncio.to_thread(change, reader, PASSWORD, new))
                    for reader, new in ((first, NEW), (second, "jacquard loom 1804"))
                ]
                waiting = "select from pg_stat_activity where wait_event_type = 'Lock'"
                while len(await run_sql(dsn, waiting)) < 2:
                    assert not any(task.done() for task in changes)
            return [response.status_code for response in await asyncio.gather(*changes)]

    statuses = asyncio.run(race())
    winner, loser = (first, second) if statuses[0] == 204 else (second, first)
    assert sorted(statuses) == [204, 403]
    assert (winner.is_known, loser.is_known) == (True, False)
