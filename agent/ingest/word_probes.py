"""A threshold for a book without headings, from its words.

Five words of one passage ask for something that the book says; five words of five passages ask for
nothing. The threshold lies midway between what nearly all of the first reach and what most of the
second do not.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from heapq import nlargest
from itertools import cycle, islice
from random import Random
from uuid import UUID

from agent.index import Hit, Manifest
from agent.passages import Passage
from agent.quotes import weigh_by
from agent.ranking import Asked, confidence
from agent.terms import stems, vocabulary
from records import frozen

PROBES = 120  # of each kind
WORDS = 5  # of a probe
FEWEST = 30  # passages; below, chance decides
MOST = 4_000  # passages that probes are held against, evenly taken
NEAREST = 5  # passages of each kind of search that a probe is held against
SURE, UNSURE = 0.05, 0.65  # the quantiles between which the threshold lies
LONG_WORD = re.compile(r"[^\W\d_]{4,}")


@frozen
class Probes:
    """Questions of words that belong together, and of words that do not."""

    sound: tuple[str, ...]
    empty: tuple[str, ...]

    def __iter__(self) -> Iterator[str]:
        return iter((*self.sound, *self.empty))


def probes(passages: Sequence[Passage]) -> Probes:
    """The same for the same passages; none for a book that is too small to tell.

    Passages are drawn in the order of their hashes, so an edit changes only the few probes that it
    is part of, and all others keep their embeddings.
    """
    said = sorted(
        (sha256(passage.text.encode()).hexdigest(), found)
        for passage in taken(passages)
        if len(found := _telling(passage.text)) >= WORDS
    )
    if len(said) < FEWEST:
        return Probes((), ())
    empty = [
        [
            _drawn(f"{name} {step} {at // len(said)}", found, 1)
            for step, (name, found) in enumerate(islice(cycle(said), at, at + WORDS))
        ]
        for at in range(PROBES)
    ]
    return Probes(
        tuple(_drawn(name, found, WORDS) for name, found in said[:PROBES]),
        tuple(map(" ".join, empty)),
    )


def _drawn(seed: str, of: Sequence[str], count: int) -> str:
    """So many words, in their order."""
    chance = Random(seed)  # noqa: S311 - repeatable on purpose
    return " ".join(of[at] for at in sorted(chance.sample(range(len(of)), count)))


def taken(passages: Sequence[Passage]) -> Sequence[Passage]:
    """All of them, or of a long book so many, evenly."""
    return passages[:: -(-len(passages) // MOST) or 1]


def _telling(text: str) -> list[str]:
    return [word for word in LONG_WORD.findall(text) if stems(word)]


def between(
    manifest: Manifest,
    passages: Sequence[Passage],
    vectors: Mapping[UUID, Sequence[Sequence[float]]],
    asked: Mapping[str, Sequence[float]],
) -> float | None:
    """The confidence midway; ``None`` for a small book. *asked* are the vectors of the probes."""
    drawn = probes(passages)
    if not drawn.sound:
        return None
    trial = _Trial(manifest, taken(passages), vectors)
    sound = [trial.best(probe, asked[probe]) for probe in drawn.sound]
    empty = [trial.best(probe, asked[probe]) for probe in drawn.empty]
    return (_quantile(sound, SURE) + _quantile(empty, UNSURE)) / 2


class _Trial:
    """The passages that probes are held against: those with their words, those with their sense."""

    def __init__(
        self,
        manifest: Manifest,
        passages: Sequence[Passage],
        vectors: Mapping[UUID, Sequence[Sequence[float]]],
    ) -> None:
        self._weigh, self._language, self._passages = (
            weigh_by(manifest),
            manifest.language,
            passages,
        )
        self._holding: dict[str, list[int]] = {}
        for at, passage in enumerate(passages):
            for stem in vocabulary(passage.indexed_text):
                self._holding.setdefault(stem, []).append(at)
        self._windows = _Windows(passages, vectors)

    def best(self, probe: str, vector: Sequence[float]) -> float:
        """The confidence of the best passage for *probe*."""
        by = Asked(tuple(stems(probe, self._language)), self._weigh)
        near = self._windows.nearest(vector, also=self._by_words(by))
        hits = (Hit(self._passages[at], 0.0, max(found), found) for at, found in near.items())
        return max(confidence(hit, by) for hit in hits)

    def _by_words(self, by: Asked) -> list[int]:
        held: dict[int, float] = {}
        for stem in set(by.stems):
            for at in self._holding.get(stem, ()):
                held[at] = held.get(at, 0.0) + by.weigh(stem)
        return nlargest(NEAREST, held, key=held.__getitem__)


class _Windows:
    """All windows as one matrix."""

    def __init__(
        self, passages: Sequence[Passage], vectors: Mapping[UUID, Sequence[Sequence[float]]]
    ) -> None:
        import numpy as np

        rows = [vectors[passage.passage_id] for passage in passages]
        self._owner = [at for at, row in enumerate(rows) for _ in row]
        matrix = np.array([vector for row in rows for vector in row], dtype=np.float32)
        self._matrix = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
        self._first = [0]
        for row in rows:
            self._first.append(self._first[-1] + len(row))

    def nearest(
        self, vector: Sequence[float], *, also: Iterable[int]
    ) -> dict[int, tuple[float, ...]]:
        """Passage → the cosines of its windows, for the nearest passages and *also* these."""
        import numpy as np

        wanted = np.array(vector, dtype=np.float32)
        cosines = self._matrix @ (wanted / np.linalg.norm(wanted))
        near = np.argsort(-cosines)[: 4 * NEAREST]
        first = list(dict.fromkeys(self._owner[row] for row in near))[:NEAREST]
        return {
            at: tuple(cosines[self._first[at] : self._first[at + 1]].tolist())
            for at in dict.fromkeys((*first, *also))
        }


def _quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
