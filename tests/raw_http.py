"""HTTP/1.1 for fakes: a connection that can break in every way, and notices who leaves."""

import asyncio
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Mapping
from typing import Any, Self

from attrs import field, frozen


@frozen
class Request:
    """A request as it came in; *at* is ``time.monotonic()``."""

    path: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes = field(repr=False)
    port: int  # the client's: equal for requests on one connection
    at: float = field(factory=time.monotonic)

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else {}


class Reader(asyncio.StreamReader):
    """Knows when the client has left, also while nobody reads."""

    def __init__(self) -> None:
        super().__init__(limit=2**20)
        self.gone = asyncio.Event()

    def feed_eof(self) -> None:
        super().feed_eof()
        self.gone.set()

    def set_exception(self, exc: Exception) -> None:
        super().set_exception(exc)
        self.gone.set()


@frozen
class Connection:
    """One client's. Each method raises ``ConnectionError`` when the client has left."""

    reader: Reader
    writer: asyncio.StreamWriter

    async def receive(self) -> Request:
        """The next request. Raises ``IncompleteReadError`` when no more will come."""
        start, *lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        port: int = self.writer.get_extra_info("peername")[1]
        return Request(start.split()[1], headers, body, port)

    async def send(self, status: int, body: object, headers: Mapping[str, str]) -> None:
        """A whole JSON response."""
        data = json.dumps(body).encode()
        await self._write(_head(status, {"content-length": str(len(data)), **headers}) + data)

    async def begin_events(self) -> None:
        """The head of a stream of server-sent events, which :meth:`chunk` continues."""
        streamed = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}
        await self._write(_head(200, streamed))

    async def chunk(self, data: bytes) -> None:
        """A piece of the body; an empty one is its end."""
        await self._write(b"%x\r\n%b\r\n" % (len(data), data))

    async def pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.reader.gone.wait()
        except TimeoutError:
            return
        raise ConnectionResetError

    async def cut(self, data: bytes) -> None:
        """Send half of a piece, let it arrive, and reset the connection."""
        await self._write(b"%x\r\n%b" % (len(data), data[: len(data) // 2]))
        await asyncio.sleep(0.02)
        self.reset()

    def reset(self) -> None:
        now = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
        self.writer.transport.abort()

    async def _write(self, data: bytes) -> None:
        if self.reader.gone.is_set():
            raise ConnectionResetError
        self.writer.write(data)
        await self.writer.drain()


TAKING_TURNS = 10  # of the event loop, until it has taken a connection


class Server:
    """A loopback server in a thread of its own, for as long as the ``with`` lasts."""

    def __init__(self, secure: ssl.SSLContext | None = None) -> None:
        self.port, self._secure = 0, secure
        self._up, self._serving = threading.Event(), set[asyncio.Task[object]]()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    async def serve(self, client: Connection) -> None:
        """Answer one connection until it ends."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._up.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await self._loop.create_server(
            lambda: asyncio.StreamReaderProtocol(Reader(), self._accept),
            "127.0.0.1",
            0,
            ssl=self._secure,
        )
        self.port = server.sockets[0].getsockname()[1]
        self._up.set()
        await self._stop.wait()
        # asyncio forgets to close a connection that it is taking when its server closes.
        for _ in range(TAKING_TURNS):
            await asyncio.sleep(0)
        server.close()
        for task in self._serving:
            task.cancel()
        # wait_closed waits since Python 3.12 only, and nothing else tells.
        while server._active_count:  # type: ignore[attr-defined]  # noqa: ASYNC110
            await asyncio.sleep(0.001)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert isinstance(reader, Reader)
        task = asyncio.current_task()
        assert task
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        try:
            await self.serve(Connection(reader, writer))
        except (asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client left between two requests, or the test is over
        finally:
            writer.transport.abort()  # a TLS connection would take leave first


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()
