"""What a question fetches from a Qdrant server: what it finds, and once what that holds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.index import Hit, Index, Location, open_index, open_writer
from agent.terms import query_vector
from tests.agent.library import DIMENSIONS, MODEL, direction, passage, passages, publish
from tests.fake_qdrant import FakeQdrant

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def qdrant() -> Iterator[FakeQdrant]:
    with FakeQdrant() as server:
        yield server


@pytest.fixture
def location(tmp_path: Path, qdrant: FakeQdrant) -> Location:
    qdrant.reset()
    return Location(tmp_path, url=qdrant.url)


async def opened(location: Location) -> Index:
    return await open_index(location, embedder=MODEL, dimensions=DIMENSIONS)


async def ask(index: Index, question: str, *, top_k: int = 8) -> list[Hit]:
    return await index.search(query_vector(question), direction(question), top_k=top_k)


async def test_a_passage_travels_once(location: Location, qdrant: FakeQdrant) -> None:
    """With the first answer of the server; after it a passage is named, not sent."""
    await publish(open_writer(location, dimensions=DIMENSIONS), passages(12))
    index = await opened(location)
    qdrant.told.clear()

    first = await ask(index, "the page of a keeper")
    (whole,) = qdrant.told
    again = await ask(index, "the page of a keeper")
    _, named = qdrant.told
    assert [hit.passage for hit in again] == [hit.passage for hit in first]
    assert [hit.cosines for hit in again] == [hit.cosines for hit in first]
    assert named < whole / 3
    await index.close()


async def test_only_what_is_new_is_fetched(location: Location, qdrant: FakeQdrant) -> None:
    """In a second journey, of what the first question did not find."""
    book = [passage(number, f"The keeper of lamp {number}.") for number in range(6)]
    await publish(open_writer(location, dimensions=DIMENSIONS), book)
    index = await opened(location)
    alone = await ask(index, "lamp 1", top_k=1)
    qdrant.told.clear()

    found = await ask(index, "lamp 1", top_k=6)
    assert sorted(hit.passage.text for hit in found) == [each.text for each in book]
    assert alone[0].passage in [hit.passage for hit in found]
    assert all(hit.cosine for hit in found)
    assert len(qdrant.told) == 2
    await index.close()


async def test_an_edit_is_read_before_the_manifest_tells_of_it(
    location: Location,
) -> None:
    """A service looks for a new publication twice a minute; no quote is of yesterday's text."""
    await publish(open_writer(location, dimensions=DIMENSIONS), [passage(0, "A horn.")])
    index = await opened(location)
    assert [hit.passage.text for hit in await ask(index, "horn")] == ["A horn."]

    edited = passage(0, "A horn of brass.")
    await publish(open_writer(location, dimensions=DIMENSIONS), [edited])
    assert [hit.passage.text for hit in await ask(index, "horn")] == ["A horn of brass."]
    await index.close()
