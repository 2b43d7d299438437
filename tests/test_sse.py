"""Frames and the response that relays them."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any, Self

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from sse import LINE, EventSourceResponse, Pushing, encode

pytestmark = pytest.mark.anyio

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
SCOPE = {"type": "http", "method": "GET", "path": "/"}


@given(JSON)
def test_a_frame_carries_its_payload_on_one_line(payload: Any) -> None:
    """Whatever is in it, line separators of any script included."""
    frame = encode(payload)

    assert frame.startswith(b"data: ")
    assert frame.endswith(b"\n\n")
    assert frame.count(b"\n") == 2
    assert b"\r" not in frame
    assert orjson.loads(frame[6:]) == payload


def test_an_event_id_is_a_line_before_the_data() -> None:
    """For clients that resume."""
    assert encode({}, 7) == b"id: 7\ndata: {}\n\n"


class Reader:
    """An ASGI client: collects what is sent, and leaves when told to."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.left = asyncio.Event()

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(m.get("body", b"") for m in self.messages)


def response(frames: AsyncGenerator[bytes, None], every: float = 15) -> EventSourceResponse:
    return EventSourceResponse(frames, opening=b"first|", keepalive=b"alive|", every=every)


async def test_frames_are_relayed_after_the_opening() -> None:
    """In order, each in its own message, and the body is closed."""

    async def frames() -> AsyncGenerator[bytes, None]:
        yield b"a|"
        yield b"b|"

    reader = Reader()
    await response(frames())(SCOPE, reader.receive, reader.send)

    assert reader.body == b"first|a|b|"
    assert reader.messages[0]["status"] == 200
    assert reader.messages[-1]["more_body"] is False


async def test_the_opening_leaves_before_the_first_frame_is_asked_for() -> None:
    """The reader knows at once that the question arrived."""
    reader = Reader()
    seen: list[bytes] = []

    async def frames() -> AsyncGenerator[bytes, None]:
        seen.append(reader.body)
        yield b""

    await response(frames())(SCOPE, reader.receive, reader.send)

    assert seen == [b"first|"]


async def test_silence_is_broken_by_keepalives() -> None:
    """And by nothing after the last frame."""

    async def frames() -> AsyncGenerator[bytes, None]:
        await asyncio.sleep(0.05)
        yield b"a|"

    reader = Reader()
    await response(frames(), every=0.01)(SCOPE, reader.receive, reader.send)

    assert reader.body.startswith(b"first|alive|")
    assert reader.body.endswith(b"alive|a|")


async def test_a_reader_who_stalls_on_the_last_frame_gets_nothing_behind_it() -> None:
    """A keep-alive after the final frame would be shown as part of the answer."""
    reader = Reader()

    async def slow_send(message: Message) -> None:
        await reader.send(message)
        if message.get("body") == b"last|":
            await asyncio.sleep(0.05)

    async def frames() -> AsyncGenerator[bytes, None]:
        yield b"last|"

    await response(frames(), every=0.01)(SCOPE, reader.receive, slow_send)

    assert reader.body == b"first|last|"


async def test_the_end_is_quiet_where_the_server_tells_it_at_once() -> None:
    """As soon as the last frame is sent, uvicorn says that the reader has left: no error."""
    reader, complaints = Reader(), list[dict[str, Any]]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))

    async def last_send(message: Message) -> None:
        await reader.send(message)
        if not message.get("more_body", True):
            reader.left.set()

    async def frames() -> AsyncGenerator[bytes, None]:
        yield b"a|"

    await response(frames())(SCOPE, reader.receive, last_send)
    await asyncio.sleep(0)  # callbacks of what has just ended

    assert complaints == []


@pytest.mark.parametrize("first", [True, False])
async def test_frames_are_closed_when_the_reader_leaves(first: bool) -> None:  # noqa: FBT001
    """Before and after the first one; the source can then stop what costs money."""
    reader = Reader()
    closed = False

    async def frames() -> AsyncGenerator[bytes, None]:
        nonlocal closed
        try:
            if first:
                yield b"a|"
            reader.left.set()
            await asyncio.sleep(60)
            yield b"never"
        finally:
            closed = True

    await response(frames())(SCOPE, reader.receive, reader.send)

    assert closed
    assert reader.messages[-1].get("more_body") is True


async def test_a_broken_source_breaks_the_response() -> None:
    """The connection is cut, so the client sees that the stream is not whole."""

    async def frames() -> AsyncGenerator[bytes, None]:
        yield b"a|"
        raise ZeroDivisionError

    reader = Reader()
    with pytest.raises(ZeroDivisionError):
        await response(frames())(SCOPE, reader.receive, reader.send)

    assert reader.messages[-1].get("more_body") is True


async def test_a_timeout_inside_the_source_works() -> None:
    """One task drains the source, so it may hold ``asyncio.timeout`` across its yields."""

    async def frames() -> AsyncGenerator[bytes, None]:
        try:
            async with asyncio.timeout(0.02):
                while True:
                    await asyncio.sleep(0.005)
                    yield b"x|"
        except TimeoutError:
            yield b"late|"

    reader = Reader()
    await response(frames())(SCOPE, reader.receive, reader.send)

    assert reader.body.endswith(b"x|late|")


async def test_a_reader_who_does_not_read_is_left_in_time() -> None:
    """A frame that nobody takes ends the response, and with it what it follows."""
    closed = asyncio.Event()

    async def frames() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"a|"
        finally:
            closed.set()

    reader = Reader()

    async def stuck(message: Message) -> None:
        await reader.send(message)
        if message.get("body") == b"a|":
            await reader.left.wait()

    patient = EventSourceResponse(
        frames(), opening=b"first|", keepalive=b"alive|", every=0.01, patience=0.05
    )
    async with asyncio.timeout(1):
        await patient(SCOPE, reader.receive, stuck)

    assert closed.is_set()
    assert reader.body == b"first|a|"


class Line:
    """A connection that takes what it is written as long as *takes*."""

    def __init__(self, reader: Reader) -> None:
        self.reader, self.takes, self.written = reader, True, b""
        self.on_lost: Callable[[], None] | None = None

    def write_chunk(self, chunk: bytes) -> bool:
        if self.takes:
            self.reader.messages.append({"type": "http.response.body", "body": chunk})
            self.written += chunk
        return self.takes


class Pushed(Pushing):
    """Frames that come when the test says so."""

    def __init__(self) -> None:
        self.waiting: asyncio.Queue[bytes] = asyncio.Queue()
        self.is_closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if frame := await self.waiting.get():
            return frame
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.is_closed = True

    def say(self, frame: bytes) -> None:
        assert self.write
        if not self.write(frame):
            self.waiting.put_nowait(frame)


async def turns() -> None:
    """Of the event loop: enough for everything that can happen by itself."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
async def pushed() -> AsyncGenerator[tuple[Pushed, Line, Reader, asyncio.Task[None]], None]:
    """A response that has begun, at a server that lets us at its connections."""
    frames, reader = Pushed(), Reader()
    line = Line(reader)
    scope = SCOPE | {"extensions": {LINE: line}}
    response = EventSourceResponse(frames, opening=b"first|", keepalive=b"alive|")
    begun = asyncio.create_task(response(scope, reader.receive, reader.send))
    await turns()
    yield frames, line, reader, begun
    begun.cancel()
    await asyncio.gather(begun, return_exceptions=True)


Begun = tuple[Pushed, Line, Reader, asyncio.Task[None]]


async def test_pushed_frames_go_to_the_connection_and_others_are_sent(pushed: Begun) -> None:
    """What it refuses and what comes at the end, in order; afterwards nobody listens to it."""
    frames, line, reader, begun = pushed
    frames.say(b"a|")
    line.takes = False
    frames.say(b"b|")
    await turns()
    line.takes = True
    frames.say(b"c|")
    frames.waiting.put_nowait(b"")
    await begun

    assert (reader.body, line.written) == (b"first|a|b|c|", b"a|c|")
    assert reader.messages[-1]["more_body"] is False
    assert (frames.is_closed, line.on_lost) == (True, None)


async def test_the_connection_says_that_the_reader_has_gone(pushed: Begun) -> None:
    """Nobody asks the server for it."""
    frames, line, _, begun = pushed
    assert line.on_lost
    line.on_lost()
    await begun

    assert frames.is_closed
    assert line.on_lost is None
