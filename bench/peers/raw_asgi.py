"""The limit of Python: bytes in, bytes out. No JSON, no checks, no log, no watch on the reader.

Relays to ``UPSTREAM``, a URL; ``uvicorn bench.peers.raw_asgi:app``.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

import httptools

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

UPSTREAM = urlsplit(os.environ.get("UPSTREAM", "http://127.0.0.1:9000"))
HEADERS = [(b"content-type", b"text/event-stream; charset=utf-8")]


class Connection(asyncio.Protocol):
    """One connection to the upstream; what its parser finds waits in a list."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.news = transport, asyncio.Event()
        self.is_over, self.parts = True, list[bytes]()

    def ask(self, request: bytes) -> None:
        self.parser, self.is_over = httptools.HttpResponseParser(self), False
        self.transport.write(request)  # type: ignore[attr-defined]  # a TCP transport

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)
        self.news.set()

    def on_body(self, body: bytes) -> None:
        self.parts.append(body)

    def on_message_complete(self) -> None:
        self.is_over = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_over = True
        self.news.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        while not self.is_over or self.parts:
            if self.parts:
                data, self.parts = b"".join(self.parts), []
                yield data
            else:
                await self.news.wait()
            self.news.clear()


idle: list[Connection] = []


async def connection() -> Connection:
    while idle:
        known = idle.pop()
        if not known.transport.is_closing():
            return known
    loop = asyncio.get_running_loop()
    host, port = UPSTREAM.hostname or "", UPSTREAM.port or 80
    return (await loop.create_connection(Connection, host, port))[1]


async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message["body"]
        if not message["more_body"]:
            break
    upstream = await connection()
    upstream.ask(
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: upstream\r\n"
        b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    )
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    async for data in upstream.chunks():
        await send({"type": "http.response.body", "body": data, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
    idle.append(upstream)
