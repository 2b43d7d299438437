"""A model behind any OpenAI-compatible chat/completions endpoint: OpenAI, Gemini, a local server.

The openai library makes the request; the stream is read as raw bytes, because the library's chunk
objects and iterators cost more than the rest of a token's way through the service.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import orjson
from attrs import define, field

from agent.deadline import Deadline
from agent.providers import End, Message, ProviderFailed, Text
from agent.providers.wire import ChunkDecoder, refused, retry_seconds, without_refused

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from agent.providers.transport import Body

OPENAI = "https://api.openai.com/v1"
GEMINI = "https://generativelanguage.googleapis.com/v1beta/openai/"
TAIL = 0.5  # seconds for usage and EOF, once the model has said that it is done


def _key(api_key: str | None) -> str:
    """Files of secrets end in a newline. The library insists on a key, a local server on none."""
    return (api_key or "").strip() or "none"


@define(kw_only=True, eq=False)
class OpenAICompatible:
    """One model at one endpoint. Imports the library and connects at the first question."""

    name: str
    model: str
    base_url: str
    api_key: str = field(repr=False, converter=_key)
    max_tokens: int = 4096  # far above an answer: models that reason count that, too
    reasoning_effort: str | None = None  # "low" brings the first text seconds earlier
    _options: dict[str, Any] = field(init=False, repr=False)  # what the endpoint seems to accept
    _client: "AsyncOpenAI | None" = field(init=False, default=None, repr=False)
    _connecting: asyncio.Lock = field(init=False, factory=asyncio.Lock, repr=False)

    @_options.default
    def _first_guess(self) -> dict[str, Any]:
        effort = {"reasoning_effort": self.reasoning_effort} if self.reasoning_effort else {}
        limits = {"max_tokens": self.max_tokens, "temperature": 0.1}
        return {"stream_options": {"include_usage": True}, **limits, **effort}

    async def stream(
        self, messages: Sequence[Message], deadline: Deadline
    ) -> AsyncGenerator[Text | End]:
        """See ``Provider``. A failure after the model's last word does not spoil its answer."""
        client, decoder, body = await self._connected(), ChunkDecoder(), None
        try:
            body = await self._ask(client, messages, deadline)
            del messages  # a prompt is larger than the rest of a stream
            async with aclosing(body):
                while decoder.failed is None and (
                    data := await (body.read() if decoder.finish_reason is None else _tail(body))
                ):
                    if text := decoder.feed(data):
                        yield Text(text)
        except _errors() as error:
            if decoder.finish_reason is None:
                failed = _failure(error, "unreachable" if body is None else "truncated")
                raise decoder.failure(failed) from None
        yield decoder.end()

    async def warm(self) -> None:
        await self._connected()

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def _connected(self) -> "AsyncOpenAI":
        async with self._connecting:
            if self._client is None:
                self._client = await asyncio.to_thread(_connect, self.base_url, self.api_key)
            return self._client

    async def _ask(
        self,
        client: "AsyncOpenAI",
        messages: Sequence[Message],
        deadline: Deadline,
    ) -> "Body":
        """The raw stream. A parameter that the endpoint refuses is left out, this time and later.

        It is given up for good only when the request succeeds without: a refusal may quote the
        prompt, and no reader shall switch our options off.
        """
        from openai import AsyncStream, BadRequestError, UnprocessableEntityError
        from openai.types.chat import ChatCompletionChunk

        from agent.providers.transport import body_of

        asked = {"model": self.model, "messages": _prompt(messages), "stream": True}
        options = self._options
        while True:
            try:
                # Not completions.create, which walks through every message: 0.4 ms for a prompt.
                stream = await client.post(
                    "/chat/completions",
                    cast_to=ChatCompletionChunk,
                    content=orjson.dumps({**asked, **options}),
                    options={
                        "headers": {"content-type": "application/json"},
                        "timeout": deadline.left(),  # to connect; Failover watches the whole
                    },
                    stream=True,
                    stream_cls=AsyncStream[ChatCompletionChunk],
                )
            except (BadRequestError, UnprocessableEntityError) as refusal:
                accepted = without_refused(options, refusal.response.text)
                if accepted == options:
                    raise
                options = accepted
            else:
                self._options = options
                return body_of(stream.response)


def _prompt(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]


def _connect(base_url: str, api_key: str) -> "AsyncOpenAI":
    """A client that never retries nor follows a redirect, which would carry the key away.

    Runs in a thread: 0.9 s of imports.
    """
    import httpx2
    import openai

    from agent.providers.transport import Transport

    http = httpx2.AsyncClient(transport=Transport(), follow_redirects=False)
    try:
        client = openai.AsyncOpenAI(
            base_url=base_url, api_key=api_key, max_retries=0, http_client=http
        )
    except (openai.OpenAIError, httpx2.InvalidURL):
        raise ProviderFailed(reason="misconfigured") from None
    _ = client.chat.completions  # imports, too
    return client


async def _tail(body: "Body") -> bytes:
    """What follows the model's last word. Reading up to EOF keeps the connection for the next."""
    async with asyncio.timeout(TAIL):
        return await body.read()


def _errors() -> tuple[type[Exception], ...]:
    """What the library, its transport and (``ValueError``) a key that fits no header raise."""
    import aiohttp
    import httpx2
    import openai

    return openai.OpenAIError, httpx2.HTTPError, aiohttp.ClientError, OSError, ValueError


def _failure(error: Exception, reason: str) -> ProviderFailed:
    """A code for *error*, whose own text may hold a key, a prompt or a body; *reason* if none."""
    import openai

    if isinstance(error, openai.APIStatusError):
        retry_after = retry_seconds(error.response.headers.get("retry-after", ""))
        return refused(error.status_code, retry_after, code=error.code)
    if isinstance(error, ValueError):
        return ProviderFailed(reason="misconfigured")
    timed_out = isinstance(error, TimeoutError | openai.APITimeoutError)
    return ProviderFailed(reason="timeout" if timed_out else reason, retryable=True)
