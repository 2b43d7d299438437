"""OpenAI's chat completions, so that any client of theirs can talk to the book.

The client sends what was said before with each question, so nothing is kept in a history.
"""

from starlette.requests import Request
from starlette.responses import Response

import wire
from agent.followup import Turn
from asking import Asking, ask
from completion_stream import MODEL, CompletionEncoder, completion
from contract import Reply
from history import TURNS
from models import CompletionMessage, CompletionRequest, Model, ModelList
from problems import ValidationError
from readers import Reader
from state import State

QUESTION_LIMIT = 4000  # characters
RELEASED = 1793527200  # when this model came to be, in seconds


async def create_chat_completion(
    request: Request[State], reader: Reader | None, body: CompletionRequest
) -> Reply | Response:
    """POST /v1/chat/completions

    Raises what ``asking.ask`` does, ``ValidationError`` for a question that is too long, and, of an
    answer in one piece, what broke it off.
    """
    answer = await ask(request, reader, asking_of(body))
    if body.stream:
        encoder = CompletionEncoder(answer, includes_usage=body.includes_usage)
        return wire.stream(answer, encoder, is_left_for_good=True)
    return Reply(completion(answer, await wire.whole(answer)))


async def list_models(request: Request[State]) -> ModelList:
    """GET /v1/models"""
    return ModelList(data=(Model(id=MODEL, created=RELEASED),))


def asking_of(body: CompletionRequest) -> Asking:
    """The last thing the reader said, after what was said before. Raises ``ValidationError``."""
    at = max(n for n, message in enumerate(body.messages) if message.role == "user")
    text = body.messages[at].text
    if len(text) > QUESTION_LIMIT:
        pointer, detail = f"/messages/{at}/content", f"is longer than {QUESTION_LIMIT} characters"
        violation = {"in": "body", "pointer": pointer, "detail": detail}
        raise ValidationError(f"{pointer[1:]}: {detail}", errors=[violation])
    return Asking(text=text, turns=turns(body.messages[:at]), metadata={"protocol": "openai"})


def turns(messages: tuple[CompletionMessage, ...]) -> tuple[Turn, ...]:
    """Questions with the answers that followed them, the last few, oldest first."""
    told: list[Turn] = []
    for message in messages:
        if message.role == "user":
            told.append(Turn(query=message.text, response=""))
        elif message.role == "assistant" and told:
            told[-1] = Turn(query=told[-1].query, response=told[-1].response + message.text)
    return tuple(told[-TURNS:])
