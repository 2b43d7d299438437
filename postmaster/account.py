"""Whom a private PostgreSQL runs as: it refuses root, and must reach its programs and data."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from io import BufferedRandom
from pathlib import Path

from postmaster.home import PostgresUnavailable
from records import frozen

ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}  # none of the caller's PG* variables


@frozen
class Account:
    """Whom the server runs as; PostgreSQL refuses to be root."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()  # the command that takes the identity on, if subprocess does not

    def run(
        self,
        *command: str | Path,
        said: str = "",
        log: BufferedRandom | int = subprocess.DEVNULL,
        keeps: tuple[int, ...] = (),
        timeout: float = 10,
    ) -> int:
        """The exit status of *command*, which a Ctrl-C in our terminal does not reach."""
        becomes = os.geteuid() == 0 and not self.prefix
        try:
            return subprocess.run(
                [*self.prefix, *command],
                input=said.encode(),
                stdout=log,
                stderr=log,
                pass_fds=keeps,
                timeout=timeout,
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,
                user=self.uid if becomes else None,
                group=self.gid if becomes else None,
                extra_groups=[] if becomes else None,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired as late:
            raise TimeoutError(errno.ETIMEDOUT, f"{command[0]} took too long") from late


def account_for(*paths: Path) -> Account:
    """Ourselves or, where we are root, nobody with a way to *paths*.

    Below a private directory (/root) that takes a capability: to read everything where the system
    grants it, else to write too, since Docker grants that one only, and no user namespace.
    """
    if os.geteuid():
        return Account(os.geteuid(), os.getegid())
    for account in _nobodies():
        reaches = 'for path; do test -x "$path" || exit 1; done'
        if account.run("sh", "-c", reaches, "sh", *paths) == 0:
            return account
    raise PostgresUnavailable(
        f"PostgreSQL does not run as root, and the user nobody cannot reach {paths[0]} and"
        f" {paths[1]}: run Footnote as an ordinary user, install setpriv (util-linux), or set"
        " DATABASE_URL."
    )


def _nobodies() -> Iterator[Account]:
    import pwd

    nobody = pwd.getpwnam("nobody")
    yield Account(nobody.pw_uid, nobody.pw_gid)
    if shutil.which("setpriv", path=os.defpath) is None:
        return
    identity = (f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups")
    for capability in ("-all,+dac_read_search", "-all,+dac_override"):
        grants = (f"--inh-caps={capability}", f"--ambient-caps={capability}")
        # Without the bit, access(2), which PostgreSQL asks, ignores an ordinary user's capability.
        bit = "--securebits=+no_setuid_fixup"
        yield Account(nobody.pw_uid, nobody.pw_gid, ("setpriv", *identity, *grants, bit))
