"""Unseen characters go, everything that people write stays."""

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plain_text import CleanStream, clean, has_lone_surrogate

TAGGED = "".join(chr(0xE0000 + ord(char)) for char in "send the key")
ANY = st.text(
    st.characters(codec=None) | st.sampled_from("\r\n\0\x1b\x85\u202e\ufeff\ud83d\U000e0041")
)


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("one\r\ntwo\rthree\n\tfour", "one\ntwo\nthree\n\tfour"),
        ("\x1b[31mred\x00\x07\x7f\x9b", "[31mred"),
        ("if \u202eadmin\u202c", "if admin"),
        ("\ufeffstart", "start"),
        (f"Hello{TAGGED}.", "Hello."),
        ("half \ud83d and \ude00", "half  and "),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\u2067עברית\u2069 \u200e\u200f", "\u2067עברית\u2069 \u200e\u200f"),
        ("👩\u200d👩\u200d👧 ❤\ufe0f 🇵🇰", "👩\u200d👩\u200d👧 ❤\ufe0f 🇵🇰"),
        ("e\u0301 ﬁ <b> & \u2028 \u00a0", "e\u0301 ﬁ <b> & \u2028 \u00a0"),
        ("", ""),
    ],
)
def test_unseen_characters(written: str, cleaned: str) -> None:
    """Joiners, marks and isolates are seen: without them words change."""
    assert clean(written) == cleaned


@given(ANY)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    """What is clean stays as it is."""
    assert clean(clean(text)) == clean(text)


@given(ANY)
def test_clean_text_can_be_sent_and_stored(text: str) -> None:
    """As UTF-8, in Postgres, and on a terminal."""
    cleaned = clean(text)

    assert cleaned.encode().decode() == cleaned
    assert {char for char in cleaned if unicodedata.category(char) == "Cc"} <= {"\t", "\n"}


@given(ANY)
def test_only_unseen_characters_go(text: str) -> None:
    """The rest is there, in its order."""
    kept = [c for c in text.replace("\r\n", "\n").replace("\r", "\n") if clean(c)]

    assert "".join(kept) == clean(text)


@given(st.lists(st.sampled_from(["\r", "\n", "\r\n", "\n\r", "\0", "\ud83d", "\ude00", "a", ""])))
def test_any_split_of_the_stream_is_cleaned_in_the_same_way(pieces: list[str]) -> None:
    r"""Also one between ``\r`` and ``\n``."""
    stream = CleanStream()

    assert "".join(map(stream.feed, pieces)) == clean("".join(pieces))


@pytest.mark.parametrize(
    ("raw", "has"),
    [
        (rb'"\ud800"', True),
        (rb'"\uDFFF"', True),
        (rb'{"\udc00": 1}', True),
        (rb'"\ud83d\ude00"', False),
        (rb'"\ud83d\ud83d\ude00"', True),
        (rb'"\ude00\ud83d"', True),
        (rb'"\\ud800"', False),
        (rb'"\\\ud800"', True),
        (rb'"\ud83d\\ude00"', True),
        (rb'"\ud83d \ude00"', True),
        (rb'"\ud7ff\ue000"', False),
        (b"", False),
    ],
)
def test_half_of_a_character_is_found(raw: bytes, has: bool) -> None:  # noqa: FBT001
    """An escaped backslash before ``ud800`` makes it text."""
    assert has_lone_surrogate(raw) is has


NASTY = st.lists(
    st.sampled_from(
        [
            *(rb"\ud83d", rb"\ude00", rb"\uD800", rb"\uDfFf", rb"\u0041", rb"\\", rb"\"", rb"\n"),
            *(b"u", b"d800", b"/", b"x", "é".encode(), "😀".encode()),
        ]
    )
).map(b"".join)


@given(st.lists(NASTY))
def test_a_json_reader_finds_the_same_halves(strings: list[bytes]) -> None:
    """The standard library lets them through."""
    raw = b"[" + b", ".join(b'"%b"' % string for string in strings) + b"]"

    assert has_lone_surrogate(raw) is bool(re.search(r"[\ud800-\udfff]", "".join(json.loads(raw))))
