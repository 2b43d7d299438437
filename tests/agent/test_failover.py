"""Providers that fail over and over are left alone, on a clock that the test turns."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from agent.deadline import Deadline
from agent.providers import Answered, Message, ProviderFailed
from agent.providers.cache import AnswerCache
from agent.providers.failover import Failover, cost_usd
from agent.providers.openai_compatible import OpenAICompatible
from models import Usage
from tests.clock import Clock
from tests.fake_model import TEXT, Behaviour, FakeModel

pytestmark = pytest.mark.anyio
PROMPT = [Message("system", "Be brief."), Message("user", "What did the butler see?")]
PRICES = {"gpt-0": (0.25, 2.0)}
SECOND = "The second answers."
Open = Callable[..., Failover]


def prompt() -> list[Message]:
    return PROMPT


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def first() -> Iterator[FakeModel]:
    with FakeModel() as model:
        yield model


@pytest.fixture
def second() -> Iterator[FakeModel]:
    with FakeModel() as model:
        model.say(SECOND)
        yield model


@pytest.fixture
async def opened(clock: Clock) -> AsyncIterator[Open]:
    """Failover over models ``0``, ``1``, …, whose breakers and cache have the test's clock."""
    all_opened: list[Failover] = []

    def over(*models: FakeModel) -> Failover:
        providers = tuple(
            OpenAICompatible(name=str(i), model=f"gpt-{i}", base_url=model.url, api_key="sk")
            for i, model in enumerate(models)
        )
        all_opened.append(Failover(providers, AnswerCache(9, clock), PRICES, clock))
        return all_opened[-1]

    yield over
    for models in all_opened:
        await models.close()


async def ask(models: Failover, *, remembers: bool = False) -> tuple[str, Answered]:
    texts: list[str] = []
    end = await models.write(prompt, Deadline.after(10), texts.append, remembers=remembers)
    return "".join(texts), end


async def failure(models: Failover) -> ProviderFailed:
    with pytest.raises(ProviderFailed) as failed:
        await ask(models)
    return failed.value


async def test_after_429_retry_after_60_the_next_questions_go_straight_to_the_second(
    opened: Open, first: FakeModel, second: FakeModel, clock: Clock
) -> None:
    first.fail(429, retry_after=60)
    first.say()
    models = opened(first, second)

    answers = [(await ask(models))[0] for _ in range(5)]

    assert (answers, len(first.requests)) == ([SECOND] * 5, 1)
    clock.now += 60
    assert (await ask(models))[0] == TEXT


async def test_when_all_are_left_alone_nobody_is_asked(opened: Open, first: FakeModel) -> None:
    """So that readers get quotes at once."""
    first.fail(401)
    with FakeModel() as busy:
        busy.fail(429, retry_after=30)
        models = opened(first, busy)
        reasons = [(await failure(models)).reason for _ in range(3)]

    assert reasons == ["rate_limited", "open", "open"]
    assert (len(first.requests), len(busy.requests)) == (1, 1)


async def test_a_provider_that_is_down_is_asked_three_times(
    opened: Open, first: FakeModel, second: FakeModel
) -> None:
    first.fail(500)
    models = opened(first, second)

    answers = [(await ask(models))[0] for _ in range(6)]

    assert (answers, len(first.requests)) == ([SECOND] * 6, 3)


@pytest.mark.parametrize("behaviour", ["cut", "eof", "error", "garbage"])
async def test_a_provider_that_always_breaks_off_is_left_alone(
    opened: Open, first: FakeModel, second: FakeModel, behaviour: Behaviour
) -> None:
    first.behave(behaviour)
    models = opened(first, second)

    assert all([(await failure(models)).started for _ in range(3)])
    assert (await ask(models))[0] == SECOND


async def test_an_answer_that_outlives_its_deadline_is_not_held_against_a_provider(
    opened: Open, first: FakeModel
) -> None:
    """A long answer is no outage."""
    first.say("word " * 50, gap=0.05)
    models = opened(first)
    for _ in range(3):
        with pytest.raises(ProviderFailed, match="timeout"):
            await models.write(prompt, Deadline.after(0.4), lambda _: None)

    assert models._guarded[0].breaker.wait() == 0


@pytest.mark.parametrize("status", [400, 422])
async def test_a_rejected_question_switches_no_model_off(
    opened: Open, first: FakeModel, second: FakeModel, status: int
) -> None:
    first.fail(status)
    models = opened(first, second)
    answers = [(await ask(models))[0] for _ in range(5)]
    first.say()

    assert answers == [SECOND] * 5
    assert (await ask(models))[0] == TEXT


async def test_a_probe_whose_reader_leaves_makes_room_for_another(
    opened: Open, first: FakeModel, clock: Clock
) -> None:
    """Before the first text, or in the middle of the answer."""
    first.fail(401)
    first.behave("silent")
    first.say()
    models = opened(first)
    await failure(models)
    clock.now += 30

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await ask(models)
    left = asyncio.Event()
    leaving = asyncio.create_task(models.write(prompt, Deadline.after(10), lambda _: left.set()))
    await left.wait()
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)

    assert (await ask(models))[0] == TEXT


async def test_an_answer_that_hits_the_limit_of_tokens_shows_that_it_is_cut(
    opened: Open, first: FakeModel, second: FakeModel
) -> None:
    first.say("The butler saw", finish_reason="length")

    text, end = await ask(opened(first, second), remembers=True)

    assert (text, end.finish_reason, end.provider) == ("The butler saw …", "length", "0")


async def test_an_answer_that_the_provider_withholds_breaks_off(
    opened: Open, first: FakeModel, second: FakeModel
) -> None:
    first.say("The butler", finish_reason="content_filter")

    failed = await failure(opened(first, second))

    assert (failed.reason, failed.started, second.requests) == ("filtered", True, [])


async def test_the_same_question_is_asked_once(
    opened: Open, first: FakeModel, clock: Clock
) -> None:
    """And once more after a day. An answer that is given again costs nothing."""
    models = opened(first)
    answers = [await ask(models, remembers=True) for _ in range(3)]
    clock.now += 24 * 3600
    await ask(models, remembers=True)

    assert [text for text, _ in answers] == [TEXT] * 3
    assert [end.is_cached for _, end in answers] == [False, True, True]
    assert [end.cost_usd for _, end in answers] == [pytest.approx(12.5e-6), 0, 0]
    assert [end.usage.total_tokens for _, end in answers] == [15, 0, 0]
    assert len(first.requests) == 2


async def test_an_answer_is_given_again_while_every_model_is_down(
    opened: Open, first: FakeModel
) -> None:
    first.say()
    first.fail(401)
    models = opened(first)
    await ask(models, remembers=True)
    await failure(models)

    text, end = await ask(models, remembers=True)

    assert (text, end.is_cached, end.provider) == (TEXT, True, "0")


@pytest.mark.parametrize(("before", "now"), [(True, False), (False, True), (False, False)])
async def test_who_does_not_remember_neither_takes_nor_leaves_an_answer(
    opened: Open, first: FakeModel, *, before: bool, now: bool
) -> None:
    models = opened(first)

    await ask(models, remembers=before)
    _, end = await ask(models, remembers=now)

    assert (end.is_cached, len(first.requests)) == (False, 2)


async def test_an_answer_that_breaks_off_is_not_given_again(opened: Open, first: FakeModel) -> None:
    first.behave("eof")
    first.say()
    models = opened(first)
    with pytest.raises(ProviderFailed, match="truncated"):
        await ask(models, remembers=True)

    text, end = await ask(models, remembers=True)

    assert (text, end.is_cached) == (TEXT, False)


@pytest.mark.parametrize(
    ("tokens", "price", "cost"),
    [
        ((1_000_000, 0), (0.25, 2), 0.25),
        ((0, 1_000_000), (0.25, 2), 2),
        ((2000, 400), (0.25, 2), 0.0013),
        ((2000, 400), (0, 0), 0),
        ((2000, 400), None, None),
        ((0, 0), (0.25, 2), None),
    ],
)
def test_a_cost_is_claimed_only_when_it_is_known(
    tokens: tuple[int, int], price: tuple[float, float] | None, cost: float | None
) -> None:
    usage = Usage(prompt_tokens=tokens[0], completion_tokens=tokens[1])

    assert cost_usd(usage, price) == (None if cost is None else pytest.approx(cost))
