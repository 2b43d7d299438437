"""Embeddings that were made before: text → vector, in one SQLite file.

A run that was killed goes on where it was, and a book that changed embeds only what is new. A seed
is such a file that comes with the software and is only read. Vectors are kept as half floats, as
the index keeps them.
"""

import sqlite3
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from errno import EIO, ENOSPC
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

TABLE = """
create table if not exists embeddings (
    key blob primary key,
    vector blob not null
) without rowid
"""


class EmbeddingCache:
    """For one run and one thread at a time; another process may share the file.

    Raises ``OSError`` when its disk is full or fails. A file that is no cache is replaced.
    """

    def __init__(self, path: Path, *, seed: Path | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._own = _opened(path)
        self._seed = None
        if seed and seed.exists():  # immutable: neither locks nor journals, so a read-only checkout
            uri = f"{seed.resolve().as_uri()}?immutable=1"
            self._seed = sqlite3.connect(uri, uri=True, check_same_thread=False)

    def has(self, model: str, text: str) -> bool:
        return self._stored(model, text) is not None

    def find(self, model: str, text: str) -> tuple[float, ...] | None:
        stored = self._stored(model, text)
        return None if stored is None else struct.unpack(f"<{len(stored) // 2}e", stored)

    def add(self, model: str, texts: Sequence[str], vectors: Sequence[Sequence[float]]) -> None:
        """Keep the vector of each text; on the disk when this returns."""
        rows = [
            (_key(model, text), struct.pack(f"<{len(vector)}e", *vector))
            for text, vector in zip(texts, vectors, strict=True)
        ]
        with _disk_errors(), self._own:
            self._own.executemany("insert or replace into embeddings values (?, ?)", rows)

    def _stored(self, model: str, text: str) -> bytes | None:
        key = (_key(model, text),)
        for file in filter(None, (self._own, self._seed)):
            found = file.execute("select vector from embeddings where key = ?", key).fetchone()
            if found:
                stored: bytes = found[0]
                return stored
        return None

    def close(self) -> None:
        for file in filter(None, (self._own, self._seed)):
            file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _key(model: str, text: str) -> bytes:
    return sha256(f"{model}\0{text}".encode()).digest()


def _opened(path: Path) -> sqlite3.Connection:
    try:
        return _connect(path)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise OSError(EIO, f"the embedding cache {path} cannot be opened: {error}") from None
        path.unlink()  # no cache, or a damaged one: nothing is lost that cannot be made again
        return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    # check_same_thread: one thread embeds, another publishes, never both at once
    file = sqlite3.connect(path, timeout=30, check_same_thread=False)
    try:
        with _disk_errors(), file:
            file.execute(TABLE)
    except BaseException:
        file.close()
        raise
    return file


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            raise OSError(ENOSPC, "the embedding cache cannot grow") from None
        raise OSError(EIO, f"the embedding cache cannot be written: {error}") from None
