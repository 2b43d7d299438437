"""Vercel's own Python runtime, on this machine: it believes that Vercel listens to its socket."""

import json
import os
import signal
import socket
import subprocess
import threading
import time
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from settings import ROOT
from tests.live import BOOK, SECRET

DEAD = "127.0.0.1:1"
START_SECONDS = 30.0


class Runtime:
    """The service under ``vercel_runtime.vc_init``, with every dependency dead unless it is set."""

    def __init__(self, python: str, place: Path, environ: Mapping[str, str]) -> None:
        self.python, self.place = python, place
        self.messages: list[dict[str, Any]] = []  # what the runtime told Vercel
        self.started_in = 0.0  # seconds
        self.environ = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            "VERCEL": "1",
            "VERCEL_IPC_PATH": str(place / "ipc.sock"),
            "__VC_HANDLER_MODULE_NAME": "service",
            "__VC_HANDLER_ENTRYPOINT": "service.py",
            "__VC_HANDLER_ENTRYPOINT_ABS": str(ROOT / "service.py"),
            "__VC_HANDLER_VARIABLE_NAME": "app",
            "PYTHONDONTWRITEBYTECODE": "1",
            "BETTER_AUTH_SECRET": SECRET,
            "DATABASE_URL": f"postgresql://nobody@{DEAD}/nothing",
            "BOOK": str(BOOK),
            "SPOOL_DIR": str(place / "spool"),
            "RATE_LIMITS": "off",
            "RESUME_GRACE": "0",
            **environ,
        }
        self._port = threading.Event()
        self.port = 0

    def __enter__(self) -> Self:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.environ["VERCEL_IPC_PATH"])
        listener.listen()
        self._listener = listener
        threading.Thread(target=self._hear, daemon=True).start()
        started = time.monotonic()
        command = [self.python, "-c", "import vercel_runtime.vc_init"]
        with (self.place / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self.environ, stdout=log, stderr=log
            )
        assert self._port.wait(START_SECONDS), (self.place / "log").read_text()[-3000:]
        self.started_in = time.monotonic() - started
        return self

    def _hear(self) -> None:
        connection, _ = self._listener.accept()
        heard = b""
        with connection:
            while piece := connection.recv(65536):
                *whole, heard = (heard + piece).split(b"\0")
                for message in map(json.loads, whole):
                    self.messages.append(message)
                    if message["type"] == "server-started":
                        self.port = message["payload"]["httpPort"]
                        self._port.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def logged(self) -> str:
        """Everything that the process has written, which the runtime sends line by line."""
        lines = [m["payload"]["message"] for m in self.messages if m["type"] == "log"]
        return "\n".join(b64decode(line).decode() for line in lines)

    def terminate(self) -> float:
        """Seconds until it has ended."""
        at = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=30)
        return time.monotonic() - at

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(timeout=10)
        self._listener.close()


def headers(seconds: float | None = None) -> dict[str, str]:
    """What Vercel's proxy adds to a request, here with a deadline in so many *seconds*."""
    sent = {"x-vercel-internal-invocation-id": "inv1", "x-vercel-internal-request-id": "1"}
    if seconds is not None:
        ends = time.time() + seconds
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ends))
        sent["x-vercel-internal-deadline"] = f"{at}.{int(ends % 1 * 1000):03}Z"
    return sent
