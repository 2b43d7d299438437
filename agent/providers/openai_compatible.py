"""A model behind any OpenAI-compatible chat/completions endpoint: OpenAI, Gemini, a local server.

Asks over a connection of our own, not with the openai library: docs/decisions/0013 has both costs.
"""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
from attrs import define, field

from agent.deadline import Deadline
from agent.providers import End, Prompt, ProviderFailed, Say
from agent.providers.wire import ChunkDecoder, refused, without_refused

if TYPE_CHECKING:
    from agent.providers.connection import Hear
    from agent.providers.transport import Transport

OPENAI = "https://api.openai.com/v1"
GEMINI = "https://generativelanguage.googleapis.com/v1beta/openai/"
TAIL = 0.5  # seconds for usage and EOF, once the model has said that it is done
REFUSING = {400, 422}  # a parameter, perhaps


def _key(api_key: str | None) -> str:
    """Files of secrets end in a newline. A local server wants no key, and is told so."""
    return (api_key or "").strip() or "none"


@define(kw_only=True, eq=False)
class OpenAICompatible:
    """One model at one endpoint. Connects at the first question."""

    name: str
    model: str
    base_url: str
    api_key: str = field(repr=False, converter=_key)
    max_tokens: int = 4096  # far above an answer: models that reason count that, too
    reasoning_effort: str | None = None  # "low" brings the first text seconds earlier
    _options: dict[str, Any] = field(init=False, repr=False)  # what the endpoint seems to accept
    _transport: "Transport | None" = field(init=False, default=None, repr=False)
    _connecting: asyncio.Lock = field(init=False, factory=asyncio.Lock, repr=False)

    @_options.default
    def _first_guess(self) -> dict[str, Any]:
        effort = {"reasoning_effort": self.reasoning_effort} if self.reasoning_effort else {}
        limits = {"max_tokens": self.max_tokens, "temperature": 0.1}
        return {"stream_options": {"include_usage": True}, **limits, **effort}

    async def write(self, prompt: Prompt, deadline: Deadline, say: Say) -> End:
        """See ``Provider``. A failure after the model's last word does not spoil its answer."""
        transport, decoder = await self._connected(), ChunkDecoder()
        try:
            async with asyncio.timeout(None) as ending:
                await self._ask(transport, prompt, deadline, _Hearing(decoder, say, ending))
        except OSError as error:  # a timeout is one, too
            if decoder.is_open:
                raise decoder.failure(_broken(error, decoder)) from None
        return decoder.end()

    async def warm(self) -> None:
        await self._connected()

    async def close(self) -> None:
        if self._transport is not None:
            await self._transport.close()

    async def _connected(self) -> "Transport":
        async with self._connecting:
            if self._transport is None:
                self._transport = await asyncio.to_thread(_open, self.base_url, self.api_key)
            return self._transport

    async def _ask(
        self,
        transport: "Transport",
        prompt: Prompt,
        deadline: Deadline,
        hear: "Hear",
    ) -> None:
        """A parameter that the endpoint refuses is left out, this time and later.

        It is given up for good only when the request succeeds without: a refusal may quote the
        prompt, and no reader shall switch our options off.
        """
        options = self._options
        while True:
            # The time is for connecting; Failover watches the whole.
            content = partial(self._asking, prompt, options)
            reply = await transport.post(content, hear, seconds=deadline.left())
            if reply.is_good:
                self._options = options
                return
            accepted = without_refused(options, reply.said.decode(errors="replace"))
            if reply.status not in REFUSING or accepted == options:
                raise refused(reply.status, reply.retry_after, bytes(reply.said))
            options = accepted

    def _asking(self, prompt: Prompt, options: Mapping[str, Any]) -> bytes:
        messages = [{"role": message.role, "content": message.content} for message in prompt()]
        asked = {"model": self.model, "messages": messages, "stream": True}
        return orjson.dumps({**asked, **options})


@define(eq=False)
class _Hearing:
    """What *decoder* makes of each read is said; after the last word nobody waits for long."""

    decoder: ChunkDecoder
    say: Say
    ending: asyncio.Timeout

    def __call__(self, data: bytes) -> None:
        if text := self.decoder.feed(data):
            self.say(text)
        if not self.decoder.is_open and self.ending.when() is None:
            pause = 0.0 if self.decoder.failed else TAIL
            self.ending.reschedule(asyncio.get_running_loop().time() + pause)


def _open(base_url: str, api_key: str) -> "Transport":
    """Runs in a thread: it reads the machine's authorities."""
    from agent.providers.transport import Transport

    try:
        return Transport(
            f"{base_url.rstrip('/')}/chat/completions", {"authorization": f"Bearer {api_key}"}
        )
    except ValueError:
        raise ProviderFailed(reason="misconfigured") from None


def _broken(error: OSError, decoder: ChunkDecoder) -> ProviderFailed:
    """A code for *error*, whose own text may hold an address."""
    if isinstance(error, TimeoutError):
        return ProviderFailed(reason="timeout", retryable=True)
    return ProviderFailed(reason="truncated" if decoder.has_said else "unreachable", retryable=True)
