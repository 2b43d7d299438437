"""Frozen records that routes, queries and the agent share: what goes over the wire or into a row.

Shapes follow openapi.yaml and the migrations; a record never decides anything.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import orjson
from attrs import field, frozen

# --- the question, as the contract takes it ---


@frozen(kw_only=True)
class ChatMessage:
    content: str
    user_id: str | None = None
    timestamp: str | None = None  # the client's; nobody relies on it
    metadata: Mapping[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class ChatMessageRequest:
    message: ChatMessage
    conversation_id: UUID | None = None
    stream: bool = False


@frozen(kw_only=True)
class ChatQueryRequest:
    query_text: str
    selected_text: str | None = None
    context_mode: str = "full-book"
    conversation_id: UUID | None = None


# --- the answer ---


@frozen(kw_only=True)
class Citation:
    """Where an answer's ``[index]`` points: a quote that stands word for word in a passage."""

    index: int  # from 1, in order of first use
    passage_id: UUID
    page: str
    title: str
    heading_path: tuple[str, ...]
    url: str | None
    quote: str  # passage.text[start:end]
    start: int
    end: int
    score: float  # how well the passage fits the question, 0..1


@frozen(kw_only=True)
class Usage:
    """Tokens as the model counted them; zero for an extractive answer."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = field()

    @total_tokens.default
    def _sum(self) -> int:
        return self.prompt_tokens + self.completion_tokens


@frozen(kw_only=True)
class ChatAnswer:
    content: str
    message_id: UUID
    timestamp: datetime
    status: Literal["success"] = "success"


@frozen(kw_only=True)
class ChatReply:
    response: ChatAnswer
    conversation_id: UUID | None
    citations: tuple[Citation, ...]
    usage: Usage
    degraded: tuple[str, ...]


# --- readers ---

Transport = Literal["cookie", "bearer"]


@frozen(kw_only=True)
class NewCredentials:
    email: str
    password: str = field(repr=False)


@frozen(kw_only=True)
class Credentials:
    email: str
    password: str = field(repr=False)
    transport: Transport = "cookie"


@frozen(kw_only=True)
class GuestRequest:
    transport: Transport = "cookie"


@frozen(kw_only=True)
class PasswordChange:
    current_password: str = field(repr=False)
    new_password: str = field(repr=False)


@frozen
class Registered:
    id: UUID
    email: str
    created_at: datetime


@frozen
class Credential:
    """What a login is checked against."""

    user_id: UUID
    email: str
    password_hash: str | None = field(repr=False)


@frozen(kw_only=True)
class LoggedIn:
    user_id: UUID
    email: str | None


@frozen(kw_only=True)
class BearerLoggedIn(LoggedIn):
    access_token: str = field(repr=False)
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    expires_in: int  # seconds


@frozen
class SessionUser:
    """The user of a session; what ``get_session`` tells. A guest has no e-mail."""

    user_id: UUID
    email: str | None
    is_guest: bool
    expires_at: datetime


@frozen
class Account:
    user_id: UUID
    email: str | None
    is_guest: bool
    created_at: datetime


@frozen
class SessionRecord:
    created_at: datetime
    expires_at: datetime
    ip_address: str | None
    user_agent: str | None


# --- history ---


@frozen
class ConversationSummary:
    conversation_id: UUID
    title: str
    exchange_count: int
    created_at: datetime
    updated_at: datetime  # of the newest exchange


@frozen
class ConversationPage:
    items: tuple[ConversationSummary, ...]
    next: str | None


@frozen
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


@frozen
class KeptTurn:
    query: str | None
    response: str | None


@frozen(kw_only=True)
class Conversation:
    conversation_id: UUID
    title: str
    created_at: datetime
    updated_at: datetime
    exchanges: tuple[Exchange, ...]


@frozen(kw_only=True)
class ConversationRename:
    title: str


@frozen(kw_only=True)
class SavedExchange:
    user_id: UUID
    query: str
    response: str
    conversation_id: UUID | None = None


@frozen(kw_only=True)
class ConversationSaved:
    id: UUID
    user_id: UUID
    message: str = "Conversation saved."


@frozen(kw_only=True)
class Feedback:
    rating: Literal["positive", "negative"]
    comment: str | None = None


@frozen
class InteractionRecord:
    """What a reader may see of a logged question."""

    message_id: UUID
    asked_at: datetime
    question: str
    selected_text: str | None
    answer: str
    status: str


@frozen(kw_only=True)
class AccountExport:
    account: Account
    sessions: tuple[SessionRecord, ...]
    conversations: tuple[Conversation, ...]
    interactions: tuple[InteractionRecord, ...]


# --- health ---

PartStatus = Literal["ok", "degraded", "down"]


@frozen
class Part:
    status: PartStatus
    detail: str


@frozen
class Parts:
    database: Part
    index: Part
    model: Part


@frozen
class Readiness:
    status: Literal["ready", "degraded"]
    parts: Parts


@frozen
class Liveness:
    status: Literal["alive"] = "alive"


# --- the log ---


@frozen(kw_only=True)
class Interaction:
    """One asked question and what became of it; a row of ``interaction_logs``."""

    interaction_id: UUID  # = the answer's message_id
    asked_at: datetime
    user_id: UUID | None = None
    conversation_id: UUID | None = None
    user_label: str | None
    question: str
    selected_text: str | None
    metadata: str  # JSON
    answer: str
    status: Literal["success", "refused", "stopped", "failed"]
    error: str | None = None  # a problem's code
    provider: str | None = None
    model: str | None = None
    prompt_version: str | None = None
    passages: str = "[]"  # JSON: [{"passage_id", "page", "score"}], best first
    confidence: float | None = None  # of the gate
    degraded: tuple[str, ...] = ()
    prompt_tokens: int = 0
    completion_tokens: int = 0
    retrieval_ms: int | None
    first_token_ms: int | None
    total_ms: int
