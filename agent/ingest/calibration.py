"""The gate's threshold for a book, from the book itself: no labels, no questions of readers.

So it follows the book, which may speak its readers' language or none of their words, and the
embedding model, whose cosines may all be high (docs/decisions/0009).
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from agent.index import Manifest
from agent.ingest.headings import headings, reached
from agent.ingest.word_probes import between, probes
from agent.passages import Passage
from agent.quotes import weigh_by

Vector = Sequence[float]


def texts(passages: Sequence[Passage]) -> tuple[str, ...]:
    """What has to be embedded for the threshold; few of them change with an edit."""
    drawn = headings(passages)
    return tuple(text for heading in drawn for text in heading) or tuple(probes(passages))


def threshold(
    manifest: Manifest,
    passages: Sequence[Passage],
    vectors: Mapping[UUID, Sequence[Vector]],
    known: Mapping[str, Vector],
) -> float | None:
    """The confidence that lets a question in; ``None`` where it cannot be told: a small book.

    *vectors* are those of the passages' windows, *known* those of ``texts``. Needs numpy; a second
    for a thousand passages.
    """
    if drawn := headings(passages):
        return round(reached(drawn, weigh_by(manifest), manifest.language, known), 3)
    found = between(manifest, passages, vectors, known)
    return None if found is None else round(found, 3)
