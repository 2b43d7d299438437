"""Retrieval and refusal on a labelled book: is the evidence in the top five, is off-book refused?

    python bench/retrieval.py --book BOOK --answerable qa.jsonl.gz --off-book off_book.jsonl.gz

Uses the index that `make ingest BOOK=…` made. A line of *answerable* has ``question``,
``file_prefix`` and ``evidence``; a hit is a passage of such a page that holds the evidence, markup
aside. Prints shares; with ``--misses`` also what was missed.
"""

import argparse
import asyncio
import gzip
import json
import re
from pathlib import Path
from typing import Any

from attrs import evolve

from agent import Agent, Question
from agent.deadline import Deadline
from agent.events import Done, Event
from agent.index import Hit
from agent.passages import Passage
from service import open_agent
from settings import Settings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--book", type=Path, required=True)
    parser.add_argument("--answerable", type=Path, required=True)
    parser.add_argument("--off-book", type=Path, required=True)
    parser.add_argument("--misses", action="store_true")
    options = parser.parse_args()
    asyncio.run(run(options))


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


async def run(options: argparse.Namespace) -> None:
    agent = open_agent(evolve(Settings.read(), book=options.book, openai_api_key=None))
    answerable, off_book = read(options.answerable), read(options.off_book)
    ranks: list[int | None] = []
    kept: list[bool] = []
    cited: list[bool] = []
    quoted: list[bool] = []
    for row in answerable:
        evidence = await agent.retriever.retrieve(row["question"], Deadline.after(30))
        hits = evidence.retrieved.hits
        ranks.append(next((at for at, hit in enumerate(hits) if holds(hit, row)), None))
        kept.append(evidence.retrieved.answerable)
        done = await last_event(agent, row["question"])
        cited.append(any(c.page.startswith(row["file_prefix"]) for c in done.citations))
        quoted.append(any(plain(row["evidence"]) in plain(c.quote) for c in done.citations))
        if options.misses and not (kept[-1] and quoted[-1]):
            confidence = evidence.retrieved.confidence
            print(f"  miss: rank {ranks[-1]}, confidence {confidence}: {row['question']}")
    refused = []
    for row in off_book:
        evidence = await agent.retriever.retrieve(row["question"], Deadline.after(30))
        refused.append(not evidence.retrieved.answerable)
        if options.misses and not refused[-1]:
            print(f"  kept: confidence {evidence.retrieved.confidence}: {row['question']}")
    await agent.close()
    for k in (1, 3, 5, 8):
        print(f"hit@{k}     {share([rank is not None and rank < k for rank in ranks])}")
    print(f"answered  {share(kept)}   (answerable questions that pass the gate)")
    print(f"cited     {share(cited)}   (a citation is of a gold page)")
    print(f"quoted    {share(quoted)}   (a quote holds the evidence)")
    print(f"refused   {share(refused)}   (off-book questions)")


async def last_event(agent: Agent, question: str) -> Done:
    events: list[Event] = [
        e async for e in agent.answer(Question(text=question), Deadline.after(30))
    ]
    assert isinstance(events[-1], Done)
    return events[-1]


def holds(hit: Hit, row: dict[str, Any]) -> bool:
    passage: Passage = hit.passage
    there = passage.page.startswith(row["file_prefix"])
    return there and plain(row["evidence"]) in plain(passage.text)


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"[*_`]", "", text)).lower()


def share(claims: list[bool]) -> str:
    return f"{sum(claims)}/{len(claims)} = {sum(claims) / len(claims):.3f}"


if __name__ == "__main__":
    main()
