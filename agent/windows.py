"""The parts of a passage: units, which are quoted whole, and windows, which are embedded.

A question is about a sentence or two, so a passage is found by its nearest window and given as a
whole ("small to big"). Pure; knows neither index nor model.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from agent.passages import Block, Passage, shown, words

SENTENCE_END = re.compile(r"[.!?][\"'”’)\]]*\s+")
# "Listing 4-1 (src/main.rs): A loop", which says nothing by itself.
CAPTION = re.compile(r"[*_]{0,3}(?:Listing|Figure|Table|Example) [\dA-Z][\w.-]{0,10}\b[^\n]{0,400}")
LONGEST = 20_000  # characters of a quote
LEAD_IN_WORDS = 60  # a longer paragraph before a list stands on its own
WINDOW_WORDS = 50  # of prose, until the next sentence opens another window
MOST = 24  # windows of a passage


def units(passage: Passage) -> Iterator[tuple[int, int]]:
    """The quotable parts of a passage, in reading order, as offsets.

    A unit is a block together with what leads in to it, a paragraph ending in a colon or a caption.
    A heading is none, nor is a lead-in whose list or code the passage does not hold.
    """
    lead: Block | None = None
    for block in passage.blocks:
        text = passage.text[block.start : block.end]
        if block.kind == "heading":
            lead = None
        elif block.kind == "paragraph" and _leads_in(text):
            lead = lead or block
        else:
            start = (lead or block).start
            if block.end - start <= LONGEST:
                yield start, block.end
            lead = None


def _leads_in(text: str) -> bool:
    return words(text) <= LEAD_IN_WORDS and (text.endswith(":") or bool(CAPTION.fullmatch(text)))


@lru_cache(maxsize=4_096)
def windows(passage: Passage) -> tuple[tuple[int, int], ...]:
    """What is embedded of a passage, in reading order; each window lies within one unit.

    Long prose is cut at sentences. A passage without units is a window.
    """
    prose = {block.start for block in passage.blocks if block.kind in ("paragraph", "quote")}
    cut = [
        window
        for start, end in units(passage)
        for window in (_sentences(passage.text, start, end) if start in prose else [(start, end)])
    ]
    return tuple(cut[:MOST]) or ((0, len(passage.text)),)


def embedded_texts(passage: Passage) -> list[str]:
    """The text of each window below the headings that it stands under."""
    return [
        f"{' > '.join(passage.section_at(start).heading_path)}\n\n{read(passage, start, end)}"
        for start, end in windows(passage)
    ]


def read(passage: Passage, start: int, end: int) -> str:
    """The text of a window as a model reads it."""
    return shown(passage.text[start:end]).strip()


def _sentences(text: str, start: int, end: int) -> Sequence[tuple[int, int]]:
    """Runs of sentences of about ``WINDOW_WORDS``; a short rest stays with the run before."""
    if words(text[start:end]) <= 1.5 * WINDOW_WORDS:
        return [(start, end)]
    runs: list[tuple[int, int]] = []
    at = start
    for stop in [*(match.end() for match in SENTENCE_END.finditer(text, start, end)), end]:
        if stop == end or words(text[at:stop]) >= WINDOW_WORDS:
            runs.append((at, stop))
            at = stop
    if len(runs) > 1 and words(text[slice(*runs[-1])]) < WINDOW_WORDS / 2:
        _, stop = runs.pop()
        runs[-1] = (runs[-1][0], stop)
    return runs
