"""Debian's PgBouncer, in transaction mode, in front of the tests' Postgres."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, urlsplit

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
        user = "nobody" if os.geteuid() == 0 else None  # it refuses to be root
        if user:
            nobody = pwd.getpwnam(user)
            os.chown(self.place, nobody.pw_uid, nobody.pw_gid)
            for parent in {
                *self.place.parents,
                *Path(self.sockets).parents,
            }:  # pytest's are private
                if parent.stat().st_uid == 0 and parent != Path("/tmp"):  # noqa: S108
                    parent.chmod(parent.stat().st_mode | 0o011)
        self._process = subprocess.Popen(
            [PROGRAM, "-q", str(config)], user=user, group=user and "nogroup"
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
