"""Both index adapters: embedded Qdrant in a directory, and the real client to a server."""

import asyncio
import errno
import multiprocessing
import os
import re
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from attrs import evolve
from qdrant_client import models

from agent.index import (
    Index,
    IndexBusy,
    IndexUnusable,
    Location,
    generations,
    index_directory,
    open_index,
    open_writer,
)
from agent.passages import Passage, in_reading_order
from agent.terms import SparseVector, query_vector
from tests.agent.library import (
    DIMENSIONS,
    MODEL,
    VOCABULARY,
    count_pages,
    direction,
    manifest,
    passage,
    passages,
    publish,
    terms,
    vector,
    vectors,
)
from tests.fake_qdrant import FakeQdrant

pytestmark = pytest.mark.anyio

NO_WORDS = SparseVector((), ())


@pytest.fixture(scope="module")
def server() -> Iterator[FakeQdrant]:
    with FakeQdrant() as server:
        yield server


@pytest.fixture
def qdrant(server: FakeQdrant) -> FakeQdrant:
    """As good as new."""
    server.reset()
    return server


@pytest.fixture
def embedded(tmp_path: Path) -> Location:
    return Location(tmp_path / "index")


@pytest.fixture
def remote(tmp_path: Path, qdrant: FakeQdrant) -> Location:
    return Location(tmp_path / "unused", url=qdrant.url, collection="book")


@pytest.fixture(params=["embedded", "remote"])
def location(request: pytest.FixtureRequest) -> Location:
    found: Location = request.getfixturevalue(request.param)
    return found


BOOK = passages(50)


@pytest.fixture(scope="module")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Location]]:
    """BOOK in both kinds of index, for tests that only read."""
    directory = tmp_path_factory.mktemp("shelf") / "index"
    with FakeQdrant() as qdrant:
        places = {"embedded": Location(directory), "remote": Location(directory, url=qdrant.url)}
        for place in places.values():
            asyncio.run(put(place, BOOK))
        yield places


@pytest.fixture(params=["embedded", "remote"])
def shelf(request: pytest.FixtureRequest, shelves: dict[str, Location]) -> Location:
    return shelves[request.param]


async def put(location: Location, of: list[Passage], *, embedder: str = MODEL) -> None:
    await publish(open_writer(location, dimensions=DIMENSIONS), of, embedder=embedder)


@asynccontextmanager
async def reading(location: Location, *, embedder: str = MODEL) -> AsyncIterator[Index]:
    dimensions = 0 if embedder == "none" else DIMENSIONS
    index = await open_index(location, embedder=embedder, dimensions=dimensions)
    try:
        yield index
    finally:
        await index.close()


async def found(index: Index, question: str, *, top_k: int = 8) -> list[Passage]:
    hits = await index.search(query_vector(question), None, top_k=top_k)
    return [hit.passage for hit in hits]


async def test_both_adapters_rank_alike(shelves: dict[str, Location]) -> None:
    """A book answers the same from a laptop and from a cluster."""
    async with reading(shelves["embedded"]) as one, reading(shelves["remote"]) as other:
        for number in range(30):
            question = f"{VOCABULARY[number]} {VOCABULARY[number * 7 % 132]} {number}"
            asked = query_vector(question), direction(question)
            here = await one.search(*asked, top_k=8)
            there = await other.search(*asked, top_k=8)

            assert [hit.passage for hit in here] == [hit.passage for hit in there]
            assert [hit.score for hit in here] == pytest.approx([h.score for h in there], abs=1e-3)
            assert [h.cosine for h in here] == pytest.approx([h.cosine for h in there], abs=1e-3)


async def test_a_passage_comes_back_as_it_was(shelf: Location) -> None:
    """Blocks, sections and all."""
    async with reading(shelf) as index:
        assert in_reading_order(await found(index, "page", top_k=50)) == BOOK


async def test_the_manifest_comes_back_as_it_was(shelf: Location) -> None:
    """With the document frequencies that the gate counts on."""
    async with reading(shelf) as index:
        assert index.manifest == manifest(BOOK)


async def test_passages_are_found_by_meaning_alone(shelf: Location) -> None:
    """The question's words may all be others."""
    async with reading(shelf) as index:
        best, *_ = await index.search(NO_WORDS, vector(BOOK[17].text), top_k=3)

        assert best.passage == BOOK[17]
        assert best.cosine == pytest.approx(1.0, abs=1e-3)


async def test_a_question_of_stop_words_finds_nothing(shelf: Location) -> None:
    """Neither words nor a meaning: there is nothing to search by."""
    async with reading(shelf) as index:
        assert await index.search(query_vector("what is it about"), None, top_k=3) == []


async def test_ties_come_in_reading_order(location: Location) -> None:
    """The same sentence twice: the first place is the better citation."""
    book = [passage(n, "The keeper trims the wick.") for n in range(5)]
    await put(location, book)

    async with reading(location) as index:
        assert await found(index, "wick") == book


async def test_what_is_published_is_all_there_is(location: Location) -> None:
    """Passages that left the book leave the index, and the reader notices without a restart."""
    await put(location, [passage(0, "A lamp."), passage(1, "A horn.")])
    async with reading(location) as index:
        await put(location, [passage(1, "A horn."), passage(2, "A gull.")])
        await index.ping()

        assert await found(index, "lamp") == []
        assert [p.text for p in await found(index, "horn gull")] == ["A horn.", "A gull."]


async def test_searching_alone_notices_within_a_moment(embedded: Location) -> None:
    """Each search looking would let go of the interpreter once more."""
    await put(embedded, [passage(0, "A lamp.")])
    async with reading(embedded) as index, asyncio.timeout(5):
        await put(embedded, [passage(1, "A horn.")])
        while not await found(index, "horn"):
            pass

        assert await found(index, "lamp") == []


async def test_a_passage_that_changes_is_read_anew(location: Location) -> None:
    """What is known of a passage holds until the next index is published."""
    await put(location, [passage(0, "A horn.")])
    async with reading(location) as index:
        assert [p.text for p in await found(index, "horn")] == ["A horn."]
        await put(location, [passage(0, "A horn of brass.")])
        await index.ping()

        assert [p.text for p in await found(index, "horn")] == ["A horn of brass."]


async def test_passages_are_found_again_when_they_are_no_longer_known(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However large a book is, only so many of its passages are kept in memory."""
    monkeypatch.setattr("agent.index.edge.MOST", 2)
    monkeypatch.setattr("agent.index.remote.MOST", 2)
    book = [passage(n, "The keeper trims the wick.") for n in range(5)]
    await put(location, book)

    async with reading(location) as index:
        for _ in range(2):
            assert await found(index, "wick") == book


async def test_an_index_of_words_ignores_a_question_s_vector(location: Location) -> None:
    """So that an index can be asked while its embeddings are being made."""
    book = passages(20)
    await put(location, book, embedder="none")

    async with reading(location) as index:
        hits = await index.search(query_vector("page"), vector("page"), top_k=3)

        assert [hit.cosine for hit in hits] == [None] * 3


async def test_vectors_can_be_published_later(location: Location) -> None:
    """First by words, then with vectors, in one run; the reader goes along."""
    book = passages(20)
    async with open_writer(location, dimensions=DIMENSIONS) as writer:
        await writer.claim()
        await writer.publish(manifest(book, embedder="none"), book, terms(book), {})
        async with reading(location) as index:
            await writer.publish(manifest(book), book, terms(book), vectors(book))
            await index.ping()

            best, *_ = await index.search(NO_WORDS, vector(book[5].text), top_k=1)
            assert best.passage == book[5]


async def test_without_an_embedder_any_index_is_searched_by_words(shelf: Location) -> None:
    """A small deployment can read the index that a laptop made."""
    async with reading(shelf, embedder="none") as index:
        assert len(await found(index, "page", top_k=3)) == 3


async def test_another_model_is_refused(shelf: Location) -> None:
    """Its vectors would find nonsense; the message names both."""
    with pytest.raises(IndexUnusable, match=r"'test-model'.*'other'"):
        await open_index(shelf, embedder="other", dimensions=DIMENSIONS)


async def test_another_size_is_refused(shelf: Location) -> None:
    """A model of the same name that makes other vectors is another model."""
    with pytest.raises(IndexUnusable, match=r"8 dimensions.*makes 9"):
        await open_index(shelf, embedder=MODEL, dimensions=9)


async def test_another_schema_is_refused(location: Location) -> None:
    """What a later version wrote is not guessed at."""
    book = passages(3)
    async with open_writer(location, dimensions=DIMENSIONS) as writer:
        await writer.claim()
        later = evolve(manifest(book), schema=99)
        await writer.publish(later, book, terms(book), vectors(book))

    with pytest.raises(IndexUnusable, match="schema 99"):
        await open_index(location, embedder=MODEL, dimensions=DIMENSIONS)


async def test_an_index_that_was_never_built_says_so(location: Location) -> None:
    """The message names the command that builds it."""
    with pytest.raises(IndexUnusable, match="make ingest"):
        await open_index(location, embedder=MODEL, dimensions=DIMENSIONS)


async def test_a_writer_knows_what_is_indexed(location: Location) -> None:
    """Nothing at first, then every fingerprint; with `rebuild` it takes nothing over."""
    book = passages(5)
    async with open_writer(location, dimensions=DIMENSIONS) as writer:
        assert await writer.fingerprints() == {}
        assert await writer.manifest() is None
    await put(location, book)

    async with open_writer(location, dimensions=DIMENSIONS) as writer:
        assert await writer.fingerprints() == {p.passage_id: p.fingerprint for p in book}
        assert await writer.manifest() == manifest(book)
    async with open_writer(location, dimensions=DIMENSIONS, rebuild=True) as writer:
        assert await writer.fingerprints() == {}
        assert await writer.manifest() is None


async def test_searches_may_run_at_once(shelf: Location) -> None:
    """One index serves all requests of a service."""
    async with reading(shelf) as index:
        searches = [index.search(NO_WORDS, vector(p.text), top_k=1) for p in BOOK]
        hits = await asyncio.gather(*searches)

        assert [first.passage for first, *_ in hits] == BOOK


async def test_one_run_at_a_time_writes_a_directory(embedded: Location) -> None:
    """The second is told at once, and who is first."""
    first = open_writer(embedded, dimensions=DIMENSIONS)
    second = open_writer(embedded, dimensions=DIMENSIONS)
    async with first, second:
        await first.claim()

        with pytest.raises(IndexBusy, match=r"process \d+"):
            await second.claim()


async def test_a_full_disk_keeps_the_old_index(
    embedded: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is noticed before a byte is written: memory maps would die of it later."""
    await put(embedded, passages(3))
    usage = shutil.disk_usage(embedded.directory.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))

    with pytest.raises(OSError, match="MB are free") as failed:
        await put(embedded, passages(5))
    assert failed.value.errno == errno.ENOSPC
    async with reading(embedded) as index:
        assert index.manifest.passages == 3


async def test_one_older_generation_is_kept(embedded: Location) -> None:
    """For readers that are just opening it; what a killed run left goes."""
    for count in (1, 2, 3):
        await put(embedded, passages(count))
    (embedded.directory / f"generation-{time.time_ns()}").mkdir()

    await put(embedded, passages(4))
    assert len(list(embedded.directory.glob("generation-*"))) == 2


async def test_a_generation_that_cannot_be_used_leaves_the_old_one_in_service(
    embedded: Location,
) -> None:
    """An ingest with another model must not stop a running service."""
    book = passages(3)
    await put(embedded, book)
    async with reading(embedded) as index:
        await put(embedded, passages(2), embedder="other")

        assert in_reading_order(await found(index, "page")) == book


async def test_a_damaged_generation_is_named(embedded: Location) -> None:
    """And ingest builds over it as if it were new."""
    await put(embedded, passages(3))
    generation = generations.current(embedded.directory)
    assert generation
    (generation / "manifest.json").write_text("{")

    with pytest.raises(IndexUnusable, match="damaged"):
        await open_index(embedded, embedder=MODEL, dimensions=DIMENSIONS)
    async with open_writer(embedded, dimensions=DIMENSIONS) as writer:
        assert await writer.fingerprints() == {}


def test_several_processes_read_one_directory(shelves: dict[str, Location]) -> None:
    """As uvicorn's workers do."""
    context = multiprocessing.get_context("spawn")

    with context.Pool(2) as workers:
        assert workers.map(count_pages, [shelves["embedded"]] * 4) == [5] * 4


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes where it likes")
async def test_a_read_only_directory_is_read(embedded: Location) -> None:
    """An image with the index in it, run without a right to write."""
    await put(embedded, passages(3))
    for path in [*embedded.directory.rglob("*"), embedded.directory]:
        path.chmod(0o555 if path.is_dir() else 0o444)

    async with reading(embedded) as index:
        assert len(await found(index, "page")) == 3
    for path in [embedded.directory, *embedded.directory.rglob("*")]:
        path.chmod(0o755)


async def test_an_open_index_holds_what_it_has_read_and_no_empty_file(embedded: Location) -> None:
    """Qdrant keeps vectors in files of 32 MiB, which it would read whole when it opens them."""
    await put(embedded, BOOK)

    async with reading(embedded) as index:
        assert await found(index, BOOK[7].text)
        assert resident(embedded.directory) < 4096  # KiB


def resident(directory: Path) -> int:
    """KiB of the files below *directory* that this process has mapped and in memory."""
    maps = Path("/proc/self/smaps").read_text(encoding="utf-8")
    parts = re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", maps, flags=re.MULTILINE)
    ours = "".join(part for part in parts if str(directory) in part.partition("\n")[0])
    return sum(map(int, re.findall(r"^Rss: +(\d+) kB", ours, re.MULTILINE)))


async def test_every_book_has_a_place_of_its_own(tmp_path: Path) -> None:
    """Two folders of the same name are two books; one folder is one, however it is written."""
    one = index_directory(tmp_path, Path("/books/a/docs"))
    same = index_directory(tmp_path, Path("/books/a/../a/docs/"))
    other = index_directory(tmp_path, Path("/books/b/docs"))

    assert one == same != other
    assert one.parent == tmp_path / "index"
    assert one.name.startswith("docs-")


async def test_only_what_changed_is_sent(remote: Location, qdrant: FakeQdrant) -> None:
    """Two of a hundred passages: two points and the manifest."""
    book = passages(100)
    await put(remote, book)
    qdrant.upserted = 0

    await put(remote, [*book[:98], passage(98, "New."), passage(200, "Newer.")])
    assert qdrant.upserted == 3


async def test_an_index_of_another_shape_replaces_the_old_one_in_one_step(
    remote: Location, qdrant: FakeQdrant
) -> None:
    """Built beside it, shown by its alias, and the old one is gone."""
    await publish(open_writer(remote, dimensions=0), passages(3), embedder="none")
    await put(remote, passages(4))

    async with reading(remote) as index:
        assert index.manifest == manifest(passages(4))
    assert len(qdrant.local.get_collections().collections) == 1


async def test_reading_writes_nothing(remote: Location, qdrant: FakeQdrant) -> None:
    """The service's key may be read-only."""
    await put(remote, passages(3))
    qdrant.written.clear()

    async with reading(remote) as index:
        await found(index, "page")
        await index.ping()
    assert qdrant.written == []


async def test_a_slow_server_costs_no_more_than_the_deadline(
    remote: Location, qdrant: FakeQdrant
) -> None:
    """And it answers again when it has recovered."""
    await put(remote, passages(3))
    async with reading(evolve(remote, timeout=0.2)) as index:
        qdrant.delay = 1.0
        started = time.monotonic()
        with pytest.raises(TimeoutError, match="in time"):
            await found(index, "page")
        assert time.monotonic() - started < 0.6

        qdrant.delay = 0.0
        assert len(await found(index, "page")) == 3


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_failing_server_is_out_of_reach(
    remote: Location, qdrant: FakeQdrant, status: int
) -> None:
    """An outage: the service degrades and tries again."""
    await put(remote, passages(1))
    async with reading(remote) as index:
        qdrant.status = status

        with pytest.raises(OSError, match=str(status)):
            await found(index, "page")


async def test_a_server_that_is_gone_is_out_of_reach(tmp_path: Path) -> None:
    """Nobody listens any more."""
    with FakeQdrant() as qdrant:
        remote = Location(tmp_path, url=qdrant.url)
        await put(remote, passages(3))
        async with reading(remote) as index:
            qdrant.stop()

            with pytest.raises(OSError, match="cannot be reached"):
                await found(index, "page")


async def test_a_refused_key_is_for_people_to_mend(remote: Location, qdrant: FakeQdrant) -> None:
    """The message names the setting, not the key."""
    qdrant.status = 403

    with pytest.raises(IndexUnusable, match="QDRANT_API_KEY"):
        await open_index(remote, embedder=MODEL, dimensions=DIMENSIONS)


def filled_by_another_tool(qdrant: FakeQdrant, name: str | None) -> None:
    """A collection as the usual tutorials make it."""
    size = models.VectorParams(size=DIMENSIONS, distance=models.Distance.COSINE)
    qdrant.local.create_collection("book", vectors_config={name: size} if name else size)
    texts = {7: "The keeper trims the wick.", 8: "The horn sounds in fog."}
    points = [
        models.PointStruct(
            id=number,
            vector={name: vector(text)} if name else vector(text),
            payload={"content": text, "file_path": "lamp.md", "chapter": "Light"},
        )
        for number, text in texts.items()
    ]
    nothing = models.PointStruct(
        id=9, vector={name: vector("?")} if name else vector("?"), payload={"kind": "image"}
    )
    qdrant.local.upsert("book", [*points, nothing])


@pytest.mark.parametrize("name", [None, "text-dense"])
async def test_a_collection_of_another_tool_is_searched_by_meaning(
    remote: Location, qdrant: FakeQdrant, name: str | None
) -> None:
    """Unnamed vector or named, numbers for ids, a point without text among them."""
    filled_by_another_tool(qdrant, name)

    async with reading(remote) as index:
        wanted = vector("The horn sounds in fog.")
        best, *_ = await index.search(query_vector("horn"), wanted, top_k=3)

        assert best.passage.text == "The horn sounds in fog."
        assert (best.passage.page, best.passage.chapter) == ("lamp.md", "Light")
        assert best.passage.passage_id == UUID(int=8)
        assert best.cosine == pytest.approx(1.0, abs=1e-3)
        assert index.manifest.dimensions == DIMENSIONS
        assert index.manifest.document_frequency == {}


async def test_a_collection_of_another_tool_cannot_be_searched_by_words(
    remote: Location, qdrant: FakeQdrant
) -> None:
    """No embedding of the question is an outage there, not an empty result."""
    filled_by_another_tool(qdrant, None)

    async with reading(remote) as index:
        with pytest.raises(OSError, match="vector"):
            await found(index, "horn")


async def test_a_collection_of_another_size_names_both(
    remote: Location, qdrant: FakeQdrant
) -> None:
    """At the first contact, not at the first question."""
    filled_by_another_tool(qdrant, None)

    with pytest.raises(IndexUnusable, match=r"8 dimensions.*384"):
        await open_index(remote, embedder="all-MiniLM-L6-v2-int8x8", dimensions=384)


@pytest.mark.parametrize("rebuild", [False, True])
async def test_a_collection_of_another_tool_is_never_overwritten(
    remote: Location, qdrant: FakeQdrant, *, rebuild: bool
) -> None:
    """Not even when a rebuild is asked for."""
    filled_by_another_tool(qdrant, None)

    writer = open_writer(remote, dimensions=DIMENSIONS, rebuild=rebuild)
    with pytest.raises(IndexUnusable, match="QDRANT_COLLECTION"):
        await publish(writer, passages(3))
    assert qdrant.written == []


async def test_both_adapters_search_within_pages_alike(shelves: dict[str, Location]) -> None:
    """Some pages as a whole: each of their passages is a candidate, and nothing else is."""
    async with reading(shelves["embedded"]) as one, reading(shelves["remote"]) as other:
        for number in range(10):
            question = f"{VOCABULARY[number]} {VOCABULARY[number * 7 % 132]} {number}"
            asked = query_vector(question), direction(question)
            pages = ("page-1.md", "page-4.md") if number % 2 else ("page-3.md",)
            here = await one.search(*asked, top_k=30, within=pages)
            there = await other.search(*asked, top_k=30, within=pages)

            assert len(here) == 10 * len(pages)
            assert {hit.passage.page for hit in here} == set(pages)
            assert [hit.passage for hit in here] == [hit.passage for hit in there]
            assert [hit.score for hit in here] == pytest.approx([h.score for h in there], abs=1e-3)


async def test_a_page_is_searched_whole_however_poor_it_is(location: Location) -> None:
    """A filter behind the fusion would find nothing: a hundred others match better."""
    book = [passage(n, "wick") for n in range(120)]
    poor = passage(120, f"The {'keeper of the tower ' * 9} trims no wick.")
    await put(location, [*book, poor])

    async with reading(location) as index:
        words, meaning = query_vector("wick"), vector("wick")
        hits = await index.search(words, meaning, top_k=8, within=["page-12.md"])

        assert [hit.passage for hit in hits] == [poor]


async def test_a_page_that_is_not_there_has_nothing(shelf: Location) -> None:
    """Rather than the rest of the book."""
    async with reading(shelf) as index:
        asked = query_vector("page"), vector("page")

        assert await index.search(*asked, top_k=8, within=["nowhere.md"]) == []


async def test_a_collection_of_another_tool_is_searched_as_a_whole_only(
    remote: Location, qdrant: FakeQdrant
) -> None:
    """Nobody knows by what name it holds its pages, and a guess would find nothing, silently."""
    filled_by_another_tool(qdrant, None)

    async with reading(remote) as index:
        with pytest.raises(IndexUnusable, match="as a whole"):
            await index.search(query_vector("horn"), vector("horn"), top_k=3, within=["lamp.md"])
