"""Languages by their script and their most frequent words: enough to notice another one."""

import time

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from agent.index import Entry, Manifest
from agent.language import differs, guess, of_book
from agent.terms import term_ids
from tests.agent import library


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How do I light the lamp?", "english"),
        ("Wie zünde ich die Lampe an?", "german"),
        ("Was ist Ownership?", "german"),
        ("Comment allumer la lampe ?", "french"),
        ("¿Cómo enciendo la lámpara?", "spanish"),
        ("Come si accende la lampada?", "italian"),
        ("Como eu acendo a lâmpada?", "portuguese"),
        ("Hoe steek ik de lamp aan?", "dutch"),
        ("lamp kaise jalate hain?", "urdu"),
        ("Как использовать Arc и Mutex вместе?", "russian"),
        ("如何点亮灯?", "chinese"),
        ("Rustの所有権とは何ですか?", "japanese"),
        ("램프를 어떻게 켜나요?", "korean"),
        ("چراغ کیسے جلائیں؟", "arabic"),
        ("दीपक कैसे जलाएं?", "hindi"),
    ],
)
def test_a_question_is_recognised(text: str, language: str) -> None:
    assert guess(text) == language
    assert differs(text, "english") == (language != "english")
    assert not differs(text, language)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Ownership?",
        "Warum?",
        "cargo build --release",
        "What is the die in C?",
        "Who was the Führer in Köln?",
        "What does `die` do?",
        "What does “por qué” mean in this book?",
        "Los Angeles, La Paz",
    ],
)
def test_what_may_be_english_is_not_said_to_be_another_language(text: str) -> None:
    """A needless call of a model costs a second; short texts say too little."""
    assert not differs(text, "english")


@given(st.text(), st.sampled_from(["english", "german", "japanese"]))
def test_any_text_can_be_asked_about(text: str, language: str) -> None:
    """And nothing differs from the language that it is taken for."""
    found = guess(text)

    assert found is None or not differs(text, found)
    assert differs(text, language) in (True, False)


def test_a_long_text_takes_no_longer_than_its_beginning() -> None:
    start = time.process_time()
    for text in ("ich bin " * 500_000, "漢" * 2_000_000, " " * 2_000_000):
        differs(text, "english")

    assert time.process_time() - start < 1


def book(*texts: str, title: str = "Lamps") -> Manifest:
    """What ingest writes down about a book of these passages."""
    passages = [library.passage(number, text) for number, text in enumerate(texts)]
    frequency: dict[int, int] = {}
    for passage in passages:
        for term in set(term_ids(passage.text)):
            frequency[term] = frequency.get(term, 0) + 1
    entry = Entry(page="page.md", title=title, chapter=title, url=None)
    manifest = library.manifest(passages)
    return evolve(manifest, document_frequency=frequency, contents=(entry,))


def test_a_books_language_is_that_of_its_words() -> None:
    """The manifest's own word is that of the stemmer, English for every book."""
    german = (
        "Der Docht wird mit der Schere geschnitten, und die Lampe ist dann wie neu. Man kann sie "
        "auch mit einem Tuch putzen, wenn das nicht geht, oder von Hand: das ist für den Wärter."
    )
    english = "The wick is trimmed with the scissors, and the lamp is then as good as new."

    assert of_book(book(*[english] * 20)) == "english"
    assert of_book(book(*[german] * 20)) == "german"
    assert of_book(book("灯の芯を切る", title="灯の手入れについて")) == "japanese"


def test_a_book_that_says_nothing_of_itself_has_no_known_language() -> None:
    """A collection that another tool has filled."""
    manifest = evolve(book("Some text."), document_frequency={}, contents=())

    assert of_book(manifest) is None
