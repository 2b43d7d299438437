"""A real Better Auth, run as a site would run it: by Node, from ``examples/better-auth``."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import TextIO

from attrs import frozen

from settings import ROOT
from tests.live import SECRET

EXAMPLE = ROOT / "examples" / "better-auth"
VARIANTS = Path(__file__).with_name("variants.mjs")
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
    # Into a file: what nobody reads fills a pipe, and stops its writer.
    with TemporaryFile("w+") as output:
        process = subprocess.Popen(
            ["node", str(script)],
            env=environment(dsn, BETTER_AUTH_URL=url, PORT=str(port), **variables),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            await_listening(process, port, output)
            yield url
        finally:
            process.kill()
            process.wait(timeout=PATIENCE)


def await_listening(process: subprocess.Popen[bytes], port: int, output: TextIO) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_open(port):
        time.sleep(0.01)
        if process.poll() is not None or time.monotonic() > deadline:
            output.seek(0)
            raise AssertionError(f"Better Auth did not start: {output.read()}")


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
