"""Server-sent events: one encoder, and the response that relays frames to one reader.

https://html.spec.whatwg.org/multipage/server-sent-events.html
Knows nothing of chat. Frames carry ``data:`` only, on one line: clients exist that show every other
line (``event:``, comments) to the reader as text.
"""

import asyncio
import time
from collections.abc import AsyncIterable, Callable
from contextlib import aclosing
from functools import partial
from typing import Any, ClassVar, Protocol

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

KEEPALIVE_SECONDS = 15.0
SEND_SECONDS = 20.0  # that one frame may take: a reader who does not read must not pin a model
LINE = "footnote.line"  # an extension of ASGI; a layer that changes bodies must take it away


def encode(payload: Any, event_id: int | None = None) -> bytes:
    """One frame. JSON never holds a raw line break, so one ``data:`` line carries it."""
    data = b"data: " + orjson.dumps(payload, default=str, option=orjson.OPT_UTC_Z) + b"\n\n"
    return data if event_id is None else b"id: %d\n" % event_id + data


class Frames(AsyncIterable[bytes], Protocol):
    """What is sent, frame by frame; an async generator will do, and costs each frame more."""

    async def aclose(self) -> None: ...


class Line(Protocol):
    """The connection that a response without a length goes to, for who may write to it directly."""

    on_lost: Callable[[], None] | None  # called once, when the reader has gone

    def write_chunk(self, chunk: bytes) -> bool:
        """At once; false: not now, so it has to be sent, which may wait."""
        ...


class Pushing:
    """Frames that go to *write*, where there is one, when they come; iterated, they are the others.

    So nobody is woken for them, and they pass no layer: a token costs a tenth less in all. Closed,
    they forget *write*, which knows them.
    """

    write: Callable[[bytes], bool] | None = None


class EventSourceResponse(Response):
    """Relays *frames* as they come, *keepalive* after 15 s of silence, and ends with them.

    *opening* is sent before anything else happens. When the reader goes away, or takes a frame not
    within 20 s, *frames* is closed at once, whatever ASGI version the server speaks. No timer
    and no task is there for a frame alone.
    """

    media_type = "text/event-stream"
    charset = "utf-8"
    relay_headers: ClassVar[dict[str, str]] = {
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
    }

    def __init__(
        self,
        frames: Frames,
        *,
        opening: bytes,
        keepalive: bytes,
        every: float = KEEPALIVE_SECONDS,
        patience: float = SEND_SECONDS,
    ) -> None:
        self.status_code = 200
        self.background = None
        self.frames, self.opening, self.keepalive, self.every = frames, opening, keepalive, every
        self.patience = patience
        self.sending, self.at = False, 0.0  # since when it is as it is, sending or silent
        self.breaking: asyncio.Task[None] | None = None
        self.line: Line | None = None
        self.init_headers(self.relay_headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self.frames):
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await self._send(send, self.opening)
            self.opening = b""  # it is large, for a stream
            try:
                async with asyncio.timeout(None) as staying:
                    self._look(send, staying)
                    if self._pushes(scope, staying):
                        await self._pump(send)
                    else:
                        await self._watched(receive, send)
            except TimeoutError:
                if not staying.expired():
                    raise
            finally:
                self.timer.cancel()
                if self.line:
                    self.line.on_lost = None
                await _ended(self.breaking)

    def _pushes(self, scope: Scope, staying: asyncio.Timeout) -> bool:
        """Whether frames go to the connection as they come, so that few are left to be pumped."""
        line: Line | None = scope.get("extensions", {}).get(LINE)
        if line is None or not isinstance(self.frames, Pushing):
            return False
        self.line, line.on_lost = line, partial(_leave, staying)
        self.frames.write = self._write
        return True

    async def _watched(self, receive: Receive, send: Send) -> None:
        """Two more tasks, since this one is wrapped in layers that each frame would wake."""
        pumping, gone = asyncio.create_task(self._pump(send)), asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait((pumping, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _ended(pumping, gone)
        if not pumping.cancelled():
            pumping.result()

    def _write(self, frame: bytes) -> bool:
        if self.sending or self.line is None or not self.line.write_chunk(frame):
            return False
        self.at = time.monotonic()
        return True

    async def _pump(self, send: Send) -> None:
        clock = time.monotonic
        async for frame in self.frames:  # as in _send, without a call
            self.sending, self.at = True, clock()
            await send({"type": "http.response.body", "body": frame, "more_body": True})
            self.sending, self.at = False, clock()
        self.timer.cancel()
        self.sending = True  # nothing may follow
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _look(self, send: Send, staying: asyncio.Timeout) -> None:
        """Break silence, and leave when a frame is not taken; look again when that may be due.

        Never sends in the middle of a send, so that nothing follows the final frame.
        """
        limit = self.patience if self.sending else self.every
        since = time.monotonic() - self.at
        if since >= limit and self.sending:
            _leave(staying)
            return
        if since >= limit:
            self.breaking = asyncio.create_task(self._break(send))
            since = 0.0
        # A send may begin at any moment, and its time is another.
        pause = min(limit - since, self.patience, self.every)
        self.timer = asyncio.get_running_loop().call_later(pause, self._look, send, staying)

    async def _break(self, send: Send) -> None:
        if not self.sending:  # still, now that this task has begun
            await self._send(send, self.keepalive)

    async def _send(self, send: Send, frame: bytes) -> None:
        self.sending, self.at = True, time.monotonic()
        await send({"type": "http.response.body", "body": frame, "more_body": True})
        self.sending, self.at = False, time.monotonic()


def _leave(staying: asyncio.Timeout) -> None:
    if not staying.expired():  # by the other reason
        staying.reschedule(0)


async def _ended(*tasks: asyncio.Task[None] | None) -> None:
    """Cancel *tasks*, and wait until they have seen it."""
    begun = [task for task in tasks if task]
    for task in begun:
        task.cancel()
    await asyncio.gather(*begun, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    """Return when the reader has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
