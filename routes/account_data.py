"""What is kept about a reader: all of it to take along, or none of it any more."""

from collections import defaultdict
from uuid import UUID

from starlette.requests import Request

from authentication import without_cookie
from contract import Reply
from database import transaction
from models import AccountExport, Conversation, ConversationSummary, Exchange
from problems import Unauthorized
from queries import conversations, exchanges, interactions, sessions, users
from readers import Reader
from state import State


async def export_account(request: Request[State], reader: Reader) -> AccountExport:
    """GET /api/v1/auth/account"""
    user_id = reader.user_id
    await request.state["answers"].settled(user_id)
    async with transaction(request.state["db"]) as db:
        account = await users.account(db, user_id=user_id)
        if account is None:
            raise Unauthorized
        summaries = await conversations.newest(
            db, user_id=user_id, limit=1000, before_at=None, before_id=None, words=None
        )
        kept = await exchanges.kept(db, user_id=user_id, conversation_id=None)
        return AccountExport(
            account=account,
            sessions=tuple(await sessions.newest(db, user_id=user_id)),
            conversations=with_exchanges(summaries, kept),
            feedback=tuple(await exchanges.judged(db, user_id=user_id)),
            interactions=tuple(await interactions.of_user(db, user_id=user_id)),
        )


async def delete_account(request: Request[State], reader: Reader) -> Reply:
    """DELETE /api/v1/auth/account

    Answers that are still being written are stopped, and not kept.
    """
    await request.state["answers"].end_of(reader.user_id)
    await users.delete(request.state["db"], user_id=reader.user_id)
    request.state["seen"].forget(reader.user_id)
    return Reply(None, without_cookie(request))


def with_exchanges(
    summaries: list[ConversationSummary], kept: list[Exchange]
) -> tuple[Conversation, ...]:
    """Each conversation with its own exchanges, in the order of *summaries*."""
    of: dict[UUID, list[Exchange]] = defaultdict(list)
    for exchange in kept:
        of[exchange.conversation_id].append(exchange)
    return tuple(Conversation.of(summary, of[summary.conversation_id]) for summary in summaries)
