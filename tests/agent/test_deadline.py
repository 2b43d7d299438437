"""A deadline on a clock that the test turns."""

import asyncio
import time

import pytest
from attrs import define
from hypothesis import given
from hypothesis import strategies as st

from agent.deadline import Deadline, Silence


@define
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_time_left_shrinks_as_the_clock_goes_on(clock: Clock) -> None:
    deadline = Deadline.after(30, clock)

    clock.now += 12

    assert deadline.left() == 18


@pytest.mark.parametrize("late", [0.0, 0.001, 3600.0])
def test_a_deadline_that_has_passed_has_no_time_left(clock: Clock, late: float) -> None:
    deadline = Deadline.after(30, clock)

    clock.now += 30 + late

    with pytest.raises(TimeoutError):
        deadline.left()


def test_only_a_wait_that_ends_before_the_deadline_fits(clock: Clock) -> None:
    deadline = Deadline.after(30, clock)

    assert deadline.fits(29.9)
    assert not deadline.fits(30)


@pytest.mark.parametrize(("seconds", "share"), [(30, 10), (10, 4), (0.5, 0.2)])
def test_a_share_is_a_part_of_what_is_left_up_to_a_limit(
    clock: Clock, seconds: float, share: float
) -> None:
    assert Deadline.after(seconds, clock).share(10, 0.4).left() == pytest.approx(share)


@given(
    seconds=st.floats(-100, 1000),
    at_most=st.floats(0, 1000),
    fraction=st.floats(0, 1),
    passed=st.floats(0, 1000),
)
def test_a_share_never_ends_later_than_the_whole(
    seconds: float, at_most: float, fraction: float, passed: float
) -> None:
    clock = Clock()
    whole = Deadline.after(seconds, clock)

    clock.now += passed

    assert whole.share(at_most, fraction).at <= max(whole.at, clock.now) + 1e-9


def test_a_share_of_a_deadline_that_has_passed_has_passed_too(clock: Clock) -> None:
    share = Deadline.after(-1, clock).share(10, 0.4)

    with pytest.raises(TimeoutError):
        share.left()


async def words(silence: Silence, *pauses: float) -> list[float]:
    """Something is heard after each pause; when."""
    heard = []
    async with silence:
        for pause in pauses:
            await asyncio.sleep(pause)
            silence.heard()
            heard.append(time.monotonic())
    return heard


@pytest.mark.anyio
async def test_each_silence_has_its_own_time_however_many_there_are() -> None:
    began = time.monotonic()
    whole = Deadline.after(10)

    await words(Silence(whole.share(0.2), 0.2, whole), *[0.04] * 6)

    assert time.monotonic() - began >= 0.24


@pytest.mark.anyio
async def test_the_first_word_has_a_time_of_its_own() -> None:
    whole = Deadline.after(10)

    await words(Silence(whole.share(5), 0.05, whole), 0.15)
    with pytest.raises(TimeoutError):
        await words(Silence(whole.share(0.05), 5, whole), 3)


@pytest.mark.anyio
async def test_a_silence_that_is_too_long_ends_though_those_before_it_were_short() -> None:
    """The one timer has looked at the clock in the middle of it, and looks again in time."""
    whole, began = Deadline.after(10), time.monotonic()

    with pytest.raises(TimeoutError):
        await words(Silence(whole, 0.1, whole), 0.04, 5)

    assert 0.14 <= time.monotonic() - began < 1


@pytest.mark.anyio
async def test_silence_ends_with_the_deadline() -> None:
    whole, began = Deadline.after(0.1), time.monotonic()

    with pytest.raises(TimeoutError):
        await words(Silence(whole, 10, whole), 0.01, 5)

    assert time.monotonic() - began < 1
