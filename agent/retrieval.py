"""From a question to the passages that may answer it, and whether they do.

The gate is 0.5 x coverage + 0.5 x cosine of the best of the top five: the share of the question's
rare words that one passage holds, and how near its meaning is. Without embeddings it is coverage
alone. Both thresholds keep 95 % of a book's own questions and refuse nine of ten others.
"""

import asyncio
import logging
from collections.abc import Collection, Sequence

from attrs import evolve, frozen

from agent.deadline import Deadline
from agent.embedding import Embedder
from agent.events import Retrieved
from agent.index import Hit, Index, IndexUnusable, Location, open_index
from agent.quotes import Weigh, coverage, weigh_by
from agent.terms import query_vector, stems, vocabulary

log = logging.getLogger("footnote.retrieval")

NO_EMBEDDER = "none"
TOP_K = 8
JUDGED = 5  # hits that the gate looks at
THRESHOLD = 0.48
THRESHOLD_OF_WORDS = 0.62
RETRIEVAL_SECONDS = 4.0

OUTAGES = (OSError, TimeoutError, IndexUnusable)


@frozen
class Evidence:
    """What retrieval found, with the weights that choose quotes from it."""

    retrieved: Retrieved
    weigh: Weigh


class Retriever:
    """One a service; opens its index at the first question, so a dead one never stops a start."""

    def __init__(self, location: Location, embedder: Embedder) -> None:
        self._location, self._embedder = location, embedder
        self._index: Index | None = None
        self._opening = asyncio.Lock()

    @property
    def embeds(self) -> bool:
        """Whether questions can be embedded; without it they are searched by words."""
        return self._embedder.id != NO_EMBEDDER

    async def index(self) -> Index:
        """Raises what ``OUTAGES`` lists."""
        async with self._opening:
            if self._index is None:
                if self.embeds and not self._embedder.dimensions:
                    await self._embedder.warm()  # an endpoint's model tells its size
                self._index = await open_index(
                    self._location,
                    embedder=self._embedder.id,
                    dimensions=self._embedder.dimensions,
                )
            return self._index

    async def retrieve(
        self, query: str, deadline: Deadline, *, within: Collection[str] = ()
    ) -> Evidence:
        """The best passages for *query*; what is down is named in ``degraded``, not raised.

        *within* are the pages that are searched; none means all.
        """
        try:
            async with asyncio.timeout(deadline.share(RETRIEVAL_SECONDS).left()):
                index = await self.index()
                dense = await self._embed(query, index)
                sparse = query_vector(query, index.manifest.language)
                hits = await index.search(sparse, dense, top_k=TOP_K, within=within)
        except OUTAGES as error:
            log.warning("the book cannot be searched", extra={"reason": type(error).__name__})
            found = Retrieved((), 0.0, answerable=False, degraded=("retrieval",))
            return Evidence(found, lambda _stem: 1.0)
        degraded = ("embedding",) if index.manifest.dimensions and not dense else ()
        return _judge(query, hits, weigh_by(index.manifest), degraded)

    async def _embed(self, query: str, index: Index) -> Sequence[float] | None:
        """``None`` when the index has no embeddings, or they cannot be made now."""
        if not index.manifest.dimensions:
            return None
        try:
            return await self._embedder.embed_query(query)
        except OSError as error:
            log.warning("the question cannot be embedded", extra={"reason": type(error).__name__})
            return None

    async def warm(self) -> None:
        """Open the index and load the embedding model; what is wrong with them is logged."""
        try:
            await self.index()
            await self._embedder.warm()
        except OUTAGES as error:
            log.warning("the index cannot be used: %s", error)

    async def close(self) -> None:
        if self._index:
            await self._index.close()
        await self._embedder.close()


def _judge(query: str, hits: Sequence[Hit], weigh: Weigh, degraded: tuple[str, ...]) -> Evidence:
    """Each hit's score becomes its confidence, 0..1; the order stays the search's."""
    asked = stems(query)
    judged = tuple(evolve(hit, score=confidence(asked, hit, weigh)) for hit in hits)
    return Evidence(gate(judged, degraded), weigh)


def gate(judged: tuple[Hit, ...], degraded: tuple[str, ...]) -> Retrieved:
    """Whether hits of these scores answer the question: if the best of the first few is enough."""
    best = max((hit.score for hit in judged[:JUDGED]), default=0.0)
    by_meaning = any(hit.cosine is not None for hit in judged)
    answerable = best >= (THRESHOLD if by_meaning else THRESHOLD_OF_WORDS)
    return Retrieved(judged, round(best, 4), answerable, degraded)


def confidence(asked: Sequence[str], hit: Hit, weigh: Weigh) -> float:
    """How sure it is that *hit* answers the question whose stems are *asked*."""
    covered = coverage(asked, vocabulary(hit.passage.indexed_text), weigh)
    if hit.cosine is None:
        return covered
    return 0.5 * covered + 0.5 * max(0.0, hit.cosine)
