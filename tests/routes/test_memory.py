"""Conversations while a model writes: what it is told, and what is kept when it is interrupted."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import httpx2
import pytest

from postmaster import Postmaster
from settings import Settings
from tests.fake_model import FakeModel
from tests.guests import CONVERSATIONS, QUESTION, Guest
from tests.live import Live, Serve, message, run_sql, until

STREAM = "/api/v1/chat/stream"
WORDS = "One two three four five six seven [1]."


@contextmanager
def speaking(guest: Guest, conversation_id: str | None = None) -> Iterator[tuple[str, Any]]:
    """The conversation of an answer that has just begun to be written, and its lines."""
    body = message(QUESTION) | {"conversation_id": conversation_id}
    with guest.live.client.stream("POST", STREAM, json=body, headers=guest.headers) as response:
        lines = response.iter_lines()
        first = httpx2.Response(200, content=next(lines).removeprefix("data: ")).json()
        while "One" not in next(lines):
            pass
        yield first["conversation_id"], lines


@pytest.fixture
def slow(serve: Serve, with_model: Settings, model: FakeModel) -> Live:
    """A service whose model takes its time."""
    model.say(WORDS, gap=0.04)
    return serve(with_model)


def test_an_answer_that_its_reader_left_is_kept_as_far_as_it_came(slow: Live) -> None:
    """Stopped, with its question; the reader finds it in the list."""
    guest = Guest(slow)
    with speaking(guest) as (conversation_id, _):
        pass
    until(lambda: guest.ids() == [conversation_id])
    kept = guest.get(conversation_id)["exchanges"][0]

    assert (kept["status"], kept["query"]) == ("stopped", QUESTION)
    assert kept["response"].startswith("One")
    assert "seven" not in kept["response"]


@pytest.mark.parametrize("path", ["/api/v1/chat", STREAM])
def test_an_answer_that_broke_is_kept_as_far_as_it_came(
    serve: Serve, with_model: Settings, model: FakeModel, path: str
) -> None:
    """Failed, at once, also when the reply was only a problem; it can be asked again there."""
    model.say("One two [1] three, and so on, and so on.", behaviour="cut")
    model.say(WORDS)
    guest = Guest(serve(with_model))
    guest.post(path, message(QUESTION))
    conversation_id = guest.ids()[0]
    kept = guest.get(conversation_id)["exchanges"][0]
    guest.ask(conversation_id=conversation_id)

    assert (kept["status"], kept["citations"][0]["index"]) == ("failed", 1)
    assert kept["response"].startswith("One two")
    assert [e["status"] for e in guest.get(conversation_id)["exchanges"]] == ["failed", "success"]


@pytest.mark.parametrize("begun_before", [True, False])
def test_a_deleted_conversation_stays_deleted(slow: Live, *, begun_before: bool) -> None:
    """Although an answer is still written in it, perhaps its first; the reader reads that on."""
    guest = Guest(slow)
    before = guest.save() if begun_before else None
    with speaking(guest, before) as (conversation_id, lines):
        place = f"{CONVERSATIONS}/{conversation_id}"
        statuses = [guest.request("DELETE", place).status_code for _ in range(2)]
        again = guest.post(STREAM, message(QUESTION) | {"conversation_id": conversation_id})
        rest = "".join(lines)

    assert statuses == [204, 404]
    assert again.status_code == 404
    assert '"status":"success"' in rest
    assert guest.ids() == []
    assert slow.sql("select from exchanges where conversation_id = $1", conversation_id) == []


def test_nobody_deletes_an_answer_that_is_not_theirs(slow: Live) -> None:
    """Also before it is stored."""
    ada, eve = Guest(slow), Guest(slow)
    with speaking(ada) as (conversation_id, lines):
        place = f"{CONVERSATIONS}/{conversation_id}"
        body = message(QUESTION) | {"conversation_id": conversation_id}
        statuses = [eve.request("DELETE", place).status_code, eve.post(STREAM, body).status_code]
        "".join(lines)

    assert statuses == [404, 404]
    assert ada.ids() == [conversation_id]


def test_a_conversation_goes_on_while_its_first_answer_is_written(
    serve: Serve, with_model: Settings, model: FakeModel
) -> None:
    """Its id is told at once, so it holds at once; both are kept, in the order of asking."""
    model.say(WORDS, gap=0.1)
    model.say(WORDS)  # ends before the first
    guest = Guest(serve(with_model))
    with speaking(guest) as (conversation_id, lines):
        second = guest.ask(f"{QUESTION} Please.", conversation_id)
        "".join(lines)

    assert second["conversation_id"] == conversation_id
    assert guest.ids() == [conversation_id]
    assert guest.queries(conversation_id) == [QUESTION, f"{QUESTION} Please."]


def test_a_reader_who_stops_an_answer_asks_on_at_once(slow: Live) -> None:
    """The server may notice only later that the first stream was left."""
    guest = Guest(slow)
    for _ in range(5):
        with speaking(guest) as (conversation_id, _):
            pass
        guest.ask(conversation_id=conversation_id)

        assert len(guest.queries(conversation_id)) == 2


def test_an_account_deleted_while_it_is_answered_leaves_nothing(slow: Live) -> None:
    """The answer is stopped; neither history nor log has it."""
    guest = Guest(slow)
    with speaking(guest) as (_, lines):
        status = guest.request("DELETE", "/api/v1/auth/account").status_code
        "".join(lines)

    assert status == 204
    for table in ("conversations", "exchanges", "interaction_logs"):
        assert slow.sql(f"select from {table}") == []


def test_a_model_is_told_this_conversation_and_no_other(
    serve: Serve, with_model: Settings, model: FakeModel
) -> None:
    """Not the reader's other ones, nobody else's, and what was said in order."""
    live = serve(with_model)
    ada, eve = Guest(live), Guest(live)
    ada.save("Secret of Ada's other one", "The other answer.")
    mine = ada.save("How does the fog signal sound?", "Loud, says Ada's.")
    ada.save("And the bell by hand?", "Ten strokes, says Ada's.", mine)
    theirs = eve.save("Where is Eve's siren?", "At the harbour, says Eve's.")
    at_ada, at_eve = len(model.requests), len(model.requests) + 1
    ada.ask(conversation_id=mine)
    eve.ask(conversation_id=theirs)
    ada.ask()
    told = [[m["content"] for m in r.json["messages"]] for r in model.requests]
    to_ada, to_eve, to_new = ("\n".join(t[1:]) for t in told[at_ada:])

    places = [to_ada.index(said) for said in ("sound?", "Loud", "bell by hand?", "Ten", QUESTION)]
    assert places == sorted(places)
    assert "Eve's" not in to_ada
    assert "other" not in to_ada
    assert "At the harbour, says Eve's." in told[at_eve][2]
    assert "Ada's" not in to_eve + to_new
    assert "Eve's" not in to_new


def has_gone(postgres: Postmaster, name: str) -> bool:
    """Whether the service did not come back between the end of its connections and the renaming."""
    end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1"
    asyncio.run(run_sql(postgres.dsn, end, name))
    try:
        asyncio.run(run_sql(postgres.dsn, f'alter database "{name}" rename to "{name}_away"'))
    except asyncpg.ObjectInUseError:
        return False
    return True


@contextmanager
def gone(postgres: Postmaster, dsn: str) -> Iterator[None]:
    """The database is out of reach for a while, and its connections have ended."""
    name = dsn.partition("///")[2].partition("?")[0] or dsn.split("/")[3].partition("?")[0]
    until(lambda: has_gone(postgres, name))
    yield
    asyncio.run(run_sql(postgres.dsn, f'alter database "{name}_away" rename to "{name}"'))


@pytest.mark.parametrize("path", ["/api/v1/chat", STREAM])
def test_a_conversation_is_answered_while_the_database_is_gone(
    serve: Serve, settings: Settings, postgres: Postmaster, dsn: str, path: str
) -> None:
    """Without its memory, and says so; lists say when to try again. Later all of it is there."""
    guest = Guest(serve(settings))
    conversation_id = guest.ask()["conversation_id"]
    body = message(QUESTION) | {"conversation_id": conversation_id}
    assert guest.ids() == [conversation_id]
    with gone(postgres, dsn):
        answered = guest.post(path, body)
        listed = guest.request("GET", CONVERSATIONS)
        told = guest.request("GET", f"{CONVERSATIONS}/{conversation_id}")

    assert answered.status_code == 200
    assert '"degraded":["history"]' in answered.text
    assert '"stored":"spool"' in answered.text
    for response in (listed, told):
        assert response.status_code == 503
        assert int(response.headers["retry-after"]) > 0
    until(lambda: guest.told(conversation_id) == [QUESTION, QUESTION])


def test_an_outage_in_the_middle_of_an_answer_costs_nothing(
    slow: Live, postgres: Postmaster, dsn: str
) -> None:
    """The reader reads to the end, and finds all of it when the database is back."""
    guest = Guest(slow)
    conversation_id = guest.save("before")
    with speaking(guest, conversation_id) as (_, lines), gone(postgres, dsn):
        rest = "".join(lines)
        listed = guest.request("GET", CONVERSATIONS)

    assert '"status":"success"' in rest
    assert listed.status_code == 503
    until(lambda: guest.told(conversation_id) == ["before", QUESTION])
