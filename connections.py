"""HTTP connections, bounded where uvicorn would leave them open for ever.

A connection that sends nothing, half a head, or a head without end holds a socket and memory; so
does a reader who takes no bytes. uvicorn limits only how long an idle connection is kept after a
response. Behind a proxy all this is the proxy's business, too; without one it is ours. And a stream
may write to its connection itself (``sse.Line``), which holds little as long as it is open.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import httptools
import orjson
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from identifiers import uuid7
from problems import HeadersTooLarge, MalformedRequest
from sse import LINE

HEAD_SECONDS = 10.0  # from a connection's, or a request's, first byte to the end of its head
HEAD_BYTES = 64 * 1024
DRAIN_SECONDS = 25.0  # that a full buffer may stay full; a stream gives up on its reader before

ASGI: Any = {"version": "3.0", "spec_version": "2.3"}  # what uvicorn says, too

RESPONSE = b"HTTP/1.1 %b\r\ncontent-type: application/problem+json\r\nconnection: close\r\n"
RESPONSE += b"content-length: %d\r\n\r\n%b"


class Flow(FlowControl):
    """uvicorn's, without an event as long as the reader takes what is written."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport, self.read_paused, self.write_paused = transport, False, False

    async def drain(self) -> None:
        if self.write_paused:
            await super().drain()

    def pause_writing(self) -> None:
        if not self.write_paused:
            self._is_writable_event = asyncio.Event()
        super().pause_writing()


class Signal(asyncio.Event):
    """An event with a short list of who waits for it: an empty deque takes 760 bytes, this 56."""

    def __init__(self) -> None:
        self._waiters: list[asyncio.Future[bool]] = []  # type: ignore[assignment]
        self._value = False


class Pipeline(list[Any]):
    """Requests that came before their turn; for the same reason no deque. Clients send few."""

    def appendleft(self, request: Any) -> None:
        self.insert(0, request)


class Connection(HttpToolsProtocol):
    """One connection, with a time and a size for each request's head, and a time for its reader."""

    # An object with more than 30 attributes has a dictionary of 1.5 KiB; uvicorn's are 28.
    __slots__ = (
        "_drain_timer",
        "_has_head",
        "_head_bytes",
        "_head_timer",
        "_is_too_large",
        "on_lost",
    )

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.pipeline = Pipeline()  # type: ignore[assignment]
        self.on_lost: Callable[[], None] | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self._drain_timer: asyncio.TimerHandle | None = None
        self._head_bytes, self._is_too_large = 0, False
        self._has_head = False  # between the end of a head and the end of its body

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.parser, self.flow = Http11(self), Flow(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        if not self._has_head:
            self._await_head()
            self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self._is_too_large = True
            self.send_400_response("")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        # No copies for each request, since none of ours changes them:
        self.scope["state"], self.scope["asgi"] = self.app_state, ASGI

    def on_headers_complete(self) -> None:
        self._head_bytes, self._has_head = 0, True
        _cancel(self._head_timer)
        self._head_timer = None
        self._is_too_large = sum(len(n) + len(v) for n, v in self.headers) > HEAD_BYTES
        if self._is_too_large:
            raise ValueError  # the parser ends, and uvicorn calls the following
        if not self.is_offered_upgrade:
            super().on_headers_complete()
            self.cycle.message_event = Signal()
            if self.scope["method"] != "HEAD":  # whose response has no chunks
                self.scope["extensions"] = {LINE: self}  # type: ignore[dict-item]

    def write_chunk(self, chunk: bytes) -> bool:
        """More of the response that is being sent, at once; false: not now, or never again."""
        if self.flow.write_paused or self.transport.is_closing():
            return False
        self.transport.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        return True

    def on_message_complete(self) -> None:
        self._has_head = False
        if not self.is_offered_upgrade:
            super().on_message_complete()
        if not self.pipeline:  # a long body has paused it; paused, it would not tell who leaves
            self.flow.resume_reading()

    @property
    def is_offered_upgrade(self) -> bool:
        # The parser says so of every CONNECT, too.
        return self.parser.should_upgrade() and any(n == b"upgrade" for n, _ in self.headers)

    def decline_upgrade(self, rest: bytes) -> None:
        """Read the request once more without its offer to speak HTTP/2 or a WebSocket's protocol.

        RFC 9110 §7.8 lets a server ignore that. The parser believes it and takes the body for the
        other protocol; the HTTP client of Java's and curl's ``--http2`` offer it with each request.
        """
        method = self.parser.get_method()
        lines = [b"%b %b HTTP/1.1" % (method, self.url)]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = Http11(self)
        self.parser.feed_data(b"\r\n".join([*lines, b"", rest]))

    def send_400_response(self, msg: str) -> None:
        """What cannot be parsed is a problem like any other; *msg* is uvicorn's, for people."""
        problem = HeadersTooLarge() if self._is_too_large else MalformedRequest()
        body = orjson.dumps(problem.as_json(str(uuid7())))
        status = f"{problem.status} {HTTPStatus(problem.status).phrase}".encode()
        self.transport.write(RESPONSE % (status, len(body), body))
        self.transport.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._drain_timer = self.loop.call_later(DRAIN_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        _cancel(self._drain_timer)
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        _cancel(self._head_timer)
        _cancel(self._drain_timer)
        super().connection_lost(exc)
        if self.on_lost is not None:
            self.on_lost()
        if self.scope is not None:
            self.scope.pop("extensions", None)  # else a ring that only the collector could undo

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)


class Http11(httptools.HttpRequestParser):
    """A parser whose connection goes on in HTTP/1.1, whatever else a client has offered."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self._connection = connection

    def feed_data(self, data: bytes) -> None:  # type: ignore[override]  # uvicorn feeds bytes
        try:
            super().feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if not self._connection.is_offered_upgrade:
                raise
            self._connection.decline_upgrade(data[upgrade.args[0] :])


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
