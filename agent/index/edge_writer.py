"""The index as embedded Qdrant, write side: each publication is a new generation.

A shard is settled by opening it once; only then do later openings leave its files as they are.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from agent.index import DENSE, SCHEMA, SPARSE, IndexUnusable, Manifest, generations, payload_of
from agent.index.edge import MANIFEST, SHARD, load, native_errors, read_manifest
from agent.passages import Passage
from agent.terms import SparseVector

if TYPE_CHECKING:
    from qdrant_edge import EdgeConfig, Point

BATCH = 64  # points an upsert: the GIL is held for some 5 ms
RECORDS = 1000  # a scroll


class EdgeWriter:
    """Writes each publication as a new generation; the old ones stay until it is complete."""

    def __init__(self, directory: Path, *, rebuild: bool = False) -> None:
        self._directory, self._rebuild = directory, rebuild
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="index-writer")
        self._claim = ExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown()  # a cancelled publication ends before the claim does
        self._claim.close()

    async def claim(self) -> None:
        self._claim.enter_context(generations.claim(self._directory))

    async def manifest(self) -> Manifest | None:
        generation = None if self._rebuild else generations.current(self._directory)
        try:
            manifest = read_manifest(generation) if generation else None
        except (IndexUnusable, OSError):
            return None
        return manifest if manifest and manifest.schema == SCHEMA else None

    async def fingerprints(self) -> dict[UUID, str]:
        generation = generations.current(self._directory)
        if generation is None or await self.manifest() is None:
            return {}
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, _fingerprints, generation)

    async def publish(
        self,
        manifest: Manifest,
        passages: Sequence[Passage],
        sparse: Mapping[UUID, SparseVector],
        dense: Mapping[UUID, Sequence[Sequence[float]]],
    ) -> None:
        def write() -> None:
            generation = generations.begin(self._directory, _size(manifest, passages))
            _build(generation, manifest, passages, sparse, dense)
            generations.publish(self._directory, generation)

        await asyncio.get_running_loop().run_in_executor(self._pool, write)


def _fingerprints(generation: Path) -> dict[UUID, str]:
    import qdrant_edge as edge

    found: dict[UUID, str] = {}
    with native_errors(), closing(load(generation)) as shard:
        offset: Any = None
        while True:
            request = edge.ScrollRequest(offset=offset, limit=RECORDS, with_payload=["fingerprint"])
            records, offset = shard.scroll(request)
            found |= {UUID(str(r.id)): (r.payload or {}).get("fingerprint", "") for r in records}
            if offset is None:
                return found


def _build(
    generation: Path,
    manifest: Manifest,
    passages: Sequence[Passage],
    sparse: Mapping[UUID, SparseVector],
    dense: Mapping[UUID, Sequence[Sequence[float]]],
) -> None:
    import qdrant_edge as edge

    (generation / SHARD).mkdir()
    with native_errors():
        shard = edge.EdgeShard.create(str(generation / SHARD), _config(manifest.dimensions))
        for start in range(0, len(passages), BATCH):
            batch = passages[start : start + BATCH]
            points = [_point(p, sparse[p.passage_id], dense.get(p.passage_id)) for p in batch]
            shard.update(edge.UpdateOperation.upsert_points(points))
        shard.flush()
        shard.close()
        load(generation).close()  # settles the files
    (generation / MANIFEST).write_text(json.dumps(payload_of(manifest)), encoding="utf-8")


def _config(dimensions: int) -> "EdgeConfig":
    import qdrant_edge as edge

    meanings = edge.EdgeVectorParams(
        size=dimensions or 1,
        distance=edge.Distance.Cosine,
        datatype=edge.VectorStorageDatatype.Float16,
        multivector_config=edge.MultiVectorConfig(edge.MultiVectorComparator.MaxSim),
        memory=edge.Memory.Cold,  # else two files of 32 MiB are read into memory, nearly empty
    )
    return edge.EdgeConfig(
        vectors={DENSE: meanings} if dimensions else None,
        sparse_vectors={SPARSE: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)},
        wal_enabled=False,
    )


def _point(
    passage: Passage, sparse: SparseVector, dense: Sequence[Sequence[float]] | None
) -> "Point":
    import qdrant_edge as edge

    vectors: dict[str, Any] = {}
    if sparse.indices:
        vectors[SPARSE] = edge.SparseVector(list(sparse.indices), list(sparse.values))
    if dense:
        vectors[DENSE] = list(map(list, dense))
    return edge.Point(passage.passage_id, vectors, passage.as_payload())


def _size(manifest: Manifest, passages: Sequence[Passage]) -> int:
    """Bytes that a generation may take, on the safe side."""
    texts = sum(len(passage.text) for passage in passages)
    return 2_000_000 + 2 * texts + len(passages) * (2_000 + 10 * manifest.dimensions)
