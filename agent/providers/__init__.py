"""The model port: pieces of text from whichever provider can give them.

Knows nothing of books or prompts. A provider makes one attempt; ``Failover`` decides what a
failure means: until the first text of an answer another attempt costs the reader only time,
after it the answer would begin twice.
"""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Literal, Protocol

from attrs import define, frozen

from agent.deadline import Deadline
from models import Usage

FIRST_TEXT, FIRST_TEXT_SHARE = 10.0, 0.4  # seconds a provider has, or that part of what is left
GAP = 10.0  # seconds between two texts

_log = logging.getLogger("footnote.providers")


@frozen
class Message:
    """One turn of the prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


@frozen
class Text:
    """A piece of the answer, never empty."""

    text: str


@frozen(kw_only=True)
class End:
    """The model has finished, by its own account."""

    usage: Usage
    finish_reason: str  # "stop", "length", "content_filter", …


@frozen(kw_only=True)
class Answered(End):
    """The end of a whole answer, and who gave it."""

    provider: str
    model: str


@define(kw_only=True, eq=False)
class ProviderFailed(Exception):
    """No answer, or half of one. Carries codes only: no key, prompt or body can leak from it.

    *reason* is ``rate_limited``, ``unauthorised``, ``rejected`` (our request), ``redirected``,
    ``server_error``, ``timeout``, ``unreachable``, ``truncated`` (ended without a finish reason),
    ``malformed``, ``empty``, ``misconfigured`` or ``unconfigured`` (there is no provider).
    """

    reason: str
    retryable: bool = False  # the same request may succeed in a moment
    retry_after: float | None = None  # seconds, the provider's wish
    started: bool = False  # text had been sent

    def __str__(self) -> str:
        return self.reason


class Provider(Protocol):
    """One model at one place; safe for concurrent streams."""

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> str: ...

    def stream(self, messages: Sequence[Message], deadline: Deadline) -> AsyncGenerator[Text | End]:
        """Any ``Text``, then one ``End``. Raises ``ProviderFailed`` or ``TimeoutError``.

        Closing or cancelling the generator hangs up on the model.
        """

    async def warm(self) -> None:
        """Load now what the first question would have to wait for; connects to nothing."""

    async def close(self) -> None: ...


@frozen
class Failover:
    """The first of *providers*, in order, that begins to answer."""

    providers: tuple[Provider, ...]

    async def stream(
        self, messages: Sequence[Message], deadline: Deadline
    ) -> AsyncGenerator[Text | Answered]:
        """Any ``Text``, at least one, then one ``Answered``; all before *deadline*.

        Raises ``ProviderFailed``: the last provider's, or with ``started`` that of the answer.
        """
        provider, item, rest = await self._begin(messages, deadline)
        async with aclosing(rest):
            while isinstance(item, Text):
                yield item
                item = await _next(rest, deadline.share(GAP), started=True)
        yield Answered(
            usage=item.usage,
            finish_reason=item.finish_reason,
            provider=provider.name,
            model=provider.model,
        )

    async def warm(self) -> None:
        """Warm each provider; one that cannot be is logged, and left to the first question."""
        for provider in self.providers:
            try:
                await provider.warm()
            except ProviderFailed as failed:
                _log.warning("model unusable: provider=%s reason=%s", provider.name, failed.reason)

    async def close(self) -> None:
        for provider in self.providers:
            await provider.close()

    async def _begin(
        self, messages: Sequence[Message], deadline: Deadline
    ) -> tuple[Provider, Text | End, AsyncGenerator[Text | End]]:
        last = ProviderFailed(reason="unconfigured")
        for provider in self.providers:
            try:
                await provider.warm()  # the first use of a library must not cost the first text
                first, rest = await _first_text(provider, messages, deadline)
            except ProviderFailed as failed:
                _log.warning("model failed: provider=%s reason=%s", provider.name, failed.reason)
                last = failed
            else:
                return provider, first, rest
        raise last


async def _first_text(
    provider: Provider, messages: Sequence[Message], deadline: Deadline
) -> tuple[Text | End, AsyncGenerator[Text | End]]:
    """The first text and the rest, in two attempts that share one time limit."""
    limit = deadline.share(FIRST_TEXT, FIRST_TEXT_SHARE)
    try:
        return await _attempt(provider, messages, deadline, limit)
    except ProviderFailed as failed:
        pause = max(failed.retry_after or 0.0, random.uniform(0.1, 0.4))  # noqa: S311 - jitter
        if not failed.retryable or not limit.fits(pause):
            raise
    await asyncio.sleep(pause)
    return await _attempt(provider, messages, deadline, limit)


async def _attempt(
    provider: Provider, messages: Sequence[Message], deadline: Deadline, limit: Deadline
) -> tuple[Text | End, AsyncGenerator[Text | End]]:
    stream = provider.stream(messages, deadline)
    first = await _next(stream, limit, started=False)
    if isinstance(first, End):
        await stream.aclose()
        raise ProviderFailed(reason="empty")
    return first, stream


async def _next(
    stream: AsyncGenerator[Text | End], limit: Deadline, *, started: bool
) -> Text | End:
    """The next item. A limit that passes cancels the read, which hangs up on the model."""
    try:
        async with asyncio.timeout(limit.left()):
            return await anext(stream)
    except TimeoutError:
        raise ProviderFailed(reason="timeout", retryable=True, started=started) from None
