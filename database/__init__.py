"""Postgres: the pool, connections and named statements. The only home of asyncpg."""

from database.pool import (
    OUTAGES,
    POOL_SIZE,
    SMALL_POOL_SIZE,
    Database,
    Executor,
    connected,
    open_database,
    outages,
    transaction,
)
from database.statements import STATEMENTS, idempotent, number, once, read_statements, statement

__all__ = [
    "OUTAGES",
    "POOL_SIZE",
    "SMALL_POOL_SIZE",
    "STATEMENTS",
    "Database",
    "Executor",
    "connected",
    "idempotent",
    "number",
    "once",
    "open_database",
    "outages",
    "read_statements",
    "statement",
    "transaction",
]
