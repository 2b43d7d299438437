"""Readers of answers that another process writes. The SQL is in relays.sql."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from database import Executor, idempotent, statement
from models import RelayedFrames, Wish


@idempotent
async def open(  # noqa: A001 - the module is part of the name: relays.open
    db: Executor | None,
    *,
    relay_id: UUID,
    message_id: UUID,
    user_id: UUID | None,
    is_stop: bool,
    after: int,
    is_numbered: bool,
) -> None: ...


@idempotent
async def wanted(
    db: Executor | None, *, message_ids: Sequence[UUID], patience: timedelta
) -> list[Wish]: ...


@statement
async def write(
    db: Executor | None, *, relay_id: UUID, frames: str, is_over: bool, patience: timedelta
) -> UUID | None: ...


@statement
async def fetch(
    db: Executor | None, *, relay_id: UUID, patience: timedelta
) -> RelayedFrames | None: ...


@idempotent
async def close(db: Executor | None, *, relay_id: UUID) -> None: ...
