"""Ways in which a database goes away, and comes back."""

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from postmaster import Postmaster
from tests.chaos.proxy import ChaosProxy


class Postgres:
    """A private server in *directory*, and the proxy through which the service sees it."""

    def __init__(self, directory: Path, server: Postmaster) -> None:
        self.directory, self.server = directory, server
        self.proxy = ChaosProxy(directory / "socket" / ".s.PGSQL.5432")

    @property
    def dsn(self) -> str:
        """Through the proxy."""
        name = self.server.dsn.split("/")[3].partition("?")[0]
        return f"postgresql://footnote@127.0.0.1:{self.proxy.port}/{name}?sslmode=disable"

    @property
    def pid(self) -> int:
        return int((self.directory / "pg" / "postmaster.pid").read_text().split()[0])

    def __enter__(self) -> Self:
        self.proxy.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.proxy.__exit__()
        self.server.stop()

    def killed(self, seconds: float) -> None:
        """The server and what it has not written are gone; it recovers at the next start."""
        os.kill(self.pid, signal.SIGKILL)
        self.proxy.cut()
        self._again(seconds)

    def stopped(self, seconds: float) -> None:
        """An orderly restart, as for an update."""
        self.server.stop()
        self._again(seconds)

    def back(self) -> None:
        """Start it again."""
        self.server = Postmaster.start(self.directory)

    def paused(self, seconds: float) -> None:
        """It takes connections, and never answers on a new one."""
        pid = self.pid
        os.kill(pid, signal.SIGSTOP)
        self.proxy.cut()
        time.sleep(seconds)
        os.kill(pid, signal.SIGCONT)

    def stalled(self, seconds: float) -> None:
        """Nothing arrives, on any connection, and nothing is lost."""
        self.proxy.mode = "stall"
        time.sleep(seconds)
        self.proxy.mode = "pass"

    def _again(self, seconds: float) -> None:
        time.sleep(seconds)
        self.server._users.close()
        self.server = Postmaster.start(self.directory)

    @property
    def kinds(self) -> list[Callable[[float], None]]:
        return [self.killed, self.stalled, self.stopped, self.paused]

    def outage(self, number: int) -> str:
        """One after the other of the kinds; what it was."""
        kind = self.kinds[number % len(self.kinds)]
        kind(random.uniform(0.3, 1.5))
        return kind.__name__
