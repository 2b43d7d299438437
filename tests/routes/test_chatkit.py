"""What ChatKit's front end asks for, as it asks."""

from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from attrs import evolve

from settings import Settings
from tests.chatkit.script import OTHER, QUESTION, begin, events, fetch, post, typed
from tests.fake_model import FakeModel
from tests.live import Live, Reader, Serve, until


def leaving(reader: Reader, body: Any) -> AbstractContextManager[httpx2.Response]:
    """A stream that may be left in the middle."""
    return reader.client.stream("POST", "/chatkit", json=body, headers=reader.headers)


def shape(found: list[dict[str, Any]]) -> list[str]:
    """The kinds of events; deltas and annotations, which take turns, once."""
    names = [
        event["update"]["type"].removeprefix("assistant_message.")
        if "update" in event
        else event["type"]
        for event in found
    ]
    pieces = ("content_part.text_delta", "content_part.annotation_added")
    return [n for i, n in enumerate(names) if n not in pieces or n not in names[:i]]


ANSWER = [
    "stream_options",
    "progress_update",
    "thread.item.added",
    "content_part.added",
    "content_part.text_delta",
    "content_part.annotation_added",
    "content_part.done",
    "thread.item.done",
]


def test_a_new_thread_goes_as_the_front_end_expects(live: Live) -> None:
    """The order of events that ChatKit's own server has."""
    found = events(live.guest(), "threads.create", input=typed(QUESTION))

    assert shape(found) == ["thread.created", "thread.item.done", *ANSWER, "thread.updated"]
    assert found[0]["thread"]["title"] == QUESTION
    assert found[0]["thread"]["created_at"].endswith("Z")


def test_the_screen_is_the_same_after_a_reload(live: Live) -> None:
    """What was streamed is what is kept, and no marker is left in the text."""
    reader = live.guest()
    thread_id, answer = begin(reader)
    kept = fetch(reader, "threads.get_by_id", thread_id=thread_id)
    part = answer["content"][0]

    assert kept["items"]["data"][1] == answer
    assert part["annotations"]
    assert "[1]" not in part["text"]
    for note in part["annotations"]:
        assert 0 < note["index"] <= len(part["text"].encode("utf-16-le")) // 2
        assert note["source"]["type"] == "url"


def test_threads_are_conversations(live: Live) -> None:
    """Asked here, it shows at the REST routes, and the other way round."""
    reader = live.guest()
    thread_id, answer = begin(reader)
    other = reader.ask(OTHER)
    conversation = reader.send("GET", f"/api/v1/conversations/{thread_id}").json()
    listed = fetch(reader, "threads.list", limit=9999, order="desc")

    assert [e["message_id"] for e in conversation["exchanges"]] == [answer["id"]]
    assert [thread["id"] for thread in listed["data"]] == [other, thread_id]
    assert listed["has_more"] is False
    assert len(fetch(reader, "threads.get_by_id", thread_id=other)["items"]["data"]) == 2


def test_a_thread_goes_on(live: Live) -> None:
    """With a question, whose selection is the quoted text."""
    reader = live.guest()
    thread_id, _ = begin(reader)
    found = events(
        reader,
        "threads.add_user_message",
        thread_id=thread_id,
        input=typed("What does this mean?", quoted="The lamp is lit at dusk."),
    )

    assert found[0]["item"]["quoted_text"] == "The lamp is lit at dusk."
    kept = reader.send("GET", f"/api/v1/conversations/{thread_id}").json()["exchanges"]
    assert [e["selected_text"] for e in kept] == [None, "The lamp is lit at dusk."]
    assert len(fetch(reader, "items.list", thread_id=thread_id, order="asc")["data"]) == 4


def test_pages_end(live: Live) -> None:
    """Whatever the size: every item once, and no empty page that promises more."""
    reader = live.guest()
    thread_id, _ = begin(reader)
    events(reader, "threads.add_user_message", thread_id=thread_id, input=typed(OTHER))
    whole = fetch(reader, "threads.get_by_id", thread_id=thread_id)["items"]["data"]
    for order, expected in (("asc", whole), ("desc", whole[::-1])):
        for limit in (1, 2, 3):
            paged: list[Any] = []
            after = None
            while True:
                page = fetch(
                    reader,
                    "items.list",
                    thread_id=thread_id,
                    limit=limit,
                    order=order,
                    after=after,
                )
                paged += page["data"]
                if not page["has_more"]:
                    break
                after = page["data"][-1]["id"]
            assert paged == expected


def test_threads_page_both_ways(live: Live) -> None:
    """A cursor that is gone ends the list."""
    reader = live.guest()
    ids = [begin(reader)[0] for _ in range(3)]
    first = fetch(reader, "threads.list", limit=2)
    rest = fetch(reader, "threads.list", limit=2, after=first["data"][-1]["id"])
    gone = fetch(reader, "threads.list", after=str(uuid4()))
    oldest = fetch(reader, "threads.list", order="asc")

    assert [t["id"] for t in first["data"] + rest["data"]] == ids[::-1]
    assert (first["has_more"], rest["has_more"]) == (True, False)
    assert gone == {"data": [], "has_more": False}
    assert [t["id"] for t in oldest["data"]] == ids


def test_a_retry_replaces_the_answer_and_what_followed(live: Live) -> None:
    """The question keeps its name, so it can be retried again."""
    reader = live.guest()
    thread_id, old = begin(reader)
    events(reader, "threads.add_user_message", thread_id=thread_id, input=typed(OTHER))
    question = f"q-{old['id']}"
    for _ in range(2):
        found = events(reader, "threads.retry_after_item", thread_id=thread_id, item_id=question)
        assert shape(found) == ANSWER
        items = fetch(reader, "threads.get_by_id", thread_id=thread_id)["items"]["data"]
        assert [item["id"] for item in items] == [question, found[-1]["item"]["id"]]


def test_a_retry_that_fails_leaves_the_old_answer(
    serve: Serve, with_model: Settings, model: FakeModel
) -> None:
    """It says why, and nothing is lost."""
    live = serve(evolve(with_model, agent_timeout=5.0))
    reader = live.guest()
    model.say("One blast every ninety seconds [1].")
    thread_id, old = begin(reader)
    model.say(behaviour="silent")
    found = events(
        reader, "threads.retry_after_item", thread_id=thread_id, item_id=f"q-{old['id']}"
    )
    items = fetch(reader, "threads.get_by_id", thread_id=thread_id)["items"]["data"]

    assert items[1]["content"][0]["text"]
    assert found


def test_renamed_and_deleted(live: Live) -> None:
    """And gone for the REST routes, too."""
    reader = live.guest()
    thread_id, _ = begin(reader)

    assert fetch(reader, "threads.update", thread_id=thread_id, title="Fog")["title"] == "Fog"
    assert fetch(reader, "threads.delete", thread_id=thread_id) == {}
    assert post(reader, "threads.get_by_id", thread_id=thread_id).status_code == 404
    assert reader.send("GET", f"/api/v1/conversations/{thread_id}").status_code == 404


def test_feedback_is_kept(live: Live) -> None:
    """The answer among the items of the turn is judged; the last word holds."""
    reader = live.guest()
    thread_id, answer = begin(reader)
    items = [f"q-{answer['id']}", answer["id"]]
    for kind in ("positive", "negative"):
        fetch(reader, "items.feedback", thread_id=thread_id, item_ids=items, kind=kind)
    exchange = reader.send("GET", f"/api/v1/conversations/{thread_id}").json()["exchanges"][0]

    assert exchange["rating"] == "negative"


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("threads.get_by_id", {}),
        ("threads.update", {"title": "Mine"}),
        ("threads.delete", {}),
        ("items.list", {}),
    ],
)
def test_somebody_elses_thread_is_not_there(live: Live, kind: str, params: dict[str, Any]) -> None:
    """As one that never was."""
    thread_id, _ = begin(live.guest())
    response = post(live.guest(), kind, thread_id=thread_id, **params)

    assert response.status_code == 404
    assert response.json()["message"]


def test_a_stream_about_somebody_elses_thread_says_so(live: Live) -> None:
    """In an event: of another status the reader would see nothing."""
    thread_id, answer = begin(live.guest())
    stranger = live.guest()
    added = events(stranger, "threads.add_user_message", thread_id=thread_id, input=typed(OTHER))
    again = events(
        stranger, "threads.retry_after_item", thread_id=thread_id, item_id=f"q-{answer['id']}"
    )

    for found in (added, again):
        assert shape(found) == ["error"]
        assert found[0]["message"]
        assert found[0]["allow_retry"] is False


@pytest.mark.parametrize(
    "body",
    [
        {"type": "attachments.create", "params": {"name": "a", "size": 1, "mime_type": "b"}},
        {"type": "threads.custom_action", "params": {}},
        {"type": "threads.list", "params": {"limit": -5}},
        {"type": "threads.create", "params": {"input": {"content": []}}},
        {"type": "threads.create", "params": {"input": typed("x" * 4001)}},
        {
            "type": "threads.create",
            "params": {"input": {"content": [{"type": "input_text", "text": "x" * 2001}] * 2}},
        },
        {"type": "threads.create", "params": {"input": typed("x") | {"attachments": ["a"]}}},
    ],
)
def test_what_is_not_taken_is_refused_with_a_sentence(live: Live, body: Any) -> None:
    """And nothing is begun."""
    reader = live.guest()
    response = reader.send("POST", "/chatkit", body)

    assert response.status_code == 422
    assert response.json()["message"]
    assert fetch(reader, "threads.list")["data"] == []


def test_an_unknown_kind_is_told_what_there_is(live: Live) -> None:
    """One violation, of the member that tells requests apart."""
    body = {"type": "input.transcribe", "params": {"audio_base64": "", "mime_type": ""}}
    problem = live.guest().send("POST", "/chatkit", body).json()

    assert [e["pointer"] for e in problem["errors"]] == ["/type"]
    assert '"threads.create"' in problem["message"]


def test_it_is_for_readers_with_a_session(live: Live) -> None:
    """A guest's is enough."""
    response = live.client.post("/chatkit", json={"type": "threads.list", "params": {}})

    assert response.status_code == 401


def test_leaving_stops_the_answer_and_keeps_what_there_is(
    serve: Serve, with_model: Settings, model: FakeModel
) -> None:
    """There is no other way to press Stop; the seconds of grace are for other clients."""
    model.say(pieces=["One blast every ninety seconds [1].", *(["and more "] * 200)], gap=0.05)
    live = serve(evolve(with_model, resume_grace=60))
    reader = live.guest()
    body = {"type": "threads.create", "params": {"input": typed(QUESTION)}}
    with leaving(reader, body) as response:
        lines = response.iter_lines()
        assert any("text_delta" in line for line in lines)
    until(lambda: live.logged(1)[0]["status"] == "stopped")
    threads = fetch(reader, "threads.list")["data"]
    items = fetch(reader, "threads.get_by_id", thread_id=threads[0]["id"])["items"]["data"]

    assert items[1]["content"][0]["text"].startswith("One blast every ninety seconds")


def test_the_same_question_twice_at_once_is_answered_once(
    serve: Serve, with_model: Settings, model: FakeModel
) -> None:
    """A proxy or a double click has sent it again."""
    model.say(pieces=["One blast ", *(["and more "] * 100)], gap=0.05)
    reader = serve(with_model).guest()
    body = {"type": "threads.create", "params": {"input": typed(QUESTION)}}
    with leaving(reader, body) as response:
        lines = response.iter_lines()
        assert any("text_delta" in line for line in lines)
        again = events(reader, "threads.create", input=typed(QUESTION))

    assert shape(again) == ["error"]


def test_a_page_asks_how_to_show_chatkit(serve: Serve, settings: Settings) -> None:
    """On one's own machine any key will do."""
    config = serve(settings).client.get("/api/v1/chatkit/config").json()

    assert config == {"url": "/chatkit", "domain_key": "local-dev"}
