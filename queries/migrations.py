"""What has been applied. The SQL is in migrations.sql."""

from database import Executor, statement


@statement
async def create_table(db: Executor) -> None:
    """Make the record of migrations if there is none."""


@statement
async def lock(db: Executor) -> None:
    """Be the only migrator until the transaction ends."""


@statement
async def applied(db: Executor | None) -> list[str]:
    """Names, in order."""
