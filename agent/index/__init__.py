"""The index port: where passages are stored and found. Two adapters, the same results.

``edge`` is an embedded Qdrant in a directory, ``remote`` a Qdrant server. Vectors and term ids are
made above this port (``agent.embedding``, ``agent.terms``), so both adapters rank alike:
sparse BM25 and dense cosine, 100 candidates each, fused by distribution-based score fusion. A
passage has a dense vector for each of its windows, and is as near as the nearest of them.
An index that was published without dense vectors is searched by words, whatever the embedder.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self
from uuid import UUID

from attrs import asdict, field

from agent.passages import Passage
from agent.terms import SparseVector
from agent.windows import windows
from records import frozen

SCHEMA = 2  # of payloads and vectors; an index of another schema is rebuilt by ingest
CANDIDATES = 100  # of each kind that are fused
DENSE, SPARSE = "dense", "bm25"  # the names of the vectors
PAGE = "page"  # the payload's member that a search within pages filters by


class IndexUnusable(Exception):
    """The index cannot serve this configuration; the message tells the operator what to do."""


class IndexBusy(IndexUnusable):
    """Another run of ingest is writing this index."""


@frozen(kw_only=True)
class Entry:
    """A page in the table of contents."""

    page: str  # the source file, relative to the book
    title: str
    chapter: str
    url: str | None


@frozen(kw_only=True)
class Manifest:
    """What an index says of itself: enough to refuse a wrong model before the first question."""

    schema: int
    book: str  # a name for people
    embedder: str  # the id of the embedding model, "none" without one
    dimensions: int  # 0 without an embedding model
    language: str  # of the stemmer
    average_terms: float  # mean terms of a passage, BM25's avg_len
    passages: int
    pages: int
    words: int
    document_frequency: Mapping[int, int]  # term id → in how many passages; empty if unknown
    order: str = ""  # a digest of the passages' ids in reading order
    contents: tuple[Entry, ...] = ()  # in reading order; empty if unknown
    threshold: float | None = None  # of the gate; None: not calibrated


@frozen
class Hit:
    """A found passage.

    *cosine* is to the question's embedding, of the passage's nearest window; ``None`` without it.
    """

    passage: Passage
    score: float  # the fused score; comparable within one search only
    cosine: float | None
    cosines: tuple[float, ...] = ()  # of each of ``agent.windows.windows(passage)``, if known


class Index(Protocol):
    """Read side: one per service, safe for concurrent searches."""

    @property
    def manifest(self) -> Manifest: ...

    async def search(
        self,
        sparse: SparseVector,
        dense: Sequence[float] | None,
        *,
        top_k: int,
        within: Collection[str] = (),
    ) -> list[Hit]:
        """The best *top_k* passages, best first; ties in reading order.

        *within* are the pages that are searched; none means all. Raises ``OSError`` or
        ``TimeoutError`` when the index is out of reach, and ``IndexUnusable`` when it does not know
        its pages, as one whose manifest has no contents may not.
        """

    async def ping(self) -> None:
        """Raise as ``search`` would if the index is out of reach."""

    async def close(self) -> None: ...


class IndexWriter(Protocol):
    """Write side: one run of ingest, which publishes once or twice. Use it in ``async with``."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    async def claim(self) -> None:
        """Keep other runs away until the end; only ``publish`` needs it, and nothing else writes.

        Raises ``IndexBusy`` at once when another run holds the index.
        """

    async def manifest(self) -> Manifest | None:
        """What the index says of itself now; ``None`` for a new or unusable one."""

    async def fingerprints(self) -> dict[UUID, str]:
        """What is indexed now: passage id → fingerprint; empty for a new or unusable index."""

    async def publish(
        self,
        manifest: Manifest,
        passages: Sequence[Passage],
        sparse: Mapping[UUID, SparseVector],
        dense: Mapping[UUID, Sequence[Sequence[float]]],
    ) -> None:
        """Make *passages* the whole content of the index, in one step that readers see at once."""


@frozen
class Location:
    """Where an index is: a Qdrant server if there is a URL, else a directory on this machine."""

    directory: Path
    url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    collection: str = "footnote"
    timeout: float = 4.0  # seconds that the server may take for one answer

    def __str__(self) -> str:
        return f"{self.collection!r} at {self.url}" if self.url else str(self.directory)


def index_directory(home: Path, book: Path) -> Path:
    """Where the index of the book at *book* is kept, a place of its own for every path."""
    path = book.expanduser().resolve()
    name = re.sub(r"[^a-z0-9]+", "-", path.name.lower()).strip("-")[:40] or "book"
    return home / "index" / f"{name}-{sha256(str(path).encode()).hexdigest()[:8]}"


async def open_index(location: Location, *, embedder: str, dimensions: int) -> Index:
    """The index at *location*, ready to search with the vectors of *embedder*.

    Raises ``IndexUnusable``, ``OSError`` or ``TimeoutError``; asking again later is cheap.
    """
    index: Index
    if location.url:
        from agent.index.remote import RemoteIndex

        index = RemoteIndex(location, embedder=embedder, dimensions=dimensions)
    else:
        from agent.index.edge import EdgeIndex

        index = EdgeIndex(location.directory, embedder=embedder, dimensions=dimensions)
    try:
        await index.ping()
    except BaseException:
        await index.close()
        raise
    return index


def open_writer(location: Location, *, dimensions: int, rebuild: bool = False) -> IndexWriter:
    """The write side of *location*, for vectors of at most *dimensions*.

    With *rebuild* it takes nothing over from what is there now.
    """
    if location.url:
        from agent.index.remote_writer import RemoteWriter

        return RemoteWriter(location, dimensions=dimensions, rebuild=rebuild)
    from agent.index.edge_writer import EdgeWriter

    return EdgeWriter(location.directory, rebuild=rebuild)


def check(manifest: Manifest, *, embedder: str, dimensions: int) -> None:
    """Raise ``IndexUnusable`` if vectors of *embedder* cannot be compared with the index's.

    Without vectors on either side there is nothing to compare: words are searched. *dimensions* 0
    are not known yet.
    """
    if manifest.schema != SCHEMA:
        raise IndexUnusable(
            f"The index has schema {manifest.schema}, this version reads {SCHEMA}: "
            "build it anew with `make ingest`."
        )
    if "none" in (embedder, manifest.embedder):
        return
    if embedder != manifest.embedder:
        raise IndexUnusable(
            f"The index was built with the embedding model {manifest.embedder!r}, but {embedder!r} "
            "is configured: change EMBEDDING_MODEL, or build the index anew with `make ingest`."
        )
    if dimensions not in (0, manifest.dimensions):
        raise IndexUnusable(
            f"The index has vectors of {manifest.dimensions} dimensions, but {embedder!r} makes "
            f"{dimensions}: build the index anew with `make ingest`."
        )


def has_vectors_for(embedder: str, manifest: Manifest) -> bool:
    """Whether a service with this *embedder* ever has a vector to compare with the index's."""
    return embedder != "none" and manifest.dimensions > 0


def comparable(dense: Sequence[float] | None, manifest: Manifest) -> Sequence[float] | None:
    """*dense* if the index has vectors to compare it with."""
    if not dense or not manifest.dimensions:
        return None
    if len(dense) != manifest.dimensions:
        raise IndexUnusable(
            f"The question's vector has {len(dense)} dimensions, the index's have "
            f"{manifest.dimensions}: build the index anew with `make ingest`."
        )
    return dense


def in_order(hits: Sequence[Hit]) -> list[Hit]:
    """Best first; ties in reading order."""
    return sorted(hits, key=lambda hit: (-hit.score, hit.passage.ordinal))


def hit_of(passage: Passage, score: float, cosines: tuple[float, ...]) -> Hit:
    """A hit with the *cosines* of all vectors that the index has of it, if any are compared.

    They are its windows' where there are as many; another tool may have made them of anything.
    """
    known = cosines if cosines and len(cosines) == len(windows(passage)) else ()
    return Hit(passage, score, max(cosines, default=None), known)


def payload_of(manifest: Manifest) -> dict[str, Any]:
    """The manifest as plain JSON, read back by :func:`manifest_of`."""
    plain = asdict(manifest)
    plain["document_frequency"] = {str(k): v for k, v in manifest.document_frequency.items()}
    return plain


def manifest_of(payload: Mapping[str, Any]) -> Manifest:
    """Raises ``IndexUnusable`` for a payload that is no manifest of ours."""
    try:
        frequency = {int(k): int(v) for k, v in payload["document_frequency"].items()}
        contents = tuple(Entry(**entry) for entry in payload.get("contents", ()))
        read = {**payload, "document_frequency": frequency, "contents": contents}
        return Manifest(**read)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise IndexUnusable(
            "The index has no readable manifest: build it with `make ingest`."
        ) from None
