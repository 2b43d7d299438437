"""A real Better Auth for the tests, run as a site would run it: Node and ``examples/better-auth``."""

import os
import select
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from attrs import frozen

from settings import ROOT

EXAMPLE = ROOT / "examples" / "better-auth"
VARIANTS = Path(__file__).with_name("variants.mjs")
SECRET = "a loopback secret of forty characters :-)"
INSTALLED = shutil.which("node") is not None and (EXAMPLE / "node_modules").is_dir()
PATIENCE = 20.0  # seconds that Node may take to start, or a script to end


@frozen
class Pair:
    """The addresses of a Better Auth and a Footnote, and the database that they share."""

    better_auth: str
    footnote: str
    dsn: str


def environment(dsn: str, **variables: str) -> dict[str, str]:
    ours = {"DATABASE_URL": dsn, "BETTER_AUTH_SECRET": SECRET, "BCRYPT_COST": "4"}
    path = {"PATH": os.environ["PATH"], "BETTER_AUTH_TELEMETRY": "0"}
    return path | ours | variables


def run(script: Path, dsn: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A script of Node's, to its end."""
    return subprocess.run(
        ["node", str(script)],
        env=environment(dsn, **variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@contextmanager
def serving(dsn: str, script: Path = EXAMPLE / "server.mjs", **variables: str) -> Iterator[str]:
    """The base URL of a Better Auth server, which ends with the block."""
    with closing(socket.create_server(("127.0.0.1", 0))) as reserved:
        port = reserved.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        ["node", str(script)],
        env=environment(dsn, BETTER_AUTH_URL=url, PORT=str(port), **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        _await_listening(process)
        yield url
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)


def _await_listening(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    deadline, said = time.monotonic() + PATIENCE, ""
    while "listens at" not in said:
        left = deadline - time.monotonic()
        ready, _, _ = select.select([process.stdout], [], [], max(left, 0))
        line = process.stdout.readline() if ready else ""
        said += line
        assert line, f"Better Auth did not start: {said}"

