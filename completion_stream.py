"""An answer's events as OpenAI's chat completions, whole or in chunks: one encoder, nothing else.

https://platform.openai.com/docs/api-reference/chat
"""

import re
from collections.abc import AsyncGenerator, Collection, Iterator, Sequence
from contextlib import aclosing
from typing import Any

from agent.citations import CodeTracker
from agent.events import Delta, Done, Event, Failed
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


def opening(answer: Answer) -> bytes:
    return encode(_chunk(answer, {"role": "assistant", "content": ""}))


async def frames(answer: Answer, *, includes_usage: bool) -> AsyncGenerator[bytes, None]:
    """The chunks. Who closes this before its end does not come back: the answer is stopped."""
    try:
        async with aclosing(answer.follow()) as batches:
            async for batch in batches:
                chunks = _chunks(answer, batch, includes_usage=includes_usage)
                if said := b"".join(map(encode, chunks)):
                    yield said
        if answer.stopped_by:
            yield encode(_error(answer.stopped_by))
        yield END
    finally:
        answer.stop()


def _chunks(answer: Answer, batch: Sequence[Event], *, includes_usage: bool) -> Iterator[Json]:
    if content := "".join(event.text for event in batch if isinstance(event, Delta)):
        yield _chunk(answer, {"content": content})
    last = batch[-1]
    if isinstance(last, Failed):
        yield _error(last.problem)
    elif isinstance(last, Done):
        noted = annotations(answer.text, last.citations)
        delta = {"annotations": noted} if noted else {}
        cited = {"citations": converter().unstructure(last.citations)}
        yield _chunk(answer, delta, finish_reason="stop") | cited
        if includes_usage:
            usage = {"choices": [], "usage": converter().unstructure(last.usage)}
            yield _named(answer, "chat.completion.chunk") | usage


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


def _chunk(answer: Answer, delta: Json, finish_reason: str | None = None) -> Json:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
    return _named(answer, "chat.completion.chunk") | {"choices": [choice]}


def _named(answer: Answer, kind: str) -> Json:
    return {
        "id": f"chatcmpl-{answer.message_id}",
        "object": kind,
        "created": int(answer.asked_at.timestamp()),
        "model": MODEL,
    }


def _error(problem: Problem) -> Json:
    return {"error": {"message": problem.sentence, "type": "error", "code": problem.code()}}
