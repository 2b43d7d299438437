"""The decoder of chat/completions streams, byte by byte."""

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.providers import End, ProviderFailed
from agent.providers.wire import (
    MAX_LINE_BYTES,
    ChunkDecoder,
    refused,
    retry_seconds,
    without_refused,
)
from models import Usage

FINISH = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'


def event(text: str | None, *, ascii_only: bool = False) -> bytes:
    chunk = {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}
    return b"data: %b\n\n" % json.dumps(chunk, ensure_ascii=ascii_only).encode()


def decoded(*reads: bytes) -> tuple[str, End]:
    decoder = ChunkDecoder()
    text = "".join(decoder.feed(read) for read in reads)
    return text, decoder.end()


def failure(*reads: bytes) -> tuple[str, ProviderFailed]:
    decoder = ChunkDecoder()
    text = "".join(decoder.feed(read) for read in reads)
    with pytest.raises(ProviderFailed) as failed:
        decoder.end()
    return text, failed.value


@given(
    texts=st.lists(st.text(), max_size=8),
    cuts=st.lists(st.integers(0, 1000)),
    newline=st.sampled_from([b"\n", b"\r\n"]),
    ascii_only=st.booleans(),
    noise=st.sampled_from([b"", b": keep-alive\n\n", b"event: message\nid: 7\n", b"\n"]),
)
def test_any_cut_of_the_bytes_gives_the_same_text(
    texts: list[str], cuts: list[int], newline: bytes, *, ascii_only: bool, noise: bytes
) -> None:
    events = noise.join(event(text, ascii_only=ascii_only) for text in texts)
    stream = (noise + events + FINISH + b"data: [DONE]\n\n").replace(b"\n", newline)
    edges = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    reads = [stream[a:b] for a, b in pairwise(edges)]

    text, end = decoded(*reads)

    assert text == "".join(texts)
    assert end.finish_reason == "stop"


@given(st.binary())
def test_no_bytes_at_all_break_the_decoder(noise: bytes) -> None:
    decoder = ChunkDecoder()

    decoder.feed(b"data:" + noise + b"\n\n" + noise)

    with pytest.raises(ProviderFailed):
        decoder.end()


NAMES = ["choices", "delta", "content", "finish_reason", "usage", "error", "code", "prompt_tokens"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(NAMES), inner),
        max_leaves=10,
    )
)
def test_any_json_is_text_or_none_or_a_failure(payload: object) -> None:
    """Endpoints differ; a member of the wrong type must not become an exception."""
    text = ChunkDecoder().feed(b"data: %b\n\n" % json.dumps(payload).encode())

    assert isinstance(text, str)


def test_the_texts_of_one_read_come_as_one() -> None:
    assert ChunkDecoder().feed(event("A servo") + event(" is") + event(" a motor")) == (
        "A servo is a motor"
    )


@pytest.mark.parametrize(
    "chunk",
    [
        b'data: {"choices":[]}\n\n',
        b'data: {"choices":null}\n\n',
        b'data: {"choices":[{"delta":{"role":"assistant"}}]}\n\n',
        b'data: {"choices":[{"delta":null,"index":0}]}\n\n',
        b'data: {"error":null,"choices":[{"text":"old"}]}\n\n',
        event(None),
        b"retry: 3000\n\n",
    ],
)
def test_chunks_without_text_are_passed_over(chunk: bytes) -> None:
    text, _ = decoded(event("a"), chunk, event("b"), FINISH)

    assert text == "ab"


def test_an_event_may_have_several_data_lines() -> None:
    text, _ = decoded(b'data: {"choices":[{"delta":\ndata: {"content":"a"}}]}\n\n', FINISH)

    assert text == "a"


def test_usage_may_come_after_the_finish_reason() -> None:
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}\n\n'

    _, end = decoded(event("a"), FINISH, usage, b"data: [DONE]\n\n")

    assert end.usage == Usage(prompt_tokens=7, completion_tokens=2)


def test_a_stream_without_a_finish_reason_is_truncated_even_if_it_says_done() -> None:
    text, failed = failure(event("half"), b"data: [DONE]\n\n")

    assert (text, failed.reason, failed.started) == ("half", "truncated", True)


@pytest.mark.parametrize(
    ("code", "reason", "retryable"),
    [
        ("429", "rate_limited", True),
        ('"rate_limit_exceeded"', "rate_limited", True),
        ('"insufficient_quota"', "no_credit", False),
        ("401", "unauthorised", False),
        ("null", "server_error", True),
    ],
)
def test_an_error_in_the_stream_fails_after_the_text_before_it(
    code: str, reason: str, *, retryable: bool
) -> None:
    error = b'data: {"error":{"message":"sk-secret","code":%b}}\n\n' % code.encode()

    text, failed = failure(event("half") + error + event("never"))

    assert (text, failed.reason, failed.retryable) == ("half", reason, retryable)


def test_a_line_without_end_is_given_up() -> None:
    _, failed = failure(*[b"x" * 100_000] * (MAX_LINE_BYTES // 100_000 + 1))

    assert failed.reason == "malformed"


def test_a_long_stream_byte_by_byte_takes_linear_time() -> None:
    """Eight times the bytes in one line: far below the 64 times of a quadratic decoder."""

    def seconds(size: int) -> float:
        line, decoder, start = event("x" * size), ChunkDecoder(), time.process_time()
        for byte in line:
            decoder.feed(bytes([byte]))
        return time.process_time() - start

    assert seconds(160_000) < 24 * min(seconds(20_000) for _ in range(3))


@pytest.mark.parametrize(
    ("status", "reason", "retryable"),
    [
        (401, "unauthorised", False),
        (404, "misconfigured", False),
        (307, "redirected", False),
        (429, "rate_limited", True),
        (503, "server_error", True),
    ],
)
def test_a_status_has_a_reason(status: int, reason: str, *, retryable: bool) -> None:
    failed = refused(status)

    assert (failed.reason, failed.retryable) == (reason, retryable)


def test_an_account_without_money_is_not_asked_again() -> None:
    assert not refused(429, said=b'{"error": {"code": "insufficient_quota"}}').retryable


def test_retry_after_is_seconds_a_date_or_nothing() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)

    assert retry_seconds("7") == 7
    assert retry_seconds(soon) == pytest.approx(60, abs=2)
    assert [retry_seconds(text) for text in ("", "-1", "nan", "soon")] == [None] * 4


def test_a_refused_parameter_is_left_out_or_renamed() -> None:
    options = {"stream_options": {}, "max_tokens": 9, "temperature": 0.1}

    assert without_refused(options, '"temperature" does not support 0.1').keys() == {
        "stream_options",
        "max_tokens",
    }
    assert without_refused(options, "'max_tokens': use 'max_completion_tokens'") == {
        "stream_options": {},
        "temperature": 0.1,
        "max_completion_tokens": 9,
    }
    assert without_refused(options, "I do not like you") == options
