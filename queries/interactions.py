"""The log of asked questions. The SQL is in interactions.sql."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from database import Executor, idempotent, statement
from models import InteractionRecord


@idempotent
async def add(
    db: Executor | None,
    *,
    interaction_id: UUID,
    asked_at: datetime,
    user_id: UUID | None,
    conversation_id: UUID | None,
    user_label: str | None,
    question: str,
    selected_text: str | None,
    metadata: str,
    answer: str,
    status: str,
    error: str | None,
    provider: str | None,
    model: str | None,
    prompt_version: str | None,
    passages: str,
    confidence: float | None,
    degraded: Sequence[str],
    prompt_tokens: int,
    completion_tokens: int,
    cost_usd: float | None,
    is_cached: bool,
    weak_sentences: int,
    uncited_sentences: int,
    retrieval_ms: int | None,
    first_token_ms: int | None,
    total_ms: int,
) -> UUID | None:
    """The members of ``models.Interaction``. ``None``: it is there, or its user has gone."""


@statement
async def of_user(db: Executor | None, *, user_id: UUID) -> list[InteractionRecord]: ...
