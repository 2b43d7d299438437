"""The index as embedded Qdrant, read side: one immutable directory for each generation.

qdrant-edge-py 0.9, with oddities that this module hides: every error is a bare ``Exception``, and
calls hold the GIL, so that one thread does all searching.
"""

import asyncio
import json
import logging
import re
import shutil
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from errno import EACCES, ENOSPC, EROFS
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from uuid import UUID

from attrs import field

from agent.index import (
    CANDIDATES,
    DENSE,
    PAGE,
    SPARSE,
    Hit,
    IndexUnusable,
    Manifest,
    check,
    comparable,
    generations,
    has_vectors_for,
    hit_of,
    in_order,
    manifest_of,
)
from agent.index.kept import MOST, Kept, cosines
from agent.passages import from_payload
from agent.terms import SparseVector
from records import frozen

if TYPE_CHECKING:
    from qdrant_edge import EdgeShard, PointId, QueryRequest, Record

log = logging.getLogger("footnote.index")

MANIFEST = "manifest.json"
SHARD = "shard"
LOOK_SECONDS = 0.1  # between two looks for a new generation: each lets go of the interpreter


@frozen
class _Generation:
    shard: "EdgeShard"
    manifest: Manifest
    has_vectors: bool  # that are compared
    _kept: "dict[PointId, Kept]" = field(factory=dict, repr=False)

    def query(self, request: "QueryRequest", meaning: Sequence[float] | None) -> list[Hit]:
        """What is found, with how near it is to *meaning*.

        Raises what ``native_errors`` does. Safe in several threads.
        """
        with native_errors():
            points = self.shard.query(request)
            kept = self._read([point.id for point in points])
        found = [kept[point.id] for point in points]
        near = cosines(found, meaning)
        return [
            hit_of(each.passage, point.score, of)
            for each, point, of in zip(found, points, near, strict=True)
        ]

    def _read(self, ids: "list[PointId]") -> "dict[PointId, Kept]":
        kept = {each: known for each in ids if (known := self._kept.get(each))}
        if missing := [each for each in ids if each not in kept]:
            vectors: Any = [DENSE] if self.has_vectors else False
            for record in self.shard.retrieve(missing, with_payload=True, with_vector=vectors):
                kept[record.id] = _kept(record)
            if len(self._kept) > MOST:
                self._kept.clear()  # another thread has its own already
            self._kept.update(kept)
        return kept


def _kept(record: "Record") -> Kept:
    vectors: Any = record.vector or {}
    return Kept.of(from_payload(UUID(str(record.id)), record.payload or {}), vectors.get(DENSE))


class EdgeIndex:
    """Searches the current generation; a moment later the one that is published meanwhile.

    A new generation that cannot be used leaves the old one in service, with a line in the log.
    """

    def __init__(self, directory: Path, *, embedder: str, dimensions: int) -> None:
        self._directory, self._embedder, self._dimensions = directory, embedder, dimensions
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="index")
        self._stamp: tuple[int, int] | None = None
        self._looked = 0.0  # when
        self._generation: _Generation | None = None

    @property
    def manifest(self) -> Manifest:
        if self._generation is None:
            raise IndexUnusable(f"The index in {self._directory} is not open.")
        return self._generation.manifest

    async def search(
        self,
        sparse: SparseVector,
        dense: Sequence[float] | None,
        *,
        top_k: int,
        within: Collection[str] = (),
    ) -> list[Hit]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._pool, self._search, sparse, dense, top_k, tuple(within)
        )

    async def ping(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._pool, self._look)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._pool, self._let_go)
        self._pool.shutdown()

    def _search(
        self,
        sparse: SparseVector,
        dense: Sequence[float] | None,
        top_k: int,
        within: tuple[str, ...],
    ) -> list[Hit]:
        current = self._current()
        meaning = comparable(dense, current.manifest)
        request = _request(sparse, meaning, top_k, within)
        if request is None:
            return []
        return in_order(current.query(request, meaning))

    def _current(self) -> _Generation:
        if self._generation is not None and time.monotonic() < self._looked + LOOK_SECONDS:
            return self._generation
        return self._look()

    def _look(self) -> _Generation:
        self._looked, stamp = time.monotonic(), generations.stamp(self._directory)
        if self._generation is None or stamp != self._stamp:
            self._generation = self._reopened()
            self._stamp = stamp
        return self._generation

    def _reopened(self) -> _Generation:
        try:
            newest = self._newest()
        except (IndexUnusable, OSError) as error:
            if self._generation is None:
                raise
            log.warning("the new index cannot be used, the old one stays: %s", error)
            return self._generation
        self._let_go()
        return newest

    def _newest(self) -> _Generation:
        path = generations.current(self._directory)
        if path is None:
            raise IndexUnusable(
                f"There is no index in {self._directory} yet: build it with `make ingest`."
            )
        manifest = read_manifest(path)
        check(manifest, embedder=self._embedder, dimensions=self._dimensions)
        return _Generation(load(path), manifest, has_vectors_for(self._embedder, manifest))

    def _let_go(self) -> None:
        if self._generation is not None:
            self._generation.shard.close()
            self._generation = None


def read_manifest(generation: Path) -> Manifest:
    """Raises ``IndexUnusable`` when it is damaged, ``OSError`` when it is gone."""
    try:
        return manifest_of(json.loads((generation / MANIFEST).read_bytes()))
    except ValueError:
        raise IndexUnusable(f"{generation} is damaged: build it anew with `make ingest`.") from None


def _request(
    sparse: SparseVector, dense: Sequence[float] | None, top_k: int, within: tuple[str, ...]
) -> "QueryRequest | None":
    """``None`` when there is nothing to search by: a question of stop words."""
    import qdrant_edge as edge

    queries = []
    if sparse.indices:
        terms = edge.SparseVector(list(sparse.indices), list(sparse.values))
        queries.append(edge.Query.Nearest(terms, using=SPARSE))
    if dense:
        queries.append(edge.Query.Nearest(list(dense), using=DENSE))
    if not queries:
        return None
    pages = edge.FieldCondition(PAGE, match=edge.MatchAny(list(within)))
    only = edge.Filter(must=[pages]) if within else None  # before fusion: each kind finds its own
    return edge.QueryRequest(
        limit=top_k,
        query=edge.Fusion.Dbsf(),  # type: ignore[arg-type]  # its stub forgets the base class
        prefetches=[edge.Prefetch(limit=CANDIDATES, query=q, filter=only) for q in queries],
        with_payload=False,
        with_vector=False,
    )


def load(generation: Path) -> "EdgeShard":
    """The generation's shard. Raises ``IndexUnusable`` where embedded Qdrant is not installed.

    Qdrant writes to what it opens. Where that cannot be, on a read-only or a full disk, it opens a
    copy that vanishes with the shard: what is mapped into memory needs no name.
    """
    try:
        return _opened(generation / SHARD)
    except OSError as error:
        if error.errno not in (EACCES, ENOSPC, EROFS):
            raise
    with TemporaryDirectory(prefix="footnote-") as copy:
        _copy(generation / SHARD, Path(copy))
        return _opened(Path(copy))


def _copy(shard: Path, to: Path) -> None:
    """Contents only: copied permissions would forbid the copy what they forbid the original."""
    for path in filter(Path.is_file, shard.rglob("*")):
        place = to / path.relative_to(shard)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


def _opened(shard: Path) -> "EdgeShard":
    try:
        import qdrant_edge as edge
    except ImportError:
        raise IndexUnusable(
            "The embedded index needs qdrant-edge-py: `pip install -r requirements-local.txt`, "
            "or set QDRANT_URL."
        ) from None
    with native_errors():
        return edge.EdgeShard.load(str(shard))


@contextmanager
def native_errors() -> Iterator[None]:
    """Turn Qdrant's bare ``Exception`` into the ``OSError`` it reports, or ``IndexUnusable``."""
    try:
        yield
    except (OSError, IndexUnusable):
        raise
    except Exception as error:
        if number := re.search(r"os error (\d+)", str(error)):
            raise OSError(int(number[1]), str(error)) from error
        raise IndexUnusable(f"The index cannot be read: {error}") from error
