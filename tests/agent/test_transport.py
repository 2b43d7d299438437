"""The way to a model, over real sockets, on both event loops: what breaks, and how it is told."""

import asyncio
import weakref
from typing import Any

import pytest

from agent.providers.connection import MOST_OF_A_REFUSAL
from agent.providers.transport import Transport
from tests.agent.loops import anyio_backend, no_proxies, opened
from tests.agent.scripted import (
    CHUNKED,
    HEAD,
    HELLO,
    Open,
    Script,
    Scripted,
    ask,
    bytewise,
    chunked,
)

__all__ = ["anyio_backend", "no_proxies", "opened"]
pytestmark = pytest.mark.anyio


async def test_the_request_is_what_http_wants(opened: Open) -> None:
    with Scripted(Script([HELLO])) as server:
        reply, heard = await ask(opened(f"{server.url}/chat?x=1"), b'{"a": "\xc3\xa9"}')

    assert (reply.status, heard) == (200, b"hello")
    (request,) = server.requests
    assert (request.path, request.body) == ("/v1/chat?x=1", b'{"a": "\xc3\xa9"}')
    assert request.headers == {
        "host": f"127.0.0.1:{server.port}",
        "user-agent": "Footnote",
        "accept": "*/*",
        "accept-encoding": "identity",
        "content-type": "application/json",
        "authorization": "Bearer sk",
        "content-length": "11",
    }


@pytest.mark.parametrize(
    ("said", "then"),
    [
        ([HELLO], "wait"),
        (bytewise(HELLO), "wait"),
        ([CHUNKED + chunked(b"he", b"l", b"lo")], "wait"),
        (bytewise(CHUNKED + chunked(b"he", b"l", b"lo")), "wait"),
        ([CHUNKED + b"05;x=y\r\nhello\r\n0\r\ntrailer: 1\r\n\r\n"], "wait"),
        ([HEAD + b"\r\n", b"hel", b"lo"], "close"),
        ([b"HTTP/1.0 200 OK\r\n\r\nhello"], "half-close"),
        ([b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + HELLO], "wait"),
        ([b"HTTP/1.1 100 Continue\r\n\r\n", HELLO], "wait"),
    ],
)
async def test_a_body_is_heard_however_it_is_framed(
    opened: Open, said: list[bytes], then: str
) -> None:
    with Scripted(Script(said, then)) as server:
        reply, heard = await ask(opened(server.url))

    assert (reply.status, heard) == (200, b"hello")


@pytest.mark.parametrize(
    ("said", "then"),
    [
        ([], "close"),
        ([HEAD], "close"),
        ([], "reset"),
        ([HEAD + b"content-length: 9\r\n\r\nhello"], "close"),
        ([HEAD + b"content-length: 9\r\n\r\nhello"], "half-close"),
        ([CHUNKED + b"5\r\nhel"], "close"),
        ([CHUNKED + b"5\r\nhello\r\n"], "half-close"),
        ([CHUNKED + b"5\r\nhello\r\n"], "reset"),
        ([CHUNKED + b"hello"], "wait"),
        ([b"SSH-2.0-OpenSSH_9.2\r\n"], "wait"),
        ([HEAD + b"x: %b\r\n" % (b"y" * 70_000)], "wait"),
        ([HEAD, *[b"x: y\r\n" * 3000] * 5], "wait"),
        ([b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nhello"], "wait"),
    ],
)
async def test_what_is_cut_or_no_http_is_a_broken_connection(
    opened: Open, said: list[bytes], then: str
) -> None:
    """At once, and not when somebody loses patience; it is not asked anything else."""
    with Scripted(Script(said, then), Script([HELLO])) as server:
        transport = opened(server.url)
        with pytest.raises(ConnectionError):
            async with asyncio.timeout(1):
                await ask(transport)
        _, heard = await ask(transport)

    assert (heard, server.connections) == (b"hello", 2)


async def test_each_read_is_heard_when_it_comes(opened: Open) -> None:
    """The chunks of one read together."""
    reads: list[bytes] = []
    said = [CHUNKED, b"2\r\nab\r\n1\r\nc\r\n", b"1\r\nd\r\n", b"0\r\n\r\n"]
    with Scripted(Script(said)) as server:
        await opened(server.url).post(bytes, reads.append, seconds=2)

    assert reads == [b"abc", b"d"]


async def test_one_connection_serves_one_question_after_another(opened: Open) -> None:
    with Scripted(Script([HELLO])) as server:
        transport = opened(server.url)
        heard = [(await ask(transport))[1] for _ in range(3)]

    assert (heard, server.connections) == ([b"hello"] * 3, 1)


async def test_questions_at_once_have_a_connection_each(opened: Open) -> None:
    with Scripted(Script(bytewise(HELLO))) as server:
        transport = opened(server.url)
        await asyncio.gather(*[ask(transport) for _ in range(5)])
        await ask(transport)

    assert server.connections == 5


@pytest.mark.parametrize(
    ("said", "then"),
    [
        ([HEAD + b"connection: close\r\ncontent-length: 5\r\n\r\nhello"], "wait"),
        ([b"HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello"], "wait"),
        ([HELLO], "half-close"),
        ([HELLO], "close"),
        ([HELLO, b"HTTP/1.1 200 OK\r\n\r\nunasked"], "wait"),
    ],
)
async def test_a_connection_that_ends_is_not_used_again(
    opened: Open, said: list[bytes], then: str
) -> None:
    with Scripted(Script(said, then), Script([HELLO])) as server:
        transport = opened(server.url)
        first = (await ask(transport))[1]
        await asyncio.sleep(0.03)
        second = (await ask(transport))[1]

    assert (first, second, server.connections) == (b"hello", b"hello", 2)


async def test_a_question_that_meets_a_closing_connection_is_asked_again(opened: Open) -> None:
    """The server had it closed before the question came: nobody has read it."""
    with Scripted(Script([HELLO]), Script([], "close"), Script([HELLO])) as server:
        transport = opened(server.url)
        heard = [(await ask(transport))[1] for _ in range(2)]

    assert (heard, server.connections) == ([b"hello"] * 2, 2)


async def test_a_question_that_has_been_answered_in_part_is_not_asked_again(opened: Open) -> None:
    half = CHUNKED + b"5\r\nhello\r\n"
    with Scripted(Script([HELLO]), Script([half], "reset"), Script([HELLO])) as server:
        transport = opened(server.url)
        await ask(transport)
        with pytest.raises(ConnectionError):
            await ask(transport)

    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [204, 301, 307, 401, 500])
async def test_a_reply_is_told_and_followed_nowhere(opened: Open, status: int) -> None:
    head = b"HTTP/1.1 %d X\r\nlocation: http://127.0.0.1:1/\r\n" % status
    said = head + (b"\r\n" if status == 204 else b"content-length: 2\r\n\r\nno")
    with Scripted(Script([said])) as server:
        reply, heard = await ask(opened(server.url))

    kept = b"" if status == 204 else b"no"
    assert (reply.status, bytes(reply.said), heard) == (status, kept, b"")
    assert len(server.requests) == 1


async def test_of_a_long_refusal_the_beginning_is_kept(opened: Open) -> None:
    body = b"x" * 3_000_000
    said = b"HTTP/1.1 500 X\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    with Scripted(Script([said])) as server:
        reply, _ = await ask(opened(server.url))

    assert MOST_OF_A_REFUSAL <= len(reply.said) < len(body)


async def test_cancelling_hangs_up_at_once(opened: Open) -> None:
    with Scripted(Script([CHUNKED + b"5\r\nhello\r\n"])) as server:
        transport = opened(server.url)
        heard = asyncio.Event()
        post = transport.post(bytes, lambda _: heard.set(), seconds=2)
        question = asyncio.create_task(post)
        await heard.wait()
        question.cancel()
        with pytest.raises(asyncio.CancelledError):
            await question
        lost = list(transport._open)
        _, open_still = await asyncio.wait(lost, timeout=0.1)

    assert not open_still


async def test_what_listens_and_fails_fails_the_question(opened: Open) -> None:
    """What is heard goes through code of ours: a bug in it must not leave a reader waiting."""
    loop, told = asyncio.get_running_loop(), list[dict[str, Any]]()
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: told.append(context))

    def fail(_: bytes) -> None:
        raise LookupError

    try:
        with Scripted(Script([HELLO])) as server, pytest.raises(LookupError):
            await opened(server.url).post(bytes, fail, seconds=2)
    finally:
        loop.set_exception_handler(before)
    assert len(told) == 1


async def test_of_several_addresses_one_that_answers_is_enough(opened: Open) -> None:
    """``localhost`` is ::1, too, where nobody listens."""
    with Scripted(Script([HELLO])) as server:
        _, heard = await ask(opened(f"http://localhost:{server.port}/"))

    assert heard == b"hello"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://nowhere.invalid/"])
async def test_a_server_that_is_not_there_is_an_os_error(opened: Open, url: str) -> None:
    with pytest.raises(OSError, match=r".*"):
        await ask(opened(url))


@pytest.mark.parametrize(
    "url",
    ["", "ftp://127.0.0.1/", "http://", "http://[", "http://x:0/", "http://x/a b"],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Transport(url, {})


@pytest.mark.parametrize("key", ["sk\nx: y", "sk…", "sk\0"])
def test_what_fits_no_header_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Transport("http://127.0.0.1/", {"authorization": key})


async def test_a_connection_that_waits_keeps_nothing_of_the_last_reply(opened: Open) -> None:
    """Whoever hears it keeps all of an answer."""

    class Heard:
        def __call__(self, data: bytes) -> None:
            pass

    with Scripted(Script([HELLO])) as server:
        transport, heard = opened(server.url), Heard()
        await transport.post(bytes, heard, seconds=2)
        kept = weakref.ref(heard)
        del heard

    assert kept() is None


async def test_connections_that_nobody_needs_are_closed(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a rush one serves a trickle of questions, and the others go."""
    monkeypatch.setattr("agent.providers.transport.IDLE_SECONDS", 0.05)
    with Scripted(Script(bytewise(HELLO))) as server:
        transport = opened(server.url)
        await asyncio.gather(*[ask(transport) for _ in range(5)])
        rushed = list(transport._open)
        for _ in range(5):
            await asyncio.sleep(0.02)
            await ask(transport)
        _, kept = await asyncio.wait(rushed, timeout=0.1)

    assert (len(rushed), len(kept)) == (5, 1)
