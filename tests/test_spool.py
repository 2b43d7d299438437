"""What is written to the disk, and what is read of it whatever happened in between."""

import asyncio
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from settings import ROOT
from spool import SEGMENT_BYTES, Spool, frame, unframe

pytestmark = pytest.mark.anyio

RECORDS = st.lists(
    st.dictionaries(st.text(max_size=5), st.text(max_size=30)).map(orjson.dumps), max_size=8
)


def spool_in(place: Path, max_bytes: int = 1 << 24) -> Spool:
    return Spool(place / "spool", max_bytes)


def read(spool: Spool) -> list[bytes]:
    return [record for segment in spool.segments() for record in segment.records]


@given(RECORDS)
def test_what_is_framed_is_read_again(records: list[bytes]) -> None:
    assert unframe(b"".join(map(frame, records))) == (records, [])


@given(RECORDS, st.data())
def test_a_torn_end_costs_only_the_record_that_it_tore(
    records: list[bytes], data: st.DataObject
) -> None:
    """Which nobody was promised; nothing is called damaged."""
    whole = b"".join(map(frame, records))
    cut = data.draw(st.integers(0, len(whole)))
    intact, damaged = unframe(whole[:cut])
    ends = [len(b"".join(map(frame, records[: n + 1]))) for n in range(len(records))]

    assert intact == records[: sum(end - 1 <= cut for end in ends)]
    assert damaged == []


@given(RECORDS.filter(bool), st.data())
def test_a_changed_byte_costs_only_the_record_that_has_it(
    records: list[bytes], data: st.DataObject
) -> None:
    """Boundaries included, and in their order; whatever else is there never becomes a record."""
    segment = bytearray(b"".join(map(frame, records)))
    at = data.draw(st.integers(0, len(segment) - 1))
    segment[at] ^= data.draw(st.integers(1, 255))
    ends = [len(b"".join(map(frame, records[: n + 1]))) for n in range(len(records))]
    hit = sum(end <= at for end in ends)
    intact, _ = unframe(bytes(segment))

    assert intact in (records[:hit] + records[hit + 1 :], records)


async def test_what_was_added_is_read_once_the_segment_has_ended(tmp_path: Path) -> None:
    """In order, and gone when it is removed; what is added meanwhile goes elsewhere."""
    spool = spool_in(tmp_path)
    await asyncio.gather(*(spool.add(b'{"n":%d}' % n) for n in range(100)))
    assert read(spool) == []  # this process still writes it
    await spool.end_segment()
    await spool.add(b'"later"')
    (segment,) = spool.segments()
    segment.remove()
    await spool.end_segment()

    assert segment.records == [b'{"n":%d}' % n for n in range(100)]
    assert read(spool) == [b'"later"']
    assert spool.age() < 5
    await spool.close()


async def test_records_that_wait_together_share_a_flush(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushes: list[int] = []
    flush = os.fsync

    def counted(file: int) -> None:
        flushes.append(file)
        flush(file)

    monkeypatch.setattr("spool.os.fsync", counted)
    spool = spool_in(tmp_path)
    await asyncio.gather(*(spool.add(b"{}") for _ in range(500)))
    await spool.close()

    assert len(flushes) < 10


async def test_a_full_spool_refuses_and_keeps_what_it_has(tmp_path: Path) -> None:
    """Until somebody makes room."""
    spool = spool_in(tmp_path, max_bytes=300)
    await spool.add(b'"%b"' % (b"x" * 200))
    with pytest.raises(OSError, match="full") as refused:
        await spool.add(b'"%b"' % (b"y" * 200))
    await spool.end_segment()
    for segment in spool.segments():
        segment.remove()
    await spool.add(b'"%b"' % (b"y" * 200))

    assert refused.value.errno == errno.ENOSPC
    assert len(segment.records) == 1
    await spool.close()


async def test_a_long_outage_makes_many_segments(tmp_path: Path) -> None:
    """None larger than a mebibyte; all of it is there, in order."""
    spool = spool_in(tmp_path)
    records = [b'"%06d%b"' % (n, b"x" * 100_000) for n in range(30)]
    for record in records:
        await spool.add(record)
    await spool.end_segment()
    sizes = [path.stat().st_size for path in (tmp_path / "spool").glob("*.seg")]

    assert len(sizes) == 3
    assert max(sizes) <= SEGMENT_BYTES
    assert read(spool) == records
    await spool.close()


async def test_damage_is_kept_for_a_person_to_look_at(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    await spool.add(b'"one"')
    await spool.add(b'"two"')
    await spool.close()
    (path,) = (tmp_path / "spool").glob("*.seg")
    path.write_bytes(path.read_bytes().replace(b"one", b"0ne"))
    for segment in spool.segments():
        segment.remove()

    assert segment.records == [b'"two"']
    assert b"0ne" in path.with_suffix(".bad").read_bytes()
    assert not path.exists()


WRITER = """
import asyncio, sys
from pathlib import Path
from spool import Spool

async def write():
    spool, n = Spool(Path(sys.argv[1]), 1 << 30), 0
    while True:
        adding = [spool.add(b'"%b-%d"' % (sys.argv[2].encode(), n + i)) for i in range(5)]
        await asyncio.gather(*adding)
        n += 5
        print(n, flush=True)

asyncio.run(write())
"""


def killed_after(place: Path, name: str, acknowledged: int) -> int:
    """How many records a process had acknowledged when it was killed."""
    command = [sys.executable, "-c", WRITER, str(place), name]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        count = 0
        while count < acknowledged:
            count = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split("\n")
    return max([count, *(int(n) for n in rest[:-1] if n)])


async def test_nothing_acknowledged_is_lost_when_a_writer_is_killed(tmp_path: Path) -> None:
    """Two processes share the directory; each is killed in the middle, three times."""
    spool = spool_in(tmp_path)
    told = {
        f"{who}{turn}": await asyncio.to_thread(killed_after, spool.directory, f"{who}{turn}", 40)
        for turn in range(3)
        for who in "ab"
    }
    found = {orjson.loads(record) for record in read(spool)}

    assert {f"{name}-{n}" for name, count in told.items() for n in range(count)} <= found


async def test_two_readers_never_share_a_segment(tmp_path: Path) -> None:
    """Whoever holds its lock has it, until the next one is taken."""
    spool = spool_in(tmp_path)
    await spool.add(b"{}")
    await spool.close()
    first = spool.segments()
    next(first)
    meanwhile = read(Spool(spool.directory, 1))
    first.close()

    assert meanwhile == []
    assert read(Spool(spool.directory, 1)) == [b"{}"]


def test_a_directory_that_cannot_be_made_is_an_error_of_the_disk() -> None:
    with TemporaryDirectory() as place:
        blocked = Path(place, "file")
        blocked.touch()
        with pytest.raises(OSError, match="file"):
            asyncio.run(Spool(blocked / "spool", 1 << 20).add(b"{}"))
