"""Choosing the part of a passage that speaks to a sentence: whole blocks, by words and by meaning.

Pure; knows neither index nor model.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import pairwise

from agent.citations import has_marker
from agent.index import Hit, Manifest
from agent.passages import Passage, words
from agent.terms import stems, term_id, vocabulary
from agent.windows import LONGEST, SENTENCE_END, units, windows
from records import frozen

ABOVE = 0.3  # what a question word counts that stands in the headings above a unit only
HEADING = 0.4  # what it counts in addition when it stands in the nearest one
PAIRS = 0.6  # what words count in addition that stand side by side as in the question
MEANING = 2.5  # what the cosine of a unit's nearest window counts
PASSAGE = 1.0  # what the passage's confidence counts against the words of the unit
LENGTH = 0.2  # what a unit pays for its length, from so many words on:
LONG_WORDS = 60

Weigh = Callable[[str], float]
Pairs = frozenset[tuple[str, str]]


def weigh_by(manifest: Manifest) -> Weigh:
    """How much a stem tells: its inverse document frequency; 1 when the index has no counts.

    BM25's IDF, log(1 + (N - n + 0.5) / (n + 0.5)); a word that the book lacks weighs most.
    """
    frequency, total = manifest.document_frequency, manifest.passages
    if not frequency:
        return lambda _stem: 1.0

    @lru_cache(maxsize=8_192)  # a question's few words are held against every passage
    def weigh(stem: str) -> float:
        count = frequency.get(term_id(stem), 0)
        return math.log(1 + (total - count + 0.5) / (count + 0.5))

    return weigh


def coverage(question: Iterable[str], text: Iterable[str], weigh: Weigh) -> float:
    """The share of the question's weight that is found in *text*, 0..1; both are stems."""
    return covered(weights(question, weigh), frozenset(text))  # which is itself, if it is one


def weights(question: Iterable[str], weigh: Weigh) -> dict[str, float]:
    """What each stem of *question* tells."""
    return {stem: weigh(stem) for stem in question}


def covered(question: Mapping[str, float], text: frozenset[str]) -> float:
    """``coverage`` by stems that are weighed already: a question is held against many texts."""
    total = sum(question.values())
    there = [weight for stem, weight in question.items() if stem in text]
    return sum(there) / total if total else 0.0


@frozen
class Unit:
    """``passage.text[start:end]``: what is quoted as one."""

    start: int
    end: int
    fit: float


def fitting(hit: Hit, question: Mapping[str, float], pairs: Pairs = frozenset()) -> Iterator[Unit]:
    """Every unit of *hit* with how well it speaks to *question* (stem → weight).

    *pairs* are its stems that stand side by side.
    """
    total = sum(question.values()) or 1.0
    for unit in _quotable(hit.passage):
        told = unit.told(question) / total
        meant = MEANING * _meaning(hit, unit.start, unit.end)
        beside = PAIRS * unit.beside(pairs) / max(1, len(pairs))
        fit = told + beside + meant + PASSAGE * hit.score - unit.length
        yield Unit(unit.start, unit.end, fit)


@frozen
class _Quotable:
    """A unit as a question is held against it; all of it is the passage's own."""

    start: int
    end: int
    stems: tuple[str, ...]
    inside: frozenset[str]
    above: frozenset[str]  # the stems of all headings above it
    nearest: frozenset[str]  # and of the last of them
    length: float  # what it pays for that

    def told(self, question: Mapping[str, float]) -> float:
        """The weight of the question that the unit and the headings above it speak to."""
        inside, above, nearest = self.inside, self.above, self.nearest
        return sum(
            weight * ((stem in inside or ABOVE * (stem in above)) + HEADING * (stem in nearest))
            for stem, weight in question.items()
        )

    def beside(self, pairs: Pairs) -> int:
        """How many of *pairs* stand side by side in it."""
        if not any(one in self.inside and other in self.inside for one, other in pairs):
            return 0
        return len(pairs.intersection(pairwise(self.stems)))


@lru_cache(maxsize=1_024)
def _quotable(passage: Passage) -> tuple[_Quotable, ...]:
    """Its units but for those with a marker, which a reader would take for one of ours."""
    spans = ((start, end, passage.text[start:end]) for start, end in units(passage))
    return tuple(
        _read(passage, start, end, text) for start, end, text in spans if not has_marker(text)
    )


def _read(passage: Passage, start: int, end: int, text: str) -> _Quotable:
    headings = passage.section_at(start).heading_path
    return _Quotable(
        start,
        end,
        stems=tuple(stems(text)),
        inside=vocabulary(text),
        above=vocabulary(" ".join(headings)),
        nearest=vocabulary(headings[-1] if headings else ""),
        length=LENGTH * max(0.0, math.log(max(1, words(text)) / LONG_WORDS)),
    )


def _meaning(hit: Hit, start: int, end: int) -> float:
    """The cosine of the unit's nearest window; the passage's where windows are not known."""
    if not hit.cosines:
        return hit.cosine or 0.0
    inside = [
        cosine
        for (begin, stop), cosine in zip(windows(hit.passage), hit.cosines, strict=True)
        if start <= begin and stop <= end
    ]
    return max(inside, default=0.0)


def supporting(weigh: Weigh, hit: Hit, claim: str) -> tuple[int, int]:
    """Where *hit*'s passage says what *claim* says: a sentence of prose, or a whole other block.

    The offsets of the best one; of the first quotable part when nothing matches.
    """
    asked = weights(stems(claim), weigh)
    best, span = -1.0, (0, min(len(hit.passage.text), LONGEST))
    for start, end, inside, damping in _statements(hit.passage):
        told = sum([weight for stem, weight in asked.items() if stem in inside]) / damping
        if told > best:
            best, span = told, (start, end)
    return span


@lru_cache(maxsize=1_024)
def _statements(passage: Passage) -> tuple[tuple[int, int, frozenset[str], float], ...]:
    """Where each stands, its stems, and what a long one is divided by."""
    found = ((*span, vocabulary(passage.text[slice(*span)])) for span in _spans(passage))
    return tuple(
        (start, end, inside, 1 + math.log1p(len(inside)) * 0.2) for start, end, inside in found
    )


def _spans(passage: Passage) -> Iterator[tuple[int, int]]:
    prose = {block.start for block in passage.blocks if block.kind in ("paragraph", "quote")}
    for start, end in units(passage):
        if start not in prose or passage.text[start:end].endswith("```"):
            yield start, end
            continue
        at = start
        for ending in SENTENCE_END.finditer(passage.text, start, end):
            yield at, at + len(passage.text[at : ending.end()].rstrip())
            at = ending.end()
        if at < end:
            yield at, end
