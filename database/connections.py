"""The pool: connections to one database, each lent to one caller, the last used first.

asyncpg's own pool makes a proxy, a task and two timers for each loan, which is more work than a
statement is. Knows no statement, and not what an error means.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg

CLOSE_SECONDS = 2.0

Connect = Callable[[], Awaitable[asyncpg.Connection]]


class Connections:
    """At most *size*; what nobody needed for *idle_seconds* is closed."""

    def __init__(self, connect: Connect, *, size: int, idle_seconds: float) -> None:
        self._connect, self._idle_seconds = connect, idle_seconds
        self._turns = asyncio.Semaphore(size)
        self._idle: list[tuple[float, asyncpg.Connection]] = []  # the last used at the end
        self._lent: set[asyncpg.Connection] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def counts(self) -> tuple[int, int]:
        """How many are used, and how many are idle."""
        return len(self._lent), len(self._idle)

    async def take(self) -> asyncpg.Connection:
        """A connection for the caller alone, who gives it back or drops it. Raises the driver's."""
        await self._turns.acquire()
        try:
            connection = self._warmest() or await self._connect()
        except BaseException:
            self._turns.release()
            raise
        self._lent.add(connection)
        return connection

    def _warmest(self) -> asyncpg.Connection | None:
        while self._idle:
            _, connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None

    def give_back(self, connection: asyncpg.Connection) -> None:
        """It is as it was: no statement runs, and no transaction is open."""
        loop = asyncio.get_running_loop()
        self._lent.discard(connection)
        self._idle.append((loop.time(), connection))
        self._turns.release()
        if self._timer is None:
            self._timer = loop.call_later(self._idle_seconds, self._end_idle)

    def settle(self, connection: asyncpg.Connection) -> None:
        """Give back what has no transaction open, else drop it."""
        if connection.is_closed() or connection.is_in_transaction():
            self.drop(connection)
        else:
            self.give_back(connection)

    def drop(self, connection: asyncpg.Connection) -> None:
        """Nobody knows what it does: it is ended, and nobody waits for that."""
        self._lent.discard(connection)
        self._turns.release()
        self._end(connection)

    @asynccontextmanager
    async def lent(self, seconds: float) -> AsyncIterator[asyncpg.Connection]:
        """A connection for the block, for several statements. It is there within *seconds*."""
        async with asyncio.timeout(seconds):
            connection = await self.take()
        try:
            yield connection
        except BaseException as error:
            was_running = not isinstance(error, Exception)  # a statement, when it was cancelled
            (self.drop if was_running else self.settle)(connection)
            raise
        self.settle(connection)

    async def ended(self) -> None:
        """What was dropped has ended."""
        while self._ending:
            await asyncio.wait(self._ending)

    async def close(self) -> None:
        """End all, also what is lent; two seconds at most."""
        if self._timer:
            self._timer.cancel()
        for connection in [*self._lent, *(connection for _, connection in self._idle)]:
            self._end(connection)
        self._idle.clear()
        await self.ended()

    def _end_idle(self) -> None:
        """Of those in a row that were last used first."""
        loop = asyncio.get_running_loop()
        while self._idle and self._idle[0][0] + self._idle_seconds <= loop.time():
            self._end(self._idle.pop(0)[1])
        self._timer = None
        if self._idle:
            self._timer = loop.call_at(self._idle[0][0] + self._idle_seconds, self._end_idle)

    def _end(self, connection: asyncpg.Connection) -> None:
        task = asyncio.create_task(_closed(connection))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


async def _closed(connection: asyncpg.Connection) -> None:
    """Its statement is cancelled before, if the server takes that in time."""
    try:
        await connection.close(timeout=CLOSE_SECONDS)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()
