"""Buckets of tokens and budgets of a day. The SQL is in limits.sql."""

from collections.abc import Sequence
from datetime import timedelta

from database import Executor, statement


@statement
async def take(
    db: Executor | None, *, keys: Sequence[str], steps: Sequence[float], spans: Sequence[float]
) -> timedelta:
    """A token of each key, or none at all and the wait; steps and spans in seconds, keys once."""


@statement
async def forget(db: Executor | None, *, keys: Sequence[str]) -> None:
    """Fill these buckets."""


@statement
async def spend(db: Executor | None, *, key: str, per_day: int) -> bool:
    """Whether a unit of today was left; it is spent now."""


@statement
async def sweep(db: Executor | None, *, at_most: int) -> None:
    """Delete what no longer limits anyone."""
