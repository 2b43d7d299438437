"""The database that comes and goes: how long a call takes then, and who is left alone."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from database import connected, open_database
from limits import Rate
from postmaster import Postmaster
from problems import DatabaseUnavailable
from queries import migrations, users
from tests.chaos.proxy import ChaosProxy
from tests.live import run_sql
from tests.test_limits import charged

pytestmark = pytest.mark.anyio

NOBODY = UUID(int=0)
END = """
select pg_terminate_backend(pid)
from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
"""


@asynccontextmanager
async def silent() -> AsyncIterator[str]:
    """The DSN of what takes connections, and then says nothing."""
    held: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield f"postgresql://nobody@127.0.0.1:{port}/nothing?sslmode=disable"
    server.close()
    for writer in held:
        writer.close()


async def test_lost_connections_cost_a_reader_nothing(dsn: str) -> None:
    """All of them at once, over and over, while the loop is blocked: a frozen function thaws."""
    async with open_database(dsn) as db:
        for _ in range(10):
            await asyncio.gather(*(migrations.applied(db) for _ in range(8)))
            _block_while_they_end(dsn)
            found = await asyncio.gather(*(users.account(db, user_id=NOBODY) for _ in range(8)))

            assert found == [None] * 8


def _block_while_they_end(dsn: str) -> None:
    ending = threading.Thread(target=lambda: asyncio.run(run_sql(dsn, END)))
    ending.start()
    ending.join()  # on purpose: nothing of the loop's own may run meanwhile


async def test_what_must_not_happen_twice_is_not_tried_twice(dsn: str) -> None:
    """A lost connection leaves open whether a token was taken; so the caller hears of it."""
    async with open_database(dsn) as db:
        await migrations.applied(db)
        _block_while_they_end(dsn)
        with pytest.raises(DatabaseUnavailable):
            await charged(db, {"x": Rate(5, 60)})


async def test_a_silent_database_costs_no_more_than_was_allowed() -> None:
    """Whatever the driver does to cancel; then nobody asks it until the pause is over."""
    async with silent() as dsn, open_database(dsn) as db:
        took = []
        for _ in range(3):
            started = time.monotonic()
            with pytest.raises(DatabaseUnavailable):
                await migrations.applied(db.within(0.2))
            took.append(time.monotonic() - started)

    assert max(took[:2]) < 0.4
    assert took[2] < 0.02


async def test_a_network_that_stalls_costs_no_more_than_was_allowed(
    postgres: Postmaster, dsn: str
) -> None:
    """Also where the driver would open another connection to cancel, and wait for that."""
    sockets = Path(parse_qs(urlsplit(postgres.dsn).query)["host"][0])
    name = urlsplit(dsn).path
    with ChaosProxy(sockets / ".s.PGSQL.5432") as proxy:
        through = f"postgresql://footnote@127.0.0.1:{proxy.port}{name}?sslmode=disable"
        async with open_database(through) as db:
            assert await migrations.applied(db)
            proxy.mode = "stall"
            started = time.monotonic()
            with pytest.raises(DatabaseUnavailable):
                await migrations.applied(db.within(0.3))
            took = time.monotonic() - started
            proxy.mode = "pass"

    assert took < 0.6


async def test_a_refused_connection_is_believed_at_once_and_a_probe_finds_it_back(
    postgres: Postmaster, dsn: str
) -> None:
    """The first failure opens; what is asked meanwhile fails at once, and says when to come."""
    name = dsn.split("/")[3].partition("?")[0]
    async with open_database(dsn) as db:
        await run_sql(postgres.dsn, f'alter database "{name}" rename to "{name}_away"')
        for _ in range(2):
            with pytest.raises(DatabaseUnavailable) as refused:
                await migrations.applied(db)
        assert db.breaker.is_open
        assert int(refused.value.headers["Retry-After"]) >= 1
        await run_sql(postgres.dsn, f'alter database "{name}_away" rename to "{name}"')
        await asyncio.sleep(db.breaker.wait())

        assert await migrations.applied(db)
        assert not db.breaker.is_open


async def test_a_statement_that_is_wrong_says_nothing_about_the_database(empty_dsn: str) -> None:
    """Missing tables, a violated constraint: it answers, so it is not left alone."""
    async with open_database(empty_dsn) as db:
        for _ in range(5):
            with pytest.raises(DatabaseUnavailable):
                await users.account(db, user_id=NOBODY)

        assert not db.breaker.is_open


async def test_calls_that_their_callers_left_leave_the_pool_whole(dsn: str) -> None:
    """Two hundred of them; afterwards every connection is free again."""
    async with open_database(dsn) as db, connected(dsn) as beside:
        calls = [asyncio.ensure_future(migrations.applied(db)) for _ in range(200)]
        await asyncio.sleep(0)
        for call in calls[::2]:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        while db.abandoned:
            await asyncio.wait(db.abandoned)
        count = "select count(*) from pg_stat_activity where datname = current_database()"

        assert db.connections[0] == 0
        assert await beside.fetchval(count) <= 11
