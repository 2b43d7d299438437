"""A language model made of plain sockets: OpenAI's wire format, every way to fail, no intelligence.

with FakeModel() as model:
    model.fail(429, retry_after=1)  # the first chat request gets this
    model.say("The book says so [1].")  # the second, and all that follow
    ...  # point a client at model.url
    assert model.requests[0].json["model"] == "gpt"

Replies are used in the order in which they were scripted; the last one goes on. The server runs in
a thread of its own, for clients of any kind, in this process or in another.
"""

import base64
import json
import math
import random
import re
import struct
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from attrs import field, frozen

from tests.raw_http import Connection, Request, Server

Behaviour = Literal[
    "answer",
    "silent",  # takes the question and never answers
    "reset",  # resets the connection instead of answering
    "slow",  # answers, but the first text takes 0.3 s
    "stall",  # sends half of the pieces, then nothing more
    "cut",  # … then resets the connection in the middle of a chunk
    "eof",  # … then ends cleanly, without a finish reason
    "error",  # … then an error object
    "garbage",  # … then what is no JSON
    "linger",  # sends everything but usage, [DONE] and the end of the response
]
TEXT = "The answer is forty-two [1]."


@frozen
class Reply:
    """What one chat request gets."""

    pieces: Sequence[str]
    behaviour: Behaviour = "answer"
    gap: float = 0.0  # seconds before each piece
    usage: bool = True
    finish_reason: str = "stop"
    status: int = 200
    headers: Mapping[str, str] = field(factory=dict)

    @property
    def sent(self) -> Sequence[str]:
        whole = self.behaviour in {"answer", "slow", "linger"}
        return self.pieces if whole else self.pieces[: len(self.pieces) // 2]


class FakeModel(Server):
    """Scriptable and observable from any thread. With a *key*, requests with another get 401."""

    def __init__(self, *, key: str | None = None, dimensions: int = 8) -> None:
        super().__init__()
        self.key, self.dimensions = key, dimensions
        self.refused: set[str] = set()  # parameters that make a chat request a 400
        self.embedding_status = 200  # embeddings follow no script but this
        self.together = 0  # requests that must have come before a chat is answered
        self.requests: list[Request] = []
        self.disconnects: list[float] = []  # when clients left before their reply was whole
        self._replies: deque[Reply] = deque()
        self._reply = Reply(words(TEXT))
        self._asked, self._left = threading.Event(), threading.Event()

    @property
    def url(self) -> str:
        """What a client calls its base URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    def say(
        self,
        text: str = TEXT,
        *,
        pieces: Sequence[str] | None = None,
        behaviour: Behaviour = "answer",
        gap: float = 0.0,
        usage: bool = True,
        finish_reason: str = "stop",
    ) -> None:
        """Stream *text* word by word, or these *pieces*; ``gap`` seconds before each."""
        sent = words(text) if pieces is None else pieces
        self._replies.append(Reply(sent, behaviour, gap, usage, finish_reason))

    def forget(self) -> None:
        """What was scripted and nobody has asked for."""
        self._replies.clear()

    def behave(self, behaviour: Behaviour) -> None:
        self.say(behaviour=behaviour)

    def fail(self, status: int, *, retry_after: float | str | None = None) -> None:
        headers = {} if retry_after is None else {"retry-after": str(retry_after)}
        self._replies.append(Reply((), status=status, headers=headers))

    def redirect(self, url: str) -> None:
        self._replies.append(Reply((), status=307, headers={"location": url}))

    def wait_for_request(self, timeout: float = 5.0) -> Request:
        """The first request; blocks, so async tests call it in a thread."""
        assert self._asked.wait(timeout), "nobody has asked"
        return self.requests[0]

    def wait_for_disconnect(self, timeout: float = 1.0) -> float:
        """When the first client has left; blocks, so async tests call it in a thread."""
        assert self._left.wait(timeout), "no client has left"
        return self.disconnects[0]

    async def serve(self, client: Connection) -> None:
        try:
            while True:
                request = await client.receive()
                self.requests.append(request)
                self._asked.set()
                await self._respond(request, client)
        except ConnectionError:
            self.disconnects.append(time.monotonic())
            self._left.set()

    async def _respond(self, request: Request, client: Connection) -> None:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        refused = self.refused & request.json.keys()
        if self.key is not None and key != self.key:
            await _refuse(client, 401, f"Incorrect API key provided: {key}")
        elif request.path == "/v1/embeddings" and self.embedding_status != 200:
            await _refuse(client, self.embedding_status, "no embedding")
        elif request.path == "/v1/embeddings":
            await client.send(200, _embeddings(request.json, self.dimensions), {})
        elif not request.path.endswith("/v1/chat/completions"):  # a proxy is told a whole address
            await _refuse(client, 404, f"no {request.path}")
        elif refused:
            await _refuse(client, 400, f"Unsupported parameter: '{min(refused)}'")
        else:
            await self._chat(request.json, client)

    async def _chat(self, asked: Mapping[str, Any], client: Connection) -> None:
        while len(self.requests) < self.together:
            await client.pause(0.01)
        self._reply = reply = self._replies.popleft() if self._replies else self._reply
        if reply.behaviour == "silent":
            await client.pause(60)
        elif reply.behaviour == "reset":
            client.reset()
        elif reply.status != 200:
            await _refuse(client, reply.status, f"I refuse {asked}", **reply.headers)
        elif asked.get("stream"):
            await _stream(reply, client, with_usage=reply.usage and "stream_options" in asked)
        else:
            await client.send(200, _completion(reply), {})


def words(text: str) -> list[str]:
    """*text* as models stream it; joined it is the same again."""
    return re.findall(r"\s*\S+|\s+$", text)


async def _refuse(client: Connection, status: int, message: str, **headers: str) -> None:
    await client.send(status, {"error": {"message": message, "code": None}}, headers)


async def _stream(reply: Reply, client: Connection, *, with_usage: bool) -> None:
    await client.begin_events()
    await client.chunk(_event({"role": "assistant", "content": ""}))
    await client.pause(0.3 if reply.behaviour == "slow" else 0)
    for piece in reply.sent:
        await client.pause(reply.gap)
        await client.chunk(_event({"content": piece}))
    if await _misbehaves(reply.behaviour, client):
        return
    await client.chunk(_event({}, reply.finish_reason))
    await client.pause(60 if reply.behaviour == "linger" else 0)
    if with_usage:
        await client.chunk(_data(_OBJECT | {"choices": [], "usage": _usage(reply)}))
    await client.chunk(b"data: [DONE]\n\n")
    await client.chunk(b"")


async def _misbehaves(behaviour: Behaviour, client: Connection) -> bool:
    """Whether that was the end of the stream."""
    if behaviour == "stall":
        await client.pause(60)
    elif behaviour == "cut":
        await client.cut(_event({"content": "never"}))
    elif behaviour == "error":
        await client.chunk(_data({"error": {"message": "overloaded", "code": 503}}))
    elif behaviour == "garbage":
        await client.chunk(b"data: {\xff\x00]\n\n")
    elif behaviour != "eof":
        return False
    await client.chunk(b"")
    return True


_OBJECT = {"id": "chatcmpl-0", "object": "chat.completion.chunk", "created": 0, "model": "fake"}


def _event(delta: Mapping[str, str], finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return _data(_OBJECT | {"choices": [choice], "usage": None})


def _data(payload: object) -> bytes:
    return b"data: %b\n\n" % json.dumps(payload, ensure_ascii=False).encode()


def _usage(reply: Reply) -> dict[str, int]:
    """A word a token; the prompt has ten."""
    count = len(reply.pieces)
    return {"prompt_tokens": 10, "completion_tokens": count, "total_tokens": 10 + count}


def _completion(reply: Reply) -> dict[str, object]:
    message = {"role": "assistant", "content": "".join(reply.pieces)}
    choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
    return _OBJECT | {"object": "chat.completion", "choices": [choice], "usage": _usage(reply)}


def _embeddings(asked: Mapping[str, Any], dimensions: int) -> dict[str, object]:
    """Unit vectors that depend on the text alone; equal texts are equal, others far apart."""
    texts = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
    packed = asked.get("encoding_format") == "base64"
    vectors = [_vector(text, asked.get("dimensions", dimensions)) for text in texts]
    data = [
        {"object": "embedding", "index": i, "embedding": _packed(v) if packed else v}
        for i, v in enumerate(vectors)
    ]
    return {"object": "list", "model": "fake", "data": data, "usage": {"prompt_tokens": 0}}


def _packed(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _vector(text: str, dimensions: int) -> list[float]:
    dice = random.Random(text)  # noqa: S311 - repeatable on purpose
    vector = [dice.gauss() for _ in range(dimensions)]
    return [x / math.hypot(*vector) for x in vector]
