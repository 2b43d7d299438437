"""An answer's events as the frames of our own stream: one encoder, nothing else.

The ``id`` of a frame is the number of the answer's characters up to its end, and one more for the
final frame. So a reader can go on anywhere, whoever cut the text into frames, and from the database
as well as from a running answer.
"""

from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from typing import Any

from agent.events import Delta, Done, Event
from answer import Answer
from contract import converter
from models import Citation, Stored, StoredAnswer, Usage
from problems import AnswerInterrupted, AnswerStopped, Problem
from sse import encode

KEEPALIVE = encode({"content": "", "status": "partial"})
Payload = dict[str, Any]


class ChatEncoder:
    """What follows the first *after* characters: a frame for the deltas of a batch, a final one."""

    keepalive = KEEPALIVE

    def __init__(
        self,
        answer: Answer,
        *,
        after: int = 0,
        numbered: bool = False,
        lists_sources: bool = False,
    ) -> None:
        self.answer, self.after, self.numbered = answer, after, numbered
        self.lists_sources = lists_sources
        self.end = 0

    def opening(self) -> bytes:
        return opening(self.answer, after=self.after, numbered=self.numbered)

    def encode(self, batch: Sequence[Event]) -> bytes:
        stored, lists_sources = self.answer.stored, self.lists_sources
        return self._frames(payloads_of(batch, stored, lists_sources=lists_sources))

    def ending(self, problem: Problem | None) -> bytes:
        return self._frames([failed(problem, self.answer.stored)] if problem else [])

    def _frames(self, payloads: Iterable[Payload]) -> bytes:
        said = b""
        for payload in payloads:
            self.end += len(payload["content"]) if payload["status"] == "partial" else 1
            rest = _rest(payload, self.after, self.end) if self.after else payload
            if rest:
                said += encode(rest, self.end if self.numbered else None)
        return said


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
    batch: Sequence[Event], stored: Stored | None, *, lists_sources: bool
) -> Iterator[Payload]:
    """The frames of one batch of events: its deltas in one, the final one of a whole answer."""
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
