"""What is kept of a reader's questions: all of them, at once, and the newest of them for long."""

import asyncio
import time
from functools import partial
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from attrs import evolve

from database import connected
from settings import Settings
from tests.contract_checks import events
from tests.guests import CONVERSATIONS, QUESTION, Guest, at_once, save
from tests.live import AUTH, PASSWORD, Live, Serve, message, until

CHATS = ["/api/v1/chat", "/api/v1/chat/stream"]
LOGGED = """
select user_id::text, conversation_id::text, question, answer
from interaction_logs where user_label = $1 or user_id::text = $1
"""
COUNTED = "select (select count(*) from conversations) + (select count(*) from exchanges) as kept"


def chat(guest: Guest) -> str:
    """The id of a conversation that a question has begun."""
    conversation_id: str = guest.ask()["conversation_id"]
    return conversation_id


def ask_in(guest: Guest, path: str, conversation_id: str | None = None) -> tuple[str, str]:
    """The conversation and the text of an answer, as soon as its last byte is there."""
    body = message(QUESTION) | {"conversation_id": conversation_id}
    response = guest.post(path, body)
    assert response.status_code == 200, response.text
    if path == CHATS[0]:
        reply = response.json()
        return reply["conversation_id"], reply["response"]["content"]
    frames = events(response.content)
    return frames[0]["conversation_id"], "".join(frame["content"] for frame in frames)


@pytest.mark.parametrize("begin", [Guest.save, chat], ids=["internal-save", "chat"])
def test_twenty_writers_at_the_limit_leave_exactly_fifty(live: Live, begin: Any) -> None:
    """And those are the newest, each time."""
    guest = Guest(live)
    kept = [guest.save(str(i)) for i in range(50)]
    for _ in range(3):
        new = at_once([partial(begin, guest)] * 20)
        listed = guest.ids()

        assert guest.page(limit=50)["next"] is None
        assert sorted(listed[:20]) == sorted(new)
        assert listed[20:] == kept[:19:-1]
        kept = listed[::-1]


@pytest.mark.parametrize("limit", [1, 3])
def test_the_limit_is_a_setting(serve: Serve, settings: Settings, limit: int) -> None:
    """More writers at once than conversations: as many as may stay, all of them new."""
    guest = Guest(serve(evolve(settings, history_limit=limit)))
    for begin in (Guest.save, chat, Guest.save, chat):
        new = at_once([partial(begin, guest)] * 20)
        listed = guest.ids()

        assert len(listed) == limit
        assert set(listed) <= set(new)


def test_a_limit_is_each_readers_own(serve: Serve, settings: Settings) -> None:
    """Nobody loses a conversation to somebody else's questions."""
    live = serve(evolve(settings, history_limit=2))
    guests = [Guest(live) for _ in range(3)]
    kept = at_once([partial(lambda g: [g.save(str(i)) for i in range(6)], g) for g in guests])

    assert [guest.ids() for guest in guests] == [ids[:3:-1] for ids in kept]


def test_a_continued_conversation_goes_to_the_top_and_stays(
    serve: Serve, settings: Settings
) -> None:
    """Its newest exchange counts, not its beginning."""
    guest = Guest(serve(evolve(settings, history_limit=3)))
    first, second, third = (guest.save(str(i)) for i in range(3))
    guest.ask(conversation_id=first)
    fourth = chat(guest)

    assert guest.ids() == [fourth, first, third]
    assert len(guest.queries(first)) == 2
    assert guest.request("GET", f"{CONVERSATIONS}/{second}").status_code == 404


def test_continuing_any_conversation_loses_none(serve: Serve, settings: Settings) -> None:
    """Nothing is new, so nothing has to go."""
    guest = Guest(serve(evolve(settings, history_limit=3)))
    saved = [guest.save(str(i)) for i in range(3)]
    for continued in (saved[2], saved[1], saved[0], saved[0]):
        guest.save(conversation_id=continued)

        assert sorted(guest.ids()) == saved


def test_a_guests_conversations_count_in_the_account(serve: Serve, settings: Settings) -> None:
    """Of both, the newest stay."""
    live = serve(evolve(settings, history_limit=3))
    guest, account = Guest(live), live.reader()
    own = [account.ask(QUESTION), account.ask(QUESTION)]
    brought = [guest.save(), guest.save()]
    entered = guest.post(f"{AUTH}/login", {"email": account.email, "password": PASSWORD})
    listed = account.send("GET", CONVERSATIONS).json()["items"]

    assert entered.status_code == 200
    assert [item["conversation_id"] for item in listed] == [*brought[::-1], own[1]]


def test_a_conversation_keeps_its_newest_two_hundred_exchanges(live: Live) -> None:
    """Exact, also when ten come at once."""
    guest = Guest(live)
    conversation_id = guest.save("0")
    for i in range(1, 201):
        guest.save(str(i), conversation_id=conversation_id)
    before = guest.queries(conversation_id)
    at_once([partial(guest.save, "new", conversation_id=conversation_id)] * 10)

    assert before == [str(i) for i in range(1, 201)]
    assert guest.queries(conversation_id) == before[10:] + ["new"] * 10
    assert guest.page()["items"][0]["exchange_count"] == 200


def test_questions_at_once_in_one_conversation_are_all_kept(live: Live) -> None:
    """In the order in which they were asked."""
    guest = Guest(live)
    conversation_id = guest.save("first")
    for _ in range(4):
        at_once([partial(guest.ask, conversation_id=conversation_id)] * 3)
    exchanges = guest.get(conversation_id)["exchanges"]
    asked = [exchange["created_at"] for exchange in exchanges]

    assert len(exchanges) == 13
    assert asked == sorted(asked)
    assert guest.ids() == [conversation_id]


@pytest.mark.parametrize("path", CHATS)
def test_an_answer_is_in_the_history_once_its_last_byte_is_read(live: Live, path: str) -> None:
    """Listed, told, continued and judged at once, although it is stored behind the reply."""
    guest = Guest(live)
    for _ in range(12):
        conversation_id, text = ask_in(guest, path)
        assert guest.ids()[0] == conversation_id
        conversation_id, _ = ask_in(guest, path)
        assert ask_in(guest, path, conversation_id)[0] == conversation_id
        conversation_id, text = ask_in(guest, path, conversation_id)
        exchanges = guest.get(conversation_id)["exchanges"]
        assert [exchange["response"] for exchange in exchanges] == [text] * 3
        conversation_id, _ = ask_in(guest, path)
        renamed = {"title": "Another"}
        place = f"{CONVERSATIONS}/{conversation_id}"
        assert guest.request("PATCH", place, json=renamed).status_code == 200
        conversation_id, _ = ask_in(guest, path)
        place = f"{CONVERSATIONS}/{conversation_id}"
        assert guest.request("DELETE", place).status_code == 204
        message_id = guest.ask()["response"]["message_id"]
        judged = guest.request(
            "PUT", f"/api/v1/messages/{message_id}/feedback", json={"rating": "positive"}
        )
        assert judged.status_code == 204


def test_a_stream_begins_with_its_conversation(live: Live) -> None:
    """So that a client can continue it; nobody's has none."""
    guest = Guest(live)
    first = guest.stream()[0]

    assert first["conversation_id"] == guest.ids()[0]
    assert live.stream(QUESTION)[0]["conversation_id"] is None


def logged(live: Live, who: str, count: int = 1) -> list[dict[str, Any]]:
    """What the log has of a user or a label; it is written behind the reader's back."""
    for _ in range(100):
        if len(rows := live.sql(LOGGED, who)) == count:
            break
        time.sleep(0.02)
    return [dict(row) for row in rows]


@pytest.mark.parametrize("path", CHATS)
def test_nobodys_question_is_answered_and_not_kept(live: Live, path: str) -> None:
    """It is in the log, under the label that the body has, even if that is a user's id."""
    for label in (f"label-{uuid4()}", Guest(live).user_id):
        before = live.sql(COUNTED)
        response = live.client.post(path, json=asked_as(label))

        assert response.status_code == 200
        assert [row["user_id"] for row in logged(live, label)] == [None]
        assert live.sql(COUNTED) == before


def asked_as(user_id: str) -> dict[str, Any]:
    return {"message": {"content": QUESTION, "user_id": user_id}}


def test_the_log_knows_the_reader_and_the_conversation(live: Live) -> None:
    """By the session, not by what the body says."""
    guest = Guest(live)
    reply = guest.ask()
    row = logged(live, guest.user_id)[0]

    assert (row["user_id"], row["conversation_id"]) == (guest.user_id, reply["conversation_id"])
    assert (row["question"], row["answer"]) == (QUESTION, reply["response"]["content"])


@pytest.mark.parametrize("path", CHATS)
def test_a_reader_asks_as_nobody_else(live: Live, path: str) -> None:
    """One's own id, however it is written; another's is refused before a byte of an answer."""
    ada, eve = Guest(live), Guest(live)
    own = [eve.post(path, asked_as(i)) for i in (eve.user_id, eve.user_id.upper())]
    other = [eve.post(path, asked_as(i)) for i in (ada.user_id, "ada")]

    assert [response.status_code for response in own] == [200, 200]
    assert [(r.status_code, r.json()["error"]) for r in other] == [(403, "other_user")] * 2
    assert (len(eve.ids()), ada.ids()) == (2, [])


@pytest.mark.parametrize("path", CHATS)
def test_nobody_continues_what_is_not_theirs(live: Live, path: str) -> None:
    """Somebody else's, one that never was, and any without a session: 404 before a byte."""
    ada, eve = Guest(live), Guest(live)
    theirs = ada.save()
    refused = [eve.post(path, message(QUESTION) | {"conversation_id": i}) for i in (theirs, NONE)]
    body = message(QUESTION) | {"conversation_id": theirs}
    refused.append(live.client.post(path, json=body))

    assert [error_of(response) for response in refused] == [(404, "conversation_not_found")] * 3
    assert (len(ada.queries(theirs)), eve.ids()) == (1, [])


NONE = str(uuid4())


def error_of(response: httpx2.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_nobody_touches_what_is_not_theirs(live: Live, method: str) -> None:
    """404, as for what never was; and 401 without a session."""
    ada, eve = Guest(live), Guest(live)
    theirs = ada.save("mine")
    body = {"title": "Eve's"} if method == "PATCH" else None
    refused = [eve.request(method, f"{CONVERSATIONS}/{i}", json=body) for i in (theirs, NONE)]
    anonymous = live.client.request(method, f"{CONVERSATIONS}/{theirs}", json=body)

    assert [error_of(response) for response in refused] == [(404, "conversation_not_found")] * 2
    assert anonymous.status_code == 401
    assert ada.get(theirs)["title"] == "mine"


def test_a_history_that_does_not_answer_is_written_later(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a program saves behind a lock that is not let go, the disk has it, then the history."""
    monkeypatch.setattr("history.KEEP_SECONDS", 0.1)
    guest = Guest(live)
    body = {"user_id": guest.user_id, "query": "a", "response": "b"}

    async def saved_behind_a_lock() -> httpx2.Response:
        async with connected(live.state["settings"].database_url or "") as db, db.transaction():
            await db.execute("select from users where id = $1 for update", guest.user_id)
            return await asyncio.to_thread(save, live, body)

    response = asyncio.run(saved_behind_a_lock())

    assert (response.status_code, response.json()["stored"]) == (201, "spool")
    until(lambda: guest.ids() == [response.json()["id"]])
