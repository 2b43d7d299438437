"""One Better Auth and one Footnote for all tests of this directory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from postmaster import Postmaster
from settings import Settings
from tests.better_auth.browser import Browser
from tests.better_auth.pair import INSTALLED, SECRET, Pair, serving
from tests.conftest import database
from tests.live import BOOK, BOOK_URL, running


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    """So that ``make test`` needs no Node."""
    if not INSTALLED:
        pytest.skip("needs Node and the packages that `make test-better-auth` installs")


@pytest.fixture(scope="session")
def better_auth_dsn(installed: None, postgres: Postmaster, template: str) -> Iterator[str]:
    with database(postgres, template) as dsn:
        yield dsn


def settings_for(dsn: str, home: Path, better_auth_url: str) -> Settings:
    return Settings(
        book=BOOK,
        book_url=BOOK_URL,
        home=home,
        database_url=dsn,
        auth_secret=SECRET,
        better_auth_url=better_auth_url,
        bcrypt_cost=4,
        rate_limits=False,
    )


@pytest.fixture(scope="session")
def pair(better_auth_dsn: str, home: Path) -> Iterator[Pair]:
    dsn = better_auth_dsn
    with serving(dsn) as url, running(settings_for(dsn, home, url)) as live:
        yield Pair(better_auth=url, footnote=live.url, dsn=dsn)


@pytest.fixture
def browser(pair: Pair) -> Browser:
    return Browser(pair)


@pytest.fixture(scope="module")
def empty_database(installed: None, postgres: Postmaster) -> Iterator[str]:
    with database(postgres, "template0") as dsn:
        yield dsn
