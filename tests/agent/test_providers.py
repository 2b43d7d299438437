"""Asking models, over real sockets: who answers, who fails over, and what a failure tells."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from agent.deadline import Deadline
from agent.providers import Answered, Message, ProviderFailed, failover, openai_compatible
from agent.providers.failover import Failover
from agent.providers.openai_compatible import OpenAICompatible
from models import Usage
from tests.fake_model import TEXT, Behaviour, FakeModel

pytestmark = pytest.mark.anyio
PROMPT = [Message("system", "Be brief."), Message("user", "What did the butler see?")]


@pytest.fixture
def first() -> Iterator[FakeModel]:
    with FakeModel() as model:
        yield model


@pytest.fixture
def second() -> Iterator[FakeModel]:
    with FakeModel() as model:
        model.say("The second answers.")
        yield model


@asynccontextmanager
async def asking(*urls: str) -> AsyncIterator[Failover]:
    """Failover over models ``0``, ``1``, …, warm: short deadlines are for what a test is about."""
    providers = tuple(
        OpenAICompatible(name=str(i), model=f"gpt-{i}", base_url=url, api_key="sk")
        for i, url in enumerate(urls)
    )
    for provider in providers:
        await provider._connected()
    models = Failover(providers)
    try:
        yield models
    finally:
        await models.close()


async def ask(*urls: str, seconds: float = 10) -> tuple[str, Answered]:
    seen: list[str] = []
    async with asking(*urls) as models:
        end = await models.write(lambda: PROMPT, Deadline.after(seconds), seen.append)
    return "".join(seen), end


async def failure(*urls: str, seconds: float = 10) -> tuple[str, ProviderFailed]:
    """What the reader had seen, and the failure."""
    seen: list[str] = []
    async with asking(*urls) as models:
        with pytest.raises(ProviderFailed) as failed:
            await models.write(lambda: PROMPT, Deadline.after(seconds), seen.append)
    return "".join(seen), failed.value


async def test_an_answer_arrives_whole_with_its_usage_and_its_author(first: FakeModel) -> None:
    first.say("Žluťoučký kůň 🐎 [1].")

    text, end = await ask(first.url)

    assert text == "Žluťoučký kůň 🐎 [1]."
    assert end == Answered(
        usage=Usage(prompt_tokens=10, completion_tokens=4),
        finish_reason="stop",
        provider="0",
        model="gpt-0",
    )


@pytest.mark.parametrize("status", [401, 403, 404, 307])
async def test_a_refusal_that_will_not_change_goes_straight_to_the_second_provider(
    first: FakeModel, second: FakeModel, status: int
) -> None:
    first.fail(status)

    text, end = await ask(first.url, second.url)

    assert (text, end.provider, len(first.requests)) == ("The second answers.", "1", 1)


@pytest.mark.parametrize("status", [429, 500])
async def test_a_provider_gets_one_more_chance_before_the_second_answers(
    first: FakeModel, second: FakeModel, status: int
) -> None:
    first.fail(status)

    _, end = await ask(first.url, second.url)

    assert (end.provider, len(first.requests)) == ("1", 2)


async def test_a_second_attempt_can_succeed(first: FakeModel) -> None:
    first.behave("reset")
    first.say()

    text, _ = await ask(first.url)

    assert text == TEXT


async def test_retry_after_is_waited_for_when_there_is_time(first: FakeModel) -> None:
    first.fail(429, retry_after=1)
    first.say()

    await ask(first.url)

    assert first.requests[1].at - first.requests[0].at >= 1


async def test_a_retry_after_beyond_the_budget_is_not_waited_for(
    first: FakeModel, second: FakeModel
) -> None:
    first.fail(429, retry_after=60)

    _, end = await ask(first.url, second.url)

    assert (end.provider, len(first.requests)) == ("1", 1)


async def test_a_silent_provider_loses_its_turn(first: FakeModel, second: FakeModel) -> None:
    """After 40 % of what is left; the model is hung up on before the next is asked."""
    first.behave("silent")

    _, end = await ask(first.url, second.url, seconds=1)

    assert (end.provider, len(first.requests)) == ("1", 1)
    assert 0.3 < second.requests[0].at - first.requests[0].at < 0.9
    left = await asyncio.to_thread(first.wait_for_disconnect)
    assert left < second.requests[0].at + 0.2


async def test_a_slow_first_text_in_time_is_waited_for(first: FakeModel, second: FakeModel) -> None:
    first.behave("slow")

    _, end = await ask(first.url, second.url, seconds=2)

    assert end.provider == "0"


async def test_a_model_that_says_nothing_has_not_answered(
    first: FakeModel, second: FakeModel
) -> None:
    first.say("", finish_reason="content_filter")

    _, end = await ask(first.url, second.url)

    assert end.provider == "1"


async def test_nobody_listening_is_a_failure_like_any_other(second: FakeModel) -> None:
    with FakeModel() as gone:
        url = gone.url

    _, end = await ask(url, second.url)
    _, failed = await failure(url)

    assert (end.provider, failed.reason) == ("1", "unreachable")


async def test_without_any_provider_nobody_answers() -> None:
    assert (await failure())[1].reason == "unconfigured"


async def test_when_all_fail_the_last_reason_counts(first: FakeModel, second: FakeModel) -> None:
    first.fail(404)
    with FakeModel(key="another") as strict:
        text, failed = await failure(first.url, strict.url)

    assert (text, failed.reason, failed.started) == ("", "unauthorised", False)
    assert second.requests == []


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("cut", "truncated"),
        ("eof", "truncated"),
        ("error", "server_error"),
        ("garbage", "malformed"),
    ],
)
async def test_what_breaks_after_the_first_text_is_told_and_never_begun_again(
    first: FakeModel, second: FakeModel, behaviour: Behaviour, reason: str
) -> None:
    first.behave(behaviour)

    text, failed = await failure(first.url, second.url)

    assert text == "The answer"
    assert (failed.reason, failed.started) == (reason, True)
    assert (len(first.requests), len(second.requests)) == (1, 0)


async def test_a_stalled_model_is_given_up_after_the_gap(
    first: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failover, "GAP", 0.1)
    first.behave("stall")

    text, failed = await failure(first.url)

    assert (text, failed.reason, failed.started) == ("The answer", "timeout", True)


async def test_the_whole_answer_has_one_deadline(first: FakeModel) -> None:
    first.say("word " * 50, gap=0.04)
    start = time.monotonic()

    text, failed = await failure(first.url, seconds=1)

    assert text.startswith("word word")
    assert (failed.reason, failed.started) == ("timeout", True)
    assert time.monotonic() - start < 1.9


async def test_a_failure_after_the_finish_reason_does_not_spoil_the_answer(
    first: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without usage, for which nobody waits long."""
    monkeypatch.setattr(openai_compatible, "TAIL", 0.1)
    first.behave("linger")

    text, end = await ask(first.url)

    assert (text, end.finish_reason, end.usage) == (TEXT, "stop", Usage())
