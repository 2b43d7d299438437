"""ChatKit's front end, which sends all that it wants to one address.

Threads are conversations, and items are the sides of exchanges: what is asked here shows at the
other routes, and the other way round.
"""

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

import wire
from asking import Again, Asking, ask
from chatkit import items
from chatkit.stream import KEEPALIVE, ChatkitEncoder, refusal
from contract import Reply
from database import OUTAGES
from history import title_of
from models import (
    AddUserMessage,
    ChatkitConfig,
    ChatkitRequest,
    CreateThread,
    DeleteThread,
    GetThread,
    GiveItemFeedback,
    Judgement,
    KeptThread,
    ListItems,
    ListItemsParams,
    ListThreads,
    RetryAfterItem,
    StreamRequest,
    UpdateThread,
    UserInput,
)
from problems import (
    ConversationNotFound,
    DatabaseUnavailable,
    MessageNotFound,
    Problem,
    ValidationError,
)
from queries import conversations, threads
from readers import Reader
from sse import EventSourceResponse
from state import State

Json = dict[str, Any]

THREADS, ITEMS = 20, 20  # of a page, when nobody says how many
AT_MOST = 200
QUESTION_LIMIT = 4000  # characters
# What the front end shows to the reader; of any other status it shows nothing, or asks again.
TOLD_BY_STATUS = {401, 403, 413, 415, 422, 429}


async def chatkit(
    request: Request[State], reader: Reader, body: ChatkitRequest
) -> Reply | Response:
    """POST /chatkit

    Raises ``ConversationNotFound``, ``MessageNotFound``, ``ValidationError``, ``TooManyRequests``
    and ``BudgetSpent``; once an answer may begin, whatever else happens is an event of its stream.
    """
    if isinstance(body, StreamRequest):
        return await _stream(request, reader, body)
    await request.state["answers"].settled(reader.user_id)
    return Reply(await _fetch(request, reader, body))


async def get_chatkit_config(request: Request[State]) -> ChatkitConfig:
    """GET /api/v1/chatkit/config"""
    settings = request.state["settings"]
    return ChatkitConfig(
        url=f"{settings.public_url or ''}/chatkit", domain_key=settings.chatkit_domain_key
    )


async def _stream(request: Request[State], reader: Reader, body: StreamRequest) -> Response:
    standing: Sequence[Json] | None = None
    try:
        asking = await _asking(request, reader, body)
        if isinstance(body, RetryAfterItem):
            standing = await _standing(request, reader, body)
        answer = await ask(request, reader, asking)
    except (Problem, *OUTAGES) as error:
        problem = error if isinstance(error, Problem) else DatabaseUnavailable()
        if problem.status in TOLD_BY_STATUS and standing is None:
            raise
        first = refusal(problem, standing or ())
        return EventSourceResponse(_nothing(), opening=first, keepalive=KEEPALIVE)
    title = title_of(asking.text) if isinstance(body, CreateThread) else None
    encoder = ChatkitEncoder(answer, title=title, standing=standing)
    return wire.stream(answer, encoder, is_left_for_good=True)


async def _fetch(request: Request[State], reader: Reader, body: ChatkitRequest) -> Json:
    """What is wanted in one piece."""
    reply: Json = {}
    match body:
        case ListThreads():
            reply = await _list_threads(request, reader, body)
        case GetThread():
            reply = await _get_thread(request, reader, body)
        case UpdateThread():
            reply = await _update_thread(request, reader, body)
        case DeleteThread():
            await _delete_thread(request, reader, body)
        case ListItems():
            reply = await _list_items(request, reader, body)
        case GiveItemFeedback():
            await _give_feedback(request, reader, body)
    return reply


async def _nothing() -> AsyncGenerator[bytes, None]:
    return
    yield


async def _asking(request: Request[State], reader: Reader, body: StreamRequest) -> Asking:
    """The question, typed or asked again. Raises ``ValidationError`` and ``MessageNotFound``."""
    if isinstance(body, RetryAfterItem):
        return await _again(request, reader, body)
    typed = body.params.input
    _check_length(typed)
    return Asking(
        text=typed.text,
        selected_text=typed.quoted_text or None,
        conversation_id=body.params.thread_id if isinstance(body, AddUserMessage) else None,
        metadata={"context": "selected-text" if typed.quoted_text else "full-book"},
        is_once=True,
    )


async def _again(request: Request[State], reader: Reader, body: RetryAfterItem) -> Asking:
    thread_id = body.params.thread_id
    await request.state["answers"].settled(reader.user_id)
    question_id = items.exchange_id(body.params.item_id)
    kept = await threads.question(
        request.state["db"],
        user_id=reader.user_id,
        conversation_id=thread_id,
        question_id=question_id,
    )
    if kept is None:
        raise MessageNotFound
    return Asking(
        text=kept.query,
        selected_text=kept.selected_text,
        conversation_id=thread_id,
        metadata={"retry": True},
        again=Again(question_id, kept.message_id),
        is_once=True,
    )


async def _standing(request: Request[State], reader: Reader, body: RetryAfterItem) -> list[Json]:
    """What the front end takes off the screen, as far as a page goes."""
    wanted = ListItemsParams(
        thread_id=body.params.thread_id, limit=AT_MOST, order="asc", after=body.params.item_id
    )
    page = await _items(request, reader, wanted)
    data: list[Json] = page["data"]
    return data


def _check_length(typed: UserInput) -> None:
    if len(typed.text) > QUESTION_LIMIT:
        pointer, detail = "/params/input/content", f"is longer than {QUESTION_LIMIT} characters"
        violation = {"in": "body", "pointer": pointer, "detail": detail}
        raise ValidationError(f"{pointer[1:]}: {detail}", errors=[violation])


async def _list_threads(request: Request[State], reader: Reader, body: ListThreads) -> Json:
    limit = min(body.params.limit or THREADS, AT_MOST)
    found = await threads.newest(
        request.state["db"],
        user_id=reader.user_id,
        limit=limit + 1,
        after=body.params.after,
        ascending=body.params.order == "asc",
    )
    return items.page([items.kept_thread(kept) for kept in found], limit)


async def _get_thread(request: Request[State], reader: Reader, body: GetThread) -> Json:
    wanted = ListItemsParams(thread_id=body.params.thread_id, limit=AT_MOST, order="asc")
    thread = await _thread(request, reader, wanted.thread_id)
    return items.kept_thread(thread, await _items(request, reader, wanted))


async def _list_items(request: Request[State], reader: Reader, body: ListItems) -> Json:
    await _thread(request, reader, body.params.thread_id)
    return await _items(request, reader, body.params)


async def _thread(request: Request[State], reader: Reader, thread_id: UUID) -> KeptThread:
    db = request.state["db"]
    found = await conversations.find(db, conversation_id=thread_id, user_id=reader.user_id)
    if found is None:
        raise ConversationNotFound
    return KeptThread(found.conversation_id, found.title, found.created_at)


async def _items(request: Request[State], reader: Reader, wanted: ListItemsParams) -> Json:
    limit = min(wanted.limit or ITEMS, AT_MOST)
    found = await threads.items(
        request.state["db"],
        user_id=reader.user_id,
        conversation_id=wanted.thread_id,
        limit=limit + 1,
        after=items.exchange_id(wanted.after) if wanted.after else None,
        after_is_answer=wanted.after is not None and not items.is_question(wanted.after),
        ascending=wanted.order == "asc",
    )
    return items.page([items.item(kept) for kept in found], limit)


async def _update_thread(request: Request[State], reader: Reader, body: UpdateThread) -> Json:
    renamed = await conversations.rename(
        request.state["db"],
        conversation_id=body.params.thread_id,
        user_id=reader.user_id,
        title=title_of(body.params.title, characters=200),
    )
    if renamed is None:
        raise ConversationNotFound
    return items.thread(renamed.conversation_id, renamed.created_at, title=renamed.title)


async def _delete_thread(request: Request[State], reader: Reader, body: DeleteThread) -> None:
    answers, thread_id = request.state["answers"], body.params.thread_id
    unkept = answers.forget(reader.user_id, thread_id)
    await answers.settled(reader.user_id)
    deleted = await conversations.delete(
        request.state["db"], conversation_id=thread_id, user_id=reader.user_id
    )
    if deleted is None and not unkept:
        raise ConversationNotFound


async def _give_feedback(request: Request[State], reader: Reader, body: GiveItemFeedback) -> None:
    """A turn's items are judged together; what is judged is the answer among them."""
    now = datetime.now(UTC)
    for item_id in body.params.item_ids:
        if not items.is_question(item_id):
            judgement = Judgement(
                message_id=items.exchange_id(item_id),
                user_id=reader.user_id,
                rating=body.params.kind,
                comment=None,
                judged_at=now,
            )
            await request.state["storage"].keep(judgement)
