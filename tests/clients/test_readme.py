"""What the pages about clients print is what works."""

from pathlib import Path

import pytest

from settings import ROOT
from tests.clients.workshop import CLIENTS, blocks, installed, run
from tests.live import Live

STORIES = {
    "ts": [
        "typescript-hey-api/story.ts",
        "typescript-fetch/story.ts",
        "typescript-fetch/events.ts",
    ],
    "python": ["python/story.py"],
    "java": ["java/Story.java"],
}
GENERATE = blocks("sh", (ROOT / "README.md").read_text().partition("## A client")[2])[0]


@pytest.mark.parametrize("language", STORIES)
def test_each_snippet_stands_in_a_story(language: str) -> None:
    """So that it has been compiled and run."""
    stories = [(CLIENTS / story).read_text() for story in STORIES[language]]

    assert blocks(language)
    for snippet in blocks(language):
        assert any(snippet in story for story in stories), snippet


def test_the_api_page_prints_the_same_commands() -> None:
    """With the same versions, so that both are tested at once."""
    page = (ROOT / "docs" / "api.md").read_text()

    assert [line for line in GENERATE.splitlines() if line not in page] == []


@pytest.mark.usefixtures("on_demand")
def test_the_commands_of_the_first_page_generate_clients(live: Live, tmp_path: Path) -> None:
    """Exactly as printed; the packages are there already, in the printed versions."""
    (tmp_path / "node_modules").symlink_to(installed("typescript-hey-api") / "node_modules")
    path = f"{installed('python')}/.venv/bin:/usr/local/bin:/usr/bin:/bin"
    script = GENERATE.replace("http://127.0.0.1:8000", live.url)
    run(script, tmp_path, PATH=path, npm_config_offline="true")

    assert "streamChat" in (tmp_path / "src" / "footnote" / "index.ts").read_text()
    assert (tmp_path / "footnote-client" / "footnote_client" / "client.py").is_file()
