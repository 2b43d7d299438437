"""Named statements: SQL lives in ``queries/X.sql``, its typed signature in ``queries/X.py``.

:func:`statement` checks at import that both take the same parameters; ``tests/test_queries.py``
prepares every one on the migrated schema and compares its columns with the declared record.
"""

import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from inspect import get_annotations
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, get_args, get_origin

from attrs import has

from database.pool import Connection, Database, Executor, outages
from problems import DatabaseUnavailable
from records import frozen

P = ParamSpec("P")
R = TypeVar("R")

# A string, quoted name, comment, dollar-quoted body, cast, or :parameter (the last group).
TOKEN = re.compile(
    r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/|(\$\w*\$).*?\1|::|(?<!\w):([a-z_]\w*)", re.DOTALL
)
WRITES = re.compile(r"\b(insert|update|delete|merge|truncate|create)\b")


@frozen
class Statement:
    """A bound statement; *sql* has ``$1, $2, …`` in the order of *params*."""

    sql: str
    params: tuple[str, ...]
    returns: Any  # the declared type: None, a value, T, T | None, list[T]
    repeatable: bool  # twice does no more than once, so a lost connection is worth a second try

    @property
    def row(self) -> Any:
        """The attrs class of a row, or ``None``."""
        return next((t for t in (self.returns, *get_args(self.returns)) if has(t)), None)


STATEMENTS: dict[str, Statement] = {}


def statement(declared: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """Run the SQL of the same name; the declared return type picks the fetch and the record."""
    return _bound(declared, repeatable=None)


def idempotent(declared: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """A :func:`statement` that writes, and may be sent again when its fate is unknown."""
    return _bound(declared, repeatable=True)


def once(declared: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """A :func:`statement` that writes in a function, which its SQL does not show."""
    return _bound(declared, repeatable=False)


def _bound(
    declared: Callable[P, Awaitable[R]], *, repeatable: bool | None
) -> Callable[P, Awaitable[R]]:
    file = Path(sys.modules[declared.__module__].__file__ or "")
    name = f"{file.stem}.{declared.__name__}"
    sql, params = number(read_statements(file.with_suffix(".sql"))[declared.__name__])
    declares = get_annotations(declared, eval_str=True)
    if set(params) != declares.keys() - {"db", "return"}:
        raise TypeError(f"{name}: the SQL takes {params}")
    repeatable = is_read(sql) if repeatable is None else repeatable
    bound = STATEMENTS[name] = Statement(sql, params, declares["return"], repeatable)
    fetch = _fetch_of(bound)

    async def run(db: Executor | None, **args: Any) -> Any:
        values = [args[param] for param in params]
        if isinstance(db, Database):
            return await db.run(
                lambda connection: fetch(connection, values), repeatable=bound.repeatable
            )
        if db is None:
            raise DatabaseUnavailable("No database is configured.")
        with outages():
            return await fetch(db, values)

    run.__doc__ = declared.__doc__
    return run  # type: ignore[return-value]  # the declaration is the type


def _fetch_of(bound: Statement) -> Callable[[Connection, list[Any]], Awaitable[Any]]:
    sql, row, many = bound.sql, bound.row, get_origin(bound.returns) is list

    async def rows(db: Connection, values: list[Any]) -> Any:
        found = await db.fetch(sql, *values)
        return [row(**record) for record in found] if row else [record[0] for record in found]

    async def one(db: Connection, values: list[Any]) -> Any:
        record = await db.fetchrow(sql, *values)
        return record and row(**record)

    async def value(db: Connection, values: list[Any]) -> Any:
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


def is_read(sql: str) -> bool:
    """Whether it changes nothing; a lock that a select takes ends with the statement."""
    return not WRITES.search(TOKEN.sub(" ", sql).lower().replace("for update", ""))
