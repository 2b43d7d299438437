"""The folders of ``examples/clients``, and what their README prints."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from settings import ROOT

CLIENTS = ROOT / "examples" / "clients"
README = (CLIENTS / "README.md").read_text()
PATIENCE = 300.0  # seconds that a compiler may take on a busy machine


def blocks(language: str, text: str = README) -> list[str]:
    """The fenced code of *language*."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(folder: str) -> str:
    """What the README says to do in *folder*, after the line that installs: make has done so."""
    section = README.partition(f"In [{folder}]")[2]
    return blocks("sh", section)[0].partition("\n")[2]


def installed(folder: str) -> Path:
    """Where a client's story is; skips the test where its generator is not."""
    place = CLIENTS / folder
    if not any((place / packages).is_dir() for packages in ("node_modules", ".venv")):
        pytest.skip(f"make has not installed the packages of {folder}")
    return place


def run(script: str, place: Path, **variables: str) -> str:
    """All that the *script* says, which must end well."""
    ran = subprocess.run(
        ["bash", "-euc", script],
        cwd=place,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    return ran.stdout
