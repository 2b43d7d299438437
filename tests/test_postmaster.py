"""The private PostgreSQL starts anywhere, is shared, and survives whatever is killed."""

import asyncio
import os
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from postmaster import PostgresUnavailable, Postmaster, launch
from settings import ROOT

IS_ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(
    not IS_ROOT or sys.platform != "linux", reason="only root becomes another user; reads /proc"
)
HOLD = """
import sys, pathlib, postmaster
server = postmaster.Postmaster.start(pathlib.Path(sys.argv[1]))
print(server.dsn, flush=True)
sys.stdin.read()
server.stop()
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a cluster in it, stopped; whoever starts it stops it."""
    home = tmp_path_factory.mktemp("postmaster") / "home"
    Postmaster.start(home).stop()
    return home


def sql(dsn: str, statement: str) -> Any:
    async def fetch() -> object:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(fetch())


def pid_of(home: Path) -> int:
    return int((home / "pg" / "postmaster.pid").read_text().split()[0])


def is_running(home: Path) -> bool:
    return (home / "pg" / "postmaster.pid").exists()


@contextmanager
def other_process(home: Path, *prefix: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A process that uses the server until the block ends, unless it is killed before."""
    command = [*prefix, sys.executable, "-c", HOLD, str(home)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True, **options
    ) as process:
        try:
            yield process
            process.communicate(timeout=20)  # closes its stdin
        finally:
            process.kill()


def dsn_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_a_new_directory_gets_a_private_durable_database(made: Path) -> None:
    """UTF-8, on a socket of its owner's alone, with fsync and without TCP."""
    with Postmaster.start(made) as server:
        settings = sql(
            server.dsn,
            "select array[current_user, current_database(), current_setting('server_encoding'),"
            " current_setting('fsync'), current_setting('listen_addresses'), lower('É')]",
        )
        modes = [(made / name).stat().st_mode & 0o777 for name in ("pg", "socket", "log")]

    assert settings == ["footnote", "footnote", "UTF8", "on", "", "é"]
    assert modes == [0o700, 0o700, 0o600]


def test_what_was_written_is_there_at_the_next_start(made: Path) -> None:
    """A stop keeps everything."""
    with Postmaster.start(made) as server:
        sql(server.dsn, "create table kept as select 42 as v")
    assert not is_running(made)
    with Postmaster.start(made) as server:
        kept = sql(server.dsn, "select v from kept")

    assert kept == 42


def test_stop_is_idempotent(made: Path) -> None:
    """Also inside its own context."""
    with Postmaster.start(made) as server:
        server.stop()
        server.stop()

    assert not is_running(made)


def test_the_last_process_out_stops_the_server(made: Path) -> None:
    """Whoever started it may go first."""
    server = Postmaster.start(made)
    with other_process(made) as other:
        shared = dsn_of(other)
        server.stop()
        assert sql(shared, "select 1") == 1

    assert shared == server.dsn
    assert not is_running(made)


def test_processes_that_start_together_share_one_server(tmp_path: Path) -> None:
    """Only one of them makes the cluster."""
    home = tmp_path / "home"
    with other_process(home) as one, other_process(home) as two, Postmaster.start(home) as server:
        dsns = {server.dsn, dsn_of(one), dsn_of(two)}

    assert len(dsns) == 1
    assert not is_running(home)


def test_a_killed_server_recovers_every_row(made: Path) -> None:
    """SIGKILL leaves a stale pid file, a stale socket and perhaps a zombie."""
    with Postmaster.start(made) as server:
        sql(server.dsn, "create table rows as select generate_series(1, 1000)")
        os.kill(pid_of(made), 9)
        with Postmaster.start(made) as again:
            assert sql(again.dsn, "select count(*) from rows") == 1000

        assert sql(server.dsn, "select count(*) from rows") == 1000
    assert not is_running(made)


def test_the_orphan_of_a_killed_process_is_adopted_and_stopped(made: Path) -> None:
    """It keeps its pid: nothing restarts."""
    with other_process(made) as other:
        dsn_of(other)
        pid = pid_of(made)
        other.kill()
        other.wait()
    with Postmaster.start(made) as server:
        assert sql(server.dsn, "select 1") == 1
        assert pid_of(made) == pid

    assert not is_running(made)


def test_an_interrupted_initdb_is_done_again(tmp_path: Path) -> None:
    """Half a cluster is never taken for one, though its initdb may still be writing."""
    home = tmp_path / "home"
    with other_process(home) as other:
        while not (home / "pg.new" / "base").exists():
            assert other.poll() is None
            time.sleep(0.005)
        other.kill()
        other.wait()
    assert not (home / "pg").exists()
    with Postmaster.start(home) as server:
        assert sql(server.dsn, "select 1") == 1


def test_any_path_will_do(tmp_path: Path) -> None:
    """A socket's path is short, and a DSN has syntax: here the socket is elsewhere, and private."""
    home = tmp_path / ('it\'s, "a" + %20 & é ' + "x" * 200)
    with Postmaster.start(home) as server, other_process(home) as other:
        assert dsn_of(other) == server.dsn
        assert sql(server.dsn, "select 1") == 1
        sockets = Path(server.dsn.split("host=")[1].split("&")[0])
        assert sockets.stat().st_mode & 0o777 == 0o700

    assert not sockets.exists()


def test_a_recycled_pid_is_not_taken_for_the_server(made: Path) -> None:
    """The pid file of a crashed server may name any process of the same user."""
    user = pwd.getpwnam("nobody").pw_uid if IS_ROOT else None
    with subprocess.Popen(["sleep", "60"], user=user) as innocent:
        try:
            stale = f"{innocent.pid}\n{made / 'pg'}\n1\n5432\n{made / 'socket'}\n\n1 1\nready\n"
            (made / "pg" / "postmaster.pid").write_text(stale)
            with Postmaster.start(made) as server:
                assert sql(server.dsn, "select 1") == 1

            assert innocent.poll() is None
        finally:
            innocent.kill()


def test_a_copy_of_a_running_cluster_is_not_taken_for_it(made: Path, tmp_path: Path) -> None:
    """The copied pid file names the original's socket."""
    copy = tmp_path / "copy"
    Postmaster.start(copy).stop()
    with Postmaster.start(made) as server:
        shutil.copyfile(made / "pg" / "postmaster.pid", copy / "pg" / "postmaster.pid")
        with Postmaster.start(copy) as second:
            assert second.dsn != server.dsn
            assert sql(second.dsn, "show data_directory") == str(copy / "pg")


def test_ctrl_c_in_the_terminal_does_not_reach_the_server(made: Path) -> None:
    """It has a session of its own, and ends when we stop it."""
    with Postmaster.start(made):
        assert os.getsid(pid_of(made)) != os.getsid(0)


def test_a_large_log_is_put_aside(made: Path) -> None:
    """Once: there are never more than two."""
    (made / "log").write_bytes(b"x" * (launch.LOG_BYTES + 1))
    with Postmaster.start(made):
        assert (made / "log").stat().st_size < 10_000

    assert (made / "log.old").stat().st_size > launch.LOG_BYTES


def test_the_reason_of_a_failed_start_is_told(made: Path) -> None:
    """It is in the server's log; a person need not go and look."""
    settings = made / "pg" / "postgresql.auto.conf"
    before = settings.read_text()
    settings.write_text("work_mem = nonsense\n")
    try:
        with pytest.raises(PostgresUnavailable, match=r"auto\.conf.* contains errors"):
            Postmaster.start(made)
    finally:
        settings.write_text(before)
