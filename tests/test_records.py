"""A record prints as attrs would print it, and as little of what must not be shown."""

import attrs
import pytest
from attrs import field

from records import frozen


@frozen(kw_only=True)
class Lamp:
    oil: str
    wicks: int = 2
    _key: str = field(default="secret", repr=False)


def test_printing_is_that_of_attrs() -> None:
    """Also of a class within a function; without the field that is not shown."""

    @frozen
    class Inner:
        lamp: Lamp

    theirs = attrs.make_class("Inner", ["lamp"], frozen=True)
    lamp = Lamp(oil="whale")

    assert repr(lamp) == "Lamp(oil='whale', wicks=2)"
    assert repr(Inner(lamp)) == repr(theirs(lamp)) == f"Inner(lamp={lamp!r})"


def test_a_record_compares_and_stays_as_it_is() -> None:
    """By its values, also as a key; nothing of it can be set."""
    lamp = Lamp(oil="whale")
    assert {lamp: 1}[Lamp(oil="whale")] == 1
    assert lamp != Lamp(oil="seal")

    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        lamp.oil = "seal"  # type: ignore[misc]  # mypy knows, too


def test_a_record_may_print_itself() -> None:
    """Its own way stays."""

    @frozen
    class Secret:
        key: str

        def __repr__(self) -> str:
            return "Secret()"

    assert repr(Secret("k")) == "Secret()"
