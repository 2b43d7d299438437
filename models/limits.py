"""What limits say."""

from collections.abc import Collection
from datetime import timedelta

from attrs import frozen


@frozen
class Charged:
    """Zero, or how long to wait; and the keys of the budgets that had nothing left."""

    wait: timedelta
    spent: Collection[str]
