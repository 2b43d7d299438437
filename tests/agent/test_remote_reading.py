"""What a question fetches from a Qdrant server: what it finds, and once what that holds."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from qdrant_client import models

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
    qdrant.read.clear()

    found = await ask(index, "lamp 1", top_k=6)
    assert sorted(hit.passage.text for hit in found) == [each.text for each in book]
    assert alone[0].passage in [hit.passage for hit in found]
    assert all(hit.cosine for hit in found)
    assert qdrant.read == [5]
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


async def test_an_edit_in_the_middle_of_a_question_loses_nothing(
    location: Location, qdrant: FakeQdrant
) -> None:
    """Found as it was, shown as it is."""
    book = [passage(0, "A lamp."), passage(1, "A horn.")]
    await publish(open_writer(location, dimensions=DIMENSIONS), book)
    index = await opened(location)
    await ask(index, "lamp", top_k=1)
    edited = {"text": "A horn of brass.", "fingerprint": "another"}
    qdrant.meanwhile = lambda: qdrant.local.set_payload(
        location.collection, edited, [str(book[1].passage_id)]
    )

    found = [hit.passage.text for hit in await ask(index, "horn", top_k=2)]
    assert sorted(found) == ["A horn of brass.", "A lamp."]
    await index.close()


async def test_who_searches_by_words_is_sent_no_vectors(
    location: Location, qdrant: FakeQdrant
) -> None:
    """A service without an embedding model, of an index that was made with one."""
    await publish(open_writer(location, dimensions=DIMENSIONS), passages(12))
    weights = []
    for embedder, dimensions in ((MODEL, DIMENSIONS), ("none", 0)):
        index = await open_index(location, embedder=embedder, dimensions=dimensions)
        qdrant.told.clear()
        assert await index.search(query_vector("the page"), None, top_k=8)
        weights += qdrant.told
        await index.close()

    assert len(weights) == 2
    assert weights[1] < weights[0]


@pytest.mark.parametrize("fingerprint", [["a", "b"], {"of": "something"}, 7, None])
async def test_another_tool_s_fingerprint_may_be_anything(
    location: Location, qdrant: FakeQdrant, fingerprint: object
) -> None:
    """Its collection has a member of that name by chance."""
    size = models.VectorParams(size=DIMENSIONS, distance=models.Distance.COSINE)
    qdrant.local.create_collection(location.collection, vectors_config=size)
    payload = {"text": "The horn.", "fingerprint": fingerprint}
    qdrant.local.upsert(
        location.collection, [models.PointStruct(id=1, vector=direction("horn"), payload=payload)]
    )
    index = await opened(location)

    for _ in range(2):
        (hit,) = await ask(index, "horn")
        assert hit.passage.text == "The horn."
        assert hit.cosine == pytest.approx(1, abs=1e-3)
    await index.close()
