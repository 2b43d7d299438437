"""A loopback TCP proxy that stalls, delays, refuses and resets, while what is behind it is well.

with ChaosProxy(("127.0.0.1", 5432)) as proxy:
    proxy.mode = "stall"  # bytes are held, and pass when the mode is "pass" again
    proxy.cut()  # resets what is open

It runs in a thread of its own, so any test can turn the modes.
"""

import asyncio
import socket
import struct
import threading
from pathlib import Path
from typing import Literal, Self

Mode = Literal["pass", "stall", "blackhole", "refuse"]
RESET = struct.pack("ii", 1, 0)


class ChaosProxy:
    """*target* is an address, or the path of a Unix socket."""

    def __init__(self, target: tuple[str, int] | Path) -> None:
        self.target, self.port = target, 0
        self.mode: Mode = "pass"
        self.seconds = 0.0  # that each piece is late
        self.accepted = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def cut(self) -> None:
        """Reset every open connection, on both sides."""

        def cut() -> None:
            for writer in [*self._open]:
                _reset(writer)

        self._loop.call_soon_threadsafe(cut)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._up.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        self._up.set()
        await self._stop.wait()
        server.close()
        for writer in [*self._open]:
            _reset(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self._open.add(writer)
        try:
            if self.mode == "refuse":
                _reset(writer)
                return
            while self.mode == "blackhole":
                await asyncio.sleep(0.02)
            await self._join(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # one of the two has gone, or the test is over
        finally:
            self._open.discard(writer)
            writer.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay both ways until either side ends."""
        if isinstance(self.target, Path):
            there, back = await asyncio.open_unix_connection(self.target)
        else:
            there, back = await asyncio.open_connection(*self.target)
        self._open.add(back)
        pairs = (reader, back), (there, writer)
        ways = [asyncio.create_task(self._relay(*pair)) for pair in pairs]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._open.discard(back)
            back.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            await asyncio.sleep(self.seconds)
            while self.mode in ("stall", "blackhole"):
                await asyncio.sleep(0.02)
            writer.write(piece)
            await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
