"""The service as a process of its own, which can be killed, asked and measured."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import httpx2

from settings import ROOT
from tests.live import BOOK, SECRET

START_SECONDS = 20.0


class Process:
    """``uvicorn service:app`` on a port that stays the same when it is started again."""

    def __init__(self, home: Path, log: Path, environ: Mapping[str, str]) -> None:
        self.port, self.log = free_port(), log
        self.environ = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            "FOOTNOTE_HOME": str(home),
            "BOOK": str(BOOK),
            "BETTER_AUTH_SECRET": SECRET,
            "RATE_LIMITS": "off",
            "HISTORY_LIMIT": "1000",
            "BCRYPT_COST": "10",
            **environ,
        }
        self.started_in = 0.0  # seconds
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def start(self) -> None:
        """Return when it answers."""
        started = time.monotonic()
        command = [sys.executable, "-m", "uvicorn", "service:app", "--port", str(self.port)]
        command += ["--http", "connections:Connection", "--no-access-log", "--log-level", "error"]
        command += ["--timeout-graceful-shutdown", "3", "--timeout-keep-alive", "65"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self.environ, stdout=log, stderr=log
            )
        while time.monotonic() - started < START_SECONDS:
            assert self._process.poll() is None, self.log.read_text()[-3000:]
            try:
                httpx2.get(f"{self.url}/health/live", timeout=1).raise_for_status()
            except httpx2.HTTPError:
                time.sleep(0.02)
            else:
                self.started_in = time.monotonic() - started
                return
        raise AssertionError(self.log.read_text()[-3000:])

    def signal(self, number: signal.Signals) -> float:
        """Seconds until it ended by *number*."""
        assert self._process
        at = time.monotonic()
        self._process.send_signal(number)
        self._process.wait(timeout=30)
        return time.monotonic() - at

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process and self._process.poll() is None:
            self.signal(signal.SIGKILL)

    @property
    def mebibytes(self) -> float:
        """Of memory that is its own."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("RssAnon"):
                return int(line.split()[1]) / 1024
        raise AssertionError

    @property
    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
