"""What OpenAI's own server answered to a script of requests, and where we answer otherwise.

Recorded from openai-chatkit 1.6.5 behind Starlette, in outline: the kinds of events, deltas and
annotations once; sizes of pages; statuses. Its book is another one, so questions are those of ours.
``{names}`` are ids that earlier replies have told.
"""

import re
from typing import Any

import httpx2
from attrs import frozen

from tests.chatkit.script import OTHER, QUESTION, typed
from tests.contract_checks import chatkit_events

ANSWER = (
    "stream_options progress_update thread.item.added:assistant_message content_part.added "
    "content_part.text_delta content_part.annotation_added content_part.done "
    "thread.item.done:assistant_message"
)
ASKED = f"thread.item.done:user_message {ANSWER}"
BEGUN = f"thread.created {ASKED} thread.updated"
REFUSED = "422 with a sentence"


@frozen
class Step:
    name: str
    kind: str
    params: dict[str, Any]
    official: str
    ours: str | None = None  # None: the same
    because: str = ""
    model_fails: bool = False


def outline(response: httpx2.Response) -> str:
    """A reply without what differs from run to run."""
    if response.headers["content-type"].startswith("text/event-stream"):
        names = " ".join(map(_name, chatkit_events(response.content)))
        return re.sub(r"(\S+_(?:delta|added))(?: \1)+", r"\1", names)
    reply = response.json()
    if response.status_code != 200:
        return f"{response.status_code} with a sentence" if reply["message"] else "without a word"
    if "data" in reply:
        return f"page of {len(reply['data'])}" + (", more" if reply["has_more"] else "")
    return f"thread of {len(reply['items']['data'])}" if reply else "done"


def _name(event: dict[str, Any]) -> str:
    if "update" in event:
        return str(event["update"]["type"]).removeprefix("assistant_message.")
    return ":".join([event["type"], *([event["item"]["type"]] if "item" in event else [])])


THREAD = {"thread_id": "{thread}"}
SCRIPT = [
    Step("empty list", "threads.list", {"limit": 9999, "order": "desc"}, "page of 0"),
    Step("first question", "threads.create", {"input": typed(QUESTION)}, BEGUN),
    Step(
        "a server that has a notice",
        "threads.add_user_message",
        THREAD | {"input": typed(OTHER, "One blast")},
        f"{ASKED} notice",
        ASKED,
        "nothing is missing, so there is nothing to notice",
    ),
    Step(
        "models and tools, and a server that tells of its search",
        "threads.add_user_message",
        THREAD
        | {
            "input": typed(OTHER)
            | {"inference_options": {"model": "m", "tool_choice": {"id": "s"}}}
        },
        f"{ASKED} thread.item.done:workflow",
        ASKED,
        "what was searched is in the footnotes; the progress has told the rest",
    ),
    Step(
        "a tag among the words",
        "threads.add_user_message",
        THREAD
        | {
            "input": typed("")
            | {
                "content": [
                    {"type": "input_text", "text": f"{QUESTION} In "},
                    {
                        "type": "input_tag",
                        "id": "fog",
                        "text": "Fog",
                        "data": {"k": "v"},
                        "group": "Pages",
                        "interactive": True,
                    },
                ]
            }
        },
        ASKED,
    ),
    Step("the list", "threads.list", {"limit": 9999, "order": "desc"}, "page of 1"),
    Step(
        "the thread",
        "threads.get_by_id",
        THREAD,
        "thread of 9",
        "thread of 8",
        "no item of a search, see above",
    ),
    Step(
        "a page of items",
        "items.list",
        THREAD | {"limit": 2, "order": "asc"},
        "page of 2, more",
    ),
    Step(
        "the items behind one",
        "items.list",
        THREAD | {"limit": 9999, "order": "asc", "after": "{question}"},
        "page of 8",
        "page of 7",
        "no item of a search, see above",
    ),
    Step(
        "a thumb",
        "items.feedback",
        THREAD | {"item_ids": ["{answer}"], "kind": "positive"},
        "done",
    ),
    Step("a new name", "threads.update", THREAD | {"title": "Fog"}, "thread of 0"),
    Step("again", "threads.retry_after_item", THREAD | {"item_id": "{question}"}, ANSWER),
    Step(
        "again, after an answer",
        "threads.retry_after_item",
        THREAD | {"item_id": "{answer}"},
        "",
        REFUSED,
        "an empty stream shows the reader nothing",
    ),
    Step(
        "trouble in a new thread",
        "threads.create",
        {"input": typed(QUESTION)},
        "thread.created thread.item.done:user_message stream_options progress_update error",
        "thread.created thread.item.done:user_message stream_options progress_update "
        "thread.updated error",
        "the thread is kept, and has its title",
        model_fails=True,
    ),
    Step(
        "trouble in a thread",
        "threads.add_user_message",
        THREAD | {"input": typed(QUESTION)},
        "thread.item.done:user_message stream_options error",
        "thread.item.done:user_message stream_options progress_update error",
        "the progress is told before anything can fail",
        model_fails=True,
    ),
    Step(
        "an attachment",
        "attachments.create",
        {"name": "a.png", "size": 10, "mime_type": "image/png"},
        "an attachment",
        REFUSED,
        "attachments are not taken",
    ),
    Step(
        "a question with an attachment",
        "threads.create",
        {"input": typed(QUESTION) | {"attachments": ["atc_1"]}},
        BEGUN,
        REFUSED,
        "refused before a thread has begun",
    ),
    Step(
        "no attachment any more",
        "attachments.delete",
        {"attachment_id": "atc_1"},
        "done",
        REFUSED,
        "attachments are not taken",
    ),
    Step(
        "speech",
        "input.transcribe",
        {"audio_base64": "AAAA", "mime_type": "audio/webm;codecs=opus"},
        "a text",
        REFUSED,
        "speech is not taken",
    ),
    Step(
        "a button of a widget",
        "threads.custom_action",
        THREAD | {"action": {"type": "cite.open"}},
        "stream_options progress_update",
        REFUSED,
        "there are no widgets",
    ),
    Step(
        "a button of a widget, at once",
        "threads.sync_custom_action",
        THREAD | {"action": {"type": "cite.open"}},
        "done",
        REFUSED,
        "there are no widgets",
    ),
    Step("gone", "threads.delete", THREAD, "done"),
    Step(
        "what is gone",
        "threads.get_by_id",
        THREAD,
        "500 in plain text",
        "404 with a sentence",
        "it is nobody's failure",
    ),
    Step(
        "a question in what is gone",
        "threads.add_user_message",
        THREAD | {"input": typed("hi")},
        "a connection that breaks",
        "error",
        "the front end would ask five times more",
    ),
    Step(
        "an unknown kind",
        "threads.stop",
        THREAD,
        "500 in plain text",
        REFUSED,
        "it says what there is",
    ),
    Step(
        "a question without attachments and options",
        "threads.create",
        {"input": {"content": [{"type": "input_text", "text": QUESTION}]}},
        "500 in plain text",
        BEGUN,
        "they are always empty",
    ),
    Step("unknown members", "threads.list", {"limit": 1, "foo": 1}, "page of 1, more"),
    Step("a limit of 0", "threads.list", {"limit": 0}, "page of 2"),
    Step(
        "a limit below 0",
        "threads.list",
        {"limit": -5},
        "page of 0, more",
        REFUSED,
        "an empty page that promises more is asked for without end",
    ),
]
