"""Running answers: each is a task that the app owns, and a response only follows it.

So an answer is logged whoever stays to read it: finished, failed, stopped by its reader or by a
shutdown. Storing never stands between the reader and a frame. Knows neither HTTP nor wire formats.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from attrs import evolve, frozen

from agent import Agent, Question
from agent.deadline import Deadline
from agent.events import Delta, Done, Event, Failed, Retrieved
from identifiers import uuid7
from problems import AgentTimeout, AnswerStopped, Problem, ShuttingDown, TooManyAnswers

log = logging.getLogger("footnote.answers")

SETTLING_SECONDS = 2.0
CLOSING_SECONDS = 5.0  # for storing what runs when the app closes

Store = Callable[["Answer"], Awaitable[None]]


@frozen(kw_only=True)
class Place:
    """Where a reader's question is kept: in a conversation of theirs, which may be new."""

    user_id: UUID
    conversation_id: UUID
    is_new: bool


@frozen(kw_only=True)
class Asked:
    """A question as it came in, whichever dialect it was in."""

    question: Question
    user_label: str | None = None
    metadata: Mapping[str, Any]
    place: Place | None = None  # None: answered, and not kept in a history
    degraded: tuple[str, ...] = ()  # what was missing before the answer began

    @property
    def user_id(self) -> UUID | None:
        return self.place.user_id if self.place else None

    @property
    def conversation_id(self) -> UUID | None:
        return self.place.conversation_id if self.place else None


class Answer:
    """One answer in the making; any number of readers may follow its events."""

    def __init__(self, asked: Asked, asker: str) -> None:
        self.message_id: UUID = uuid7()
        self.asked, self.asker, self.asked_at = asked, asker, datetime.now(UTC)
        self.events: list[Event] = []
        self.stopped_by: Problem | None = None  # what a reader who is still there is told
        self.is_forgotten = False  # its conversation was deleted: it goes into no history
        self.retrieved_after: float | None = None  # seconds
        self.first_token_after: float | None = None  # seconds
        self.started = time.perf_counter()
        self._news = asyncio.Event()
        self._generation: asyncio.Task[None] | None = None

    @property
    def is_finished(self) -> bool:
        return bool(self.events) and isinstance(self.events[-1], Done | Failed)

    @property
    def is_stopped(self) -> bool:
        return self.stopped_by is not None

    @property
    def is_over(self) -> bool:
        """Nothing more is written; it may still be on its way into the database."""
        return self.is_finished or self.is_stopped

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Delta))

    async def follow(self) -> AsyncGenerator[list[Event], None]:
        """Everything from the beginning on, in batches of what has happened since the last."""
        seen = 0
        while True:
            if batch := self.events[seen:]:
                seen += len(batch)
                yield batch
            elif self.is_over:
                return
            else:
                self._news.clear()
                await self._news.wait()

    def stop(self, problem: Problem | None = None) -> None:
        """End the generation now; what there is gets stored. Does nothing to one that is over."""
        if not self.is_over:
            self.stopped_by = problem or AnswerStopped()
            self._news.set()
            if self._generation:
                self._generation.cancel()

    async def run(self, agent: Agent, seconds: float) -> None:
        """Generate until the end, the deadline or a stop. Never raises."""
        if self.is_stopped:  # before it began
            return
        self._generation = asyncio.create_task(self._generate(agent, seconds))
        await asyncio.wait({self._generation})
        if not self._generation.cancelled() and (error := self._generation.exception()):
            self._fail(error)
        elif not self.is_over:
            self.stopped_by = ShuttingDown()
        self._news.set()

    async def _generate(self, agent: Agent, seconds: float) -> None:
        async with asyncio.timeout(seconds):
            events = agent.answer(self.asked.question, Deadline.after(seconds))
            async with aclosing(events):
                async for event in events:
                    self._add(event)

    def _add(self, event: Event) -> None:
        now = time.perf_counter() - self.started
        if isinstance(event, Retrieved):
            self.retrieved_after = now
        elif isinstance(event, Delta) and self.first_token_after is None:
            self.first_token_after = now
        if isinstance(event, Done):
            event = evolve(event, degraded=(*self.asked.degraded, *event.degraded))
        self.events.append(event)
        self._news.set()

    def _fail(self, error: BaseException) -> None:
        """The degrade border: an answer that breaks ends with a sentence, and the log knows why."""
        if isinstance(error, TimeoutError):
            self._add(Failed(AgentTimeout()))
            return
        log.error("an answer broke", exc_info=error, extra={"message_id": str(self.message_id)})
        self._add(Failed(error if isinstance(error, Problem) else Problem()))


class Answers:
    """All running answers; ``close`` ends and stores them."""

    def __init__(self, agent: Agent, store: Store, seconds: float) -> None:
        self._agent, self._store, self._seconds = agent, store, seconds
        self._running: dict[asyncio.Task[None], Answer] = {}
        self._closing = False

    @property
    def running(self) -> int:
        """How many are being written."""
        return sum(not answer.is_over for answer in self._running.values())

    def start(self, asked: Asked, *, asker: str, at_most: int | None = None) -> Answer:
        """Begin to answer, unless *at_most* answers are being written for this *asker* already.

        Raises ``ShuttingDown`` and ``TooManyAnswers``.
        """
        self.admit(asker, at_most)
        answer = Answer(asked, asker)
        task = asyncio.create_task(self._run(answer))
        self._running[task] = answer
        task.add_done_callback(self._running.pop)
        return answer

    def admit(self, asker: str, at_most: int | None) -> None:
        """Raises ``ShuttingDown`` and ``TooManyAnswers`` where :meth:`start` would."""
        if self._closing:
            raise ShuttingDown
        running = sum(a.asker == asker and not a.is_over for a in self._running.values())
        if at_most is not None and running >= at_most:
            raise TooManyAnswers

    def adopt(self, guest_id: UUID, user_id: UUID) -> None:
        """What is being written for a guest is the user's from now on."""
        for answer in self._running.values():
            place = answer.asked.place
            if place and place.user_id == guest_id:
                answer.asked = evolve(answer.asked, place=evolve(place, user_id=user_id))

    async def settled(self, user_id: UUID) -> None:
        """Wait until what this user's answers have said is stored, so that they read it.

        Only those that have ended, and only of this process; a few seconds at most.
        """
        ended = [t for t, a in self._running.items() if a.asked.user_id == user_id and a.is_over]
        if ended:
            await asyncio.wait(ended, timeout=SETTLING_SECONDS)

    def begins(self, user_id: UUID, conversation_id: UUID) -> bool:
        """Whether this is a conversation of the user's that is stored with its first answer."""
        return any(
            a.asked.place and a.asked.place.is_new for a in self._in(user_id, conversation_id)
        )

    def forget(self, user_id: UUID, conversation_id: UUID) -> bool:
        """Keep nothing of what is being written in a conversation; whether anything was."""
        written = self._in(user_id, conversation_id)
        for answer in written:
            answer.is_forgotten = True
        return bool(written)

    def _in(self, user_id: UUID, conversation_id: UUID) -> list[Answer]:
        return [
            answer
            for answer in self._running.values()
            if answer.asked.user_id == user_id
            and answer.asked.conversation_id == conversation_id
            and not answer.is_forgotten
        ]

    async def end_of(self, user_id: UUID) -> None:
        """Stop this user's answers and wait until they are stored."""
        for answer in self._running.values():
            if answer.asked.user_id == user_id:
                answer.stop()
        await self.settled(user_id)

    async def _run(self, answer: Answer) -> None:
        await answer.run(self._agent, self._seconds)
        await self._store(answer)

    def stop(self) -> None:
        """Take no more questions, and end what runs; its readers get a final frame."""
        self._closing = True
        for answer in self._running.values():
            answer.stop(ShuttingDown())

    async def close(self) -> None:
        """Stop, and wait until all is stored, a few seconds at most."""
        self.stop()
        if self._running:
            await asyncio.wait(self._running, timeout=CLOSING_SECONDS)
