"""Terms are those of Qdrant's own BM25, so that vectors of either can share a collection."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qdrant_edge import Bm25, Bm25Config

from agent.terms import SparseVector, passage_vector, query_vector, stems, term_id, term_ids

AVERAGE = 77.5
QDRANT = Bm25(Bm25Config(avg_len=AVERAGE))
TEXTS = [
    "The quick brown foxes don't jump over lazily sleeping dogs; they're running away.",
    "A `Vec<T>` owns its elements: push_back, __init__, C++, x86_64, utf-8, 1,000.5 and 3rd.",
    "fox fox fox dog dog the the the",
    "naïve Straße ÉTÉ été ﬁne İstanbul ΣΑΣ ǅungla Ⅷ ½ x² ① ١٢٣",
    "नमस्ते दुनिया · สวัสดีชาวโลก · 日本語テキスト · שָׁלוֹם · مَرْحَبًا",
    "soft\u00adhyphen zero\u200bwidth e\u0301te\u0301 emoji👍🏽 tab\tnew\nline",
    "it's what you'd have been doing",
    "",
]
PRINTED = st.characters(exclude_categories=["Cn", "Co", "Cs"])  # Unicode versions agree on these


def same(ours: SparseVector, theirs: object) -> bool:
    indices, values = getattr(theirs, "indices"), getattr(theirs, "values")  # noqa: B009 - untyped
    return list(ours.indices) == indices and list(ours.values) == pytest.approx(values)


@pytest.mark.parametrize("text", TEXTS)
def test_ids_and_weights_are_qdrant_s(text: str) -> None:
    """Words, stop words, stems, hashes, and the formula."""
    assert same(query_vector(text), QDRANT.embed_query(text))
    assert same(passage_vector(text, AVERAGE), QDRANT.embed_document(text))


@given(st.lists(PRINTED, max_size=40).map("".join))
def test_any_text_is_cut_into_qdrant_s_words(text: str) -> None:
    """Whatever a reader types, in whatever script.

    By the character: st.text() also tries words of our source, and the stems of some differ.
    """
    assert same(query_vector(text), QDRANT.embed_query(text))


def test_a_few_words_are_stemmed_better() -> None:
    """Snowball 3 against Qdrant's 2: the one wanted difference."""
    assert stems("organization organ university universe added") == [
        "organiz",
        "organ",
        "universiti",
        "univers",
        "add",
    ]


def test_other_languages_have_their_own_stems() -> None:
    """And their stop words stay: IDF mutes them."""
    assert stems("die Häuser", "german") == ["die", "haus"]


def test_words_stay_whole_where_there_is_no_stemmer() -> None:
    """Urdu is searched by exact words."""
    assert stems("کتابیں houses", "urdu") == ["کتابیں", "houses"]


def test_a_question_of_stop_words_has_no_terms() -> None:
    """The index is then searched by meaning alone."""
    assert query_vector("What is it about?") == SparseVector((), ())


def test_a_term_of_a_text_is_the_term_of_its_stem() -> None:
    """Coverage counts stems, the manifest counts ids."""
    text = "Borrowing and borrowed references"
    assert term_ids(text) == [term_id(stem) for stem in stems(text)]


def test_half_a_character_is_no_word() -> None:
    """A lone surrogate comes from JSON escapes, and could not be hashed."""
    assert stems("lamp \ud800 oil") == ["lamp", "oil"]


def test_an_empty_book_divides_by_no_zero() -> None:
    """Its mean length is 0."""
    assert passage_vector("lamp", 0.0).indices == (term_id("lamp"),)


def test_threads_may_stem_at_once() -> None:
    """The stemmers are not safe for it by themselves."""
    words = [f"running{n} jumped{n} quickly" for n in range(300)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(stems, words)) == [stems(text) for text in words]
