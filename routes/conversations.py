"""What a reader has asked, and what the reader thinks of the answers."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

from starlette.requests import Request

from contract import Reply
from history import title_of
from identifiers import uuid7
from models import (
    Conversation,
    ConversationPage,
    ConversationRename,
    ConversationSaved,
    ConversationSummary,
    Feedback,
    Judgement,
    NewExchange,
    SavedExchange,
)
from plain_text import clean
from problems import ConversationNotFound
from queries import conversations, exchanges
from readers import Reader
from state import State

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def list_conversations(
    request: Request[State],
    reader: Reader,
    limit: int = 20,
    before: str | None = None,
    q: str | None = None,
) -> ConversationPage:
    """GET /api/v1/conversations"""
    await request.state["answers"].settled(reader.user_id)
    before_at, before_id = place_of(before) if before else (None, None)
    found = await conversations.newest(
        request.state["db"],
        user_id=reader.user_id,
        limit=limit + 1,
        before_at=before_at,
        before_id=before_id,
        words=q and words_of(q),
    )
    items = tuple(found[:limit])
    return ConversationPage(items, cursor_of(items[-1]) if len(found) > limit else None)


async def get_conversation(
    request: Request[State], reader: Reader, conversation_id: UUID
) -> Conversation:
    """GET /api/v1/conversations/{conversation_id}

    Raises ``ConversationNotFound``.
    """
    db, user_id = request.state["db"], reader.user_id
    await request.state["answers"].settled(user_id)
    summary = await conversations.find(db, conversation_id=conversation_id, user_id=user_id)
    if summary is None:
        raise ConversationNotFound
    kept = await exchanges.kept(db, user_id=user_id, conversation_id=conversation_id)
    return Conversation.of(summary, kept)


async def rename_conversation(
    request: Request[State], reader: Reader, conversation_id: UUID, body: ConversationRename
) -> ConversationSummary:
    """PATCH /api/v1/conversations/{conversation_id}

    Raises ``ConversationNotFound``.
    """
    await request.state["answers"].settled(reader.user_id)
    renamed = await conversations.rename(
        request.state["db"],
        conversation_id=conversation_id,
        user_id=reader.user_id,
        title=title_of(body.title, characters=200),
    )
    if renamed is None:
        raise ConversationNotFound
    return renamed


async def delete_conversation(
    request: Request[State], reader: Reader, conversation_id: UUID
) -> None:
    """DELETE /api/v1/conversations/{conversation_id}

    Raises ``ConversationNotFound``.
    """
    answers, user_id = request.state["answers"], reader.user_id
    unkept = answers.forget(user_id, conversation_id)
    await answers.settled(user_id)
    deleted = await conversations.delete(
        request.state["db"], conversation_id=conversation_id, user_id=user_id
    )
    if deleted is None and not unkept:
        raise ConversationNotFound


async def give_feedback(
    request: Request[State], reader: Reader, message_id: UUID, body: Feedback
) -> Reply:
    """PUT /api/v1/messages/{message_id}/feedback

    Raises ``MessageNotFound``.
    """
    await request.state["answers"].settled(reader.user_id)
    judgement = Judgement(
        message_id=message_id,
        user_id=reader.user_id,
        rating=body.rating,
        comment=body.comment and clean(body.comment),
        judged_at=datetime.now(UTC),
    )
    return Reply(None, {"X-Stored": await request.state["storage"].keep(judgement)})


async def save_conversation(request: Request[State], body: SavedExchange) -> Reply:
    """POST /api/v1/conversations/internal-save

    Raises ``UserNotFound`` and ``ConversationNotFound``.
    """
    conversation_id = body.conversation_id or uuid7()
    stored = await request.state["storage"].keep(
        NewExchange(
            user_id=body.user_id,
            conversation_id=conversation_id,
            is_new=body.conversation_id is None,
            title=title_of(body.query),
            exchange_id=uuid7(),
            asked_at=datetime.now(UTC),
            query=clean(body.query),
            response=clean(body.response),
        )
    )
    saved = ConversationSaved(id=conversation_id, user_id=body.user_id, stored=stored)
    return Reply(saved, {"Location": f"/api/v1/conversations/{conversation_id}"})


def words_of(q: str) -> str | None:
    """What is searched; ``None`` when nothing is left of *q*.

    A dash that no word or phrase follows negates nothing, and Postgres fails on a pile of them.
    """
    return re.sub(r'-(?!["]|[^\W_])', " ", clean(q)).strip() or None


def cursor_of(summary: ConversationSummary) -> str:
    """Where the list goes on behind *summary*, also when that one is deleted or moves."""
    microseconds = (summary.updated_at - EPOCH) // timedelta(microseconds=1)
    return f"{microseconds}-{summary.conversation_id}"


def place_of(cursor: str) -> tuple[datetime, UUID]:
    """The inverse of :func:`cursor_of`."""
    microseconds, _, conversation_id = cursor.partition("-")
    return EPOCH + timedelta(microseconds=int(microseconds)), UUID(conversation_id)
