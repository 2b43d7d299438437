"""Highlighted text: is its passage found by the text alone?

    python bench/selection.py --book BOOK [--spans 500] [--misses]

Uses the index that `make ingest BOOK=…` made. Takes spans of 6, 12 and 25 words of what a renderer
makes of each passage, and prints in how many cases the passage is located, beside what BM25 alone
puts first and a location's cost.
"""

import argparse
import asyncio
import random
import re
import time
from collections.abc import Sequence
from pathlib import Path

from attrs import evolve
from markdown_it import MarkdownIt

from agent.index import Hit, Index
from agent.rendered import letters
from agent.selection import locate
from agent.terms import query_vector
from resources import open_agent
from settings import Settings

TAG = re.compile(r"<!--.*?-->|<[^<>]+>", re.DOTALL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--book", type=Path, required=True)
    parser.add_argument("--spans", type=int, default=500)
    parser.add_argument("--misses", action="store_true")
    options = parser.parse_args()
    asyncio.run(run(options))


async def run(options: argparse.Namespace) -> None:
    agent = open_agent(evolve(Settings.read(), book=options.book, openai_api_key=None))
    index = await agent.retriever.index()
    book = await passages(index)
    for count in (6, 12, 25):
        await measure(index, book, count, options)
    await agent.close()


async def passages(index: Index) -> list[Hit]:
    """All of the book's, page by page."""
    found: list[Hit] = []
    for entry in index.manifest.contents:
        words = query_vector(f"{entry.title} {entry.chapter}")
        found += await index.search(words, None, top_k=1000, within=[entry.page])
    return found


async def measure(
    index: Index, book: Sequence[Hit], count: int, options: argparse.Namespace
) -> None:
    dice = random.Random(count)  # noqa: S311 - repeatable on purpose
    first, top, located, copies, seconds = 0, 0, 0, 0, []
    for number in range(options.spans):
        hit, span = draw(dice, book, count)
        ranked = await index.search(query_vector(span), None, top_k=5)
        first += ranked[:1] != [] and ranked[0].passage == hit.passage
        top += any(each.passage == hit.passage for each in ranked)
        started = time.perf_counter()
        found = await locate(index, span)
        seconds.append(time.perf_counter() - started)
        is_found = found is not None and found.hit.passage == hit.passage
        located += is_found
        if not is_found and found and found.is_exact:
            copies += 1
        elif not is_found and options.misses:
            print(f"  miss {number}: {hit.passage.page}: {span!r}")
    total, cost = options.spans, sorted(seconds)
    print(
        f"{count:2} words: located {located / total:.3f}, in a passage that says the same "
        f"{copies / total:.3f}; BM25 alone: first {first / total:.3f}, in five {top / total:.3f}; "
        f"ms p50 {1000 * cost[total // 2]:.1f}, p95 {1000 * cost[total * 95 // 100]:.1f}"
    )


def draw(dice: random.Random, book: Sequence[Hit], count: int) -> tuple[Hit, str]:
    while True:
        hit = dice.choice(book)
        words = rendered(hit.passage.text).split()
        if len(words) >= count:
            at = dice.randrange(len(words) - count + 1)
            span = " ".join(words[at : at + count])
            if len(letters(span).text) >= count:  # not a row of brackets
                return hit, span


def rendered(markdown: str) -> str:
    """What a browser shows of *markdown*, block by block."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    shown: list[str] = []
    for token in parser.parse(markdown):
        if token.type == "inline":
            kept = ("text", "code_inline", "softbreak", "hardbreak")
            parts = [child for child in token.children or () if child.type in kept]
            shown.append("".join(child.content or " " for child in parts))
        elif token.type in ("fence", "code_block"):
            shown.append(token.content)
        elif token.type == "html_block":
            shown.append(TAG.sub("", token.content))
    return "\n".join(shown)


if __name__ == "__main__":
    main()
