"""A model's server that follows a script, and a transport to ask it."""

import asyncio
import ssl
from collections.abc import Callable

from attrs import define

from agent.providers.connection import Reply
from agent.providers.transport import Transport
from tests.raw_http import Connection, Request, Server

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"
HELLO = HEAD + b"content-length: 5\r\n\r\nhello"

Open = Callable[[str], Transport]


@define
class Script:
    """What one connection does with each request: sends *said* in pieces, then does *then*."""

    said: list[bytes]
    then: str = "wait"  # or "close", "half-close", "reset"


class Scripted(Server):
    """Follows one script a request, in the order of requests; the last one goes on."""

    def __init__(self, *scripts: Script, secure: ssl.SSLContext | None = None) -> None:
        super().__init__(secure)
        self.scripts = [*scripts]
        self.requests: list[Request] = []
        self.connections = 0

    @property
    def url(self) -> str:
        return f"http{'s' if self._secure else ''}://127.0.0.1:{self.port}/v1"

    async def serve(self, client: Connection) -> None:
        self.connections += 1
        while True:
            self.requests.append(await client.receive())
            script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
            for piece in script.said:
                client.writer.write(piece)
                await client.writer.drain()
                await asyncio.sleep(0.002)
            if script.then == "half-close":
                client.writer.write_eof()
            elif script.then == "reset":
                client.reset()
            elif script.then == "close":
                client.writer.close()


async def ask(transport: Transport, content: bytes = b"{}") -> tuple[Reply, bytes]:
    heard = bytearray()
    reply = await transport.post(lambda: content, heard.extend, seconds=2)
    return reply, bytes(heard)


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in [*chunks, b""])


def bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]
