"""Asking the book: two dialects in, one answer out, in one piece or as a stream."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from starlette.requests import Request

import wire
from agent.scope import Scope
from answer import Answer
from asking import Asking, ask
from chat_stream import KEEPALIVE, ChatEncoder, opening, sources, stored_frames
from models import ChatAnswer, ChatMessageRequest, ChatQueryRequest, ChatReply, StoredAnswer
from problems import MessageNotFound
from queries import exchanges
from readers import Reader
from sse import EventSourceResponse
from state import State

ChatRequest = ChatMessageRequest | ChatQueryRequest

SELECTED = "selected-text"
KINDS: tuple[Literal["chapter", "page"], ...] = ("chapter", "page")  # of scopes


async def send_chat(request: Request[State], reader: Reader | None, body: ChatRequest) -> ChatReply:
    """POST /api/v1/chat

    The answer is finished and logged even if the client leaves. Raises what ``asking.ask`` does,
    ``AgentTimeout``, ``AnswerInterrupted``, ``AnswerStopped`` and ``ShuttingDown``.
    """
    answer = await ask(request, reader, asking_of(body))
    done = await wire.whole(answer)
    content = answer.text + (sources(done.citations) if lists_sources(body) else "")
    return ChatReply(
        response=ChatAnswer(
            content=content, message_id=answer.message_id, timestamp=datetime.now(UTC)
        ),
        conversation_id=answer.asked.conversation_id,
        citations=done.citations,
        usage=done.usage,
        degraded=done.degraded,
        refused=done.refused,
        nearest=done.nearest,
        stored=answer.stored or "log",
    )


async def stream_chat(
    request: Request[State], reader: Reader | None, body: ChatRequest
) -> EventSourceResponse:
    """POST /api/v1/chat/stream

    The answer runs in a task of its own; a reader who leaves may come back for a while. Raises what
    ``asking.ask`` does, before the first frame.
    """
    answer = await ask(request, reader, asking_of(body))
    numbered, lists = wants_numbers(request), lists_sources(body)
    encoder = ChatEncoder(answer, numbered=numbered, lists_sources=lists)
    return wire.stream(answer, encoder, is_left_for_good=False)


async def resume_stream(
    request: Request[State], reader: Reader | None, message_id: UUID, last_event_id: int = 0
) -> EventSourceResponse:
    """GET /api/v1/chat/stream/{message_id}

    Raises ``MessageNotFound``.
    """
    at: dict[str, Any] = {"after": last_event_id, "numbered": wants_numbers(request)}
    if answer := _theirs(request, reader, message_id):
        return wire.stream(answer, ChatEncoder(answer, **at), is_left_for_good=False)
    if kept := await _kept(request, reader, message_id):
        whose, rest = opening(kept, **at), stored_frames(kept, **at)
    else:
        user_id = reader.user_id if reader else None
        whose, rest = await request.state["relays"].resume(message_id, user_id, **at)
    return EventSourceResponse(rest, opening=whose, keepalive=KEEPALIVE)


async def stop_stream(request: Request[State], reader: Reader | None, message_id: UUID) -> None:
    """DELETE /api/v1/chat/stream/{message_id}

    Raises ``MessageNotFound``.
    """
    if answer := _theirs(request, reader, message_id):
        answer.stop()
    elif not await _kept(request, reader, message_id):
        await request.state["relays"].stop(message_id, reader.user_id if reader else None)


def _theirs(request: Request[State], reader: Reader | None, message_id: UUID) -> Answer | None:
    """The reader's answer, if this process has it; one without a reader is whose knows its id.

    Raises ``MessageNotFound`` for somebody else's.
    """
    answer = request.state["answers"].find(message_id)
    if answer and not answer.may_be_read_by(reader.user_id if reader else None):
        raise MessageNotFound
    return answer


async def _kept(
    request: Request[State], reader: Reader | None, message_id: UUID
) -> StoredAnswer | None:
    """The reader's answer in the database."""
    if reader is None:
        return None
    db = request.state["db"]
    return await exchanges.answered(db, user_id=reader.user_id, message_id=message_id)


def wants_numbers(request: Request[State]) -> bool:
    """Whether ``id:`` lines do no harm: simple clients show them to the reader as text."""
    return "text/event-stream" in request.headers.get("accept", "")


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
