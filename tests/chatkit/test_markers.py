"""Footnote markers, taken out of an answer for ChatKit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.markers import Marked, MarkerStream

KNOWN = (1, 2, 12)
PIECES = st.sampled_from(["[1]", " [2]", "[12]", "[3]", *"[] `\na🙂1"])


def taken_out(*pieces: str) -> tuple[str, list[Marked]]:
    stream = MarkerStream(KNOWN)
    text = "".join(map(stream.feed, pieces)) + stream.finish()
    return text, stream.marks


@pytest.mark.parametrize(
    ("answer", "text", "marks"),
    [
        ("One blast [1].", "One blast.", [Marked(1, 9)]),
        ("One. [1][2] Two.", "One. Two.", [Marked(1, 4), Marked(2, 4)]),
        ("A 🙂 [1]", "A 🙂", [Marked(1, 4)]),
        ("[1] first", " first", [Marked(1, 0)]),
        ("no [3], [x] or [", "no [3], [x] or [", []),
        ("code `v[1]` stays", "code `v[1]` stays", []),
        ("```\nv [1]\n```\n[1]", "```\nv [1]\n```\n", [Marked(1, 14)]),
    ],
)
def test_only_markers_of_citations_are_taken_out(
    answer: str, text: str, marks: list[Marked]
) -> None:
    """With the space before them; their place counts as JavaScript does."""
    assert taken_out(answer) == (text, marks)


@given(st.lists(PIECES))
def test_any_split_gives_the_same(pieces: list[str]) -> None:
    """Character by character, or at once."""
    whole = "".join(pieces)

    assert taken_out(*pieces) == taken_out(whole) == taken_out(*whole)
