"""The vectors of a book's passages, made or fetched when the index asks for them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import UUID

from agent.index import Manifest
from agent.ingest.cache import EmbeddingCache
from agent.passages import Passage
from agent.terms import SparseVector, passage_vector
from agent.windows import embedded_texts


class Terms(Mapping[UUID, SparseVector]):
    """BM25's vectors, weighed by the mean length that the manifest states."""

    def __init__(self, passages: Sequence[Passage], manifest: Manifest) -> None:
        self._passages = {passage.passage_id: passage for passage in passages}
        self._manifest = manifest

    def __getitem__(self, key: UUID) -> SparseVector:
        text = self._passages[key].indexed_text
        return passage_vector(text, self._manifest.average_terms, self._manifest.language)

    def __iter__(self) -> Iterator[UUID]:
        return iter(self._passages)

    def __len__(self) -> int:
        return len(self._passages)


class Vectors(Mapping[UUID, Sequence[Sequence[float]]]):
    """A vector for each window of a passage, from the cache; empty without an embedding model."""

    def __init__(
        self, passages: Sequence[Passage], manifest: Manifest, cache: EmbeddingCache
    ) -> None:
        embedded = passages if manifest.dimensions else ()
        self._passages = {passage.passage_id: passage for passage in embedded}
        self._model, self._cache = manifest.embedder, cache

    def missing(self, more: Iterable[str] = ()) -> list[str]:
        """The texts that are still to be embedded, each once, in reading order; then *more*."""
        texts = dict.fromkeys(
            text for passage in self._passages.values() for text in embedded_texts(passage)
        )
        texts |= dict.fromkeys(more)
        return [text for text in texts if not self._cache.has(self._model, text)]

    def __getitem__(self, key: UUID) -> Sequence[Sequence[float]]:
        texts = embedded_texts(self._passages[key])
        found = [vector for text in texts if (vector := self._cache.find(self._model, text))]
        if len(found) < len(texts):
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[UUID]:
        return iter(self._passages)

    def __len__(self) -> int:
        return len(self._passages)
