"""What a reader finds again: conversations with their exchanges."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

import orjson
from attrs import field

from models.chat import Stored
from models.readers import Account, SessionRecord
from records import frozen, record

# What became of an exchange that was to be kept.
Kept = Literal["kept", "no user", "no conversation"]


@record()
class ConversationSummary:
    conversation_id: UUID
    title: str
    exchange_count: int
    created_at: datetime
    updated_at: datetime  # of the newest exchange


@record()
class ConversationPage:
    items: tuple[ConversationSummary, ...]
    next: str | None


@record()
class Exchange:
    """A question with its answer; *citations* is JSON as the database keeps it."""

    conversation_id: UUID
    message_id: UUID
    query: str
    selected_text: str | None
    response: str
    status: Literal["success", "refused", "stopped", "failed"]
    citations: orjson.Fragment = field(converter=orjson.Fragment)
    model: str | None
    created_at: datetime
    rating: Literal["positive", "negative"] | None
    comment: str | None


@frozen(kw_only=True)
class NewExchange:
    """A question with its answer, on its way into a conversation."""

    user_id: UUID
    conversation_id: UUID
    is_new: bool
    title: str  # of a new conversation
    exchange_id: UUID
    asked_at: datetime
    query: str
    selected_text: str | None = None
    response: str
    status: str = "success"
    citations: str = "[]"  # JSON
    model: str | None = None
    question_id: UUID | None = None
    replaces: UUID | None = None


@frozen(kw_only=True)
class Judgement:
    """What a reader thinks of an answer, on its way into ``feedback``."""

    message_id: UUID
    user_id: UUID
    rating: Literal["positive", "negative"]
    comment: str | None
    judged_at: datetime


@record()
class StoredAnswer:
    """An answer to read on from the database; *citations* is JSON."""

    message_id: UUID
    conversation_id: UUID
    response: str
    status: Literal["success", "refused", "stopped", "failed"]
    citations: orjson.Fragment = field(converter=orjson.Fragment)
    prompt_tokens: int
    completion_tokens: int
    degraded: tuple[str, ...]


@record()
class KeptTurn:
    query: str | None
    response: str | None


@record(kw_only=True)
class Conversation:
    conversation_id: UUID
    title: str
    created_at: datetime
    updated_at: datetime
    exchanges: tuple[Exchange, ...]

    @classmethod
    def of(cls, summary: ConversationSummary, exchanges: Iterable[Exchange]) -> "Conversation":
        return cls(
            conversation_id=summary.conversation_id,
            title=summary.title,
            created_at=summary.created_at,
            updated_at=summary.updated_at,
            exchanges=tuple(exchanges),
        )


@record(kw_only=True)
class ConversationRename:
    title: str


@record(kw_only=True)
class SavedExchange:
    user_id: UUID
    query: str
    response: str
    conversation_id: UUID | None = None


@record(kw_only=True)
class ConversationSaved:
    id: UUID
    user_id: UUID
    message: str = "Conversation saved."
    stored: Stored = "database"


@record(kw_only=True)
class Feedback:
    rating: Literal["positive", "negative"]
    comment: str | None = None


@record()
class FeedbackRecord:
    message_id: UUID
    rating: Literal["positive", "negative"]
    comment: str | None
    created_at: datetime


@record()
class InteractionRecord:
    """What a reader may see of a logged question."""

    message_id: UUID
    asked_at: datetime
    question: str
    selected_text: str | None
    answer: str
    status: str


@record(kw_only=True)
class AccountExport:
    account: Account
    sessions: tuple[SessionRecord, ...]
    conversations: tuple[Conversation, ...]
    feedback: tuple[FeedbackRecord, ...]
    interactions: tuple[InteractionRecord, ...]
