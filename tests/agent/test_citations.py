"""Markers in a stream: only true ones reach the reader, however the stream was cut."""

import re
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.citations import CitationStream, Cleaned, has_marker
from agent.index import Hit
from agent.passages import Passage, Section, paragraphs
from models import Citation


def hit(number: int) -> Hit:
    text = f"Passage {number} says something."
    passage = Passage(
        passage_id=UUID(int=number),
        page=f"page{number}.md",
        title=f"Page {number}",
        chapter="Chapter",
        url=f"https://example.org/page{number}.html",
        ordinal=number,
        text=text,
        sections=(Section(0, f"section-{number}", (f"Page {number}",)),),
        blocks=paragraphs(text),
    )
    return Hit(passage, 0.5, None)


SOURCES = [hit(number) for number in range(1, 5)]


def clean(pieces: list[str]) -> tuple[str, list[Citation]]:
    stream = CitationStream(SOURCES, lambda hit, _claim: (0, len(hit.passage.text)))
    cleaned: list[Cleaned] = [stream.feed(piece) for piece in pieces] + [stream.finish()]
    return "".join(c.text for c in cleaned), [x for c in cleaned for x in c.citations]


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("Plain prose, no marker.", "Plain prose, no marker."),
        ("A claim [1].", "A claim [1]."),
        ("First [3], then [1], then [3].", "First [1], then [2], then [1]."),
        ("Invented [9].", "Invented."),
        ("Zero [0] and [00].", "Zero and."),
        ("Both [1, 2] and [2][4].", "Both [1][2] and [2][3]."),
        ("Some true [1, 9].", "Some true [1]."),
        ("Wide 【2】.", "Wide [1]."),
        ("Twice [2,2].", "Twice [1]."),
        ("Not a marker [see] [x] [1a] [1000].", "Not a marker [see] [x] [1a] [1000]."),
        ("Code `v[1]` stays, [2] does not.", "Code `v[1]` stays, [1] does not."),
        ("Double ``a ` [1]`` ends [1].", "Double ``a ` [1]`` ends [1]."),
        ("```rust\nlet x = v[9];\n```\nDone [4].", "```rust\nlet x = v[9];\n```\nDone [1]."),
        ("~~~\n[9] ``` [9]\n~~~\n[9]", "~~~\n[9] ``` [9]\n~~~\n"),
        ("Never closed ` [9]\n\nNext [9].", "Never closed ` [9]\n\nNext."),
        ("Ends in half [1", "Ends in half [1"),
        ("Nested [[1]]", "Nested [[1]]"),
        ("Spaces  [9]  stay", "Spaces   stay"),
        ("", ""),
    ],
)
def test_markers(written: str, sent: str) -> None:
    """What a model writes, and what its reader gets."""
    assert clean([written])[0] == sent


MODEL_TEXT = st.lists(
    st.sampled_from(
        [
            "[1]",
            "[",
            "]",
            "1",
            ",",
            " ",
            "[2, 9]",
            "【3】",
            "`",
            "``",
            "```",
            "~~~",
            "\n",
            "\n\n",
            "word",
            "é",
            "[9]",
            ";",
            "0",
        ]
    )
).map("".join)


@given(MODEL_TEXT, st.data())
def test_any_split_of_the_stream_gives_the_same(text: str, data: st.DataObject) -> None:
    """Where a model's deltas end changes neither text nor citations."""
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)))))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    assert clean(pieces) == clean([text]) == clean(list(text))


@given(MODEL_TEXT)
def test_every_marker_that_gets_out_has_its_citation(text: str) -> None:
    """Indexes run from 1 in the order of first use; each quote stands in its passage."""
    sent, citations = clean([text])
    passages = {hit.passage.passage_id: hit.passage for hit in SOURCES}

    assert [c.index for c in citations] == list(range(1, len(citations) + 1))
    assert all(passages[c.passage_id].text[c.start : c.end] == c.quote for c in citations)
    assert all(f"[{c.index}]" in sent for c in citations)


@given(st.text(alphabet="[]0123456789, ab", max_size=60))
@example("[7]")
@example("[0[0]]")
@example("[0[0] [0]]")
def test_outside_code_no_marker_without_a_citation_gets_out(text: str) -> None:
    """The promise to the reader: a number in brackets can be followed."""
    sent, citations = clean([text])
    shown = {int(n) for n in re.findall(r"\[(\d{1,3})\]", sent)}

    assert shown <= {c.index for c in citations}


@given(st.text())
def test_text_without_brackets_passes_unchanged(text: str) -> None:
    """Nothing else is ever touched."""
    plain = re.sub(r"[\[\]【】]", "", text)

    assert clean([plain]) == (plain, [])


def test_a_long_run_that_never_becomes_a_marker_takes_linear_time() -> None:
    """Held back are 64 characters at most, whatever comes."""
    stream = CitationStream(SOURCES, lambda _hit, _claim: (0, 1))
    text = "[1," + "1," * 50_000
    sent = stream.feed(text).text

    assert len(text) - len(sent) <= 64
    assert sent + stream.finish().text == text


@pytest.mark.parametrize(
    ("text", "has"), [("see [2]", True), ("`v[2]`", False), ("[link](x)", False), ("【1】", True)]
)
def test_a_quote_with_a_marker_of_its_own_is_noticed(text: str, has: bool) -> None:  # noqa: FBT001
    """A reader would follow it to the wrong place."""
    assert has_marker(text) is has
