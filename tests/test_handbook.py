"""docs/ is the handbook, and the book that a fresh service answers from."""

import json
import re
import subprocess
import sys
from pathlib import Path

from settings import ROOT

DOCS = ROOT / "docs"


def test_a_first_start_embeds_nothing(tmp_path: Path) -> None:
    """Its embeddings are shipped; after a change of docs/, `make handbook` makes them anew."""
    command = [sys.executable, "-m", "agent.ingest", str(DOCS), "--home", str(tmp_path), "--json"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    summary = json.loads(ended.stdout)

    assert summary["embedded"] == 0
    assert summary["warnings"] == []
    assert summary["pages"] == len(re.findall(r"\]\(", (DOCS / "SUMMARY.md").read_text()))


def test_every_link_between_pages_leads_somewhere() -> None:
    """Also those of README and CONTRIBUTING."""
    for page in [*DOCS.rglob("*.md"), *ROOT.glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), (page.name, target)


def test_every_page_is_in_the_table_of_contents() -> None:
    """But those for developers, which are no part of the handbook."""
    listed = set(re.findall(r"\]\(([^)]+)\)", (DOCS / "SUMMARY.md").read_text()))

    assert {page.name for page in DOCS.glob("*.md")} - listed == {"SUMMARY.md", "architecture.md"}
