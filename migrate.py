"""Forward-only migrations, and ``make migrate``: apply what DATABASE_URL lacks, say what that was.

Each file of ``migrations/`` also runs by plain ``psql -f``, again without harm, and records itself.
"""

import asyncio
import sys
from pathlib import Path

from database import OUTAGES, connected
from queries import migrations
from settings import read_or_exit

FILES = sorted(Path(__file__).with_name("migrations").glob("*.sql"))
MIGRATION_SECONDS = 120.0  # also for the wait until another migrator is done
NAMES = tuple(path.stem for path in FILES)


async def apply(dsn: str) -> list[str]:
    """Apply what is missing, in order, in one transaction; the names of what was applied.

    Safe to run from several processes at once, also through a pooler. Raises what ``OUTAGES``
    lists.
    """
    async with (
        asyncio.timeout(MIGRATION_SECONDS),
        connected(dsn) as connection,
        connection.transaction(),
    ):
        await migrations.lock(connection)
        await migrations.create_table(connection)
        known = await migrations.applied(connection)
        missing = [path for path in FILES if path.stem not in known]
        for path in missing:
            await connection.execute(path.read_text("utf-8"))
        return [path.stem for path in missing]


def main() -> int:
    url = read_or_exit().database_url
    if url is None:
        print(
            "Set DATABASE_URL (or NEON_DATABASE_URL) to the database to migrate.", file=sys.stderr
        )
        return 2
    try:
        applied = asyncio.run(apply(url))
    except OUTAGES as error:
        print(f"The database cannot be migrated: {error}", file=sys.stderr)
        return 1
    print("\n".join(f"applied {name}" for name in applied) or "nothing to apply")
    return 0


if __name__ == "__main__":
    sys.exit(main())
