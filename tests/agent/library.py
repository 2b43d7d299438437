"""Passages, vectors and manifests for tests: repeatable, and each unlike the others."""

import asyncio
import random
from collections.abc import Sequence
from uuid import UUID

from attrs import evolve

from agent.index import SCHEMA, IndexWriter, Location, Manifest, open_index
from agent.passages import Passage, Section, paragraphs
from agent.terms import SparseVector, passage_vector, query_vector, stems, term_ids

DIMENSIONS = 8
SENSES = 16  # dimensions of a vector that is made of words
MODEL = "test-model"
_NOUNS = ("lamp", "oil", "wick", "flame", "keeper", "tower", "fog", "horn", "sea", "rock", "gull")
VOCABULARY = (*_NOUNS, *(one + other for one in _NOUNS for other in _NOUNS))


def passage(number: int, text: str) -> Passage:
    return Passage(
        passage_id=UUID(int=number + 1),
        page=f"page-{number // 10}.md",
        title=f"Page {number // 10}",
        chapter="Chapter",
        url=None,
        ordinal=number,
        text=text,
        sections=(Section(0, "", (f"Page {number // 10}",)),),
        blocks=paragraphs(text),
    )


def passages(count: int) -> list[Passage]:
    """Of 15 to 40 words, so that few score alike."""
    dice = random.Random(count)  # noqa: S311 - repeatable on purpose
    texts = [" ".join(dice.choices(VOCABULARY, k=dice.randint(15, 40))) for _ in range(count)]
    return [passage(number, f"{number} {text}") for number, text in enumerate(texts)]


def vector(text: str) -> list[float]:
    """Of length 1 and a text's own; half floats hold it exactly, so that adapters cannot differ."""
    dice = random.Random(text)  # noqa: S311
    values = [0.0] * DIMENSIONS
    for place in dice.sample(range(DIMENSIONS), 4):
        values[place] = dice.choice((-0.5, 0.5))
    return values


def direction(text: str) -> list[float]:
    """Of any length, unlike every ``vector``: no two passages are equally near."""
    dice = random.Random(text)  # noqa: S311
    return [dice.gauss() for _ in range(DIMENSIONS)]


def manifest(of: Sequence[Passage], *, embedder: str = MODEL) -> Manifest:
    return Manifest(
        schema=SCHEMA,
        book="Test",
        embedder=embedder,
        dimensions=0 if embedder == "none" else DIMENSIONS,
        language="english",
        average_terms=20.0,
        passages=len(of),
        pages=1,
        words=sum(len(p.text.split()) for p in of),
        document_frequency={t: 1 for p in of for t in term_ids(p.indexed_text)},
    )


def terms(of: Sequence[Passage]) -> dict[UUID, SparseVector]:
    return {p.passage_id: passage_vector(p.indexed_text, 20.0) for p in of}


def vectors(of: Sequence[Passage]) -> dict[UUID, list[list[float]]]:
    """A vector a window; every third passage has two."""
    texts = {p: [p.text, f"again {p.text}"][: 1 + (p.ordinal % 3 == 2)] for p in of}
    return {p.passage_id: list(map(vector, windows)) for p, windows in texts.items()}


async def publish(writer: IndexWriter, of: Sequence[Passage], *, embedder: str = MODEL) -> None:
    """Make *of* the content of an index, by words alone for the embedder "none"."""
    async with writer:
        await writer.claim()
        dense = {} if embedder == "none" else vectors(of)
        await writer.publish(manifest(of, embedder=embedder), of, terms(of), dense)


def count_pages(location: Location) -> int:
    """How many of five passages a process of its own finds."""

    async def count() -> int:
        index = await open_index(location, embedder=MODEL, dimensions=DIMENSIONS)
        try:
            return len(await index.search(query_vector("page"), None, top_k=5))
        finally:
            await index.close()

    return asyncio.run(count())


def plain_book(count: int) -> list[Passage]:
    """Without headings; of words with four letters and more, twelve a passage."""
    dice = random.Random(count)  # noqa: S311
    return [
        evolve(p, text=" ".join(f"{letter * 4}{dice.choice('abcdefgh')}ing" for letter in letters))
        for p, letters in zip(
            passages(count),
            (dice.choices("bcdfghklmnprst", k=12) for _ in range(count)),
            strict=True,
        )
    ]


def sense(text: str, *, common: float) -> list[float]:
    """A vector of a text's words; *common* is what all texts share."""
    total = [common] * SENSES
    for stem in stems(text):
        dice = random.Random(stem)  # noqa: S311
        total = [a + dice.gauss() for a in total]
    return total
