"""Ids that sort by time."""

import time
from collections.abc import Iterator

import pytest

import identifiers
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


@pytest.fixture
def backwards(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A clock that is set back an hour."""
    last = identifiers._last
    monkeypatch.setattr(identifiers.time, "time_ns", lambda: time.monotonic_ns())
    yield
    identifiers._last = last


@pytest.mark.usefixtures("backwards")
def test_a_clock_that_jumps_back_breaks_no_order() -> None:
    """Rows keep the order in which they were made."""
    first, second = uuid7(), uuid7()

    assert first < second
