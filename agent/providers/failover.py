"""What a provider's failure means: another attempt, the next provider, or none.

Until the first text of an answer another attempt costs the reader only time; after it the answer
would begin twice.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping

from attrs import define, field

from agent.deadline import Deadline, Silence
from agent.providers import Answered, End, Prompt, Provider, ProviderFailed, Say, cache
from agent.providers.breaker import note
from breaker import Breaker
from models import Usage
from records import frozen

FIRST_TEXT, FIRST_TEXT_SHARE = 10.0, 0.4  # seconds a provider has, or that part of what is left
GAP = 10.0  # seconds between two texts
MOMENT = 0.1  # seconds
CUT = " …"

Prices = Mapping[str, tuple[float, float]]  # model → US dollars for a million tokens, in and out

_log = logging.getLogger("footnote.providers")


@define(eq=False)
class _Heard:
    """What a model says in one attempt, on its way to *say*."""

    breaker: Breaker
    number: int  # of the attempt
    silence: Silence
    say: Say
    has_begun: bool = False

    def __call__(self, text: str) -> None:
        self.silence.heard()
        if not self.has_begun:
            self.has_begun = True
            self.breaker.began(self.number)
        self.say(text)


@frozen
class _Guarded:
    """A provider that is left alone while its breaker is open."""

    provider: Provider
    breaker: Breaker

    async def write(self, prompt: Prompt, deadline: Deadline, say: Say) -> End:
        """Its answer; two attempts to begin it share one time limit."""
        limit = deadline.share(FIRST_TEXT, FIRST_TEXT_SHARE)
        try:
            return await self._attempt(prompt, deadline, limit, say)
        except ProviderFailed as failed:
            pause = max(self.breaker.wait(), random.uniform(0.1, 0.4))  # noqa: S311 - jitter
            if failed.started or not failed.retryable or not limit.fits(pause):
                raise
        await asyncio.sleep(pause)
        return await self._attempt(prompt, deadline, limit, say)

    async def _attempt(self, prompt: Prompt, deadline: Deadline, limit: Deadline, say: Say) -> End:
        """The breaker learns how it went."""
        number = self.breaker.admit()
        if number is None:
            raise ProviderFailed(reason="open")
        heard = _Heard(self.breaker, number, Silence(limit, GAP, deadline), say)
        try:
            async with heard.silence:
                end = await self.provider.write(prompt, deadline, heard)
        except (ProviderFailed, TimeoutError) as error:
            raise self._noted(error, heard, deadline) from None
        finally:
            self.breaker.release(number)
        if not heard.has_begun:
            raise ProviderFailed(reason="empty")
        self.breaker.succeeded(number)
        if end.finish_reason == "content_filter":
            _log.warning("model broke off: provider=%s reason=filtered", self.breaker.name)
            raise ProviderFailed(reason="filtered", started=True)
        return end

    def _noted(
        self, error: ProviderFailed | TimeoutError, heard: _Heard, deadline: Deadline
    ) -> ProviderFailed:
        """The failure of an attempt. A limit that passes has hung up on the model."""
        if isinstance(error, ProviderFailed):
            failed = error
        else:
            failed = ProviderFailed(reason="timeout", retryable=True)
        failed.started = heard.has_begun
        if heard.has_begun:
            _log.warning("model broke off: provider=%s reason=%s", self.breaker.name, failed.reason)
        if not heard.has_begun or deadline.fits(MOMENT):  # or its answer was only too long
            note(self.breaker, heard.number, failed)
        return failed


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

    async def write(
        self, prompt: Prompt, deadline: Deadline, say: Say, *, remembers: bool = False
    ) -> Answered:
        """*say* the answer as it comes, at least a word; all before *deadline*.

        Whoever *remembers* takes an answer that the same messages got before, and leaves theirs.
        Raises ``ProviderFailed``: the last provider's, or with ``started`` that of the answer.
        """
        if not (remembers and self.answers.size):
            return await self._write(prompt, deadline, say)
        key, texts = cache.key(prompt(), self.providers), list[str]()
        if known := self.answers.replay(key):
            for text in known[0]:
                say(text)
            return known[1]

        def remembered(text: str) -> None:
            texts.append(text)
            say(text)

        answered = await self._write(prompt, deadline, remembered)
        self.answers.keep(key, "".join(texts), answered)
        return answered

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

    async def _write(self, prompt: Prompt, deadline: Deadline, say: Say) -> Answered:
        last: ProviderFailed | None = None
        for guarded in self._guarded:
            try:
                await guarded.provider.warm()  # a library's first use must not cost the first text
                end = await guarded.write(prompt, deadline, say)
            except ProviderFailed as failed:
                if failed.started:
                    raise
                if failed.reason != "open":
                    name = guarded.provider.name
                    _log.warning("model failed: provider=%s reason=%s", name, failed.reason)
                    last = failed
                continue
            if end.finish_reason == "length":
                say(CUT)
            return self._answered(guarded.provider, end)
        raise last or ProviderFailed(reason="open" if self.providers else "unconfigured")

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
