"""What a chat/completions endpoint says, decoded: pure functions over bytes and statuses."""

from collections.abc import Mapping
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
    _started: bool = False
    _usage: Usage = field(factory=Usage)
    _line: bytearray = field(factory=bytearray)  # the open one
    _event: bytearray = field(factory=bytearray)  # data of the open one

    def feed(self, data: bytes) -> str:
        """The text that one read completes, often none."""
        if b"\n" not in data:
            self._line += data
            lines = []
        else:
            *lines, rest = (bytes(self._line) + data if self._line else data).split(b"\n")
            self._line = bytearray(rest)
        text = "".join([self._text_of_event() for line in lines if self._ends_event(line)])
        if len(self._line) + len(self._event) > MAX_LINE_BYTES:
            self.failed, self._line = ProviderFailed(reason="malformed"), bytearray()
        self._started = self._started or text != ""
        return text

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
        failed.started = self._started
        return failed

    def _ends_event(self, line: bytes) -> bool:
        """Take *line*; whether it is the blank one behind an event with data."""
        if line[:5] == b"data:":
            self._event += line[5:] + b"\n"
            return False
        return bool(self._event) and not line.rstrip(b"\r")  # else a comment, another field

    def _text_of_event(self) -> str:
        event, self._event = self._event, bytearray()
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


def refused(
    status: int, retry_after: float | None = None, *, code: str | None = None
) -> ProviderFailed:
    """The failure that an HTTP *status* means; *code* is OpenAI's word for the reason."""
    if code == "insufficient_quota":  # a 429 that no waiting cures
        status = 402
    of_class = {3: "redirected", 4: "rejected"}
    return ProviderFailed(
        reason=REASONS.get(status) or of_class.get(status // 100, "server_error"),
        retryable=status in {408, 429} or status >= 500,
        retry_after=retry_after,
    )


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
        return refused(code)
    return refused(429 if "rate_limit" in str(code) else 500, code=str(code))


def _usage(usage: Mapping[str, Any]) -> Usage:
    prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
    return Usage(
        prompt_tokens=prompt if isinstance(prompt, int) else 0,
        completion_tokens=completion if isinstance(completion, int) else 0,
    )
