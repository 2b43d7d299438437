"""Every operation under generated input, against a live service: all checks, nothing excluded."""

import os
import subprocess
import sys
from uuid import UUID

from settings import ROOT
from tests.live import CONTRACT, SERVICE_KEY, Live

SAVE = "#/paths/~1api~1v1~1conversations~1internal-save/post/requestBody"
SAVED = CONTRACT.at(SAVE)[1]["content"]["application/json"]["example"]["user_id"]
SEED = "1"
EXAMPLES = "20"  # of each operation and phase


def adas_token(live: Live) -> str:
    """A session of the reader whom the examples tell of; the user of their ids is there, too."""
    live.sql("insert into users (id, email) values ($1, 'example@example.com')", UUID(SAVED))
    live.register("ada@example.com")
    return live.reader("ada@example.com").token


def test_the_contract_holds_under_generated_input(live: Live) -> None:
    """Valid and invalid data, wrong methods and media types, every response, every event."""
    environ = {**os.environ, "SERVICE_KEY": SERVICE_KEY, "ADAS_TOKEN": adas_token(live)}
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", "tests/schemathesis.toml"]
    command += ["run", f"{live.url}/openapi.yaml", "--checks", "all"]
    command += ["--max-examples", EXAMPLES, "--seed", SEED]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    print(ended.stdout)

    assert ended.returncode == 0, ended.stdout + ended.stderr
