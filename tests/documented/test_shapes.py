"""The comparison itself: what it lets pass, and what it does not."""

import pytest

from tests.documented.shapes import Comparison, Shape

CAME = {"id": "live", "n": 0.5, "status": "success", "items": [{"a": 1}, {"a": 2}], "none": None}
WHOLE = '{"id": "doc", "n": 1, "status": "success", "items": [{"a": 9}], "none": null}'


@pytest.mark.parametrize(
    "shown",
    [
        WHOLE,
        '{"id": "doc", …}',
        '{…, "items": [{…}, …], "none": null, …}',
        '{"id": "doc", "items": […], …}',
        '{"id": "doc", "n": 1, "status": "success", "items": [{"a":',
        '{"id": "do',
        "{…}",
    ],
)
def test_what_is_left_out_or_cut_off_may_be_anything(shown: str) -> None:
    """The ellipsis stands for members, items, or the rest."""
    Comparison().compare(Shape(shown).value, CAME)


@pytest.mark.parametrize(
    ("whole", "other"),
    [
        ('"id": "doc", ', ""),
        ('"id": "doc"', '"id": 1'),
        ('"id": "doc"', '"name": "doc"'),
        ('"n": 1', '"n": "1"'),
        ('"n": 1', '"n": true'),
        ('"n": 1', '"n": null'),
        ('"success"', '"error"'),
        ('[{"a": 9}]', "[]"),
        ('[{"a": 9}]', '[{"a": "9"}]'),
        ('[{"a": 9}]', '{"a": 9}'),
        ('"none": null', '"none": "text"'),
    ],
)
def test_what_differs_is_found(whole: str, other: str) -> None:
    """A member too few or too many, another type, another status."""
    assert whole in WHOLE
    with pytest.raises(AssertionError):
        Comparison().compare(Shape(WHOLE.replace(whole, other)).value, CAME)


def test_the_ids_of_a_document_are_learned() -> None:
    """Later commands of the page name them."""
    comparison = Comparison()
    comparison.compare(Shape(WHOLE).value, CAME)

    assert comparison.learned == {"doc": "live"}
