"""Two processes on one database: a reader comes back to the one that does not write the answer."""

import time
from threading import Thread

import asyncpg
import httpx2
import pytest
from attrs import evolve

from identifiers import uuid7
from settings import Settings
from tests.contract_checks import events
from tests.fake_model import FakeModel
from tests.guests import Guest
from tests.live import Live, Serve
from tests.routes.test_streams import SSE, STREAM, begun, resume, text_of

LONG = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen [1]."


@pytest.fixture
def two(serve: Serve, with_model: Settings, model: FakeModel) -> tuple[Live, Live]:
    """The one that is asked, and the other; the model takes its time."""
    model.say(LONG, gap=0.1)
    shared = evolve(with_model, resume_grace=5)
    return serve(shared), serve(shared)


def relayed(live: Live) -> list[asyncpg.Record]:
    return live.sql("select * from relays")


def test_a_reader_reads_on_at_the_other(two: tuple[Live, Live], model: FakeModel) -> None:
    """Not a character twice, none missing; the model was asked once, and nothing is left behind."""
    here, there = two
    guest = Guest(here)
    with begun(here, guest.headers) as (message_id, text, last):
        pass
    resumed = resume(there, message_id, last, **guest.headers)
    first, *_, final = events(resumed.content)

    assert text + text_of(resumed.content) == LONG
    assert first["message_id"] == message_id
    assert first["conversation_id"]
    assert (final["status"], final["stored"]) == ("success", "database")
    assert [citation["index"] for citation in final["citations"]] == [1]
    assert len(model.requests) == 1
    assert model.disconnects == []
    assert relayed(here) == []


def test_so_does_one_without_a_session(two: tuple[Live, Live]) -> None:
    """Who knows the id."""
    here, there = two
    with begun(here) as (message_id, text, last):
        pass

    assert text + text_of(resume(there, message_id, last).content) == LONG


def test_it_is_stopped_at_the_other(two: tuple[Live, Live], model: FakeModel) -> None:
    """The model is left; who still reads at the first is told."""
    here, there = two
    guest = Guest(here)
    told: list[httpx2.Response] = []
    with begun(here, guest.headers) as (message_id, _, _):
        reading = Thread(target=lambda: told.append(resume(here, message_id, 0, **guest.headers)))
        reading.start()
        path = f"{STREAM}/{message_id}"
        stopped = there.client.delete(path, headers=guest.headers)
        reading.join()

    assert stopped.status_code == 204
    assert events(told[0].content)[-1]["error"] == "answer_stopped"
    assert len(model.disconnects) == 1
    assert relayed(here) == []


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_somebody_elses_answer_is_not_there(two: tuple[Live, Live], method: str) -> None:
    """At either, and it goes on."""
    here, there = two
    ada, eve = Guest(here), Guest(here)
    with begun(here, ada.headers) as (message_id, _, _):
        for headers in ({}, eve.headers):
            refused = there.client.request(method, f"{STREAM}/{message_id}", headers=headers)
            assert refused.status_code == 404
        whole = resume(there, message_id, 0, **ada.headers)

    assert text_of(whole.content) == LONG


def test_an_id_that_no_process_can_know_is_refused_at_once(two: tuple[Live, Live]) -> None:
    """Only a young one can belong to an answer that is being written."""
    _, there = two
    old = "01890a5d-ac96-774b-bcce-b302099a8057"
    started = time.monotonic()
    assert resume(there, old, 0).status_code == 404
    at_once = time.monotonic() - started

    assert resume(there, str(uuid7()), 0).status_code == 404
    assert time.monotonic() - started > 5 * at_once
    assert relayed(there) == []


def test_a_reader_who_leaves_again_lets_the_answer_end(
    two: tuple[Live, Live], model: FakeModel
) -> None:
    """Nobody follows it any more, at either; what there is of it is kept."""
    here, there = two
    model.say(LONG * 40, gap=0.1)
    here.state["answers"]._grace = 0.2
    guest = Guest(here)
    with begun(here, guest.headers) as (message_id, _, last):
        at = SSE | {"last-event-id": str(last)} | guest.headers
        with there.client.stream("GET", f"{STREAM}/{message_id}", headers=at) as response:
            for _ in response.iter_lines():
                break
    (row,) = here.logged()

    assert row["status"] == "stopped"
    assert len(model.disconnects) == 1
