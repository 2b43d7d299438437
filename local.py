"""Local mode: a database and an index on this machine, for whatever no server is configured for.

All of it lives in one private directory (FOOTNOTE_HOME): ``postgres/``, ``index/``,
``embeddings.sqlite`` and ``secret``. Nothing here is needed when DATABASE_URL and QDRANT_URL are
set, nor possible without requirements-local.txt: then the service starts without, and says so.
"""

import asyncio
import logging
import secrets
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from attrs import evolve

import migrate
from agent.index import generations, index_directory
from database import OUTAGES
from settings import ROOT, Settings

if TYPE_CHECKING:
    from postmaster import Postmaster

log = logging.getLogger("footnote.local")

POLL_SECONDS = 0.05
STOP_SECONDS = 5.0
ABRUPT_EXIT, BUSY_EXIT = 4, 5  # as those of ingest: the disk is full, another run is writing


class LocalUnavailable(Exception):
    """Local mode cannot give what is missing; the message tells a person why and what to do."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@asynccontextmanager
async def opened(
    settings: Settings, *, refresh: bool = False, strict: bool = False
) -> AsyncIterator[Settings]:
    """*settings* completed with what this machine can give, until the block ends.

    A missing index is built before the block starts; with *refresh* an existing one is brought up
    to date beside it. What is not to be had is logged, or with *strict* raises
    ``LocalUnavailable``.
    """
    async with AsyncExitStack() as stack:
        for complete in (_with_secret, _with_database, partial(_with_index, refresh=refresh)):
            try:
                settings = await complete(settings, stack)
            except LocalUnavailable as missing:
                if strict:
                    raise
                log.warning("%s", missing)
        yield settings


async def _with_secret(settings: Settings, _: AsyncExitStack) -> Settings:
    return evolve(settings, auth_secret=settings.auth_secret or secret(settings.home))


async def _with_database(settings: Settings, stack: AsyncExitStack) -> Settings:
    if settings.database_url:
        return settings
    postgres = await start_database(settings.home)
    stack.callback(postgres.stop)  # not in a thread: a second Ctrl-C would cancel its turn
    try:
        await migrate.apply(postgres.dsn)
    except OUTAGES as error:
        raise LocalUnavailable(f"The private Postgres cannot be set up: {error}") from error
    return evolve(settings, database_url=postgres.dsn)


async def _with_index(settings: Settings, stack: AsyncExitStack, *, refresh: bool) -> Settings:
    if not settings.qdrant_url and (refresh or not has_index(settings)):
        ingest = await start_ingest(settings)
        stack.push_async_callback(end, ingest)
        await until_answerable(settings, ingest)
    return settings


async def start_database(home: Path) -> "Postmaster":
    """The private Postgres under *home*. Raises ``LocalUnavailable``.

    A cancelled start is waited for and stopped: its thread cannot be cancelled, and would leave a
    server behind.
    """
    from postmaster import PostgresUnavailable, Postmaster  # which a server does without

    starting = asyncio.create_task(asyncio.to_thread(Postmaster.start, home / "postgres"))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with suppress(PostgresUnavailable, OSError):
            await asyncio.to_thread((await starting).stop)
        raise
    except (PostgresUnavailable, OSError) as error:
        raise LocalUnavailable(str(error)) from error


def has_index(settings: Settings) -> bool:
    return generations.current(index_directory(settings.home, settings.book)) is not None


async def start_ingest(settings: Settings) -> asyncio.subprocess.Process:
    """Ingest in a process of its own, a nice one: embedding must not slow the answers down."""
    nice = ["nice", "-n", "10"] if shutil.which("nice") else []
    command = [*nice, sys.executable, "-m", "agent.ingest"]
    command += [str(settings.book.resolve()), "--early"]
    command += ["--home", str(settings.home.resolve())]
    if settings.book_url:
        command += ["--base-url", settings.book_url]
    return await asyncio.create_subprocess_exec(*command, cwd=ROOT)


async def until_answerable(settings: Settings, ingest: asyncio.subprocess.Process) -> None:
    """Wait for the first index. Raises ``LocalUnavailable`` when ingest ends without one."""
    while not has_index(settings):
        if ingest.returncode not in (None, BUSY_EXIT):  # busy: another start is indexing this book
            raise _without_index(ingest.returncode)
        await asyncio.sleep(POLL_SECONDS)


def _without_index(code: int) -> LocalUnavailable:
    if code >= 0:
        return LocalUnavailable("The book has no index; ingest said why.", code or 1)
    name = signal.Signals(-code).name  # SIGBUS: embedded Qdrant wrote to a disk that was full
    return LocalUnavailable(
        f"Ingest was ended by {name}: free some disk and memory, then start again.", ABRUPT_EXIT
    )


async def end(ingest: asyncio.subprocess.Process) -> None:
    """Stop it if it still runs; the next run goes on where it was."""
    with suppress(ProcessLookupError):
        ingest.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await ingest.wait()
    except TimeoutError:
        ingest.kill()
        await ingest.wait()


def secret(home: Path) -> str:
    """This installation's own secret, made at its first start; only its owner can read it.

    Raises ``LocalUnavailable``.
    """
    path = home / "secret"
    try:
        home.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=home) as new:  # which makes files of mode 0600
            new.write(secrets.token_urlsafe(48))
            new.flush()
            with suppress(FileExistsError):
                path.hardlink_to(new.name)  # whole or not at all, for processes that start at once
        return path.read_text()
    except OSError as error:
        sentence = f"{home} cannot be written ({error.strerror}): set FOOTNOTE_HOME to another."
        raise LocalUnavailable(sentence) from error
