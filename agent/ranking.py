"""The order of found passages, and how sure it is that one of them answers. Pure.

The engine's fused order is mended by what it cannot see: how much of the question a passage covers,
which words stand side by side as in the question, and what its headings say. The weights were
chosen on SQuAD and the Rust book, and hold on SciFact and on follow-ups (docs/decisions/0008).
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from attrs import field

from agent.index import Hit
from agent.passages import Passage
from agent.quotes import Pairs, Weigh, covered, weights
from agent.terms import stems, vocabulary
from agent.windows import windows
from records import frozen


@frozen
class Asked:
    """A question as it is ranked by: its stems, and which stand side by side."""

    stems: tuple[str, ...]
    weigh: Weigh
    pairs: Pairs = frozenset()
    weights: Mapping[str, float] = field(init=False)  # of the stems

    @weights.default
    def _weighed(self) -> Mapping[str, float]:
        return weights(self.stems, self.weigh)


def asked(question: str, weigh: Weigh, language: str = "english") -> Asked:
    """*question*, read in its order."""
    found = tuple(stems(question, language))
    return Asked(found, weigh, frozenset(pairwise(found)))


def rank(hits: Sequence[Hit], by: Asked) -> list[Hit]:
    """*hits*, best first; ties in the engine's order."""
    return sorted(hits, key=lambda hit: -_worth(hit, by))


def _worth(hit: Hit, by: Asked) -> float:
    """What *hit* is ranked by; comparable within one search only, as the engine's score is."""
    words = _words(hit.passage)
    return (
        hit.score
        + 0.5 * covered(by.weights, words.inside)
        + 0.4 * _share(by.pairs, words.pairs)
        + 0.2 * covered(by.weights, words.nearest)
        + 0.7 * max(0.0, hit.cosine or 0.0)
    )


def confident(hits: Iterable[Hit], by: Asked) -> tuple[Hit, ...]:
    """*hits* in their order, each with its confidence as its score."""
    return tuple(Hit(h.passage, confidence(h, by), h.cosine, h.cosines) for h in hits)


def confidence(hit: Hit, by: Asked) -> float:
    """How sure it is that *hit* answers the question, 0..1.

    Without a cosine, the share of the question's words that its passage has.
    """
    words = _words(hit.passage)
    share = covered(by.weights, words.inside)
    if hit.cosine is None:
        return share
    return blend(
        cosine=hit.cosine,
        covered=share,
        closely=max(covered(by.weights, window) for window in _windows(hit.passage)),
        beside=_share(by.pairs, words.pairs) if by.pairs else None,
    )


def blend(*, cosine: float, covered: float, closely: float, beside: float | None) -> float:
    """0.6 for meaning, 0.4 for the words: of the passage and of one window of it, half each.

    A tenth more for words that stand side by side; ``None`` where a question has one word.
    """
    sure = 0.6 * max(0.0, cosine) + 0.2 * covered + 0.2 * closely
    return sure if beside is None else (sure + 0.1 * beside) / 1.1


def _share(wanted: Pairs, there: Pairs) -> float:
    return len(wanted & there) / len(wanted) if wanted else 0.0


@lru_cache(maxsize=1_024)
def _windows(passage: Passage) -> tuple[frozenset[str], ...]:
    """The words of each window with those of the headings above it."""
    return tuple(
        vocabulary(passage.text[start:end])
        | vocabulary(" > ".join(passage.section_at(start).heading_path))
        for start, end in windows(passage)
    )


@frozen
class _Words:
    """A passage as a question is held against it."""

    inside: frozenset[str]
    pairs: Pairs
    nearest: frozenset[str]  # those of its sections' own headings


@lru_cache(maxsize=4_096)
def _words(passage: Passage) -> _Words:
    found = stems(passage.indexed_text)
    nearest = {s.heading_path[-1] for s in passage.sections if s.heading_path}
    return _Words(
        frozenset(found), frozenset(pairwise(found)), vocabulary("\n".join(sorted(nearest)))
    )
