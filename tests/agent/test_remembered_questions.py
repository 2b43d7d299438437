"""Vectors of questions that are asked again."""

from pathlib import Path

import pytest

from agent import retrieval
from agent.embedding import open_embedder
from agent.index import Location
from agent.retrieval import Retriever
from tests.fake_model import FakeModel

pytestmark = pytest.mark.anyio


async def test_a_question_that_was_asked_lately_is_not_embedded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sites suggest questions; but what is remembered has a limit."""
    monkeypatch.setattr(retrieval, "REMEMBERED", 2)
    with FakeModel(dimensions=4) as model:
        embedder = open_embedder("a-model", api_key="sk", base_url=model.url)
        retriever = Retriever(Location(directory=tmp_path), embedder)

        vectors = [await retriever._vector(question) for question in ("a", "b", "a", "c", "a", "b")]

        await retriever.close()
    assert [request.json["input"] for request in model.requests] == [["a"], ["b"], ["c"], ["b"]]
    assert vectors[0] == vectors[2] == vectors[4]
    assert vectors[1] == vectors[5] != vectors[0]
