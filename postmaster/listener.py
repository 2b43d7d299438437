"""What a running PostgreSQL says of itself: in postmaster.pid, and to a session that asks."""

import contextlib
import os
import socket
import struct
from pathlib import Path

from records import frozen


@frozen
class Listener:
    """What the server writes about itself into postmaster.pid."""

    pid: int
    sockets: Path  # the directory of its socket
    says_ready: bool


def listener_of(home: Path) -> Listener | None:
    try:
        lines = os.fsdecode((home / "pg" / "postmaster.pid").read_bytes()).split("\n")
        listener = Listener(int(lines[0]), Path(lines[4]), lines[7].rstrip() == "ready")
    except (OSError, ValueError, IndexError):
        return None
    # A copy of a running cluster has the file too, and there line 2 names the original.
    return listener if lines[1] == str(home / "pg") else None


def ready(home: Path) -> Path | None:
    server = listener_of(home)
    if server is None or not server.says_ready:  # asked too early it logs a FATAL
        return None
    answer = ask(server.sockets) or b""
    return server.sockets if b"Z\0\0\0\5I" in answer or b"C53300\0" in answer else None


def ask(sockets: Path) -> bytes | None:
    """What the server says to a session that starts and ends; None if nobody listens.

    A session that it takes ends in ReadyForQuery (``Z``); 53300 is an error of a server too busy.
    https://www.postgresql.org/docs/current/protocol-message-formats.html
    """
    names = b"user\0footnote\0database\0footnote\0\0"
    startup = struct.pack("!II", len(names) + 8, 3 << 16) + names
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(str(sockets / ".s.PGSQL.5432"))
        except OSError:
            return None
        with contextlib.suppress(OSError):
            client.sendall(startup + b"X\0\0\0\4")
            return b"".join(iter(lambda: client.recv(4096), b""))
    return b""
