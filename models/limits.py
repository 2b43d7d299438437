"""What limits say."""

from collections.abc import Collection
from datetime import timedelta

from records import record


@record()
class Charged:
    """Zero, or how long to wait; and the keys of the budgets that had nothing left."""

    wait: timedelta
    spent: Collection[str]
