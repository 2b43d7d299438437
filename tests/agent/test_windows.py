"""Units are quoted, windows are embedded: together they are the passage; none crosses a unit."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from agent.passages import Block, Passage, Section, paragraphs
from agent.windows import MOST, embedded_texts, units, windows

SENTENCE = st.lists(st.sampled_from(["lamp", "oil", "wick", "fog"]), min_size=1, max_size=40)
PARAGRAPH = st.lists(SENTENCE.map(lambda words: " ".join(words) + "."), min_size=1, max_size=8)
TEXT = st.lists(PARAGRAPH.map(" ".join), min_size=1, max_size=5).map("\n\n".join)


def passage(text: str, blocks: tuple[Block, ...] | None = None) -> Passage:
    return Passage(
        passage_id=UUID(int=1),
        page="lamp.md",
        title="The lamp",
        chapter="The lamp",
        url=None,
        ordinal=0,
        text=text,
        sections=(Section(0, "", ("The lamp", "Wicks")),),
        blocks=paragraphs(text) if blocks is None else blocks,
    )


@given(TEXT)
def test_windows_cover_every_unit_without_overlap(text: str) -> None:
    """Whatever is asked of a sentence, some window holds it."""
    whole = passage(text)
    found = windows(whole)
    assert list(found) == sorted(found)
    for start, end in units(whole):
        inside = [window for window in found if start <= window[0] < end]
        if len(found) < MOST:
            assert "".join(text[slice(*window)] for window in inside) == text[start:end]


@given(TEXT)
def test_a_window_is_some_sentences(text: str) -> None:
    """Long prose is cut, but never within a sentence, and never into crumbs."""
    for start, end in windows(passage(text)):
        assert text[start:end].rstrip().endswith(".")


def test_a_lead_in_is_embedded_with_its_list() -> None:
    """A lead-in such as "There are three rules:" says nothing, and neither does its list alone."""
    text = "There are three rules:\n\n- one\n- two\n- three"
    blocks = (Block(0, 22, "paragraph"), Block(24, len(text), "list"))

    assert windows(passage(text, blocks)) == ((0, len(text)),)


def test_a_caption_is_quoted_with_its_code_only() -> None:
    """By itself, "Listing 4-1: A loop" answers nothing."""
    text = "Listing 4-1 (loop.rs): A loop\n\n```\nloop {}\n```\n\nFigure 2: A lamp"
    code, end = text.index("```"), text.index("\n\nFigure")
    blocks = (
        Block(0, code - 2, "paragraph"),
        Block(code, end, "code"),
        Block(end + 2, len(text), "paragraph"),
    )

    assert list(units(passage(text, blocks))) == [(0, end)]


def test_a_window_is_embedded_below_its_headings() -> None:
    """A sentence about "it" means what its headings say."""
    assert embedded_texts(passage("Trim it daily.")) == ["The lamp > Wicks\n\nTrim it daily."]


def test_a_passage_without_units_is_one_window() -> None:
    """Another tool's passage may be a heading only; it is still found by meaning."""
    heading = passage("# Wicks", (Block(0, 7, "heading"),))

    assert windows(heading) == ((0, 7),)
