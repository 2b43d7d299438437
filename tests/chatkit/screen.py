"""ChatKit's front end, without its pixels: what it asks for, and the screen that it makes of it.

The rules are those of OpenAI's runtime, as it was read in June 2026; the runtime itself cannot run
here. What would break it, or keep it busy for ever, is an ``AssertionError``.
"""

from collections.abc import Iterator
from typing import Any

import orjson
from attrs import define, field

from tests.chatkit.script import typed
from tests.live import Reader

Json = dict[str, Any]
AGAIN = 5  # times that a stream is asked for once more, behind the reader's back
PAGES = 1000  # after so many, a list has no end


@define
class Screen:
    """One tab. *told* are the replies and events that came, each with its kind."""

    reader: Reader
    page: int = 9999  # items and threads at a time
    thread: Json | None = None
    items: list[Json] = field(factory=list)
    notices: list[str] = field(factory=list)
    errors: list[Json] = field(factory=list)
    may_stop: bool = False
    progress: str | None = None
    posts: int = 0
    told: list[tuple[str, Json]] = field(factory=list)

    def ask(self, text: str, quoted: str = "", *, stop_after: int | None = None) -> None:
        """In the open thread, or in a new one; Stop is pressed at that delta."""
        question = {"id": "client_1", "type": "user_message", "content": typed(text)["content"]}
        self.items.append(question)
        params: Json = {"input": typed(text, quoted)}
        if self.thread:
            params["thread_id"] = self.thread["id"]
        kind = "threads.add_user_message" if self.thread else "threads.create"
        self._stream(kind, params, stop_after)

    def retry(self, item_id: str, *, stop_after: int | None = None) -> None:
        """All behind the question goes from the screen at once."""
        assert self.thread
        at = [item["id"] for item in self.items].index(item_id)
        self.items = self.items[: at + 1]
        params = {"thread_id": self.thread["id"], "item_id": item_id}
        self._stream("threads.retry_after_item", params, stop_after)

    def open(self, thread_id: str) -> None:
        """The thread as a reload shows it; pages go on behind the last item that is shown."""
        self.begin()
        self.thread = self.fetch("threads.get_by_id", "thread", thread_id=thread_id)
        page = self.thread.pop("items")
        self.items = page["data"]
        if page["has_more"]:
            self.items += self.listed(thread_id, after=page["data"][-1]["id"])

    def listed(self, thread_id: str, **asked: Any) -> list[Json]:
        asked = {"thread_id": thread_id, "limit": self.page, "order": "asc"} | asked
        return list(self._pages("items.list", "items", **asked))

    def history(self, limit: int = 9999) -> list[Json]:
        return list(self._pages("threads.list", "threads", limit=limit, order="desc"))

    def rename(self, title: str) -> None:
        assert self.thread
        self._show(self.fetch("threads.update", "thread", thread_id=self.thread["id"], title=title))

    def delete(self) -> None:
        assert self.thread
        assert self.fetch("threads.delete", None, thread_id=self.thread["id"]) == {}
        self.begin()

    def judge(self, kind: str, item_ids: list[str]) -> None:
        assert self.thread
        params = {"thread_id": self.thread["id"], "item_ids": item_ids, "kind": kind}
        assert self.fetch("items.feedback", None, **params) == {}

    def begin(self) -> None:
        """A new thread."""
        self.thread, self.items = None, []
        self.notices, self.errors = [], []

    def fetch(self, kind: str, told: str | None, /, **params: Any) -> Json:
        body = {"type": kind, "params": params}
        reply = self.reader.send("POST", "/chatkit", body).raise_for_status()
        if told:
            self.told.append((told, reply.json()))
        shown: Json = reply.json()
        return shown

    def _pages(self, kind: str, told: str, /, **asked: Any) -> Iterator[Json]:
        """Whatever the reply's own ``after`` says, the next page is asked for by the last id."""
        for _ in range(PAGES):
            page = self.fetch(kind, told, **asked)
            yield from page["data"]
            if not page["has_more"]:
                return
            assert page["data"], "an empty page that promises more is asked for again and again"
            asked["after"] = page["data"][-1]["id"]
        raise AssertionError("the list has no end")

    def _stream(self, kind: str, params: Json, stop_after: int | None) -> None:
        self.notices, self.errors, self.may_stop, self.progress = [], [], False, None
        for _ in range(1 + AGAIN):
            self.posts += 1
            if self._post({"type": kind, "params": params}, stop_after):
                break
        self.progress = None
        self.items = [item for item in self.items if item["id"] != "client_1"]

    def _post(self, body: Json, stop_after: int | None) -> bool:
        """Whether that was it: a broken server and a strange content type are asked once more."""
        client, headers = self.reader.client, self.reader.headers
        with client.stream("POST", "/chatkit", json=body, headers=headers) as reply:
            kind = reply.headers.get("content-type", "")
            if reply.status_code >= 500 or (reply.is_success and "text/event-stream" not in kind):
                return False
            if not reply.is_success:
                return True  # nothing is shown but a toast
            lines = reply.iter_lines()  # named: to forget it would close the response
            deltas = 0
            for line in lines:
                if not line.startswith("data: "):
                    continue
                event = orjson.loads(line[6:])
                self.told.append(("event", orjson.loads(line[6:])))
                self._take(event)
                deltas += event.get("update", {}).get("type", "").endswith("text_delta")
                if deltas == stop_after:
                    assert self.may_stop, "there is no button to press"
                    break
        return True

    def _take(self, event: Json) -> None:
        kind = event["type"]
        # Before there is a thread, all but trouble is dropped.
        assert self.thread or kind in ("thread.created", "error"), f"{kind} comes too early"
        match kind:
            case "thread.created" | "thread.updated":
                self._show(event["thread"])
            case "error":
                assert event["code"] == "stream.error" or event["message"]
                self.errors.append(event)
            case "thread.item.added" | "thread.item.done":
                self._put(event["item"])
            case "thread.item.removed":
                self.items = [item for item in self.items if item["id"] != event["item_id"]]
            case "thread.item.updated":
                self._update(event["item_id"], event["update"])
            case "stream_options":
                self.may_stop = event["stream_options"]["allow_cancel"]
            case "progress_update":
                self.progress = event["text"]
            case "notice":
                self.notices.append(event["message"])

    def _put(self, item: Json) -> None:
        """In the place of the same item, or of the question's bubble that stood there at once."""
        self.progress = None
        names = [item["id"], *(["client_1"] if item["type"] == "user_message" else [])]
        at = next((n for n, shown in enumerate(self.items) if shown["id"] in names), None)
        if at is None:
            self.items.append(item)
        else:
            self.items[at] = item

    def _update(self, item_id: str, update: Json) -> None:
        """A part that is not there, or has no list of annotations, is a crash of the front end."""
        (item,) = (shown for shown in self.items if shown["id"] == item_id)
        parts, at = item["content"], update["content_index"]
        match update["type"].removeprefix("assistant_message.content_part."):
            case "added":
                parts.insert(at, update["content"])
            case "text_delta":
                parts[at]["text"] += update["delta"]
            case "annotation_added":
                parts[at]["annotations"][update["annotation_index"] :] = [update["annotation"]]
            case "done":
                parts[at] = update["content"]
            case other:
                raise AssertionError(f"{other} is nothing that we send")

    def _show(self, thread: Json) -> None:
        self.thread = {name: value for name, value in thread.items() if name != "items"}
