"""What answers of models cost, and which are given again for nothing; as the log has it."""

import pytest
from attrs import evolve

from settings import Settings
from tests.fake_model import FakeModel
from tests.live import Live, Serve, message

QUESTION = "How long is one blast of the fog signal?"
ANSWER = "One blast every ninety seconds [1]."
COLUMNS = (
    "prompt_tokens",
    "completion_tokens",
    "cost_usd",
    "is_cached",
    "provider",
    "model",
    "answer",
)


@pytest.fixture
def priced(with_model: Settings, model: FakeModel) -> Settings:
    model.say(ANSWER)
    return evolve(with_model, openai_model="gpt", model_prices={"gpt": (0.25, 2.0)})


def logged(live: Live, count: int = 1) -> list[tuple[object, ...]]:
    return [tuple(row[column] for column in COLUMNS) for row in live.logged(count)]


def test_the_log_has_the_tokens_and_the_cost_of_an_answer(serve: Serve, priced: Settings) -> None:
    """Ten tokens of the prompt and six of the answer."""
    live = serve(priced)
    live.ask(QUESTION)

    cost = pytest.approx((10 * 0.25 + 6 * 2.0) / 1_000_000)
    assert logged(live) == [(10, 6, cost, False, "openai", "gpt", ANSWER)]


def test_without_a_price_no_cost_is_claimed(serve: Serve, priced: Settings) -> None:
    live = serve(evolve(priced, model_prices={"another": (1.0, 1.0)}))
    live.ask(QUESTION)

    assert logged(live) == [(10, 6, None, False, "openai", "gpt", ANSWER)]


def test_a_quoted_answer_claims_no_cost(serve: Serve, settings: Settings) -> None:
    live = serve(settings)
    live.ask(QUESTION)

    assert [row[:4] for row in logged(live)] == [(0, 0, None, False)]


def test_the_same_question_is_answered_again_for_nothing(
    serve: Serve, priced: Settings, model: FakeModel
) -> None:
    """With the same text and citations, whichever way it is asked."""
    live = serve(priced)
    reply, again = (live.ask(QUESTION).json() for _ in range(2))
    *_, end = live.stream(QUESTION)

    assert again["response"]["content"] == reply["response"]["content"] == ANSWER
    assert again["citations"] == reply["citations"] == end["citations"] != []
    assert end["usage"]["total_tokens"] == 0
    assert logged(live, 3)[1:] == [(0, 0, 0.0, True, "openai", "gpt", ANSWER)] * 2
    assert len(model.requests) == 1


def test_a_question_of_a_conversation_that_has_begun_is_asked_anew(
    serve: Serve, priced: Settings, model: FakeModel
) -> None:
    """Its answer rests on what was said before, and is nobody else's."""
    live = serve(priced)
    for _ in range(2):
        reader = live.reader()
        conversation_id = reader.ask(QUESTION)
        body = message("And how long is one blast?") | {"conversation_id": conversation_id}
        reader.send("POST", "/api/v1/chat", body).raise_for_status()

    assert [row[3] for row in logged(live, 4)] == [False, False, True, False]
    assert len(model.requests) == 3


def test_the_setting_0_asks_the_model_each_time(
    serve: Serve, priced: Settings, model: FakeModel
) -> None:
    live = serve(evolve(priced, answer_cache=0))
    for _ in range(2):
        live.ask(QUESTION)

    assert [row[3] for row in logged(live, 2)] == [False, False]
    assert len(model.requests) == 2


def test_a_model_that_wants_to_be_left_alone_is_not_asked_by_the_next_reader(
    serve: Serve, with_model: Settings, model: FakeModel
) -> None:
    """Quotes come at once."""
    model.fail(429, retry_after=60)
    live = serve(with_model)
    replies = [live.ask(QUESTION).json() for _ in range(3)]

    assert [reply["degraded"] for reply in replies] == [["model"]] * 3
    assert all("blast" in reply["response"]["content"] for reply in replies)
    assert len(model.requests) == 1
