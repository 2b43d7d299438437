"""How far what an answer's sentences say stands in the passages that they cite. Pure, no model.

Word by word, so it finds the sentence that says something else, not the one that twists what the
passage says: what is weak gets a flag, and is never rewritten. An answer in another language than
its passages cannot be compared by words; there only numbers and names are.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache, reduce
from operator import or_

from attrs import evolve

from agent import language
from agent.citations import CitationStream
from agent.index import Hit
from agent.passages import Passage
from agent.quotes import Weigh, coverage
from agent.sentences import NUMBER, Claim, claims
from agent.terms import stems
from models import Citation
from records import frozen

WEAK = 0.5  # a sentence of less support
MISSING = 0.25  # what a number that the passages lack takes off, or a name
_TALK = "accord answer book chapter describ mention note passag section sourc"
TALK = frozenset(_TALK.split())  # stems: "According to the book" is no claim
# Digits are asked for, words are not: "three ways" may count what a passage lists.
_COUNTED = "zero one two three four five six seven eight nine ten eleven twelve"
_DIGITS = {word: str(number) for number, word in enumerate(_COUNTED.split())}
_WORD = re.compile(r"[a-z]+")
_GROUPED = re.compile(r"\d{1,3}(?:[.,'\u00a0\u202f]\d{3})+")
# What no language translates: code, and words with a capital, digit or underscore inside.
_NAME = re.compile(r"`([^`\n]+)`|\b([A-Za-z]\w*[A-Z\d_]\w*)")


@frozen
class Support:
    """Of one sentence: the *share* that the passages say, 0..1."""

    share: float
    lacks_number: bool = False

    @property
    def is_weak(self) -> bool:
        """Whether it says more than the passages do; a number of its own is enough for that."""
        return self.share < WEAK or self.lacks_number


@frozen
class Read:
    """A passage as a sentence is held against it: its own words, and all headings above them."""

    vocabulary: frozenset[str]
    numbers: frozenset[str]

    @staticmethod
    def of(hit: Hit) -> "Read":
        return _read(hit.passage)


@frozen(kw_only=True)
class Checked:
    """An answer's citations with their support, and how many sentences want a second look."""

    citations: tuple[Citation, ...]
    weak: int = 0
    uncited: int = 0


def check(stream: CitationStream, weigh: Weigh) -> Checked:
    """What *stream* let out, against the sources that it cites. Linear time.

    A citation's support is that of the worst sentence which cites it.
    """
    found = claims(stream.text, stream.marks)
    read = [Read.of(hit) for hit in stream.cited_hits]
    by_words = not language.differs(
        stream.text, _language(tuple(hit.passage.text for hit in stream.sources[:4]))
    )
    worst: dict[int, float] = {}
    weak: set[int] = set()
    count = 0
    for claim in found:
        if claim.cites:
            cited = [read[index - 1] for index in claim.cites]
            given = support(claim, cited, weigh, by_words=by_words)
            count += given.is_weak
            weak.update(claim.cites if given.is_weak else ())
            worst.update((i, min(given.share, worst.get(i, 1.0))) for i in claim.cites)
    return Checked(
        citations=_flagged(stream.citations, worst, weak),
        weak=count,
        uncited=sum(not claim.cites for claim in found),
    )


def support(claim: Claim, cited: Sequence[Read], weigh: Weigh, *, by_words: bool = True) -> Support:
    """How far the passages of *cited*, at least one, together say what *claim* says."""
    known = reduce(or_, [read.vocabulary for read in cited])
    share = 1.0
    if by_words:
        said = claim.words - TALK
        share = coverage(said, known, weigh) if said else 1.0
    elif any(known.isdisjoint(stems(name)) for name in _names(claim.text)):
        share -= MISSING
    lacks_number = not all(_stands_in(cited, number) for number in claim.numbers)
    return Support(max(0.0, share - MISSING * lacks_number), lacks_number)


def _stands_in(cited: Iterable[Read], number: str) -> bool:
    wanted = _canonical(number)
    return any(wanted in read.numbers for read in cited)


def _flagged(
    citations: Iterable[Citation], worst: Mapping[int, float], weak: Collection[int]
) -> tuple[Citation, ...]:
    return tuple(
        evolve(c, support=round(worst.get(c.index, 1.0), 4), weak=c.index in weak)
        for c in citations
    )


@lru_cache(maxsize=1024)
def _language(sources: tuple[str, ...]) -> str:
    beginnings = " ".join(text[:1000] for text in sources)
    return language.guess(beginnings) or "english"


@lru_cache(maxsize=1024)
def _read(passage: Passage) -> Read:
    headings = (name for section in passage.sections for name in section.heading_path)
    text = " ".join([passage.text, *dict.fromkeys(headings)])
    return Read(frozenset(stems(text)), _numbers(text))


def _numbers(text: str) -> frozenset[str]:
    """The numbers of *text*, in digits, whichever way they are written."""
    spelt = (_DIGITS[word] for word in _WORD.findall(text.lower()) if word in _DIGITS)
    return frozenset([*map(_canonical, NUMBER.findall(text)), *spelt])


def _canonical(number: str) -> str:
    """``1,000`` and ``1.000`` as ``1000``, ``3,5`` as ``3.5``, ``07`` as ``7``."""
    if _GROUPED.fullmatch(number):
        number = re.sub(r"\D", "", number)
    return number.replace(",", ".").lstrip("0") or "0"


def _names(text: str) -> Iterable[str]:
    return (code or word for code, word in _NAME.findall(text) if stems(code or word))
