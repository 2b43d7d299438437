"""One answer in the making: what was asked, what has happened since, and who follows it.

Knows neither HTTP nor wire formats, nor where it will be stored.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from attrs import evolve

from agent import Agent, Question
from agent.deadline import Deadline
from agent.events import Cited, Delta, Done, Event, Failed, Retrieved
from identifiers import uuid7
from models import Citation, Stored
from problems import AgentTimeout, AnswerStopped, Problem
from records import frozen

log = logging.getLogger("footnote.answers")


@frozen(kw_only=True)
class Place:
    """Where a reader's question is kept: in a conversation of theirs, which may be new."""

    user_id: UUID
    conversation_id: UUID
    is_new: bool
    question_id: UUID | None = None  # None: the question is asked for the first time
    replaces: UUID | None = None  # the exchange whose place the answer takes, with all after it


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


OnNews = Callable[[], None]  # called when something has happened to the answer, which is often


class Answer:
    """Any number of readers may follow its events; whom all have left stops after *grace* s."""

    def __init__(self, asked: Asked, asker: str, *, seconds: float, grace: float = 0.0) -> None:
        self.message_id: UUID = uuid7()
        self.asked, self.asker, self.asked_at = asked, asker, datetime.now(UTC)
        self.deadline, self.grace = Deadline.after(seconds), grace
        self.events: list[Event] = []
        self.is_finished = False  # its last event is there
        self.stopped_by: Problem | None = None  # what a reader who is still there is told
        self.stored: Stored | None = None  # None: not yet
        self.is_forgotten = False  # its conversation was deleted: it goes into no history
        self.is_left = False  # its readers have gone
        self.has_turn = False  # else it waits for others to end
        self.retrieved_after: float | None = None  # seconds
        self.first_token_after: float | None = None  # seconds
        self.started = time.perf_counter()
        self._readers: list[OnNews] = []
        self._limit: asyncio.Timeout | None = None  # of the generation, once it has begun

    @property
    def place(self) -> Place:
        """Where it is kept. Only for answers to a reader with a session."""
        if self.asked.place is None:
            raise LookupError("nobody keeps this answer")
        return self.asked.place

    def may_be_read_by(self, user_id: UUID | None) -> bool:
        """Without an owner it is whose knows its id."""
        return self.asked.user_id in (None, user_id)

    @property
    def is_stopped(self) -> bool:
        return self.stopped_by is not None

    @property
    def is_over(self) -> bool:
        """Nothing more is written; it may still be on its way into the database."""
        return self.is_finished or self.is_stopped

    @property
    def problem(self) -> Problem | None:
        """What broke it off."""
        last = self.events[-1] if self.events else None
        return last.problem if isinstance(last, Failed) else self.stopped_by

    @property
    def can_replace(self) -> bool:
        """Whether it may take the place of another: whole, or as long as its reader wanted it."""
        return bool(self.text) and isinstance(self.problem, AnswerStopped | None)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """All, or as far as it has come."""
        last = self.events[-1] if self.events else None
        if isinstance(last, Done):
            return last.citations
        return tuple(event.citation for event in self.events if isinstance(event, Cited))

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Delta))

    @property
    def is_told(self) -> bool:
        """There is nothing more to come for whoever follows it."""
        return self.is_over and self.stored is not None

    def joined(self, hear: OnNews) -> None:
        """One more reader follows it."""
        self._readers.append(hear)
        self.is_left = False

    def left(self, hear: OnNews) -> None:
        """One of its readers has gone."""
        self._readers.remove(hear)
        if self._readers or self.is_over:
            return
        self.is_left = True
        if self.grace:
            asyncio.get_running_loop().call_later(self.grace, self._stop_if_left)
        else:
            self.stop()

    def _stop_if_left(self) -> None:
        if self.is_left:
            self.stop()

    def stop(self, problem: Problem | None = None) -> None:
        """End the generation now; what there is gets stored. Does nothing to one that is over."""
        if not self.is_over:
            self.stopped_by = problem or AnswerStopped()
            self._tell()
            if self._limit and not self._limit.expired():
                self._limit.reschedule(0)

    async def run(self, agent: Agent, turns: asyncio.Semaphore) -> None:
        """Generate, when it is its turn, until the end, the deadline or a stop. Never raises."""
        if self.is_stopped:  # before it began
            return
        try:
            async with asyncio.timeout(self.deadline.left()) as self._limit, turns:
                self.has_turn = True
                await agent.answer(self.asked.question, self.deadline, self._add)
        except Exception as error:  # noqa: BLE001 - the border of answers: _fail logs it
            self._fail(error)
        self._tell()

    def keep(self, stored: Stored) -> None:
        """It is stored; its readers get their last event."""
        self.stored = stored
        self._tell()

    def _tell(self) -> None:
        for hear in self._readers:
            hear()

    def _add(self, event: Event) -> None:
        if isinstance(event, Delta):
            if self.first_token_after is None:
                self.first_token_after = time.perf_counter() - self.started
        elif isinstance(event, Retrieved):
            self.retrieved_after = time.perf_counter() - self.started
        elif isinstance(event, Done | Failed):
            self.is_finished = True
            if isinstance(event, Done):
                event = evolve(event, degraded=(*self.asked.degraded, *event.degraded))
        self.events.append(event)
        self._tell()

    def _fail(self, error: BaseException) -> None:
        """The degrade border: an answer that breaks ends with a sentence, and the log knows why."""
        if isinstance(error, TimeoutError):
            if not self.is_stopped:
                self._add(Failed(AgentTimeout()))
            return
        log.error("an answer broke", exc_info=error, extra={"message_id": str(self.message_id)})
        self._add(Failed(error if isinstance(error, Problem) else Problem()))
