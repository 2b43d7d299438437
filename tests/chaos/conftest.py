"""What breaks, on purpose: a database of its own, and a line of figures for each row."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import migrate
from postmaster import Postmaster
from tests.chaos.outages import Postgres

FIGURES: list[str] = []
Figure = Callable[[str], None]


@pytest.fixture
def scale(request: pytest.FixtureRequest) -> int:
    """How much longer than the short form, which CI runs."""
    return 10 if request.config.getoption("--long") else 1


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Figure:
    """Tell what was measured; it stands at the end of the run."""
    name = request.node.name
    return lambda text: FIGURES.append(f"{name}: {text}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if FIGURES:
        terminalreporter.section("chaos")
        for line in FIGURES:
            terminalreporter.write_line(line)


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Postgres]:
    """A Postgres that may be killed, behind a network that may stall."""
    directory = tmp_path / "mortal"
    server = Postmaster.start(directory)
    asyncio.run(migrate.apply(server.dsn))
    with Postgres(directory, server) as postgres:
        yield postgres
