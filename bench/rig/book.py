"""Books of any size, and questions that they answer: English words in made-up sentences.

The same size gives the same book. Each section is a passage of some 90 words, whose words fall off
as those of a language do, and which has a question of its own.
"""

import gzip
import json
import random
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from attrs import frozen

from agent.embedding.minilm import VOCABULARY

FUNCTION_WORDS, WORDS = 300, 6_000  # the former stand first
SECTIONS_A_PAGE, SENTENCES = 20, 6
SENTENCE = "The {} {} keeps the {} near the {} until the {} {} has {} the {} of every {}."


@frozen
class Section:
    title: str
    text: str
    question: str


def sections(count: int) -> Iterator[Section]:
    words, draw = vocabulary(), random.Random(count)  # noqa: S311 - the same book each time
    weights = list(accumulate(1 / (rank + 20) for rank in range(len(words))))

    def some(number: int) -> Sequence[str]:
        return draw.choices(words, cum_weights=weights, k=number)

    for _ in range(count):
        told = [some(9) for _ in range(SENTENCES)]
        first, second, third, fourth, *_ = told[0]
        yield Section(
            title=f"The {first} {second}",
            text=" ".join(SENTENCE.format(*sentence) for sentence in told),
            question=f"Why does the {first} {second} keep the {third} near the {fourth}?",
        )


def write(book: Path, passages: int) -> list[str]:
    """The questions of a book of so many *passages*, written into a folder if it is not there."""
    found = list(sections(passages))
    if not book.exists():
        book.mkdir(parents=True)
        for page in range(0, passages, SECTIONS_A_PAGE):
            own = found[page : page + SECTIONS_A_PAGE]
            text = "\n\n".join(f"## {section.title}\n\n{section.text}" for section in own)
            name = f"page-{page // SECTIONS_A_PAGE:04}"
            (book / f"{name}.md").write_text(f"# {name.title()}\n\n{text}\n")
    return [section.question for section in found]


def bodies(questions: Sequence[str]) -> tuple[str, ...]:
    """Requests of our chat routes."""
    return tuple(json.dumps({"message": {"content": question}}) for question in questions)


def vocabulary() -> list[str]:
    """Common English words, the most common first as far as the model's vocabulary knows."""
    lines = gzip.decompress(VOCABULARY.read_bytes()).decode().splitlines()
    words = [word for word in lines if word.isascii() and word.isalpha() and len(word) > 3]
    return words[FUNCTION_WORDS : FUNCTION_WORDS + WORDS]
