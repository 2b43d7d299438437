"""Conversations and exchanges as ChatKit's threads and items. Pure.

A thread has the conversation's id, an answer its ``message_id``; a question is named after the
answer that it first had, ``q-`` in front, and keeps that name when it is answered anew. Members
without a value are left out, as ChatKit's own server does.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from answer import Answer
from chatkit.markers import Marked, MarkerStream
from identifiers import made_at
from models import KeptItem, KeptThread

DESCRIPTION = 300  # characters of a passage
QUESTION = "q-"
Json = dict[str, Any]


def question_id(exchange_id: UUID) -> str:
    return f"{QUESTION}{exchange_id}"


def exchange_id(item_id: str) -> UUID:
    """The inverse of :func:`question_id`, and of an answer's id."""
    return UUID(item_id.removeprefix(QUESTION))


def is_question(item_id: str) -> bool:
    return item_id.startswith(QUESTION)


def thread(
    conversation_id: UUID, created_at: datetime, *, title: str | None, items: Json | None = None
) -> Json:
    return {
        "id": str(conversation_id),
        **({"title": title} if title else {}),
        "created_at": created_at,
        "status": {"type": "active"},
        "metadata": {},
        "items": items or page([], 0),
    }


def kept_thread(kept: KeptThread, items: Json | None = None) -> Json:
    return thread(kept.conversation_id, kept.created_at, title=kept.title, items=items)


def page(found: Sequence[Json], limit: int) -> Json:
    """The first *limit* of *found*, which holds one more if there is more."""
    data = list(found[:limit])
    if len(found) <= limit:
        return {"data": data, "has_more": False}
    return {"data": data, "has_more": True, "after": data[-1]["id"]}


def item(kept: KeptItem) -> Json:
    """One side of an exchange."""
    if kept.is_answer:
        return assistant_message(
            kept.message_id,
            thread_id=kept.conversation_id,
            created_at=kept.created_at,
            content=[output_text(kept.response, orjson.loads(kept.citations))],
        )
    return user_message(
        kept.question_id,
        thread_id=kept.conversation_id,
        created_at=made_at(kept.question_id) or kept.created_at,
        text=kept.query,
        quoted_text=kept.selected_text,
    )


def asked(answer: Answer) -> Json:
    """The question of an answer that has just begun.

    Its time is that of its name, so it stays the same however often the question is answered.
    """
    return user_message(
        answer.message_id,
        thread_id=answer.place.conversation_id,
        created_at=made_at(answer.message_id) or answer.asked_at,
        text=answer.asked.question.text,
        quoted_text=answer.asked.question.selected_text,
    )


def user_message(
    first_answer: UUID, *, thread_id: UUID, created_at: datetime, text: str, quoted_text: str | None
) -> Json:
    return {
        "id": question_id(first_answer),
        "thread_id": str(thread_id),
        "created_at": created_at,
        "type": "user_message",
        "content": [{"type": "input_text", "text": text}],
        "attachments": [],
        "quoted_text": quoted_text or "",
        "inference_options": {},
    }


def assistant_message(
    message_id: UUID, *, thread_id: UUID, created_at: datetime, content: Sequence[Json]
) -> Json:
    return {
        "id": str(message_id),
        "thread_id": str(thread_id),
        "created_at": created_at,
        "type": "assistant_message",
        "content": list(content),
    }


def output_text(answer: str, citations: Iterable[Json]) -> Json:
    """A whole answer as ChatKit shows it."""
    cited = {citation["index"]: citation for citation in citations}
    stream = MarkerStream(cited)
    text = stream.feed(answer) + stream.finish()
    marks = [annotation(mark, cited[mark.index]) for mark in stream.marks]
    return {"type": "output_text", "text": text, "annotations": marks}


def annotation(mark: Marked, citation: Json) -> Json:
    place = {"index": mark.offset} if mark.offset else {}
    return {"type": "annotation", "source": source(citation), **place}


def source(citation: Json) -> Json:
    """A link to the page, or where the book has no address, what the page is called."""
    shown = {
        "title": " › ".join(citation["heading_path"]) or citation["title"],
        "description": _cut(citation["quote"]),
    }
    if citation["url"]:
        return {"type": "url", "url": citation["url"], "attribution": citation["title"], **shown}
    return {
        "type": "entity",
        "id": str(citation["passage_id"]),
        "icon": "book-open",
        "inline_label": str(citation["index"]),
        "interactive": False,
        "data": {"page": citation["page"]},
        **shown,
    }


def _cut(quote: str) -> str:
    return quote if len(quote) <= DESCRIPTION else quote[: DESCRIPTION - 1] + "…"
