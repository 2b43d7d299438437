"""Servers under measurement: started on loopback, read from /proc, stopped with their children."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import frozen

from settings import ROOT

START_SECONDS, STOP_SECONDS = 90.0, 8.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@frozen
class Server:
    """A process with its children, listening on *port*."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def cpu(self) -> float:
        """Seconds of CPU that the living threads of the whole tree have taken, by the scheduler."""
        return cpu_of(self.process.pid)

    @property
    def memory(self) -> float:
        """KiB, with shared pages divided among who shares them (PSS)."""
        return sum(map(_memory_of, tree(self.process.pid)))

    @property
    def peak(self) -> float:
        """KiB that the process itself had resident at most."""
        return _field(Path(f"/proc/{self.process.pid}/status"), "VmHWM:")


@contextmanager
def running(
    command: Sequence[str], port: int, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """*command* until the block ends, from the moment that *port* takes connections."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ if environment is None else environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(process, port, log)
    try:
        await_port(server)
        yield server
    finally:
        stop(process)


def await_port(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 1):
            return
        if server.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(
                f"{server.log.name} did not start:\n{server.log.read_text()[-2000:]}"
            )
        time.sleep(0.01)


def stop(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM; then what is left of the tree is killed."""
    started = list(tree(process.pid))
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    for pid in started:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def tree(pid: int) -> Iterator[int]:
    """*pid* and all its descendants."""
    yield pid
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from tree(int(child))


def cpu_of(pid: int) -> float:
    """Seconds of CPU that the living threads below *pid* have taken, by the scheduler."""
    return sum(map(_cpu_of, tree(pid)))


def _cpu_of(pid: int) -> float:
    nanoseconds = 0
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                nanoseconds += int((thread / "schedstat").read_text().split()[0])
    return nanoseconds / 1e9


def _memory_of(pid: int) -> float:
    return _field(Path(f"/proc/{pid}/smaps_rollup"), "Pss:")


def _field(file: Path, name: str) -> float:
    with suppress(OSError):
        for line in file.read_text().splitlines():
            if line.startswith(name):
                return float(line.split()[1])
    return 0.0
