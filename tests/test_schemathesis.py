"""Every operation under generated input, against a live service: all checks, nothing excluded."""

import subprocess
import sys

from settings import ROOT
from tests.live import Live

SEED = "1"
EXAMPLES = "12"  # of each operation and phase


def test_the_contract_holds_under_generated_input(live: Live) -> None:
    """Valid and invalid data, wrong methods and media types, every response, every event."""
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", "tests/schemathesis.toml"]
    command += ["run", f"{live.url}/openapi.yaml", "--checks", "all"]
    command += ["--max-examples", EXAMPLES, "--seed", SEED]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=180
    )
    print(ended.stdout)

    assert ended.returncode == 0, ended.stdout + ended.stderr
