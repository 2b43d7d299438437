"""What a reader sees in ChatKit when an answer breaks off, is stopped, or cannot be kept."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from attrs import evolve

from chatkit.stream import NOTICES
from limits import CHAT_USER
from postmaster import Postmaster
from settings import Settings
from tests.chaos.proxy import ChaosProxy
from tests.chatkit.screen import Screen
from tests.chatkit.script import OTHER, QUESTION, post
from tests.fake_model import FakeModel
from tests.live import Live, Serve, until

OLD = "One blast of five seconds [1]."


def reloaded(screen: Screen) -> list[dict[str, Any]]:
    assert screen.thread
    other = Screen(screen.reader)
    other.open(screen.thread["id"])
    return other.items


def of_two_turns(live: Live) -> Screen:
    screen = Screen(live.guest())
    screen.ask(QUESTION)
    screen.ask(OTHER)
    return screen


def idle(live: Live) -> Callable[[], bool]:
    return lambda: live.state["answers"].load == (0, 0)


@pytest.fixture
def slow(serve: Serve, with_model: Settings, model: FakeModel) -> Live:
    """Its model has answered twice when it is asked for the third time."""
    model.say(OLD)
    model.say(OLD)
    return serve(evolve(with_model, answer_cache=0, resume_grace=60))


@pytest.mark.parametrize("pieces", [["[9]", ""], ["Several ", "blasts ", "and ", "more."]])
def test_a_retry_that_fails_brings_everything_back(
    slow: Live, model: FakeModel, pieces: list[str]
) -> None:
    """Whether it has said something or not; the front end had taken all of it off the screen."""
    screen = of_two_turns(slow)
    before = [*screen.items]
    model.say(pieces=pieces, behaviour="cut")
    screen.retry(before[0]["id"])

    assert screen.items == before == reloaded(screen)
    assert [(e["message"], e["allow_retry"]) for e in screen.errors] == [
        ("The answer broke off before its end.", True)
    ]


def test_a_retry_that_is_stopped_keeps_what_its_reader_has_seen(
    slow: Live, model: FakeModel
) -> None:
    """They wanted no more of it, and the screen shows it already."""
    screen = of_two_turns(slow)
    model.say(pieces=["Several ", *["blasts "] * 100], gap=0.02)
    screen.retry(screen.items[0]["id"], stop_after=1)
    until(idle(slow))
    question, answer = reloaded(screen)

    assert question == screen.items[0]
    assert answer["content"][0]["text"].startswith(screen.items[1]["content"][0]["text"])


def test_a_retry_that_is_stopped_before_its_first_word_changes_nothing(
    slow: Live, model: FakeModel
) -> None:
    """The front end listens no more, so the old answer comes back with the next reload."""
    screen = of_two_turns(slow)
    assert screen.thread
    before = [*screen.items]
    model.say(pieces=["Several "] * 9, gap=5)
    params = {"thread_id": screen.thread["id"], "item_id": before[0]["id"]}
    body = {"type": "threads.retry_after_item", "params": params}
    client, headers = screen.reader.client, screen.reader.headers
    with client.stream("POST", "/chatkit", json=body, headers=headers) as reply:
        lines = reply.iter_lines()
        assert any("progress_update" in line for line in lines)
    until(idle(slow))

    assert reloaded(screen) == before


def test_a_retry_that_is_refused_brings_everything_back(serve: Serve, settings: Settings) -> None:
    """A status would tell the front end, which has taken the answer off, and the reader nothing."""
    live = serve(evolve(settings, rate_limits=True))
    screen = of_two_turns(live)
    for _ in range(CHAT_USER.count - 2):
        screen.retry(screen.items[2]["id"])
    before = [*screen.items]
    screen.retry(before[0]["id"])

    assert screen.items == before == reloaded(screen)
    assert [error["allow_retry"] for error in screen.errors] == [False]


@pytest.mark.parametrize(
    "said", ["One blast of five seconds [1]", "[1]", "[1][2] blasts", "A [1]["]
)
def test_no_marker_is_left_wherever_it_stands(
    serve: Serve, with_model: Settings, model: FakeModel, said: str
) -> None:
    """Also the last, which is held back until nothing can follow it any more."""
    model.say(pieces=[*said])
    screen = Screen(serve(with_model).guest())
    screen.ask(QUESTION)
    (part,) = screen.items[1]["content"]

    assert "[1]" not in part["text"]
    assert part["annotations"]
    assert screen.items == reloaded(screen)


@pytest.fixture
def network(postgres: Postmaster) -> Iterator[ChaosProxy]:
    """Between the service and its database."""
    sockets = Path(parse_qs(urlsplit(postgres.dsn).query)["host"][0])
    with ChaosProxy(sockets / ".s.PGSQL.5432") as proxy:
        yield proxy


@pytest.fixture
def through(network: ChaosProxy, dsn: str) -> str:
    name = urlsplit(dsn).path
    return f"postgresql://footnote@127.0.0.1:{network.port}{name}?sslmode=disable"


def test_while_the_database_is_away_the_chat_goes_on_and_says_so(
    serve: Serve, settings: Settings, network: ChaosProxy, through: str
) -> None:
    """In the open thread and in new ones; the list tells, and all is there when it is back."""
    reader = serve(evolve(settings, database_url=through)).guest()
    old, new = Screen(reader), Screen(reader)
    old.ask(QUESTION)
    network.mode = "refuse"
    network.cut()
    old.ask(OTHER)
    new.ask(OTHER)
    listed = post(reader, "threads.list")
    network.mode = "pass"

    assert [screen.notices for screen in (old, new)] == [[NOTICES["history"]]] * 2
    assert [len(screen.items) for screen in (old, new)] == [4, 2]
    assert [screen.posts for screen in (old, new)] == [2, 1]
    assert listed.status_code == 503
    assert listed.json()["message"]
    until(lambda: post(reader, "threads.list").is_success)
    until(lambda: len(Screen(reader).history()) == 2)
    until(lambda: len(reloaded(old)) == 4)
    assert [reloaded(screen) for screen in (old, new)] == [old.items, new.items]


def test_a_database_that_goes_while_the_answer_is_written_is_told(
    serve: Serve, with_model: Settings, model: FakeModel, network: ChaosProxy, through: str
) -> None:
    """Until it is back, a reload would not show the answer."""
    model.say("Several blasts, and one more.", gap=0.2)
    screen = Screen(serve(evolve(with_model, database_url=through)).guest())
    with ThreadPoolExecutor() as beside:
        asking = beside.submit(screen.ask, QUESTION)
        model.wait_for_request()
        network.mode = "refuse"
        network.cut()
        asking.result()

    assert screen.notices == [NOTICES["history"]]
