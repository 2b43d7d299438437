"""Generations: whole directories that replace one another by a single rename.

    <directory>/CURRENT                 names the generation that readers open
    <directory>/generation-<time>/      written once, then never changed
    <directory>/LOCK                    held by the one writer

A reader that opened a generation keeps its files even when they are removed, and the one before
the current is kept for those that are just opening it. Knows nothing of what a generation holds.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOSPC
from pathlib import Path

from agent.index import IndexBusy

CURRENT = "CURRENT"
PREFIX = "generation-"


def stamp(directory: Path) -> tuple[int, int] | None:
    """Another value after each publication, for one ``stat``; ``None`` before the first."""
    try:
        status = (directory / CURRENT).stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


def current(directory: Path) -> Path | None:
    """The generation to read; ``None`` before the first."""
    try:
        name = (directory / CURRENT).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    return directory / Path(name).name


@contextmanager
def claim(directory: Path) -> Iterator[None]:
    """Hold *directory* for writing. Raises ``IndexBusy`` at once when another process does.

    The kernel lets go of the lock when its process ends, however it ends.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "LOCK").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise IndexBusy(
                f"Another ingest (process {holder}) is writing the index in {directory}: "
                "wait for it, then run this again."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def begin(directory: Path, need_bytes: int) -> Path:
    """An empty generation, for the holder of the claim; what killed runs left is removed.

    Raises ``OSError`` (ENOSPC) unless twice *need_bytes* are free: an engine that writes through
    memory maps dies of a full disk before it can report one.
    """
    now = current(directory)
    for path in directory.glob(f"{PREFIX}*"):
        if now is None or path.name > now.name:
            shutil.rmtree(path, ignore_errors=True)
    free = shutil.disk_usage(directory).free
    if free < 2 * need_bytes:
        raise OSError(
            ENOSPC,
            f"the index needs {2 * need_bytes / 1e6:.0f} MB, and {free / 1e6:.0f} MB are free",
        )
    generation = directory / f"{PREFIX}{time.time_ns()}"
    generation.mkdir()
    return generation


def publish(directory: Path, generation: Path) -> None:
    """Show *generation* to all readers, once every byte of it is on the disk."""
    for path in (*generation.rglob("*"), generation):
        _sync(path)
    pointer = directory / f"{CURRENT}.new"
    pointer.write_text(f"{generation.name}\n", encoding="ascii")
    _sync(pointer)
    before = current(directory)
    pointer.rename(directory / CURRENT)
    _sync(directory)
    for path in directory.glob(f"{PREFIX}*"):
        if path not in (generation, before):
            shutil.rmtree(path, ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
