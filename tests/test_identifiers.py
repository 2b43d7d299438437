"""Ids that sort by time."""

import os
import time

import pytest

from identifiers import uuid7


def test_ids_are_unique_and_in_order() -> None:
    """Also many within one millisecond."""
    made = [uuid7() for _ in range(10_000)]

    assert made == sorted(set(made))
    assert {made_id.version for made_id in made} == {7}


def test_an_id_tells_when_it_was_made() -> None:
    """The first 48 bits are milliseconds since 1970 (RFC 9562 §5.7)."""
    before, made, after = time.time(), uuid7(), time.time()

    assert before - 0.002 <= (made.int >> 80) / 1000 <= after + 0.002


def test_a_clock_that_jumps_back_breaks_no_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows keep the order in which they were made."""
    first = uuid7()
    monkeypatch.setattr(time, "time_ns", time.monotonic_ns)  # the year 1970 again

    assert first < uuid7() < uuid7()


def test_a_forked_process_draws_its_own_ids() -> None:
    """What was read ahead is not the child's: two processes must not make one id."""
    uuid7()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, b"".join(uuid7().bytes[8:] for _ in range(20)))
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reading, 320)
    os.close(reading)
    os.close(writing)

    assert {uuid7().bytes[8:] for _ in range(20)}.isdisjoint(
        theirs[start : start + 8] for start in range(0, 160, 8)
    )
