"""One lie in the service for a whole run: ``LIE=late_final pytest -p tests.lies.planted``.

Each is a bug that was made somewhere, once. The service's own code is left alone: responses are
rewritten on their way out, a function is replaced, or a statement's text is changed.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any

import orjson
import pytest
from attrs import frozen
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Headers = dict[bytes, bytes]
Edit = Callable[[Scope, Message, Headers, bytes], bytes]  # the body to send instead

PATCH = pytest.MonkeyPatch()  # never undone: the run ends with its process
DELTA = b'data: {"content":"and another thing","status":"partial"}\n\n'
FINAL = (b'"status":"success"', b'"status":"error"')


class Edited:
    """An app whose every response goes through *edit*, whole."""

    def __init__(self, app: ASGIApp, edit: Edit) -> None:
        self.app, self.edit = app, edit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start: Message = {}
        body = bytearray()

        async def held(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body"):
                headers: Headers = dict(start["headers"])
                content = self.edit(scope, start, headers, bytes(body))
                if b"content-length" in headers:
                    headers[b"content-length"] = str(len(content)).encode()
                await send({**start, "headers": [*headers.items()]})
                await send({"type": "http.response.body", "body": content})

        await self.app(scope, receive, held if scope["type"] == "http" else send)


def edited(edit: Edit) -> None:
    from service import create_app as honest

    PATCH.setattr("tests.live.create_app", lambda settings: Edited(honest(settings), edit))


def wrong_status() -> None:
    """Registering answers 200 instead of 201"""

    def edit(scope: Scope, start: Message, _headers: Headers, body: bytes) -> bytes:
        if scope["path"].endswith("/register") and start["status"] == 201:
            start["status"] = 200
        return body

    edited(edit)


def missing_header() -> None:
    """401 comes without WWW-Authenticate"""

    def edit(_scope: Scope, _start: Message, headers: Headers, body: bytes) -> bytes:
        headers.pop(b"www-authenticate", None)
        return body

    edited(edit)


def extra_field() -> None:
    """An answer has a member that nobody wrote down"""

    def edit(scope: Scope, start: Message, _headers: Headers, body: bytes) -> bytes:
        is_reply = scope["path"] == "/api/v1/chat" and start["status"] == 200
        return orjson.dumps(orjson.loads(body) | {"debug": True}) if is_reply and body else body

    edited(edit)


def late_final() -> None:
    """A stream goes on behind its final frame"""

    def edit(_scope: Scope, _start: Message, _headers: Headers, body: bytes) -> bytes:
        return body + DELTA if any(final in body[-2000:] for final in FINAL) else body

    edited(edit)


def empty_stream() -> None:
    """A stream ends before it has begun"""

    def edit(scope: Scope, start: Message, _headers: Headers, body: bytes) -> bytes:
        is_stream = scope["path"] == "/api/v1/chat/stream" and start["status"] == 200
        return b"" if is_stream else body

    edited(edit)


def wrong_allow() -> None:
    """Allow names GET alone, whatever else there is"""

    def edit(_scope: Scope, _start: Message, headers: Headers, body: bytes) -> bytes:
        if b"allow" in headers:
            headers[b"allow"] = b"GET, HEAD, OPTIONS"
        return body

    edited(edit)


def unescaped_pointer() -> None:
    """A member's name stands in a pointer as it is"""
    PATCH.setattr("contract.reading.escape", lambda part: part)


def nul_500() -> None:
    """A NUL in a body is an exception of ours"""
    from contract import reading

    honest = reading._violations

    def lying(body: Any, validate: Any) -> Any:
        if b"\\u0000" in orjson.dumps(body):
            raise UnicodeEncodeError("utf-8", "", 0, 1, "a NUL")
        return honest(body, validate)

    PATCH.setattr(reading, "_violations", lying)


def foreign_readable() -> None:
    """A statement forgets whose conversation it is"""
    from database import statements

    honest = statements.read_statements
    whose = "c.conversation_id = :conversation_id and c.user_id = :user_id"
    anyones = "c.conversation_id = :conversation_id and :user_id::uuid is not null"

    def lying(path: Any) -> Mapping[str, str]:
        found = honest(path)
        is_it = path.stem == "conversations"
        return {**found, "find": found["find"].replace(whose, anyones)} if is_it else found

    PATCH.setattr(statements, "read_statements", lying)


def page_of_51() -> None:
    """limit=51 is taken for 50"""
    from contract import reading

    honest = reading._texts

    def lying(request: Any, parameter: Any) -> Any:
        texts = honest(request, parameter)
        return ["50"] if parameter.name == "limit" and texts == ["51"] else texts

    PATCH.setattr(reading, "_texts", lying)


def bad_token_is_nobody() -> None:
    """Where nobody may ask, a bad token counts as none"""
    import authentication
    from problems import Unauthorized

    honest = authentication._reader

    async def lying(request: Any, *, may_be_nobody: bool) -> Any:
        try:
            return await honest(request, may_be_nobody=may_be_nobody)
        except Unauthorized:
            if may_be_nobody:
                return None
            raise

    PATCH.setattr(authentication, "_reader", lying)


def never_stored() -> None:
    """What is asked is answered and not stored, and the receipt says it is"""

    async def lying(*_: Any) -> str:
        return "database"

    PATCH.setattr("storage.Storage.add", lying)


def empty_promise() -> None:
    """The document promises a 410 that nothing answers"""
    from tests.live import CONTRACT

    item = CONTRACT.document["paths"]["/api/v1/conversations/{conversation_id}"]
    item["get"]["responses"]["410"] = {"$ref": "#/components/responses/ConversationNotFound"}


def dropped_member() -> None:
    """The record behind a body lacks a member that the schema has"""
    import attrs

    from routes import conversations

    lying = attrs.make_class("Feedback", {"rating": attrs.field(type=str)}, kw_only=True)
    PATCH.setitem(conversations.give_feedback.__annotations__, "body", lying)


@frozen
class Suspects:
    """Where a lie is looked for: some tests, and the operations that schemathesis is sent to."""

    tests: str
    operations: str


STATUSES = "tests/truth/test_every_status.py -k"
EXAMPLES = "tests/truth/test_examples.py -k"
BLIND = "tests/truth/test_blind_spots.py -k"
LIES: Mapping[Callable[[], None], Suspects] = {
    wrong_status: Suspects(f"{EXAMPLES} register", "register"),
    missing_header: Suspects(f"{STATUSES} 401", "get_session"),
    extra_field: Suspects(f"{EXAMPLES} send_chat", "send_chat"),
    late_final: Suspects(f"{EXAMPLES} stream", "stream_chat"),
    empty_stream: Suspects(f"{EXAMPLES} stream", "stream_chat"),
    wrong_allow: Suspects("tests/test_contract.py -k allowed", "rename_conversation"),
    unescaped_pointer: Suspects(f"{BLIND} pointer", "send_chat"),
    nul_500: Suspects(f"{BLIND} pointer", "rename_conversation"),
    foreign_readable: Suspects(f"{BLIND} elses", "send_chat get_conversation"),
    page_of_51: Suspects(f"{STATUSES} 422", "list_conversations"),
    bad_token_is_nobody: Suspects(f"{STATUSES} 401", "send_chat"),
    never_stored: Suspects(f"{BLIND} stored", "send_chat get_conversation"),
    empty_promise: Suspects(f"{STATUSES} promise", "get_conversation"),
    dropped_member: Suspects("tests/truth/test_records.py", "give_feedback"),
}
NAMES = {lie.__name__: lie for lie in LIES}

if name := os.environ.get("LIE"):
    NAMES[name]()
