"""Clients that send slowly, too much or nonsense, or do not read: none holds up another."""

import asyncio
import gc
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from connections import Connection
from settings import Settings
from tests.fake_model import FakeModel
from tests.guests import QUESTION
from tests.live import Live, Serve, message, until

MOST_SHARED = 30  # attributes of an object whose class keeps their names (CPython)
HEAD = b"POST /api/v1/chat HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@contextmanager
def connection(live: Live, sent: bytes = b"") -> Iterator[socket.socket]:
    host, port = live.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as client:
        client.sendall(sent)
        yield client


def received(client: socket.socket) -> bytes:
    """All until the server closes."""
    got = b""
    while piece := client.recv(65536):
        got += piece
    return got


def problem(got: bytes) -> tuple[int, str]:
    head, _, body = got.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    told = json.loads(body)
    assert told.keys() >= {"type", "title", "status", "instance", "error", "message"}
    return int(head.split()[1]), told["error"]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits, fifty times as short."""
    monkeypatch.setattr("connections.HEAD_SECONDS", 0.2)
    monkeypatch.setattr("contract.reading.BODY_SECONDS", 0.2)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("sent", [b"", b"GET /", HEAD], ids=["nothing", "half a line", "half"])
def test_a_head_that_does_not_come_ends_the_connection(live: Live, sent: bytes) -> None:
    """Although a byte drips now and then."""
    started = time.monotonic()
    with connection(live, sent) as client:
        while time.monotonic() - started < 0.15:
            client.sendall(sent[:1])
            time.sleep(0.05)
        assert received(client) == b""

    assert time.monotonic() - started < 1


@pytest.mark.usefixtures("hasty")
def test_a_body_that_does_not_come_is_a_problem(live: Live) -> None:
    """Which says so, and ends the connection."""
    with connection(live, HEAD + b"Content-Length: 100\r\n\r\n{") as client:
        assert problem(received(client)) == (408, "request_timeout")


@pytest.mark.usefixtures("hasty")
def test_a_kept_connection_has_as_long_for_its_next_head(live: Live) -> None:
    """And stays open in between."""
    ask = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    with connection(live, ask) as client:
        assert client.recv(65536).startswith(b"HTTP/1.1 200")
        time.sleep(0.3)
        client.sendall(ask)
        assert client.recv(65536).startswith(b"HTTP/1.1 200")
        client.sendall(ask[:10])
        assert received(client) == b""


@pytest.mark.parametrize("whole", [True, False])
def test_a_head_without_measure_is_refused(live: Live, *, whole: bool) -> None:
    """In one header or in many, ended or not; the rest is not read."""
    for header in (b"X-A: %b\r\n" % (b"a" * 70_000), b"X-A: aaaaaaaaaaaaaaa\r\n" * 4_000):
        with connection(live) as client:
            client.sendall(HEAD + header + (b"\r\n" if whole else b""))
            assert problem(received(client)) == (431, "headers_too_large")


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        HEAD + b"X: a\0b\r\n\r\n",
    ],
)
def test_what_is_no_http_is_a_problem(live: Live, sent: bytes) -> None:
    with connection(live, sent) as client:
        status, error = problem(received(client))

    assert (status, error) == (400, "malformed_request")


def test_a_client_that_leaves_with_half_a_body_is_no_failure_of_ours(
    live: Live, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has it as left, without a traceback."""
    with connection(live, HEAD + b"Content-Length: 100\r\n\r\n{"):
        time.sleep(0.05)
    for _ in range(100):
        lines = [vars(r) for r in caplog.records if r.message == "request"]
        if any(line["operation"] == "send_chat" for line in lines):
            break
        time.sleep(0.02)

    assert [line["status"] for line in lines if line["operation"] == "send_chat"] == [499]
    assert not [record for record in caplog.records if record.exc_info]


def test_a_reader_who_does_not_read_is_left(
    serve: Serve, with_model: Settings, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its model is left, its socket closed; others are served meanwhile."""
    monkeypatch.setattr("sse.EventSourceResponse.__init__.__kwdefaults__", _patient(0.3))
    monkeypatch.setattr("connections.DRAIN_SECONDS", 0.5)
    model.say(pieces=["x" * 100_000] * 300, gap=0.001)
    live = serve(with_model)
    with connection(live) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(asked_for_a_stream())
        model.wait_for_request()
        assert model.wait_for_disconnect(timeout=10)
        assert live.client.get("/health/live").elapsed.total_seconds() < 1


def asked_for_a_stream() -> bytes:
    body = json.dumps(message(QUESTION)).encode()
    ask = HEAD.replace(b"/chat ", b"/chat/stream ")
    return ask + b"Content-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body)


def test_a_reader_who_is_slower_than_the_model_misses_nothing(
    serve: Serve, with_model: Settings, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some frames go to the connection at once, others have to wait for it; all come, in order."""
    was_written: list[bool] = []
    write_chunk, connection_made = Connection.write_chunk, Connection.connection_made

    def narrow(self: Connection, transport: asyncio.Transport) -> None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        connection_made(self, transport)

    def witnessed(self: Connection, chunk: bytes) -> bool:
        was_written.append(write_chunk(self, chunk))
        return was_written[-1]

    monkeypatch.setattr(Connection, "connection_made", narrow)
    monkeypatch.setattr(Connection, "write_chunk", witnessed)
    model.say(pieces=[f"{number:06} " for number in range(25_000)])
    live = serve(with_model)
    with connection(live) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32_768)
        client.sendall(asked_for_a_stream())
        until(lambda: False in was_written)
        told = frames(received(client))

    said = "".join(frame["content"] for frame in told).split()
    assert said == [f"{number:06}" for number in range(25_000)]
    assert told[-1]["status"] == "success"
    assert set(was_written) == {True, False}


def test_who_leaves_after_a_long_question_is_noticed(
    serve: Serve, with_model: Settings, model: FakeModel
) -> None:
    """Its body stopped the reading of the connection, which tells of a reader's leaving."""
    model.say(pieces=["One blast."], gap=60)
    live = serve(with_model)
    asked = {"model": "book", "stream": True, "messages": [{"role": "user", "content": QUESTION}]}
    body = json.dumps(asked).encode() + b" " * 100_000
    head = HEAD.replace(b"/api/v1/chat ", b"/v1/chat/completions ")
    with connection(live, head + b"Content-Length: %d\r\n\r\n" % len(body)) as client:
        time.sleep(0.05)  # the body comes by itself
        client.sendall(body)
        model.wait_for_request()

    assert model.wait_for_disconnect(timeout=2)


def test_asking_for_the_head_of_a_stream_brings_no_frame(
    serve: Serve, with_model: Settings, model: FakeModel
) -> None:
    """What follows on the connection would be read out of step."""
    model.say(pieces=["One ", "blast ", "of ", "five ", "seconds."], gap=0.1)
    live = serve(with_model)
    with live.client.stream("POST", "/api/v1/chat/stream", json=message(QUESTION)) as stream:
        message_id = json.loads(next(stream.iter_lines())[6:])["message_id"]
        ask = b"HEAD /api/v1/chat/stream/%b HTTP/1.1\r\nHost: x\r\n" % message_id.encode()
        with connection(live, ask + b"Connection: close\r\n\r\n") as client:
            head, _, rest = received(client).partition(b"\r\n\r\n")

    assert (head.split()[1], rest) == (b"200", b"")


def test_of_a_connection_that_has_ended_nothing_is_left(
    serve: Serve, with_model: Settings, model: FakeModel
) -> None:
    """Nothing waits for the garbage collector. While it is open it needs no large dictionary."""
    model.say()
    live = serve(with_model)
    gc.collect()
    gc.disable()
    try:
        with connection(live) as client:
            until(lambda: len(connections(live)) == 1)
            attributes = len(vars(connections(live)[0]))
            client.sendall(asked_for_a_stream())
            assert frames(received(client))[-1]["status"] == "success"
        until(lambda: not connections(live))
    finally:
        gc.enable()

    assert attributes <= MOST_SHARED


def frames(response: bytes) -> list[dict[str, Any]]:
    """Those of a stream in chunks."""
    body, rest = b"", response.partition(b"\r\n\r\n")[2]
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return [json.loads(line[6:]) for line in body.splitlines() if line.startswith(b"data: ")]


def connections(live: Live) -> list[Connection]:
    """Those of this service: others of the process may keep some open."""
    known = [it for it in gc.get_objects() if type(it) is Connection]
    return [it for it in known if it.server and live.url.endswith(f":{it.server[1]}")]


def _patient(seconds: float) -> dict[str, float]:
    return {"every": 15.0, "patience": seconds}


def test_five_hundred_slow_clients_hold_up_nobody(live: Live) -> None:
    """Silent ones, half heads and half bodies; the service answers a whole request meanwhile."""

    async def crowd() -> float:
        host, port = live.url.removeprefix("http://").split(":")
        opened = await asyncio.gather(
            *(asyncio.open_connection(host, int(port)) for _ in range(500))
        )
        halves = [b"", HEAD, HEAD + b"Content-Length: 100\r\n\r\n{"]
        for number, (_, writer) in enumerate(opened):
            writer.write(halves[number % 3])
        started = time.monotonic()
        answered = await asyncio.to_thread(live.ask, QUESTION)
        took = time.monotonic() - started
        assert answered.status_code == 200
        for _, writer in opened:
            writer.transport.abort()
        return took

    assert asyncio.run(crowd()) < 5


@pytest.mark.parametrize("offer", ["h2c", "websocket", "TLS/1.3, h2c"])
@pytest.mark.parametrize("pieces", [1, 2], ids=["at once", "body later"])
def test_a_client_that_offers_another_protocol_is_answered_in_this_one(
    live: Live, offer: str, pieces: int
) -> None:
    """With its body: Java's own client and `curl --http2` offer HTTP/2 with each request."""
    body = json.dumps(message(QUESTION)).encode()
    head = HEAD + f"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: {offer}\r\n".encode()
    head += b"HTTP2-Settings: AAEAAEAA\r\nContent-Length: %d\r\n\r\n" % len(body)
    ended = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with connection(live, head if pieces == 2 else head + body) as client:
        if pieces == 2:
            time.sleep(0.02)
            client.sendall(body)
        client.sendall(ended)
        got = received(client)

    assert got.count(b"HTTP/1.1 200 OK") == 2
    assert b'"citations"' in got


def test_a_tunnel_is_refused(live: Live) -> None:
    """400: the parser takes it for another protocol, and there is none to go on with."""
    with connection(live, b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n\r\n") as client:
        assert problem(received(client))[0] == 400
