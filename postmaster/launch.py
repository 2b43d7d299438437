"""One start of a private PostgreSQL, on a new cluster if there is none. Knows no other process."""

import os
import shutil
import time
from io import BufferedRandom
from pathlib import Path
from typing import Self

from postmaster.account import Account, account_for
from postmaster.home import failure, open_private, sockets_of
from postmaster.programs import major_of, programs_for
from records import frozen

LOG_BYTES = 5_000_000
SETTINGS = (
    "--listen_addresses=",
    "--unix_socket_permissions=0700",
    "--max_connections=40",
    "--shared_buffers=32MB",
    "--max_wal_size=256MB",  # bounds the disk it takes and the time of a recovery
    "--log_error_verbosity=terse",  # a DETAIL quotes rows, and those are our readers'
    "--log_checkpoints=off",
)


@frozen
class Launch:
    """One start of the server; it and everything it forks inherit *lock*."""

    home: Path
    programs: Path
    account: Account
    lock: BufferedRandom
    deadline: float

    @classmethod
    def prepare(cls, home: Path, lock: BufferedRandom, deadline: float) -> Self:
        programs = programs_for(home / "pg")
        account = account_for(programs / "postgres", home, sockets_of(home).parent)
        return cls(home, programs, account, lock, deadline)

    def start(self) -> None:
        log = self.home / "log"
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(self.home / "log.old")
        cluster, sockets = self.home / "pg", sockets_of(self.home)
        if not cluster.exists():
            self._create(cluster)
        (cluster / "postmaster.pid").unlink(missing_ok=True)  # none lives, whatever pid it names
        self._make_private(sockets)
        server = (self.programs / "postgres", "-D", cluster, "-k", sockets, *SETTINGS)
        self._run("sh", "-c", '"$@" &', "sh", *server)  # init's child: it may outlive us

    def _create(self, cluster: Path) -> None:
        """Make the cluster elsewhere, then rename it: a killed initdb is never seen as one.

        ``trust`` is safe because the socket's directory lets in its owner (and root) alone.
        """
        new = self.home / "pg.new"
        self._make_private(new)
        locale = ["--locale=C"]
        if major_of(self.programs) >= 17:  # its own locale knows case beyond ASCII
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        initdb = (self.programs / "initdb", "-D", new, "-U", "footnote", "-A", "trust")
        self._run(*initdb, "-E", "UTF8", *locale, "--no-instructions")
        single = (self.programs / "postgres", "--single", "-D", new, "-c", "exit_on_error=on")
        self._run(*single, "postgres", said="create database footnote\n")
        new.rename(cluster)
        _sync(self.home)

    def _make_private(self, directory: Path) -> None:
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(mode=0o700)  # fails if another user put something of that name there
        os.chown(directory, self.account.uid, self.account.gid)

    def _run(self, *command: str | Path, said: str = "") -> None:
        left = max(self.deadline - time.monotonic(), 0)
        keeps = (self.lock.fileno(),)
        with open_private(self.home / "log") as log:
            status = self.account.run(*command, said=said, log=log, keeps=keeps, timeout=left)
        if status:
            raise failure(self.home, f"failed in {Path(command[0]).name}")


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
