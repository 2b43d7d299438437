"""``make run`` as its user meets it: one process that brings all it needs, and takes it along."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx2
import pytest

from local import LocalUnavailable, until_answerable
from settings import ROOT, Settings
from tests.fake_model import FakeModel
from tests.live import BOOK, message

QUESTION = "How long is one blast of the fog signal?"


class Running:
    """A started command and the service that it serves."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process, self.url = process, url

    def ready(self) -> None:
        for _ in range(600):
            assert self.process.poll() is None, self.process.communicate()[1]
            try:
                httpx2.get(f"{self.url}/health/live")
            except httpx2.TransportError:
                time.sleep(0.05)
            else:
                return
        pytest.fail("the service did not start")

    def ask(self) -> str:
        reply = httpx2.post(f"{self.url}/api/v1/chat", json=message(QUESTION), timeout=30)
        return str(reply.json()["response"]["content"])

    def end(self, number: int) -> tuple[int, str]:
        self.process.send_signal(number)
        errors = self.process.communicate(timeout=20)[1]
        return self.process.returncode, errors


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


Start = Callable[..., Running]


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:
        yield lambda home, *command, **settings: stack.enter_context(
            started(home, command or ("serve.py",), settings)
        )


@contextmanager
def started(home: Path, command: tuple[str, ...], settings: dict[str, str]) -> Iterator[Running]:
    port = free_port()
    environ = {**os.environ, "FOOTNOTE_HOME": str(home), "BOOK": str(BOOK), "PORT": str(port)}
    arguments = [part.replace("{port}", str(port)) for part in command]
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Running(process, f"http://127.0.0.1:{port}")
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)


def postgres_runs(home: Path) -> bool:
    """Whether a server works in *home*'s cluster, or ended without tidying up."""
    return (home / "postgres" / "pg" / "postmaster.pid").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_command_serves_and_its_end_ends_everything(
    start: Start, tmp_path: Path, number: int
) -> None:
    """Ctrl-C or a plain kill: no Postgres stays behind; a secret of mode 0600 does."""
    service = start(tmp_path)
    service.ready()
    said, ran = service.ask(), postgres_runs(tmp_path)
    code, errors = service.end(number)

    assert "five seconds" in said
    assert ran
    assert (code, "Traceback" in errors) == (0, False)
    assert not postgres_runs(tmp_path)
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


@pytest.mark.parametrize("after", [0.6, 1.2, 1.8])
def test_ctrl_c_while_it_starts_leaves_nothing_behind(
    start: Start, tmp_path: Path, after: float
) -> None:
    """Whatever it was doing: importing, making a database, indexing."""
    service = start(tmp_path)
    with suppress(subprocess.TimeoutExpired):
        service.process.wait(after)
    code, errors = service.end(signal.SIGINT)

    assert code in (0, 1, -signal.SIGINT, 130)
    assert not postgres_runs(tmp_path)
    assert code != 0 or "Traceback" not in errors


def test_a_stream_ends_with_a_final_frame_when_the_service_is_stopped(
    start: Start, tmp_path: Path
) -> None:
    """So that a reader knows that the answer is not whole."""
    with FakeModel() as model:
        model.say("One two three four five six seven eight nine ten.", gap=0.3)
        service = start(tmp_path, OPENAI_BASE_URL=model.url)
        service.ready()
        url = f"{service.url}/api/v1/chat/stream"
        with httpx2.stream("POST", url, json=message(QUESTION), timeout=30) as response:
            lines = []
            for line in response.iter_lines():
                lines.append(line)
                if "One" in line:
                    service.process.send_signal(signal.SIGTERM)

    assert '"error":"shutting_down"' in [line for line in lines if line][-1]
    service.process.wait(10)


def test_what_was_asked_is_there_after_a_restart(start: Start, tmp_path: Path) -> None:
    """Also when the first run was killed and could not clean up."""
    first = start(tmp_path)
    first.ready()
    first.ask()
    first.process.kill()
    first.process.wait()
    second = start(tmp_path)
    second.ready()
    second.ask()
    listed = subprocess.run(
        [sys.executable, "-c", COUNT, str(tmp_path)], cwd=ROOT, capture_output=True, check=True
    )

    assert int(listed.stdout) >= 1


COUNT = """
import asyncio, pathlib, sys
from database import connected
from postmaster import Postmaster

async def count(dsn):
    async with connected(dsn) as connection:
        return await connection.fetchval("select count(*) from interaction_logs")

with Postmaster.start(pathlib.Path(sys.argv[1]) / "postgres") as server:
    print(asyncio.run(count(server.dsn)))
"""


def test_two_starts_at_once_share_what_one_of_them_makes(start: Start, tmp_path: Path) -> None:
    """One database, one index; the second start waits for the first one's."""
    services = [start(tmp_path), start(tmp_path)]
    for service in services:
        service.ready()

    assert all("five seconds" in service.ask() for service in services)


def test_plain_uvicorn_works_too(start: Start, tmp_path: Path) -> None:
    """Without DATABASE_URL it is local mode, with whatever packages are there."""
    service = start(tmp_path, "-m", "uvicorn", "service:app", "--port", "{port}")
    service.ready()
    ready = httpx2.get(f"{service.url}/health/ready").json()

    assert ready["parts"]["database"]["status"] == "ok"
    assert "five seconds" in service.ask()


@pytest.mark.parametrize(
    ("book", "sentence"),
    [("missing", "missing"), ("empty", "empty"), ("binary", "binary")],
)
def test_a_book_that_cannot_be_read_ends_the_start(
    start: Start, tmp_path: Path, book: str, sentence: str
) -> None:
    """A sentence with its name, exit code 1, nothing left behind."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "binary").mkdir()
    (tmp_path / "binary" / "picture.png").write_bytes(bytes(range(256)))
    service = start(tmp_path / "home", BOOK=str(tmp_path / book))
    errors = service.process.communicate(timeout=60)[1]

    assert service.process.returncode == 1
    assert sentence in errors
    assert "Traceback" not in errors
    assert not postgres_runs(tmp_path / "home")


def test_an_ingest_that_is_killed_is_told(tmp_path: Path) -> None:
    """A full disk can end it without a word of its own, for embedded Qdrant maps its files."""

    async def outcome() -> LocalUnavailable:
        ended = await asyncio.create_subprocess_exec("sh", "-c", "kill -BUS $$")
        with pytest.raises(LocalUnavailable) as caught:
            await until_answerable(Settings(home=tmp_path, book=BOOK), ended)
        return caught.value

    told = asyncio.run(outcome())

    assert "SIGBUS" in str(told)
    assert told.exit_code == 4


def test_a_taken_port_ends_the_start(start: Start, tmp_path: Path) -> None:
    """Before anything is set up, and with the way out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        service = start(tmp_path, PORT=port)
        errors = service.process.communicate(timeout=60)[1]

    assert service.process.returncode == 2
    assert f"127.0.0.1:{port} is taken: set PORT" in errors
    assert not (tmp_path / "postgres").exists()


def test_a_home_that_cannot_be_written_ends_the_start(start: Start, tmp_path: Path) -> None:
    """Named, with the setting that moves it."""
    (tmp_path / "file").touch()
    service = start(tmp_path / "file" / "home")
    errors = service.process.communicate(timeout=60)[1]

    assert service.process.returncode == 1
    assert "set FOOTNOTE_HOME" in errors
