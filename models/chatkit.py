"""What ChatKit's front end asks for; one record a kind of request, told apart by ``type``."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from attrs import field

from records import record

Order = Literal["asc", "desc"]


@record(kw_only=True)
class InputPart:
    """Typed text, or a tag, which reads as its text."""

    type: Literal["input_text", "input_tag"]
    text: str


@record(kw_only=True)
class UserInput:
    content: tuple[InputPart, ...]
    quoted_text: str | None = None
    inference_options: Mapping[str, Any] = field(factory=dict)  # models and tools: not ours to pick

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.content)


@record(kw_only=True)
class CreateThreadParams:
    input: UserInput


@record(kw_only=True)
class CreateThread:
    type: Literal["threads.create"]
    params: CreateThreadParams


@record(kw_only=True)
class AddUserMessageParams:
    thread_id: UUID
    input: UserInput


@record(kw_only=True)
class AddUserMessage:
    type: Literal["threads.add_user_message"]
    params: AddUserMessageParams


@record(kw_only=True)
class RetryParams:
    thread_id: UUID
    item_id: str  # of a question


@record(kw_only=True)
class RetryAfterItem:
    type: Literal["threads.retry_after_item"]
    params: RetryParams


@record(kw_only=True)
class ListThreadsParams:
    limit: int | None = None
    order: Order = "desc"
    after: UUID | None = None


@record(kw_only=True)
class ListThreads:
    type: Literal["threads.list"]
    params: ListThreadsParams


@record(kw_only=True)
class ThreadParams:
    thread_id: UUID


@record(kw_only=True)
class GetThread:
    type: Literal["threads.get_by_id"]
    params: ThreadParams


@record(kw_only=True)
class UpdateThreadParams:
    thread_id: UUID
    title: str


@record(kw_only=True)
class UpdateThread:
    type: Literal["threads.update"]
    params: UpdateThreadParams


@record(kw_only=True)
class DeleteThread:
    type: Literal["threads.delete"]
    params: ThreadParams


@record(kw_only=True)
class ListItemsParams:
    thread_id: UUID
    limit: int | None = None
    order: Order = "desc"
    after: str | None = None


@record(kw_only=True)
class ListItems:
    type: Literal["items.list"]
    params: ListItemsParams


@record(kw_only=True)
class FeedbackParams:
    thread_id: UUID
    item_ids: tuple[str, ...]
    kind: Literal["positive", "negative"]


@record(kw_only=True)
class GiveItemFeedback:
    type: Literal["items.feedback"]
    params: FeedbackParams


StreamRequest = CreateThread | AddUserMessage | RetryAfterItem
ChatkitRequest = (
    CreateThread
    | AddUserMessage
    | RetryAfterItem
    | ListThreads
    | GetThread
    | UpdateThread
    | DeleteThread
    | ListItems
    | GiveItemFeedback
)


@record()
class KeptThread:
    """A conversation as ChatKit lists it."""

    conversation_id: UUID
    title: str
    created_at: datetime


@record()
class KeptItem:
    """One side of an exchange; *citations* is JSON."""

    conversation_id: UUID
    message_id: UUID
    question_id: UUID
    is_answer: bool
    query: str
    selected_text: str | None
    response: str
    created_at: datetime
    citations: str


@record()
class KeptQuestion:
    """A question that is asked again: what stands from it on is to be replaced."""

    message_id: UUID
    query: str
    selected_text: str | None


@record(kw_only=True)
class ChatkitConfig:
    """What a page needs to show ChatKit."""

    url: str
    domain_key: str
