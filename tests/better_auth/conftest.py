"""One Better Auth and one Footnote for all tests of this directory."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve

from postmaster import Postmaster
from settings import Settings
from tests import conftest
from tests.better_auth.pair import INSTALLED, Pair, serving
from tests.live import running


def pytest_itemcollected(item: pytest.Item) -> None:
    """So that ``make test`` needs no Node; called for this directory only."""
    if not INSTALLED:
        why = "needs Node, and the packages that `make test-better-auth` installs"
        item.add_marker(pytest.mark.skip(why))


@pytest.fixture(scope="session")
def better_auth_dsn(postgres: Postmaster, template: str) -> Iterator[str]:
    with conftest.database(postgres, template) as dsn:
        yield dsn


@pytest.fixture(scope="module")
def module_empty_dsn(postgres: Postmaster) -> Iterator[str]:
    with conftest.database(postgres, "template0") as dsn:
        yield dsn


def settings_for(dsn: str, home: Path, better_auth_url: str) -> Settings:
    return evolve(conftest.settings_for(dsn, home), better_auth_url=better_auth_url)


@pytest.fixture(scope="session")
def pair(better_auth_dsn: str, home: Path) -> Iterator[Pair]:
    dsn = better_auth_dsn
    with serving(dsn) as url, running(settings_for(dsn, home, url)) as live:
        yield Pair(better_auth=url, footnote=live.url, dsn=dsn)
