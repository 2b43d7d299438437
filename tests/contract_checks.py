"""The contract, held against every response of the tests: status, headers, body, events.

``Checked`` wraps the app; what it finds stands in ``violations`` and fails the test that caused it.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contract import Contract, Operation, escape
from sse import LINE, Line

# What every service of this process has answered, by operation.
WITNESSED: set[tuple[str, int]] = set()

FRAMES = re.compile(rb"(?:id: \d+\n)?data: ([^\n]+)\n\n")


class Watched:
    """A connection whose chunks are seen, though they pass no layer."""

    def __init__(self, line: Line, body: bytearray) -> None:
        self.line, self.body = line, body

    @property
    def on_lost(self) -> Callable[[], None] | None:
        return self.line.on_lost

    @on_lost.setter
    def on_lost(self, heard: Callable[[], None] | None) -> None:
        self.line.on_lost = heard

    def write_chunk(self, chunk: bytes) -> bool:
        if is_written := self.line.write_chunk(chunk):
            self.body += chunk
        return is_written


class Checked:
    """An ASGI app whose every response must be one that the contract promises."""

    def __init__(self, app: ASGIApp, contract: Contract) -> None:
        self.app, self.contract = app, contract
        self.operations = list(contract.operations())
        self.violations: list[str] = []
        self.witnessed: set[tuple[str, int]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        operation = self._operation(scope) if scope["type"] == "http" else None
        start: Message = {}
        body = bytearray()

        async def watched(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
            elif message["type"] == "http.response.body":
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    self._check(scope, operation, start, bytes(body))
            await send(message)

        if line := scope.get("extensions", {}).get(LINE):
            scope["extensions"] = {LINE: Watched(line, body)}
        await self.app(scope, receive, watched)

    def _operation(self, scope: Scope) -> Operation | None:
        path = scope["path"].rstrip("/")
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        # A literal path goes before one with a parameter in its place.
        literal = [o for o in self.operations if o.path == path]
        for operation in literal or self.operations:
            pattern = re.sub(r"\{[^}]+\}", "[^/]+", operation.path)
            if operation.method == method and re.fullmatch(pattern, path):
                return operation
        return None

    def _check(
        self, scope: Scope, operation: Operation | None, start: Message, body: bytes
    ) -> None:
        where = f"{scope['method']} {scope['path']}: {start['status']}"
        headers = {k.decode().lower(): v.decode() for k, v in start["headers"]}
        found = _general(start["status"], headers, body)
        if operation:
            self.witnessed.add(seen := (operation.operation_id, start["status"]))
            WITNESSED.add(seen)
            found = [*found, *self._promised(operation, start["status"], headers, body)]
        self.violations += [f"{where}: {violation}" for violation in found]

    def _promised(
        self, operation: Operation, status: int, headers: dict[str, str], body: bytes
    ) -> Iterator[str]:
        base = f"#/paths/{escape(operation.path)}/{operation.method.lower()}/responses/{status}"
        try:
            pointer, response = self.contract.at(base)
        except KeyError:
            yield "the status is not documented"
            return
        yield from self._headers(pointer, response, headers)
        if not body and "content" not in response:
            return
        media = headers.get("content-type", "").partition(";")[0]
        if media not in response.get("content", {}):
            yield f"the media type {media!r} is not documented"
            return
        validator = self.contract.validators[f"{pointer}/content/{escape(media)}/schema"]
        try:
            payloads = _payloads(media, body)
        except (AssertionError, ValueError) as error:
            yield f"the body is none of {media}: {error}"
            return
        for payload in payloads:
            yield from (
                f"{error.instance_path}: {error.message}"
                for error in validator.iter_errors(payload)
            )

    def _headers(self, pointer: str, response: Any, headers: dict[str, str]) -> Iterator[str]:
        for name in response.get("headers", {}):
            place, header = self.contract.at(f"{pointer}/headers/{name}")
            schema, described = self.contract.at(f"{place}/schema")
            text = headers.get(name.lower())
            value: Any = int(text) if text and described.get("type") == "integer" else text
            if text is None:
                yield from [f"no {name} header"] if header.get("required") else []
            elif not self.contract.validators[schema].is_valid(value):
                yield f"the {name} header is {text!r}"


def statuses(contract: Contract, operation: Operation) -> list[int]:
    """What an operation may answer with, as its document has it."""
    item = contract.document["paths"][operation.path]
    return [int(status) for status in item[operation.method.lower()]["responses"]]


def _payloads(media: str, body: bytes) -> list[Any]:
    if media != "text/event-stream":
        return [orjson.loads(body)]
    if body.endswith(b"data: [DONE]\n\n"):
        return chatkit_events(body.removesuffix(b"data: [DONE]\n\n"))
    return chatkit_events(body) if b'data: {"type":' in body else events(body)


def events(body: bytes) -> list[Any]:
    """The payloads of a whole stream; fails on any byte that is not part of a frame."""
    assert FRAMES.sub(b"", body) == b"", "only data frames"
    payloads = [orjson.loads(data) for data in FRAMES.findall(body)]
    finals = [payload["status"] != "partial" for payload in payloads]
    assert finals, "a stream has at least one frame"
    assert finals[-1], "a stream ends with a final frame"
    assert not any(finals[:-1]), "nothing follows the final frame"
    return payloads


def chatkit_events(body: bytes) -> list[Any]:
    """The payloads of a stream for ChatKit, which ends without a word, and may have comments."""
    frames = body.replace(b": keep-alive\n\n", b"")
    assert FRAMES.sub(b"", frames) == b"", "only data frames"
    return [orjson.loads(data) for data in FRAMES.findall(frames)]


def _general(status: int, headers: dict[str, str], body: bytes) -> list[str]:
    """What holds for every response, documented or not."""
    found = []
    if 300 <= status < 400 and status != 304:
        found.append("a redirect")
    if "x-request-id" not in headers:
        found.append("no X-Request-Id")
    if status >= 400:
        problem = orjson.loads(body) if body else {}
        if headers.get("content-type") != "application/problem+json":
            found.append("an error that is no problem document")
        elif not {"type", "title", "status", "error", "message"} <= problem.keys():
            found.append("a problem without its members")
    return found
