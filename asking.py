"""From a reader's question to a running answer: whose it is, what it costs, what was said before.

Every protocol that takes questions comes through here. Knows no wire format.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from attrs import evolve, field
from starlette.requests import Request

from agent import Agent, Question
from agent.deadline import Deadline
from agent.followup import Turn
from agent.retrieval import OUTAGES as OUT_OF_REACH
from agent.scope import Scope, UnknownScope
from answer import Answer, Asked, Place
from answers import Answers
from authentication import address, presented
from database import OUTAGES
from identifiers import uuid7
from limits import (
    CHAT_GUESTS_IP,
    CHAT_IP,
    CHAT_USER,
    GUEST_PER_DAY,
    IP_PER_DAY,
    USER_PER_DAY,
    Bucket,
    Budget,
)
from plain_text import clean
from problems import ConversationNotFound, OtherUser, TooManyAnswers, ValidationError
from readers import Reader
from records import frozen
from state import State

CHECK_SECONDS = 4.0  # that looking up a scope may take
STORING_SECONDS = 2.0  # and the final frame, before the platform ends us
MOMENT = 0.1
NOTICED_LOOKS, NOTICED_SECONDS = 5, 0.02  # until it is seen that a reader has left
SPENT = "The questions of this {} are used up for today."
RUNNING = 2  # answers at a time, for one reader in one process


# Where a question is kept, what was said there before, and what could not be seen of it.
Memory = tuple[Place | None, tuple[Turn, ...], tuple[str, ...]]


@frozen
class Again:
    """A question that is asked anew: its name, and the exchange that the answer replaces."""

    question_id: UUID
    replaces: UUID


@frozen(kw_only=True)
class Asking:
    """What was asked, in whichever dialect."""

    text: str
    selected_text: str | None = None
    scope: Scope | None = None
    scope_pointer: str = ""  # to the object of the request that names the scope
    conversation_id: UUID | None = None
    user_label: str | None = None
    metadata: Mapping[str, Any] = field(factory=dict)
    again: Again | None = None
    turns: tuple[Turn, ...] | None = None  # told by a client that keeps the history itself
    is_once: bool = False  # refused while the same question is being answered


@frozen
class Fare:
    """Who pays for a question, and what is still to be paid."""

    asker: str
    buckets: tuple[Bucket, ...]
    budgets: tuple[Budget, ...]


async def ask(request: Request[State], reader: Reader | None, asking: Asking) -> Answer:
    """The answer in the making.

    Raises ``OtherUser``, ``ValidationError`` for an unknown scope, ``ConversationNotFound``,
    ``TooManyRequests``, ``BudgetSpent``, ``TooManyAnswers`` and ``ShuttingDown``; all of it before
    the first byte of a response.
    """
    state = request.state
    if reader and asking.user_label and asking.user_label.lower() != str(reader.user_id):
        raise OtherUser
    at_most = RUNNING if state["settings"].rate_limits else None
    fare = await _admitted(state, asking, _fare(state, reader, address(request)), at_most)
    asked = await _asked(request, reader, asking, fare)
    left = platform_seconds() if state["settings"].on_vercel else None
    return state["answers"].start(
        asked, asker=fare.asker, at_most=at_most, seconds=left, is_once=asking.is_once
    )


def _fare(state: State, reader: Reader | None, ip: str) -> Fare:
    """A guest's address pays, too, because anybody can be many guests.

    Where there is a model, a spent site refuses nobody: readers go on with the book's words, and
    the bill stops growing.
    """
    asker = str(reader.user_id) if reader else ip
    buckets = [Bucket("chat", asker, CHAT_USER if reader else CHAT_IP)]
    own = IP_PER_DAY if reader is None else GUEST_PER_DAY if reader.is_guest else USER_PER_DAY
    budgets = [Budget(asker, own, f"You may ask {own} questions a day.")]
    if reader and reader.is_guest:
        buckets.append(Bucket("chat_guests", ip, CHAT_GUESTS_IP))
        budgets.append(Budget(ip, IP_PER_DAY, SPENT.format("address")))
    if (per_day := state["settings"].chat_per_day) is not None:
        refusal = SPENT.format("site") if state["agent"].models is None else None
        budgets.append(Budget("site", per_day, refusal, always=True))
    return Fare(asker, tuple(buckets), tuple(budgets))


async def _admitted(state: State, asking: Asking, fare: Fare, at_most: int | None) -> Fare:
    """What is left to pay. Raises what ``answers.admit`` does, and ``TooManyRequests``.

    What may be refused later costs its tokens now, and nothing of the day: a scope and a
    conversation that have to be looked up, and one answer too many at a time.
    """
    try:
        state["answers"].admit(fare.asker, at_most)
    except TooManyAnswers:
        pass
    else:
        if asking.scope is None and asking.conversation_id is None:
            return fare
    await state["limits"].charge(fare.buckets)
    await _room(state["answers"], fare.asker, at_most)
    return evolve(fare, buckets=())


async def _room(answers: Answers, asker: str, at_most: int | None) -> None:
    """Raises what ``answers.admit`` does. Who leaves one and asks at once has room in a moment."""
    for _ in range(NOTICED_LOOKS):
        with suppress(TooManyAnswers):
            answers.admit(asker, at_most)
            return
        await asyncio.sleep(NOTICED_SECONDS)
    answers.admit(asker, at_most)


async def _asked(
    request: Request[State], reader: Reader | None, asking: Asking, fare: Fare
) -> Asked:
    """The question, found to be in order and then paid for."""
    await _check(request.state["agent"], asking)
    place, turns, degraded = await _remembered(request, reader, asking)
    writes = await request.state["limits"].charge(fare.buckets, fare.budgets)
    question = Question(
        text=clean(asking.text),
        selected_text=asking.selected_text and clean(asking.selected_text),
        turns=turns,
        use_model=writes,
        scope=asking.scope,
    )
    return Asked(
        question=question,
        user_label=None if reader else asking.user_label,
        metadata=asking.metadata,
        place=place,
        degraded=degraded,
    )


def platform_seconds() -> float | None:
    """What Vercel leaves for an answer before it ends the invocation; ``None``: it does not say.

    Its runtime takes the deadline from a header that only it can set.
    """
    try:
        from vercel_runtime import get_deadline
    except ImportError:
        return None
    ends: datetime | None = get_deadline()
    if ends is None:
        return None
    return max(MOMENT, (ends - datetime.now(UTC)).total_seconds() - STORING_SECONDS)


async def _check(agent: Agent, asking: Asking) -> None:
    """Refuse a scope that the book does not have; where the book is out of reach, it may pass."""
    if asking.scope is None:
        return
    try:
        await agent.pages(asking.scope, Deadline.after(CHECK_SECONDS))
    except UnknownScope as unknown:
        pointer = f"{asking.scope_pointer}/{asking.scope.kind}"
        violation = {"in": "body", "pointer": pointer, "detail": str(unknown)}
        raise ValidationError(f"{pointer[1:]}: {unknown}", errors=[violation]) from None
    except OUT_OF_REACH:
        return  # the answer will say so


async def _remembered(request: Request[State], reader: Reader | None, asking: Asking) -> Memory:
    if asking.turns is not None:
        return None, asking.turns, ()
    conversation_id = asking.conversation_id
    if reader is None:
        if any(credential is not None for credential in presented(request)):
            return None, (), ("history",)  # genuine, but the database cannot say whose it is
        if conversation_id is not None:
            raise ConversationNotFound
        return None, (), ()
    if reader.is_recalled:
        return _unchecked(reader, conversation_id)
    if conversation_id is None:
        place = Place(user_id=reader.user_id, conversation_id=uuid7(), is_new=True)
        return place, (), ()
    return await _continued(request, reader, conversation_id, asking.again)


async def _continued(
    request: Request[State], reader: Reader, conversation_id: UUID, again: Again | None
) -> Memory:
    """A conversation of the reader's goes on. Raises ``ConversationNotFound``."""
    answers = request.state["answers"]
    turns: tuple[Turn, ...] = ()
    answers.move_on(reader.user_id, conversation_id)
    await answers.settled(reader.user_id)
    begins = answers.begins(reader.user_id, conversation_id)
    try:
        before = again.replaces if again else None
        turns = await request.state["history"].turns(reader.user_id, conversation_id, before)
    except ConversationNotFound:
        if not begins:
            raise
    except OUTAGES:
        return _unchecked(reader, conversation_id)
    place = Place(
        user_id=reader.user_id,
        conversation_id=conversation_id,
        is_new=begins,
        question_id=again.question_id if again else None,
        replaces=again.replaces if again else None,
    )
    return place, turns, ()


def _unchecked(reader: Reader, conversation_id: UUID | None) -> Memory:
    """A place while the database cannot say whether it is the reader's: it will, on the replay.

    As a new one, because a conversation that began in the outage is there in no other way; one that
    exists goes on, if it is the reader's.
    """
    place = Place(user_id=reader.user_id, conversation_id=conversation_id or uuid7(), is_new=True)
    return place, (), ("history",)
