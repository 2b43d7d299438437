"""A reader's conversations: the list, its pages and its search, titles, judgements, saving."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.guests import CONVERSATIONS, INTERNAL_SAVE, Guest, save
from tests.live import Live

quickly = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
RAW = "<script>alert(\"1\")</script> &amp; 'it' \\ 100 %\n\ttab"
UNSEEN = "a\u202eb\U000e0041c\ufeffd"  # an override, a tag, a byte order mark
JOINED = "می\u200cخواهم 👩\u200d👩\u200d👧"


def walk(guest: Guest, limit: int, between: Callable[[list[str]], None] | None = None) -> list[str]:
    """Every id that following ``next`` shows; *between* pages something may happen."""
    shown: list[str] = []
    page = guest.page(limit=limit)
    while True:
        assert len(page["items"]) <= limit
        assert len(shown) < 50, "an endless list"
        shown += [item["conversation_id"] for item in page["items"]]
        if page["next"] is None:
            return shown
        if between:
            between(shown)
        page = guest.page(limit=limit, before=page["next"])


@quickly
@given(size=st.integers(0, 12), limit=st.integers(1, 13))
@example(size=6, limit=3)
@example(size=12, limit=1)
def test_pages_show_every_conversation_once_newest_first(live: Live, size: int, limit: int) -> None:
    """Whatever the sizes; the last page has no next."""
    guest = Guest(live)
    saved = [guest.save(str(i)) for i in range(size)]

    assert walk(guest, limit) == saved[::-1]


@quickly
@given(
    limit=st.integers(1, 4),
    changes=st.lists(st.tuples(st.sampled_from(["delete", "continue"]), st.integers(0, 8))),
)
def test_pages_lose_and_repeat_nothing_when_conversations_come_and_go(
    live: Live, limit: int, changes: list[tuple[str, int]]
) -> None:
    """Between two pages: deleted ones are missing, continued ones are on top, others are there."""
    guest = Guest(live)
    saved = [guest.save(str(i)) for i in range(9)]
    pending, touched = list(changes), set[str]()

    def change(_shown: list[str]) -> None:
        if not pending:
            return
        what, which = pending.pop()
        if what == "continue" and saved[which] in guest.ids():
            guest.save(conversation_id=saved[which])
        else:
            guest.request("DELETE", f"{CONVERSATIONS}/{saved[which]}")
        touched.add(saved[which])

    shown = walk(guest, limit, change)

    assert [i for i in shown if i not in touched] == [i for i in saved[::-1] if i not in touched]
    assert len(set(shown)) == len(shown)


def test_pages_go_on_behind_a_cursor_whose_conversation_is_gone(live: Live) -> None:
    """A cursor is a place, not a row."""
    guest = Guest(live)
    first, second, third = (guest.save(str(i)) for i in range(3))
    cursor = guest.page(limit=1)["next"]
    guest.request("DELETE", f"{CONVERSATIONS}/{third}")

    assert guest.ids(before=cursor) == [second, first]


def test_a_cursor_of_somebody_else_shows_only_ones_own(live: Live) -> None:
    """It says when, never whose; one from the far past or future is as harmless."""
    ada, eve = Guest(live), Guest(live)
    mine = [eve.save("mine")]
    for i in range(2):
        ada.save(str(i))

    assert eve.ids(before=ada.page(limit=1)["next"]) == mine
    assert eve.ids(before=f"0-{UUID(int=0)}") == []
    assert eve.ids(before=f"9999999999999999-{UUID(int=0)}") == mine


def rename(guest: Guest, conversation_id: str, title: str) -> Any:
    path = f"{CONVERSATIONS}/{conversation_id}"
    return guest.request("PATCH", path, json={"title": title}).json()


def test_a_renamed_conversation_keeps_its_place(live: Live) -> None:
    """Another title is no news."""
    guest = Guest(live)
    first, second = guest.save("first"), guest.save("second")
    before = guest.page()["items"][1]
    renamed = rename(guest, first, "Another")

    assert renamed == before | {"title": "Another"} == guest.page()["items"][1]
    assert guest.ids() == [second, first]
    assert guest.get(first)["title"] == "Another"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("  several\nlines\tand   gaps ", "several lines and gaps"),
        (UNSEEN, "abcd"),
        (JOINED, JOINED),
        ("\u202e", "…"),
        ("\u200b\u200d \u2066", "…"),
        ("\u00a0", "…"),
        ("<b>&amp;</b>", "<b>&amp;</b>"),
        ("word " * 30, "word " * 14 + "word…"),
        ("x" * 81, "x" * 79 + "…"),
        ("🔦" * 80, "🔦" * 80),
    ],
)
def test_a_title_is_the_question_on_one_line(live: Live, text: str, title: str) -> None:
    """Cut between words; what shows nothing has a sign in its place. The same when renaming."""
    guest = Guest(live)
    conversation_id = guest.save(text)

    assert guest.get(conversation_id)["title"] == title
    if len(text) <= 80:
        assert rename(guest, conversation_id, text)["title"] == title
    assert rename(guest, conversation_id, "y" * 200)["title"] == "y" * 200


def test_text_is_kept_as_it_was_written(live: Live) -> None:
    """Nothing is escaped and nothing unescaped: who shows it escapes it."""
    guest = Guest(live)
    conversation_id = guest.save(RAW, RAW)
    exchange = guest.get(conversation_id)["exchanges"][0]
    judge(guest, exchange["message_id"], "negative", RAW)
    judged = guest.get(conversation_id)["exchanges"][0]

    assert (exchange["query"], exchange["response"], judged["comment"]) == (RAW, RAW, RAW)


def test_what_nobody_sees_is_not_kept(live: Live) -> None:
    """Overrides and tags go, joiners stay, in questions, answers, judgements and titles."""
    guest = Guest(live)
    text = UNSEEN + JOINED
    conversation_id = guest.save(text, text)
    message_id = guest.get(conversation_id)["exchanges"][0]["message_id"]
    judge(guest, message_id, "positive", text)
    kept = guest.get(conversation_id)["exchanges"][0]

    assert {kept["query"], kept["response"], kept["comment"]} == {"abcd" + JOINED}
    assert guest.queries(guest.ask(text)["conversation_id"]) == ["abcd" + JOINED]


def test_a_nul_is_refused_everywhere(live: Live) -> None:
    """No text of Postgres can hold one."""
    guest = Guest(live)
    conversation_id, nul = guest.save(), "a\0b"
    message_id = guest.get(conversation_id)["exchanges"][0]["message_id"]
    saved = {"user_id": guest.user_id, "query": "a", "response": "b"}
    statuses = [
        save(live, saved | {"query": nul}).status_code,
        save(live, saved | {"response": nul}).status_code,
        guest.request("PATCH", f"{CONVERSATIONS}/{conversation_id}", json={"title": nul}),
        judge(guest, message_id, "positive", nul),
        guest.post("/api/v1/chat", {"query_text": nul}),
        guest.request("GET", CONVERSATIONS, params={"q": nul}),
    ]

    assert [getattr(s, "status_code", s) for s in statuses] == [422] * 6


def judge(guest: Guest, message_id: str, rating: str, comment: str | None = None) -> Any:
    path = f"/api/v1/messages/{message_id}/feedback"
    return guest.request("PUT", path, json={"rating": rating, "comment": comment})


def test_a_second_judgement_replaces_the_first(live: Live) -> None:
    """Also its comment; the reader sees it with the answer."""
    guest = Guest(live)
    reply = guest.ask()
    message_id = reply["response"]["message_id"]
    before = guest.get(reply["conversation_id"])["exchanges"][0]
    statuses = [judge(guest, message_id, r, c).status_code for r, c in VERDICTS]
    after = guest.get(reply["conversation_id"])["exchanges"][0]

    assert statuses == [204, 204]
    assert (before["rating"], before["comment"]) == (None, None)
    assert (after["rating"], after["comment"]) == ("positive", None)


VERDICTS = [("negative", "Too short."), ("positive", None)]


def test_nobody_judges_what_somebody_else_was_told(live: Live) -> None:
    """404, as for a message that never was; the judgement that is there stays."""
    ada, eve = Guest(live), Guest(live)
    reply = ada.ask()
    message_id = reply["response"]["message_id"]
    judge(ada, message_id, "positive")

    assert judge(eve, message_id, "negative").json()["error"] == "message_not_found"
    assert judge(eve, str(uuid4()), "negative").status_code == 404
    assert ada.get(reply["conversation_id"])["exchanges"][0]["rating"] == "positive"


def test_a_judgement_outlives_its_conversation(live: Live) -> None:
    """Owners of the book learn from it; the reader can no longer change it."""
    guest = Guest(live)
    reply = guest.ask()
    message_id = reply["response"]["message_id"]
    judge(guest, message_id, "negative", "Wrong.")
    guest.request("DELETE", f"{CONVERSATIONS}/{reply['conversation_id']}")
    rows = live.sql("select rating, comment from feedback where message_id = $1", message_id)

    assert [tuple(row) for row in rows] == [("negative", "Wrong.")]
    assert judge(guest, message_id, "positive").status_code == 404


def test_a_program_saves_into_a_conversation(live: Live) -> None:
    """A new one, whose address is told, or one of that reader's; never somebody else's."""
    ada, eve = Guest(live), Guest(live)
    body = {"user_id": ada.user_id, "query": "one", "response": "1"}
    first = save(live, body)
    more = save(live, body | {"query": "two", "conversation_id": first.json()["id"]})
    foreign = save(live, body | {"user_id": eve.user_id, "conversation_id": first.json()["id"]})
    unknown = save(live, body | {"conversation_id": str(uuid4())})
    nobody = save(live, body | {"user_id": str(uuid4())})
    place = f"{CONVERSATIONS}/{first.json()['id']}"

    assert (first.status_code, first.headers["location"]) == (201, place)
    assert (more.status_code, more.headers["location"]) == (201, place)
    assert ada.queries(first.json()["id"]) == ["one", "two"]
    refused = [(r.status_code, r.json()["error"]) for r in (foreign, unknown, nobody)]
    assert refused == [(404, "conversation_not_found")] * 2 + [(404, "user_not_found")]
    assert eve.ids() == []


def test_saving_needs_the_service_key(live: Live) -> None:
    """A reader's session is none, not even for the reader's own history."""
    guest = Guest(live)
    body = {"user_id": guest.user_id, "query": "a", "response": "b"}
    wrong = live.client.post(INTERNAL_SAVE, json=body, headers={"x-service-key": "wrong"})

    assert (guest.post(INTERNAL_SAVE, body).status_code, wrong.status_code) == (401, 401)
    assert guest.ids() == []


def test_a_conversation_tells_its_exchanges_oldest_first(live: Live) -> None:
    """With what the answer rests on; the answer as the reader got it."""
    guest = Guest(live)
    first = guest.ask()
    conversation_id = first["conversation_id"]
    second = guest.ask("Who won the football world cup?", conversation_id)
    told = guest.get(conversation_id)
    fog, cup = told["exchanges"]

    assert [e["message_id"] for e in (fog, cup)] == [
        r["response"]["message_id"] for r in (first, second)
    ]
    assert fog["response"] == first["response"]["content"]
    assert fog["citations"] == first["citations"]
    assert (fog["status"], fog["model"], cup["status"]) == ("success", "extractive", "refused")
    assert (told["title"], told["updated_at"]) == (fog["query"], cup["created_at"])
