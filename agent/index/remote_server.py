"""Talking to a Qdrant server: a lazy client, one deadline a call, the index port's errors."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar
from uuid import NAMESPACE_URL, uuid5

from agent.index import IndexUnusable, Location

if TYPE_CHECKING:
    from qdrant_client import AsyncQdrantClient

T = TypeVar("T")

MANIFEST_ID = str(uuid5(NAMESPACE_URL, "footnote:manifest"))  # the point that holds the manifest


class Server:
    """A Qdrant server: its client is imported at the first question, its errors are the port's."""

    def __init__(self, location: Location) -> None:
        self.location = location
        self._client: AsyncQdrantClient | None = None
        self._connecting = asyncio.Lock()

    async def ask(self, question: Callable[["AsyncQdrantClient"], Awaitable[T]]) -> T:
        """The reply within the location's timeout.

        Raises ``TimeoutError``, ``OSError``, or ``IndexUnusable`` for what only people can mend.
        """
        client = await self._connect()
        from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
        from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

        try:
            async with asyncio.timeout(self.location.timeout):
                return await question(client)
        except TimeoutError:
            raise TimeoutError(f"Qdrant at {self.location.url} did not answer in time.") from None
        except UnexpectedResponse as error:
            raise self._refusal(error.status_code or 500) from None
        except ResourceExhaustedResponse:
            raise self._refusal(429) from None
        except ResponseHandlingException as error:
            name = type(error.source).__name__
            raise ConnectionError(
                f"Qdrant at {self.location.url} cannot be reached ({name})."
            ) from None

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def _connect(self) -> "AsyncQdrantClient":
        async with self._connecting:
            if self._client is None:
                self._client = await asyncio.to_thread(_client, self.location)
            return self._client

    def _refusal(self, status: int) -> Exception:
        if status == 404:
            return IndexUnusable(f"There is no collection {self.location}: run `make ingest`.")
        if status in (401, 403):
            return IndexUnusable(
                f"Qdrant at {self.location.url} refuses the key: check QDRANT_API_KEY."
            )
        if 400 <= status < 500 and status not in (408, 429):
            return IndexUnusable(
                f"Qdrant refuses to work with the collection {self.location} ({status})."
            )
        return ConnectionError(f"Qdrant at {self.location.url} answers {status}.")


def _client(location: Location) -> "AsyncQdrantClient":
    """A client that connects with the first request; importing it takes about a second."""
    from qdrant_client import AsyncQdrantClient

    return AsyncQdrantClient(
        url=location.url,
        api_key=location.api_key,
        timeout=math.ceil(location.timeout),
        check_compatibility=False,  # it would ask the server, and block
    )
