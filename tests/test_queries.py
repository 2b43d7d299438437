"""Every named statement against the migrated schema: it prepares, and fits its record."""

import asyncio
import importlib
import pkgutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from attrs import asdict, evolve, fields
from hypothesis import given
from hypothesis import strategies as st

import migrate
import queries
from database import STATEMENTS, connected, number, read_statements
from identifiers import uuid7
from limits import Budget, Rate
from models import Interaction
from postgres_url import normalise
from postmaster.programs import programs_for
from queries import exchanges, interactions
from settings import ROOT
from tests.live import run_sql
from tests.test_limits import charged
from tests.test_storage import a_user, exchange

pytestmark = pytest.mark.anyio
PSQL = programs_for(Path("no cluster yet")) / "psql"

for module in pkgutil.iter_modules(queries.__path__):
    importlib.import_module(f"queries.{module.name}")


@pytest.mark.parametrize("name", STATEMENTS)
async def test_a_statement_fits_the_schema(name: str, dsn: str) -> None:
    """It prepares, and its columns are its record's fields, in order."""
    bound = STATEMENTS[name]
    connection = await asyncpg.connect(normalise(dsn).dsn, statement_cache_size=0)
    try:
        prepared = await connection.prepare(bound.sql)
        columns = [attribute.name for attribute in prepared.get_attributes()]
    finally:
        await connection.close()

    assert bound.row is None or [field.name for field in fields(bound.row)] == columns


def test_every_statement_has_a_signature_and_a_promise() -> None:
    """No SQL without a typed declaration, and a sentence that says what it promises."""
    written = {
        f"{path.stem}.{name}": sql
        for path in (ROOT / "queries").glob("*.sql")
        for name, sql in read_statements(path).items()
    }

    assert written.keys() == STATEMENTS.keys()
    assert all(sql.startswith("-- ") for sql in written.values())


@pytest.mark.parametrize(
    ("sql", "numbered"),
    [
        ("select :a, :b, :a", "select $1, $2, $1"),
        (
            "select ':a', \":a\", a[1:2], x::text, :b::int",
            "select ':a', \":a\", a[1:2], x::text, $1::int",
        ),
        ("-- note :x\nselect :y /* :z */", "-- note :x\nselect $1 /* :z */"),
        ("select $$ :x $$, $q$ :y $q$, :z", "select $$ :x $$, $q$ :y $q$, $1"),
    ],
)
def test_only_parameters_are_numbered(sql: str, numbered: str) -> None:
    """Strings, quoted names, comments, casts, slices and dollar quotes stay as they are."""
    assert number(sql)[0] == numbered


@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1))
def test_numbering_follows_first_use(names: list[str]) -> None:
    """``$n`` is the nth distinct name."""
    sql, params = number("select " + ", ".join(f":{name}" for name in names))

    assert params == tuple(dict.fromkeys(names))
    assert sql == "select " + ", ".join(f"${params.index(name) + 1}" for name in names)


async def test_migrations_apply_once(dsn: str) -> None:
    """A second run has nothing to do."""
    assert await migrate.apply(dsn) == []


async def test_migrations_apply_to_an_empty_database(empty_dsn: str) -> None:
    """All of them, in order."""
    applied = await migrate.apply(empty_dsn)

    assert applied == list(migrate.NAMES)


async def test_two_migrators_at_once_apply_everything_once(empty_dsn: str) -> None:
    """The lock lets one work; the other finds it done."""
    first, second = await asyncio.gather(*(migrate.apply(empty_dsn) for _ in range(2)))

    assert sorted([first == [], second == []]) == [False, True]


async def test_a_migration_also_runs_by_plain_psql(empty_dsn: str) -> None:
    """As the handbook says; the migrator then knows that it has been applied."""
    for path in migrate.FILES:
        for _ in range(2):  # again does no harm
            subprocess.run(
                [PSQL, normalise(empty_dsn).dsn, "-v", "ON_ERROR_STOP=1", "-qf", path],
                check=True,
                capture_output=True,
            )

    assert await migrate.apply(empty_dsn) == []


async def test_functions_find_the_tables_that_statements_find(empty_dsn: str) -> None:
    """Also those in a schema of their own."""
    name = empty_dsn.split("/")[3].partition("?")[0]
    await run_sql(empty_dsn, "create schema ours")
    await run_sql(empty_dsn, f'alter database "{name}" set search_path = ours')
    await migrate.apply(empty_dsn)
    row, paid = exchange(await a_user(empty_dsn), 0), {"reader": Budget("reader", 1, "Spent.")}
    async with connected(empty_dsn) as db:
        kept = await exchanges.keep(db, **asdict(row), exchanges=1, conversations=1)
        charges = [await charged(db, {"reader": Rate(9, 9)}, paid) for _ in range(2)]

    assert kept == "kept"
    assert [charge.spent for charge in charges] == [[], ["reader"]]


ANSWERS = "select string_agg(answer, ', ') from interaction_logs"


async def test_an_interaction_is_logged_once(dsn: str) -> None:
    """A second write of the same id, as a replay makes, changes nothing."""
    row = Interaction(
        interaction_id=uuid7(),
        asked_at=datetime.now(UTC),
        user_label=None,
        question="What is the lamp?",
        selected_text=None,
        metadata="{}",
        answer="A light.",
        status="success",
        retrieval_ms=1,
        first_token_ms=2,
        total_ms=3,
    )
    async with connected(dsn) as db:
        await interactions.add(db, **asdict(row))
        await interactions.add(db, **asdict(evolve(row, answer="Another.")))

        assert (
            await db.fetchval("select string_agg(answer, '+') from interaction_logs") == "A light."
        )


def test_what_is_sent_twice_is_known() -> None:
    """Only reads, and writes that say so: a second try must never take, spend or add twice."""
    writes = {"exchanges.keep", "exchanges.judge", "interactions.add", "sessions.prolong"}
    once = {"limits.charge", "users.register", "users.add_guest", "sessions.add"}
    assert once <= STATEMENTS.keys()
    repeatable = {name for name, bound in STATEMENTS.items() if bound.repeatable}

    assert writes | {"conversations.newest", "exchanges.turns", "users.account"} <= repeatable
    assert not once & repeatable
