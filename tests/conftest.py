"""A real service for every test: uvicorn on a loopback port, a real Postgres, a real index.

Only the paid model is a fake (``fake_model.py``), and it is a real HTTP server.
"""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import md5
from pathlib import Path
from uuid import uuid4

import hypothesis
import pytest
from attrs import evolve

import migrate
from postmaster import Postmaster
from settings import ROOT, Settings
from tests.fake_model import FakeModel
from tests.live import BOOK, BOOK_URL, SECRET, SERVICE_KEY, Live, Serve, alone, run_sql, running
from tests.pgbouncer import PgBouncer

pytest_plugins = ["tests.witnesses", "tests.once"]
# That a busy machine takes 0.2 s for an example is no counterexample.
hypothesis.settings.register_profile("patient", parent=hypothesis.settings.default, deadline=None)
hypothesis.settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pgbouncer", action="store_true", help="reach Postgres through PgBouncer")
    parser.addoption("--vercel-python", help="an interpreter that has vercel-runtime")
    parser.addoption("--chatkit", help="a directory that has openai-chatkit")
    parser.addoption("--clients", action="store_true", help="generate clients and run them")
    parser.addoption("--long", action="store_true", help="the long form of the chaos suite")
    parser.addoption("--fuzz-seconds", type=int, help="how long schemathesis is to look")
    parser.addoption("--fuzz-seed", type=int, help="what it draws its input from")
    parser.addoption("--fuzz-only", default="", help="the operations that it looks at")


def pytest_configure() -> None:
    """Hear Ctrl-C, also in the background of a script: what is tested would inherit deafness."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say the seed first: a run that is killed can be repeated, too."""
    seed, seconds = config.getoption("--fuzz-seed"), config.getoption("--fuzz-seconds")
    if seed is None:
        return None
    return f"fuzz: seed {seed}; again: make fuzz SEED={seed} FUZZ_SECONDS={seconds}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes a minute goes first: as a run's last test it would keep one of two cores alone."""
    items.sort(key=lambda item: item.path.name != "test_schemathesis.py")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postmaster]:
    """One server for the run, gone with it: nothing in it has to outlive a machine."""
    with Postmaster.start(tmp_path_factory.mktemp("postgres") / "data") as server:
        alone(run_sql(server.dsn, "alter system set fsync = off"))
        alone(run_sql(server.dsn, "select pg_reload_conf()"))
        yield server


@pytest.fixture(scope="session")
def pooler(
    request: pytest.FixtureRequest, postgres: Postmaster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PgBouncer | None]:
    """In front of the server, if the run is about it."""
    if not request.config.getoption("--pgbouncer"):
        yield None
        return
    with PgBouncer(postgres.dsn, tmp_path_factory.mktemp("pgbouncer")) as pooler:
        yield pooler


@pytest.fixture(scope="session")
def template(postgres: Postmaster) -> str:
    """The name of a migrated, empty database to copy."""
    alone(run_sql(postgres.dsn, 'create database "template_footnote"'))
    alone(migrate.apply(postgres.dsn.replace("/footnote?", "/template_footnote?")))
    return "template_footnote"


@contextmanager
def database(postgres: Postmaster, template: str, pooler: PgBouncer | None = None) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    alone(run_sql(postgres.dsn, f'create database "{name}" template "{template}"'))
    dsn = postgres.dsn.replace("/footnote?", f"/{name}?")
    yield pooler.through(dsn) if pooler else dsn
    alone(run_sql(postgres.dsn, f'drop database if exists "{name}" with (force)'))


@pytest.fixture
def empty_dsn(postgres: Postmaster, pooler: PgBouncer | None) -> Iterator[str]:
    """A database without a single table."""
    with database(postgres, "template0", pooler) as dsn:
        yield dsn


@pytest.fixture
def dsn(postgres: Postmaster, template: str, pooler: PgBouncer | None) -> Iterator[str]:
    """A fresh, migrated database of this test's own."""
    with database(postgres, template, pooler) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the test book's index in it, made by the ingest command itself."""
    home = tmp_path_factory.mktemp("home")
    command = [sys.executable, "-m", "agent.ingest", str(BOOK), "--home", str(home)]
    command += ["--base-url", BOOK_URL]
    ingest = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ingest.returncode == 0, ingest.stderr
    return home


def settings_for(dsn: str, home: Path) -> Settings:
    """Without limits, and with quick passwords: what is about them says so."""
    return Settings(
        book=BOOK,
        book_url=BOOK_URL,
        home=home,
        database_url=dsn,
        auth_secret=SECRET,
        internal_api_key=SERVICE_KEY,
        rate_limits=False,
        bcrypt_cost=4,
        resume_grace=0,
        spool_directory=home / "spool" / md5(dsn.encode(), usedforsecurity=False).hexdigest(),
    )


@pytest.fixture
def settings(dsn: str, home: Path) -> Settings:
    """Keyless, with an index and a database; tests ``evolve`` what they are about."""
    return settings_for(dsn, home)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a service around settings; it ends with the test, its responses were all checked."""
    with ExitStack() as stack:
        yield lambda settings: stack.enter_context(running(settings))


@pytest.fixture
def model() -> Iterator[FakeModel]:
    with FakeModel(key="sk-test") as model:
        yield model


@pytest.fixture
def with_model(settings: Settings, model: FakeModel) -> Settings:
    return evolve(settings, openai_api_key="sk-test", openai_base_url=model.url)


@pytest.fixture(scope="session")
def shared(
    postgres: Postmaster, template: str, pooler: PgBouncer | None, home: Path
) -> Iterator[Live]:
    with database(postgres, template, pooler) as dsn, running(settings_for(dsn, home)) as live:
        yield live


@pytest.fixture
def live(shared: Live) -> Iterator[Live]:
    """A service that many tests ask; those that look at its log ``serve`` one of their own."""
    yield shared
    violations = shared.app.violations.copy()
    shared.app.violations.clear()
    assert violations == []
