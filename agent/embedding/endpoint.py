"""Texts → vectors at any server that speaks OpenAI's ``/embeddings``.

A reader's question goes over a connection of our own, like the one to the model: the openai library
takes 3 ms of CPU for it. A book's passages go through the library, for its retries.
"""

import asyncio
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import orjson

from agent.embedding import EmbedderUnusable
from agent.providers.openai_compatible import OPENAI

if TYPE_CHECKING:
    from agent.providers.transport import Transport

REQUEST_TEXTS = 64  # texts a request
KNOWN_DIMENSIONS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072}
QUERY_SECONDS, PASSAGES_SECONDS = 4.0, 60.0
UNUSABLE = {401, 403, 404}


class EndpointEmbedder:
    """A redirect would carry the key away, so none is followed."""

    def __init__(self, model: str, *, api_key: str | None, base_url: str | None) -> None:
        self.id = model
        self.dimensions = KNOWN_DIMENSIONS.get(model, 0)
        self._api_key, self._base_url = (api_key or "none").strip(), base_url or OPENAI
        self._transport: Transport | None = None
        self._client: Any = None  # an AsyncOpenAI, whose import takes most of a second

    async def warm(self) -> None:
        """Ask the endpoint for the size of vectors that we do not know."""
        if self.dimensions:
            await self._reached()
        else:
            await self.embed_query("How many dimensions?")

    async def embed_query(self, text: str) -> list[float]:
        asked = {"model": self.id, "input": [text], "encoding_format": "float"}
        said = bytearray()
        try:
            async with asyncio.timeout(QUERY_SECONDS):
                transport = await self._reached()
                reply = await transport.post(
                    lambda: orjson.dumps(asked), said.extend, seconds=QUERY_SECONDS
                )
        except TimeoutError:
            raise TimeoutError("The embedding endpoint did not answer in time.") from None
        except EmbedderUnusable:
            raise
        except OSError as error:
            raise _outage(type(error).__name__) from None
        if not reply.is_good:
            raise self._refused(reply.status)
        return self._all(_vectors(said), 1)[0]

    async def embed_passages(self, texts: Sequence[str]) -> list[list[float]]:
        vectors: list[list[float]] = []
        for start in range(0, len(texts), REQUEST_TEXTS):
            vectors += await self._by_library(texts[start : start + REQUEST_TEXTS])
        return vectors

    async def close(self) -> None:
        if self._transport is not None:
            await self._transport.close()
        if self._client is not None:
            await self._client.close()

    async def _reached(self) -> "Transport":
        if self._transport is None:
            transport = await asyncio.to_thread(self._opened)
            self._transport = self._transport or transport  # still, after the wait
        return self._transport

    def _opened(self) -> "Transport":
        from agent.providers.transport import Transport

        headers = {"authorization": f"Bearer {self._api_key}"}
        try:
            return Transport(f"{self._base_url.rstrip('/')}/embeddings", headers)
        except ValueError:
            raise self._unusable() from None

    async def _by_library(self, texts: Sequence[str]) -> list[list[float]]:
        client = (await self._connected()).with_options(timeout=PASSAGES_SECONDS, max_retries=5)
        import openai

        try:
            reply = await client.embeddings.create(
                model=self.id, input=list(texts), encoding_format="float"
            )
        except openai.APITimeoutError:
            raise TimeoutError("The embedding endpoint did not answer in time.") from None
        except openai.APIStatusError as error:
            raise self._refused(error.status_code) from None
        except openai.OpenAIError as error:
            raise _outage(type(error).__name__) from None
        return self._all([row.embedding for row in getattr(reply, "data", None) or ()], len(texts))

    async def _connected(self) -> Any:
        if self._client is None:
            openai = await asyncio.to_thread(import_module, "openai")
            if self._client is None:  # still, after the wait
                http = openai.DefaultAsyncHttpxClient(follow_redirects=False)
                self._client = openai.AsyncOpenAI(
                    api_key=self._api_key, base_url=self._base_url, http_client=http
                )
        return self._client

    def _all(self, vectors: list[list[float]], count: int) -> list[list[float]]:
        if len(vectors) != count or not all(vectors):
            raise ConnectionError("The embedding endpoint did not return a vector for each text.")
        self.dimensions = len(vectors[0])
        return vectors

    def _refused(self, status: int) -> OSError:
        return self._unusable() if status in UNUSABLE else _outage(f"status {status}")

    def _unusable(self) -> EmbedderUnusable:
        return EmbedderUnusable(
            f"The embedding endpoint refuses {self.id!r} with this key: "
            "check EMBEDDING_MODEL, OPENAI_BASE_URL and OPENAI_API_KEY."
        )


def _outage(why: str) -> ConnectionError:
    return ConnectionError(f"The embedding endpoint cannot be used ({why}).")


def _vectors(said: bytes | bytearray) -> list[list[float]]:
    """Those of a reply; none of what is no such reply."""
    try:
        return [row["embedding"] for row in orjson.loads(said)["data"]]
    except (orjson.JSONDecodeError, LookupError, TypeError):
        return []
