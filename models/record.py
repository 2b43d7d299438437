"""The kind of class that most models are."""

from collections.abc import Callable
from typing import TypeVar, dataclass_transform

from attrs import field, frozen

T = TypeVar("T")


@dataclass_transform(frozen_default=True, eq_default=False, field_specifiers=(field,))
def record(*, kw_only: bool = False) -> Callable[[type[T]], type[T]]:
    """A frozen attrs class that equals nothing but itself, and never shows what it holds.

    Comparing and printing would be compiled at each start, for half the price of a class. A model
    that is compared, or evolved, is ``attrs.frozen``.
    """
    return frozen(kw_only=kw_only, eq=False, repr=False)
