"""Sessions, as Better Auth keeps them. The SQL is in sessions.sql."""

from datetime import datetime, timedelta
from uuid import UUID

from database import Executor, idempotent, statement
from models import FoundSession, SessionRecord


@statement
async def add(
    db: Executor,
    *,
    user_id: UUID,
    token: str,
    presented: str | None,
    lifetime: timedelta,
    at_most: int,
    ip_address: str | None,
    user_agent: str | None,
) -> datetime:
    """When it expires. Exact in number under the user's lock."""


@statement
async def find(
    db: Executor | None, *, token: str, refresh_after: timedelta, absolute: timedelta
) -> FoundSession | None:
    """``None``: unknown, expired or ended. The token's signature has been checked before."""


@idempotent
async def prolong(
    db: Executor | None, *, token: str, lifetime: timedelta, absolute: timedelta
) -> datetime | None:
    """``None``: it has just ended."""


@idempotent
async def close(db: Executor | None, *, token: str) -> None: ...


@statement
async def newest(db: Executor | None, *, user_id: UUID) -> list[SessionRecord]: ...
