"""What README and the handbook tell readers to type works, and prints what they show."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from postmaster import Postmaster
from settings import ROOT, Settings
from tests.conftest import database, settings_for
from tests.documented.blocks import PAGES, Block, Command, blocks_in, commands, name_of, where
from tests.documented.rules import OURS, is_run, is_variable
from tests.documented.shapes import Comparison, Shape
from tests.documented.shell import Ran, Shell
from tests.live import SERVICE_KEY, Live, running

RUST_BOOK = Path(__file__).with_name("rust-book")
# The examples of this page ask another book than the one that a fresh service has.
BOOKS = {"docs/api.md": RUST_BOOK}

RUN = [name_of(page) for page in PAGES if any(is_run(one.text) for one in commands(page))]


@pytest.fixture(scope="module")
def services(
    postgres: Postmaster, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Path, Live]]:
    """One for each book, found by its words: embedding them would take longer than all the rest."""
    with database(postgres, template) as dsn, database(postgres, template) as other:
        handbook = with_book(ROOT / "docs", dsn, tmp_path_factory.mktemp("handbook"))
        rust = with_book(RUST_BOOK, other, tmp_path_factory.mktemp("rust-book"))
        with running(handbook) as one, running(rust) as two:
            yield {handbook.book: one, rust.book: two}


def with_book(book: Path, dsn: str, home: Path) -> Settings:
    command = [sys.executable, "-m", "agent.ingest", str(book), "--home", str(home)]
    command += ["--base-url", "https://doc.rust-lang.org/book/"]
    environment = {**os.environ, "EMBEDDING_MODEL": "none"}
    subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    return evolve(settings_for(dsn, home), book=book, embedding_model="none", resume_grace=10)


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="needs curl")
@pytest.mark.parametrize("page", RUN)
def test_the_commands_of_a_page_do_what_it_shows(
    page: str, services: dict[Path, Live], tmp_path: Path
) -> None:
    """In one shell, one after the other: exit code, status, and the shape of what is printed."""
    live = services[BOOKS.get(page, ROOT / "docs")]
    comparison = Comparison()
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    with Shell(tmp_path, environment | {"INTERNAL_API_KEY": SERVICE_KEY}) as shell:
        for command in commands(ROOT / page):
            if is_run(command.text) or is_variable(command):
                ran = shell.run(here(command.text, live, comparison.learned))
                check(command, ran, comparison)


def here(text: str, live: Live, learned: dict[str, str]) -> str:
    """The same, for this service and what it has called the things of the page."""
    for shown in sorted(learned, key=len, reverse=True):
        text = text.replace(shown, learned[shown])
    return OURS.sub(live.url.removeprefix("http://"), text)


def check(command: Command, ran: Ran, comparison: Comparison) -> None:
    told = f"{command.block.where}: {command.text}\n{ran.out}\n{ran.err}"
    assert ran.code == 0, told
    if "curl " not in command.text:
        return
    shown, out = command.shown, ran.out
    if shown.startswith("HTTP/"):
        shown, out = without_head(shown, out, told)
    assert str(ran.status).startswith(expected_status(shown)), told
    try:
        compare(shown, out, comparison)
    except AssertionError as difference:
        raise AssertionError(f"{told}\n{difference}") from None


def expected_status(shown: str) -> str:
    """That of the problem that is shown; else any success will do."""
    document = Shape(shown).value if shown.startswith("{") else {}
    status = document.get("status")
    return str(status) if isinstance(status, int) else "2"


def without_head(shown: str, out: str, told: str) -> tuple[str, str]:
    """Both bodies. Each header that is shown has come."""
    head, _, body = shown.partition("\n\n")
    came, _, rest = out.replace("\r\n", "\n").partition("\n\n")
    status, *headers = head.splitlines()
    assert came.splitlines()[0] == status, told
    names = {line.partition(":")[0].lower() for line in came.splitlines()[1:]}
    assert {line.partition(":")[0].lower() for line in headers} <= names, told
    return body, rest


def compare(shown: str, out: str, comparison: Comparison) -> None:
    if not shown:  # what nobody would want to show, be it only in the last frame
        assert '"status":"error"' not in out
        assert '"refused":true' not in out
        return
    if "data: " not in shown:
        comparison.compare(Shape(shown).value, json.loads(out))
        return
    frames = [Shape(text).value for text in data_of(shown) if text != "[DONE]"]
    came = [json.loads(text) for text in data_of(out) if text != "[DONE]"]
    assert ("[DONE]" in data_of(shown)) == ("[DONE]" in data_of(out)), out
    if "status" in came[0]:
        assert statuses(frames) == statuses(came), out
    comparison.compare(frames[0], came[0])
    comparison.compare(frames[-1], came[-1])
    for frame in frames[1:-1]:
        comparison.compare(frame, came[1])


def data_of(stream: str) -> list[str]:
    return re.findall(r"^data: (.*(?:\n(?!\n|data: |id: ).*)*)", stream, re.MULTILINE)


def statuses(frames: list[Any]) -> list[str]:
    told = [frame["status"] for frame in frames]
    return [one for i, one in enumerate(told) if i == 0 or told[i - 1] != one]


@pytest.mark.parametrize("block", blocks_in("python"), ids=where)
def test_a_python_example_runs_as_it_stands(block: Block, services: dict[Path, Live]) -> None:
    """Against the service, and it prints something."""
    live = services[BOOKS.get(name_of(block.page), ROOT / "docs")]
    command = [sys.executable, "-W", "error", "-c", here(block.text, live, {})]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, f"{block.where}\n{ran.stderr}"
    assert "[1]" in ran.stdout


NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="needs Node 20 or newer")
IN_A_PAGE = re.compile(r"\bdocument\b|^export ", re.MULTILINE)
SCRIPTS = blocks_in("js")
ALONE = [block for block in SCRIPTS if not IN_A_PAGE.search(block.text)]


@needs_node
@pytest.mark.parametrize("block", SCRIPTS, ids=where)
def test_a_javascript_example_is_javascript(block: Block, tmp_path: Path) -> None:
    """Also those that need a page around them."""
    (tmp_path / "example.mjs").write_text(block.text)
    ran = subprocess.run(
        [str(NODE), "--check", "example.mjs"], cwd=tmp_path, capture_output=True, check=False
    )

    assert ran.returncode == 0, f"{block.where}\n{ran.stderr.decode()}"


@needs_node
@pytest.mark.parametrize("block", ALONE, ids=where)
def test_a_javascript_example_runs_as_it_stands(
    block: Block, services: dict[Path, Live], tmp_path: Path
) -> None:
    """On a page of the service its addresses are relative; Node has to be told where."""
    live = services[BOOKS.get(name_of(block.page), ROOT / "docs")]
    text = block.text.replace('fetch("/', f'fetch("{live.url}/')
    (tmp_path / "example.mjs").write_text(text)
    ran = subprocess.run(
        [str(NODE), "example.mjs"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, f"{block.where}\n{ran.stderr}"
    assert "[1]" in ran.stdout


@pytest.mark.parametrize("block", blocks_in("sql"), ids=where)
def test_a_query_of_the_handbook_runs(block: Block, services: dict[Path, Live]) -> None:
    """On the tables as they are; those of insights.md, for whoever reads the log."""
    services[ROOT / "docs"].sql(block.text)
