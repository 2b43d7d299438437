"""A reader's story with the client that openapi-python-client generates."""

import json
import os
from collections.abc import Iterator
from http import HTTPStatus
from typing import TypeVar
from uuid import uuid4

from footnote_client import AuthenticatedClient, Client
from footnote_client.api.accounts import login, register
from footnote_client.api.chat import send_chat
from footnote_client.api.conversations import (
    delete_conversation,
    get_conversation,
    give_feedback,
    list_conversations,
    rename_conversation,
)
from footnote_client.models import (
    ChatCompleted,
    ChatDelta,
    ChatFailed,
    ChatMessage,
    ChatMessageRequest,
    ChatReply,
    Conversation,
    ConversationPage,
    ConversationRename,
    ConversationSummary,
    Credentials,
    Feedback,
    LoggedIn,
    NewCredentials,
    Problem,
    Rating,
    Registered,
    Transport,
)

Reply = TypeVar("Reply")
Event = ChatDelta | ChatCompleted | ChatFailed
EVENTS: dict[str, type[Event]] = {
    "partial": ChatDelta,
    "success": ChatCompleted,
    "error": ChatFailed,
}


class Refused(Exception):
    """The service answered with a problem."""


def expect(kind: type[Reply], reply: object) -> Reply:
    """The reply, or its problem as an exception."""
    if isinstance(reply, kind):
        return reply
    raise Refused(reply)


def stream(footnote: AuthenticatedClient, question: ChatMessageRequest) -> Iterator[Event]:
    """The events of an answer, as it is written."""
    http = footnote.get_httpx_client()
    with http.stream("POST", "/api/v1/chat/stream", json=question.to_dict()) as response:
        if response.is_error:
            raise Refused(Problem.from_dict(json.loads(response.read())))
        for line in response.iter_lines():
            if line.startswith("data: "):
                event = json.loads(line.removeprefix("data: "))
                yield EVENTS[event["status"]].from_dict(event)


def tell(base_url: str, asked: str) -> None:
    """The whole story."""
    email, password = f"{uuid4()}@example.com", "analytical engine 1843"
    anybody = Client(base_url)
    account = expect(
        Registered, register.sync(client=anybody, body=NewCredentials(email, password))
    )
    credentials = Credentials(email, password, Transport.BEARER)
    session = expect(LoggedIn, login.sync(client=anybody, body=credentials))
    footnote = AuthenticatedClient(base_url, token=str(session.access_token))
    print(f"signed in: {session.user_id == account.id}")

    question = ChatMessageRequest(ChatMessage(asked))
    reply = expect(ChatReply, send_chat.sync(client=footnote, body=question))
    print(f"answer: {reply.response.status}, from {reply.citations[0].title}")

    answer = ""
    for event in stream(footnote, question):
        match event:
            case ChatDelta():
                answer += event.content
            case ChatCompleted():
                print("stream: from", ", ".join(citation.title for citation in event.citations))
            case ChatFailed():
                raise RuntimeError(event.content)
    print(f"the same words: {answer == reply.response.content}")
    keep_and_forget(footnote)


def keep_and_forget(footnote: AuthenticatedClient) -> None:
    """What a reader does with a conversation."""
    page = expect(ConversationPage, list_conversations.sync(client=footnote, limit=10))
    newest = page.items[0].conversation_id
    conversation = expect(Conversation, get_conversation.sync(newest, client=footnote))
    exchange = conversation.exchanges[0]
    print(f"conversations: {len(page.items)}, and {'more' if page.next_ else 'no more'}")
    print(f"kept: {exchange.status}, rated {exchange.rating or 'not yet'}")

    renamed = rename_conversation.sync(newest, client=footnote, body=ConversationRename("Kept"))
    print(f"renamed: {expect(ConversationSummary, renamed).title}")

    feedback = Feedback(Rating.POSITIVE, "Just what I needed.")
    judged = give_feedback.sync_detailed(exchange.message_id, client=footnote, body=feedback)
    print(f"feedback: {judged.status_code}")

    nothing = ChatMessageRequest(ChatMessage(""))
    problem = expect(Problem, send_chat.sync(client=footnote, body=nothing))
    violation = (problem.errors or [])[0]
    print(f"refused: {problem.status} {problem.error}, {violation.in_} {violation.pointer}")
    try:
        next(stream(footnote, nothing))
    except Refused as refused:
        problem = expect(Problem, refused.args[0])
        print(f"stream refused: {problem.status} {problem.error}")

    deleted = delete_conversation.sync_detailed(newest, client=footnote)
    gone = expect(Problem, get_conversation.sync(newest, client=footnote))
    print(f"deleted: {HTTPStatus(deleted.status_code):d}, then {gone.status} {gone.error}")


if __name__ == "__main__":
    tell(
        os.environ.get("FOOTNOTE_URL", "http://127.0.0.1:8000"),
        os.environ.get("QUESTION", "How do I start Footnote?"),
    )
