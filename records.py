"""Frozen attrs classes that cost little to make: attrs compiles their printing at each start.

Printing is half the price of a class, and a start makes 70 that print. So it is one function here,
which shows what attrs would show.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform

import attrs
from attrs import field

__all__ = ["frozen", "record"]

T = TypeVar("T")

if TYPE_CHECKING:
    from attrs import frozen  # mypy knows attrs by its name
else:

    def frozen(made: type | None = None, **how: Any) -> Any:
        """As attrs' own; a field with ``repr=False`` is not shown."""
        if made is None:
            return lambda made: frozen(made, **how)
        kind = attrs.frozen(made, **{"repr": False} | how)
        if "__repr__" not in kind.__dict__:
            kind.__repr__ = _shown
        return kind


@dataclass_transform(frozen_default=True, eq_default=False, field_specifiers=(field,))
def record(*, kw_only: bool = False) -> Callable[[type[T]], type[T]]:
    """One that equals nothing but itself, and never shows what it holds.

    Comparing is a quarter of the price. A model that is compared, or evolved, is ``frozen``.
    """
    return attrs.frozen(kw_only=kw_only, eq=False, repr=False)


def _shown(self: Any) -> str:
    shown = (each.name for each in attrs.fields(type(self)) if each.repr)
    inside = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
    name = type(self).__qualname__.rsplit(">.", 1)[-1]
    return f"{name}({inside})"
