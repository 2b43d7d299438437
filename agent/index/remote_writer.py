"""The index on a Qdrant server, write side.

``<collection>`` is an alias of ``<collection>__<time>``. An index of another shape, and the first
one, is written beside and shown by moving the alias; otherwise the changed points are written in
place: new ones, then the manifest, then the old ones go. A search meanwhile finds whole passages.
"""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from operator import methodcaller
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from attrs import evolve

from agent.index import (
    DENSE,
    PAGE,
    SCHEMA,
    SPARSE,
    IndexUnusable,
    Location,
    Manifest,
    manifest_of,
    payload_of,
)
from agent.index.remote_server import MANIFEST_ID, Server
from agent.passages import Passage
from agent.terms import SparseVector
from records import frozen

if TYPE_CHECKING:
    from qdrant_client.models import CollectionInfo, PointStruct

BATCH = 64  # points a request
IDS = 1000  # a request
TIMEOUT = 60.0  # seconds that one request may take


@frozen
class _State:
    """What the server holds under our name."""

    target: str | None = None  # the collection behind the alias
    in_place: bool = False  # whether its shape fits ours
    manifest: Manifest | None = None
    known: Mapping[UUID, tuple[str, int]] = {}  # passage id → fingerprint, ordinal


class RemoteWriter:
    """Nothing is claimed on a server: two runs at once are safe for the same book only."""

    def __init__(self, location: Location, *, dimensions: int, rebuild: bool) -> None:
        self._server = Server(evolve(location, timeout=TIMEOUT))
        self._name, self._dimensions, self._rebuild = location.collection, dimensions, rebuild
        self._state: _State | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._server.close()

    async def claim(self) -> None:
        return

    async def manifest(self) -> Manifest | None:
        return (await self._look()).manifest

    async def fingerprints(self) -> dict[UUID, str]:
        known = (await self._look()).known
        return {passage_id: fingerprint for passage_id, (fingerprint, _) in known.items()}

    async def publish(
        self,
        manifest: Manifest,
        passages: Sequence[Passage],
        sparse: Mapping[UUID, SparseVector],
        dense: Mapping[UUID, Sequence[Sequence[float]]],
    ) -> None:
        state = await self._look()
        target = state.target if state.in_place and state.target else await self._create()
        changed = _changed(state, manifest, passages)
        while batch := list(islice(changed, BATCH)):
            points = [_point(p, sparse[p.passage_id], dense.get(p.passage_id)) for p in batch]
            await self._upsert(target, points)
        await self._upsert(target, [_manifest_point(manifest)])
        now = {p.passage_id: (p.fingerprint, p.ordinal) for p in passages}
        if target == state.target:
            await self._delete(target, [str(key) for key in state.known if key not in now])
        else:
            await self._show(target, instead_of=state.target)
        self._state = _State(target, in_place=True, manifest=manifest, known=now)

    async def _look(self) -> _State:
        if self._state is None:
            self._state = await self._read()
        return self._state

    async def _read(self) -> _State:
        aliases = (await self._server.ask(lambda client: client.get_aliases())).aliases
        target = next((a.collection_name for a in aliases if a.alias_name == self._name), None)
        if target is None:
            exists = await self._server.ask(lambda client: client.collection_exists(self._name))
            if not exists:
                return _State()
        manifest = await self._manifest(target or self._name)
        info = await self._server.ask(lambda client: client.get_collection(self._name))
        fits = manifest is not None and not self._rebuild and _fits(info, self._dimensions)
        if target is None and not fits:
            raise IndexUnusable(
                f"The collection {self._server.location} cannot be replaced, because its name is "
                "no alias: delete it, or choose another QDRANT_COLLECTION."
            )
        if not fits:
            return _State(target)
        known = await self._known()
        return _State(target or self._name, in_place=True, manifest=manifest, known=known)

    async def _manifest(self, collection: str) -> Manifest | None:
        """``None`` if it is of another version of ours. Raises ``IndexUnusable`` if not ours."""
        found = await self._server.ask(lambda client: client.retrieve(collection, [MANIFEST_ID]))
        if not found:
            raise IndexUnusable(
                f"The collection {self._server.location} was filled by another tool and is left "
                "alone: choose another QDRANT_COLLECTION."
            )
        try:
            manifest = manifest_of((found[0].payload or {}).get("manifest", {}))
        except IndexUnusable:
            return None
        return manifest if manifest.schema == SCHEMA else None

    async def _known(self) -> dict[UUID, tuple[str, int]]:
        known: dict[UUID, tuple[str, int]] = {}
        offset: Any = None
        while True:
            records, offset = await self._scroll(offset)
            for record in records:
                payload = record.payload or {}
                if str(record.id) != MANIFEST_ID:
                    ordinal = payload.get("ordinal", -1)
                    known[UUID(str(record.id))] = payload.get("fingerprint", ""), ordinal
            if offset is None:
                return known

    async def _scroll(self, offset: Any) -> tuple[list[Any], Any]:
        fields = ["fingerprint", "ordinal"]
        return await self._server.ask(
            lambda client: client.scroll(
                self._name, offset=offset, limit=IDS, with_payload=fields, with_vectors=False
            )
        )

    async def _create(self) -> str:
        from qdrant_client import models

        name = f"{self._name}__{time.time_ns()}"
        meaning = models.VectorParams(
            size=self._dimensions or 1,
            distance=models.Distance.COSINE,
            datatype=models.Datatype.FLOAT16,
            multivector_config=models.MultiVectorConfig(
                comparator=models.MultiVectorComparator.MAX_SIM
            ),
        )
        words = models.SparseVectorParams(modifier=models.Modifier.IDF)
        await self._server.ask(
            lambda client: client.create_collection(
                name,
                vectors_config={DENSE: meaning} if self._dimensions else {},
                sparse_vectors_config={SPARSE: words},
            )
        )
        # A server in strict mode, as Qdrant's cloud is, filters by what has an index only.
        await self._server.ask(
            lambda client: client.create_payload_index(
                name, PAGE, models.PayloadSchemaType.KEYWORD, wait=True
            )
        )
        return name

    async def _upsert(self, target: str, points: list["PointStruct"]) -> None:
        await self._server.ask(lambda client: client.upsert(target, points, wait=True))

    async def _delete(self, target: str, ids: list[str]) -> None:
        from qdrant_client import models

        for start in range(0, len(ids), IDS):
            batch = models.PointIdsList(points=list(ids[start : start + IDS]))
            delete = methodcaller("delete", target, batch, wait=True)
            await self._server.ask(delete)

    async def _show(self, target: str, *, instead_of: str | None) -> None:
        """Move the alias in one step, then drop what nobody sees any more."""
        from qdrant_client import models

        alias = models.CreateAlias(collection_name=target, alias_name=self._name)
        steps: list[Any] = [models.CreateAliasOperation(create_alias=alias)]
        if instead_of:
            old = models.DeleteAlias(alias_name=self._name)
            steps.insert(0, models.DeleteAliasOperation(delete_alias=old))
        await self._server.ask(lambda client: client.update_collection_aliases(steps))
        everything = await self._server.ask(lambda client: client.get_collections())
        made = re.compile(rf"{re.escape(self._name)}__\d{{19}}")
        for name in (found.name for found in everything.collections):
            if made.fullmatch(name) and name != target:
                await self._server.ask(methodcaller("delete_collection", name))


def _fits(info: "CollectionInfo", dimensions: int) -> bool:
    """Whether vectors of *dimensions* can be stored there; 0 are stored anywhere."""
    vectors = info.config.params.vectors
    dense = vectors.get(DENSE) if isinstance(vectors, dict) else None
    by_window = dense is not None and dense.multivector_config is not None
    return not dimensions or (dense is not None and by_window and dense.size == dimensions)


def _changed(state: _State, manifest: Manifest, passages: Sequence[Passage]) -> Iterator[Passage]:
    """What is to be written: everything, if its vectors would be others."""
    before = state.manifest
    same = before is not None and (before.embedder, before.average_terms, before.language) == (
        manifest.embedder,
        manifest.average_terms,
        manifest.language,
    )
    for passage in passages:
        if not same or state.known.get(passage.passage_id) != (
            passage.fingerprint,
            passage.ordinal,
        ):
            yield passage


def _point(
    passage: Passage, sparse: SparseVector, dense: Sequence[Sequence[float]] | None
) -> "PointStruct":
    from qdrant_client import models

    vectors: dict[str, Any] = {}
    if sparse.indices:
        terms = models.SparseVector(indices=list(sparse.indices), values=list(sparse.values))
        vectors[SPARSE] = terms
    if dense:
        vectors[DENSE] = list(map(list, dense))
    payload = passage.as_payload()
    return models.PointStruct(id=str(passage.passage_id), vector=vectors, payload=payload)


def _manifest_point(manifest: Manifest) -> "PointStruct":
    from qdrant_client import models

    payload = {"manifest": payload_of(manifest), "published": f"{time.time_ns():x}"}
    return models.PointStruct(id=MANIFEST_ID, vector={}, payload=payload)
