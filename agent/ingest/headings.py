"""A book's headings as questions about it: how sure the search is when it is asked one. Pure.

A heading asks for its section in other words than the section's own, as readers do.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import pairwise

from agent.passages import Passage
from agent.quotes import Weigh, coverage
from agent.ranking import Asked, asked, blend
from agent.terms import stems, vocabulary
from agent.windows import read, windows
from records import frozen

HEADINGS = 80  # that are asked, at most
FEWEST = 30  # below, chance decides
WORDS = 2  # of a heading that asks for something
READ = 2  # windows of its section
UNSURE = 0.15  # of the headings, which may be as dark as "Next steps"


@frozen
class Heading:
    """A heading below a page's title, and the beginning of what stands under it, without it."""

    text: str
    body: tuple[str, ...]  # a window each

    def __iter__(self) -> Iterator[str]:
        return iter((self.text, *self.body))


def headings(passages: Sequence[Passage]) -> tuple[Heading, ...]:
    """Those that ask for something; none for a book with few. An edit changes only its own."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for passage in passages:
        for start, end in windows(passage):
            path = passage.section_at(start).heading_path
            if len(path) > 1 and len(set(stems(path[-1]))) >= WORDS:
                found.setdefault((passage.page, path), []).append(read(passage, start, end))
    drawn = [Heading(path[-1], tuple(body[:READ])) for (_, path), body in found.items()]
    drawn.sort(key=lambda heading: sha256("\n".join(heading).encode()).digest())
    return tuple(drawn[:HEADINGS]) if len(drawn) >= FEWEST else ()


def reached(
    drawn: Sequence[Heading], weigh: Weigh, language: str, vectors: Mapping[str, Sequence[float]]
) -> float:
    """The confidence that most headings reach. *vectors* are those of all their texts."""
    sure = sorted(
        _confidence(heading, asked(heading.text, weigh, language), vectors) for heading in drawn
    )
    return sure[int(UNSURE * len(sure))]


def _confidence(heading: Heading, by: Asked, vectors: Mapping[str, Sequence[float]]) -> float:
    """As ``ranking.confidence`` has it of a passage that lacks the heading."""
    inside = [vocabulary(text) for text in heading.body]
    pairs = frozenset(pairwise(stems("\n".join(heading.body))))
    return blend(
        cosine=max(_cosine(vectors[heading.text], vectors[text]) for text in heading.body),
        covered=coverage(by.stems, frozenset().union(*inside), by.weigh),
        closely=max(coverage(by.stems, words, by.weigh) for words in inside),
        beside=len(by.pairs & pairs) / len(by.pairs) if by.pairs else None,
    )


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    import numpy as np

    return float(np.dot(one, other) / (np.linalg.norm(one) * np.linalg.norm(other)))
