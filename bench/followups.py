"""Follow-ups on a labelled book: are they understood, and are new subjects left alone?

    python -m bench.followups --home HOME --book BOOK [--dialogues bench/followups.jsonl] [--misses]

Uses the index that `make ingest BOOK=…` made. A line of *dialogues* has ``asked``, the questions so
far, and ``question``, the next; its ``kind`` is "follow-up", "new topic" or "off book". ``pages``
begin the names of pages that answer it. Prints each figure twice: with the next question alone, and
with the questions before it; and what deciding costs.
"""

import argparse
import asyncio
import json
import timeit
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent import Question, Turn
from agent.deadline import Deadline
from agent.embedding import open_embedder
from agent.followup import refers_back
from agent.index import Location, index_directory
from agent.retrieval import Evidence, Retriever

DIALOGUES = Path(__file__).with_name("followups.jsonl")
JUDGED = 5  # hits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=Path(".footnote"))
    parser.add_argument("--book", type=Path, required=True)
    parser.add_argument("--dialogues", type=Path, default=DIALOGUES)
    parser.add_argument("--misses", action="store_true")
    asyncio.run(run(parser.parse_args()))


async def run(options: argparse.Namespace) -> None:
    location = Location(directory=index_directory(options.home, options.book))
    retriever = Retriever(location, open_embedder(None))
    rows = [json.loads(line) for line in options.dialogues.read_text("utf-8").splitlines()]
    figures: dict[str, list[tuple[bool, ...]]] = defaultdict(list)
    for row in rows:
        alone = await judged(retriever, Question(text=row["question"]))
        within = await judged(retriever, in_dialogue(row))
        figures[row["kind"]].append((*outcome(alone, row), *outcome(within, row)))
        if options.misses and not is_right(within, row):
            print(f"  miss: {within.retrieved.confidence}: {row['asked']} {row['question']}")
    await retriever.close()
    for kind, outcomes in figures.items():
        show(kind, outcomes)
    show_cost(rows)


def in_dialogue(row: dict[str, Any]) -> Question:
    return Question(text=row["question"], turns=tuple(Turn(query, "") for query in row["asked"]))


async def judged(retriever: Retriever, question: Question) -> Evidence:
    search = question.search
    return search.judge(await retriever.retrieve(search.text, Deadline.after(30)))


def outcome(evidence: Evidence, row: dict[str, Any]) -> tuple[bool, bool, bool]:
    """Whether a gold page is found, whether the gate opens, and both."""
    pages = tuple(row.get("pages", ()))
    hits = evidence.retrieved.hits[:JUDGED]
    found = any(hit.passage.page.startswith(pages) for hit in hits)
    return found, evidence.retrieved.answerable, found and evidence.retrieved.answerable


def is_right(evidence: Evidence, row: dict[str, Any]) -> bool:
    found, answerable, _ = outcome(evidence, row)
    return (found and answerable) if "pages" in row else not answerable


def show(kind: str, outcomes: list[tuple[bool, ...]]) -> None:
    count = len(outcomes)
    hit, kept, both, hit_within, kept_within, both_within = map(sum, zip(*outcomes, strict=True))
    if kind == "off book":
        print(
            f"{kind:10} refused   {count - kept}/{count} alone, {count - kept_within} in dialogue"
        )
        return
    print(f"{kind:10} hit@{JUDGED}     {hit}/{count} alone, {hit_within} in dialogue")
    print(f"{'':10} answered  {kept}/{count} alone, {kept_within} in dialogue")
    print(f"{'':10} both      {both}/{count} alone, {both_within} in dialogue")


def show_cost(rows: list[dict[str, Any]]) -> None:
    questions = [in_dialogue(row) for row in rows]
    decide = microseconds(lambda: [refers_back(q.text) for q in questions], len(questions))
    build = microseconds(lambda: [q.search for q in questions], len(questions))
    print(f"refers_back {decide:.0f} µs, building the query {build:.0f} µs a question")


def microseconds(work: Callable[[], object], items: int) -> float:
    return min(timeit.repeat(work, number=1, repeat=20)) / items * 1e6


if __name__ == "__main__":
    main()
