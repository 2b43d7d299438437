"""Debian's PgBouncer, in transaction mode, in front of the tests' Postgres."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, urlsplit

from postmaster.account import account_for

PROGRAM = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
CONFIG = """
[databases]
* = host={sockets} port=5432 user=footnote

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 20
max_client_conn = 500
server_idle_timeout = 1
server_login_retry = 1
ignore_startup_parameters = extra_float_digits
logfile = {place}/log
"""


class PgBouncer:
    """Every database of the server that *dsn* names, through twenty connections each."""

    def __init__(self, dsn: str, place: Path) -> None:
        self.place = place
        self.sockets = parse_qs(urlsplit(dsn).query)["host"][0]
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port: int = listener.getsockname()[1]

    def through(self, dsn: str) -> str:
        """*dsn*, of a database of the same server, by way of the pooler."""
        name = urlsplit(dsn).path
        return f"postgresql://footnote@127.0.0.1:{self.port}{name}?pgbouncer=true&sslmode=disable"

    def __enter__(self) -> Self:
        config = self.place / "pgbouncer.ini"
        config.write_text(CONFIG.format(sockets=self.sockets, port=self.port, place=self.place))
        # It refuses to be root, too, and pytest's directories are private: closed anew by each run.
        account = account_for(self.place, Path(self.sockets))
        becomes = os.geteuid() == 0 and not account.prefix
        os.chown(self.place, account.uid, account.gid)
        self._process = subprocess.Popen(
            [*account.prefix, PROGRAM, "-q", str(config)],
            user=account.uid if becomes else None,
            group=account.gid if becomes else None,
        )
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert self._process.poll() is None, (self.place / "log").read_text()
                time.sleep(0.02)
            else:
                return self
        raise AssertionError("PgBouncer does not listen")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=5)
