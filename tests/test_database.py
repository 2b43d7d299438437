"""The database that comes and goes: how long a call takes then, and who is left alone."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import asyncpg
import pytest

from database import Database, connected, open_database, transaction
from database.connections import Connections
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


async def test_a_transaction_on_a_network_that_stalls_ends(
    postgres: Postmaster, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for its ROLLBACK for long."""
    monkeypatch.setattr("database.pool.TRANSACTION_SECONDS", 0.2)
    monkeypatch.setattr("database.pool.COMMAND_SECONDS", 0.2)
    sockets = Path(parse_qs(urlsplit(postgres.dsn).query)["host"][0])
    with ChaosProxy(sockets / ".s.PGSQL.5432") as proxy:
        through = (
            f"postgresql://footnote@127.0.0.1:{proxy.port}{urlsplit(dsn).path}?sslmode=disable"
        )
        async with open_database(through) as db:
            assert await migrations.applied(db)
            started = time.monotonic()
            with pytest.raises(DatabaseUnavailable):
                await locked(db, proxy)
            took = time.monotonic() - started
            proxy.mode = "pass"

    assert took < 1


async def locked(db: Database, proxy: ChaosProxy) -> None:
    async with transaction(db) as connection:
        proxy.mode = "stall"
        await users.lock(connection, user_id=NOBODY)


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
        await db.pool.ended()
        count = "select count(*) from pg_stat_activity where datname = current_database()"

        assert db.connections[0] == 0
        assert await beside.fetchval(count) <= 11


async def test_what_its_caller_left_ends_in_the_server_too(dsn: str) -> None:
    """The statement is cancelled, and its connection is nobody's."""
    async with open_database(dsn) as db:
        call = asyncio.ensure_future(db.run(lambda c: c.fetch(DOZE), repeatable=True))
        await until(lambda: running(dsn, 1))
        call.cancel()
        await asyncio.wait([call])
        await until(lambda: running(dsn, 0))

        assert db.connections == (0, 0)


DOZE = "select pg_sleep(60)"
RUNNING = "select from pg_stat_activity where query = $1 and state = 'active'"


async def running(dsn: str, calls: int) -> bool:
    return len(await run_sql(dsn, RUNNING, DOZE)) == calls


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(5):
        while not await holds():
            pass


async def test_what_nobody_needs_is_closed(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a database that sleeps while nobody asks can sleep; what is in use stays."""
    monkeypatch.setattr("database.pool.IDLE_SECONDS", 0.05)
    async with open_database(dsn) as db:
        await asyncio.gather(*(migrations.applied(db) for _ in range(4)))
        assert db.connections[1] > 1

        async def one_is_left() -> bool:
            await asyncio.sleep(0.01)
            return db.connections == (1, 0)

        async with db.pool.lent(1):
            await until(one_is_left)


async def test_what_is_left_in_a_transaction_is_lent_to_nobody(dsn: str) -> None:
    """It would hold locks, and show the next caller what never was."""
    async with open_database(dsn) as db:
        async with db.pool.lent(1) as connection:
            await connection.execute("begin")

        assert db.connections == (0, 0)
        assert await migrations.applied(db)


async def test_who_waits_for_a_connection_is_told_when_there_is_none() -> None:
    """The one before could not connect: the next one tries, and the next; none waits for ever."""

    async def refuse() -> asyncpg.Connection:
        await asyncio.sleep(0)
        raise ConnectionRefusedError

    pool = Connections(refuse, size=1, idle_seconds=1)
    async with asyncio.timeout(1):
        told = await asyncio.gather(*(pool.take() for _ in range(5)), return_exceptions=True)

    assert [type(error) for error in told] == [ConnectionRefusedError] * 5
