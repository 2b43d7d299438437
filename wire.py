"""An answer on its way to its reader, the same in every protocol: a protocol is an ``Encoder``.

Knows no protocol, and of HTTP only the response that frames go into.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol, Self

from agent.events import Done, Event
from answer import Answer
from problems import AnswerStopped, Problem
from sse import EventSourceResponse, Pushing


class Encoder(Protocol):
    """One answer as one reader is told it. Pure: it remembers what it has said, and does nothing.

    ``encode`` is called for each batch of events, so what is constant belongs into ``__init__``;
    the last batch ends with ``Done`` or ``Failed``, unless the answer was stopped. ``ending`` comes
    after it, with what broke the answer off, if something did.
    """

    @property
    def keepalive(self) -> bytes: ...
    def opening(self) -> bytes: ...
    def encode(self, batch: Sequence[Event]) -> bytes: ...
    def ending(self, problem: Problem | None) -> bytes: ...


def stream(answer: Answer, encoder: Encoder, *, is_left_for_good: bool) -> EventSourceResponse:
    """The answer as it is written. Where *is_left_for_good*, who leaves it has stopped it."""
    return EventSourceResponse(
        Frames(answer, encoder, is_left_for_good=is_left_for_good),
        opening=encoder.opening(),
        keepalive=encoder.keepalive,
    )


class Frames(Pushing):
    """All that follows the opening, for one reader, from the beginning on; to be closed.

    A frame holds what has happened since the last. The last event comes when the answer is stored,
    so that a reader who has it has a receipt. No generator: it would cost each token its share.
    """

    def __init__(self, answer: Answer, encoder: Encoder, *, is_left_for_good: bool) -> None:
        self.answer, self.encoder, self.is_left_for_good = answer, encoder, is_left_for_good
        self.seen, self.refused = 0, b""  # how many events; what could not be written
        self.waiting: asyncio.Future[None] | None = None  # whoever iterates, for the next frame
        self.is_due, self.has_ended, self.is_closed = False, False, False
        self.loop = asyncio.get_running_loop()
        answer.joined(self.heard)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while True:
            if said := self._said():
                return said
            if self.answer.is_told:
                return self._ending()
            self.waiting = self.loop.create_future()
            await self.waiting
            self.waiting = None

    def _said(self) -> bytes:
        """What is new; nothing, if that does not show in this protocol."""
        said, self.refused = self.refused, b""
        answer = self.answer
        end = len(answer.events) - (answer.is_finished and not answer.stored)
        if end > self.seen:
            said += self.encoder.encode(answer.events[self.seen : end])
            self.seen = end
        return said

    def heard(self) -> None:
        """Something has happened to the answer; what follows from it comes in a moment, for all."""
        if self.waiting and not self.is_due:
            self.is_due = True
            self.loop.call_soon(self._push)

    def _push(self) -> None:
        """Write what is new, or wake whoever iterates: for the end, and for what breaks here."""
        self.is_due = False
        if self.waiting is None or self.waiting.done():
            return
        try:
            if self.answer.is_told or not self._written():
                self.waiting.set_result(None)
        except Exception as error:  # noqa: BLE001 - it is the response's, not the event loop's
            self.waiting.set_exception(error)

    def _written(self) -> bool:
        if self.write is None:
            return False
        said = self._said()
        if not said or self.write(said):
            return True
        self.refused = said
        return False

    def _ending(self) -> bytes:
        said = b"" if self.has_ended else self.encoder.ending(self.answer.problem)
        self.has_ended = True
        if not said:
            raise StopAsyncIteration
        return said

    async def aclose(self) -> None:
        if self.is_closed:
            return
        self.is_closed, self.write = True, None
        self.answer.left(self.heard)
        if self.is_left_for_good:
            self.answer.stop()


async def whole(answer: Answer) -> Done:
    """The end of the answer, which is stored. Raises what broke it off."""
    told = asyncio.get_running_loop().create_future()

    def heard() -> None:
        if answer.is_told and not told.done():
            told.set_result(None)

    answer.joined(heard)
    try:
        if not answer.is_told:
            await told
    finally:
        answer.left(heard)
    last = answer.events[-1] if answer.events else None
    if isinstance(last, Done):
        return last
    raise answer.problem or AnswerStopped()
