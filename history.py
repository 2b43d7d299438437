"""A reader's conversations: what was said before, and keeping what is said now.

What to do while the database is down is decided in ``storage``, not here.
"""

import unicodedata
from uuid import UUID

import orjson
from attrs import asdict

from agent.followup import Turn
from answer import Answer, Place
from contract import converter
from database import Database, Executor
from models import Interaction, NewExchange
from plain_text import clean
from problems import ConversationNotFound, Unauthorized, UserNotFound
from queries import conversations, exchanges, users
from records import frozen

EXCHANGES = 200  # that a conversation keeps
TURNS = 6  # that a question is asked after
READ_SECONDS = 2.0
KEEP_SECONDS = 2.0
TITLE_CHARACTERS = 80
UNTITLED = "…"


@frozen
class History:
    """*limit* is how many conversations a user keeps."""

    db: Database | None
    limit: int

    async def turns(
        self, user_id: UUID, conversation_id: UUID, before: UUID | None = None
    ) -> tuple[Turn, ...]:
        """The last turns, oldest first; those *before* an exchange, if it is given.

        Raises ``ConversationNotFound``, also for somebody else's, and what ``OUTAGES`` lists.
        """
        kept = await exchanges.turns(
            self.db and self.db.within(READ_SECONDS),
            user_id=user_id,
            conversation_id=conversation_id,
            before=before,
            limit=TURNS,
        )
        if not kept:
            raise ConversationNotFound
        return tuple(
            Turn(query=turn.query, response=turn.response or "")
            for turn in reversed(kept)
            if turn.query is not None
        )

    async def keep(self, row: NewExchange) -> None:
        """Keep *row*, once, and let go of the oldest beyond the limits. One statement.

        Raises ``UserNotFound``, ``ConversationNotFound`` and what ``OUTAGES`` lists.
        """
        kept = await exchanges.keep(
            self.db and self.db.within(KEEP_SECONDS),
            **asdict(row, recurse=False),
            exchanges=EXCHANGES,
            conversations=self.limit,
        )
        if kept != "kept":
            raise UserNotFound if kept == "no user" else ConversationNotFound

    async def adopt(self, connection: Executor, *, guest_id: UUID, user_id: UUID) -> None:
        """All of a guest's becomes the user's; the guest is gone. Inside a transaction.

        Raises ``Unauthorized`` when the user is gone.
        """
        await users.lock(connection, user_id=guest_id)
        if await users.lock(connection, user_id=user_id) is None:
            raise Unauthorized  # deleted while logging in
        await conversations.adopt(connection, guest_id=guest_id, user_id=user_id)
        await conversations.prune(connection, user_id=user_id, at_most=self.limit)
        await users.forget_guest(connection, guest_id=guest_id)


def exchange_of(answer: Answer, place: Place, row: Interaction) -> NewExchange:
    """What a reader finds again of an answer that has ended; *row* is the log's."""
    return NewExchange(
        user_id=place.user_id,
        conversation_id=place.conversation_id,
        is_new=place.is_new,
        title=title_of(row.question),
        exchange_id=answer.message_id,
        asked_at=answer.asked_at,
        query=row.question,
        selected_text=row.selected_text,
        response=row.answer,
        status=row.status,
        citations=orjson.dumps(converter().unstructure(answer.citations)).decode(),
        model=row.model,
        question_id=place.question_id,
        replaces=place.replaces,
    )


def title_of(text: str, characters: int = TITLE_CHARACTERS) -> str:
    """A conversation's name: the first words of *text*, on one line."""
    line = " ".join(clean(text).split())
    if all(unicodedata.category(character) in {"Cf", "Zs"} for character in line):
        return UNTITLED  # joiners and direction marks alone show nothing
    if len(line) <= characters:
        return line
    cut = line[: characters - 1]
    return (cut.rpartition(" ")[0] if " " in cut[characters // 2 :] else cut) + "…"
