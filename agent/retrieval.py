"""From a question to the passages that may answer it, and whether they do.

Asks the index, which may be far away, and leaves order and verdict to ``ranking`` and ``gate``.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Collection, Sequence
from typing import Self

from agent.deadline import Deadline
from agent.embedding import Embedder
from agent.events import Retrieved
from agent.gate import Gate, gate_of
from agent.index import Hit, Index, IndexUnusable, Location, Manifest, open_index
from agent.language import of_book
from agent.quotes import Weigh, weigh_by
from agent.ranking import asked, confident, rank
from agent.terms import query_vector
from breaker import Breaker
from records import frozen

log = logging.getLogger("footnote.retrieval")

NO_EMBEDDER = "none"
CONSIDERED = 16  # passages that the index gives, to be ranked
TOP_K = 8  # that are left of them
RETRIEVAL_SECONDS = 4.0
REMEMBERED = 256  # vectors of questions, 12 KiB each
LONGEST_PAUSE = 2.0  # an index that has just been made must be found soon

OUTAGES = (OSError, TimeoutError, IndexUnusable)


@frozen
class Evidence:
    """What retrieval found, with the weights that choose quotes from it."""

    retrieved: Retrieved
    weigh: Weigh
    gate: Gate = Gate()


@frozen
class _Book:
    """What follows from a manifest."""

    manifest: Manifest
    language: str | None  # as far as its index tells
    weigh: Weigh
    gate: Gate

    @classmethod
    def of(cls, manifest: Manifest) -> Self:
        return cls(manifest, of_book(manifest), weigh_by(manifest), gate_of(manifest))


class Retriever:
    """One a service; opens its index at the first question, so a dead one never stops a start."""

    def __init__(self, location: Location, embedder: Embedder) -> None:
        self._location, self._embedder = location, embedder
        self._index: Index | None = None
        self._vectors: OrderedDict[str, Sequence[float]] = OrderedDict()  # last used last
        self._book: _Book | None = None
        self._opening = asyncio.Lock()
        self.breaker = Breaker("index", failures=2, longest=LONGEST_PAUSE)

    @property
    def embeds(self) -> bool:
        """Whether questions can be embedded; without it they are searched by words."""
        return self._embedder.id != NO_EMBEDDER

    @property
    def manifest(self) -> Manifest | None:
        """What the index says of itself, once it has been opened."""
        return self._index.manifest if self._index else None

    @property
    def language(self) -> str | None:
        """The book's, as far as its index tells."""
        manifest = self.manifest
        return self._of(manifest).language if manifest else None

    def _of(self, manifest: Manifest) -> _Book:
        """What is worked out once for each manifest: its words tell every question the same."""
        if self._book is None or self._book.manifest is not manifest:
            self._book = _Book.of(manifest)
        return self._book

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
        self,
        query: str,
        deadline: Deadline,
        *,
        within: Collection[str] = (),
        top_k: int = TOP_K,
    ) -> Evidence:
        """The best passages for *query*; what is down is named in ``degraded``, not raised.

        *within* are the pages that are searched; none means all.
        """
        number = self.breaker.admit()
        if number is None:
            return _nothing()
        try:
            async with asyncio.timeout(deadline.share(RETRIEVAL_SECONDS).left()):
                index = await self.index()
                dense = await self._embed(query, index)
                sparse = query_vector(query, index.manifest.language)
                hits = await index.search(sparse, dense, top_k=CONSIDERED, within=within)
            self.breaker.succeeded(number)
        except OUTAGES as error:
            log.warning("the book cannot be searched", extra={"reason": type(error).__name__})
            self.breaker.failed(number, type(error).__name__)
            return _nothing()
        finally:
            self.breaker.release(number)
        degraded = ("embedding",) if index.manifest.dimensions and not dense else ()
        return _judge(query, hits, self._of(index.manifest), degraded, top_k)

    async def _embed(self, query: str, index: Index) -> Sequence[float] | None:
        """``None`` when the index has no embeddings, or they cannot be made now."""
        if not index.manifest.dimensions:
            return None
        try:
            return await self._vector(query)
        except OSError as error:
            log.warning("the question cannot be embedded", extra={"reason": type(error).__name__})
            return None

    async def _vector(self, query: str) -> Sequence[float]:
        """That of *query*; those that were asked for last are known: sites suggest questions."""
        vector = self._vectors.pop(query, None) or await self._embedder.embed_query(query)
        self._vectors[query] = vector
        while len(self._vectors) > REMEMBERED:
            self._vectors.popitem(last=False)
        return vector

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


def _nothing() -> Evidence:
    found = Retrieved((), 0.0, answerable=False, degraded=("retrieval",))
    return Evidence(found, lambda _stem: 1.0)


def _judge(
    query: str, found: Sequence[Hit], book: _Book, degraded: tuple[str, ...], top_k: int
) -> Evidence:
    """The best of *found* in our order, with their confidence as their score."""
    by = asked(query, book.weigh, book.manifest.language)
    best = rank(found, by)[:top_k]
    return Evidence(book.gate.judge(confident(best, by), degraded), book.weigh, book.gate)
