"""A set's book as an index, and an agent that answers from it without a model.

Vectors are kept, of passages and of questions, so that a second run takes seconds.
"""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from agent import Agent
from agent.embedding import Embedder
from agent.evaluate.sets import QuestionSet
from agent.index import Location, open_writer
from agent.ingest.build import Progress, ingest
from agent.ingest.cache import EmbeddingCache
from agent.retrieval import Retriever


class Remembering:
    """*embedder*, whose questions are looked up in *cache* first."""

    def __init__(self, embedder: Embedder, cache: EmbeddingCache) -> None:
        self._embedder, self._cache = embedder, cache

    @property
    def id(self) -> str:
        return self._embedder.id

    @property
    def dimensions(self) -> int:
        return self._embedder.dimensions

    async def warm(self) -> None:
        await self._embedder.warm()

    async def embed_query(self, text: str) -> list[float]:
        known = self._cache.find(self.id, text)
        if known is None:
            vector = await self._embedder.embed_query(text)
            self._cache.add(self.id, [text], [vector])
            return vector
        return list(known)

    async def embed_passages(self, texts: Sequence[str]) -> list[list[float]]:
        return await self._embedder.embed_passages(texts)

    async def close(self) -> None:
        """Leaves the embedder open: it serves the next set, too."""


@asynccontextmanager
async def shelved(
    question_set: QuestionSet,
    embedder: Embedder,
    *,
    home: Path,
    seed: Path | None = None,
    qdrant: Location | None = None,
    progress: Progress | None = None,
) -> AsyncIterator[Agent]:
    """An agent for the set's book, indexed under *home*, or at *qdrant* in a collection of its own.

    Raises what ``agent.ingest.build.ingest`` does.
    """
    location = location_of(question_set.name, home, qdrant)
    with EmbeddingCache(home / "embeddings.sqlite", seed=seed) as cache:
        async with open_writer(location, dimensions=embedder.dimensions) as writer:
            await ingest(
                question_set.book, writer=writer, embedder=embedder, cache=cache, progress=progress
            )
        agent = Agent(Retriever(location, Remembering(embedder, cache)), None)
        try:
            yield agent
        finally:
            await agent.close()


def location_of(name: str, home: Path, qdrant: Location | None) -> Location:
    """Where the index of a set is kept, away from those of readers' books."""
    safe = re.sub(r"[^a-z0-9]+", "-", name.lower())
    directory = home / "evaluation" / safe
    if qdrant is None:
        return Location(directory)
    return Location(
        directory, url=qdrant.url, api_key=qdrant.api_key, collection=f"evaluation_{safe}"
    )
