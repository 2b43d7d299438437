"""Text as BM25 sees it: words, stems, and the term ids of Qdrant's ``qdrant/bm25``.

Our own code, because the serverless set has no engine to ask. Words, weights and ids are those of
``qdrant_edge.Bm25``, and tests hold them to it; a term id is ``abs(murmur3(stem))``. The one
difference: Snowball 3 stems some 0.2 % of English words less crudely than Qdrant's Snowball 2
("organization" is no "organ"). Stop words are dropped in English only; elsewhere IDF mutes them.
"""

import re
from collections import Counter
from collections.abc import Callable
from functools import cache, lru_cache
from threading import Lock

from records import frozen

SATURATION = 1.2  # BM25's k
LENGTH_NORMALISATION = 0.75  # BM25's b

ENGLISH = """
a about above after again against ain all am an and any are aren as at be because been before
being below between both but by can couldn d did didn do does doesn doing don down during each
few for from further had hadn has hasn have haven having he her here hers herself him himself
his how i if in into is isn it its itself just ll m ma me mightn more most mustn my myself needn
no nor not now o of off on once only or other our ours ourselves out over own re s same shan she
should shouldn so some such t than that the their theirs them themselves then there these they
this those through to too under until up ve very was wasn we were weren what when where which
while who whom why will with won wouldn y you your yours yourself yourselves
"""
STOP_WORDS = frozenset(ENGLISH.split())

# Characters that Unicode calls alphabetic but `\w` does not take: vowel signs and the like, without
# which Hindi or Thai words fall apart. Hexadecimal; Unicode 14 as Rust's `char::is_alphanumeric`.
ALPHABETIC_MARKS = """
345 363-36f 5b0-5bd 5bf 5c1-5c2 5c4-5c5 5c7 610-61a 64b-657 659-65f 670 6d6-6dc 6e1-6e8 6ed 711-73f
7a6-7b0 816-817 81b-82c 8d4-8df 8e3-8e9 8f0-93b 93e-94c 94e-94f 955-963 981-983 9be-9cc 9d7-9e3
a01-a03 a3e-a4c a51-a75 a81-a83 abe-acc ae2-ae3 afa-afc b01-b03 b3e-b4c b56-b63 b82-bcc bd7 c00-c04
c3e-c4c c55-c63 c81-c83 cbe-ccc cd5-d03 d3e-d4c d57-d63 d81-d83 dcf-df3 e31-e3a e4d eb1-eb9 ebb-ebc
ecd f71-f83 f8d-fbc 102b-1036 1038 103b-103e 1056-109d 1712-1713 1732-1733 1752-1773 17b6-17c8
1885-1938 1a17-1a1b 1a55-1a5e 1a61-1a74 1abf-1ac0 1acc-1b04 1b35-1b43 1b80-1ba9 1bac-1bad 1be7-1bf1
1c24-1c36 1dd3-1df4 24b6-24e9 2de0-2dff a674-a67b a69e-a69f a802 a80b-a827 a880-a8c3 a8c5 a8ff-a92a
a947-a952 a980-a983 a9b4-a9bf a9e5-aa4d aa7b-aabe aaeb-aaef aaf5 abe3-abea fb1e 10376-1037a
10a01-10a0f 10d24-10eac 11000-11045 11073-11074 11080-110b8 110c2 11100-11132 11145-11146
11180-111bf 111ce-111cf 1122c-11234 11237 1123e 112df-112e8 11300-11303 1133e-1134c 11357-11363
11435-11441 11443-11445 114b0-114c1 115af-115be 115dc-1163e 11640 116ab-116b5 1171d-1172a
1182c-11838 11930-1193c 11940-11942 119d1-119df 119e4-11a0a 11a35-11a3e 11a51-11a97 11c2f-11c3e
11c92-11d41 11d43 11d47-11d96 11ef3-11ef6 16f4f-16f92 16ff0-16ff1 1bc9e 1e000-1e02a 1e947
1f130-1f149 1f150-1f169 1f170-1f189
"""

_stemming = Lock()  # neither PyStemmer nor snowballstemmer is safe in two threads


@frozen
class SparseVector:
    """Term ids, ascending, and the weight of each; empty for a text of stop words."""

    indices: tuple[int, ...]
    values: tuple[float, ...]


def stems(text: str, language: str = "english") -> list[str]:
    """The words of *text* in order, in lower case, without stop words and endings."""
    words = _pattern(text.isascii()).findall(text.replace("_", " "))
    return list(filter(None, map(_stem_of(language), map(str.lower, words))))


@lru_cache(maxsize=8_192)
def vocabulary(text: str) -> frozenset[str]:
    """The stems of a piece of the book; the pieces that readers ask about are few."""
    return frozenset(stems(text))


def term_ids(text: str, language: str = "english") -> list[int]:
    """One id for each stem, in order, with repetitions."""
    return [term_id(stem) for stem in stems(text, language)]


def query_vector(text: str, language: str = "english") -> SparseVector:
    """Each term of a question once, with weight 1."""
    ids = tuple(sorted(set(term_ids(text, language))))
    return SparseVector(ids, (1.0,) * len(ids))


def passage_vector(text: str, average_terms: float, language: str = "english") -> SparseVector:
    """BM25's share of each term of a passage; the engine multiplies by IDF when it searches."""
    counts = Counter(term_ids(text, language))
    length = counts.total() / max(average_terms, 1.0)
    damping = SATURATION * (1 - LENGTH_NORMALISATION + LENGTH_NORMALISATION * length)
    weights = {term: n * (SATURATION + 1) / (n + damping) for term, n in counts.items()}
    ids = tuple(sorted(weights))
    return SparseVector(ids, tuple(weights[term] for term in ids))


@cache
def _pattern(ascii_only: bool) -> re.Pattern[str]:  # noqa: FBT001 - the key of a cache
    if ascii_only:
        return re.compile(r"[a-zA-Z0-9]+")
    marks = re.sub(r"[0-9a-f]+", lambda code: chr(int(code[0], 16)), ALPHABETIC_MARKS)
    return re.compile(rf"[\w{''.join(marks.split())}]+")


@cache
def _stem_of(language: str) -> Callable[[str], str]:
    """What finds the stem of a word in lower case; "" of a stop word."""
    stop_words = STOP_WORDS if language == "english" else frozenset[str]()

    @lru_cache(maxsize=65_536)
    def stem(word: str) -> str:
        if word in stop_words:
            return ""
        with _stemming:
            return _stemmer(language)(word)

    return stem


@cache
def _stemmer(language: str) -> Callable[[str], str]:
    """Snowball's, compiled when PyStemmer is installed; words stay whole where there is none."""
    import snowballstemmer

    if language not in snowballstemmer.algorithms():
        return str
    stem: Callable[[str], str] = snowballstemmer.stemmer(language).stemWord
    return stem


@lru_cache(maxsize=65_536)
def term_id(stem: str) -> int:
    """The index of *stem* in a sparse vector: Qdrant's own."""
    import mmh3

    return abs(mmh3.hash(stem))
