"""``make migrate`` as an operator runs it."""

import os
import subprocess
import sys

import pytest

from settings import ROOT


def migrate(**settings: str) -> subprocess.CompletedProcess[str]:
    environ = {k: v for k, v in os.environ.items() if "DATABASE_URL" not in k} | settings
    command = [sys.executable, "migrate.py"]
    return subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )


def test_it_says_what_it_applied_and_then_that_nothing_is_left(empty_dsn: str) -> None:
    """Two runs of the same command."""
    first, second = (migrate(DATABASE_URL=empty_dsn) for _ in range(2))

    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout.startswith("applied 0001_interaction_logs")
    assert second.stdout == "nothing to apply\n"


@pytest.mark.parametrize(
    ("settings", "code", "sentence"),
    [
        ({}, 2, "Set DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://u:secret@127.0.0.1:1/d"}, 1, "cannot be migrated"),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(
    settings: dict[str, str], code: int, sentence: str
) -> None:
    """Without a traceback, and without the password."""
    ended = migrate(**settings)

    assert ended.returncode == code
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "secret" not in ended.stderr
