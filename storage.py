"""Where rows are kept: in Postgres, else in the spool, else whole on one log line; never nowhere.

Every row carries an id made here, and putting it twice is putting it once. So what was spooled is
replayed until the database has it, also what it had already.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta

import orjson
from attrs import asdict, define, field

import tracing
from answer import Answer
from contract import UNSHAPED, converter
from database import OUTAGES, Database
from history import History, exchange_of
from interaction_log import interaction_of
from metrics import Metrics
from models import Interaction, Judgement, NewExchange, Stored
from problems import ConversationNotFound, DatabaseUnavailable, MessageNotFound, UserNotFound
from queries import exchanges, interactions, migrations
from spool import Segment, Spool

log = logging.getLogger("footnote.storage")

STORE_SECONDS = 2.0
REPLAY_SECONDS = 1.0  # between two looks at the spool
CATCH_UP_SECONDS = 2.0
PATIENCE = timedelta(minutes=10)  # that a judgement waits for its answer, spooled elsewhere

Row = Interaction | NewExchange | Judgement
KINDS: Mapping[str, type[Row]] = {
    "interaction": Interaction,
    "exchange": NewExchange,
    "judgement": Judgement,
}
NAMES = {row: name for name, row in KINDS.items()}
WORSE: tuple[Stored, ...] = ("database", "spool", "log")  # in this order


@define(eq=False)
class Storage:
    """*spool* is ``None`` without a database: then every row is a line.

    Where a disk is *fleeting*, and goes with the process, what is spooled is a line, too.
    """

    db: Database | None
    history: History
    spool: Spool | None
    metrics: Metrics = field(factory=Metrics)
    is_fleeting: bool = False
    _replaying: asyncio.Lock = field(factory=asyncio.Lock, init=False)

    async def add(self, answer: Answer) -> Stored:
        """Keep what became of *answer*, in a few seconds at most; the worse of its two places."""
        ended = interaction_of(answer)
        self.metrics.answered(ended)
        tracing.answered(ended)
        with self.metrics.storing(), tracing.storing():
            kept = await asyncio.gather(self._log(answer, ended), self._remember(answer, ended))
        self.metrics.stored(kept[0])
        return max(kept, key=WORSE.index)

    async def _log(self, answer: Answer, row: Interaction) -> Stored:
        stored = await self.keep(row)
        if answer.asked.user_id != row.user_id:  # of a guest who has just become a user
            stored = await self.keep(interaction_of(answer))
        return stored

    async def _remember(self, answer: Answer, row: Interaction) -> Stored:
        place = answer.asked.place
        if place is None or answer.is_forgotten:
            return "database"
        if place.replaces and not answer.can_replace:
            return "database"  # where the other answer stays
        try:
            return await self.keep(exchange_of(answer, place, row))
        except UserNotFound:  # deleted; or a guest who has just become a user
            is_gone = answer.asked.place == place
            return "database" if is_gone else await self._remember(answer, row)
        except ConversationNotFound:
            return "database"  # deleted while the answer was written: it stays deleted

    async def keep(self, row: Row) -> Stored:
        """Where *row* is now.

        Raises ``UserNotFound``, ``ConversationNotFound`` and ``MessageNotFound`` when the database
        says that it has no place there.
        """
        reason = "no database is configured"
        if self.db:
            try:
                await self._put(row)
            except OUTAGES as error:
                reason = type(error.__cause__ or error).__name__
            else:
                return "database"
        return await self._put_aside(row, reason)

    async def _put(self, row: Row) -> None:
        near = self.db and self.db.within(STORE_SECONDS)
        if isinstance(row, NewExchange):
            await self.history.keep(row)
        elif isinstance(row, Judgement):
            if await exchanges.judge(near, **asdict(row, recurse=False)) is None:
                raise MessageNotFound
        else:
            await interactions.add(near, **asdict(row, recurse=False))

    async def _put_aside(self, row: Row, reason: str) -> Stored:
        stored: Stored = "log"
        if self.spool:
            try:
                await self.spool.add(encode(row))
                stored = "spool"
            except OSError as error:
                reason = f"{reason}, {type(error).__name__}"
        if stored == "log" or self.is_fleeting:
            kind = NAMES[type(row)]
            log.warning("not stored", extra={"reason": reason, "kind": kind, "row": asdict(row)})
        return stored

    async def replaying(self) -> None:
        """Look at the spool, and replay what is there, until cancelled."""
        while self.spool:
            await asyncio.sleep(REPLAY_SECONDS)
            await self.replay()

    async def caught_up(self) -> None:
        """What waits in the spool is in the database, if that can be done in two seconds."""
        try:
            async with asyncio.timeout(CATCH_UP_SECONDS):
                await self.replay()
        except TimeoutError:
            log.warning("the spool is long")

    async def replay(self) -> None:
        """Put what waits in the spool into the database, as far as it takes it."""
        if self.spool is None or not self.spool.size():
            return
        async with self._replaying:
            try:
                await migrations.applied(self.db and self.db.within(STORE_SECONDS))
                await self.spool.end_segment()
                with closing(self.spool.segments()) as segments:
                    for segment in segments:
                        await self._settle(segment)
            except OUTAGES as error:  # of the disk, too
                log.info("the spool waits", extra={"reason": type(error).__name__})

    async def _settle(self, segment: Segment) -> None:
        """Put all rows of *segment*, then remove it. Raises ``DatabaseUnavailable``."""
        is_waiting, refused = False, []
        for record in segment.records:
            try:
                row = decode(record)
                is_waiting |= not await self._place(row)
            except DatabaseUnavailable:
                raise
            except (*OUTAGES, *UNSHAPED) as error:
                reason = type(error).__name__  # its text would quote the row
                log.error("a row cannot be stored", extra={"reason": reason})  # noqa: TRY400
                refused.append(record)
        if is_waiting:
            return
        if refused:
            segment.set_aside(refused)
        segment.remove()
        log.info("replayed", extra={"rows": len(segment.records), "bad": len(segment.damaged)})

    async def _place(self, row: Row) -> bool:
        """Whether *row* is settled: it is stored, or has lost its place for good."""
        try:
            await self._put(row)
        except (UserNotFound, ConversationNotFound):
            return True
        except MessageNotFound:
            is_young = isinstance(row, Judgement) and datetime.now(UTC) - row.judged_at < PATIENCE
            return not is_young
        return True


def encode(row: Row) -> bytes:
    """One line of JSON."""
    kept = {"kind": NAMES[type(row)], "row": asdict(row)}
    return orjson.dumps(kept, default=str)  # UUIDs of the driver are a subclass


def decode(record: bytes) -> Row:
    """The inverse of :func:`encode`. Raises ``UNSHAPED``."""
    kept = orjson.loads(record)
    return converter().structure(kept["row"], KINDS[kept["kind"]])
