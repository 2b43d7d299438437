"""Services around Ada's book: a well one, and one for each way to be unwell."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from pathlib import Path

import pytest
from attrs import evolve

import service
from contract import Handler
from postmaster import Postmaster
from settings import ROOT, Settings
from tests.conftest import database, settings_for
from tests.fake_model import FakeModel
from tests.live import Live, run_sql, running
from tests.pgbouncer import PgBouncer
from tests.truth import ada
from tests.truth.ada import BOOK, BOOK_URL, World


@pytest.fixture(scope="session")
def bookcase(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the index of the examples' book."""
    place = tmp_path_factory.mktemp("ada")
    command = [sys.executable, "-m", "agent.ingest", str(BOOK), "--home", str(place)]
    command += ["--base-url", BOOK_URL]
    ingest = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ingest.returncode == 0, ingest.stderr
    return place


def of_the_examples(dsn: str, bookcase: Path) -> Settings:
    return evolve(settings_for(dsn, bookcase), book=BOOK, book_url=BOOK_URL)


@pytest.fixture(scope="session")
def house(
    postgres: Postmaster, template: str, pooler: PgBouncer | None, bookcase: Path
) -> Iterator[Settings]:
    """Ada's database, beside her book."""
    with database(postgres, template, pooler) as dsn:
        yield of_the_examples(dsn, bookcase)


@pytest.fixture(scope="session")
def library(house: Settings) -> Iterator[Live]:
    """The service of the examples."""
    with running(house) as live:
        yield live


@contextmanager
def visited(live: Live) -> Iterator[World]:
    """Ada, as the examples know her; what she is told is what the contract promises."""
    yield ada.plant(live)
    violations = live.app.violations.copy()
    live.app.violations.clear()
    assert violations == []


@pytest.fixture
def world(library: Live) -> Iterator[World]:
    with visited(library) as world:
        yield world


@pytest.fixture
def strict(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """With limits, of which nothing is used up."""
    world.live.sql("delete from rate_limits")
    monkeypatch.setattr(world.live.state["limits"], "enabled", True)
    return world


def broken(handler: Handler) -> Handler:
    """A handler that takes the same, and has a bug."""

    @wraps(handler)
    async def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug in a handler")

    return fails


@pytest.fixture(scope="module")
def buggy_library(house: Settings) -> Iterator[Live]:
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            buggy = {name: broken(handler) for name, handler in service.HANDLERS.items()}
            patch.setattr(service, "HANDLERS", buggy)
            live = stack.enter_context(running(house))
        yield live


@pytest.fixture
def buggy(buggy_library: Live) -> Iterator[World]:
    """Every handler has a bug."""
    with visited(buggy_library) as world:
        yield world


@pytest.fixture(scope="module")
def dark(
    postgres: Postmaster, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Ada has just been seen; then the database was dropped, and SIGTERM came. No index."""
    with database(postgres, template) as dsn:
        empty = tmp_path_factory.mktemp("empty")
        settings = evolve(of_the_examples(dsn, empty), book=empty / "missing")
        with running(settings) as live:
            world = ada.plant(live)
            live.client.get("/api/v1/auth/session", headers=world.bearer).raise_for_status()
            name = dsn.partition("?")[0].rpartition("/")[2]
            asyncio.run(run_sql(postgres.dsn, f'drop database "{name}" with (force)'))
            live.state["answers"].stop()
            yield world


@pytest.fixture(scope="module")
def slow(house: Settings) -> Iterator[World]:
    """With a model that begins at once, and speaks for twenty seconds of which there are four."""
    with FakeModel(key="sk-test") as model:
        model.say("word " * 400, gap=0.05)
        wordy = evolve(house, openai_api_key="sk-test", openai_base_url=model.url)
        with running(evolve(wordy, agent_timeout=4)) as live:
            yield World(live, token="")
