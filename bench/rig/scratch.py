"""A database of the bench's own, on a private Postgres: migrated, and filled by ``bench/sql``."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg

import migrate
from bench.rig.processes import cpu_of
from database.statements import number, read_statements
from postgres_url import normalise
from postmaster import Postmaster

POSTGRES = "postgres"
SQL = Path(__file__).parents[1] / "sql"


@contextmanager
def database(home: Path) -> Iterator[str]:
    """The DSN of a migrated database without a row, gone with the block."""
    with empty_database(home / POSTGRES) as dsn:
        asyncio.run(migrate.apply(dsn))
        yield dsn


@contextmanager
def empty_database(directory: Path) -> Iterator[str]:
    with Postmaster.start(directory) as server:
        yield server.dsn


def run(dsn: str, file: str, name: str, **values: object) -> list[Any]:
    """The rows of the statement *name* of ``bench/sql/<file>.sql``; it may take its time."""
    sql, params = number(read_statements(SQL / f"{file}.sql")[name])
    return asyncio.run(_run(dsn, sql, [values[param] for param in params]))


def cpu(home: Path) -> float:
    """Seconds of CPU that the database below *home* has taken, in all its living processes."""
    return cpu_of(int((home / POSTGRES / "pg" / "postmaster.pid").read_text().split()[0]))


async def _run(dsn: str, sql: str, values: list[object]) -> list[Any]:
    # Our rows refer to one another as they must: to have that checked takes twice the time.
    unchecked = {"session_replication_role": "replica"}
    connection = await asyncpg.connect(normalise(dsn).dsn, server_settings=unchecked)
    try:
        return await connection.fetch(sql, *values)
    finally:
        await connection.close()
