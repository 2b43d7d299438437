"""An answer on its way to its reader, the same in every protocol: a protocol is an ``Encoder``.

Knows no protocol, and of HTTP only the response that frames go into.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Protocol

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
        frames(answer, encoder, is_left_for_good=is_left_for_good),
        opening=encoder.opening(),
        keepalive=encoder.keepalive,
    )


async def frames(
    answer: Answer, encoder: Encoder, *, is_left_for_good: bool
) -> AsyncGenerator[bytes, None]:
    """All that follows the opening."""
    try:
        async with aclosing(answer.follow()) as batches:
            async for batch in batches:
                if said := encoder.encode(batch):
                    yield said
        if said := encoder.ending(answer.problem):
            yield said
    finally:
        if is_left_for_good:
            answer.stop()


async def whole(answer: Answer) -> Done:
    """The end of the answer, which is stored. Raises what broke it off."""
    async for _ in answer.follow():
        pass
    last = answer.events[-1] if answer.events else None
    if isinstance(last, Done):
        return last
    raise answer.problem or AnswerStopped()
