"""An answer's events as OpenAI's chat completions, whole or in chunks: one encoder, nothing else.

https://platform.openai.com/docs/api-reference/chat
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from agent.events import Delta, Done, Event
from agent.markers import CodeTracker
from answer import Answer
from contract import converter
from models import Citation
from problems import Problem
from sse import encode

MODEL = "footnote"
KEEPALIVE = b": keep-alive\n\n"
END = b"data: [DONE]\n\n"
MARKER = re.compile(r"\[(\d{1,3})\]")
Json = dict[str, Any]


def completion(answer: Answer, done: Done) -> Json:
    """The whole answer."""
    message = {"role": "assistant", "content": answer.text, "refusal": None}
    choice = {"index": 0, "finish_reason": "stop", "logprobs": None}
    noted = {"annotations": annotations(answer.text, done.citations)}
    return _named(answer, "chat.completion") | {
        "choices": [choice | {"message": message | noted}],
        "usage": converter().unstructure(done.usage),
        "citations": converter().unstructure(done.citations),
    }


class CompletionEncoder:
    """The chunks."""

    keepalive = KEEPALIVE

    def __init__(self, answer: Answer, *, includes_usage: bool) -> None:
        self.answer, self.includes_usage = answer, includes_usage
        self.chunk = _named(answer, "chat.completion.chunk")

    def opening(self) -> bytes:
        return encode(self._chunk({"role": "assistant", "content": ""}))

    def encode(self, batch: Sequence[Event]) -> bytes:
        return b"".join(map(encode, self._chunks(batch)))

    def ending(self, problem: Problem | None) -> bytes:
        return (encode(_error(problem)) if problem else b"") + END

    def _chunks(self, batch: Sequence[Event]) -> Iterator[Json]:
        if content := "".join(event.text for event in batch if isinstance(event, Delta)):
            yield self._chunk({"content": content})
        last = batch[-1]
        if not isinstance(last, Done):
            return
        noted = annotations(self.answer.text, last.citations)
        delta = {"annotations": noted} if noted else {}
        cited = {"citations": converter().unstructure(last.citations)}
        yield self._chunk(delta, finish_reason="stop") | cited
        if self.includes_usage:
            usage = {"choices": [], "usage": converter().unstructure(last.usage)}
            yield self.chunk | usage

    def _chunk(self, delta: Json, finish_reason: str | None = None) -> Json:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
        return self.chunk | {"choices": [choice]}


def annotations(text: str, citations: Collection[Citation]) -> list[Json]:
    """Each marker of a page with an address, by its place in *text* in characters."""
    linked = {citation.index: citation for citation in citations if citation.url}
    code = CodeTracker()
    in_code = [code.step(character) for character in text]
    marks = (mark for mark in MARKER.finditer(text) if not in_code[mark.start()])
    return [_url_citation(linked[int(mark[1])], mark) for mark in marks if int(mark[1]) in linked]


def _url_citation(citation: Citation, mark: re.Match[str]) -> Json:
    place = {"start_index": mark.start(), "end_index": mark.end()}
    page = {"url": citation.url, "title": citation.title}
    return {"type": "url_citation", "url_citation": place | page}


def _named(answer: Answer, kind: str) -> Json:
    return {
        "id": f"chatcmpl-{answer.message_id}",
        "object": kind,
        "created": int(answer.asked_at.timestamp()),
        "model": MODEL,
    }


def _error(problem: Problem) -> Json:
    return {"error": {"message": problem.sentence, "type": "error", "code": problem.code()}}
