"""A book → a published index. Knows neither files nor settings, nor which index it writes.

Only parts of passages that are new are embedded, and every 64 of them are kept at once, so that a
run can be stopped at any moment and the next one goes on. Vectors are made or fetched as the index
asks for them: memory holds the passages, not what is derived from them.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from attrs import evolve

from agent.embedding import Embedder
from agent.index import SCHEMA, Entry, IndexWriter, Manifest
from agent.ingest import calibration, injection
from agent.ingest.cache import EmbeddingCache
from agent.ingest.vectors import Terms, Vectors
from agent.passages import Passage, words
from agent.terms import term_ids
from records import frozen

if TYPE_CHECKING:
    from agent.book import Book

KEPT_AT_ONCE = 64  # texts whose embedding an interruption can cost
DRIFT = 0.02  # of the mean length, until all passages are weighed anew


@frozen
class Changes:
    """How a book differs from what is indexed, in passages."""

    added: int
    changed: int
    removed: int


@frozen(kw_only=True)
class Summary:
    """What one run did."""

    book: str
    pages: int
    passages: int
    words: int
    added: int
    changed: int
    removed: int
    embedded: int  # parts of passages, and what calibrates the gate, that no cache had
    embedder: str  # "none": the index is searched by words alone
    warnings: tuple[str, ...]
    seconds: float = 0.0


class Progress(Protocol):
    """Is told what a run is doing."""

    def begin(self, step: str, total: int) -> None:
        """*step* begins and has *total* parts; 0: they are not counted."""

    def advance(self, count: int) -> None: ...


class Silent:
    """Tells nobody."""

    def begin(self, step: str, total: int) -> None:
        return

    def advance(self, count: int) -> None:
        return


async def ingest(
    book: "Book",
    *,
    writer: IndexWriter,
    embedder: Embedder,
    cache: EmbeddingCache,
    progress: Progress | None = None,
    publish_early: bool = False,
) -> Summary:
    """Make *book* the whole content of the index; a second run of the same book changes nothing.

    With *publish_early*, an index that has no vectors yet is published by words within seconds, and
    with vectors when they are made. Raises what the writer, the embedder and the cache raise;
    whatever was published before then stays.
    """
    started = time.monotonic()
    progress = progress or Silent()
    await writer.claim()
    if not embedder.dimensions:  # an endpoint's model says with its first vector
        await embedder.warm()
    before, known = await writer.manifest(), await writer.fingerprints()
    manifest = await asyncio.to_thread(_manifest, book, embedder, before)
    terms, vectors = Terms(book.passages, manifest), Vectors(book.passages, manifest, cache)
    more = calibration.texts(book.passages) if manifest.dimensions else ()
    missing = await asyncio.to_thread(vectors.missing, more)
    early = evolve(manifest, embedder="none", dimensions=0)
    if publish_early and missing and early != before and (not before or not before.dimensions):
        progress.begin("Indexing words", 0)
        await writer.publish(early, book.passages, terms, {})
    await _embed(missing, embedder, cache, progress)
    manifest = await asyncio.to_thread(_calibrated, manifest, book, vectors, cache)
    changes = compare(book.passages, known)
    if manifest != before or changes != Changes(0, 0, 0):
        progress.begin("Writing the index", 0)
        await writer.publish(manifest, book.passages, terms, vectors)
    summary = summarize(book, changes, embedded=len(missing), embedder=embedder.id)
    return evolve(summary, seconds=time.monotonic() - started)


def compare(passages: Sequence[Passage], known: Mapping[UUID, str]) -> Changes:
    """What publishing *passages* would change about an index of these fingerprints."""
    now = {passage.passage_id: passage.fingerprint for passage in passages}
    return Changes(
        added=len(now.keys() - known.keys()),
        changed=sum(known.get(key, same) != same for key, same in now.items()),
        removed=len(known.keys() - now.keys()),
    )


def summarize(book: "Book", changes: Changes, *, embedded: int, embedder: str) -> Summary:
    return Summary(
        book=book.name,
        pages=len(book.pages),
        passages=len(book.passages),
        words=sum(words(passage.text) for passage in book.passages),
        added=changes.added,
        changed=changes.changed,
        removed=changes.removed,
        embedded=embedded,
        embedder=embedder,
        warnings=(*book.warnings, *injection.warnings(book.passages)),
    )


def _calibrated(
    manifest: Manifest, book: "Book", vectors: Vectors, cache: EmbeddingCache
) -> Manifest:
    if not manifest.dimensions:
        return manifest
    known = {
        text: vector
        for text in calibration.texts(book.passages)
        if (vector := cache.find(manifest.embedder, text))
    }
    found = calibration.threshold(manifest, book.passages, vectors, known)
    return evolve(manifest, threshold=found)


async def _embed(
    texts: Sequence[str], embedder: Embedder, cache: EmbeddingCache, progress: Progress
) -> None:
    if texts:
        progress.begin("Embedding the book", len(texts))
    for start in range(0, len(texts), KEPT_AT_ONCE):
        batch = texts[start : start + KEPT_AT_ONCE]
        cache.add(embedder.id, batch, await embedder.embed_passages(batch))
        progress.advance(len(batch))


def _manifest(book: "Book", embedder: Embedder, before: Manifest | None) -> Manifest:
    """The manifest of *book*; a mean length that hardly moved stays, and so do all weights."""
    frequency: Counter[int] = Counter()
    terms = 0
    order = sha256()
    for passage in book.passages:
        ids = term_ids(passage.indexed_text)
        frequency.update(set(ids))
        terms += len(ids)
        order.update(passage.passage_id.bytes)
    average = terms / max(len(book.passages), 1)
    if before and abs(before.average_terms - average) < DRIFT * average:
        average = before.average_terms
    return Manifest(
        schema=SCHEMA,
        book=book.name,
        embedder=embedder.id,
        dimensions=embedder.dimensions,
        language="english",
        average_terms=average,
        passages=len(book.passages),
        pages=len(book.pages),
        words=sum(words(passage.text) for passage in book.passages),
        document_frequency=dict(frequency),
        order=order.hexdigest(),
        contents=tuple(
            Entry(page=page.path, title=page.title, chapter=page.chapter, url=page.url)
            for page in book.pages
        ),
    )
