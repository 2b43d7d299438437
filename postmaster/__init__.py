"""A private PostgreSQL for local mode and the tests: found, made, started, shared and stopped.

A directory on a local disk holds one cluster and what guards it:

- ``pg/`` the cluster, ``log`` what it says, ``socket/`` where it listens (there is no TCP);
- ``start.lock`` is held by whoever starts or stops the server;
- ``users.lock`` is shared by all who use it: the last one out stops it;
- ``server.lock`` is inherited by the server and its children. That it is free proves that none of
  them lives, which no pid can: pids are recycled, and a zombie still answers to its own.

Knows nothing of asyncpg, migrations or settings. Blocks: call it in a thread.
"""

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from io import BufferedRandom
from pathlib import Path
from typing import Self

from attrs import field

from postmaster.home import (
    PostgresUnavailable,
    claim,
    failure,
    locked,
    open_private,
    sockets_of,
)
from postmaster.launch import Launch
from postmaster.listener import ask, listener_of, ready
from records import frozen

__all__ = ["PostgresUnavailable", "Postmaster"]


@frozen(eq=False)
class Postmaster:
    """A running server of one directory, started by us or found running, until ``stop``."""

    dsn: str
    _home: Path
    _users: BufferedRandom = field(repr=False)

    @classmethod
    def start(cls, directory: Path, *, timeout: float = 60) -> Self:
        """The server of *directory*: made (1 s), started (0.05 s), recovered or joined (5 ms).

        *timeout* is in seconds. ``PostgresUnavailable`` says what is wrong, and then nothing that
        we started runs on.
        """
        if sys.platform == "win32":
            raise PostgresUnavailable(
                "Footnote starts its own PostgreSQL on Linux and macOS only: run it in WSL, or set"
                " DATABASE_URL to a PostgreSQL."
            )
        deadline = time.monotonic() + timeout
        try:
            home = claim(directory)
            with _alone(home, deadline):
                return cls._join(home, deadline)
        except OSError as error:
            raise PostgresUnavailable(
                f"PostgreSQL cannot use {directory} ({error.strerror}): set FOOTNOTE_HOME to a"
                " directory of yours on a local disk with 100 MB free, or set DATABASE_URL."
            ) from error

    @classmethod
    def _join(cls, home: Path, deadline: float) -> Self:
        users = open_private(home / "users.lock")
        locked(users, shared=True)
        try:
            sockets = _serve(home, deadline)
        except BaseException:
            _leave(home, users)
            raise
        address = f"host={sockets}&port=5432&sslmode=disable"  # all said: PG* variables decide none
        return cls(f"postgresql://footnote@/footnote?{address}", home, users)

    def stop(self) -> None:
        """Leave the server, and end it (20 ms) if no other process uses it. Idempotent."""
        if not self._users.closed:
            with _alone(self._home, time.monotonic() + 60):
                _leave(self._home, self._users)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@contextlib.contextmanager
def _alone(home: Path, deadline: float) -> Iterator[None]:
    with open_private(home / "start.lock") as file:
        while not locked(file):
            if time.monotonic() > deadline:
                raise PostgresUnavailable(
                    f"Another process is still starting or stopping PostgreSQL in {home}: try again"
                    " in a minute, or end that process."
                )
            time.sleep(0.01)
        yield


def _leave(home: Path, users: BufferedRandom) -> None:
    if not users.closed:
        with users:
            if locked(users):  # nobody else's shared lock is in the way: we are the last
                _shut_down(home)


def _serve(home: Path, deadline: float) -> Path:
    """Where the server's socket is, once it takes sessions; launched when none is alive."""
    launched = False
    while (sockets := ready(home)) is None:
        if time.monotonic() > deadline:
            raise failure(home, "does not answer")
        with open_private(home / "server.lock") as lock:
            dead = locked(lock)
            if dead and launched:
                raise failure(home, "ended while it started")
            if dead:
                Launch.prepare(home, lock, deadline).start()
        launched = launched or dead
        time.sleep(0.01)
    return sockets


def _shut_down(home: Path) -> None:
    """End the server: fast (SIGINT), or at once (SIGQUIT; it recovers at its next start)."""
    server = listener_of(home)
    for sign, patience in ((signal.SIGINT, 20), (signal.SIGQUIT, 5)):
        # A pid alone may be recycled; a socket that takes connections shows that its owner lives.
        if server and ask(server.sockets) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(server.pid, sign)
        if _ends(home, time.monotonic() + patience):
            shutil.rmtree(sockets_of(home), ignore_errors=True)
            return
    raise failure(home, "does not stop")


def _ends(home: Path, deadline: float) -> bool:
    with open_private(home / "server.lock") as lock:
        while not (dead := locked(lock)) and time.monotonic() < deadline:
            time.sleep(0.005)
        return dead
