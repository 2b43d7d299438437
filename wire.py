"""An answer on its way to its reader, the same in every protocol: a protocol is an ``Encoder``.

Knows no protocol, and of HTTP only the response that frames go into.
"""

from collections.abc import Sequence
from typing import Protocol, Self

from agent.events import Done, Event
from answer import Answer
from problems import AnswerStopped, Problem
from sse import EventSourceResponse


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


class Frames:
    """All that follows the opening, for one reader, from the beginning on; to be closed.

    A frame holds what has happened since the last. The last event comes when the answer is stored,
    so that a reader who has it has a receipt. No generator: it would cost each token its share.
    """

    def __init__(self, answer: Answer, encoder: Encoder, *, is_left_for_good: bool) -> None:
        self.answer, self.encoder, self.is_left_for_good = answer, encoder, is_left_for_good
        self.seen, self.has_ended, self.is_closed = 0, False, False
        answer.joined()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        answer = self.answer
        while True:
            end = len(answer.events) - (answer.is_finished and not answer.stored)
            if end > self.seen:
                batch, self.seen = answer.events[self.seen : end], end
                if said := self.encoder.encode(batch):
                    return said
            elif answer.is_told:
                return self._ending()
            else:
                await answer.news()

    def _ending(self) -> bytes:
        said = b"" if self.has_ended else self.encoder.ending(self.answer.problem)
        self.has_ended = True
        if not said:
            raise StopAsyncIteration
        return said

    async def aclose(self) -> None:
        if self.is_closed:
            return
        self.is_closed = True
        self.answer.left()
        if self.is_left_for_good:
            self.answer.stop()


async def whole(answer: Answer) -> Done:
    """The end of the answer, which is stored. Raises what broke it off."""
    answer.joined()
    try:
        await answer.told()
    finally:
        answer.left()
    last = answer.events[-1] if answer.events else None
    if isinstance(last, Done):
        return last
    raise answer.problem or AnswerStopped()
