"""Readers who come back through a load balancer, to a process that does not write their answer.

Two sides that meet in a row of Postgres: one asks and fetches, the other, which has the answer,
looks for such rows while it writes. Both poll, so a pooler may sit in between, and what is relayed
are the frames of our own stream. Without a reader who comes back at the wrong place it costs one
small statement each quarter of a second, while answers are written. Knows no HTTP.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

from attrs import define, field

import wire
from answer import Answer
from answers import Answers
from chat_stream import ChatEncoder, failed
from database import OUTAGES, Database
from identifiers import made_at, uuid7
from models import RelayedFrames, Wish
from problems import AnswerInterrupted, MessageNotFound
from queries import relays
from sse import encode

log = logging.getLogger("footnote.relay")

POLL_SECONDS = 0.25
PATIENCE = timedelta(seconds=5)  # no sign of the other side for so long: it has gone
TAKING_SECONDS = 3.0  # until whoever has the answer has said so
CLOSING_SECONDS = 1.0
CLOCKS = 10.0  # seconds that two machines' clocks may be apart


@define(eq=False)
class Relays:
    """*seconds* after its beginning no answer is written any more, wherever it is."""

    db: Database | None
    answers: Answers
    seconds: float
    _writing: dict[UUID, asyncio.Task[None]] = field(factory=dict, init=False)

    async def serving(self) -> None:
        """Write for readers elsewhere what they want of our answers, until cancelled."""
        while self.db:
            await asyncio.sleep(POLL_SECONDS)
            with suppress(*OUTAGES):
                await self._look()

    async def close(self) -> None:
        """The answers have ended: let readers elsewhere have their final frames."""
        writing = [*self._writing.values()]
        if writing:
            _, unfinished = await asyncio.wait(writing, timeout=CLOSING_SECONDS)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)

    async def _look(self) -> None:
        if not (ours := self.answers.held()):
            return
        for wish in await relays.wanted(self.db, message_ids=ours, patience=PATIENCE):
            answer = self.answers.find(wish.message_id)
            is_theirs = answer is not None and answer.may_be_read_by(wish.user_id)
            if answer and is_theirs and wish.relay_id not in self._writing:
                self._writing[wish.relay_id] = asyncio.create_task(self._grant(answer, wish))

    async def _grant(self, answer: Answer, wish: Wish) -> None:
        try:
            if wish.is_stop:
                answer.stop()
                await self._say(wish, b"", is_over=True)
            else:
                await self._write(answer, wish)
        except OUTAGES as error:
            log.warning("not relayed", extra={"reason": type(error).__name__})
        finally:
            del self._writing[wish.relay_id]

    async def _write(self, answer: Answer, wish: Wish) -> None:
        """Until the answer has ended, or the reader has gone."""
        encoder = ChatEncoder(answer, after=wish.after, numbered=wish.is_numbered)
        said = bytearray(encoder.opening())

        async def follow() -> None:
            async with aclosing(wire.Frames(answer, encoder, is_left_for_good=False)) as frames:
                async for frame in frames:
                    said.extend(frame)

        following = asyncio.create_task(follow())
        try:
            is_over = False
            while not is_over:
                is_over, written = following.done(), bytes(said)
                said.clear()
                if not await self._say(wish, written, is_over=is_over):
                    return
                await asyncio.sleep(0 if is_over else POLL_SECONDS)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def _say(self, wish: Wish, written: bytes, *, is_over: bool) -> bool:
        """Whether the reader was still there."""
        still = await relays.write(
            self.db,
            relay_id=wish.relay_id,
            frames=written.decode(),
            is_over=is_over,
            patience=PATIENCE,
        )
        return still is not None

    async def resume(
        self, message_id: UUID, user_id: UUID | None, *, after: int, numbered: bool
    ) -> tuple[bytes, AsyncGenerator[bytes, None]]:
        """The opening frame, and the frames that follow.

        Raises ``MessageNotFound`` when no process has the answer, or it is somebody else's.
        """
        wish = Wish(
            relay_id=uuid7(),
            message_id=message_id,
            user_id=user_id,
            is_stop=False,
            after=after,
            is_numbered=numbered,
        )
        begun = await self._begun(wish)
        return begun.frames.encode(), self._rest(wish, is_over=begun.is_over)

    async def stop(self, message_id: UUID, user_id: UUID | None) -> None:
        """Raises ``MessageNotFound``, as :meth:`resume` does."""
        wish = Wish(relay_id=uuid7(), message_id=message_id, user_id=user_id, is_stop=True)
        await self._begun(wish)
        await relays.close(self.db, relay_id=wish.relay_id)

    async def _begun(self, wish: Wish) -> RelayedFrames:
        """What whoever has the answer writes first. That nobody has takes a moment to learn."""
        made = made_at(wish.message_id)
        if self.db is None or not made or abs(datetime.now(UTC) - made) > self._longest:
            raise MessageNotFound
        await relays.open(
            self.db,
            relay_id=wish.relay_id,
            message_id=wish.message_id,
            user_id=wish.user_id,
            is_stop=wish.is_stop,
            after=wish.after,
            is_numbered=wish.is_numbered,
        )
        for _ in range(round(TAKING_SECONDS / POLL_SECONDS)):
            await asyncio.sleep(POLL_SECONDS)
            fetched = await relays.fetch(self.db, relay_id=wish.relay_id, patience=PATIENCE)
            if fetched and fetched.is_begun:
                return fetched
        await relays.close(self.db, relay_id=wish.relay_id)
        raise MessageNotFound

    @property
    def _longest(self) -> timedelta:
        return timedelta(seconds=self.seconds + CLOCKS)

    async def _rest(self, wish: Wish, *, is_over: bool) -> AsyncGenerator[bytes, None]:
        try:
            while not is_over:
                await asyncio.sleep(POLL_SECONDS)
                fetched = await relays.fetch(self.db, relay_id=wish.relay_id, patience=PATIENCE)
                if fetched and fetched.frames:
                    yield fetched.frames.encode()
                is_over = fetched is not None and fetched.is_over
                if not is_over and not (fetched and fetched.is_alive):
                    yield encode(failed(AnswerInterrupted(), None))
                    return
        except OUTAGES:
            yield encode(failed(AnswerInterrupted(), None))
        finally:
            with suppress(*OUTAGES):
                await relays.close(self.db, relay_id=wish.relay_id)
