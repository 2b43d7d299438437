"""Postgres: the pool, connections and named statements. The only home of asyncpg.

SQL lives in ``queries/X.sql`` under ``-- name: verb``, its typed signature in ``queries/X.py``.
:func:`statement` checks at import that both take the same parameters; ``tests/test_queries.py``
prepares every one on the migrated schema and compares its columns with the declared record.

Rules that let a pooler sit in between: no session state (SET, LISTEN, session locks, temporary
tables), and no connection held across a model call.
"""

import asyncio
import inspect
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg
from attrs import frozen, has

from problems import DatabaseOutdated, DatabaseUnavailable

CONNECT_SECONDS = 3.0
COMMAND_SECONDS = 5.0
STATEMENT_SECONDS = 6.0  # of which some may be spent waiting for a connection
TRANSACTION_SECONDS = 10.0
POOLER_PORTS = {6432, 6543}
FOREIGN_PARAMETERS = {
    *("channel_binding", "connect_timeout", "gssencmode"),
    *("connection_limit", "pgbouncer", "pool_timeout", "schema"),
}

# What the driver raises when the database is out of reach, as opposed to a statement being wrong.
UNREACHABLE = (
    *(OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError),
    *(asyncpg.OperatorInterventionError, asyncpg.InsufficientResourcesError),
    *(asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError),
    *(asyncpg.DeadlockDetectedError, asyncpg.ReadOnlySQLTransactionError),
)
UNMIGRATED = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError)

# What any call on an ailing database may raise; callers that can do without it degrade on these.
OUTAGES = (DatabaseUnavailable, *UNREACHABLE, asyncpg.PostgresError)

P = ParamSpec("P")
R = TypeVar("R")

# A string, quoted name, comment, dollar-quoted body, cast, or :parameter (the last group).
TOKEN = re.compile(
    r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/|(\$\w*\$).*?\1|::|(?<!\w):([a-z_]\w*)", re.DOTALL
)


class Executor(Protocol):
    """A pool, or a connection inside a transaction."""

    async def fetch(self, sql: str, *args: Any) -> Sequence[Any]: ...
    async def fetchrow(self, sql: str, *args: Any) -> Any: ...
    async def fetchval(self, sql: str, *args: Any) -> Any: ...


@frozen
class Statement:
    """A bound statement; *sql* has ``$1, $2, …`` in the order of *params*."""

    sql: str
    params: tuple[str, ...]
    returns: Any  # the declared type: None, a value, T, T | None, list[T]

    @property
    def row(self) -> Any:
        """The attrs class of a row, or ``None``."""
        return next((t for t in (self.returns, *get_args(self.returns)) if has(t)), None)


STATEMENTS: dict[str, Statement] = {}


def statement(declared: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """Run the SQL of the same name; the declared return type picks the fetch and the record."""
    file = Path(sys.modules[declared.__module__].__file__ or "")
    name = f"{file.stem}.{declared.__name__}"
    sql, params = number(read_statements(file.with_suffix(".sql"))[declared.__name__])
    if set(params) != {*inspect.signature(declared).parameters} - {"db"}:
        raise TypeError(f"{name}: the SQL takes {params}")
    bound = STATEMENTS[name] = Statement(sql, params, get_type_hints(declared)["return"])
    fetch = _fetch_of(bound)

    async def run(db: Executor | None, **args: Any) -> Any:
        with outages():
            if db is None:
                raise DatabaseUnavailable("No database is configured.")
            async with asyncio.timeout(STATEMENT_SECONDS):
                return await fetch(db, [args[param] for param in params])

    run.__doc__ = declared.__doc__
    return run  # type: ignore[return-value]  # the declaration is the type


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
async def transaction(db: asyncpg.Pool | None) -> AsyncIterator[Executor]:
    """A connection whose statements apply together. Raises ``DatabaseUnavailable``."""
    with outages():
        if db is None:
            raise DatabaseUnavailable("No database is configured.")
        async with (
            asyncio.timeout(TRANSACTION_SECONDS),
            db.acquire(timeout=STATEMENT_SECONDS) as connection,
            connection.transaction(),
        ):
            yield connection


def _fetch_of(bound: Statement) -> Callable[[Executor, list[Any]], Awaitable[Any]]:
    sql, row, many = bound.sql, bound.row, get_origin(bound.returns) is list

    async def rows(db: Executor, values: list[Any]) -> Any:
        found = await db.fetch(sql, *values)
        return [row(**record) for record in found] if row else [record[0] for record in found]

    async def one(db: Executor, values: list[Any]) -> Any:
        record = await db.fetchrow(sql, *values)
        return record and row(**record)

    async def value(db: Executor, values: list[Any]) -> Any:
        return await db.fetchval(sql, *values)

    return rows if many else one if row else value


@cache
def read_statements(path: Path) -> Mapping[str, str]:
    """A file of statements as ``{name: SQL}``."""
    parts = re.split(r"^-- name: (\w+)\n", path.read_text("utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], map(str.strip, parts[2::2]), strict=True))


def number(sql: str) -> tuple[str, tuple[str, ...]]:
    """*sql* with ``:name`` as ``$n``, and the names; strings, comments, casts and ``$$`` stay."""
    names: dict[str, int] = {}

    def replace(token: re.Match[str]) -> str:
        name = token[2]
        return f"${names.setdefault(name, len(names) + 1)}" if name else token[0]

    return TOKEN.sub(replace, sql), tuple(names)


def normalise(dsn: str) -> str:
    """*dsn* without what only libpq, Prisma or SQLAlchemy understand; asyncpg would refuse it.

    Neon shows its URLs with ``channel_binding``; asyncpg hands unknown parameters to the server.
    """
    parts = urlsplit(dsn)
    known = [(k, v) for k, v in parse_qsl(parts.query) if k not in FOREIGN_PARAMETERS]
    return urlunsplit(parts._replace(query=urlencode(known)))


def _cache_size(dsn: str) -> int:
    """0 behind a pooler, which may give each statement another server connection."""
    parts = urlsplit(dsn)
    return 0 if "-pooler" in (parts.hostname or "") or parts.port in POOLER_PORTS else 100


@asynccontextmanager
async def open_pool(dsn: str) -> AsyncIterator[asyncpg.Pool]:
    """A pool that connects on first use, so the service starts, and answers, without a database."""
    pool = asyncpg.create_pool(
        normalise(dsn),
        statement_cache_size=_cache_size(dsn),
        min_size=0,
        max_size=10,
        timeout=CONNECT_SECONDS,
        command_timeout=COMMAND_SECONDS,
        reset=_keep,
    )
    await pool
    try:
        yield pool
    finally:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await pool.close()
        except TimeoutError:
            pool.terminate()


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """One connection outside the pool. Raises what ``OUTAGES`` lists."""
    connection = await asyncpg.connect(
        normalise(dsn), timeout=CONNECT_SECONDS, statement_cache_size=0
    )
    try:
        yield connection
    finally:
        await connection.close(timeout=CONNECT_SECONDS)


async def _keep(connection: Any) -> None:
    """Reset nothing: statements leave no session state, and the default costs a round trip."""
