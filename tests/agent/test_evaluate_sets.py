"""The handbook's gold questions are true of the handbook."""

from collections import Counter

import pytest

from agent.book import read_book
from agent.evaluate.sets import HANDBOOK, Gold, plain, read_set

QUESTIONS = read_set("handbook").questions
ANSWERABLE = [gold for gold in QUESTIONS if gold.kind == "answerable"]
PAGES = {page.path: page.markdown for page in read_book(HANDBOOK).pages}


def test_there_are_sixty_four_with_an_answer_and_thirty_without() -> None:
    """Each of them once."""
    assert Counter(gold.kind for gold in QUESTIONS) == {"answerable": 64, "off_book": 30}
    assert len({gold.question.lower() for gold in QUESTIONS}) == len(QUESTIONS)


@pytest.mark.parametrize("gold", ANSWERABLE, ids=lambda gold: gold.question)
def test_an_answer_stands_on_its_page(gold: Gold) -> None:
    """A page that is rewritten takes its questions along."""
    (page,) = gold.pages

    assert gold.is_in(PAGES[page]), plain(gold.answers[0])


def test_every_page_is_asked_about() -> None:
    assert {page for gold in ANSWERABLE for page in gold.pages} == set(PAGES)
