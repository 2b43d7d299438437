"""A user's conversations. The SQL is in conversations.sql."""

from datetime import datetime
from uuid import UUID

from database import Executor, statement
from models import ConversationSummary


@statement
async def newest(
    db: Executor | None,
    *,
    user_id: UUID,
    limit: int,
    before_at: datetime | None,
    before_id: UUID | None,
    words: str | None,
) -> list[ConversationSummary]:
    """*words* as people type them into a search box."""


@statement
async def find(
    db: Executor | None, *, conversation_id: UUID, user_id: UUID
) -> ConversationSummary | None: ...


@statement
async def rename(
    db: Executor | None, *, conversation_id: UUID, user_id: UUID, title: str
) -> ConversationSummary | None: ...


@statement
async def delete(db: Executor | None, *, conversation_id: UUID, user_id: UUID) -> UUID | None:
    """``None``: the user has none of this id."""


@statement
async def adopt(db: Executor, *, guest_id: UUID, user_id: UUID) -> None: ...


@statement
async def prune(db: Executor, *, user_id: UUID, at_most: int) -> None: ...
