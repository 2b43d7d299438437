"""An answer's events as the frames that ChatKit's front end expects: one encoder, nothing else.

The order is that of ChatKit's own server: thread, question, options, progress, then the answer's
item, its part, deltas, annotations, and both once more, whole. An answer without words has no item.
"""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing

from agent.events import Cited, Delta, Done, Event, Failed
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


def opening(
    answer: Answer, *, title: str | None = None, question_id: str | None = None
) -> Iterator[Json]:
    """What is sent before anything is searched.

    *title* is that of a thread that begins, *question_id* that of a question that is asked again.
    """
    conversation_id = answer.place.conversation_id
    if title:
        created = items.thread(conversation_id, answer.asked_at, title=title)
        yield {"type": "thread.created", "thread": created}
    if question_id is None:
        question = items.user_message(
            items.question_id(answer.message_id),
            thread_id=conversation_id,
            created_at=answer.asked_at,
            text=answer.asked.question.text,
            quoted_text=answer.asked.question.selected_text,
        )
        yield {"type": "thread.item.done", "item": question}
    yield {"type": "stream_options", "stream_options": {"allow_cancel": True}}
    yield {"type": "progress_update", "icon": "search", "text": "Searching the book"}


async def frames(answer: Answer, *, title: str | None = None) -> AsyncGenerator[bytes, None]:
    """The answer. Who closes this before its end has pressed Stop: there is no other way to."""
    writing = Writing(answer)
    try:
        async with aclosing(answer.follow()) as batches:
            async for batch in batches:
                if said := b"".join(map(encode, writing.write(batch))):
                    yield said
        yield b"".join(map(encode, _ending(answer, writing, title)))
    finally:
        answer.stop()


def refusal(problem: Problem) -> bytes:
    """Instead of an answer: a status of its own would show the reader nothing, or ask again."""
    return encode(_error(problem))


class Writing:
    """The answer's item as it grows."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.cited: dict[int, Json] = {}
        self.markers = MarkerStream(self.cited)
        self.waiting = ""  # its markers' citations come in the next events
        self.text, self.annotations = "", list[Json]()
        self.is_begun = False

    def write(self, batch: Sequence[Event]) -> Iterator[Json]:
        """The frames of one batch of events: one delta, then the annotations in it."""
        said = ""
        for event in batch:
            if isinstance(event, Cited):
                self.cited[event.citation.index] = converter().unstructure(event.citation)
                continue
            said += self.markers.feed(self.waiting)
            self.waiting = event.text if isinstance(event, Delta) else ""
            if "[" not in self.waiting:
                said, self.waiting = said + self.markers.feed(self.waiting), ""
        yield from self._said(said)

    def finish(self) -> Iterator[Json]:
        """The rest, and the item once more, whole."""
        yield from self._said(self.markers.feed(self.waiting) + self.markers.finish())
        if self.is_begun:
            yield self._update("content_part.done", content=self._part)
            yield {"type": "thread.item.done", "item": self._item([self._part])}

    @property
    def _part(self) -> Json:
        return {"type": "output_text", "text": self.text, "annotations": self.annotations}

    def _said(self, text: str) -> Iterator[Json]:
        if text and not self.is_begun:
            yield {"type": "thread.item.added", "item": self._item([])}
            yield self._update("content_part.added", content=self._part)
            self.is_begun = True
        if text:
            self.text += text
            yield self._update("content_part.text_delta", delta=text)
        for mark in self.markers.marks[len(self.annotations) :] if self.is_begun else ():
            made = items.annotation(mark, self.cited[mark.index])
            number = len(self.annotations)
            self.annotations.append(made)
            yield self._update(
                "content_part.annotation_added", annotation_index=number, annotation=made
            )

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


def _ending(answer: Answer, writing: Writing, title: str | None) -> Iterator[Json]:
    yield from writing.finish()
    last = answer.events[-1] if answer.events else None
    if title:
        named = items.thread(answer.place.conversation_id, answer.asked_at, title=title)
        yield {"type": "thread.updated", "thread": named}
    missing = set(last.degraded) if isinstance(last, Done) else set(answer.asked.degraded)
    for part, sentence in NOTICES.items():
        if part in missing:
            yield {"type": "notice", "level": "warning", "message": sentence}
    problem = last.problem if isinstance(last, Failed) else answer.stopped_by
    if problem:
        yield _error(problem)


def _error(problem: Problem) -> Json:
    may_retry = problem.status >= 500
    return {
        "type": "error",
        "code": "custom",
        "message": problem.sentence,
        "allow_retry": may_retry,
    }
