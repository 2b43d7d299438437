"""The book, asked with OpenAI's own client library."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from attrs import evolve
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam

from limits import CHAT_IP
from settings import Settings
from tests.fake_model import FakeModel
from tests.live import Live, Serve, until

QUESTION = "How long is one blast of the fog signal?"


def client_of(live: Live, key: str = "anonymous") -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{live.url}/v1", api_key=key, max_retries=0, timeout=30)


@pytest.fixture
def client(live: Live) -> Iterator[openai.OpenAI]:
    with client_of(live) as made:
        yield made


def said(*turns: str) -> list[ChatCompletionMessageParam]:
    """The reader's and the book's words by turns, the reader first."""
    messages: list[ChatCompletionMessageParam] = []
    for number, text in enumerate(turns):
        if number % 2:
            messages.append({"role": "assistant", "content": text})
        else:
            messages.append({"role": "user", "content": text})
    return messages


def test_the_library_gets_an_answer_with_its_places(client: openai.OpenAI) -> None:
    """Each annotation covers a marker, and leads to the page."""
    reply = client.chat.completions.create(model="gpt-4o", messages=said(QUESTION))
    message = reply.choices[0].message
    text, notes = message.content or "", message.annotations or []

    assert "blast" in text
    assert notes
    for note in notes:
        place = note.url_citation
        assert text[place.start_index : place.end_index].startswith("[")
        assert place.url.startswith("https://example.org/book/")
    assert reply.choices[0].finish_reason == "stop"
    assert reply.model == "footnote"
    assert reply.model_extra
    assert reply.model_extra["citations"][0]["quote"]


def test_a_stream_says_the_same(client: openai.OpenAI) -> None:
    """In chunks, the last with the reason, then the usage if it is wanted."""
    whole = client.chat.completions.create(model="footnote", messages=said(QUESTION))
    chunks = list(
        client.chat.completions.create(
            model="footnote",
            messages=said(QUESTION),
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    pieces = [c.choices[0].delta.content or "" for c in chunks if c.choices]

    assert "".join(pieces) == whole.choices[0].message.content
    assert [c.choices[0].finish_reason for c in chunks[:-1]][-1] == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage
    assert len({c.id for c in chunks}) == 1


def test_the_librarys_own_sum_of_a_stream_is_the_whole_answer(client: openai.OpenAI) -> None:
    """Words, reason, usage and annotations, as it adds the chunks up."""
    whole = client.chat.completions.create(model="footnote", messages=said(QUESTION))
    with client.chat.completions.stream(
        model="footnote", messages=said(QUESTION), stream_options={"include_usage": True}
    ) as stream:
        summed = stream.get_final_completion()

    assert as_told(summed) == as_told(whole)
    assert as_told(whole)["annotations"]


@pytest.mark.anyio
async def test_the_asynchronous_library_gets_the_same(live: Live) -> None:
    """In one piece, in chunks, and as it adds them up."""
    asked: dict[str, Any] = {"model": "footnote", "messages": said(QUESTION)}
    usage: dict[str, Any] = {"stream_options": {"include_usage": True}}
    async with openai.AsyncOpenAI(
        base_url=f"{live.url}/v1", api_key="anonymous", max_retries=0
    ) as client:
        whole = await client.chat.completions.create(**asked)
        stream = await client.chat.completions.create(**asked, **usage, stream=True)
        chunks = [chunk async for chunk in stream]
        async with client.chat.completions.stream(**asked, **usage) as summing:
            summed = await summing.get_final_completion()
    pieces = [c.choices[0].delta.content or "" for c in chunks if c.choices]

    assert "".join(pieces) == whole.choices[0].message.content
    assert chunks[-1].usage == whole.usage
    assert as_told(summed) == as_told(whole)


def as_told(reply: ChatCompletion) -> dict[str, Any]:
    """What both forms have, and what does not change from request to request."""
    (choice,) = reply.choices
    message = choice.message.to_dict()
    return {
        "content": message["content"],
        "annotations": message["annotations"],
        "reason": choice.finish_reason,
        "usage": reply.usage and reply.usage.to_dict(),
    }


def test_without_being_asked_no_usage_comes(live: Live) -> None:
    """The stream ends with the word that clients wait for."""
    body = {"messages": said(QUESTION), "stream": True}
    response = live.client.post("/v1/chat/completions", json=body)

    assert response.content.endswith(b"data: [DONE]\n\n")
    assert b'"usage"' not in response.content


def test_the_models_are_listed(client: openai.OpenAI) -> None:
    """One: the book."""
    assert [model.id for model in client.models.list()] == ["footnote"]


def test_what_was_said_before_is_what_a_question_refers_to(
    serve: Serve, with_model: Settings, model: FakeModel
) -> None:
    """It goes to the model, with the question last; a system message does not."""
    model.say("Because of the fog [1].")
    with client_of(serve(with_model)) as client:
        told = said(QUESTION, "Five seconds [1].", "And why is it sounded?")
        told.insert(0, {"role": "system", "content": "Talk like a pirate."})
        client.chat.completions.create(model="footnote", messages=told)
    sent = str(model.requests[0].json)

    assert "Five seconds" in sent
    assert "And why is it sounded?" in sent
    assert "pirate" not in sent


def test_a_question_in_parts(client: openai.OpenAI) -> None:
    """As newer clients send it."""
    reply = client.chat.completions.create(
        model="footnote",
        messages=[{"role": "user", "content": [{"type": "text", "text": QUESTION}]}],
    )

    assert "blast" in (reply.choices[0].message.content or "")


def test_a_bad_key_is_told(live: Live) -> None:
    """It is never silently nobody's; the library's error has our problem."""
    with client_of(live, "sk-made-up") as client, pytest.raises(openai.AuthenticationError) as bad:
        client.chat.completions.create(model="footnote", messages=said(QUESTION))

    assert "session" in bad.value.response.json()["message"]


def test_a_session_is_a_key(live: Live) -> None:
    """Whoever has one is limited and counted as a reader."""
    with client_of(live, live.guest().token) as client:
        reply = client.chat.completions.create(model="footnote", messages=said(QUESTION))

    assert reply.choices


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "system", "content": "Be brief."}],
        [{"role": "user", "content": " "}],
        [{"role": "user", "content": None}],
        [{"role": "user", "content": "x" * 4001}],
        [{"role": "user", "content": [{"type": "text", "text": "x" * 3000}] * 2}],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}],
    ],
)
def test_without_a_question_there_is_no_answer(live: Live, messages: object) -> None:
    """A 422 that names the messages."""
    response = live.client.post("/v1/chat/completions", json={"messages": messages})

    assert response.status_code == 422
    assert all(e["pointer"].startswith("/messages") for e in response.json()["errors"])


def test_the_same_limits_hold(serve: Serve, settings: Settings) -> None:
    """The library raises what it knows as a rate limit."""
    live = serve(evolve(settings, rate_limits=True))
    with client_of(live) as client:
        for _ in range(CHAT_IP.count):
            client.chat.completions.create(model="footnote", messages=said(QUESTION))
        with pytest.raises(openai.RateLimitError):
            client.chat.completions.create(model="footnote", messages=said(QUESTION))


def test_an_answer_that_breaks_off_is_an_error(
    serve: Serve, with_model: Settings, model: FakeModel
) -> None:
    """After the words that came, and the log has it."""
    model.say(behaviour="cut")
    live = serve(with_model)
    with client_of(live) as client, pytest.raises(openai.APIError, match="broke off"):
        for _ in client.chat.completions.create(
            model="footnote", messages=said(QUESTION), stream=True
        ):
            pass

    assert live.logged(1)[0]["status"] == "failed"


def test_leaving_stops_the_answer(serve: Serve, with_model: Settings, model: FakeModel) -> None:
    """Nobody comes back to such a stream, so the model is left at once."""
    model.say(pieces=["One blast ", *(["and more "] * 200)], gap=0.05)
    live = serve(evolve(with_model, resume_grace=60))
    with client_of(live) as client:
        chunks = client.chat.completions.create(
            model="footnote", messages=said(QUESTION), stream=True
        )
        assert any(c.choices[0].delta.content for c in chunks)
        chunks.close()
    until(lambda: len(live.sql("select from interaction_logs where status = 'stopped'")) == 1)
