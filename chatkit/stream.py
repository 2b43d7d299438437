"""An answer's events as the frames that ChatKit's front end expects: one encoder, nothing else.

The order is that of ChatKit's own server: thread, question, options, progress, then the answer's
item, its part, deltas, annotations, and both once more, whole. An answer without words has no item.
"""

from collections.abc import Iterator, Sequence

from agent.events import Cited, Delta, Done, Event
from answer import Answer
from chatkit import items
from chatkit.items import Json
from chatkit.markers import MarkerStream
from contract import converter
from problems import Problem
from sse import encode

KEEPALIVE = b": keep-alive\n\n"
UNSAVED = "The history is out of reach at the moment: this chat may not be saved."
NOTICES = {
    "history": UNSAVED,
    "model": "The model is not available at the moment: these are the book's own words.",
    "retrieval": "The book's index is out of reach at the moment.",
}


class ChatkitEncoder:
    """The answer's item as it grows.

    *title* is that of a thread that begins. *standing* are the items behind a question that is
    asked again; the front end has taken them off the screen, and they come back where the answer
    fails.
    """

    keepalive = KEEPALIVE

    def __init__(
        self, answer: Answer, *, title: str | None = None, standing: Sequence[Json] | None = None
    ) -> None:
        self.answer, self.title, self.standing = answer, title, standing
        self.cited: dict[int, Json] = {}
        self.markers = MarkerStream(self.cited)
        self.waiting = ""  # its markers' citations come in the next events
        self.noted = 0  # annotations that have been sent
        self.is_begun = False

    def opening(self) -> bytes:
        return b"".join(map(encode, self._opening()))

    def encode(self, batch: Sequence[Event]) -> bytes:
        return b"".join(map(encode, self._written(batch)))

    def ending(self, problem: Problem | None) -> bytes:
        return b"".join(map(encode, self._ending(problem)))

    def _opening(self) -> Iterator[Json]:
        """What is sent before anything is searched."""
        if self.title:
            yield {"type": "thread.created", "thread": self._thread}
        if self.standing is None:
            yield {"type": "thread.item.done", "item": items.asked(self.answer)}
        yield {"type": "stream_options", "stream_options": {"allow_cancel": True}}
        yield {"type": "progress_update", "icon": "search", "text": "Searching the book"}

    def _written(self, batch: Sequence[Event]) -> Iterator[Json]:
        """The frames of one batch of events: one delta, then the annotations in it."""
        said = ""
        for event in batch:
            if isinstance(event, Cited):
                self.cited[event.citation.index] = converter().unstructure(event.citation)
                continue
            said += self.markers.feed(self.waiting)
            self.waiting = event.text if isinstance(event, Delta) else ""
            if "]" not in self.waiting:
                said, self.waiting = said + self.markers.feed(self.waiting), ""
        yield from self._said(said)

    def _said(self, text: str) -> Iterator[Json]:
        fresh = self.markers.marks[self.noted :]
        if (text or fresh) and not self.is_begun:
            yield {"type": "thread.item.added", "item": self._item([])}
            yield self._update("content_part.added", content=items.output_text("", ()))
            self.is_begun = True
        if text:
            yield self._update("content_part.text_delta", delta=text)
        for mark in fresh:
            note = items.annotation(mark, self.cited[mark.index])
            yield self._update(
                "content_part.annotation_added", annotation_index=self.noted, annotation=note
            )
            self.noted += 1

    def _ending(self, problem: Problem | None) -> Iterator[Json]:
        if self.standing is None or self.answer.can_replace:
            yield from self._finished()
        else:
            yield from self._withdrawn(self.standing)
        if self.title:
            yield {"type": "thread.updated", "thread": self._thread}
        yield from map(notice, filter(self._missing.__contains__, NOTICES))
        if problem:
            yield error(problem)

    def _finished(self) -> Iterator[Json]:
        """The rest, and the item once more, whole: as a reload will show it."""
        yield from self._said(self.markers.feed(self.waiting) + self.markers.finish())
        if self.is_begun:
            citations = converter().unstructure(self.answer.citations)
            part = items.output_text(self.answer.text, citations)
            yield self._update("content_part.done", content=part)
            yield {"type": "thread.item.done", "item": self._item([part])}

    def _withdrawn(self, standing: Sequence[Json]) -> Iterator[Json]:
        """What was there before, in the place of an answer that has failed."""
        if self.is_begun:
            yield {"type": "thread.item.removed", "item_id": str(self.answer.message_id)}
        yield from put_back(standing)

    @property
    def _missing(self) -> set[str]:
        last = self.answer.events[-1] if self.answer.events else None
        missing = last.degraded if isinstance(last, Done) else self.answer.asked.degraded
        return {*missing, *(() if self.answer.stored == "database" else ("history",))}

    @property
    def _thread(self) -> Json:
        conversation_id = self.answer.place.conversation_id
        return items.thread(conversation_id, self.answer.asked_at, title=self.title)

    def _update(self, kind: str, **members: object) -> Json:
        update = {"type": f"assistant_message.{kind}", "content_index": 0, **members}
        return {
            "type": "thread.item.updated",
            "item_id": str(self.answer.message_id),
            "update": update,
        }

    def _item(self, content: Sequence[Json]) -> Json:
        return items.assistant_message(
            self.answer.message_id,
            thread_id=self.answer.place.conversation_id,
            created_at=self.answer.asked_at,
            content=content,
        )


def refusal(problem: Problem, standing: Sequence[Json] = ()) -> bytes:
    """Instead of an answer: a status of its own would show the reader nothing, or ask again."""
    return b"".join(map(encode, [*put_back(standing), error(problem)]))


def put_back(standing: Sequence[Json]) -> Iterator[Json]:
    yield from ({"type": "thread.item.done", "item": item} for item in standing)


def notice(part: str) -> Json:
    return {"type": "notice", "level": "warning", "message": NOTICES[part]}


def error(problem: Problem) -> Json:
    may_retry = problem.status >= 500
    return {
        "type": "error",
        "code": "custom",
        "message": problem.sentence,
        "allow_retry": may_retry,
    }
