"""Which gate notices which lie: a table. ``python -m tests.lies [NAME …]``; all of them without.

Each lie is planted alone, and the gates are run up to their first failure: those of the tests that
are about such things, and schemathesis with the operations at which it shows. Fails when a lie gets
past both, or when all tests or all operations refuse the truth.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence

from settings import ROOT
from tests.lies.planted import LIES, NAMES, Suspects

TRUTH = "truth"  # the control
NOTHING = "—"
GATES = ("the tests", "schemathesis")
ALL_TESTS, FUZZ = "tests/truth tests/test_contract.py", "tests/test_schemathesis.py -k generated"
# What failed first, in the words of the one and of the other.
FAILED = re.compile(r"^(?:FAILED|ERROR) tests/(\S+?)(?:\[.*?\])?(?: - .*)?$", re.MULTILINE)
CHECK = re.compile(r"^- (\S.*)$", re.MULTILINE)


def caught(lie: str, gate: str) -> str:
    """What notices *lie*; nothing is a dash."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "tests.lies.planted"]
    suspects = LIES[NAMES[lie]] if lie in NAMES else Suspects(ALL_TESTS, "")
    tests = suspects.tests if gate == "the tests" else FUZZ
    ended = subprocess.run(
        [*command, *tests.split(), "--fuzz-only", suspects.operations],
        cwd=ROOT,
        env={**os.environ, "LIE": "" if lie == TRUTH else lie},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    if ended.returncode == 0:
        return NOTHING
    pattern = CHECK if gate == "schemathesis" else FAILED
    found = pattern.search(ended.stdout)
    if found is None:
        raise RuntimeError(ended.stdout[-4000:] + ended.stderr)
    return f"`{found[1]}`" if gate == "the tests" else found[1]


def row(lie: str) -> bool:
    """Print what notices *lie*; whether that is as it should be."""
    started = time.monotonic()
    noticed = {gate: caught(lie, gate) for gate in GATES}
    told = NAMES[lie].__doc__ if lie in NAMES else "Nothing is planted"
    print(f"| {told} | {' | '.join(noticed.values())} |", flush=True)
    print(f"{lie}: {time.monotonic() - started:.0f} s", file=sys.stderr)
    is_known = any(by != NOTHING for by in noticed.values())
    return is_known is (lie != TRUTH)


def main(names: Sequence[str]) -> int:
    """The table; 1 when a lie gets past every gate."""
    print(f"| lie | {' | '.join(f'noticed by {gate}' for gate in GATES)} |")
    print(f"|---|{'---|' * len(GATES)}")
    good = [row(name) for name in names or [*NAMES, TRUTH]]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
