"""A breaker on a clock that the test turns: whom it lets ask, and for how long nobody."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agent.providers import ProviderFailed
from agent.providers.breaker import LONGEST, LONGEST_WISH, note
from breaker import Breaker
from tests.clock import Clock

DOWN = ProviderFailed(reason="server_error", retryable=True)
LIMITED = ProviderFailed(reason="rate_limited", retryable=True, retry_after=60)
LOCKED_OUT = ProviderFailed(reason="unauthorised")
REJECTED = ProviderFailed(reason="rejected")
FAILED = [DOWN, LIMITED, LOCKED_OUT, REJECTED, ProviderFailed(reason="empty")]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("a", clock)


def fail(breaker: Breaker, failure: ProviderFailed = DOWN, times: int = 1) -> None:
    for _ in range(times):
        number = breaker.admit()
        assert number
        note(breaker, number, failure)
        breaker.release(number)


def probe(breaker: Breaker, clock: Clock) -> int:
    clock.now += breaker.wait()
    number = breaker.admit()
    assert number
    return number


def test_it_opens_after_three_failures_in_a_row(breaker: Breaker) -> None:
    fail(breaker, times=2)
    assert breaker.wait() == 0

    fail(breaker)

    assert 0.25 <= breaker.wait() <= 0.5
    assert breaker.admit() is None


def test_a_whole_answer_ends_the_row(breaker: Breaker) -> None:
    for _ in range(5):
        fail(breaker, times=2)
        breaker.succeeded(breaker.admit() or 0)

    assert breaker.wait() == 0


def test_an_answer_that_only_began_does_not_end_the_row(breaker: Breaker) -> None:
    """Else a provider that always breaks off in the middle would be asked for ever."""
    for _ in range(3):
        number = breaker.admit() or 0
        breaker.began(number)
        note(breaker, number, ProviderFailed(reason="truncated", started=True))

    assert breaker.wait() > 0


def test_pauses_double_up_to_half_a_minute(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, times=3)
    for longest in [0.5, 1, 2, 4, 8, 16, 30, 30, 30]:
        assert longest / 2 <= breaker.wait() <= longest
        clock.now += breaker.wait()
        fail(breaker)


@pytest.mark.parametrize("reason", ["unauthorised", "no_credit", "misconfigured", "redirected"])
def test_what_does_not_heal_opens_it_at_once_for_half_a_minute(
    breaker: Breaker, reason: str
) -> None:
    fail(breaker, ProviderFailed(reason=reason))

    assert breaker.wait() == LONGEST


@pytest.mark.parametrize(("wish", "seconds"), [(7, 7), (60, 60), (3600, LONGEST_WISH)])
def test_a_wish_to_be_left_alone_is_honoured_at_once_up_to_a_minute(
    breaker: Breaker, wish: float, seconds: float
) -> None:
    fail(breaker, ProviderFailed(reason="rate_limited", retryable=True, retry_after=wish))

    assert breaker.wait() == seconds


@pytest.mark.parametrize("reason", ["rejected", "empty"])
def test_a_question_that_is_refused_is_not_held_against_a_provider(
    breaker: Breaker, reason: str
) -> None:
    """No reader shall switch a model off for the others."""
    fail(breaker, ProviderFailed(reason=reason), times=20)

    assert breaker.admit()


def test_while_half_open_one_probe_asks(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, times=3)

    number = probe(breaker, clock)

    assert breaker.admit() is None
    breaker.began(number)
    assert breaker.admit()


@pytest.mark.parametrize("failure", [None, REJECTED])
def test_a_probe_without_outcome_leaves_its_place_to_the_next(
    breaker: Breaker, clock: Clock, failure: ProviderFailed | None
) -> None:
    """Its reader has left, or its question was refused: that proves nothing."""
    fail(breaker, LIMITED)
    number = probe(breaker, clock)

    if failure:
        note(breaker, number, failure)
    breaker.release(number)

    assert breaker.admit()
    assert breaker.admit() is None


def test_one_failed_probe_opens_it_again(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, LIMITED)
    clock.now += 60

    fail(breaker)

    assert 0.25 <= breaker.wait() <= 0.5


def test_what_was_asked_before_it_opened_says_nothing_about_now(breaker: Breaker) -> None:
    """A burst of failures is one outage; an answer from before it is no recovery."""
    numbers = [breaker.admit() or 0 for _ in range(20)]
    for number in numbers[1:]:
        note(breaker, number, DOWN)

    breaker.succeeded(numbers[0])

    assert 0.25 <= breaker.wait() <= 0.5


def test_each_transition_is_one_line_of_codes(
    breaker: Breaker, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    fail(breaker, LOCKED_OUT)
    for _ in range(10):
        assert breaker.admit() is None
    number = probe(breaker, clock)
    for _ in range(3):
        breaker.began(number)

    assert caplog.messages == [
        "left alone: dependency=a seconds=30.0 reason=unauthorised",
        "probed: dependency=a",
        "back: dependency=a",
    ]


class Outcomes(RuleBasedStateMachine):
    """Any outcomes in any order, of attempts that overlap as they like."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.breaker = Breaker("a", self.clock)
        self.running: list[int] = []
        self.opened = 0  # the highest number that was admitted before the last opening

    @property
    def is_closed(self) -> bool:
        return self.breaker._until is None

    @property
    def current(self) -> list[int]:
        return [number for number in self.running if number > self.opened]

    @rule(seconds=st.floats(0, 70))
    def time_passes(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def somebody_asks(self) -> None:
        was_closed, waited = self.is_closed, self.breaker.wait()
        if number := self.breaker.admit():
            self.running.append(number)
        assert not was_closed or number
        assert not (waited and number)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def an_answer_is_whole(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(self.running))
        self.breaker.succeeded(number)
        self.breaker.release(number)
        self.running.remove(number)
        assert self.is_closed or number <= self.opened

    @precondition(lambda self: self.running)
    @rule(data=st.data(), failure=st.sampled_from(FAILED))
    def an_attempt_fails(self, data: st.DataObject, failure: ProviderFailed) -> None:
        number, before = data.draw(st.sampled_from(self.running)), self.breaker._period
        note(self.breaker, number, failure)
        self.breaker.release(number)
        self.running.remove(number)
        if self.breaker._period != before:
            self.opened = before

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def a_reader_leaves(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(self.running))
        self.breaker.release(number)
        self.running.remove(number)

    @invariant()
    def never_more_than_one_probe(self) -> None:
        assert self.is_closed or len(self.current) <= 1

    @invariant()
    def never_left_alone_for_more_than_a_minute(self) -> None:
        assert self.breaker.wait() <= LONGEST_WISH + 1e-6  # floats


TestOutcomes = Outcomes.TestCase


@given(st.lists(st.sampled_from(FAILED), max_size=30))
def test_whatever_has_happened_an_answer_closes_it(failures: list[ProviderFailed]) -> None:
    clock = Clock()
    breaker = Breaker("a", clock)
    for failure in failures:
        number = probe(breaker, clock)
        note(breaker, number, failure)
        breaker.release(number)

    breaker.succeeded(probe(breaker, clock))

    assert breaker.wait() == 0
    fail(breaker, times=Breaker("a").failures - 1)
    assert breaker.admit()
