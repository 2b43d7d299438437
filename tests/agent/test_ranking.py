"""What the engine cannot see decides among what it found, and the gate judges the best of it."""

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from agent.gate import OF_WORDS, USUAL, Gate, gate_of
from agent.index import Hit
from agent.ranking import asked, confidence, confident, rank
from tests.agent.library import manifest, passage


def hit(number: int, text: str, *, score: float = 0.5, cosine: float | None = 0.5) -> Hit:
    return Hit(passage(number, text), score, cosine)


def weigh(_stem: str) -> float:
    return 1.0


def test_words_side_by_side_are_preferred() -> None:
    """A "trait object" is no object with some trait."""
    apart = hit(1, "An object may have a trait.")
    together = hit(2, "A trait object is made so.")

    assert rank([apart, together], asked("what is a trait object", weigh)) == [together, apart]


def test_a_better_covered_question_is_preferred() -> None:
    """The engine's score forgets which of the words are there."""
    half, whole = hit(1, "The lamp burns."), hit(2, "The lamp needs a new wick.")

    assert rank([half, whole], asked("lamp wick", weigh)) == [whole, half]


def test_the_engine_breaks_ties() -> None:
    """Equal passages stay in its order."""
    twins = [hit(1, "The lamp burns."), hit(2, "The lamp burns.")]

    assert rank(twins, asked("lamp", weigh)) == twins


@given(st.lists(st.sampled_from(["lamp", "wick", "fog", "sea"]), max_size=6), st.floats(-1, 1))
def test_confidence_is_a_share(words: list[str], cosine: float) -> None:
    """Of whatever question, with whatever cosine."""
    by = asked(" ".join(words), weigh)

    assert 0 <= confidence(hit(1, "The lamp needs a wick in fog.", cosine=cosine), by) <= 1
    assert 0 <= confidence(hit(1, "The lamp needs a wick.", cosine=None), by) <= 1


def test_confidence_grows_with_meaning_and_with_words() -> None:
    """Each alone is not enough to be sure."""
    by = asked("How is the wick trimmed?", weigh)
    both = confidence(hit(1, "The wick is trimmed daily.", cosine=0.8), by)

    assert both > confidence(hit(1, "The wick is trimmed daily.", cosine=0.1), by)
    assert both > confidence(hit(1, "Gulls are white.", cosine=0.8), by)


def test_the_gate_is_the_books_own() -> None:
    """What one book refuses, another answers."""
    found = confident([hit(1, "The wick is trimmed.", cosine=0.5)], asked("trim the wick", weigh))
    sure = found[0].score
    book = manifest([passage(1, "x")])

    assert gate_of(evolve(book, threshold=sure - 0.01)).judge(found).answerable
    assert not gate_of(evolve(book, threshold=sure + 0.01)).judge(found).answerable
    assert gate_of(book) == Gate(USUAL)


def test_words_alone_have_a_threshold_of_their_own() -> None:
    """Without vectors a confidence is coverage, which is another scale."""
    found = (evolve(hit(1, "The wick.", cosine=None), score=OF_WORDS),)

    assert Gate(threshold=0.9).judge(found).answerable


def test_nothing_found_is_refused() -> None:
    """Even where any confidence would do."""
    assert not Gate(threshold=0.0).judge(()).answerable
