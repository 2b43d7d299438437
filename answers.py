"""Running answers: each is a task that the app owns, and a response only follows it.

So an answer is stored whoever stays to read it: finished, failed, stopped by its reader or by a
shutdown. How many run at once is decided here. Knows neither HTTP nor wire formats.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from uuid import UUID

from attrs import evolve

from agent import Agent
from answer import Answer, Asked
from models import Stored
from problems import AlreadyAsked, Overloaded, ShuttingDown, TooManyAnswers
from records import frozen

SETTLING_SECONDS = 2.0
CLOSING_SECONDS = 5.0  # for storing what runs when the app closes
RECENT, RECENT_SECONDS = 100, 120.0  # answers that have ended, and can still be read on
RECENT_CHARACTERS = 65_536  # a longer one is read from the database
HELD_SECONDS = 10.0  # after its end: who comes back through another process is quick, or too late

Store = Callable[[Answer], Awaitable[Stored]]


@frozen(kw_only=True)
class Admission:
    """How much is done at once: beyond it readers are told to come back, and nothing queues up."""

    at_once: int = 200
    waiting: int = 100  # have been taken in, and wait for their turn

    @property
    def total(self) -> int:
        return self.at_once + self.waiting


class Answers:
    """All running answers; ``close`` ends and stores them."""

    def __init__(
        self,
        agent: Agent,
        store: Store,
        *,
        seconds: float,
        grace: float,
        admission: Admission,
    ) -> None:
        self._agent, self._store, self._seconds, self._grace = agent, store, seconds, grace
        self._admission, self._turns = admission, asyncio.Semaphore(admission.at_once)
        self._running: dict[asyncio.Task[None], Answer] = {}
        self._recent: OrderedDict[UUID, tuple[float, Answer]] = OrderedDict()
        self.is_closing = False

    def start(
        self,
        asked: Asked,
        *,
        asker: str,
        at_most: int | None = None,
        seconds: float | None = None,
        is_once: bool = False,
    ) -> Answer:
        """Begin to answer, unless *at_most* answers are being written for this *asker* already.

        Raises what :meth:`admit` does, and ``AlreadyAsked`` where *is_once* and the same is being
        answered. *seconds* is less time than an answer usually has.
        """
        self.admit(asker, at_most)
        if is_once and any(self._is_same(a, asked, asker) for a in self._running.values()):
            raise AlreadyAsked
        seconds = min(self._seconds, seconds or self._seconds)
        answer = Answer(asked, asker, seconds=seconds, grace=self._grace)
        task = asyncio.create_task(self._run(answer))
        self._running[task] = answer
        task.add_done_callback(self._running.pop)
        return answer

    def admit(self, asker: str, at_most: int | None) -> None:
        """Raises ``ShuttingDown``, ``Overloaded`` and ``TooManyAnswers`` where :meth:`start` would.

        An answer of theirs that the asker has left makes room.
        """
        if self.is_closing:
            raise ShuttingDown
        most = self._admission.total
        if len(self._running) >= most and sum(self.load) >= most:  # some are only being stored
            raise Overloaded
        theirs = [a for a in self._running.values() if a.asker == asker and not a.is_over]
        if at_most is None or len(theirs) < at_most:
            return
        left = next((answer for answer in theirs if answer.is_left), None)
        if left is None:
            raise TooManyAnswers
        left.stop()

    @staticmethod
    def _is_same(answer: Answer, asked: Asked, asker: str) -> bool:
        """Whether this is the question of *answer*, sent twice: each in its new conversation."""
        one, other = answer.asked, asked
        if answer.is_over or answer.asker != asker or not one.place or not other.place:
            return False
        both_new = one.place.is_new and other.place.is_new
        return (one.question.text, one.question.selected_text) == (
            other.question.text,
            other.question.selected_text,
        ) and (both_new or one.conversation_id == other.conversation_id)

    @property
    def load(self) -> tuple[int, int]:
        """How many answers are being written, and how many wait for their turn."""
        unfinished = [answer for answer in self._running.values() if not answer.is_over]
        running = sum(answer.has_turn for answer in unfinished)
        return running, len(unfinished) - running

    def find(self, message_id: UUID) -> Answer | None:
        """An answer that is being written, or was in the last two minutes."""
        running = (a for a in self._running.values() if a.message_id == message_id)
        at, recent = self._recent.get(message_id, (0.0, None))
        if time.monotonic() - at >= RECENT_SECONDS:
            recent = None
        return next(running, recent)

    def held(self) -> list[UUID]:
        """What can be read on here: what is being written, and what has just ended."""
        since = time.monotonic() - HELD_SECONDS
        ended = [message_id for message_id, (at, _) in self._recent.items() if at > since]
        return [*(a.message_id for a in self._running.values()), *ended]

    def adopt(self, guest_id: UUID, user_id: UUID) -> None:
        """What is being written for a guest, or just was, is the user's from now on."""
        for answer in [*self._running.values(), *(a for _, a in self._recent.values())]:
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

    def move_on(self, user_id: UUID, conversation_id: UUID) -> None:
        """The user asks on in a conversation: what they left there, they do not come back for."""
        for answer in self._in(user_id, conversation_id):
            if answer.is_left:
                answer.stop()

    def forget(self, user_id: UUID, conversation_id: UUID) -> bool:
        """Keep nothing of what is being written in a conversation; whether anything was."""
        written = list(self._in(user_id, conversation_id))
        for answer in written:
            answer.is_forgotten = True
        for _, answer in [*self._recent.values()]:
            if answer.asked.conversation_id == conversation_id:
                self._recent.pop(answer.message_id, None)
        return bool(written)

    def _in(self, user_id: UUID, conversation_id: UUID) -> Iterator[Answer]:
        for answer in self._running.values():
            asked = answer.asked
            theirs = asked.user_id == user_id and asked.conversation_id == conversation_id
            if theirs and not answer.is_forgotten:
                yield answer

    async def end_of(self, user_id: UUID) -> None:
        """Stop this user's answers and wait until they are stored; none can be read on."""
        for answer in self._running.values():
            if answer.asked.user_id == user_id:
                answer.stop()
        await self.settled(user_id)
        for _, answer in [*self._recent.values()]:
            if answer.asked.user_id == user_id:
                self._recent.pop(answer.message_id, None)

    async def _run(self, answer: Answer) -> None:
        await answer.run(self._agent, self._turns)
        stored: Stored = "log"
        try:
            stored = await self._store(answer)
        finally:
            answer.keep(stored)  # whatever happened, its readers wait for their last frame
        if not answer.is_forgotten and len(answer.text) <= RECENT_CHARACTERS:
            self._recent[answer.message_id] = time.monotonic(), answer
            while len(self._recent) > RECENT:
                self._recent.popitem(last=False)

    def stop(self) -> None:
        """Take no more questions, and end what runs; its readers get a final frame."""
        self.is_closing = True
        for answer in self._running.values():
            answer.stop(ShuttingDown())

    async def close(self) -> None:
        """Stop, and wait until all is stored, a few seconds at most."""
        self.stop()
        if self._running:
            await asyncio.wait(self._running, timeout=CLOSING_SECONDS)
