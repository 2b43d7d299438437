"""Asking the book: two dialects in, one answer out, in one piece or as a stream."""

from collections.abc import AsyncGenerator, Collection, Iterator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from itertools import count, repeat
from typing import Any, Literal

from starlette.requests import Request

from agent.events import Delta, Done, Event, Failed
from agent.scope import Scope
from answers import Answer
from asking import Asking, ask
from contract import converter
from models import ChatAnswer, ChatMessageRequest, ChatQueryRequest, ChatReply, Citation
from problems import AnswerStopped
from readers import Reader
from sse import EventSourceResponse, encode
from state import State

ChatRequest = ChatMessageRequest | ChatQueryRequest

KEEPALIVE: dict[str, Any] = {"content": "", "status": "partial"}
SELECTED = "selected-text"
KINDS: tuple[Literal["chapter", "page"], ...] = ("chapter", "page")  # of scopes


async def send_chat(request: Request[State], reader: Reader | None, body: ChatRequest) -> ChatReply:
    """POST /api/v1/chat

    The answer is finished and logged even if the client leaves. Raises what ``asking.ask`` does,
    ``AgentTimeout``, ``AnswerInterrupted``, ``AnswerStopped`` and ``ShuttingDown``.
    """
    answer = await ask(request, reader, asking_of(body))
    async for _ in answer.follow():
        pass
    last = answer.events[-1] if answer.events else None
    if isinstance(last, Failed):
        raise last.problem
    if not isinstance(last, Done):
        raise answer.stopped_by or AnswerStopped()
    content = answer.text + (sources(last.citations) if lists_sources(body) else "")
    return ChatReply(
        response=ChatAnswer(
            content=content, message_id=answer.message_id, timestamp=datetime.now(UTC)
        ),
        conversation_id=answer.asked.conversation_id,
        citations=last.citations,
        usage=last.usage,
        degraded=last.degraded,
        refused=last.refused,
        nearest=last.nearest,
    )


async def stream_chat(
    request: Request[State], reader: Reader | None, body: ChatRequest
) -> EventSourceResponse:
    """POST /api/v1/chat/stream

    The answer runs in a task of its own; a reader who leaves stops it. Raises what ``asking.ask``
    does, before the first frame.
    """
    answer = await ask(request, reader, asking_of(body))
    wants_ids = "text/event-stream" in request.headers.get("accept", "")
    numbers: Iterator[int | None] = count(1) if wants_ids else repeat(None)
    names = {
        "message_id": answer.message_id,
        "conversation_id": answer.asked.conversation_id,
    }
    return EventSourceResponse(
        _frames(answer, lists_sources=lists_sources(body), numbers=numbers),
        opening=encode(KEEPALIVE | names, next(numbers)),
        keepalive=encode(KEEPALIVE),
    )


def asking_of(body: ChatRequest) -> Asking:
    """The question of either dialect."""
    if isinstance(body, ChatQueryRequest):
        return Asking(
            text=body.query_text,
            selected_text=body.selected_text if body.context_mode == SELECTED else None,
            scope=_scope({body.context_mode}, {"chapter": body.chapter, "page": body.page}),
            scope_pointer="",
            conversation_id=body.conversation_id,
            metadata=_logged(body),
        )
    known = dict(body.message.metadata)
    modes = {known.get("context"), known.get("context_mode")}
    return Asking(
        text=body.message.content,
        selected_text=known.pop("selected_text", None) if SELECTED in modes else None,
        scope=_scope(modes, known),
        scope_pointer="/message/metadata",
        conversation_id=body.conversation_id,
        user_label=body.message.user_id,
        metadata=known,
    )


def _scope(modes: Collection[str | None], names: Mapping[str, Any]) -> Scope | None:
    """What the mode limits the search to; the contract sees to it that it is named."""
    return next((Scope(kind, names[kind]) for kind in KINDS if kind in modes), None)


def _logged(body: ChatQueryRequest) -> dict[str, str]:
    named = {"chapter": body.chapter, "page": body.page}
    return {"context_mode": body.context_mode} | {k: v for k, v in named.items() if v is not None}


def lists_sources(body: ChatRequest) -> bool:
    """Whether the client cannot see ``citations``, so that they belong into the text."""
    return isinstance(body, ChatQueryRequest)


def sources(citations: tuple[Citation, ...]) -> str:
    """A Markdown list of the cited pages, to append to an answer; empty without citations."""
    lines = [f"{c.index}. {_link(c)}" for c in citations]
    return "\n\n**Sources**\n\n" + "\n".join(lines) if lines else ""


def _link(cited: Citation) -> str:
    name = " › ".join(cited.heading_path) or cited.title
    name = name.replace("[", "(").replace("]", ")")
    return f"[{name}]({cited.url})" if cited.url else f"{name} ({cited.page})"


async def _frames(
    answer: Answer, *, lists_sources: bool, numbers: Iterator[int | None]
) -> AsyncGenerator[bytes, None]:
    """A frame for the deltas of each batch, then the final one. Closing it stops the answer."""
    try:
        async with aclosing(answer.follow()) as batches:
            async for batch in batches:
                payloads = list(payloads_of(batch, lists_sources=lists_sources))
                frames = [encode(payload, next(numbers)) for payload in payloads]
                if frames:
                    yield b"".join(frames)
        if answer.stopped_by:
            yield encode(_failed(Failed(answer.stopped_by)), next(numbers))
    finally:
        answer.stop()


def payloads_of(batch: list[Event], *, lists_sources: bool) -> Iterator[dict[str, Any]]:
    """The frames of one batch of events: its deltas in one, then the final frame if it is there."""
    content = "".join(event.text for event in batch if isinstance(event, Delta))
    last = batch[-1]
    if lists_sources and isinstance(last, Done):
        content += sources(last.citations)
    if content:
        yield {"content": content, "status": "partial"}
    if isinstance(last, Done):
        yield {
            "content": "",
            "status": "success",
            "citations": converter().unstructure(last.citations),
            "usage": converter().unstructure(last.usage),
            "degraded": last.degraded,
            "refused": last.refused,
            "nearest": converter().unstructure(last.nearest),
        }
    elif isinstance(last, Failed):
        yield _failed(last)


def _failed(event: Failed) -> dict[str, Any]:
    problem = event.problem
    return {"content": problem.sentence, "status": "error", "error": problem.code()}
