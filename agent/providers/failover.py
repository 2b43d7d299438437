"""What a provider's failure means: another attempt, the next provider, or none.

Until the first text of an answer another attempt costs the reader only time; after it the answer
would begin twice.
"""

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing

from attrs import field, frozen

from agent.deadline import Deadline, Silence
from agent.providers import Answered, End, Message, Provider, ProviderFailed, Text, cache
from agent.providers.breaker import note
from breaker import Breaker
from models import Usage

FIRST_TEXT, FIRST_TEXT_SHARE = 10.0, 0.4  # seconds a provider has, or that part of what is left
GAP = 10.0  # seconds between two texts
MOMENT = 0.1  # seconds
CUT = " …"

Prices = Mapping[str, tuple[float, float]]  # model → US dollars for a million tokens, in and out

_log = logging.getLogger("footnote.providers")


@frozen(kw_only=True)
class _Begun:
    """An answer whose first item is there; *number* is that of its attempt."""

    guarded: "_Guarded"
    number: int
    first: Text
    rest: AsyncGenerator[Text | End]

    async def items(self, deadline: Deadline) -> AsyncGenerator[Text | End]:
        """Any ``Text``, then one ``End``. The breaker learns how it went."""
        breaker = self.guarded.breaker
        item: Text | End = self.first
        async with aclosing(self.rest):
            try:
                async with Silence(GAP, deadline) as silence:
                    while isinstance(item, Text):
                        yield item
                        silence.begins()
                        item = await anext(self.rest)
                        silence.ends()
            except (ProviderFailed, TimeoutError) as error:
                failed = _started(error)
                if deadline.fits(MOMENT):  # or its answer was only too long
                    note(breaker, self.number, failed)
                _log.warning("model broke off: provider=%s reason=%s", breaker.name, failed.reason)
                raise failed from None
        breaker.succeeded(self.number)
        if item.finish_reason == "content_filter":
            _log.warning("model broke off: provider=%s reason=filtered", breaker.name)
            raise ProviderFailed(reason="filtered", started=True)
        yield item


@frozen
class _Guarded:
    """A provider that is left alone while its breaker is open."""

    provider: Provider
    breaker: Breaker

    async def begin(self, messages: Sequence[Message], deadline: Deadline) -> _Begun:
        """Its answer, in two attempts that share one time limit."""
        limit = deadline.share(FIRST_TEXT, FIRST_TEXT_SHARE)
        try:
            return await self._attempt(messages, deadline, limit)
        except ProviderFailed as failed:
            pause = max(self.breaker.wait(), random.uniform(0.1, 0.4))  # noqa: S311 - jitter
            if not failed.retryable or not limit.fits(pause):
                raise
        await asyncio.sleep(pause)
        return await self._attempt(messages, deadline, limit)

    async def _attempt(
        self, messages: Sequence[Message], deadline: Deadline, limit: Deadline
    ) -> _Begun:
        number = self.breaker.admit()
        if number is None:
            raise ProviderFailed(reason="open")
        stream = self.provider.stream(messages, deadline)
        try:
            first = await _first(stream, limit)
        except ProviderFailed as failed:
            note(self.breaker, number, failed)
            raise
        finally:
            self.breaker.release(number)
        if isinstance(first, End):
            await stream.aclose()
            raise ProviderFailed(reason="empty")
        self.breaker.began(number)
        return _Begun(guarded=self, number=number, first=first, rest=stream)


@frozen
class Failover:
    """The first of *providers*, in order, that begins to answer; or *answers*, if they know."""

    providers: tuple[Provider, ...]
    answers: cache.AnswerCache = field(factory=cache.AnswerCache)
    prices: Prices = field(factory=dict)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)  # of the breakers
    _guarded: tuple[_Guarded, ...] = field(init=False, repr=False)

    @_guarded.default
    def _all_closed(self) -> tuple[_Guarded, ...]:
        return tuple(_Guarded(p, Breaker(p.name, self.clock)) for p in self.providers)

    @property
    def breakers(self) -> tuple[Breaker, ...]:
        """One a provider, in their order."""
        return tuple(guarded.breaker for guarded in self._guarded)

    async def stream(
        self, messages: Sequence[Message], deadline: Deadline, *, remembers: bool = False
    ) -> AsyncGenerator[Text | Answered]:
        """Any ``Text``, at least one, then one ``Answered``; all before *deadline*.

        Whoever *remembers* takes an answer that the same messages got before, and leaves theirs.
        Raises ``ProviderFailed``: the last provider's, or with ``started`` that of the answer.
        """
        key = cache.key(messages, self.providers) if remembers and self.answers.size else None
        if key and (known := self.answers.replay(key)):
            for remembered in known:
                yield remembered
            return
        begun, texts = await self._begin(messages, deadline), list[str]()
        del messages  # else every open stream keeps its prompt
        async with aclosing(begun.items(deadline)) as items:
            async for item in items:
                if isinstance(item, Text):
                    texts.append(item.text)
                    yield item
                    continue
                if item.finish_reason == "length":
                    yield Text(CUT)
                end = self._answered(begun.guarded.provider, item)
                if key:
                    self.answers.keep(key, "".join(texts), end)
                yield end

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

    async def _begin(self, messages: Sequence[Message], deadline: Deadline) -> _Begun:
        last = ProviderFailed(reason="open" if self.providers else "unconfigured")
        for guarded in self._guarded:
            try:
                await guarded.provider.warm()  # a library's first use must not cost the first text
                return await guarded.begin(messages, deadline)
            except ProviderFailed as failed:
                if failed.reason == "open":
                    continue
                name = guarded.provider.name
                _log.warning("model failed: provider=%s reason=%s", name, failed.reason)
                last = failed
        raise last

    def _answered(self, provider: Provider, end: End) -> Answered:
        return Answered(
            usage=end.usage,
            finish_reason=end.finish_reason,
            provider=provider.name,
            model=provider.model,
            cost_usd=cost_usd(end.usage, self.prices.get(provider.model)),
        )


def cost_usd(usage: Usage, price: tuple[float, float] | None) -> float | None:
    """What an answer cost; ``None`` without a price, and where nobody counted the tokens."""
    if price is None or not usage.total_tokens:
        return None
    prompt, completion = price
    return (usage.prompt_tokens * prompt + usage.completion_tokens * completion) / 1_000_000


async def _first(stream: AsyncGenerator[Text | End], limit: Deadline) -> Text | End:
    """The first item. A limit that passes cancels the read, which hangs up on the model."""
    try:
        async with asyncio.timeout(limit.left()):
            return await anext(stream)
    except TimeoutError:
        raise ProviderFailed(reason="timeout", retryable=True) from None


def _started(error: ProviderFailed | TimeoutError) -> ProviderFailed:
    """What broke off an answer that had begun."""
    if isinstance(error, ProviderFailed):
        return error
    return ProviderFailed(reason="timeout", retryable=True, started=True)
