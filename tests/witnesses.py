"""Which statuses of which operations some test has seen; each process of a run writes down its own.

Of a run of the whole suite, what the contract promises and nobody has seen is a failure: either a
test is missing, or the promise is empty. ``tests/truth/`` sees each pair on purpose, so that no
pair is left to chance.
"""

import os
import shutil
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Protocol

import orjson
import pytest

from tests.contract_checks import WITNESSED, statuses
from tests.live import CONTRACT

PLACE = "FOOTNOTE_WITNESSES"  # the directory that a run's processes share
# Options with which a run is not about everything.
NARROWING = (
    *("keyword", "markexpr", "deselect", "ignore", "ignore_glob", "lf", "pgbouncer"),
    *("collectonly", "setupplan", "fuzz_seconds", "fuzz_only"),
)
Pair = tuple[str, int]
UNSEEN = pytest.StashKey[list[Pair]]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the place; workers of pytest-xdist, which come later, inherit its name."""
    if not is_worker(config):
        os.environ[PLACE] = tempfile.mkdtemp(prefix="witnesses-")


def is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write down what this process saw; the first one joins all, and judges a whole run."""
    place, config = Path(os.environ[PLACE]), session.config
    (place / f"{os.getpid()}.json").write_bytes(orjson.dumps(sorted(WITNESSED)))
    if is_worker(config):
        return
    config.stash[UNSEEN] = unseen(place) if is_whole(config) and not exitstatus else []
    shutil.rmtree(place)
    if config.stash[UNSEEN]:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    unseen = config.stash.get(UNSEEN, [])
    if unseen:
        terminalreporter.section("promised by openapi.yaml, and seen by no test", red=True)
        for operation_id, status in unseen:
            terminalreporter.write_line(f"{operation_id}: {status}")


def unseen(place: Path) -> list[Pair]:
    """What is promised, and was written down by no process."""
    written = [orjson.loads(file.read_bytes()) for file in place.glob("*.json")]
    return sorted(promised() - {(name, status) for pairs in written for name, status in pairs})


class Asked(Protocol):
    """What a ``pytest.Config`` says of its command."""

    @property
    def args_source(self) -> pytest.Config.ArgsSource: ...
    @property
    def option(self) -> Namespace: ...


def is_whole(config: Asked) -> bool:
    """Whether every test was asked for."""
    options = vars(config.option)
    everywhere = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return everywhere and not any(options.get(name) for name in NARROWING)


def promised() -> set[Pair]:
    """Every status of every operation in the document."""
    return {
        (operation.operation_id, status)
        for operation in CONTRACT.operations()
        for status in statuses(CONTRACT, operation)
    }
