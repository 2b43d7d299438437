"""Buckets of tokens and budgets of a day. The SQL is in limits.sql."""

from collections.abc import Sequence

from database import Executor, once, statement
from models import Charged


@once
async def charge(
    db: Executor | None,
    *,
    buckets: Sequence[str],
    steps: Sequence[float],
    spans: Sequence[float],
    budgets: Sequence[str],
    per_day: Sequence[int],
    needed: Sequence[bool],
) -> Charged:
    """Steps and spans in seconds, keys once; without a *needed* budget nothing is charged."""


@statement
async def forget(db: Executor | None, *, keys: Sequence[str]) -> None:
    """Fill these buckets."""


@statement
async def sweep(db: Executor | None, *, at_most: int) -> None:
    """Delete what no longer limits anyone."""
