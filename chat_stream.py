"""An answer's events as the frames of our own stream: one encoder, nothing else.

The ``id`` of a frame is the number of the answer's characters up to its end, and one more for the
final frame. So a reader can go on anywhere, whoever cut the text into frames, and from the database
as well as from a running answer.
"""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any

from agent.events import Delta, Done, Event, Failed
from answer import Answer
from contract import converter
from models import Citation, Stored, StoredAnswer, Usage
from problems import AnswerInterrupted, AnswerStopped, Problem
from sse import encode

KEEPALIVE = encode({"content": "", "status": "partial"})
Payload = dict[str, Any]


async def frames(
    answer: Answer, *, after: int = 0, numbered: bool = False, lists_sources: bool = False
) -> AsyncGenerator[bytes, None]:
    """What follows the first *after* characters: a frame for the deltas of a batch, a final one."""
    end = 0
    async with aclosing(answer.follow()) as batches:
        async for batch in batches:
            said = []
            for payload in payloads_of(batch, answer.stored, lists_sources=lists_sources):
                end += len(payload["content"]) if payload["status"] == "partial" else 1
                if rest := _rest(payload, after, end):
                    said.append(encode(rest, end if numbered else None))
            if said:
                yield b"".join(said)
    if answer.stopped_by:
        payload = failed(answer.stopped_by, answer.stored)
        yield encode(payload, end + 1 if numbered else None)


async def stored_frames(
    kept: StoredAnswer, *, after: int = 0, numbered: bool = False
) -> AsyncGenerator[bytes, None]:
    """The same of an answer that only the database still has."""
    end = len(kept.response)
    if rest := kept.response[after:]:
        yield encode({"content": rest, "status": "partial"}, end if numbered else None)
    yield encode(_final(kept), end + 1 if numbered else None)


def opening(answer: Answer | StoredAnswer, *, after: int = 0, numbered: bool = False) -> bytes:
    """The first frame: whose stream this is, and where it begins."""
    conversation_id = (
        answer.asked.conversation_id if isinstance(answer, Answer) else answer.conversation_id
    )
    names = {"message_id": answer.message_id, "conversation_id": conversation_id}
    return encode({"content": "", "status": "partial"} | names, after if numbered else None)


def payloads_of(
    batch: list[Event], stored: Stored | None, *, lists_sources: bool
) -> Iterator[Payload]:
    """The frames of one batch of events: its deltas in one, then the final frame if it is there."""
    content = "".join(event.text for event in batch if isinstance(event, Delta))
    last = batch[-1]
    if lists_sources and isinstance(last, Done):
        content += sources(last.citations)
    if content:
        yield {"content": content, "status": "partial"}
    if isinstance(last, Done):
        yield {
            "content": "",
            "status": "success",
            "citations": converter().unstructure(last.citations),
            "usage": converter().unstructure(last.usage),
            "degraded": last.degraded,
            "refused": last.refused,
            "nearest": converter().unstructure(last.nearest),
            "stored": stored,
        }
    elif isinstance(last, Failed):
        yield failed(last.problem, stored)


def failed(problem: Problem, stored: Stored | None) -> Payload:
    return {
        "content": problem.sentence,
        "status": "error",
        "error": problem.code(),
        "stored": stored or "log",
    }


def sources(citations: tuple[Citation, ...]) -> str:
    """A Markdown list of the cited pages, to append to an answer; empty without citations."""
    lines = [f"{c.index}. {_link(c)}" for c in citations]
    return "\n\n**Sources**\n\n" + "\n".join(lines) if lines else ""


def _link(cited: Citation) -> str:
    name = " › ".join(cited.heading_path) or cited.title
    name = name.replace("[", "(").replace("]", ")")
    return f"[{name}]({cited.url})" if cited.url else f"{name} ({cited.page})"


def _rest(payload: Payload, after: int, end: int) -> Payload | None:
    """*payload*, which ends at *end*, without what the reader has; ``None`` when that is all."""
    if payload["status"] != "partial":
        return payload
    content = payload["content"]
    rest = content[max(0, after - (end - len(content))) :]
    return payload | {"content": rest} if rest else None


def _final(kept: StoredAnswer) -> Payload:
    if kept.status == "stopped":
        return failed(AnswerStopped(), "database")
    if kept.status == "failed":
        return failed(AnswerInterrupted(), "database")
    usage = Usage(prompt_tokens=kept.prompt_tokens, completion_tokens=kept.completion_tokens)
    return {
        "content": "",
        "status": "success",
        "citations": kept.citations,
        "usage": converter().unstructure(usage),
        "degraded": kept.degraded,
        "refused": kept.status == "refused",
        "nearest": [],
        "stored": "database",
    }
