"""Questions, answers and the log of both."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from attrs import field

from records import frozen, record

# Where a row was kept: in Postgres, on our disk until Postgres takes it, or on a line of our log.
Stored = Literal["database", "spool", "log"]


@record(kw_only=True)
class ChatMessage:
    content: str
    user_id: str | None = None
    timestamp: str | None = None  # the client's; nobody relies on it
    metadata: Mapping[str, Any] = field(factory=dict)


@record(kw_only=True)
class ChatMessageRequest:
    message: ChatMessage
    conversation_id: UUID | None = None
    stream: bool = False


@record(kw_only=True)
class ChatQueryRequest:
    query_text: str
    selected_text: str | None = None
    chapter: str | None = None
    page: str | None = None
    context_mode: str = "full-book"
    conversation_id: UUID | None = None


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
    support: float = 1.0  # how much of the sentences that cite it the passage says, 0..1
    weak: bool = False  # some sentence that cites it says more than the passage does


@record(kw_only=True)
class PageLink:
    """A page of the book, to send a reader to."""

    page: str  # the source file, relative to the book
    title: str
    url: str | None


@frozen(kw_only=True)
class Usage:
    """Tokens as the model counted them; zero for an extractive answer."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = field()

    @total_tokens.default
    def _sum(self) -> int:
        return self.prompt_tokens + self.completion_tokens


@record(kw_only=True)
class ChatAnswer:
    content: str
    message_id: UUID
    timestamp: datetime
    status: Literal["success"] = "success"


@record(kw_only=True)
class ChatReply:
    response: ChatAnswer
    conversation_id: UUID | None
    citations: tuple[Citation, ...]
    usage: Usage
    degraded: tuple[str, ...]
    refused: bool
    nearest: tuple[PageLink, ...]
    stored: Stored


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
    cost_usd: float | None = None  # None: nothing was spent, or the price is not known
    is_cached: bool = False  # given once before, to the same question with the same sources
    weak_sentences: int = 0  # that say more than the passages they cite
    uncited_sentences: int = 0  # that claim something and cite nothing
    retrieval_ms: int | None
    first_token_ms: int | None
    total_ms: int
