"""An answer's events as the frames of our own stream: one encoder, nothing else.

The ``id`` of a frame is the number of the answer's characters up to its end, and one more for the
final frame. So a reader can go on anywhere, whoever cut the text into frames, and from the database
as well as from a running answer.
"""

from collections.abc import AsyncGenerator, Sequence
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
        last = batch[-1]
        if len(batch) == 1 and isinstance(last, Delta):  # as most are
            return self._partial(last.text)
        content = "".join([event.text for event in batch if isinstance(event, Delta)])
        if not isinstance(last, Done):
            return self._partial(content)
        content += sources(last.citations) if self.lists_sources else ""
        return self._partial(content) + self._last(_whole(last, self.answer.stored))

    def ending(self, problem: Problem | None) -> bytes:
        return self._last(failed(problem, self.answer.stored)) if problem else b""

    def _partial(self, content: str) -> bytes:
        """A frame of what the reader does not have yet."""
        start, self.end = self.end, self.end + len(content)
        rest = content[self.after - start :] if start < self.after else content
        numbered = self.end if self.numbered else None
        return encode({"content": rest, "status": "partial"}, numbered) if rest else b""

    def _last(self, payload: Payload) -> bytes:
        return encode(payload, self.end + 1 if self.numbered else None)


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


def _whole(done: Done, stored: Stored | None) -> Payload:
    return {
        "content": "",
        "status": "success",
        "citations": converter().unstructure(done.citations),
        "usage": converter().unstructure(done.usage),
        "degraded": done.degraded,
        "refused": done.refused,
        "nearest": converter().unstructure(done.nearest),
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
