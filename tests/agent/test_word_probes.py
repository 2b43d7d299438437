"""A book without headings gives a threshold by its words."""

from uuid import UUID

import pytest
from attrs import evolve

from agent.ingest.word_probes import FEWEST, PROBES, WORDS, between, probes
from agent.passages import Passage
from tests.agent.library import manifest, plain_book, sense


def threshold_of(of: list[Passage], *, common: float = 0.0) -> float | None:
    vectors = {p.passage_id: [sense(p.text, common=common)] for p in of}
    asked = {probe: sense(probe, common=common) for probe in probes(of)}
    return between(manifest(of), of, vectors, asked)


def test_probes_are_the_same_each_time() -> None:
    """So that ingesting an unchanged book changes nothing, and embeds nothing."""
    assert probes(plain_book(60)) == probes(plain_book(60))


def test_an_edit_changes_few_probes() -> None:
    """All the others keep their embeddings."""
    of = plain_book(200)
    before = set(probes(of))
    edited = set(probes([evolve(of[0], text=f"{of[0].text} coolingly"), *of[1:]]))
    grown = set(probes([*of, evolve(of[0], passage_id=UUID(int=9**9), text=of[1].text[::-1])]))

    assert len(edited - before) <= 2 * (1 + WORDS)
    assert len(grown - before) <= 1 + WORDS


def test_sound_probes_are_of_one_passage_and_empty_ones_of_several() -> None:
    """In the order of the book; each of five words."""
    of = plain_book(200)
    drawn = probes(of)

    assert (len(drawn.sound), len(drawn.empty)) == (PROBES, PROBES)
    assert all(len(probe.split()) == WORDS for probe in drawn)
    texts = [p.text.split() for p in of]
    assert all(any(set(probe.split()) <= set(text) for text in texts) for probe in drawn.sound)
    whole = [any(set(probe.split()) <= set(text) for text in texts) for probe in drawn.empty]
    assert sum(whole) < PROBES / 10


def test_the_threshold_parts_the_two_kinds() -> None:
    """It is a confidence that a question about nothing hardly reaches."""
    found = threshold_of(plain_book(200))

    assert found is not None
    assert 0.2 < found < 0.9


def test_a_model_whose_cosines_are_all_high_gets_a_higher_threshold() -> None:
    """Some embedding models find everything alike; their books must still refuse."""
    usual, alike = threshold_of(plain_book(200)), threshold_of(plain_book(200), common=12.0)

    assert usual is not None
    assert alike is not None
    assert alike > usual + 0.1


@pytest.mark.parametrize("count", [0, 1, FEWEST - 1])
def test_a_small_book_has_no_threshold_of_its_own(count: int) -> None:
    """Chance would decide it."""
    assert threshold_of(plain_book(count)) is None


def test_ids_do_not_matter() -> None:
    """The threshold is about texts."""
    of = plain_book(60)
    renamed = [evolve(p, passage_id=UUID(int=p.passage_id.int + 1000)) for p in of]

    assert threshold_of(of) == threshold_of(renamed)
