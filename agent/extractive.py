"""The answer without a model: whole blocks of the book, word for word, best first.

It never writes a sentence of its own but the lead-in that says so.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from agent.citations import citation
from agent.events import Cited, Delta
from agent.index import Hit
from agent.quotes import Unit, Weigh, fitting
from agent.terms import stems

NAME = "extractive"
LEAD_IN = "From the book:"
QUOTES = 3  # at most
WORTH = 0.74  # of the best unit's fit: what is less is left out
Quote = tuple[Hit, Unit]
UNBROKEN = ("```", "~~~", "|")  # a marker behind these would become part of a fence or a table


def answer(quotes: Sequence[tuple[Hit, Unit]]) -> Iterator[Delta | Cited]:
    """A delta a quote, each followed by its citation; nothing when nothing can be quoted."""
    for index, (hit, unit) in enumerate(quotes, 1):
        text = hit.passage.text[unit.start : unit.end]
        gap = "\n\n" if text.endswith(UNBROKEN) else " "
        yield Delta(f"{LEAD_IN if index == 1 else ''}\n\n{text}{gap}[{index}]")
        yield Cited(citation(hit, index, unit.start, unit.end))


def choose(question: str, hits: Sequence[Hit], weigh: Weigh) -> list[Quote]:
    """The quotes, the best section first; at least one when any passage has a quotable part."""
    words = stems(question)
    asked = {stem: weigh(stem) for stem in words}
    pairs = frozenset(pairwise(words))
    found = [(hit, unit) for hit in hits for unit in fitting(hit, asked, pairs)]
    found.sort(key=lambda quote: -quote[1].fit)
    return in_reading_order([q for q in found[:QUOTES] if q[1].fit >= WORTH * found[0][1].fit])


def in_reading_order(quotes: Sequence[Quote]) -> list[Quote]:
    """What stands under one heading stays together, as the book has it; the best one's is first."""
    sections = list(dict.fromkeys(map(_section, quotes)))
    return sorted(
        quotes,
        key=lambda quote: (
            sections.index(_section(quote)),
            quote[0].passage.ordinal,
            quote[1].start,
        ),
    )


def _section(quote: Quote) -> tuple[str, str]:
    hit, unit = quote
    return hit.passage.page, hit.passage.section_at(unit.start).anchor
