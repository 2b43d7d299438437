"""Whether an answer says what its sources say: sentence by sentence, and flagged, not rewritten."""

import time
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.citations import CitationStream, Mark
from agent.index import Hit
from agent.passages import Passage, Section, paragraphs
from agent.sentences import Claim, claims
from agent.support import Checked, Read, check, support
from models import Citation

WICK = "Trim the wick with the brass scissors every evening. It burns for 14 hours, no longer."
FOG = "The fog signal sounds three blasts of 1,200 milliseconds. The keeper logs the minute."


def hit(number: int, text: str, heading: str) -> Hit:
    passage = Passage(
        passage_id=UUID(int=number),
        page="lamp.md",
        title="The lamp",
        chapter="The lamp",
        url=None,
        ordinal=number,
        text=text,
        sections=(Section(0, "", ("The lamp", heading)),),
        blocks=paragraphs(text),
    )
    return Hit(passage, 0.9, None)


SOURCES = (hit(1, WICK, "Lighting it"), hit(2, FOG, "In bad weather"))


def streamed(*pieces: str) -> CitationStream:
    stream = CitationStream(SOURCES, lambda hit, _claim: (0, len(hit.passage.text)))
    for piece in pieces:
        stream.feed(piece)
    stream.finish()
    return stream


def checked(*pieces: str) -> Checked:
    return check(streamed(*pieces), lambda _stem: 1.0)


def only(citations: tuple[Citation, ...]) -> Citation:
    (citation,) = citations
    return citation


@pytest.mark.parametrize(
    "answer",
    [
        "Trim the wick every evening with brass scissors [1].",
        "The wick burns for fourteen hours at most, no longer than 14 [1].",
        "The signal has 3 blasts [2].",
        "The fog signal sounds blasts of 1200 milliseconds. [2]",
        "In bad weather the keeper logs the minute [2].",
        "- Trim the wick in the evening [1]",
        "Trim the wick with scissors, and the keeper logs each minute [1][2].",
        "> The signal sounds three blasts [2].",
        "According to the book, the wick is trimmed with scissors [1].",
    ],
)
def test_what_the_passages_say_is_supported(answer: str) -> None:
    """By their words or their headings, with numbers however they are written."""
    found = checked(answer)

    assert found.weak == 0
    assert not any(citation.weak for citation in found.citations)
    assert all(citation.support >= 0.5 for citation in found.citations)


@pytest.mark.parametrize(
    "answer",
    [
        "Polish the lens with vinegar and a leather cloth [1].",
        "Trim the wick with the brass scissors every evening [2].",
        "It burns for 41 hours, no longer [1].",
        "The fog signal sounds three blasts of 12,000 milliseconds [2].",
        "| Lens | polish it with vinegar and leather [1] |",
    ],
)
def test_what_the_passages_do_not_say_is_weak(answer: str) -> None:
    """Other words, the wrong passage, or a number of its own."""
    found = checked(answer)

    assert found.weak == 1
    assert only(found.citations).weak


def test_a_number_that_the_passage_lacks_takes_a_quarter_off() -> None:
    """However well the words fit."""
    assert only(checked("It burns for 14 hours, no longer [1].").citations).support == 1.0
    assert only(checked("It burns for 41 hours, no longer [1].").citations).support == 0.75


def test_a_citation_has_the_support_of_the_worst_sentence_that_cites_it() -> None:
    found = checked(
        "Trim the wick every evening [1]. Polish the lens with vinegar and leather [1]. "
        "It burns for 14 hours [1]. The keeper logs the minute [2]."
    )

    assert [(c.index, c.weak) for c in found.citations] == [(1, True), (2, False)]
    assert found.citations[0].support < 0.5
    assert (found.weak, found.uncited) == (1, 0)


def test_two_passages_are_taken_together() -> None:
    """Each alone says half of the sentence."""
    both = Claim("brass scissors evening wick signal blasts keeper minute", (1, 2))
    read = [Read.of(source) for source in SOURCES]

    assert support(both, read, lambda _stem: 1.0).share == 1.0
    assert support(both, read[:1], lambda _stem: 1.0).share == 0.5


def test_rare_words_count_more_than_common_ones() -> None:
    claim = Claim("The keeper polishes the lens")
    read = [Read.of(SOURCES[1])]

    assert support(claim, read, lambda stem: 9.0 if stem == "keeper" else 1.0).share > 0.8
    assert support(claim, read, lambda stem: 9.0 if stem == "len" else 1.0).share < 0.2


@pytest.mark.parametrize(
    ("answer", "uncited"),
    [
        ("The lens is polished with vinegar. Trim the wick every evening [1].", 1),
        ("Do you mean the wick of the lamp?", 0),
        ("# How to trim the wick of a lamp\n\n**Trimming the wick of the lamp**", 0),
        ("You trim the wick in these steps:\n\n1. Take the brass scissors [1]\n2. Trim it [1]", 0),
        ("Yes.", 0),
        ("```\ntrim the wick with the brass scissors\n```", 0),
        ("```\ncode\n```\nThe wick is trimmed every evening.", 1),
        ("| Part | Tool | When |\n|---|---|---|\n| Wick | scissors | evening |", 1),
        ("Use a tool, e.g. the brass scissors of Dr. Lamp, i.e. a good one [1].", 0),
        ("Trim the wick with brass scissors:\n\n```\ntrim\n```\n\n[1]", 0),
        ("Trim the wick with brass scissors.\n\n```\ntrim\n```\n\n[1]", 0),
    ],
)
def test_sentences_that_claim_something_without_a_source_are_counted(
    answer: str, uncited: int
) -> None:
    """Not code, headings, questions, lead-ins, and what says hardly anything."""
    assert checked(answer).uncited == uncited


def test_a_long_answer_in_another_language_is_not_weak_for_its_words() -> None:
    """Its numbers and names still count."""
    said = "Man schneidet den Docht jeden Abend mit einer Schere, und er brennt {} Stunden [1]."
    assert checked(said.format(14)).weak == 0
    assert checked(said.format(41)).weak == 1
    assert only(checked(said.format(14)).citations).support == 1.0
    assert only(checked(said.format("14 (`flame_timer`)")).citations).support == 0.75
    assert checked("芯は毎晩真鍮のはさみで切りそろえます。14時間燃えます [1]。").weak == 0


def test_a_sentence_ends_behind_the_marker_that_follows_its_full_stop() -> None:
    text = "One thing is said here. [1] Another thing is said there [2]. A third"
    marks = [Mark(24, 27, (1,)), Mark(56, 59, (2,))]

    assert [(claim.text, claim.cites) for claim in claims(text, marks)] == [
        ("One thing is said here.", (1,)),
        ("Another thing is said there .", (2,)),
    ]


def test_a_number_in_brackets_in_code_is_no_citation() -> None:
    """What the stream let through as a marker is one, and nothing else."""
    found = checked("The wick `w[2]` is trimmed every evening with scissors [1].")

    assert [citation.index for citation in found.citations] == [1]
    assert found.uncited == 0


ANSWERS = st.lists(
    st.sampled_from(
        [
            *("Trim the wick every evening", "Polish the lens with vinegar", "It burns 41 hours"),
            *(" [1]", "[2]", " [9]", "[1, 2]", ".", ". ", "\n", "\n\n", "- ", "| ", "```\n", "`"),
            *("? ", ": ", "。", "e.g. ", "# ", "|---|\n", "Der Docht ist mit der Schere "),
        ]
    ),
    max_size=25,
).map("".join)


@given(ANSWERS, st.data())
def test_any_split_of_the_stream_gives_the_same_text_citations_and_flags(
    text: str, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)))))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    assert streamed(*pieces).text == streamed(text).text
    assert streamed(*pieces).marks == streamed(text).marks
    assert checked(*pieces) == checked(text) == checked(*text)


@given(ANSWERS)
def test_marks_are_where_the_markers_stand(text: str) -> None:
    stream = streamed(text)

    for mark in stream.marks:
        shown = "".join(f"[{index}]" for index in mark.indexes)
        assert stream.text[mark.start : mark.end] == shown


@given(ANSWERS)
def test_support_is_a_share_and_only_cited_sentences_are_weak(text: str) -> None:
    found = checked(text)

    assert all(0 <= citation.support <= 1 for citation in found.citations)
    assert found.weak >= any(citation.weak for citation in found.citations)
    if not found.citations:
        assert found.weak == 0


@pytest.mark.parametrize(
    "piece", ["A claim. [1] ", ".", "[1]", "| ", "- a\n", "`", "**a", " ", "e.g."]
)
def test_checking_takes_linear_time(piece: str) -> None:
    """Whatever a model repeats until its tokens are used up."""
    stream = streamed(piece * (60_000 // len(piece)))
    start = time.process_time()
    check(stream, lambda _stem: 1.0)

    assert time.process_time() - start < 2
