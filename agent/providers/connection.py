"""One HTTP/1.1 connection to a model's endpoint, whose answer is heard in the moment it comes.

A protocol and llhttp's parser, and nothing between: no reader, no buffer, no task that wakes for
each token. Knows no model, nor where it leads to; whoever uses it watches the clock.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import cast

import httptools
from attrs import define, field

MOST_OF_A_HEAD = 65_536  # bytes
MOST_OF_A_REFUSAL = 65_536  # bytes of it that are kept

LENGTHS = {b"content-length", b"transfer-encoding"}

Hear = Callable[[bytes], None]  # takes what one read brings of a body


class Broken(ConnectionError):
    """The connection ended too early, or what came was no HTTP."""


@define(eq=False)
class Reply:
    """A response; *said* is what was kept of it, if it was no good one."""

    status: int = 0
    retry_after: str | None = None  # the header
    tells_its_end: bool = False  # else the connection's end is the body's (RFC 9112 6.3)
    said: bytearray = field(factory=bytearray)

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    def keep(self, data: bytes) -> None:
        if len(self.said) < MOST_OF_A_REFUSAL:
            self.said += data


class Connection(asyncio.Protocol):
    """Asks one thing at a time; *is_idle* when it can ask another, or the first.

    *keep* is called when a reply has left it so.
    """

    __slots__ = (
        "_answered",
        "_has_head",
        "_head_bytes",
        "_hear",
        "_is_tunnel",
        "_is_whole",
        "_keep",
        "_parser",
        "_parts",
        "_reply",
        "_stays",
        "has_heard",
        "is_idle",
        "lost",
        "transport",
    )

    def __init__(self, keep: "Callable[[Connection], None]") -> None:
        self.is_idle, self._keep = True, keep
        self.lost = asyncio.get_running_loop().create_future()  # done when it is closed
        self.has_heard = False  # anything of the last reply
        self._answered: asyncio.Future[Reply] | None = None  # None: nobody waits for a reply

    def ask(
        self, request: bytes, hear: Hear, *, is_tunnel: bool = False
    ) -> Coroutine[None, None, Reply]:
        """The reply, when it is whole; the body of a good one has been heard, read by read.

        A tunnel's has none. Raises ``OSError``, ``Broken`` among them, and what *hear* raises.
        Cancelling it closes the connection. The request goes out before this is awaited, and is not
        kept: it is larger than all else that a stream needs.
        """
        self._hear, self._is_tunnel = hear, is_tunnel
        self._parser, self._reply = httptools.HttpResponseParser(self), Reply()
        self._parts: list[bytes] = []
        self._head_bytes, self._has_head = 0, False
        self._is_whole, self._stays = False, False
        self.is_idle, self.has_heard = False, False
        self._answered = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._awaited(self._answered)

    async def _awaited(self, answered: asyncio.Future[Reply]) -> Reply:
        try:
            return await answered
        finally:
            self._answered = None
            del self._hear, self._parser  # the one keeps an answer, the other us
            if not self.is_idle:
                self.close()
            elif not self._is_tunnel:
                self._keep(self)  # not before: who gets it asks at once

    def close(self) -> None:
        self.is_idle = False
        self.transport.abort()

    # What asyncio calls:

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._answered is None:  # nobody has asked, or nobody listens any more
            self.close()
            return
        self.has_heard = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._break(Broken("no HTTP"))
        if not self._has_head:
            self._measure(data)
        elif self._parts:
            self._hear(self._parts[0] if len(self._parts) == 1 else b"".join(self._parts))
            self._parts.clear()
        if self._is_whole:
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_idle = False
        self.lost.set_result(None)
        if self._answered is None:
            return
        if exc is None and self._has_head and not self._reply.tells_its_end:
            self._end()
        else:
            self._break(exc or Broken("closed"))

    # What the parser calls, while it is fed:

    def on_header(self, name: bytes, value: bytes) -> None:
        known = name.lower()
        if known in LENGTHS:
            self._reply.tells_its_end = True
        elif known == b"retry-after":
            self._reply.retry_after = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._reply.status = self._parser.get_status_code()
        if self._reply.status < 200:  # and another reply follows
            self._reply = Reply()
            return
        self._has_head = True
        self._is_whole = self._is_tunnel
        if not self._reply.is_good:
            self._hear = self._reply.keep

    def on_body(self, data: bytes) -> None:
        self._parts.append(data)

    def on_message_complete(self) -> None:
        if self._has_head and not self._is_tunnel:
            self._is_whole, self._stays = True, self._parser.should_keep_alive()

    # And what comes of it:

    def _measure(self, data: bytes) -> None:
        self._head_bytes += len(data)
        if self._head_bytes > MOST_OF_A_HEAD:
            self._break(Broken("a head without end"))

    def _end(self) -> None:
        self.is_idle = (self._is_tunnel or self._stays) and not self.lost.done()
        if self._answered and not self._answered.done():
            self._answered.set_result(self._reply)

    def _break(self, error: Exception) -> None:
        if self._answered and not self._answered.done():
            self._answered.set_exception(error)
