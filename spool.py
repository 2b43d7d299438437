"""Rows that the database did not take, on disk until it does: fsynced segments of framed records.

A writer makes files, a reader removes whole ones, and there is no ledger that could disagree with
them (after Vector's disk buffer v2). A segment is written by one process, which holds its lock; it
is never appended to by another, because a record behind a torn one would be lost with it. Knows
bytes and files, not what they mean.
"""

import asyncio
import errno
import fcntl
import os
import re
import time
import zlib
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from identifiers import uuid7
from records import frozen

SEGMENT_BYTES = 1 << 20
ADD_SECONDS = 2.0  # a disk slower than that is out of reach, too

# A record is RS, the CRC-32 of the JSON, a space, the JSON, LF (after RFC 7464). JSON holds neither
# RS nor LF, so a reader that splits at both loses no intact record to a damaged neighbour.
RS, LF = b"\x1e", b"\n"
BOUNDARY = re.compile(b"[\x1e\n]")


def frame(record: bytes) -> bytes:
    """*record* is JSON on one line."""
    return b"%b%08x %b%b" % (RS, zlib.crc32(record), record, LF)


def unframe(segment: bytes) -> tuple[list[bytes], list[bytes]]:
    """The intact records of *segment*, in order, and the damaged pieces.

    What a crash tore off at the end was never acknowledged: it is in neither.
    """
    whole, _, torn = segment.rpartition(LF)
    intact: list[bytes] = []
    damaged: list[bytes] = []
    for piece in filter(None, BOUNDARY.split(whole)):
        record = _record(piece)
        (damaged if record is None else intact).append(piece if record is None else record)
    last = [_record(piece) for piece in BOUNDARY.split(torn)]
    return [*intact, *filter(None, last)], damaged


def _record(piece: bytes) -> bytes | None:
    record = piece[9:]
    return record if piece[:9] == b"%08x " % zlib.crc32(record) and record else None


@frozen
class Segment:
    """A segment that nobody writes any more, locked while this process reads it."""

    path: Path
    records: Sequence[bytes]
    damaged: Sequence[bytes]

    def remove(self) -> None:
        """Its records are settled. What was damaged is kept beside it, for a person to look at."""
        if self.damaged:
            self.set_aside(self.damaged)
        self.path.unlink(missing_ok=True)

    def set_aside(self, pieces: Sequence[bytes]) -> None:
        with self.path.with_suffix(".bad").open("ab") as bad:
            bad.writelines(piece + LF for piece in pieces)
            bad.flush()
            os.fsync(bad.fileno())


class Spool:
    """Records in *directory*, at most *max_bytes* of them; any number of processes may share it."""

    def __init__(self, directory: Path, max_bytes: int) -> None:
        self.directory, self.max_bytes = directory, max_bytes
        self._thread = ThreadPoolExecutor(1, "spool")
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._file = -1
        self._written = 0  # bytes of the open segment

    async def add(self, record: bytes) -> None:
        """Return when *record* is on the disk; records that wait together share one flush.

        Raises ``OSError``, ``TimeoutError`` among it, when it is not, or when the spool is full.
        """
        written = asyncio.get_running_loop().create_future()
        self._waiting.append((frame(record), written))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        async with asyncio.timeout(ADD_SECONDS):
            await written

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting, []
            data = b"".join(framed for framed, _ in batch)
            error: OSError | None = None
            try:
                await loop.run_in_executor(self._thread, self._append, data)
            except OSError as failure:
                error = failure
            for _, written in batch:
                if not written.done() and error:
                    written.set_exception(error)
                elif not written.done():
                    written.set_result(None)
        self._writing = None

    def _append(self, data: bytes) -> None:
        """One write and one flush. After any failure the segment is left as it is, for good."""
        if self.size() + len(data) > self.max_bytes:
            raise OSError(errno.ENOSPC, "the spool is full")
        if self._file < 0 or self._written + len(data) > SEGMENT_BYTES:
            self._close_segment()
            self._open_segment()
        try:
            written = os.write(self._file, data)
            os.fsync(self._file)
        except OSError:
            self._close_segment()
            raise
        if written < len(data):
            self._close_segment()
            raise OSError(errno.ENOSPC, "the disk is full")
        self._written += written

    def _open_segment(self) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.directory / f"{uuid7().hex}.seg"
        self._file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o600)
        self._written = 0
        fcntl.flock(self._file, fcntl.LOCK_EX)
        directory = os.open(self.directory, os.O_RDONLY)
        try:
            os.fsync(directory)  # else the name may be lost with the power
        finally:
            os.close(directory)

    def _close_segment(self) -> None:
        if self._file >= 0:
            os.close(self._file)  # which unlocks it
            self._file = -1

    async def end_segment(self) -> None:
        """What was written so far can be read; what comes goes into a new segment."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close_segment)

    def segments(self) -> Generator[Segment, None, None]:
        """Those that nobody writes or reads, oldest first, each locked until the next is taken."""
        for path in self._paths():
            with suppress(FileNotFoundError), _locked(path) as file:
                if file is not None:
                    with os.fdopen(os.dup(file), "rb") as reading:
                        yield Segment(path, *unframe(reading.read()))

    def size(self) -> int:
        """Bytes that wait, of all processes."""
        total = 0
        for path in self._paths():
            with suppress(FileNotFoundError):
                total += path.stat().st_size
        return total

    def age(self) -> float:
        """Seconds since the oldest segment was begun; 0 when none waits."""
        oldest = next(iter(self._paths()), None)
        if oldest is None:
            return 0.0
        return max(0.0, time.time() - (int(oldest.stem, 16) >> 80) / 1000)

    def _paths(self) -> list[Path]:
        return sorted(self.directory.glob("*.seg"))

    async def close(self) -> None:
        """Write what waits; segments stay for the next start."""
        if self._writing:
            await asyncio.wait({self._writing}, timeout=ADD_SECONDS)
        self._thread.submit(self._close_segment)
        self._thread.shutdown(wait=True)


@contextmanager
def _locked(path: Path) -> Iterator[int | None]:
    """The open file, locked; ``None`` when another process has it."""
    file = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield file
    except BlockingIOError:
        yield None
    finally:
        os.close(file)
