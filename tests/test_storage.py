"""Rows on their way to the database, while it comes and goes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from database import Database, open_database
from history import History
from identifiers import uuid7
from models import Interaction, Judgement, NewExchange
from problems import MessageNotFound, UserNotFound
from spool import Spool
from storage import Row, Storage, decode, encode
from tests.live import run_sql

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 1, 10, tzinfo=UTC)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
LIMIT = 5


@asynccontextmanager
async def storage(dsn: str, place: Path) -> AsyncIterator[Storage]:
    async with open_database(dsn) as db:
        spool = Spool(place / "spool", 1 << 24)
        yield Storage(db, History(db, LIMIT), spool)
        await spool.close()


def lose(storage: Storage) -> Storage:
    """The same storage while the database refuses everybody."""
    db = storage.db
    assert db
    if not db.breaker.is_open:
        db.breaker.failed(db.breaker.admit() or 0, "lost", wish=60)
    return storage


def find(storage: Storage) -> None:
    db: Database | None = storage.db
    assert db
    db.breaker._until = None


async def a_user(dsn: str) -> UUID:
    sql = "insert into users (email) values ($1) returning id"
    rows = await run_sql(dsn, sql, f"{uuid7()}@example.com")
    found: UUID = rows[0]["id"]
    return found


def exchange(user_id: UUID, minute: int, *, conversation_id: UUID | None = None) -> NewExchange:
    return NewExchange(
        user_id=user_id,
        conversation_id=conversation_id or uuid7(),
        is_new=True,
        title="Fog",
        exchange_id=uuid7(),
        asked_at=NOW + timedelta(minutes=minute),
        query=f"question {minute}",
        response="answer",
    )


def interaction(text: str = "a question") -> Interaction:
    return Interaction(
        interaction_id=uuid7(),
        asked_at=NOW,
        user_label=None,
        question=text,
        selected_text=None,
        metadata="{}",
        answer="",
        status="stopped",
        retrieval_ms=None,
        first_token_ms=None,
        total_ms=1,
    )


@given(TEXTS, st.lists(st.sampled_from(["history", "model"])), st.none() | st.floats(0, 1))
def test_a_row_comes_back_from_a_line_as_it_was(
    text: str, degraded: list[str], confidence: float | None
) -> None:
    """Of each kind, whatever readers write."""
    user_id, message_id = uuid7(), uuid7()
    logged = evolve(interaction(text), degraded=tuple(degraded), confidence=confidence)
    kept = evolve(exchange(user_id, 1), query=text, selected_text=text)
    judged = Judgement(
        message_id=message_id, user_id=user_id, rating="negative", comment=text, judged_at=NOW
    )
    for row in (logged, kept, judged):
        assert decode(encode(row)) == row
        assert b"\n" not in encode(row)


async def test_what_the_database_missed_it_gets_once(dsn: str, tmp_path: Path) -> None:
    """Rows and judgements, also when the replay is repeated, and what was there stays."""
    user_id = await a_user(dsn)
    async with storage(dsn, tmp_path) as kept:
        told = exchange(user_id, 0)
        assert await kept.keep(told) == "database"
        lose(kept)
        judged = Judgement(
            message_id=told.exchange_id,
            user_id=user_id,
            rating="positive",
            comment=None,
            judged_at=NOW,
        )
        rows: list[Row] = [interaction(), exchange(user_id, 1), judged, told]
        assert [await kept.keep(row) for row in rows] == ["spool"] * 4
        find(kept)
        await kept.replay()
        assert await kept.keep(told) == "database"
        await kept.replay()

        assert kept.spool
        assert kept.spool.size() == 0
    for table, count in {"interaction_logs": 1, "exchanges": 2, "feedback": 1}.items():
        assert len(await run_sql(dsn, f"select from {table}")) == count


async def test_a_replay_that_the_database_leaves_goes_on_later(dsn: str, tmp_path: Path) -> None:
    async with storage(dsn, tmp_path) as kept:
        await lose(kept).keep(interaction())
        await kept.replay()
        assert await run_sql(dsn, "select from interaction_logs") == []
        find(kept)
        await kept.replay()

    assert len(await run_sql(dsn, "select from interaction_logs")) == 1


async def test_another_process_replays_what_a_dead_one_left(dsn: str, tmp_path: Path) -> None:
    async with storage(dsn, tmp_path) as dead:
        await lose(dead).keep(interaction())
    async with storage(dsn, tmp_path) as alive:
        await asyncio.gather(alive.replay(), alive.replay())

    assert len(await run_sql(dsn, "select from interaction_logs")) == 1


@pytest.mark.parametrize("old_first", [True, False])
async def test_retention_is_exact_in_whichever_order_rows_come(
    dsn: str, tmp_path: Path, *, old_first: bool
) -> None:
    """A replayed conversation that is older than all that may be kept pushes none of them out."""
    user_id = await a_user(dsn)
    rows = [exchange(user_id, minute) for minute in range(LIMIT + 4)]
    late = rows[:4] + rows[6:7]
    async with storage(dsn, tmp_path) as kept:
        for row in rows:
            lose(kept) if row in late else find(kept)
            await kept.keep(row)
        find(kept)
        await kept.replay()
        if old_first:
            await kept.keep(rows[0])
    found = await run_sql(dsn, "select conversation_id from conversations order by updated_at")

    assert [row[0] for row in found] == [row.conversation_id for row in rows[-LIMIT:]]


async def test_retention_is_exact_however_many_come_at_once(dsn: str) -> None:
    """20 rounds of 30 over as many connections as there are; each time the newest stay."""
    user_id = await a_user(dsn)
    newest: list[NewExchange] = []
    async with open_database(dsn) as db:
        history = History(db, LIMIT)
        for number in range(20):
            rows = [exchange(user_id, number * 30 + minute) for minute in range(30)]
            await asyncio.gather(*(history.keep(row) for row in [*rows[::2], *rows[1::2]]))
            newest = rows[-LIMIT:]
            found = await run_sql(dsn, "select conversation_id from conversations order by 1")

            assert [row[0] for row in found] == [row.conversation_id for row in newest]


async def test_a_replaced_exchange_makes_room_for_the_next(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full conversation stays full; what is replaced, and what followed it, is gone."""
    monkeypatch.setattr("history.EXCHANGES", 3)
    user_id, conversation_id = await a_user(dsn), uuid7()
    rows = [exchange(user_id, n, conversation_id=conversation_id) for n in range(5)]
    async with open_database(dsn) as db:
        history = History(db, LIMIT)
        for row in rows[:4]:
            await history.keep(row)
        await history.keep(evolve(rows[4], replaces=rows[3].exchange_id))
    found = await run_sql(dsn, "select exchange_id from exchanges order by 1")

    assert [row[0] for row in found] == [rows[n].exchange_id for n in (1, 2, 4)]


async def test_the_last_judgement_holds_in_whichever_order_they_come(
    dsn: str, tmp_path: Path
) -> None:
    user_id = await a_user(dsn)
    told = exchange(user_id, 0)

    def judged(rating: str, minute: int) -> Judgement:
        return Judgement(
            message_id=told.exchange_id,
            user_id=user_id,
            rating="positive" if rating == "positive" else "negative",
            comment=None,
            judged_at=NOW + timedelta(minutes=minute),
        )

    async with storage(dsn, tmp_path) as kept:
        await kept.keep(told)
        await lose(kept).keep(judged("positive", 1))
        find(kept)
        await kept.keep(judged("negative", 2))
        await kept.replay()

    assert (await run_sql(dsn, "select rating from feedback"))[0][0] == "negative"


async def test_a_judgement_waits_for_its_answer_but_not_for_ever(dsn: str, tmp_path: Path) -> None:
    """Which may lie in the spool of another machine; after ten minutes it is let go."""
    user_id = await a_user(dsn)
    told = exchange(user_id, 0)
    judged = Judgement(
        message_id=told.exchange_id,
        user_id=user_id,
        rating="positive",
        comment=None,
        judged_at=datetime.now(UTC),
    )
    orphan = evolve(judged, message_id=uuid7(), judged_at=NOW)
    async with storage(dsn, tmp_path) as kept:
        for row in (judged, orphan):
            await lose(kept).keep(row)
        find(kept)
        await kept.replay()
        assert kept.spool
        assert kept.spool.size() > 0
        await kept.keep(told)
        await kept.replay()

        assert kept.spool.size() == 0
    assert len(await run_sql(dsn, "select from feedback")) == 1


async def test_what_cannot_be_stored_is_set_aside_and_holds_up_nothing(
    dsn: str, tmp_path: Path
) -> None:
    """A row that violates the schema, one of another version; a person finds them in a file."""
    async with storage(dsn, tmp_path) as kept:
        assert kept.spool
        await lose(kept).keep(evolve(interaction(), status="failed"))  # which has an error
        await kept.spool.add(b'{"kind":"nothing","row":{}}')
        await kept.keep(interaction())
        find(kept)
        await kept.replay()
    (bad,) = (tmp_path / "spool").iterdir()

    assert len(bad.read_bytes().splitlines()) == 2
    assert len(await run_sql(dsn, "select from interaction_logs")) == 1


async def test_who_has_gone_is_not_brought_back(dsn: str, tmp_path: Path) -> None:
    """An account that was deleted while its rows waited."""
    user_id = await a_user(dsn)
    async with storage(dsn, tmp_path) as kept:
        lose(kept)
        for row in (exchange(user_id, 0), evolve(interaction(), user_id=user_id)):
            assert await kept.keep(row) == "spool"
        await run_sql(dsn, "delete from users where id = $1", user_id)
        find(kept)
        await kept.replay()
        with pytest.raises(UserNotFound):
            await kept.keep(exchange(user_id, 1))
        with pytest.raises(MessageNotFound):
            await kept.keep(
                Judgement(
                    message_id=uuid7(),
                    user_id=user_id,
                    rating="positive",
                    comment=None,
                    judged_at=NOW,
                )
            )

        assert kept.spool
        assert kept.spool.size() == 0
    assert await run_sql(dsn, "select from interaction_logs") == []


async def test_without_disk_and_database_a_row_is_one_whole_line(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """And on a disk that goes with the process it is one as well."""
    lost = interaction("lost")
    assert await Storage(None, History(None, LIMIT), None).keep(lost) == "log"
    async with storage("postgresql://nobody@127.0.0.1:1/nothing", tmp_path) as kept:
        kept.is_fleeting = True
        assert await kept.keep(interaction("fleeting")) == "spool"
    lines = [vars(record)["row"] for record in caplog.records if record.message == "not stored"]

    assert [line["question"] for line in lines] == ["lost", "fleeting"]
    assert lines[0].keys() == {field.name for field in Interaction.__attrs_attrs__}
