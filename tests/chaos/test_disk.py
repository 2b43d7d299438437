"""A disk that is full while the database is away."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.chaos.conftest import Figure
from tests.chaos.crowd import QUESTIONS
from tests.chaos.outages import Postgres
from tests.chaos.process import Process
from tests.live import message, run_sql, until

pytestmark = pytest.mark.anyio


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 300 KB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk, and not everywhere")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


async def test_a_full_disk_costs_no_answer_and_what_was_spooled_arrives(
    mortal: Postgres, home: Path, tmp_path: Path, small: Path, figure: Figure
) -> None:
    """Replies say log instead of spool; what they call spooled is in the database at the end."""
    environ = {"DATABASE_URL": mortal.dsn, "SPOOL_DIR": str(small / "spool")}
    asked = message(QUESTIONS[0])
    with Process(home, tmp_path / "log", environ) as service:
        with httpx2.Client(base_url=service.url, timeout=30) as client:
            mortal.server.stop()
            mortal.proxy.cut()
            replies = [client.post("/api/v1/chat", json=asked) for _ in range(250)]
            mortal.back()
            told = [reply.json()["stored"] for reply in replies]
            spooled = {
                reply.json()["response"]["message_id"]
                for reply in replies
                if reply.json()["stored"] == "spool"
            }
            until(lambda: not list((small / "spool").glob("*.seg")))
        log = (tmp_path / "log").read_text()
    rows = await run_sql(mortal.server.dsn, "select interaction_id::text from interaction_logs")
    lines = log.count('"message":"not stored"')
    figure(f"{len(spooled)} spooled and replayed, {told.count('log')} on {lines} lines of the log")

    assert {reply.status_code for reply in replies} == {200}
    assert spooled
    assert spooled <= {row[0] for row in rows}
    assert lines == told.count("log") > 0
