"""The index on a Qdrant server, read side: it never writes.

Our own collections carry their manifest in a reserved point without vectors, which no search finds.
A collection that another tool filled is searched by its dense vectors alone.
"""

import asyncio
import logging
import math
import time
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from attrs import field

from agent.index import (
    CANDIDATES,
    DENSE,
    PAGE,
    SCHEMA,
    SPARSE,
    Hit,
    IndexUnusable,
    Location,
    Manifest,
    check,
    comparable,
    has_vectors_for,
    hit_of,
    in_order,
    manifest_of,
)
from agent.index.kept import MOST, Kept, cosines
from agent.index.remote_server import MANIFEST_ID, Server
from agent.passages import from_payload
from agent.terms import SparseVector
from records import frozen

if TYPE_CHECKING:
    from qdrant_client.models import Filter, Prefetch, Record, ScoredPoint

log = logging.getLogger("footnote.index")

FINGERPRINT, ORDINAL = "fingerprint", "ordinal"  # the payload's members that change with it
RECHECK = 30.0  # seconds until a search looks for a newer manifest

Key = tuple[Any, str, str]  # of a point: its id, what it says, and where that stands


@frozen
class _Contents:
    """What a collection turned out to hold."""

    manifest: Manifest
    dense: str  # the vector that is compared; "" is the unnamed one
    published: str | None  # changes with every publication; None: filled by another tool
    vectors: list[str] | bool  # those of a point that are asked for
    has_windows: bool = True  # a vector for each window of a passage; else one for all of it
    kept: dict[Key, Kept] = field(factory=dict, repr=False)

    def keep(self, found: Mapping[Key, Kept]) -> None:
        """What another tool has filled may change and not tell."""
        if self.published is None:
            return
        if len(self.kept) > MOST:
            self.kept.clear()
        self.kept.update(found)


class RemoteIndex:
    """Searches one collection; a new publication is noticed within half a minute."""

    def __init__(self, location: Location, *, embedder: str, dimensions: int) -> None:
        self._server, self._collection = Server(location), location.collection
        self._embedder, self._dimensions = embedder, dimensions
        self._contents: _Contents | None = None
        self._looked = -math.inf
        self._looking = asyncio.Lock()

    @property
    def manifest(self) -> Manifest:
        if self._contents is None:
            raise IndexUnusable(f"The collection {self._server.location} is not open.")
        return self._contents.manifest

    async def search(
        self,
        sparse: SparseVector,
        dense: Sequence[float] | None,
        *,
        top_k: int,
        within: Collection[str] = (),
    ) -> list[Hit]:
        contents = await self._current()
        meaning = comparable(dense, contents.manifest)
        prefetch = self._prefetch(contents, sparse, meaning, within)
        if not prefetch:
            return []
        try:
            is_first = not contents.kept
            points = await self._query(contents, prefetch, top_k, is_whole=is_first)
            records = points if is_first else await self._missing(contents, points)
        except IndexUnusable:
            self._looked = -math.inf  # rebuilt in another shape: look again
            raise
        return await asyncio.to_thread(_hits, contents, points, records, meaning)

    async def ping(self) -> None:
        self._looked = -math.inf
        await self._current()

    async def close(self) -> None:
        await self._server.close()

    async def _query(
        self, contents: _Contents, prefetch: list["Prefetch"], top_k: int, *, is_whole: bool
    ) -> list["ScoredPoint"]:
        """The best points: by name, or with all that they hold, of which some 200 KB are vectors.

        The first question gets all, and waits for one journey instead of two.
        """
        from qdrant_client import models

        reply = await self._server.ask(
            lambda client: client.query_points(
                self._collection,
                prefetch=prefetch,
                query=models.FusionQuery(fusion=models.Fusion.DBSF),
                limit=top_k,
                with_payload=True if is_whole else [FINGERPRINT, ORDINAL],
                with_vectors=contents.vectors if is_whole else False,
            )
        )
        return reply.points

    async def _missing(
        self, contents: _Contents, points: list["ScoredPoint"]
    ) -> Sequence["Record"]:
        """What is stored of the points that are not kept."""
        ids = [point.id for point in points if _key(point) not in contents.kept]
        if not ids:
            return ()
        return await self._server.ask(
            lambda client: client.retrieve(
                self._collection, ids, with_payload=True, with_vectors=contents.vectors
            )
        )

    def _prefetch(
        self,
        contents: _Contents,
        sparse: SparseVector,
        dense: Sequence[float] | None,
        within: Collection[str],
    ) -> list["Prefetch"]:
        from qdrant_client.models import Prefetch
        from qdrant_client.models import SparseVector as Terms

        if contents.published is None and not dense:
            raise OSError("This collection has no words to search: the question needs a vector.")
        if contents.published is None and within:
            raise IndexUnusable(
                f"The collection {self._server.location} was filled by another tool: nobody knows "
                "by what name it holds its pages, so it is searched as a whole only."
            )
        only = _of_pages(within) if within else None  # before fusion: each kind finds its own
        found = []
        if sparse.indices and contents.published is not None:
            terms = Terms(indices=list(sparse.indices), values=list(sparse.values))
            found.append(Prefetch(query=terms, using=SPARSE, limit=CANDIDATES, filter=only))
        if dense:
            using = contents.dense or None
            query = [list(dense)] if contents.has_windows else list(dense)
            found.append(Prefetch(query=query, using=using, limit=CANDIDATES, filter=only))
        return found

    async def _current(self) -> _Contents:
        """What the collection holds; looked up again after a while, by one search for all."""
        fresh = time.monotonic() < self._looked + RECHECK
        if self._contents and (fresh or self._looking.locked()):
            return self._contents
        async with self._looking:
            self._contents = await self._look()
            self._looked = time.monotonic()
            return self._contents

    async def _look(self) -> _Contents:
        published = await self._manifest_point(["published"])
        if published is None:
            return await self._foreign()
        if self._contents and self._contents.published == published.get("published"):
            return self._contents
        payload = await self._manifest_point() or {}
        manifest = manifest_of(payload.get("manifest", {}))
        check(manifest, embedder=self._embedder, dimensions=self._dimensions)
        vectors: list[str] | bool = [DENSE] if has_vectors_for(self._embedder, manifest) else False
        return _Contents(manifest, DENSE, payload.get("published", ""), vectors)

    async def _manifest_point(self, fields: list[str] | None = None) -> dict[str, Any] | None:
        found = await self._server.ask(
            lambda client: client.retrieve(
                self._collection, [MANIFEST_ID], with_payload=fields or True
            )
        )
        return found[0].payload or {} if found else None

    async def _foreign(self) -> _Contents:
        """A collection without our manifest: by the one of its vectors that fits the embedder."""
        info = await self._server.ask(lambda client: client.get_collection(self._collection))
        vectors = info.config.params.vectors or {}
        named = vectors if isinstance(vectors, dict) else {"": vectors}
        fitting = [name for name, params in named.items() if params.size == self._dimensions]
        if not fitting:
            sizes = " or ".join(str(params.size) for params in named.values()) or "no"
            raise IndexUnusable(
                f"The collection {self._server.location} was filled by another tool with vectors "
                f"of {sizes} dimensions, and the embedding model {self._embedder!r} makes "
                f"{self._dimensions}: change EMBEDDING_MODEL or QDRANT_COLLECTION."
            )
        manifest = Manifest(
            schema=SCHEMA,
            book=self._collection,
            embedder=self._embedder,
            dimensions=self._dimensions,
            language="english",
            average_terms=0.0,
            passages=info.points_count or 0,
            pages=0,
            words=0,
            document_frequency={},
        )
        multivector = named[fitting[0]].multivector_config is not None
        asked = [fitting[0]] if fitting[0] else True
        return _Contents(manifest, fitting[0], None, asked, has_windows=multivector)


def _of_pages(within: Collection[str]) -> "Filter":
    from qdrant_client import models

    pages = models.FieldCondition(key=PAGE, match=models.MatchAny(any=list(within)))
    return models.Filter(must=[pages])


def _key(point: "ScoredPoint | Record") -> Key:
    """Which point, and what it says: an edit that moves nothing keeps the id."""
    payload = point.payload or {}
    return point.id, str(payload.get(FINGERPRINT)), str(payload.get(ORDINAL))


def _hits(
    contents: _Contents,
    points: Sequence["ScoredPoint"],
    records: Sequence["ScoredPoint | Record"],
    meaning: Sequence[float] | None,
) -> list[Hit]:
    """What is kept of *points*, or else in *records*, best first.

    One that was edited between the two answers is found as it was and shown as it is.
    """
    read = {record.id: known for record in records if (known := _kept(record, contents.dense))}
    kept = dict(contents.kept)
    contents.keep({_key(record): read[record.id] for record in records if record.id in read})
    both = ((point.score, read.get(point.id) or kept.get(_key(point))) for point in points)
    found = [(score, known) for score, known in both if known]
    near = cosines([known for _, known in found], meaning)
    hits = zip(found, near, strict=True)
    return in_order([hit_of(known.passage, score, of) for (score, known), of in hits])


def _kept(point: "ScoredPoint | Record", vector: str) -> Kept | None:
    """``None`` for a point without text, which another tool may have stored."""
    number = point.id
    passage_id = UUID(int=number) if isinstance(number, int) else UUID(str(number))
    try:
        passage = from_payload(passage_id, point.payload or {})
    except ValueError:
        log.warning("a found point has no text and is left out: %s", point.id)
        return None
    stored: Any = point.vector
    return Kept.of(passage, stored.get(vector) if isinstance(stored, dict) else stored)
