"""Where the time of an answer without a model goes, stage by stage, inside one process.

    python bench/stages.py --book BOOK --questions qa.jsonl.gz [--rounds 5]

Uses the index that `make ingest BOOK=…` made, or that at QDRANT_URL. Questions are JSON lines with
a ``question`` each, gzip or plain. Each question runs alone; prints milliseconds, and how much of
them was CPU time of this process.
"""

import argparse
import asyncio
import gzip
import json
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import evolve

from agent import Agent, Question, extractive
from agent.deadline import Deadline
from agent.embedding import Embedder, open_embedder
from agent.gate import gate_of
from agent.quotes import weigh_by
from agent.ranking import asked, confident, rank
from agent.retrieval import CONSIDERED, TOP_K
from agent.terms import query_vector
from resources import open_agent
from settings import Settings

STAGES = ("embed", "search", "rank and gate", "quote", "whole answer")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--book", type=Path, required=True)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    asyncio.run(run(options))


def read(path: Path) -> list[str]:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line)["question"] for line in raw.splitlines()]


class Times:
    """Wall and CPU milliseconds of each stage."""

    def __init__(self) -> None:
        self.wall: dict[str, list[float]] = {stage: [] for stage in STAGES}
        self.cpu: dict[str, list[float]] = {stage: [] for stage in STAGES}

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall[stage].append(1000 * (time.perf_counter() - wall))
        self.cpu[stage].append(1000 * (time.process_time() - cpu))

    def lines(self) -> Iterator[str]:
        for stage in STAGES:
            cuts = statistics.quantiles(self.wall[stage], n=20)
            cpu = statistics.median(self.cpu[stage])
            yield f"{stage:14} p50 {cuts[9]:6.1f}  p95 {cuts[18]:6.1f}  CPU p50 {cpu:6.1f} ms"


async def run(options: argparse.Namespace) -> None:
    settings = evolve(Settings.read(), book=options.book, openai_api_key=None)
    agent = open_agent(settings)
    embedder = open_embedder(settings.embedding_model)
    await agent.warm()
    await embedder.warm()
    index = await agent.retriever.index()
    questions, warm, times = read(options.questions), Times(), Times()
    for question in questions[:10]:
        await stages(agent, embedder, question, warm)
    for _ in range(options.rounds):
        for question in questions:
            await stages(agent, embedder, question, times)
    print(f"{index.manifest.passages} passages, {len(times.wall['embed'])} questions")
    print("\n".join(times.lines()))
    await embedder.close()
    await agent.close()


async def stages(agent: Agent, embedder: Embedder, question: str, times: Times) -> None:
    """Each stage by itself, as ``agent.retrieval`` and ``agent.extractive`` do them; then all."""
    index = await agent.retriever.index()
    with times.of("embed"):
        dense = await embedder.embed_query(question)
    with times.of("search"):
        words = query_vector(question, index.manifest.language)
        hits = await index.search(words, dense, top_k=CONSIDERED)
    with times.of("rank and gate"):
        weigh = weigh_by(index.manifest)
        by = asked(question, weigh, index.manifest.language)
        found = gate_of(index.manifest).judge(confident(rank(hits, by)[:TOP_K], by))
    with times.of("quote"):
        list(extractive.answer(extractive.choose(question, found.hits, weigh)))
    with times.of("whole answer"):
        await agent.answer(Question(text=question), Deadline.after(30), lambda _: None)


if __name__ == "__main__":
    main()
