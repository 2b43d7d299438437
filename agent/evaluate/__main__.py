"""``python -m agent.evaluate``: how good the answers without a model are, on labelled sets.

The composition root of this command. Exit codes: 1 worse than the baseline, 2 usage or settings,
3 data or index out of reach.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from agent.book import BookUnreadable
from agent.embedding import Embedder, open_embedder
from agent.evaluate.measure import MODES, Outcome, ask_all, measures
from agent.evaluate.report import Report, chart, regressions, table
from agent.evaluate.sets import DATA, SETS, SetMissing, read_set
from agent.evaluate.shelf import shelved
from agent.index import IndexUnusable, Location
from agent.ingest.progress import progress_on
from settings import BadSettings, Settings

BASELINE = Path(__file__).with_name("baseline.json")
SEED = Path(__file__).parents[1] / "handbook.embeddings"
WORSE, USAGE, UNREACHABLE = 1, 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code; the table on stdout, everything else on stderr."""
    try:
        settings = Settings.read()
        options = _parser(settings).parse_args(arguments)
        report = asyncio.run(_run(options, settings))
    except BadSettings as error:
        return _fail(USAGE, str(error))
    except (SetMissing, BookUnreadable, IndexUnusable, OSError) as error:
        return _fail(UNREACHABLE, str(error))
    return _tell(report, options)


def _parser(settings: Settings) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m agent.evaluate",
        description="Measure retrieval, refusals, quotes and citations on labelled questions.",
        epilog="Exit codes: 1 worse than the baseline, 2 usage or settings, 3 data or index out of "
        "reach.",
    )
    add = parser.add_argument
    about_set = f"{', '.join(SETS)}, all, or a file of your own questions about BOOK"
    add("--set", action="append", metavar="SET", dest="sets", help=about_set)
    add("--mode", choices=[*MODES, "all"], default="all", help="what is measured (default: all)")
    add("--json", action="store_true", help="print the measures as JSON instead of a table")
    about_baseline = "compare with FILE (default: the committed one)"
    add("--baseline", type=Path, default=BASELINE, metavar="FILE", help=about_baseline)
    add("--write-baseline", action="store_true", help="make these measures the baseline")
    about_chart = "where the page of bars goes (default: evaluation.html in --home)"
    add("--chart", type=Path, metavar="FILE", help=about_chart)
    add("--misses", action="store_true", help="name the questions that went wrong")
    add("--data", type=Path, default=DATA, metavar="DIR", help="where the sets' data are")
    add("--home", type=Path, default=settings.home, metavar="DIR", help="default: FOOTNOTE_HOME")
    return parser


async def _run(options: argparse.Namespace, settings: Settings) -> Report:
    embedder = open_embedder(
        settings.embedding_model,
        api_key=settings.openai_api_key,
        base_url=settings.openai_base_url,
    )
    try:
        if not embedder.dimensions:  # an endpoint's model says with its first vector
            await embedder.warm()
        wanted = options.sets or ["handbook"]
        names = SETS if "all" in wanted else wanted
        return {
            Path(name).stem: await _measured(name, embedder, options, settings) for name in names
        }
    finally:
        await embedder.close()


async def _measured(
    name: str, embedder: Embedder, options: argparse.Namespace, settings: Settings
) -> dict[str, dict[str, float]]:
    question_set = read_set(name, data=options.data, book=settings.book)
    modes = MODES if options.mode == "all" else (options.mode,)
    qdrant = settings.qdrant_url and Location(
        options.home, url=settings.qdrant_url, api_key=settings.qdrant_api_key
    )
    progress = progress_on(sys.stderr)
    shelf = shelved(
        question_set,
        embedder,
        home=options.home,
        seed=SEED,
        qdrant=qdrant or None,
        progress=progress,
    )
    async with shelf as agent:
        progress.begin(f"Asking {question_set.name}", len(question_set.questions))
        outcomes = await ask_all(agent, question_set, modes, lambda: progress.advance(1))
    if options.misses:
        for miss in _misses(outcomes, modes):
            print(miss, file=sys.stderr)
    return measures(outcomes, modes)


def _misses(outcomes: Sequence[Outcome], modes: Sequence[str]) -> Iterator[str]:
    for outcome in outcomes:
        gold, sure = outcome.gold, f"confidence {outcome.confidence:.2f}"
        if gold.kind == "off_book" and outcome.answerable:
            yield f"not refused, {sure}: {gold.question}"
        if gold.kind != "answerable":
            continue
        if not outcome.answerable:
            yield f"refused, {sure}: {gold.question}"
        elif "retrieval" in modes and not any(outcome.gain[:5]):
            yield f"not among the first five: {gold.question}"
        elif "answers" in modes and not outcome.is_quoted:
            yield f"not in the quotes: {gold.question}"


def _tell(report: Report, options: argparse.Namespace) -> int:
    known = json.loads(options.baseline.read_text()) if options.baseline.exists() else {}
    print(json.dumps(report, indent=2) if options.json else table(report, known))
    page = options.chart or options.home / "evaluation.html"
    page.write_text(chart(report, known), encoding="utf-8")
    print(f"As bars: {page}", file=sys.stderr)
    if options.write_baseline:
        merged = {**known, **report}
        options.baseline.write_text(json.dumps(merged, indent=2, sort_keys=True) + "\n")
        return 0
    worse = regressions(report, known)
    for line in worse:
        print(f"worse: {line.set} {line.mode} {line.measure}", file=sys.stderr)
    return WORSE if worse else 0


def _fail(code: int, sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
