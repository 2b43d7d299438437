"""Which answers are given again, and which are not."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from agent.providers import Answered, Message, cache
from agent.providers.cache import MAX_AGE, AnswerCache
from agent.providers.openai_compatible import OpenAICompatible
from models import Usage
from tests.clock import Clock

END = Answered(
    usage=Usage(prompt_tokens=7, completion_tokens=2),
    finish_reason="stop",
    provider="openai",
    model="gpt",
    cost_usd=0.25,
)
AGAIN = evolve(END, usage=Usage(), cost_usd=0.0, is_cached=True)
ASKED = [Message("system", "Be brief."), Message("user", "What did the butler see?")]
MODELS = [OpenAICompatible(name="openai", model="gpt", base_url="http://x/v1", api_key=None)]
KEY = cache.key(ASKED, MODELS)


def text(answers: AnswerCache, key: bytes) -> str:
    texts, _ = answers.replay(key) or ([], None)
    return "".join(texts)


@pytest.mark.parametrize("answer", ["Forty-two [1].", "Žluťoučký kůň 🐎 [1]. " * 100])
def test_an_answer_is_given_again_for_nothing(answer: str) -> None:
    answers = AnswerCache(1)

    answers.keep(KEY, answer, END)

    texts, end = answers.replay(KEY) or ([], None)
    assert ("".join(texts), end) == (answer, AGAIN)
    assert len(texts) <= 5


@pytest.mark.parametrize("reason", ["length", "content_filter", "tool_calls", ""])
def test_what_is_not_whole_is_not_kept(reason: str) -> None:
    answers = AnswerCache(1)

    answers.keep(KEY, "Forty-", evolve(END, finish_reason=reason))

    assert answers.replay(KEY) is None


@pytest.mark.parametrize(
    "other",
    [
        [Message("system", "Be verbose."), ASKED[1]],
        [ASKED[0], Message("user", "What did the butler see")],
        [ASKED[0], Message("assistant", ASKED[1].content)],
        [Message("system", "Be brief.What"), Message("user", " did the butler see?")],
        ASKED[1:],
    ],
)
def test_other_messages_are_another_question(other: list[Message]) -> None:
    assert cache.key(other, MODELS) != KEY


def test_another_model_may_answer_otherwise() -> None:
    newer = OpenAICompatible(name="openai", model="gpt-2", base_url="http://x/v1", api_key=None)

    assert len({KEY, cache.key(ASKED, [newer]), cache.key(ASKED, [*MODELS, newer])}) == 3


def test_an_answer_is_forgotten_after_a_day_however_often_it_is_asked_for() -> None:
    clock = Clock()
    answers = AnswerCache(1, clock)
    answers.keep(KEY, "Old.", END)

    clock.now += MAX_AGE - 1
    assert text(answers, KEY) == "Old."
    clock.now += 1

    assert answers.replay(KEY) is None


def test_the_least_recently_used_goes_first() -> None:
    answers = AnswerCache(2)
    answers.keep(b"a", "A", END)
    answers.keep(b"b", "B", END)

    answers.replay(b"a")
    answers.keep(b"c", "C", END)

    assert [text(answers, key) for key in (b"a", b"b", b"c")] == ["A", "", "C"]


def test_a_size_of_0_keeps_nothing() -> None:
    answers = AnswerCache(0)

    answers.keep(KEY, "A", END)

    assert answers.replay(KEY) is None


@given(st.lists(st.tuples(st.binary(max_size=1), st.integers(0, 60)), max_size=40))
def test_it_never_holds_more_than_it_may(kept: list[tuple[bytes, int]]) -> None:
    """And whatever it gives is what was kept last under that key."""
    answers, last = AnswerCache(5), dict[bytes, str]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "MAX_BYTES", 100)
        for key, length in kept:
            answers.keep(key, answer := "é" * length, END)
            if 2 * length <= 100:  # a longer one leaves the answer before it
                last[key] = answer

            held = {k: text(answers, k) for k in last if answers.replay(k)}
            assert len(held) <= 5
            assert sum(len(answer.encode()) for answer in held.values()) == answers._bytes <= 100
            assert all(answer == last[k] for k, answer in held.items())
