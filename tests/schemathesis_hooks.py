"""What the contract says of streams beyond one schema: one final event, and it is the last."""

from contextlib import suppress
from typing import Any
from uuid import UUID

import orjson
import schemathesis
from schemathesis.core.transport import Response

DONE = "data: [DONE]"  # the end of OpenAI's streams


def payloads(content: bytes) -> list[Any]:
    blocks = content.decode().replace("\r\n", "\n").split("\n\n")
    lines = [line for block in blocks for line in block.split("\n")]
    return [orjson.loads(line[5:]) for line in lines if line.startswith("data:") and line != DONE]


@schemathesis.deserializer("text/event-stream")
def events(_context: Any, response: Response) -> list[Any]:
    return payloads(response.content)


@schemathesis.check
def stream_protocol(_context: Any, response: Response, case: Any) -> None:
    """A stream ends with exactly one final event."""
    kind = response.headers.get("content-type", [""])[0]
    is_ours = operation_of(case) not in {"chatkit", "create_chat_completion"}
    if kind.startswith("text/event-stream") and is_ours:
        final = [event["status"] != "partial" for event in payloads(response.content)]
        assert final, "a stream has events"
        assert final[-1], "the last event is final"
        assert not any(final[:-1]), "only the last event is final"


@schemathesis.check
def only_unavailable(_context: Any, response: Response, _case: Any) -> None:
    """Without a database a request may have to come back later; nothing breaks."""
    assert response.status_code < 500 or response.status_code == 503, "of 5xx only 503"


ANSWERED: dict[str | None, str] = {}  # the last kept answer of each reader
JUDGED = {"give_feedback", "resume_stream", "stop_stream"}


@schemathesis.hook
def after_call(_context: Any, case: Any, response: Response) -> None:
    """Remember what a reader was told, for the operations that are about an answer."""
    if operation_of(case) == "send_chat" and response.status_code == 200:
        reply = orjson.loads(response.content)
        if reply["conversation_id"]:
            ANSWERED[case.auth_identity] = reply["response"]["message_id"]


def operation_of(case: Any) -> str | None:
    operation_id: str | None = case.operation.definition.raw.get("operationId")
    return operation_id


def name_an_answer(case: Any) -> None:
    """No schema knows which answers a reader has; a made-up id is 404, however valid."""
    with suppress(ValueError, TypeError, AttributeError):
        given = UUID(case.path_parameters["message_id"])
        if case.auth_identity in ANSWERED and given.int % 4:  # some stay unknown
            case.path_parameters["message_id"] = ANSWERED[case.auth_identity]


NAMES = {"chapter": "Fog", "page": "fog.md"}  # of the test book


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """Name what the book has, as no schema can: an unknown chapter is refused, however valid."""
    if operation_of(case) in JUDGED and case.meta and case.meta.phase.name != "stateful":
        name_an_answer(case)
    body = case.body if isinstance(case.body, dict) else {}
    message = body.get("message")
    named = message.get("metadata") if isinstance(message, dict) else body
    if isinstance(named, dict):
        for kind, name in NAMES.items():
            given = named.get(kind)
            asked = kind in (named.get("context"), named.get("context_mode"))
            if asked and isinstance(given, str) and 0 < len(given) <= 1000 and "\0" not in given:
                named[kind] = name
