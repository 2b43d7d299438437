"""The database, guarded: every call is bounded, and a database that is down is left alone.

Rules that let a pooler sit in between: no session state (SET, LISTEN, session locks, temporary
tables), and no connection held across a model call.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, Protocol, TypeVar

import asyncpg
from attrs import define

from breaker import SHORTEST, Breaker
from database.connections import Connections
from postgres_url import normalise
from problems import DatabaseOutdated, DatabaseUnavailable

log = logging.getLogger("footnote.database")

COMMAND_SECONDS = 5.0  # a ROLLBACK, which comes when the time for a transaction is over
STATEMENT_SECONDS = 6.0  # of which some may be spent waiting for a connection
TRANSACTION_SECONDS = 10.0
AGAIN_SECONDS = 0.05  # a closed connection is noticed by the loop, so it must turn first
POOL_SIZE, SMALL_POOL_SIZE = 10, 5
IDLE_SECONDS, NEON_IDLE_SECONDS = 300.0, 60.0  # Neon suspends after 300, and forgets connections
SLOW_IN_A_ROW = 2
LONGEST_PAUSE = 5.0  # seconds that the breaker stays open: a probe costs one call

# The connection was lost, or there was none to be had.
LOST = (
    *(OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError),
    *(asyncpg.InternalClientError, asyncpg.AdminShutdownError, asyncpg.CrashShutdownError),
    asyncpg.CannotConnectNowError,
)
# What the driver raises when the database is out of reach, as opposed to a statement being wrong.
UNREACHABLE = (
    *LOST,
    *(asyncpg.OperatorInterventionError, asyncpg.InsufficientResourcesError),
    *(asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError),
    *(asyncpg.DeadlockDetectedError, asyncpg.ReadOnlySQLTransactionError),
)
BUSY = (asyncpg.DeadlockDetectedError, asyncpg.QueryCanceledError)  # which says nothing of others
UNMIGRATED = (
    *(asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError),
    asyncpg.UndefinedFunctionError,
)

# What any call on an ailing database may raise; callers that can do without it degrade on these.
OUTAGES = (DatabaseUnavailable, *UNREACHABLE, asyncpg.PostgresError)

T = TypeVar("T")


class Connection(Protocol):
    """One of ours, perhaps inside a transaction."""

    async def fetch(self, sql: str, *args: Any) -> Sequence[Any]: ...
    async def fetchrow(self, sql: str, *args: Any) -> Any: ...
    async def fetchval(self, sql: str, *args: Any) -> Any: ...


@define(eq=False)
class Database:
    """Postgres, as far as it can be reached. Every method raises ``DatabaseUnavailable``."""

    pool: Connections
    breaker: Breaker
    seconds: float = STATEMENT_SECONDS  # for one statement

    def within(self, seconds: float) -> "Database":
        """The same database for who cannot wait longer than that."""
        return Database(self.pool, self.breaker, seconds)

    async def run(self, work: Callable[[Connection], Awaitable[T]], *, repeatable: bool) -> T:
        """What *work* returns; what is *repeatable* gets a second try when the connection is lost.

        After a freeze or a suspended server several connections are dead at once; half a tenth of a
        second later that is known.
        """
        with outages(), self.attempt():
            try:
                return await self._bounded(work)
            except TimeoutError:
                raise
            except LOST:
                if not repeatable:
                    raise
            await asyncio.sleep(AGAIN_SECONDS)
            return await self._bounded(work)

    async def _bounded(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """What *work* returns, or ``TimeoutError`` after so many seconds of the clock on the wall.

        A connection that is not known to be whole is dropped, and not waited for: asyncpg opens
        another one to cancel a statement, and on a stalled network 1 s became 3.
        """
        async with asyncio.timeout(self.seconds):
            connection = await self.pool.take()
            try:
                found = await work(connection)
            except asyncpg.PostgresError:
                self.pool.settle(connection)
                raise
            except BaseException:
                self.pool.drop(connection)
                raise
            self.pool.give_back(connection)
            return found

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """One visit, which tells the breaker how it went."""
        number = self.breaker.admit()
        if number is None:
            seconds = max(1, round(self.breaker.wait()))
            raise DatabaseUnavailable(headers={"Retry-After": str(seconds)})
        try:
            yield
            self.breaker.succeeded(number)
        except UNREACHABLE as error:
            if isinstance(error, BUSY):
                self.breaker.succeeded(number)
            else:
                wish = 0.0 if isinstance(error, TimeoutError) else SHORTEST
                self.breaker.failed(number, type(error).__name__, wish=wish)
            raise
        except asyncpg.PostgresError:
            self.breaker.succeeded(number)  # it answers
            raise
        finally:
            self.breaker.release(number)

    @property
    def connections(self) -> tuple[int, int]:
        """How many are used, and how many are idle."""
        return self.pool.counts


# What a statement runs on.
Executor = Connection | Database


@contextmanager
def outages() -> Iterator[None]:
    """Raises ``DatabaseUnavailable`` for whatever the driver raises when there is no database."""
    try:
        yield
    except UNMIGRATED as error:
        raise DatabaseOutdated from error
    except UNREACHABLE as error:
        raise DatabaseUnavailable from error


@asynccontextmanager
async def transaction(db: Database | None) -> AsyncIterator[Connection]:
    """A connection whose statements apply together. Raises ``DatabaseUnavailable``."""
    with outages():
        if db is None:
            raise DatabaseUnavailable("No database is configured.")
        seconds = min(db.seconds, STATEMENT_SECONDS)
        with db.attempt():
            async with (
                asyncio.timeout(TRANSACTION_SECONDS),
                db.pool.lent(seconds) as connection,
                connection.transaction(),
            ):
                yield connection


@asynccontextmanager
async def open_database(
    dsn: str, *, pooled: bool = False, size: int = POOL_SIZE
) -> AsyncIterator[Database]:
    """It connects on first use, so the service starts, and answers, without a database."""
    url = normalise(dsn, pooled=pooled)
    if url.dropped:
        log.info("left out of the database's URL: %s", ", ".join(url.dropped))
    connect = partial(
        asyncpg.connect,
        url.dsn,
        ssl=url.ssl,
        statement_cache_size=0 if url.is_pooled else 100,
        timeout=url.connect_seconds,
        command_timeout=COMMAND_SECONDS,
    )
    idle_seconds = NEON_IDLE_SECONDS if url.is_neon else IDLE_SECONDS
    pool = Connections(connect, size=size, idle_seconds=idle_seconds)
    breaker = Breaker("database", failures=SLOW_IN_A_ROW, longest=LONGEST_PAUSE)
    try:
        yield Database(pool, breaker)
    finally:
        await pool.close()


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """One connection to the server itself, past our pool and Neon's. Raises ``OUTAGES``."""
    url = normalise(dsn).direct()
    connection = await asyncpg.connect(
        url.dsn, ssl=url.ssl, timeout=url.connect_seconds, statement_cache_size=0
    )
    try:
        yield connection
    finally:
        await connection.close(timeout=url.connect_seconds)
