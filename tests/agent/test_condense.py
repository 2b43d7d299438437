"""A question in another language than the book's: searched in the book's, answered in its own."""

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from agent import Agent, Question, Turn, condense
from agent.condense import query_of
from agent.embedding import open_embedder
from agent.events import Delta, Done, Event
from agent.index import Location, index_directory
from agent.providers.failover import Failover
from agent.providers.openai_compatible import OpenAICompatible
from agent.retrieval import Retriever
from tests.agent.heard import events_of
from tests.fake_model import Behaviour, FakeModel
from tests.live import BOOK

pytestmark = pytest.mark.anyio

GERMAN = "Wie zünde ich die Lampe an?"
QUERY = "How do I light the lamp?"
ANSWER = "Man öffnet zuerst den Lüfter und zündet dann den Docht an [1]."


@pytest.fixture
def model() -> Iterator[FakeModel]:
    with FakeModel() as model:
        yield model


@pytest.fixture(scope="module")
async def retriever(home: Path) -> AsyncIterator[Retriever]:
    retriever = Retriever(Location(directory=index_directory(home, BOOK)), open_embedder(None))
    await retriever.warm()
    yield retriever
    await retriever.close()


@pytest.fixture
async def agent(retriever: Retriever, model: FakeModel) -> AsyncIterator[Agent]:
    provider = OpenAICompatible(name="fake", model="gpt", base_url=model.url, api_key="sk")
    failover = Failover((provider,), prices={"gpt": (1e6, 1e6)})
    await failover.warm()
    yield Agent(retriever, failover)
    await failover.close()


async def ask(agent: Agent, question: Question, seconds: float = 30) -> list[Event]:
    return await events_of(agent, question, seconds)


def text(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


def prompts(model: FakeModel) -> list[str]:
    """The last message of each request."""
    return [request.json["messages"][-1]["content"] for request in model.requests]


async def test_a_german_question_to_an_english_book_is_answered_in_german(
    agent: Agent, model: FakeModel
) -> None:
    """The search is English; the model is shown the reader's own words."""
    model.say(QUERY)
    model.say(ANSWER)
    *events, done = await ask(agent, Question(text=GERMAN))
    condensing, answering = prompts(model)

    assert text(events) == ANSWER
    assert condensing == f"<question>\n{GERMAN}\n</question>"
    assert "in English" in model.requests[0].json["messages"][0]["content"]
    assert answering.endswith(f"<question>\n{GERMAN}\n</question>")
    assert "Open the vent" in answering
    assert isinstance(done, Done)
    assert {citation.page for citation in done.citations} == {"lamp.md"}
    assert done.weak_sentences == 0


async def test_tokens_and_cost_of_both_calls_are_added(agent: Agent, model: FakeModel) -> None:
    """The log names both prompts."""
    model.say(QUERY)
    model.say(ANSWER)
    done = (await ask(agent, Question(text=GERMAN)))[-1]
    spent = 10 + len(QUERY.split()) + 10 + len(ANSWER.split())

    assert isinstance(done, Done)
    assert (done.usage.prompt_tokens, done.usage.total_tokens) == (20, spent)
    assert done.cost_usd == spent
    assert done.prompt_version == "answer-3+condense-1"


async def test_a_follow_up_in_another_language_is_condensed_with_what_it_leans_on(
    agent: Agent, model: FakeModel
) -> None:
    model.say("What if lighting the lamp fails?")
    model.say(ANSWER)
    await ask(agent, Question(text="Warum?", turns=(Turn(GERMAN, "So und so."),)))

    assert prompts(model)[0] == (
        f"<question>\n{GERMAN}\n</question>\n\n<question>\nWarum?\n</question>"
    )
    assert prompts(model)[1].endswith("<question>\nWarum?\n</question>")


@pytest.mark.parametrize(
    ("question", "turns"),
    [
        (QUERY, ()),
        ("and at sunrise?", (Turn(QUERY, "Open the vent."),)),
        ("Warum?", (Turn(QUERY, "Open the vent."),)),
    ],
)
async def test_what_the_book_can_be_searched_for_costs_no_second_call(
    agent: Agent, model: FakeModel, question: str, turns: tuple[Turn, ...]
) -> None:
    model.say("Open the vent [1].")
    done = (await ask(agent, Question(text=question, turns=turns)))[-1]

    assert len(model.requests) == 1
    assert isinstance(done, Done)
    assert done.prompt_version == "answer-3"


async def test_without_a_model_the_question_is_searched_as_it_is(
    agent: Agent, model: FakeModel
) -> None:
    """Also when the model may not be used."""
    done = (await ask(agent, Question(text=GERMAN, use_model=False)))[-1]

    assert model.requests == []
    assert isinstance(done, Done)
    assert done.usage.total_tokens == 0


@pytest.mark.parametrize(
    "written", ["", "Wie zündet man die Lampe an?", "One line.\nAnother.", "?!", "word " * 300]
)
async def test_what_is_no_query_is_not_searched_for(
    agent: Agent, model: FakeModel, written: str
) -> None:
    """Words that the book has none of are refused, as they would be without a model."""
    model.say(written)
    *events, done = await ask(agent, Question(text=GERMAN))

    assert isinstance(done, Done)
    assert done.refused
    assert text(events).startswith("The book does not answer this question.")


async def test_a_refusal_counts_what_condensing_took(agent: Agent, model: FakeModel) -> None:
    model.say("What is the weather in Paris?")
    done = (await ask(agent, Question(text="Wie wird das Wetter morgen in Paris?")))[-1]

    assert isinstance(done, Done)
    assert (done.refused, done.model, done.usage.prompt_tokens) == (True, "extractive", 10)
    assert done.prompt_version == "condense-1"


@pytest.mark.parametrize("behaviour", ["reset", "error", "garbage", "cut"])
async def test_a_failed_call_leaves_the_question_as_it_is(
    agent: Agent, model: FakeModel, behaviour: Behaviour
) -> None:
    """This one finds its page by the English words in it."""
    model.behave(behaviour)
    model.say(ANSWER)
    *events, done = await ask(agent, Question(text="Ist das fog signal eine compressed-air siren?"))

    assert text(events) == ANSWER
    assert isinstance(done, Done)
    assert done.prompt_version == "answer-3"


async def test_a_slow_call_costs_a_quarter_of_the_time_at_most(
    agent: Agent, model: FakeModel, caplog: pytest.LogCaptureFixture
) -> None:
    """And the provider is not blamed for it; nothing of the question is logged."""
    model.say(behaviour="silent")
    model.say(ANSWER)
    start = time.monotonic()
    done = (await ask(agent, Question(text=GERMAN), seconds=2))[-1]

    assert time.monotonic() - start < 1
    assert isinstance(done, Done)
    assert done.refused
    assert "could not be condensed" in caplog.text
    assert "Lampe" not in caplog.text
    assert "model failed" not in caplog.text


@pytest.mark.parametrize(
    ("written", "query"),
    [
        ("How do I light it?", "How do I light it?"),
        ('\n "How do I\tlight it?"\n', "How do I light it?"),
        ("How do I light …", "How do I light"),
        ("", None),
        ("a\nb", None),
        ("Wie mache ich das?", None),
        ("lamp " * 100, None),
    ],
)
async def test_a_query_is_one_line_in_the_books_language(written: str, query: str | None) -> None:
    assert query_of(written, "english") == query


def test_the_time_for_condensing_is_short() -> None:
    assert condense.SECONDS <= 4
