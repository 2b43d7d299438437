"""The next protocol: AG-UI, as far as text goes. The whole of it, to show what one costs."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

import wire
from agent.events import Delta, Event
from answer import Answer
from asking import Asking, ask
from problems import Problem
from sse import encode
from state import State


class AgUiEncoder:
    keepalive = b": keep-alive\n\n"

    def __init__(self, answer: Answer, *, thread_id: str, run_id: str) -> None:
        self.run = {"threadId": thread_id, "runId": run_id}
        self.message = {"messageId": str(answer.message_id)}

    def opening(self) -> bytes:
        start = {"type": "TEXT_MESSAGE_START", "role": "assistant"} | self.message
        return encode({"type": "RUN_STARTED"} | self.run) + encode(start)

    def encode(self, batch: Sequence[Event]) -> bytes:
        delta = "".join(event.text for event in batch if isinstance(event, Delta))
        said = {"type": "TEXT_MESSAGE_CONTENT", "delta": delta} | self.message
        return encode(said) if delta else b""

    def ending(self, problem: Problem | None) -> bytes:
        failed = problem and {"type": "RUN_ERROR", "message": problem.sentence}
        end = encode({"type": "TEXT_MESSAGE_END"} | self.message)
        return end + encode(failed or {"type": "RUN_FINISHED"} | self.run)


async def run_agent(request: Request[State]) -> Response:
    asked = await request.json()
    answer = await ask(request, None, Asking(text=asked["messages"][-1]["content"]))
    encoder = AgUiEncoder(answer, thread_id=asked["threadId"], run_id=asked["runId"])
    return wire.stream(answer, encoder, is_left_for_good=True)
