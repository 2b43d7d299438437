"""Questions with their answers, and what readers think of them. The SQL is in exchanges.sql."""

from datetime import datetime
from uuid import UUID

from database import Executor, idempotent, statement
from models import Exchange, FeedbackRecord, Kept, KeptTurn, StoredAnswer


@idempotent
async def keep(
    db: Executor | None,
    *,
    user_id: UUID,
    conversation_id: UUID,
    is_new: bool,
    title: str,
    exchange_id: UUID,
    asked_at: datetime,
    query: str,
    selected_text: str | None,
    response: str,
    status: str,
    citations: str,
    model: str | None,
    question_id: UUID | None,
    replaces: UUID | None,
    exchanges: int,
    conversations: int,
) -> Kept:
    """*citations* is JSON; the last two say how many of each a user keeps."""


@statement
async def kept(
    db: Executor | None, *, user_id: UUID, conversation_id: UUID | None
) -> list[Exchange]: ...


@statement
async def turns(
    db: Executor | None,
    *,
    user_id: UUID,
    conversation_id: UUID,
    before: UUID | None,
    limit: int,
) -> list[KeptTurn]: ...


@idempotent
async def judge(
    db: Executor | None,
    *,
    user_id: UUID,
    message_id: UUID,
    rating: str,
    comment: str | None,
    judged_at: datetime,
) -> UUID | None:
    """``None``: the user has no such message."""


@statement
async def judged(db: Executor | None, *, user_id: UUID) -> list[FeedbackRecord]: ...


@statement
async def answered(
    db: Executor | None, *, user_id: UUID, message_id: UUID
) -> StoredAnswer | None: ...
