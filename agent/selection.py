"""What a reader has highlighted: where it stands in the book, and what explains it.

A browser says only what was selected, not where. The words find candidates, the letters decide;
what has been changed on its way from the book to the page is found by its telling words. A
selection that the book does not have is a reader's quotation: data, never a source.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from attrs import evolve

from agent.index import Hit, Index
from agent.passages import Passage, paragraphs
from agent.quotes import Weigh, coverage, weigh_by
from agent.rendered import Letters, letters, of_markdown, without_numbers
from agent.terms import query_vector, stems, vocabulary
from agent.windows import units
from records import frozen

CANDIDATES = 8
MORE = 100  # where the first ones do not have it: six common words stand anywhere
COVERED = 0.6  # of the selection's words, by weight, that a passage must have
SEARCHED = 1000  # characters of a selection that stand for all of it
OCCURRENCES = 50  # that are looked at for one that begins and ends with words


@frozen
class Located:
    """A selection in the book: ``hit.passage.text[start:end]``, whole if it *is_exact*.

    Otherwise it is the part of the passage that is most like it. *hit* has the greatest part of a
    selection that spans several passages, and *others* have the rest.
    """

    hit: Hit  # its score is how much of the selection it has, 0..1
    start: int
    end: int
    is_exact: bool
    others: tuple[Hit, ...] = ()


async def locate(index: Index, selection: str) -> Located | None:
    """Where *selection* stands in the book; ``None`` if it is not from there.

    Raises ``OSError``, ``TimeoutError`` and ``IndexUnusable``.
    """
    words = query_vector(selection, index.manifest.language)
    hits = await index.search(words, None, top_k=CANDIDATES)
    found = exact(selection, hits)
    if found or not hits:
        return found
    more = await index.search(words, None, top_k=MORE)
    pages = [hits[0].passage.page]
    whole = await index.search(words, None, top_k=MORE, within=pages)  # of a long selection
    return (
        exact(selection, more)
        or exact(selection, whole)
        or closest(selection, hits, weigh_by(index.manifest))
    )


def exact(selection: str, hits: Sequence[Hit]) -> Located | None:
    """Where the letters of *selection* stand: in one of *hits*, or in several that follow on."""
    for needle in _needles(selection):
        for run in [*([hit] for hit in hits), *_runs(hits)]:
            if found := _within(run, needle):
                return found
    return None


def _needles(selection: str) -> list[str]:
    """The letters as they are; without numbers of lists; and as those of Markdown."""
    blocks = paragraphs(selection)
    found = [letters(selection), without_numbers(selection), of_markdown(selection, blocks)]
    return list(dict.fromkeys(one.text for one in found if one.text))


def _runs(hits: Sequence[Hit]) -> Iterator[list[Hit]]:
    """Passages of one page that follow on, where there are at least two, in reading order."""
    ordered = sorted(hits, key=lambda hit: hit.passage.ordinal)
    run = ordered[:1]
    for one, other in pairwise(ordered):
        if not _follows(one.passage, other.passage):
            yield from [run] if len(run) > 1 else []
            run = []
        run.append(other)
    yield from [run] if len(run) > 1 else []


def _follows(one: Passage, other: Passage) -> bool:
    return (one.page, one.ordinal + 1) == (other.page, other.ordinal)


def _within(run: Sequence[Hit], needle: str) -> Located | None:
    """Where *needle* stands in the letters of passages that follow on."""
    shown = [of_markdown(hit.passage.text, hit.passage.blocks) for hit in run]
    at = _occurrence("".join(each.text for each in shown), needle, run, shown)
    if at is None:
        return None
    parts: list[tuple[int, int, Hit, Letters]] = []  # of the needle in each passage
    for hit, each in zip(run, shown, strict=True):
        first, last = max(0, at), min(len(each.text), at + len(needle))
        if first < last:
            parts.append((first, last, hit, each))
        at -= len(each.text)
    first, last, main, each = max(parts, key=lambda part: part[1] - part[0])
    others = tuple(evolve(hit, score=1.0) for _, _, hit, _ in parts if hit is not main)
    start, end = each.offsets[first], each.offsets[last - 1] + 1
    return Located(evolve(main, score=1.0), start, end, is_exact=True, others=others)


def _occurrence(text: str, needle: str, run: Sequence[Hit], shown: Sequence[Letters]) -> int | None:
    """The first place that begins and ends with words, else the first: "art" is not in "start"."""
    first = at = text.find(needle)
    if first < 0:
        return None
    for _ in range(OCCURRENCES):
        if len(run) > 1 or _is_of_words(run[0].passage.text, shown[0].offsets, at, len(needle)):
            return at
        at = text.find(needle, at + 1)
        if at < 0:
            break
    return first


def _is_of_words(text: str, offsets: Sequence[int], at: int, length: int) -> bool:
    start, end = offsets[at], offsets[at + length - 1] + 1
    return not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum())


def closest(selection: str, hits: Sequence[Hit], weigh: Weigh) -> Located | None:
    """The passage that has most of the selection's words, if that is enough of them."""
    asked = stems(selection[:SEARCHED])
    judged = [
        evolve(hit, score=coverage(asked, vocabulary(hit.passage.indexed_text), weigh))
        for hit in hits
    ]
    best = max(judged, key=lambda hit: hit.score, default=None)
    if best is None or best.score < COVERED:
        return None
    text = best.passage.text
    spans = list(units(best.passage)) or [(0, len(text))]
    start, end = max(spans, key=lambda at: coverage(asked, vocabulary(text[slice(*at)]), weigh))
    return Located(best, start, end, is_exact=False)
