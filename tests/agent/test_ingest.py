"""Ingest: only what is new is embedded, and whatever happens, readers have a whole index."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from agent.book import Book, read_book
from agent.embedding.endpoint import EndpointEmbedder
from agent.index import Index, Location, generations, index_directory, open_index, open_writer
from agent.ingest import __main__ as command
from agent.ingest.build import Progress, Summary, ingest
from agent.ingest.cache import EmbeddingCache
from agent.ingest.progress import Bar, Lines
from agent.ingest.word_probes import PROBES
from agent.terms import SparseVector, query_vector
from agent.windows import embedded_texts
from settings import ROOT
from tests.agent.library import VOCABULARY
from tests.fake_model import FakeModel
from tests.fake_qdrant import FakeQdrant
from tests.raw_http import Connection, Request

pytestmark = pytest.mark.anyio


class Endpoint(FakeModel):
    """An embedding endpoint that may fall silent."""

    answers = 10**6  # requests; then it takes them and says nothing

    async def _respond(self, request: Request, client: Connection) -> None:
        if len(self.requests) > self.answers:
            await client.pause(60)
        await super()._respond(request, client)

    @property
    def embedded(self) -> int:
        return sum(len(request.json["input"]) for request in self.requests)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as server:
        yield server


@pytest.fixture
def place(tmp_path: Path) -> Location:
    return Location(tmp_path / "home" / "index")


def write_page(root: Path, number: int, words: str = "") -> Path:
    """A page of one passage."""
    root.mkdir(exist_ok=True)
    text = " ".join(VOCABULARY[(number * 31 + n) % len(VOCABULARY)] for n in range(90))
    page = root / f"{number:03}.md"
    page.write_text(f"# Page {number}\n\n{text} {words}.\n")
    return page


def write_book(root: Path, pages: int) -> Path:
    for number in range(pages):
        write_page(root, number)
    return root


async def run(
    book: Book,
    place: Location,
    endpoint: Endpoint,
    *,
    early: bool = False,
    seed: Path | None = None,
    progress: Progress | None = None,
) -> Summary:
    embedder = EndpointEmbedder("fake", api_key="key", base_url=endpoint.url)
    try:
        await embedder.warm()
        endpoint.requests.clear()
        async with open_writer(place, dimensions=embedder.dimensions) as writer:
            with EmbeddingCache(place.directory.parent / "cache", seed=seed) as cache:
                return await ingest(
                    book,
                    writer=writer,
                    embedder=embedder,
                    cache=cache,
                    progress=progress,
                    publish_early=early,
                )
    finally:
        await embedder.close()


@asynccontextmanager
async def reading(place: Location) -> AsyncIterator[Index]:
    index = await open_index(place, embedder="fake", dimensions=8)
    try:
        yield index
    finally:
        await index.close()


async def test_a_second_run_changes_nothing(
    tmp_path: Path, place: Location, endpoint: Endpoint
) -> None:
    """It embeds nothing, and publishes nothing either."""
    book = read_book(write_book(tmp_path / "book", 10))
    first = await run(book, place, endpoint)
    published = generations.current(place.directory)
    second = await run(book, place, endpoint)

    assert (first.added, first.embedded, first.passages) == (10, 10, 10)
    assert (second.added, second.changed, second.removed, second.embedded) == (0, 0, 0, 0)
    assert generations.current(place.directory) == published
    assert endpoint.requests == []


async def test_only_what_changed_is_embedded(
    tmp_path: Path, place: Location, endpoint: Endpoint
) -> None:
    """One page edited, one gone, one new."""
    root = write_book(tmp_path / "book", 10)
    await run(read_book(root), place, endpoint)
    write_page(root, 3, "now with a lighthouse")
    (root / "005.md").unlink()
    write_page(root, 77)
    summary = await run(read_book(root), place, endpoint)

    assert (summary.added, summary.changed, summary.removed) == (1, 1, 1)
    assert (summary.embedded, endpoint.embedded) == (2, 2)
    async with reading(place) as index:
        best, *_ = await index.search(query_vector("lighthouse"), None, top_k=3)
        assert best.passage.page == "003.md"


async def test_another_order_is_published(
    tmp_path: Path, place: Location, endpoint: Endpoint
) -> None:
    """No passage changed, but what comes before and after it did."""
    book = read_book(write_book(tmp_path / "book", 3))
    await run(book, place, endpoint)
    order = book.passages[::-1]
    turned = tuple(evolve(passage, ordinal=n) for n, passage in enumerate(order))
    summary = await run(evolve(book, passages=turned), place, endpoint)

    assert (summary.changed, summary.embedded) == (0, 0)
    async with reading(place) as index:
        hits = await index.search(query_vector("page"), None, top_k=3)
        found = {hit.passage.page: hit.passage.ordinal for hit in hits}
        assert found == {"002.md": 0, "001.md": 1, "000.md": 2}


async def test_vectors_are_those_of_the_texts(
    tmp_path: Path, place: Location, endpoint: Endpoint
) -> None:
    """Through the cache, as half floats, to the right passage."""
    book = read_book(write_book(tmp_path / "book", 10))
    await run(book, place, endpoint)
    embedder = EndpointEmbedder("fake", api_key="key", base_url=endpoint.url)
    wanted = await embedder.embed_query(embedded_texts(book.passages[4])[0])
    await embedder.close()

    async with reading(place) as index:
        best, *_ = await index.search(SparseVector((), ()), wanted, top_k=1)
        assert best.passage == book.passages[4]
        assert best.cosine == pytest.approx(1, abs=1e-3)


async def test_a_book_can_be_asked_while_it_is_being_embedded(
    tmp_path: Path, place: Location, endpoint: Endpoint
) -> None:
    """By words at first; when the embedding fails it stays so, and the next run goes on."""
    book = read_book(write_book(tmp_path / "book", 10))
    dark = EndpointEmbedder("fake", api_key="key", base_url=endpoint.url)
    await dark.warm()
    endpoint.embedding_status = 400
    async with open_writer(place, dimensions=8) as writer:
        with EmbeddingCache(tmp_path / "cache") as cache, pytest.raises(OSError, match="endpoint"):
            await ingest(book, writer=writer, embedder=dark, cache=cache, publish_early=True)
    await dark.close()
    async with reading(place) as index:
        assert index.manifest.embedder == "none"
        assert len(await index.search(query_vector("page"), None, top_k=8)) == 8

        endpoint.embedding_status = 200
        summary = await run(book, place, endpoint, early=True)
        await index.ping()
        assert (summary.added, summary.embedded) == (0, 10)
        assert index.manifest.embedder == "fake"


async def test_vectors_are_not_given_up_for_an_early_answer(
    tmp_path: Path, place: Location, endpoint: Endpoint
) -> None:
    """An edited page must not cost a reader the search by meaning for a minute."""
    root = write_book(tmp_path / "book", 3)
    await run(read_book(root), place, endpoint)
    write_page(root, 1, "edited")
    steps: list[str] = []

    class Steps:
        def begin(self, step: str, total: int) -> None:
            steps.append(step)

        def advance(self, count: int) -> None:
            return

    await run(read_book(root), place, endpoint, early=True, progress=Steps())
    assert steps == ["Embedding the book", "Writing the index"]


async def test_a_run_that_fails_leaves_the_old_index(
    tmp_path: Path, place: Location, endpoint: Endpoint
) -> None:
    """Readers notice nothing."""
    root = write_book(tmp_path / "book", 3)
    await run(read_book(root), place, endpoint)
    endpoint.embedding_status = 400
    embedder = EndpointEmbedder("fake", api_key="key", base_url=endpoint.url)
    embedder.dimensions = 8
    write_page(root, 9)
    async with open_writer(place, dimensions=8) as writer:
        with EmbeddingCache(tmp_path / "cache") as cache, pytest.raises(OSError, match="endpoint"):
            await ingest(read_book(root), writer=writer, embedder=embedder, cache=cache)
    await embedder.close()

    async with reading(place) as index:
        assert index.manifest.passages == 3


async def test_a_seed_saves_the_first_run(
    tmp_path: Path, place: Location, endpoint: Endpoint
) -> None:
    """Our handbook comes with its embeddings, in a checkout that may be read-only."""
    book = read_book(write_book(tmp_path / "book", 3))
    await run(book, place, endpoint)
    seed = (place.directory.parent / "cache").rename(tmp_path / "seed")
    seed.chmod(0o444)
    before = seed.read_bytes()
    elsewhere = Location(tmp_path / "elsewhere" / "index")
    summary = await run(book, elsewhere, endpoint, seed=seed)

    assert (summary.added, summary.embedded) == (3, 0)
    assert seed.read_bytes() == before


async def test_a_damaged_cache_is_made_anew(
    tmp_path: Path, place: Location, endpoint: Endpoint
) -> None:
    """It holds nothing that cannot be made again."""
    book = read_book(write_book(tmp_path / "book", 3))
    (place.directory.parent).mkdir()
    (place.directory.parent / "cache").write_bytes(b"not a database, and long enough" * 10)

    assert (await run(book, place, endpoint)).embedded == 3


async def test_a_server_s_collection_is_filled_alike(tmp_path: Path, endpoint: Endpoint) -> None:
    """The writer is all that differs."""
    root = write_book(tmp_path / "book", 10)
    with FakeQdrant() as qdrant:
        place = Location(tmp_path / "home" / "index", url=qdrant.url)
        first = await run(read_book(root), place, endpoint, early=True)
        write_page(root, 3, "edited")
        second = await run(read_book(root), place, endpoint)

        assert (first.added, first.embedded) == (10, 10)
        assert (second.changed, second.embedded) == (1, 1)
        async with reading(place) as index:
            assert (index.manifest.embedder, index.manifest.passages) == ("fake", 10)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command puts things; by words alone, so that it is quick."""
    for name in ("QDRANT_URL", "BOOK_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FOOTNOTE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EMBEDDING_MODEL", "none")
    return tmp_path / "home"


def test_the_command_reports_in_json(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One object on stdout; everything else is on stderr."""
    book = write_book(tmp_path / "book", 3)
    assert command.main([str(book), "--json"]) == 0
    said = capsys.readouterr()

    report = json.loads(said.out)
    assert (report["pages"], report["added"], report["embedder"]) == (3, 3, "none")
    assert "by words alone" in said.err
    assert generations.current(index_directory(home, book))


def test_a_dry_run_writes_nothing(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither index nor cache nor lock, and it says what there would be to do."""
    book = write_book(tmp_path / "book", 3)
    assert command.main([str(book), "--dry-run"]) == 0

    assert "3 added, 0 changed, 0 removed; nothing written" in capsys.readouterr().out
    assert not home.exists()


def test_a_rebuild_takes_nothing_over(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For an index that is suspected of being wrong."""
    book = write_book(tmp_path / "book", 3)
    command.main([str(book)])
    before = generations.current(index_directory(home, book))
    assert command.main([str(book), "--rebuild"]) == 0

    assert capsys.readouterr().out.count("3 added") == 2
    assert generations.current(index_directory(home, book)) != before


def test_a_book_that_cannot_be_read_is_one_sentence(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, no traceback."""
    assert command.main([str(tmp_path / "nowhere")]) == 1

    assert "nowhere" in capsys.readouterr().err
    assert not home.exists()


def test_bad_settings_and_bad_usage_are_the_same_code(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 names what is wrong."""
    with pytest.raises(SystemExit, match="2"):
        command.main(["--no-such-option"])
    monkeypatch.setenv("QDRANT_URL", "not a url")

    assert command.main([str(home)]) == 2
    assert "QDRANT_URL" in capsys.readouterr().err


@pytest.mark.usefixtures("home")
def test_a_server_that_is_gone_is_one_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit code 3 names the address."""
    monkeypatch.setenv("QDRANT_URL", "http://127.0.0.1:9")

    assert command.main([str(write_book(tmp_path / "book", 1))]) == 3
    assert "http://127.0.0.1:9 cannot be reached" in capsys.readouterr().err


def test_a_second_run_at_once_is_told_so(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 3 names the process that is at work."""
    book = write_book(tmp_path / "book", 1)
    with generations.claim(index_directory(home, book)):
        assert command.main([str(book)]) == 5

    assert f"process {os.getpid()}" in capsys.readouterr().err


@pytest.fixture
def with_vectors(home: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same home, and a model that makes small vectors; it is asked for their size first."""
    monkeypatch.setenv("EMBEDDING_MODEL", "fake")
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    return home


def start(book: Path, **options: Any) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "agent.ingest", str(book)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.mark.usefixtures("with_vectors")
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_stopped_is_continued(
    tmp_path: Path, endpoint: Endpoint, blow: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was embedded is kept 64 at a time, however it ended; Ctrl-C gets a sentence for it."""
    book = write_book(tmp_path / "book", 150)
    endpoint.answers = 1 + 2
    process = start(book)
    while len(endpoint.requests) <= endpoint.answers:
        time.sleep(0.01)
        assert process.poll() is None
    process.send_signal(blow)
    _, said = process.communicate()
    if blow == signal.SIGINT:
        assert process.returncode == 130
        assert said.splitlines()[-1].startswith("Stopped.")
        assert "Traceback" not in said

    endpoint.answers = 10**6
    assert command.main([str(book), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["added"], report["embedded"]) == (150, 150 + 2 * PROBES - 2 * 64)


def test_a_full_disk_is_one_sentence(home: Path, tmp_path: Path) -> None:
    """Exit code 4; the old index stays. A limit on the size of files stands in for the disk."""
    book = write_book(tmp_path / "book", 3)
    assert command.main([str(book)]) == 0
    before = generations.current(index_directory(home, book))
    write_page(book, 9)
    limit = (10_000_000, 10_000_000)
    limited = partial(resource.setrlimit, resource.RLIMIT_FSIZE, limit)
    process = start(book, preexec_fn=limited)
    _, said = process.communicate()

    assert process.returncode == 4
    assert said.splitlines()[-1].startswith("The disk is full")
    assert generations.current(index_directory(home, book)) == before


@pytest.mark.usefixtures("with_vectors")
def test_early_means_words_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A first-time user asks while the embedding goes on."""
    assert command.main([str(write_book(tmp_path / "book", 1)), "--early"]) == 0

    steps = [line.split(":")[0].removesuffix(" …") for line in capsys.readouterr().err.splitlines()]
    assert steps == ["Indexing words", "Embedding the book", "Writing the index"]


def test_a_log_gets_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """One at the beginning of each step, then one every five seconds."""
    lines = Lines(sys.stderr)
    lines.begin("Embedding the book", 128)
    lines.advance(64)
    lines.begin("Writing the index", 0)

    assert capsys.readouterr().err.splitlines() == [
        "Embedding the book: 0 of 128 …",
        "Writing the index …",
    ]


def test_a_terminal_gets_a_bar(capsys: pytest.CaptureFixture[str]) -> None:
    """Which is closed when its step is done."""
    bar = Bar(sys.stderr)
    bar.begin("Embedding the book", 128)
    bar.advance(64)
    bar.advance(64)
    bar.begin("Writing the index", 0)

    said = capsys.readouterr().err
    assert "128/128" in said
    assert said.endswith("Writing the index …\n")
