"""What a chat/completions endpoint says, decoded: pure functions over bytes and statuses."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson
from attrs import define, field

from agent.providers import End, ProviderFailed
from models import Usage

MAX_LINE_BYTES = 1_000_000
REASONS = {
    401: "unauthorised",
    402: "no_credit",
    403: "unauthorised",
    404: "misconfigured",  # no such model, or no such path
    408: "timeout",
    429: "rate_limited",
}


@define(eq=False)
class ChunkDecoder:
    """Turns the bytes of a stream into text; fails only at :meth:`end`, after all good text.

    However the bytes are cut, the texts join to the same answer, in linear time. Framing is that
    of server-sent events (WHATWG HTML 9.2.6) with LF or CRLF; an event counts from its blank line.
    """

    finish_reason: str | None = None
    failed: ProviderFailed | None = None
    has_said: bool = False  # any text
    is_open: bool = True  # more text may come
    _usage: Usage = field(factory=Usage)
    _line: bytearray = field(factory=bytearray)  # the open one
    _event: bytearray = field(factory=bytearray)  # data of the open one

    def feed(self, data: bytes) -> str:
        """The text that one read completes, often none."""
        is_event = data[-2:] == b"\n\n" and data.find(b"\n") == len(data) - 2  # of one line
        if is_event and data[:5] == b"data:" and not (self._line or self._event):  # as usual
            text = self._text_of(data[5:])
        else:
            text = "".join(self._texts_of_read(data))
        if text:
            self.has_said = True
        return text

    def _texts_of_read(self, data: bytes) -> Iterator[str]:
        """Of the end of an event that is open, of whole events, of the beginning of another."""
        if self._line or self._event:
            ends = data.find(b"\n\n") + 2
            yield from self._texts(data[:ends] if ends > 1 else data)
            data = data[ends:] if ends > 1 else b""
        ends = data.rfind(b"\n\n") + 2
        if ends > 1:
            yield from self._texts_of_whole(data[:ends]) or self._texts(data[:ends])
            data = data[ends:]
        if data:
            yield from self._texts(data)

    def _texts_of_whole(self, data: bytes) -> list[str] | None:
        """Of events of a line each; else ``None``."""
        if self._line or self._event or data[:5] != b"data:":
            return None
        events = data[5:-2].split(b"\n\ndata:")
        if data.count(b"\n") != 2 * len(events):
            return None
        return [self._text_of(event) for event in events]

    def _texts(self, data: bytes) -> list[str]:
        """Of every event that *data* completes, wherever it begins and ends."""
        if b"\n" not in data:
            self._line += data
            lines = []
        else:
            *lines, rest = (bytes(self._line) + data if self._line else data).split(b"\n")
            self._line = bytearray(rest)
        texts = [self._text_of_open_event() for line in lines if self._ends_event(line)]
        if len(self._line) + len(self._event) > MAX_LINE_BYTES:
            self.failed, self._line = ProviderFailed(reason="malformed"), bytearray()
            self.is_open = False
        return texts

    def end(self) -> End:
        """What the model said of the whole. Raises ``ProviderFailed`` if it did not finish.

        ``[DONE]`` is no finish: proxies append it to a stream that broke.
        """
        if self.failed is None and self.finish_reason is not None:
            return End(usage=self._usage, finish_reason=self.finish_reason)
        raise self.failure(ProviderFailed(reason="truncated", retryable=True))

    def failure(self, otherwise: ProviderFailed) -> ProviderFailed:
        """What went wrong: the stream's own account, or *otherwise*; marked if text was sent."""
        failed = self.failed or otherwise
        failed.started = self.has_said
        return failed

    def _ends_event(self, line: bytes) -> bool:
        """Take *line*; whether it is the blank one behind an event with data."""
        if line[:5] == b"data:":
            self._event += line[5:] + b"\n"
            return False
        return bool(self._event) and not line.rstrip(b"\r")  # else a comment, another field

    def _text_of_open_event(self) -> str:
        event, self._event = self._event, bytearray()
        return self._text_of(event)

    def _text_of(self, event: bytes | bytearray) -> str:
        """The usual event holds text and nothing else."""
        try:
            chunk = orjson.loads(event)
            choice = chunk["choices"][0]
            text = choice["delta"]["content"]
        except (orjson.JSONDecodeError, LookupError, TypeError):
            return self._unusual(event)
        if self.failed or choice.get("finish_reason") or chunk.get("usage") or "error" in chunk:
            return self._unusual(event)
        return text if isinstance(text, str) else ""

    def _unusual(self, event: bytes | bytearray) -> str:
        text = self._text_of_unusual(event)
        self.is_open = self.finish_reason is None and self.failed is None
        return text

    def _text_of_unusual(self, event: bytes | bytearray) -> str:
        """Its text, if it has any; what else it says is noted."""
        if self.failed or event.strip() == b"[DONE]":
            return ""
        try:
            chunk = orjson.loads(event)
        except orjson.JSONDecodeError:
            chunk = None
        if not isinstance(chunk, dict):
            self.failed = ProviderFailed(reason="malformed")
            return ""
        if error := chunk.get("error"):
            self.failed = _reported(error)
            return ""
        if isinstance(usage := chunk.get("usage"), dict):
            self._usage = _usage(usage)
        return self._text_of_choices(chunk.get("choices"))

    def _text_of_choices(self, choices: object) -> str:
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict):
            return ""
        if isinstance(reason := choice.get("finish_reason"), str):
            self.finish_reason = reason
        delta = choice.get("delta")
        content = delta.get("content") if isinstance(delta, dict) else None
        return content if isinstance(content, str) else ""


def refused(status: int, retry_after: str | None = None, said: bytes = b"") -> ProviderFailed:
    """The failure that a response with this *status* means, whose body *said* so."""
    return _failed(status, code=_code(said), retry_after=retry_seconds(retry_after or ""))


def _failed(
    status: int, *, code: str | None = None, retry_after: float | None = None
) -> ProviderFailed:
    """*code* is OpenAI's word for the reason."""
    if code == "insufficient_quota":  # a 429 that no waiting cures
        status = 402
    of_class = {3: "redirected", 4: "rejected"}
    return ProviderFailed(
        reason=REASONS.get(status) or of_class.get(status // 100, "server_error"),
        retryable=status in {408, 429} or status >= 500,
        retry_after=retry_after,
    )


def _code(said: bytes) -> str | None:
    """``error.code`` of a body, if it has one."""
    try:
        told = orjson.loads(said)
    except orjson.JSONDecodeError:
        return None
    error = told.get("error") if isinstance(told, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) else None


def retry_seconds(retry_after: str) -> float | None:
    """A ``Retry-After`` (RFC 9110 10.2.3), seconds or a date, from now; ``None`` for nonsense."""
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        wait = parsedate_to_datetime(retry_after) - datetime.now(UTC)
    except (TypeError, ValueError):  # no date, or one without a zone
        return None
    return max(0.0, wait.total_seconds())


def without_refused(options: Mapping[str, Any], refusal: str) -> dict[str, Any]:
    """*options* without the first one that the text of a 400 names; equal if it names none.

    ``max_tokens`` gives way to ``max_completion_tokens``, as newer OpenAI models want it.
    """
    name = next((name for name in options if name in refusal), None)
    accepted = {key: value for key, value in options.items() if key != name}
    if name == "max_tokens":
        accepted["max_completion_tokens"] = options[name]
    return accepted


def _reported(error: object) -> ProviderFailed:
    """A failure inside a stream that had begun with 200."""
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, int):
        return _failed(code)
    return _failed(429 if "rate_limit" in str(code) else 500, code=str(code))


def _usage(usage: Mapping[str, Any]) -> Usage:
    prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
    return Usage(
        prompt_tokens=prompt if isinstance(prompt, int) else 0,
        completion_tokens=completion if isinstance(completion, int) else 0,
    )
