"""Conversations and exchanges as ChatKit pages through them. The SQL is in threads.sql."""

from uuid import UUID

from database import Executor, statement
from models import KeptItem, KeptQuestion, KeptThread


@statement
async def newest(
    db: Executor | None, *, user_id: UUID, limit: int, after: UUID | None, ascending: bool
) -> list[KeptThread]: ...


@statement
async def items(
    db: Executor | None,
    *,
    user_id: UUID,
    conversation_id: UUID,
    limit: int,
    after: UUID | None,
    after_is_answer: bool,
    ascending: bool,
) -> list[KeptItem]: ...


@statement
async def question(
    db: Executor | None, *, user_id: UUID, conversation_id: UUID, question_id: UUID
) -> KeptQuestion | None: ...
