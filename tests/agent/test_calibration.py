"""The gate's threshold comes from the book itself: from its headings where it has some."""

from uuid import UUID

from attrs import evolve

from agent.ingest import calibration
from agent.ingest.headings import FEWEST, HEADINGS, headings
from agent.passages import Passage, Section, paragraphs
from tests.agent.library import VOCABULARY, manifest, plain_book, sense


def chapter(number: int, *, tells: bool) -> Passage:
    """A section whose text has the words of its heading, or none of them."""
    words = [VOCABULARY[(7 * number + at) % len(VOCABULARY)] for at in range(9)]
    text = " ".join(words if tells else words[2:])
    return Passage(
        passage_id=UUID(int=number),
        page=f"{number}.md",
        title="The lamp",
        chapter="The lamp",
        url=None,
        ordinal=number,
        text=text,
        sections=(Section(0, "a", ("The lamp", " ".join(words[:2]))),),
        blocks=paragraphs(text),
    )


def chapters(count: int, *, tells: bool = True) -> list[Passage]:
    return [chapter(number, tells=tells) for number in range(count)]


def threshold_of(of: list[Passage]) -> float | None:
    vectors = {p.passage_id: [sense(p.text, common=0)] for p in of}
    known = {text: sense(text, common=0) for text in calibration.texts(of)}
    return calibration.threshold(manifest(of), of, vectors, known)


def test_a_book_in_its_readers_words_asks_more_of_a_question() -> None:
    """Where headings and text share no words, a reader's question cannot be expected to."""
    strict, lenient = threshold_of(chapters(60)), threshold_of(chapters(60, tells=False))

    assert strict is not None
    assert lenient is not None
    assert strict > lenient + 0.1


def test_a_book_without_headings_goes_by_its_words() -> None:
    assert headings(plain_book(200)) == ()
    assert threshold_of(plain_book(200)) is not None


def test_a_small_book_has_no_threshold_of_its_own() -> None:
    """Chance would decide it."""
    assert threshold_of(chapters(FEWEST - 1)) is None
    assert threshold_of([]) is None


def test_the_titles_of_pages_do_not_ask() -> None:
    """An "Introduction" asks for nothing, and stands above everything."""
    of = [evolve(p, sections=(Section(0, "", ("The lamp",)),)) for p in chapters(60)]

    assert headings(of) == ()


def test_an_edit_changes_only_its_own_heading() -> None:
    """All others keep their embeddings."""
    of = chapters(200)
    before = set(calibration.texts(of))
    edited = evolve(of[0], text=f"{of[0].text} coolly", blocks=paragraphs(f"{of[0].text} coolly"))

    assert len(headings(of)) == HEADINGS
    assert len(set(calibration.texts([edited, *of[1:]])) - before) <= 3
