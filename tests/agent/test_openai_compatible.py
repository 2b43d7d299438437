"""One endpoint: what it is asked, how it is hung up on, and what never leaves the provider."""

import asyncio
import logging
import subprocess
import sys
import time
import traceback
from collections.abc import AsyncIterator, Iterator

import pytest

from agent.deadline import Deadline
from agent.providers import Message, ProviderFailed
from agent.providers.openai_compatible import OpenAICompatible
from settings import ROOT
from tests.fake_model import TEXT, Behaviour, FakeModel
from tests.raw_http import Connection, Server

pytestmark = pytest.mark.anyio
KEY, QUESTION = "sk-secret", "What did the butler see?"
PROMPT = [Message("system", "Be brief."), Message("user", QUESTION)]


@pytest.fixture
def model() -> Iterator[FakeModel]:
    with FakeModel(key=KEY) as model:
        yield model


@pytest.fixture
async def provider(model: FakeModel) -> AsyncIterator[OpenAICompatible]:
    provider = OpenAICompatible(name="openai", model="gpt", base_url=model.url, api_key=KEY)
    yield provider
    await provider.close()


def prompt() -> list[Message]:
    return PROMPT


async def ask(provider: OpenAICompatible) -> str:
    texts: list[str] = []
    await provider.write(prompt, Deadline.after(10), texts.append)
    return "".join(texts)


async def failure(provider: OpenAICompatible) -> ProviderFailed:
    with pytest.raises(ProviderFailed) as failed:
        await ask(provider)
    await provider.close()
    return failed.value


async def test_the_model_is_asked_for_a_stream_with_usage_and_little_fantasy(
    model: FakeModel, provider: OpenAICompatible
) -> None:
    await ask(provider)

    assert model.requests[0].json == {
        "model": "gpt",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": QUESTION},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.1,
        "max_tokens": 4096,
    }


async def test_two_questions_share_a_connection(
    model: FakeModel, provider: OpenAICompatible
) -> None:
    for _ in range(2):
        await ask(provider)

    assert len({request.port for request in model.requests}) == 1


async def test_parameters_that_an_endpoint_refuses_are_left_out_and_remembered(
    model: FakeModel, provider: OpenAICompatible
) -> None:
    model.refused = {"max_tokens", "temperature", "stream_options"}

    answers = [await ask(provider) for _ in range(2)]

    assert answers == [TEXT, TEXT]
    assert len(model.requests) == 3 + 1 + 1
    assert model.requests[-1].json.keys() - {"model", "messages", "stream"} == {
        "max_completion_tokens"
    }


async def test_a_refusal_that_quotes_the_reader_switches_nothing_off(
    model: FakeModel, provider: OpenAICompatible
) -> None:
    """The fake's refusals quote the whole request, the names of our parameters included."""
    model.fail(400)

    failed = await failure(provider)

    assert (failed.reason, failed.retryable) == ("rejected", False)
    assert provider._options.keys() == {"stream_options", "max_tokens", "temperature"}


async def test_a_proxy_of_the_machine_is_used(
    model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told the whole address; where NO_PROXY names the model's host, it is not asked."""
    monkeypatch.setenv("HTTP_PROXY", model.url.removesuffix("/v1"))
    far = OpenAICompatible(name="x", model="x", base_url="http://model.example/v1", api_key=KEY)
    assert await ask(far) == TEXT
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    near = OpenAICompatible(name="x", model="x", base_url=model.url, api_key=KEY)
    assert await ask(near) == TEXT
    await far.close()
    await near.close()

    paths = [request.path for request in model.requests]
    assert paths == ["http://model.example/v1/chat/completions", "/v1/chat/completions"]


async def test_reasoning_effort_is_sent_only_if_asked_for(model: FakeModel) -> None:
    provider = OpenAICompatible(
        name="openai", model="gpt", base_url=model.url, api_key=KEY, reasoning_effort="low"
    )

    await ask(provider)

    await provider.close()
    assert model.requests[0].json["reasoning_effort"] == "low"


class Burst(Server):
    """Says every word in a chunk of its own, and all chunks at once."""

    async def serve(self, client: Connection) -> None:
        await client.receive()
        await client.begin_events()
        said = b'data: {"choices":[{"delta":{"content":"%d "}}]}\n\n'
        chunks = [said % number for number in range(20)]
        chunks.append(b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n')
        client.writer.write(b"".join(b"%x\r\n%b\r\n" % (len(c), c) for c in [*chunks, b""]))


async def test_deltas_of_one_read_are_one_text() -> None:
    """So that they share a frame: a service that falls behind does less for each token."""
    texts: list[str] = []
    with Burst() as server:
        url = f"http://127.0.0.1:{server.port}/v1"
        provider = OpenAICompatible(name="x", model="x", base_url=url, api_key=KEY)
        await provider.write(prompt, Deadline.after(10), texts.append)
        await provider.close()

    assert texts == ["".join(f"{number} " for number in range(20))]


@pytest.mark.parametrize("behaviour", ["silent", "stall"])
async def test_cancelling_hangs_up_on_the_model_within_100_ms(
    model: FakeModel, provider: OpenAICompatible, behaviour: Behaviour
) -> None:
    model.behave(behaviour)
    question = asyncio.create_task(ask(provider))
    await asyncio.to_thread(model.wait_for_request)
    await asyncio.sleep(0.02)

    question.cancel()
    cancelled = time.monotonic()

    left = await asyncio.to_thread(model.wait_for_disconnect)
    assert left - cancelled < 0.1
    with pytest.raises(asyncio.CancelledError):
        await question


async def test_a_redirect_is_not_followed_because_the_key_would_travel(
    model: FakeModel, provider: OpenAICompatible
) -> None:
    with FakeModel() as thief:
        model.redirect(f"{thief.url}/chat/completions")
        failed = await failure(provider)

    assert failed.reason == "redirected"
    assert thief.requests == []


@pytest.mark.parametrize("status", [200, 400, 401, 429, 500])
async def test_neither_key_nor_prompt_is_in_a_failure_or_a_log(
    model: FakeModel,
    provider: OpenAICompatible,
    caplog: pytest.LogCaptureFixture,
    status: int,
) -> None:
    """The fake's errors quote both, as real ones do; the logs are those of all libraries."""
    caplog.set_level(logging.DEBUG)
    if status == 200:
        model.behave("error")
    elif status == 401:
        model.key = "another"
    else:
        model.fail(status)

    failed = await failure(provider)

    told = "".join([*traceback.format_exception(failed), repr(failed), repr(provider), caplog.text])
    assert KEY not in told
    assert "butler" not in told


@pytest.mark.parametrize("key", ["sk-…", "sk\nsecret", "sk\x00"])
async def test_a_key_that_fits_no_header_is_a_misconfiguration(model: FakeModel, key: str) -> None:
    failed = await failure(OpenAICompatible(name="x", model="x", base_url=model.url, api_key=key))

    assert failed.reason == "misconfigured"


@pytest.mark.parametrize("url", ["http://[", "ftp://127.0.0.1/", "http://127.0.0.1:1/v1"])
async def test_a_bad_address_is_a_failure_like_any_other(url: str) -> None:
    failed = await failure(OpenAICompatible(name="x", model="x", base_url=url, api_key=KEY))

    assert failed.reason in {"misconfigured", "unreachable"}


async def test_a_key_from_a_file_may_end_in_a_newline_and_a_local_server_needs_none(
    model: FakeModel,
) -> None:
    for key, sent in [(f"{KEY}\n", KEY), (None, "none")]:
        model.key = sent
        provider = OpenAICompatible(name="x", model="x", base_url=model.url, api_key=key)
        assert await ask(provider) == TEXT
        await provider.close()


async def test_many_first_questions_at_once_are_all_answered(provider: OpenAICompatible) -> None:
    answers = await asyncio.gather(*[ask(provider) for _ in range(20)])

    assert answers == [TEXT] * 20


def test_importing_a_provider_imports_no_library_of_models() -> None:
    heavy = {"openai", "aiohttp", "httpx2", "pydantic"}
    code = f"import sys, agent.providers.openai_compatible; print({heavy} & sys.modules.keys())"

    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert shown.stdout == "set()\n"


async def test_the_fake_speaks_to_the_real_library_beyond_streams() -> None:
    """Embeddings in either encoding, and whole completions."""
    import openai

    with FakeModel(dimensions=4) as model:
        async with openai.AsyncOpenAI(base_url=model.url, api_key=KEY) as client:
            packed = await client.embeddings.create(model="e", input=["a", "b"])
            plain = await client.embeddings.create(model="e", input="a", encoding_format="float")
            said = await client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "?"}]
            )

    assert packed.data[0].embedding == pytest.approx(plain.data[0].embedding, abs=1e-6)
    assert sum(x * x for x in plain.data[0].embedding) == pytest.approx(1)
    assert packed.data[0].embedding != packed.data[1].embedding
    assert said.choices[0].message.content == TEXT
