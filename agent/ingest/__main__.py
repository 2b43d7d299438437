"""``python -m agent.ingest PATH``: make a book searchable. The composition root of this command.

A second run embeds only what changed; a run that was stopped is continued by the next.
"""

import argparse
import asyncio
import errno
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from attrs import asdict, evolve

from agent.embedding import Embedder, open_embedder
from agent.index import (
    IndexBusy,
    IndexUnusable,
    IndexWriter,
    Location,
    index_directory,
    open_writer,
)
from agent.ingest.build import Summary, compare, ingest, summarize
from agent.ingest.cache import EmbeddingCache
from settings import BadSettings, Settings

try:
    from agent.book import Book, BookUnreadable, read_book
    from agent.ingest.progress import progress_on
except ModuleNotFoundError as missing:  # the serverless set has no libraries to read a book with
    sys.exit(f"Ingest needs {missing.name}: `pip install -r requirements-local.txt`.")

HANDBOOK_EMBEDDINGS = Path(__file__).parents[1] / "handbook.embeddings"

UNREADABLE, USAGE, UNREACHABLE, DISK_FULL, BUSY, INTERRUPTED = 1, 2, 3, 4, 5, 130
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
NO_MODEL = "No embedding model is installed or configured: the book is searched by words alone."


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code; every failure is a sentence on stderr, and the old index stays."""
    started = time.monotonic()
    try:
        settings = Settings.read()
        options = _parser(settings).parse_args(arguments)
        book = read_book(options.path, base_url=options.base_url)
        summary = asyncio.run(_run(book, options, settings))
    except BadSettings as error:
        return _fail(USAGE, str(error))
    except BookUnreadable as error:
        return _fail(UNREADABLE, str(error))
    except KeyboardInterrupt:
        return _fail(INTERRUPTED, "Stopped. What is embedded is kept: run this again to go on.")
    except IndexUnusable as error:
        return _fail(BUSY if isinstance(error, IndexBusy) else UNREACHABLE, str(error))
    except OSError as error:
        return _fail_on(error)
    _report(evolve(summary, seconds=round(time.monotonic() - started, 2)), options)
    return 0


def _parser(settings: Settings) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m agent.ingest",
        description="Make a book searchable. Run it again after every change: it is quick.",
        epilog="Exit codes: 1 unreadable book, 2 usage or settings, 3 index or embedding endpoint "
        "out of reach or unusable, 4 disk full, 5 another run is writing, 130 interrupted.",
    )
    add = parser.add_argument
    about_path = "a project, a folder of pages, or one file (default: BOOK)"
    add("path", type=Path, nargs="?", default=settings.book, metavar="PATH", help=about_path)
    about_url = "where the book's site serves its pages (default: BOOK_URL)"
    add("--base-url", default=settings.book_url, metavar="URL", help=about_url)
    about_home = "where the index and the caches are kept (default: FOOTNOTE_HOME)"
    add("--home", type=Path, default=settings.home, metavar="DIR", help=about_home)
    about_cache = "keep the embeddings in FILE, and look for them nowhere else"
    add("--cache", type=Path, metavar="FILE", help=about_cache)
    about_early = "publish a new index by words first, in seconds, then with embeddings"
    add("--early", action="store_true", help=about_early)
    add("--dry-run", action="store_true", help="report, and write nothing")
    add("--json", action="store_true", help="print one JSON object on stdout")
    add("--rebuild", action="store_true", help="take nothing over from the present index")
    return parser


async def _run(book: Book, options: argparse.Namespace, settings: Settings) -> Summary:
    embedder = open_embedder(
        settings.embedding_model,
        api_key=settings.openai_api_key,
        base_url=settings.openai_base_url,
    )
    location = Location(
        index_directory(options.home, options.path),
        url=settings.qdrant_url,
        api_key=settings.qdrant_api_key,
        collection=settings.qdrant_collection,
    )
    try:
        if not embedder.dimensions:  # an endpoint's model says with its first vector
            await embedder.warm()
        writer = open_writer(location, dimensions=embedder.dimensions, rebuild=options.rebuild)
        async with writer:
            return await _work(book, writer, embedder, options)
    finally:
        await embedder.close()


async def _work(
    book: Book, writer: IndexWriter, embedder: Embedder, options: argparse.Namespace
) -> Summary:
    if options.dry_run:
        changes = compare(book.passages, await writer.fingerprints())
        return summarize(book, changes, embedded=0, embedder=embedder.id)
    path = options.cache or options.home / "embeddings.sqlite"
    seed = None if options.cache else HANDBOOK_EMBEDDINGS
    with EmbeddingCache(path, seed=seed) as cache:
        progress = progress_on(sys.stderr)
        return await ingest(
            book,
            writer=writer,
            embedder=embedder,
            cache=cache,
            progress=progress,
            publish_early=options.early,
        )


def _report(summary: Summary, options: argparse.Namespace) -> None:
    """The warnings on stderr, then what was done: for people, or with ``--json`` for programs."""
    for warning in summary.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if summary.embedder == "none":
        print(f"warning: {NO_MODEL}", file=sys.stderr)
    if options.json:
        print(json.dumps(asdict(summary) | {"dry_run": options.dry_run}, ensure_ascii=False))
        return
    print(
        f"{summary.book}: {summary.pages} pages, {summary.passages} passages, "
        f"{summary.words} words in {summary.seconds:.1f} s\n"
        f"{summary.added} added, {summary.changed} changed, {summary.removed} removed; "
        + ("nothing written (dry run)" if options.dry_run else f"{summary.embedded} parts embedded")
    )


def _fail(code: int, sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return code


def _fail_on(error: OSError) -> int:
    if error.errno in FULL:
        why = error.strerror or "no space is left"
        return _fail(DISK_FULL, f"The disk is full: {why}. The index is as it was before.")
    return _fail(UNREACHABLE, f"{error} The index is as it was before.")


if __name__ == "__main__":
    sys.exit(main())
