"""Imports point one way, down this list, and each library has one home."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from settings import ROOT

LAYERS = [
    {"service", "serve", "connections"},
    {"local", "routes"},
    {"asking", "authentication", "state", "resources"},
    {"storage", "relay"},
    {"history", "chat_stream", "chatkit", "completion_stream"},
    {"answers", "interaction_log", "limits", "wire"},
    {"answer"},
    {"border", "contract", "cross_site", "headers", "sse", "migrate"},
    {"agent", "queries", "credentials", "spool"},
    {"database", "postmaster", "logs", "metrics", "tracing"},
    {"settings", "setting_values"},
    {"models"},
    {"problems", "identifiers", "clients", "readers", "plain_text", "breaker", "postgres_url"},
    {"records"},
]
# Where a module of a lower layer starts a process, it may read what a composition root may.
COMMANDS = {"agent/ingest/__main__.py", "agent/evaluate/__main__.py"}

HOMES = {
    "asyncpg": {"database"},
    "yaml": {"contract", "agent/book"},
    "jsonschema_rs": {"contract"},
    "cattrs": {"contract"},
    "qdrant_client": {"agent/index/remote"},
    "qdrant_edge": {"agent/index/edge"},
    "openai": {"agent/embedding/endpoint"},
    "aiohappyeyeballs": {"agent/providers/transport"},
    "truststore": {"agent/providers/transport"},
    "onnxruntime": {"agent/embedding/minilm"},
    "tokenizers": {"agent/embedding/minilm"},
    "mmh3": {"agent/terms"},
    "snowballstemmer": {"agent/terms"},
    "markdown_it": {"agent/book"},
    "markdownify": {"agent/book/formats"},
    "pypdf": {"agent/book/formats"},
    "tqdm": {"agent/ingest"},
    "prometheus_client": {"metrics"},
    "opentelemetry": {"tracing"},
    "dotenv": {"settings"},
    "vercel_runtime": {"asking"},
    "bcrypt": {"credentials/passwords"},
    "zxcvbn": {"credentials/passwords"},
    "jwt": {"credentials/jwts"},
    "uvicorn": {"serve", "connections"},
    "httptools": {"connections", "agent/providers/connection"},
}
FILES = [
    path
    for names in LAYERS
    for name in sorted(names)
    for path in [*ROOT.glob(f"{name}.py"), *sorted(ROOT.glob(f"{name}/**/*.py"))]
]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def layer(module: str) -> int | None:
    root = module.partition(".")[0]
    return next((at for at, names in enumerate(LAYERS) if root in names), None)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_point_down(path: Path) -> None:
    """A module imports from its own layer or below."""
    own = layer(name_of(path).split("/")[0].removesuffix(".py"))
    assert own is not None
    above = [m for m in imported(path) if (at := layer(m)) is not None and at < own]

    assert above == [] or name_of(path) in COMMANDS


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_library_stays_in_its_home(path: Path) -> None:
    """So that each can be replaced, and its import time is paid in one place."""
    used = {module.split(".")[0] for module in imported(path)} & HOMES.keys()
    astray = [lib for lib in used if not name_of(path).startswith(tuple(HOMES[lib]))]

    assert astray == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_only_settings_reads_the_environment(path: Path) -> None:
    """``os.environ`` elsewhere would be a setting that no page explains."""
    reads = "environ" in path.read_text() or "getenv" in path.read_text()

    assert reads == (name_of(path) == "settings.py")


def test_routes_do_not_import_each_other() -> None:
    """A tag can be taken out without the others noticing."""
    for path in (ROOT / "routes").glob("*.py"):
        assert not any(module.startswith("routes") for module in imported(path))


def test_every_module_at_the_root_has_a_layer() -> None:
    """``ls`` shows the architecture; this list explains it."""
    modules = {p.stem for p in ROOT.glob("*.py")} | {
        p.parent.name for p in ROOT.glob("*/__init__.py")
    }

    assert modules == set.union(*LAYERS)
