"""The directory of a private PostgreSQL: its files, its locks, and what it says of a failure."""

import hashlib
import os
import re
import tempfile
from io import BufferedRandom
from pathlib import Path


class PostgresUnavailable(Exception):
    """There is no PostgreSQL for us; the message tells a person why and what to do."""


def claim(directory: Path) -> Path:
    # Root's directory lets nobody through (not list) to pg/ and socket/, which are nobody's own.
    directory.mkdir(mode=0o700 if os.geteuid() else 0o711, parents=True, exist_ok=True)
    if directory.stat().st_uid == os.geteuid():
        return directory.resolve()
    raise PostgresUnavailable(
        f"{directory} belongs to another user: run Footnote as that user, or set FOOTNOTE_HOME to a"
        " directory of yours."
    )


def open_private(path: Path) -> BufferedRandom:
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "r+b")


def locked(file: BufferedRandom, *, shared: bool = False) -> bool:
    """Whether we hold the lock now; closing the file gives it back, unless a child has it too."""
    import fcntl  # not on Windows, which `start` refuses in its own words

    try:
        fcntl.flock(file, fcntl.LOCK_NB | (fcntl.LOCK_SH if shared else fcntl.LOCK_EX))
    except BlockingIOError:
        return False
    return True


def sockets_of(home: Path) -> Path:
    """``socket/``, or a short name under the temporary directory: a socket's path is limited.

    107 bytes with its name on Linux, 103 on macOS.
    """
    inside = home / "socket"
    if re.fullmatch(r"[\w./-]{1,88}", str(inside), re.ASCII):  # commas, + and % mean something
        return inside
    digest = hashlib.blake2s(os.fsencode(home), digest_size=8).hexdigest()
    return Path(tempfile.gettempdir()) / f"footnote-{digest}"


def failure(home: Path, what: str) -> PostgresUnavailable:
    log = home / "log"
    ending = log.read_text(errors="replace").splitlines()[-10:]
    reasons = re.findall(r"(?:FATAL|PANIC|HINT|error): +(.*)", "\n".join(ending))
    why = "; ".join(dict.fromkeys(reasons)) or "it does not say why"
    return PostgresUnavailable(
        f"PostgreSQL {what} ({why}): set that right ({log} says more), or set DATABASE_URL."
    )
