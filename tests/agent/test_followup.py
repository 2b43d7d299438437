"""Follow-ups lean on the question before; new subjects, on the book or off it, stand alone."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import Agent, Question, Turn
from agent.embedding import open_embedder
from agent.events import Delta, Done, Event, Retrieved
from agent.followup import LONGEST, Search, refers_back, search
from agent.index import Hit, Location, index_directory
from agent.retrieval import Evidence, Retriever
from tests.agent import library
from tests.agent.heard import events_of
from tests.live import BOOK

LIGHTING = "How do I light the lamp?"
FOG = "How long is one blast of the fog signal?"


def turns(*queries: str) -> tuple[Turn, ...]:
    return tuple(Turn(query, "An answer.") for query in queries)


@pytest.mark.parametrize(
    "question",
    [
        "why?",
        "Why not?",
        "yes",
        "OK, more please",
        "Can you give an example?",
        "I don't understand",
        "and how do I undo that?",
        "What about structs?",
        "on Windows?",
        "When would I use one?",
        "is there a shorter way to write it?",
        "How do I put them into their own files?",
        "What can I do in there?",
        "What are the advantages?",
        "What does that mean?",
        "How can I avoid that in a loop?",
        "which of these is faster?",
        "what else is the pattern used for?",
        "You said it floods the mantle",
        "Und warum?",
        "¿Por qué?",
        "もっと",
        "क्यों?",
    ],
)
def test_what_leans_on_the_question_before_refers_back(question: str) -> None:
    assert refers_back(question)


@pytest.mark.parametrize(
    "question",
    [
        "",
        "Who are you?",
        "Thank you!",
        "What's the weather in Paris?",
        "Lifetimes?",
        "What is ownership?",
        "What does `use` do?",
        "How does Rust guarantee that references are valid?",
        "How do I make sure that a value is cleaned up when it goes out of scope?",
        "What is the function that opens a file?",
        "Is there a way to skip a test?",
        "Is it possible to have several owners of one value?",
        "What does it mean for a type to be Send?",
        "How do I run the tests one after another?",
        "How do threads send data and who owns it afterwards?",
        "What is this book about?",
        "In which directory do integration tests live?",
        "And how do I read an environment variable from the command line?",
        "Wie wird das Wetter morgen in Paris?",
    ],
)
def test_what_names_its_subject_stands_alone(question: str) -> None:
    """Also with "that" between two clauses, and with "it" that an earlier clause names."""
    assert not refers_back(question)


@given(st.text(), st.lists(st.text(), max_size=6))
def test_the_search_always_begins_with_the_question(question: str, asked: list[str]) -> None:
    """Whatever is typed; and without a conversation it is the question."""
    assert search(question, ()) == Search(question)
    assert search(question, turns(*asked)).text.startswith(question)


@given(st.lists(st.text(max_size=2 * LONGEST), max_size=20))
def test_a_search_stays_short_however_long_the_conversation(asked: list[str]) -> None:
    assert len(search("why?", turns(*asked)).text) < 5 * (LONGEST + 1) + 10


def test_a_long_question_takes_no_longer_to_judge_than_its_beginning() -> None:
    start = time.process_time()
    for word in ("it ", "that ", "what about ", "`", "ok ", "does it "):
        refers_back(word * 1_000_000)

    assert time.process_time() - start < 1


def test_a_follow_up_takes_over_the_last_question_that_stands_alone() -> None:
    """With the follow-ups between; what was asked before it is over."""
    found = search("why?", turns(FOG, LIGHTING, "and with spirit?"))

    assert found.text == f"why?\n{LIGHTING}\nand with spirit?\nwhy?"
    assert {"lamp", "spirit"} <= found.carried
    assert found.own == frozenset()


def test_a_chain_of_follow_ups_is_walked_back_three_steps() -> None:
    assert "lamp" in search("why?", turns(LIGHTING, *["and then?"] * 3)).text
    assert "lamp" not in search("why?", turns(LIGHTING, *["and then?"] * 4)).text


def test_words_of_the_new_question_count_more_than_those_before() -> None:
    weigh = search("And in the tower?", turns(LIGHTING)).weigh(lambda _stem: 1.0)

    assert weigh("tower") == 1.0
    assert weigh("lamp") == 0.5


def test_what_is_done_to_it_is_no_new_subject() -> None:
    """The book need not say "undo", but it must say "Kubernetes"."""
    found = search("How do I undo that with Kubernetes?", turns(LIGHTING))

    assert found.own == {"kubernet"}
    assert found.done == {"undo"}


def test_a_question_about_a_selection_leans_on_the_selection() -> None:
    question = Question(text="why?", selected_text="Never open the valve.", turns=turns(FOG))

    assert question.search == Search("why?\nNever open the valve.")


@pytest.fixture(scope="module")
async def agent(home: Path) -> AsyncIterator[Agent]:
    """Keyless, over the test book."""
    location = Location(directory=index_directory(home, BOOK))
    agent = Agent(Retriever(location, open_embedder(None)), None)
    await agent.warm()
    yield agent
    await agent.close()


async def ask(agent: Agent, text: str, *asked: str) -> list[Event]:
    question = Question(text=text, turns=turns(*asked))
    return await events_of(agent, question)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("asked", "question", "page", "quote"),
    [
        (LIGHTING, "and at sunrise?", "day.md", "put out the lamp"),
        (LIGHTING, "Can you show me the steps?", "lamp.md", "Open the vent"),
        (FOG, "What if it fails?", "fog.md", "Ring the bell"),
        (LIGHTING, "and how do I undo that?", "lamp.md", "Open the vent"),
        ("What is the fog signal?", "when do I start it?", "fog.md", "Log the minute"),
        ("How do I trim the wick?", "more", "lamp/wick.md", "brass scissors"),
        ("How do I trim the wick?", "mehr", "lamp/wick.md", "brass scissors"),
    ],
)
async def test_a_follow_up_is_answered_from_the_page_it_means(
    agent: Agent, asked: str, question: str, page: str, quote: str
) -> None:
    """Without a model, by one search."""
    *events, done = await ask(agent, question, asked)

    assert isinstance(done, Done)
    assert page in {citation.page for citation in done.citations}
    assert quote in "".join(event.text for event in events if isinstance(event, Delta))


@pytest.mark.anyio
@pytest.mark.parametrize(
    "question",
    [
        "What's the weather in Paris?",
        "and what's the capital of France?",
        "what about pizza?",
        "how do I do that with Kubernetes?",
        "who are you?",
    ],
)
async def test_an_off_book_question_is_refused_after_an_answered_one(
    agent: Agent, question: str
) -> None:
    """However well the book covers what was asked before."""
    done = (await ask(agent, question, LIGHTING))[-1]

    assert isinstance(done, Done)
    assert done.refused


def test_a_strange_word_is_not_carried_through_by_a_well_covered_question() -> None:
    """Pizza weighs no more than any of the words before; the book lacks it all the same."""
    asked = "Does the clockwork weight sink through the tower?"
    hit = Hit(library.passage(0, f"{asked} Or the lens?"), 0.9, cosine=0.6)
    evidence = Evidence(Retrieved((hit,), 0.9, answerable=True), lambda _stem: 1.0)

    assert search("in the lens?", turns(asked)).judge(evidence).retrieved.answerable
    assert not search("in pizza?", turns(asked)).judge(evidence).retrieved.answerable


@pytest.mark.anyio
async def test_a_new_subject_is_searched_as_if_it_were_the_first(agent: Agent) -> None:
    within = (await ask(agent, "When are wages paid?", FOG))[0]
    alone = (await ask(agent, "When are wages paid?"))[0]

    assert isinstance(alone, Retrieved)
    assert alone.answerable
    assert within == alone
