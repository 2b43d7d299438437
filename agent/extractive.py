"""The answer without a model: whole blocks of the book, word for word, best first.

It never writes a sentence of its own but the lead-in that says so.
"""

from collections.abc import Iterator, Sequence

from agent.citations import citation
from agent.events import Cited, Delta
from agent.index import Hit
from agent.quotes import Unit, Weigh, fitting
from agent.terms import stems

NAME = "extractive"
LEAD_IN = "From the book:"
QUOTES = 3  # at most
WORTH = 0.85  # of the best unit's fit: what is less is left out
UNBROKEN = ("```", "~~~", "|")  # a marker behind these would become part of a fence or a table


def answer(quotes: Sequence[tuple[Hit, Unit]]) -> Iterator[Delta | Cited]:
    """A delta a quote, each followed by its citation; nothing when nothing can be quoted."""
    for index, (hit, unit) in enumerate(quotes, 1):
        text = hit.passage.text[unit.start : unit.end]
        gap = "\n\n" if text.endswith(UNBROKEN) else " "
        yield Delta(f"{LEAD_IN if index == 1 else ''}\n\n{text}{gap}[{index}]")
        yield Cited(citation(hit, index, unit.start, unit.end))


def choose(question: str, hits: Sequence[Hit], weigh: Weigh) -> list[tuple[Hit, Unit]]:
    """The quotes, best first; at least one when any passage has a quotable part."""
    asked = {stem: weigh(stem) for stem in stems(question)}
    found = [(hit, unit) for hit in hits for unit in fitting(hit, asked)]
    found.sort(key=lambda pair: -pair[1].fit)
    return [pair for pair in found[:QUOTES] if pair[1].fit >= WORTH * found[0][1].fit]
