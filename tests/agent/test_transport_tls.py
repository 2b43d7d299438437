"""TLS to a model, and the machine's proxies on the way there, on both event loops."""

import asyncio
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.providers.connection import Broken
from agent.providers.transport import certificates
from tests.agent.certificates import server_context
from tests.agent.loops import anyio_backend, no_proxies, opened
from tests.agent.scripted import CHUNKED, HELLO, Open, Script, Scripted, ask, bytewise
from tests.raw_http import Connection, Request, Server

__all__ = ["anyio_backend", "no_proxies", "opened"]
pytestmark = pytest.mark.anyio


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[ssl.SSLContext, Path]]:
    certificates.cache_clear()
    context, authority = server_context(tmp_path)
    yield context, authority
    certificates.cache_clear()


@pytest.fixture
def trusted(secure: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """The machine knows the authority."""
    context, authority = secure
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    return context


async def test_tls_is_spoken_to_whom_the_machine_trusts(
    opened: Open, trusted: ssl.SSLContext
) -> None:
    with Scripted(Script(bytewise(HELLO)), secure=trusted) as server:
        transport = opened(server.url)
        heard = [(await ask(transport))[1] for _ in range(2)]

    assert (heard, server.connections) == ([b"hello"] * 2, 1)


async def test_a_server_of_an_unknown_authority_is_told_nothing(
    opened: Open, secure: tuple[ssl.SSLContext, Path]
) -> None:
    with (
        Scripted(Script([HELLO]), secure=secure[0]) as server,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        await ask(opened(server.url))

    assert server.requests == []


async def test_a_server_with_another_name_is_told_nothing(
    opened: Open, trusted: ssl.SSLContext
) -> None:
    with (
        Scripted(Script([HELLO]), secure=trusted) as server,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        await ask(opened(server.url.replace("127.0.0.1", "localhost")))

    assert server.requests == []


async def test_tls_that_is_cut_is_a_broken_connection(
    opened: Open, trusted: ssl.SSLContext
) -> None:
    half = Script([CHUNKED + b"5\r\nhello\r\n"], "reset")
    with Scripted(half, secure=trusted) as server, pytest.raises(ConnectionError):
        await ask(opened(server.url))


async def test_a_handshake_has_the_time_of_connecting(opened: Open) -> None:
    with Scripted(Script([], "wait")) as plain:  # which waits for a request, and says nothing
        transport = opened(f"https://127.0.0.1:{plain.port}/")
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            await transport.post(bytes, lambda _: None, seconds=0.2)

    assert time.monotonic() - began < 1


class Proxy(Server):
    """Passes a CONNECT on, or refuses it."""

    def __init__(self, answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n") -> None:
        super().__init__()
        self.answer, self.requests = answer, list[Request]()

    async def serve(self, client: Connection) -> None:
        request = await client.receive()
        self.requests.append(request)
        client.writer.write(self.answer)
        if b" 200 " not in self.answer:
            await client.pause(5)
            return
        host, _, port = request.path.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            await asyncio.gather(_pipe(client.reader, writer), _pipe(reader, client.writer))
        finally:
            writer.transport.abort()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
    writer.close()


async def test_a_proxy_passes_tls_on_without_seeing_into_it(
    opened: Open, trusted: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Scripted(Script([HELLO]), secure=trusted) as server, Proxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:p%40ss@127.0.0.1:{proxy.port}")
        transport = opened(server.url)
        heard = [(await ask(transport))[1] for _ in range(2)]
        await transport.close()

    assert (heard, server.connections) == ([b"hello"] * 2, 1)
    (request,) = proxy.requests
    assert request.path == f"127.0.0.1:{server.port}"
    assert request.headers["proxy-authorization"] == "Basic bWU6cEBzcw=="
    assert "proxy-authorization" not in server.requests[0].headers


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n", Broken),
        (b"no", Broken),
        (b"", TimeoutError),
    ],
)
async def test_a_proxy_that_refuses_is_a_broken_connection(
    opened: Open,
    trusted: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
    answer: bytes,
    error: type[OSError],
) -> None:
    with Scripted(Script([HELLO]), secure=trusted) as server, Proxy(answer) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(error):
            await opened(server.url).post(bytes, lambda _: None, seconds=0.3)

    assert server.requests == []


async def test_plain_http_goes_to_the_proxy_whole(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Scripted(Script([HELLO])) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://me:pw@127.0.0.1:{proxy.port}")
        _, heard = await ask(opened("http://model.example/v1/chat"))

    (request,) = proxy.requests
    assert (heard, request.path) == (b"hello", "http://model.example/v1/chat")
    assert request.headers["host"] == "model.example"
    assert request.headers["proxy-authorization"] == "Basic bWU6cHc="


async def test_where_no_proxy_is_wanted_none_is_asked(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Scripted(Script([HELLO])) as server:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        _, heard = await ask(opened(server.url))

    assert heard == b"hello"


async def test_tls_that_fails_behind_a_proxy_leaves_no_connection(
    opened: Open, secure: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Scripted(Script([HELLO]), secure=secure[0]) as server, Proxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        transport = opened(server.url)
        with pytest.raises(ssl.SSLCertVerificationError):
            await ask(transport)
        left = list(transport._open)
        _, open_still = await asyncio.wait(left, timeout=0.5) if left else (set(), set())

    assert (len(open_still), server.requests) == (0, [])
